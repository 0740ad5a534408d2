#!/bin/bash
# Sentinel with real processes: a master, two replicas, three sentinels. The
# master is replaced by hand and by its death, while a producer pushes with WAIT.
# Within two seconds of the announcement the worker serves the new master; what
# both replicas had is answered exactly once; a former master is never written
# to again. SOAK=1 does it over and over.
set -eu
. scripts/redis-private
. tests/worker.sh
command -v python3 >/dev/null || skip "no python3"
command -v redis-server >/dev/null || skip "no redis-server"
rounds=1
[ -z "${SOAK:-}" ] || rounds=${ROUNDS:-40}

# Sentinel knows no Unix sockets.
read -r -a ports < <(free_ports 6)
data=("${ports[@]:0:3}")
sentinels=("${ports[@]:3:3}")
password=sesame # of the sentinels
declare -A pids

# start_data PORT [OPTION...]: with the data that it had.
start_data()
{
	local port=$1
	shift
	mkdir -p "$SCRATCH/$port"
	redis-server --bind 127.0.0.1 --port "$port" --dir "$SCRATCH/$port" \
		--save "" --appendonly yes --repl-diskless-sync-delay 0 \
		--repl-ping-replica-period 1 "$@" \
		>>"$SCRATCH/$port.out" 2>&1 </dev/null &
	pids[$port]=$!
	on_exit "kill -KILL ${pids[$port]}"
	wait_for 10 "[ \"\$(redis-cli -p $port ping 2>&1)\" = PONG ]" "redis at $port"
}

start_sentinel()
{
	local port=$1 file=$SCRATCH/sentinel.$1.conf
	[ -e "$file" ] || cat >"$file" <<END
port $port
bind 127.0.0.1
dir $SCRATCH
requirepass $password
sentinel sentinel-pass $password
sentinel monitor cherries 127.0.0.1 ${data[0]} 2
sentinel down-after-milliseconds cherries 1000
sentinel failover-timeout cherries 3000
sentinel parallel-syncs cherries 2
END
	redis-server "$file" --sentinel >>"$SCRATCH/sentinel.$port.out" 2>&1 </dev/null &
	pids[$port]=$!
	on_exit "kill -KILL ${pids[$port]}"
	wait_for 10 "[ \"\$(redis-cli --no-auth-warning -a $password -p $port ping 2>&1)\" = PONG ]" \
		"the sentinel at $port"
}

# The last sentinel of the list outlives everything.
ask_sentinel()
{
	redis-cli --no-auth-warning -a "$password" -p "${sentinels[2]}" "$@"
}

master_port()
{
	ask_sentinel sentinel get-master-addr-by-name cherries | sed -n 2p
}

# All is well: the sentinels know each other and both replicas are in step.
settled()
{
	ask_sentinel info sentinel | grep -q 'status=ok.*slaves=2,sentinels=3' &&
		[ "$(redis-cli -p "$(master_port)" info replication |
			grep -c 'state=online')" = 2 ]
}

# What a worker of ours sends and replication does not.
cherry_calls()
{
	redis-cli -p "$1" info commandstats |
		sed -n 's/^cmdstat_\(eval\|evalsha\|blmove\):calls=\([0-9]*\).*/\2/p' |
		awk '{ sum += $1 } END { print sum + 0 }'
}

probe_count()
{
	[ ! -e "$SCRATCH/probes" ] || wc -l <"$SCRATCH/probes"
}

# expect_change NUMBER WHAT: announced, and served within two seconds.
expect_change()
{
	local took port
	wait_for 30 "[ \"\$(probe_count)\" = $1 ]" "an answer after $2"
	read -r took port < <(tail -n 1 "$SCRATCH/probes")
	echo "$2: claiming again $took ms after the announcement"
	[ "$took" -le 2000 ] || fail "$2: served after $took ms"
}

acknowledged()
{
	cat "$SCRATCH/acknowledged" 2>/dev/null || echo 0
}

# More tasks are pushed, and both replicas have them.
expect_progress()
{
	local before
	before=$(acknowledged)
	wait_for 20 "[ \"\$(acknowledged)\" -gt $((before + 200)) ]" "tasks that both replicas have"
}

