#!/bin/bash
# Programs in numbers and in passing: none is claimed that has to go back, and
# what was claimed for a program that the configuration loses is still answered.
set -eu
. scripts/redis-private
. tests/worker.sh
redis_start

cat >"$SCRATCH/slow.py" <<'END'
import json, os, sys, time
for line in sys.stdin:
    task = json.loads(line)
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.05)
    print(json.dumps({"id": task["id"], "status": "ok", "result": {}}), flush=True)
if len(sys.argv) > 2:
    time.sleep(60)
END
cat >"$SCRATCH/conf" <<END
[cherry]
queues = tasks
concurrency = 2
[task:echo_lines]
command = ${BUILD:-build}/tests/lines_echo
mode = lines
END
slow="[task:slow]
command = python3 $SCRATCH/slow.py $SCRATCH/go
mode = lines
processes = 1"
stubborn="${slow/\/go/\/go stays}"
echo "${stubborn/task:slow/task:stubborn}" >>"$SCRATCH/conf"
cp "$SCRATCH/conf" "$SCRATCH/conf.later"
echo "$slow" >>"$SCRATCH/conf"
worker_start -c "$SCRATCH/conf"

calls()
{
	redis INFO commandstats | sed -n "s/^cmdstat_$1:calls=\([0-9]*\),.*/\1/p"
}

# A crowd of short tasks: each is claimed once.
"$CHERRY" pause tasks --redis "$REDIS_URL" >/dev/null
yes '{"task":"echo_lines","reply_to":"r:many"}' | head -n 4000 |
	"$CHERRY" push -q tasks --lines --redis "$REDIS_URL" 2>/dev/null
redis CONFIG RESETSTAT >/dev/null
"$CHERRY" resume tasks --redis "$REDIS_URL" >/dev/null
wait_for 30 '[ "$(redis LLEN r:many)" = 4000 ]' 'all replies'
given_back=$(($(calls rpush) - 4000))
[ "$given_back" -lt 200 ] || fail "$given_back tasks were claimed to no purpose"

# HUP: one runs, two wait here, and their program is not in the file any more.
for i in 1 2 3; do
	push '{"task":"slow","reply_to":"r:slow"}'
done
wait_for 10 '[ "$(redis HLEN "cherry:{tasks}:owned:$(redis ZRANGE "cherry:{tasks}:workers" 0 0)")" = 3 ]' \
	'three claims'
cp "$SCRATCH/conf.later" "$SCRATCH/conf"
kill -HUP "$worker"
wait_for 10 'grep -q event=reload "$SCRATCH/worker.log"' 'a word about the reload'
touch "$SCRATCH/go"
for i in 1 2 3; do
	expect_reply r:slow '*"status":"ok"*'
done
wait_for 10 '! pgrep -f "$SCRATCH/slow.p[y]" >/dev/null' 'the end of a program without a use'

# A program that ignores the end of its input does not outlive its use.
push '{"task":"stubborn","reply_to":"r:stubborn"}'
expect_reply r:stubborn '*"status":"ok"*'
kill -HUP "$worker"
wait_for 15 '! pgrep -f "$SCRATCH/slow.p[y]" >/dev/null' 'the end of a stubborn program'
worker_stop
! grep program_died "$SCRATCH/worker.log" || fail "an end that was asked for is no death"
