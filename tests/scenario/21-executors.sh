#!/bin/bash
# Tasks run in executors and nowhere else: stopped executors answer nothing, a
# killed one costs its own task only, and a deadline is kept.
set -eu
. scripts/redis-private
. tests/worker.sh
redis_start
worker_start --concurrency 2
push '{"task":"echo","reply_to":"r:1"}'
expect_reply r:1 '*"status":"ok"*'

# With every executor stopped even echo is not answered.
executor_pids >"$SCRATCH/pids"
[ -s "$SCRATCH/pids" ] || fail "the worker has no executors"
kill -STOP $(cat "$SCRATCH/pids")
push '{"task":"echo","id":"held","reply_to":"r:2"}'
wait_for 10 '[ "$(redis LLEN tasks)" = 0 ]' "the claim"
[ -z "$(redis BLPOP r:2 1)" ] || fail "something else than an executor answered"
kill -CONT $(cat "$SCRATCH/pids")
expect_reply r:2 '*"id":"held"*"status":"ok"*'

# A stopped executor runs into the deadline, is killed and replaced.
kill -STOP $(executor_pids)
push '{"task":"echo","timeout":0.5,"retries":0,"reply_to":"r:3"}'
expect_reply r:3 '*"status":"error"*"code":"timeout"*'
kill -CONT $(executor_pids)
# (the other one is let go on: it might be asked next)
kill -CONT $(executor_pids)
push '{"task":"echo","reply_to":"r:4"}'
expect_reply r:4 '*"status":"ok"*'

# A thousand tasks while executors are shot: each is answered once.
for i in $(seq 1000); do
	echo "LPUSH tasks '{\"task\":\"echo\",\"id\":$i,\"reply_to\":\"r:many\"}'"
done >"$SCRATCH/push"
redis <"$SCRATCH/push" >/dev/null
for i in 1 2 3 4 5; do
	victim=$(executor_pids | head -n 1)
	[ -z "$victim" ] || kill -KILL "$victim" 2>/dev/null || :
done
wait_for 60 '[ "$(redis LLEN r:many)" = 1000 ]' "a thousand replies"
redis LRANGE r:many 0 -1 | grep -o '"id":[0-9]*' | sort | uniq -d >"$SCRATCH/twice"
[ ! -s "$SCRATCH/twice" ] || fail "answered twice: $(cat "$SCRATCH/twice")"
worker_stop
