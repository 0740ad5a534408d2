#!/bin/bash
# Who may log in. A password that is wrong, missing or not enough ends the
# worker at once, with status 69 and one sentence that says what is wrong and
# tells no secret. What is taken away from a worker that runs ends nothing: it
# says so, tries on, and goes on where it was once its rights are back.
set -eu
. scripts/redis-private
. tests/worker.sh
export REDISCLI_AUTH=admin
redis_start --requirepass admin
rights='on >right resetchannels &cherry:wake -@all ~cherry:* ~tasks ~r:* +eval
	+evalsha +ping +role +info +client|setname +client|id +client|kill
	+client|unblock +subscribe +time +type +exists +del +expire +ttl +get +getrange +set
	+strlen +llen +lpush +rpush +lpop +rpop +lmove +blmove +hset +hget +hdel
	+hlen +hexists +hkeys +hincrby +zadd +zrem +zscore +zrange +zrangebyscore
	+zrevrange +zremrangebyscore +xadd'
# shellcheck disable=SC2086
redis ACL SETUSER worker $rights +select >/dev/null
# shellcheck disable=SC2086
redis ACL SETUSER bound $rights >/dev/null
redis ACL SETUSER weak on '>right' ~cherry:* -@all +ping >/dev/null

# A user goes by TCP only, through a proxy that listens on a port of its own.
coproc PROXY { exec "${BUILD:-build}/tests/fault_proxy" tcp "$REDIS_SOCKET"; }
proxy_pid=$PROXY_PID
on_exit "kill $proxy_pid"
read -r word port <&"${PROXY[0]}"
[ "$word" = ready ] || fail "the proxy says $word"
server=127.0.0.1:$port

# refused NAME PATTERN OPTION...: ends with 69 within its time, and says why.
refused()
{
	local name=$1 pattern=$2 status=0 said
	shift 2
	timeout 20 "$CHERRY" work "$@" 2>"$SCRATCH/$name" || status=$?
	[ "$status" = 69 ] || fail "$name: status $status: $(cat "$SCRATCH/$name")"
	said=$(grep -c 'level=error' "$SCRATCH/$name") || :
	[ "$said" = 1 ] || fail "$name: $said errors are logged: $(cat "$SCRATCH/$name")"
	said=$(grep 'event=redis_unusable' "$SCRATCH/$name")
	case $said in
	$pattern) ;;
	*) fail "$name: $said" ;;
	esac
	! grep -q 'secret' "$SCRATCH/$name" || fail "$name: the password is told: $said"
}

printf 'a-secret\n' >"$SCRATCH/password"
chmod 600 "$SCRATCH/password"
refused no-password '*it wants a password*NOAUTH*' --redis "$REDIS_URL"
refused no-password-tcp "*redis://$server: it wants a password*NOAUTH*" --redis "redis://$server"
refused wrong-password '*user or the password is wrong*WRONGPASS*' --redis "redis://:a-secret@$server"
refused wrong-file '*user or the password is wrong*WRONGPASS*' --redis "$REDIS_URL" \
	--set redis.password_file="$SCRATCH/password"
refused wrong-of-user '*user or the password is wrong*WRONGPASS*' --redis "redis://worker:a-secret@$server/3"
refused no-such-user '*user or the password is wrong*WRONGPASS*' --redis "redis://nobody:a-secret@$server"
refused no-rights '*lacks a right*' --redis "redis://weak:right@$server"
refused no-select "*lacks a right*select*" --redis "redis://bound:right@$server/3"
refused no-database "*$server/77*no database of that number*" --redis "redis://worker:right@$server/77"

# The right one, with a user and a database of its own.
printf 'right\n' >"$SCRATCH/password"
worker_start --redis "redis://worker@$server/3" --set redis.password_file="$SCRATCH/password"
push_there() { redis -n 3 LPUSH tasks "{\"task\":\"echo\",\"id\":\"$1\",\"reply_to\":\"r:$1\"}" >/dev/null; }
answered() { [ "$(redis -n 3 LLEN "r:$1")" = 1 ]; }
log_has() { grep -q "$1" "$SCRATCH/worker.log"; }
push_there first
wait_for 10 'answered first' 'an answer'

# The password changes: connections that there are stay, and so does the work.
redis ACL SETUSER worker resetpass '>other' >/dev/null
push_there stays
wait_for 5 'answered stays' 'an answer on the old connections'
# New ones are refused: the worker says so, and lives.
redis CLIENT KILL USER worker >/dev/null
wait_for 5 'log_has "redis_down.*password is wrong.*WRONGPASS"' 'the refusal in the log'
push_there waits
sleep 1
kill -0 "$worker" || fail "the worker ended: $(tail -n 3 "$SCRATCH/worker.log")"
! answered waits || fail "answered without a password"
[ "$(grep -c redis_down "$SCRATCH/worker.log")" -le 2 ] || fail "it repeats itself in the log"
redis ACL SETUSER worker '>right' >/dev/null
wait_for 5 'answered waits' 'an answer once the password is right again'

# A right is taken away and given back.
redis ACL SETUSER worker -evalsha -eval >/dev/null
push_there without
wait_for 10 'log_has "redis_refuses.*lacks a right"' 'the missing right in the log'
kill -0 "$worker" || fail "the worker ended: $(tail -n 3 "$SCRATCH/worker.log")"
redis ACL SETUSER worker +evalsha +eval >/dev/null
wait_for 5 'answered without' 'an answer once the right is back'

# The user is removed, which cuts its connections, and made again.
redis ACL DELUSER worker >/dev/null
push_there removed
sleep 1
kill -0 "$worker" || fail "the worker ended: $(tail -n 3 "$SCRATCH/worker.log")"
# shellcheck disable=SC2086
redis ACL SETUSER worker $rights +select >/dev/null
wait_for 5 'answered removed' 'an answer once the user is back'
[ -z "$(redis -n 3 KEYS 'cherry:{tasks}:owned:*')" ] || fail "something is owned still"
! grep -qE 'right[^ s]|a-secret|other' "$SCRATCH/worker.log" ||
	fail "a password is in the log"
worker_stop
