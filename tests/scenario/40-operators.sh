#!/bin/bash
# What operators do: status, dead, cancel, pause, resume, drain, ping, doctor,
# each against a real worker.
set -eu
. scripts/redis-private
. tests/worker.sh

cherry()
{
	"$CHERRY" "$@" --redis "$REDIS_URL"
}

# Ends with the status that is wanted; what it said is in out and err.
expect()
{
	local want=$1 got=0
	shift
	cherry "$@" >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null || got=$?
	[ "$got" = "$want" ] ||
		fail "cherry $* ended with $got, not $want: $(cat "$SCRATCH/out" "$SCRATCH/err")"
}

said()
{
	grep -qE -- "$1" "$SCRATCH/out" "$SCRATCH/err" ||
		fail "no $1 in: $(cat "$SCRATCH/out" "$SCRATCH/err")"
}

# The same, and workers are told at once, not by their next look.
expect_hint()
{
	local before
	before=$(hints)
	expect 0 "$@"
	[ "$(hints)" -gt "$before" ] || fail "cherry $* gives no hint"
}

hints()
{
	redis INFO commandstats | sed -n 's/^cmdstat_publish:calls=\([0-9]*\).*/\1/p' | grep . || echo 0
}

status=0
"$CHERRY" ping --redis "unix://$SCRATCH/nobody.sock" 2>/dev/null || status=$?
[ "$status" = 69 ] || fail "ping without Redis ended with $status"

redis_start
expect 1 ping
said 'no worker'

cat >"$SCRATCH/conf" <<END
[task:sleep]
command = sleep 60
timeout = 60
retries = 0
[task:false]
command = false
retries = 0
END
worker_start -c "$SCRATCH/conf" --concurrency 2
wait_for 10 '"$CHERRY" ping --redis "$REDIS_URL" >/dev/null 2>&1' 'a ping'
expect 0 ping
said 'tasks: 1 worker'

# One that gave its last sign a minute ago is none.
redis ZADD 'cherry:{stale}:workers' $((($(date +%s) - 60) * 1000)) host:1:stale >/dev/null
expect 1 ping -q stale
said 'no worker is alive'
redis DEL 'cherry:{stale}:workers' >/dev/null

# A worker that is told to be quiet is alive, and no use.
kill -USR1 "$worker"
wait_for 15 '! "$CHERRY" ping --redis "$REDIS_URL" 2>"$SCRATCH/err" >"$SCRATCH/out"' 'a ping that fails'
said 'none claims'
wait_for 15 'cherry status --json | grep -q "\"state\":\"quiet\""' 'a quiet worker in status'
kill -USR2 "$worker"
wait_for 15 '"$CHERRY" ping --redis "$REDIS_URL" >/dev/null 2>&1' 'a ping again'

# Pause: what is pushed waits; resume lets it go.
expect_hint pause tasks
said 'tasks is paused'
expect 1 ping
said paused
redis LPUSH tasks '{"task":"echo","reply_to":"r:1","sent_at":1}' >/dev/null
wait_for 10 'cherry status | grep -q "^[^ ]*:$worker:"' 'the worker in status'
expect 0 status --json
python3 - "$SCRATCH/out" <<'END'
import json, sys
state = json.load(open(sys.argv[1]))
assert state["version"] == 1, state
queue = state["queues"][0]
assert (queue["queue"], queue["state"], queue["waiting"]) == ("tasks", "paused", 1), queue
assert queue["oldest_s"] > 1e6, queue
assert state["workers"][0]["queues"] == "tasks", state
END
[ "$(redis EXISTS r:1)" = 0 ] || fail "a paused queue was answered"
expect_hint resume tasks
[ -n "$(redis BLPOP r:1 10)" ] || fail "no answer after resume"

# A failure that nobody is told of: list, show, retry, drop.
redis LPUSH tasks '{"task":"false","id":"lost"}' >/dev/null
wait_for 10 '[ "$(redis XLEN "cherry:{tasks}:dead")" = 1 ]' 'a dead task'
expect 0 dead list
entry=$(awk -F'\t' '$4 == "lost" && $5 == "failed" { print $1 }' "$SCRATCH/out")
[ -n "$entry" ] || fail "dead list: $(cat "$SCRATCH/out")"
expect 0 dead show "$entry"
said '^payload: \{"task":"false","id":"lost"\}$'
expect 0 dead show "$entry" --json
python3 -m json.tool "$SCRATCH/out" >/dev/null
expect 0 dead retry "$entry"
wait_for 10 '[ "$(redis XLEN "cherry:{tasks}:dead")" = 1 ] &&
	! redis XRANGE "cherry:{tasks}:dead" - + | grep -q -- "$entry"' 'the retried task to die again'
