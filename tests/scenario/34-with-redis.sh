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
# Killed in the middle of a write, then once more: Redis alone would keep the
# beginning of the transaction, and take what follows for a part of it.
server_pid() { redis INFO server | tr -d '\r' | sed -n 's/^process_id://p'; }
redis RPUSH answers a b c >/dev/null
server=$(server_pid)
kill -STOP "$worker"
kill -KILL "$server"
wait_for 5 '! grep -q "State:.[^Z]" "/proc/$server/status"' "its end"
for file in "$SCRATCH"/state/appendonlydir/*.incr.aof; do :; done
printf '*1\r\n$5\r\nMULTI\r\n*3\r\n$5\r\nRPUSH\r\n$7\r\nanswers\r\n$1\r\nx\r\n*2\r\n$4\r\nLP' >>"$file"
kill -CONT "$worker"
wait_for 20 '[ "$(redis LRANGE answers 0 -1 2>/dev/null | tr -d "\n")" = abc ]' "the list"
wait_for 10 'grep -q own_redis_file_cut "$SCRATCH/worker.log"' "the cut"
redis EVAL 'redis.call("RPUSH", KEYS[1], "d") return redis.call("RPUSH", KEYS[1], "e")' 1 answers >/dev/null
wait_for 5 '! redis INFO persistence | grep -q "aof_pending_bio_fsync:[1-9]"' "the file"
kill -KILL "$(server_pid)"
wait_for 20 '[ "$(redis EXISTS answers 2>/dev/null)" = 1 ]' "the list"
found=$(redis LRANGE answers 0 -1 | tr -d '\n')
[ "$found" = abcde ] || fail "after two kills the list is $found"
server=$(server_pid)
worker_stop
! kill -0 "$server" 2>/dev/null || fail "the Redis was left behind"
start
[ "$(redis GET kept)" = yes ] || fail "the Redis has forgotten"
worker_stop
