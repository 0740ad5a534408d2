#!/bin/bash
# Memory and descriptors do not grow with the number of tasks: between the first
# twenty thousand and sixty thousand (SOAK=1: 2*10^5) the master grows by
# less than 1 MiB and has as many descriptors as before; so have its executors.
# Among the tasks: some that fail, are tried again, time out, crash, are
# malformed, wait, hold a lock, read and write keys; executors are killed.
set -eu
. scripts/redis-private
. tests/worker.sh
command -v python3 >/dev/null || skip "no python3"
[ -r /proc/self/status ] || skip "no /proc"
redis_start
first=20000 last=60000 step=5000
[ -z "${SOAK:-}" ] || last=200000

cat >"$SCRATCH/cherry.conf" <<'END'
[task:echo]
backoff = 20ms..40ms
[task:fail]
command = /bin/false
[task:again]
command = /bin/sh -c "exit 75"
retries = 1
backoff = 20ms..40ms
[task:slow]
command = /bin/sleep 60
timeout = 0.05
retries = 0
[task:crash]
command = /bin/sh -c "kill -SEGV $$"
backoff = 20ms..40ms
[task:words]
command = /bin/sh -c "while read line; do id=${line#*:}; echo \"{\\\"id\\\":${id%%,*},\\\"status\\\":\\\"ok\\\",\\\"result\\\":{}}\"; done"
mode = lines
processes = 1
END

cat >"$SCRATCH/push.py" <<'END'
import json, sys

start, count, large = int(sys.argv[1]), int(sys.argv[2]), len(sys.argv) > 3
out = sys.stdout.buffer
for i in range(start, start + count):
    task = {"task": "echo", "id": i, "args": {"n": i, "text": "x" * (i % 300)}, "reply_to": "r"}
    if i % 250 == 1:
        task.update(task="fail")
    elif i % 500 == 2:
        task.update(task="again")
    elif i % 500 == 3:
        task.update(task="slow")
    elif i % 1000 == 4:
        task.update(task="crash")
    elif i % 50 == 5:
        task.update(unique="u%d" % i)
    elif i % 50 == 6:
        task.update(delay=0.01)
    elif i % 50 == 7:
        task.update(task="serialize", args={"to": "php"}, inputs={"input": {"key": "in"}},
                    outputs={"output": {"key": "out", "ttl": 60}})
    elif i % 50 == 8:
        task.update(task="words")
    elif i % 100 == 9:
        task.update(task="none")
    elif i % 100 == 10:
        task.update(args={"text": "y" * 1000})
    if large:
        task.update(args={"text": "y" * 300000})
    text = json.dumps(task).encode()
    if i % 100 == 11:
        text = text[:-20]
    out.write(b"*3\r\n$5\r\nLPUSH\r\n$5\r\ntasks\r\n$%d\r\n%s\r\n" % (len(text), text))
END

redis SET in '{"a":[1,2,3]}' >/dev/null
worker_start -c "$SCRATCH/cherry.conf" --concurrency 2 --set cherry.log_level=error

settled()
{
	redis HGETALL 'cherry:{tasks}:stats' | awk 'NR % 2 { name = $0; next }
		name != "retried" && name != "recovered" { sum += $0 }
		END { print sum + 0 }'
}
descriptors() { find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l; }
rss_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$worker/status"; }
# The middle one of the last three.
last_size() { tr ' ' '\n' <<<"$sizes" | tail -n 3 | sort -n | sed -n 2p; }
# Executors have as many descriptors each; their number is what it was.
executors()
{
	local pid
	for pid in $(executor_pids); do
		case $(tr '\0' ' ' <"/proc/$pid/cmdline") in
		*cherry*) descriptors "$pid" ;;
		esac
	done | sort -n | tail -n 1
}

kill_executor()
{
	local victim
	victim=$(executor_pids | head -n 1)
	[ -z "$victim" ] || kill -KILL "$victim" 2>/dev/null || :
}

# At first 1,000 large ones, with executors that die: no more than some buffers
# is kept of their 300 MB.
done=0 sizes=
for round in 1 2 3 4 5 6 7 8 9 10; do
	python3 "$SCRATCH/push.py" "$done" 100 large | redis --pipe >/dev/null
	done=$((done + 100))
	kill_executor
	wait_for 60 '[ "$(settled)" -ge '$done' ]' "$done tasks are settled in round $round"
done
# What sanitizers keep is no measure.
grep -q "a build with sanitizers" "$SCRATCH/worker.log" || [ "$(rss_kb)" -lt 40000 ] || fail "after large tasks the master has $(rss_kb) kB"
last=$((last + done)) first=$((first + done))
while [ "$done" -lt "$last" ]; do
	python3 "$SCRATCH/push.py" "$done" "$step" | redis --pipe >/dev/null
	done=$((done + step))
	# One executor dies at work in each step.
	kill_executor
	wait_for 120 '[ "$(settled)" -ge '$done' ]' "$done tasks are settled"
	redis DEL r out >/dev/null
	sizes="$sizes $(rss_kb)"
	[ "$done" != "$first" ] || {
		wait_for 10 '[ -z "$(redis KEYS "cherry:{tasks}:owned:*")" ]' "nothing is owned"
		before_kb=$(last_size) before_fds=$(descriptors "$worker") before_executors=$(executors)
	}
done
wait_for 10 '[ -z "$(redis KEYS "cherry:{tasks}:owned:*")" ]' "nothing is owned"
# What starts anew in place of what died is there.
wait_for 10 '[ "$(descriptors "$worker")" -le "$before_fds" ]' \
	"$(descriptors "$worker") descriptors are $before_fds again: $(ls -l "/proc/$worker/fd" | tail -n 5)"
grown=$(($(last_size) - before_kb))
echo "settled $done; grown by $grown kB from $before_kb kB (kB after each $step:$sizes); descriptors $before_fds and $(descriptors "$worker"), executors' $before_executors and $(executors)"
[ "$(settled)" = "$done" ] || fail "$(settled) settled of $done"
for code in failed timeout bad_json unknown_task; do
	[ -n "$(redis HGET 'cherry:{tasks}:stats' $code)" ] || fail "nothing was $code"
done
[ "$(redis HGET 'cherry:{tasks}:stats' retried)" -gt 0 ] || fail "nothing was retried"
[ "$grown" -lt 1024 ] || fail "the master grew by $grown kB"
[ "$(executors)" -le "$before_executors" ] || fail "an executor has $(executors) descriptors, not $before_executors"
worker_stop
