#!/bin/bash
# A worker waits for a Redis that is not there yet, and outlives one that is
# killed and comes back.
set -eu
. scripts/redis-private
. tests/worker.sh
mkdir -p "$SCRATCH/redis"
worker_start
wait_for 10 'grep -q . "$SCRATCH/worker.log"' "a line about the missing Redis"
kill -0 "$worker" || fail "the worker gave up"
redis_start --appendonly yes --appendfsync always
push '{"task":"echo","reply_to":"r:1"}'
expect_reply r:1 '*"status":"ok"*'
for round in 1 2 3; do
	redis_stop
	redis_start --appendonly yes --appendfsync always
	push "{\"task\":\"echo\",\"id\":$round,\"reply_to\":\"r:again\"}"
	expect_reply r:again "*\"id\":$round*\"status\":\"ok\"*"
done
# Scripts that the server has forgotten are loaded again.
redis SCRIPT FLUSH >/dev/null
push '{"task":"echo","reply_to":"r:flush"}'
expect_reply r:flush '*"status":"ok"*'
# Connections that are cut come back.
redis CLIENT KILL TYPE normal SKIPME yes >/dev/null
push '{"task":"echo","reply_to":"r:kill"}'
expect_reply r:kill '*"status":"ok"*'
worker_stop