expect 64 dead drop --all
said -- --yes
expect 64 dead drop
expect 1 dead drop 0-1 --yes
said 'no such entry'
expect 0 dead drop --all --yes
said '1 of tasks were dropped'
[ "$(redis XLEN 'cherry:{tasks}:dead')" = 0 ] || fail "not dropped"
expect 64 dead lsit
said 'did you mean list'
for wrong in 'show' 'show nonsense' 'show 1-' 'retry 1-1-1' 'retry' 'retry --all 1-1' \
	'list more' 'list --all' 'list --count 0' 'list --count many'; do
	# shellcheck disable=SC2086
	expect 64 dead $wrong
done
expect 0 pause nobodys
said 'no worker serves nobodys'
expect 0 resume nobodys
redis DEL 'cherry:{nobodys}:paused' >/dev/null

# What runs is shown, and killed by cancel.
redis LPUSH tasks '{"task":"sleep","id":"long","reply_to":"r:2"}' >/dev/null
wait_for 15 'cherry status 2>/dev/null | grep -q "sleep.long"' 'the running task in status'
expect_hint cancel long
case $(redis BLPOP r:2 15) in
*'"code":"cancelled"'*) ;;
*) fail "the cancelled task was not answered so" ;;
esac

expect 0 cancel nobody --set cherry.queues=elsewhere
said 'nobody of tasks is cancelled'
expect 0 cancel nobody -q elsewhere
! grep -q 'of tasks' "$SCRATCH/out" || fail "cancelled in another queue: $(cat "$SCRATCH/out")"

# Drain waits for what runs.
redis LPUSH tasks '{"task":"sleep","id":"longer","timeout":2,"reply_to":"r:3"}' >/dev/null
wait_for 10 'cherry status | grep -q "tasks.open.0.-.1"' 'the task at work'
expect 1 drain --wait 0.2
said 'still run'
expect 0 drain --wait 20
said 'nothing of it runs'
[ "$(redis LLEN r:3)" = 1 ] || fail "drain did not wait for the reply"
expect 0 resume tasks

# A key that is no list hides nothing else.
redis SET broken text >/dev/null
expect 0 status -q broken -q tasks
said 'broken.no list.-.-'
said 'tasks.open.0'
expect 0 status -q broken --json
said '"state":"no list","waiting":null'

# doctor finds what loses tasks.
expect 0 doctor
said 'append-only file.warning.off'
redis CONFIG SET maxmemory 100mb >/dev/null
redis CONFIG SET maxmemory-policy allkeys-lru >/dev/null
expect 1 doctor
said 'eviction.bad.allkeys-lru'
expect 1 doctor --json
python3 -m json.tool "$SCRATCH/out" >/dev/null

# A terminal gets columns, a pipe gets tabs; a terminal is asked.
if command -v script >/dev/null; then
	script -qec "$CHERRY status --redis $REDIS_URL" /dev/null >"$SCRATCH/out" </dev/null
	said '^tasks  +open  '
	redis LPUSH tasks '{"task":"false"}' >/dev/null
	wait_for 10 '[ "$(redis XLEN "cherry:{tasks}:dead")" = 1 ]' 'a dead task'
	printf 'n\n' | script -qec "$CHERRY dead drop --all --redis $REDIS_URL" /dev/null \
		>"$SCRATCH/out" || :
	said 'nothing was done'
	[ "$(redis XLEN 'cherry:{tasks}:dead')" = 1 ] || fail "dropped after a no"
fi

# top: live on a terminal until q; in a pipe once.
expect 0 top --json
python3 -m json.tool "$SCRATCH/out" >/dev/null
if command -v script >/dev/null; then
	(
		wait_for 15 'grep -qs "q quits" "$SCRATCH/top"' 'the first picture of top'
		printf q
	) | script -qefc "$CHERRY top --redis $REDIS_URL" "$SCRATCH/top" >/dev/null ||
		fail "top ended with $?: $(cat "$SCRATCH/top")"
	grep -q 'in/s' "$SCRATCH/top" || fail "top shows no rates: $(cat "$SCRATCH/top")"
fi
