#!/bin/bash
# One command on a fresh machine: a worker with a Redis of its own, which keeps
# its tasks from one start to the next, and ends with it.
set -eu
. scripts/redis-private
. tests/worker.sh
command -v redis-server >/dev/null || skip "no redis-server"
start()
{
	"$CHERRY" work --with-redis="$SCRATCH/state" >"$SCRATCH/how" 2>>"$SCRATCH/worker.log" &
	worker=$!
	on_exit "kill $worker; wait $worker"
	wait_for 20 'grep -q REDIS_URL "$SCRATCH/how"' "how to reach it"
	REDIS_SOCKET=$(sed -n 's|^export REDIS_URL=unix://||p' "$SCRATCH/how")
}
start
push '{"task":"echo","reply_to":"r:1"}'
expect_reply r:1 '*"status":"ok"*'
[ "$(stat -c %a "$SCRATCH/state")" = 700 ] || fail "the directory is open"
redis CONFIG GET maxmemory-policy | grep -q noeviction || fail "eviction"
status=0
"$CHERRY" work --with-redis="$SCRATCH/state" >/dev/null 2>"$SCRATCH/err" || status=$?
[ "$status" = 69 ] && grep -q another "$SCRATCH/err" || fail "a second one started: $status"
# Its Redis is killed: started again, and nothing is lost.
redis SET kept yes >/dev/null
server=$(redis INFO server | tr -d '\r' | sed -n 's/^process_id://p')
wait_for 5 'redis WAITAOF 1 0 0 >/dev/null 2>&1 || sleep 1.2' "the file"
kill -KILL "$server"
wait_for 20 '[ "$(redis GET kept 2>/dev/null)" = yes ]' "the Redis that came back"
push '{"task":"echo","reply_to":"r:2"}'
expect_reply r:2 '*"status":"ok"*'
server=$(redis INFO server | tr -d '\r' | sed -n 's/^process_id://p')
worker_stop
! kill -0 "$server" 2>/dev/null || fail "the Redis was left behind"
start
[ "$(redis GET kept)" = yes ] || fail "the Redis has forgotten"
worker_stop
