#!/bin/bash
# TERM finishes what runs; what cannot finish within drain_timeout goes back to
# the consuming end of its queue, uncounted; a second TERM ends at once.
set -eu
. scripts/redis-private
. tests/worker.sh
redis_start
stuck()
{
	worker_start --concurrency 1 "$@"
	push '{"task":"echo","reply_to":"r:up"}'
	expect_reply r:up '*"status":"ok"*'
	kill -STOP $(executor_pids)
	push '{"task":"echo","id":"stuck","reply_to":"r:stuck"}'
	wait_for 10 '[ "$(redis LLEN tasks)" = 0 ]' "the claim"
}
stuck --set cherry.drain_timeout=1
worker_stop
[ "$(redis LLEN tasks)" = 1 ] || fail "the task did not go back"
[ "$(redis LINDEX tasks 0)" = '{"task":"echo","id":"stuck","reply_to":"r:stuck"}' ] ||
	fail "it went back changed"
redis DEL tasks >/dev/null

stuck --set cherry.drain_timeout=60
kill -TERM "$worker"
wait_for 10 'grep -qi drain "$SCRATCH/worker.log"' "the drain"
worker_stop
[ "$(redis LLEN tasks)" = 1 ] || fail "the task did not go back"
worker_start
expect_reply r:stuck '*"status":"ok"*"attempt":1*'
worker_stop
