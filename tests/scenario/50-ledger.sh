#!/bin/bash
# The ledger: tasks are pushed while workers, executors and Redis itself are
# killed at random. At the end each task that Redis acknowledged has been
# answered exactly once, and nothing else has. SOAK=1 takes longer.
set -eu
. scripts/redis-private
. tests/worker.sh
tasks=8000 kills=20
[ -z "${SOAK:-}" ] || tasks=1000000 kills=1000
command -v python3 >/dev/null || skip "no python3"
redis_start --appendonly yes --appendfsync always

# The handler says in a file of its own what it ran, and takes its time, so that
# a kill finds work in hand.
cat >"$SCRATCH/handler.py" <<'END'
import json, os, sys, time
ran = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for line in sys.stdin:
    task = json.loads(line)
    os.write(ran, b"%d\n" % task["args"]["n"])
    time.sleep(0.002)
    print(json.dumps({"id": task["id"], "status": "ok", "result": {}}), flush=True)
END
cat >"$SCRATCH/cherry.conf" <<END
[task:ledger]
command = python3 $SCRATCH/handler.py $SCRATCH/ran
mode = lines
processes = 2
backoff = 50ms..200ms
END

start_one()
{
	"$CHERRY" work -c "$SCRATCH/cherry.conf" --redis "$REDIS_URL" \
		--concurrency 1 --set cherry.drain_timeout=5 2>>"$SCRATCH/worker.log" &
	workers[$1]=$!
}
workers=()
start_one 0
start_one 1
on_exit 'kill -KILL "${workers[@]}"'

# Pushes in batches; what Redis acknowledges by its number is in the ledger.
produce()
{
	local from=1 to words i
	while [ "$from" -le "$tasks" ]; do
		to=$((from + 99))
		words=()
		for ((i = from; i <= to && i <= tasks; i++)); do
			words+=("{\"task\":\"ledger\",\"id\":$i,\"args\":{\"n\":$i},\"reply_to\":\"r:ledger\"}")
		done
		if redis LPUSH tasks "${words[@]}" 2>/dev/null | grep -qx '[0-9]*'; then
			seq "$from" "$((to < tasks ? to : tasks))" >>"$SCRATCH/acknowledged"
			from=$((to + 1))
		else
			# Whether it ran is not known: other ids, not these again.
			seq "$from" "$((to < tasks ? to : tasks))" >>"$SCRATCH/unknown"
			from=$((to + 1))
			sleep 0.2
		fi
	done
}
: >"$SCRATCH/acknowledged" >"$SCRATCH/unknown"
produce &
producer=$!
on_exit "kill $producer"

owning=0
for ((round = 1; round <= kills; round++)); do
	sleep 0.$((RANDOM % 6 + 2))
	case $((RANDOM % 6)) in
	0 | 1 | 2)
		slot=$((RANDOM % 2))
		name=$(redis --raw --scan --pattern "cherry:{tasks}:owned:*:${workers[$slot]}:*" | head -n 1)
		[ -z "$name" ] || owning=$((owning + 1))
		kill -KILL "${workers[$slot]}" 2>/dev/null || :
		wait "${workers[$slot]}" 2>/dev/null || :
		start_one $slot
		;;
	3 | 4)
		victim=$(pgrep -P "${workers[$((RANDOM % 2))]}" | head -n 1)
		[ -z "$victim" ] || kill -KILL "$victim" 2>/dev/null || :
		;;
	5)
		redis_stop
		redis_start --appendonly yes --appendfsync always
		;;
	esac
done 2>/dev/null
wait "$producer" || :
want=$(wc -l <"$SCRATCH/acknowledged")
wait_for 120 '[ "$(redis LLEN r:ledger)" -ge '"$want"' ]' "$want replies"
# Whatever else is on its way comes now: nothing is left anywhere.
wait_for 60 '[ "$(redis LLEN tasks)" = 0 ] && [ "$(redis ZCARD "cherry:{tasks}:later")" = 0 ] &&
	[ -z "$(redis --scan --pattern "cherry:{tasks}:owned:*")" ]' "empty queues"
redis LRANGE r:ledger 0 -1 | grep -o '"id":[0-9]*' | cut -d: -f2 | sort -n >"$SCRATCH/answered"
awk -v ack="$SCRATCH/acknowledged" -v unknown="$SCRATCH/unknown" '
	FILENAME == ack { sent[$1] = 1; next }
	FILENAME == unknown { perhaps[$1] = 1; next }
	{ if (seen[$1]++) twice++; else if (!($1 in sent) && !($1 in perhaps)) unexpected++ }
	END {
		for (id in sent) { n++; if (!(id in seen)) lost++ }
		printf "acknowledged %d, lost %d, answered twice %d, unexpected %d\n", n, lost, twice, unexpected
		exit lost + twice + unexpected > 0
	}
' "$SCRATCH/acknowledged" "$SCRATCH/unknown" "$SCRATCH/answered" ||
	fail "the ledger does not balance"
[ "$(sort -u "$SCRATCH/ran" | wc -l)" -ge "$want" ] || fail "answered without having run"
echo "handlers ran $(wc -l <"$SCRATCH/ran") times for $want tasks; workers killed while they owned tasks: $owning; recovered $(redis HGET "cherry:{tasks}:stats" recovered)"
