#!/bin/bash
# A worker that is killed loses nothing: what it owned runs elsewhere within 15
# seconds, and each task is answered once.
set -eu
. scripts/redis-private
. tests/worker.sh
redis_start
worker_start --concurrency 1
push '{"task":"echo","reply_to":"r:1"}'
expect_reply r:1 '*"status":"ok"*'
kill -STOP $(executor_pids)
for i in 1 2 3; do
	push "{\"task\":\"echo\",\"id\":$i,\"reply_to\":\"r:lost\"}"
done
wait_for 10 '[ "$(redis LLEN tasks)" -lt 3 ]' "a claim"
kill -KILL "$worker"
start=$EPOCHSECONDS
worker_start --concurrency 1
wait_for 25 '[ "$(redis LLEN r:lost)" = 3 ]' "three replies"
[ $((EPOCHSECONDS - start)) -le 16 ] ||
	fail "recovery took $((EPOCHSECONDS - start)) s"
[ "$(redis LRANGE r:lost 0 -1 | grep -o '"id":[0-9]*' | sort -u | wc -l)" = 3 ] ||
	fail "not each task was answered: $(redis LRANGE r:lost 0 -1)"
[ "$(redis HGET "cherry:{tasks}:stats" recovered)" -ge 1 ] ||
	fail "nothing was counted as recovered"
worker_stop
