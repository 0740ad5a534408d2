#!/bin/bash
# The supervisord program as it is shipped: it starts, answers, and comes back
# when it is killed.
set -eu
. scripts/redis-private
. tests/worker.sh
command -v supervisord >/dev/null || skip "no supervisord"
redis_start
make -s install BUILD="${BUILD:-build}" PREFIX="$SCRATCH/usr" DESTDIR= >/dev/null
[ -x "$SCRATCH/usr/bin/cherry" ] || fail "nothing was installed"
printf '[cherry]\nqueues = tasks\n[redis]\nurl = %s\n' "$REDIS_URL" >"$SCRATCH/cherry.conf"
{
	printf '[supervisord]\nnodaemon=true\nlogfile=%s\npidfile=%s\n' \
		"$SCRATCH/supervisord.log" "$SCRATCH/supervisord.pid"
	printf '[unix_http_server]\nfile=%s\n' "$SCRATCH/supervisor.sock"
	printf '[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n'
	sed -e "s|/etc/cherry/cherry.conf|$SCRATCH/cherry.conf|" \
		-e "s|/var/log/cherry.log|$SCRATCH/cherry.log|" \
		"$SCRATCH/usr/share/cherry/supervisor.conf"
} >"$SCRATCH/supervisord.conf"
supervisord -c "$SCRATCH/supervisord.conf" >"$SCRATCH/supervisord.out" 2>&1 &
supervisor=$!
on_exit "kill $supervisor; wait $supervisor"
worker=unknown
cp /dev/null "$SCRATCH/worker.log"
push '{"task":"echo","args":{"n":1},"reply_to":"r:1"}'
expect_reply r:1 '*"status":"ok"*'
first=$(pgrep -P "$supervisor" | head -n 1)
kill -KILL "$first"
push '{"task":"echo","args":{"n":2},"reply_to":"r:2"}'
expect_reply r:2 '*"status":"ok"*'
second=$(pgrep -P "$supervisor" | head -n 1)
[ "$first" != "$second" ] || fail "the killed worker answered"
kill -TERM "$supervisor"
wait "$supervisor" || :
! kill -0 "$second" 2>/dev/null || fail "the worker outlived its supervisor"
