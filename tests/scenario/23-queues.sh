#!/bin/bash
# Several queues in strict order, both sides, both deliveries.
set -eu
. scripts/redis-private
. tests/worker.sh
redis_start

# Strict order among what is waiting, first in first out in each.
for i in 1 2 3; do
	push "{\"task\":\"echo\",\"id\":\"low$i\",\"reply_to\":\"r:order\"}" low
done
for i in 1 2 3; do
	push "{\"task\":\"echo\",\"id\":\"high$i\",\"reply_to\":\"r:order\"}" high
done
worker_start --concurrency 1 -q high -q low
wait_for 10 '[ "$(redis LLEN r:order)" = 6 ]' "six replies"
order=$(redis LRANGE r:order 0 -1 | grep -o '"id":"[a-z0-9]*"' | cut -d'"' -f4 | tr '\n' ' ')
[ "$order" = "high1 high2 high3 low1 low2 low3 " ] || fail "the order was $order"

# An idle worker takes at once what comes, whatever its queue.
for q in low high low; do
	push '{"task":"echo","reply_to":"r:any"}' $q
	expect_reply r:any '*"status":"ok"*'
done
worker_stop

# pop = left serves producers that RPUSH first in, first out.
for i in 1 2 3; do
	redis RPUSH left "{\"task\":\"echo\",\"id\":$i,\"reply_to\":\"r:left\"}" >/dev/null
done
worker_start --concurrency 1 -q left --set queue:left.pop=left
wait_for 10 '[ "$(redis LLEN r:left)" = 3 ]' "three replies"
order=$(redis LRANGE r:left 0 -1 | grep -o '"id":[0-9]*' | tr '\n' ' ')
[ "$order" = '"id":1 "id":2 "id":3 ' ] || fail "the order was $order"
worker_stop

# At most once.
worker_start -q fast --set queue:fast.delivery=at-most-once
for i in 1 2 3 4 5; do
	push "{\"task\":\"echo\",\"id\":$i,\"reply_to\":\"r:fast\"}" fast
done
wait_for 10 '[ "$(redis LLEN r:fast)" = 5 ]' "five replies"
worker_stop