start_data "${data[0]}"
start_data "${data[1]}" --replicaof 127.0.0.1 "${data[0]}"
start_data "${data[2]}" --replicaof 127.0.0.1 "${data[0]}"
for port in "${sentinels[@]}"; do
	start_sentinel "$port"
done
wait_for 20 settled "a settled set of servers"

# The first sentinel of the list is dead, the second says nothing, the third names
# a replica; the fourth is right. Two more are not named, but learnt.
python3 tests/tools/odd_sentinels.py "$SCRATCH/odd" "$password" "${data[1]}" &
on_exit "kill -KILL $!"
wait_for 10 'test -e "$SCRATCH/odd"' "sentinels of no use"
read -r mute stale <"$SCRATCH/odd"
REDIS_URL=redis-sentinel://127.0.0.1:1,127.0.0.1:$mute,127.0.0.1:$stale,localhost:${sentinels[1]}/cherries/0
(umask 077 && echo "$password" >"$SCRATCH/password")
known="--set redis.sentinel_password_file=$SCRATCH/password"
worker_start $known --concurrency 1
redis-cli -p "${data[0]}" LPUSH tasks '{"task":"echo","reply_to":"r:0"}' >/dev/null
wait_for 5 "[ \"\$(redis-cli -p ${data[0]} LLEN r:0)\" = 1 ]" "the first reply"
grep -q 'is a replica' "$SCRATCH/worker.log" ||
	fail "the replica that a sentinel names was not looked at"
[ "$(cherry_calls "${data[1]}")" = 0 ] || fail "a replica was written to"
[ "$("$CHERRY" push --redis "$REDIS_URL" $known --wait=5 echo '{"a":1}')" ] ||
	fail "push by way of the sentinels"
said=$("$CHERRY" push --redis "redis-sentinel://127.0.0.1:${sentinels[1]}/cherries" echo 2>&1) &&
	fail "a sentinel answered without its password"
case $said in *NOAUTH*) ;; *) fail "without the password: $said" ;; esac

python3 tests/tools/sentinel_ledger.py "$SCRATCH" "$password" cherries "${sentinels[@]}" \
	>"$SCRATCH/ledger" 2>"$SCRATCH/ledger.err" &
ledger=$!
on_exit "kill -KILL $ledger"

changes=0
for ((round = 1; round <= rounds; round++)); do
	# By hand: the former master lives, and calls itself one for ten seconds.
	# The sentinel that answered last is stopped, and the others announce it.
	wait_for 60 settled "a settled set of servers"
	expect_progress
	old=$(master_port)
	kill -STOP "${pids[${sentinels[1]}]}"
	ask_sentinel sentinel failover cherries >/dev/null
	expect_change $((++changes)) "a change by hand"
	kill -CONT "${pids[${sentinels[1]}]}"
	before=$(cherry_calls "$old")
	wait_for 40 "redis-cli -p $old role | grep -q slave" "the former master's end"
	[ "$(cherry_calls "$old")" = "$before" ] ||
		fail "the former master was written to"

	# By death, and the sentinel that is listened to dies as well.
	wait_for 40 settled "a settled set of servers"
	expect_progress
	old=$(master_port)
	kill -KILL "${pids[${sentinels[1]}]}" "${pids[$old]}"
	expect_change $((++changes)) "a change by death"
	# It comes back as the master that it was, and is made a replica later.
	start_data "$old"
	wait_for 40 "redis-cli -p $old role | grep -q slave" "the dead master's return"
	start_sentinel "${sentinels[1]}"
	wait_for 40 settled "a settled set of servers"
	expect_progress
	[ "$(cherry_calls "$old")" = 0 ] || fail "the dead master was written to"
done

touch "$SCRATCH/stop"
status=0
wait "$ledger" || status=$?
cat "$SCRATCH/ledger"
[ "$status" = 0 ] || fail "the ledger: $(cat "$SCRATCH/ledger" "$SCRATCH/ledger.err")"
grep -q 'Sentinel named another master' "$SCRATCH/worker.log" ||
	fail "the change was not heard from Sentinel"
worker_stop
