#!/bin/bash
# HUP: a configuration that is right takes over while tasks run, a wrong one
# changes nothing, and another set of queues is served once the old is drained.
set -eu
. scripts/redis-private
. tests/worker.sh
redis_start

conf=$SCRATCH/cherry.conf
cat >"$SCRATCH/slow" <<'END'
#!/bin/sh
read -r line
while [ ! -e "$1" ]; do sleep 0.05; done
echo done
END
chmod +x "$SCRATCH/slow"

write_conf() # QUEUES TIMEOUT WORD
{
	cat >"$conf" <<END
[cherry]
queues = $1
[task:echo]
timeout = 5
max_timeout = $2
[task:say]
command = /bin/echo $3
[task:slow]
command = $SCRATCH/slow $SCRATCH/go
END
}

reload()
{
	local before
	before=$(grep -c "event=reload" "$SCRATCH/worker.log" || :)
	kill -HUP "$worker"
	wait_for 10 '[ "$(grep -c "event=reload" "$SCRATCH/worker.log")" -gt '"$before"' ]' \
		"a word about the reload"
}

write_conf tasks 10 one
worker_start -c "$conf"
push '{"task":"say","reply_to":"r:say"}'
expect_reply r:say '*"output":"one\\n"*'
push '{"task":"echo","timeout":60,"reply_to":"r:t"}'
expect_reply r:t '*"code":"bad_task"*"field":"timeout"*'

# Programs, ceilings: at once, and what runs goes on as it began.
push '{"task":"slow","reply_to":"r:slow"}'
wait_for 10 'pgrep -f "$SCRATCH/slo[w]" >/dev/null' "the slow program"
first_executors=$(executor_pids)
write_conf tasks 100 two
reload
push '{"task":"say","reply_to":"r:say"}'
expect_reply r:say '*"output":"two\\n"*'
push '{"task":"echo","timeout":60,"reply_to":"r:t"}'
expect_reply r:t '*"status":"ok"*'
touch "$SCRATCH/go"
expect_reply r:slow '*"status":"ok"*"output":"done\\n"*'
for pid in $first_executors; do
	wait_for 10 "! kill -0 $pid 2>/dev/null" "the former executor $pid ends"
done

# A wrong one keeps what is.
echo 'nonsense = 1' >>"$conf"
reload
push '{"task":"say","reply_to":"r:say"}'
expect_reply r:say '*"output":"two\\n"*'

# Other queues: what runs finishes first; nothing is lost on either side.
rm "$SCRATCH/go"
push '{"task":"slow","reply_to":"r:slow"}'
wait_for 10 'pgrep -f "$SCRATCH/slo[w]" >/dev/null' "the slow program"
write_conf "tasks other" 100 three
reload
push '{"task":"say","reply_to":"r:other"}' other
push '{"task":"say","reply_to":"r:tasks"}'
touch "$SCRATCH/go"
expect_reply r:slow '*"status":"ok"*'
expect_reply r:other '*"output":"three\\n"*'
expect_reply r:tasks '*"output":"three\\n"*'
[ "$(redis HGET 'cherry:{tasks}:stats' ok)" = 7 ] ||
	fail "tasks has $(redis HGET 'cherry:{tasks}:stats' ok) answered"

worker_stop
