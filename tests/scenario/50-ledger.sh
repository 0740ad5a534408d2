#!/bin/bash
# The ledger: tasks are pushed while workers, executors, programs and Redis
# itself are killed, at random but spread over the whole. At the end each task
# that Redis acknowledged has been answered exactly once, and nothing else has.
# SOAK=1 takes longer; TASKS, KILLS and SEED say how much and in which order.
set -eu
. scripts/redis-private
tasks=100000 kills=50
[ -z "${SOAK:-}" ] || tasks=1000000 kills=1000
tasks=${TASKS:-$tasks} kills=${KILLS:-$kills}
RANDOM=${SEED:-$((EPOCHSECONDS % 32768))}
echo "tasks $tasks, kills $kills, seed ${SEED:-$((EPOCHSECONDS % 32768))}"
command -v python3 >/dev/null || skip "no python3"
durable="--appendonly yes --appendfsync always"
redis_start $durable
drive="python3 tests/tools/ledger_drive.py"
ledger=$SCRATCH/ledger
mkdir "$ledger"

cat >"$SCRATCH/cherry.conf" <<END_OF_CONF
[cherry]
concurrency = 1
drain_timeout = 5
[task:ledger]
command = python3 $PWD/tests/tools/ledger_drive.py handle $ledger/ran
mode = lines
processes = 1
retries = 50
backoff = 50ms..200ms
[task:echo]
retries = 50
backoff = 50ms..200ms
[task:serialize]
retries = 50
backoff = 50ms..200ms
END_OF_CONF

# --- Workers ---------------------------------------------------------------------

# The first one is spared until it is old enough to have found others dead.
SLOTS=3 OLD=25
workers=() born=()
start_one() # SLOT
{
	"$CHERRY" work -c "$SCRATCH/cherry.conf" --redis "$REDIS_URL" \
		2>>"$SCRATCH/worker.log" &
	workers[$1]=$! born[$1]=$SECONDS
}

owned_by() # PID: how many tasks it owns
{
	local name
	name=$(redis --raw ZRANGE "cherry:{tasks}:workers" 0 -1 | grep ":$1:" | tail -n 1)
	if [ -n "$name" ]; then redis HLEN "cherry:{tasks}:owned:$name"; else echo 0; fi
}

# Sets $slot: one that owns tasks, if there is one within a few seconds.
choose_owner()
{
	local end=$((SECONDS + 5))
	while [ $SECONDS -lt $end ]; do
		slot=$((RANDOM % SLOTS))
		[ $slot != 0 ] || [ $((SECONDS - born[0])) -ge $OLD ] || continue
		[ "$(owned_by "${workers[$slot]}")" = 0 ] || return 0
	done
}

worker_kills=0 owning=0 child_kills=0 redis_kills=0 stops=0
kill_worker()
{
	choose_owner
	local pid=${workers[$slot]}
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || :
	worker_kills=$((worker_kills + 1))
	[ "$(owned_by "$pid")" = 0 ] || owning=$((owning + 1))
	start_one $slot
}

# Stopped for longer than it takes to be found dead; it goes on by itself.
stop_worker()
{
	choose_owner
	local pid=${workers[$slot]}
	kill -STOP "$pid"
	(sleep 16; kill -CONT "$pid" 2>/dev/null) &
	stops=$((stops + 1))
}

kill_child() # PATTERN of its command line
{
	local victim
	victim=$(pgrep -P "${workers[$((RANDOM % SLOTS))]}" -f "$1" | shuf -n 1)
	[ -n "$victim" ] || return 0
	kill -KILL "$victim" 2>/dev/null || return 0
	child_kills=$((child_kills + 1))
}

kill_redis()
{
	redis_stop
	redis_start $durable
	redis_kills=$((redis_kills + 1))
}

# --- The run ----------------------------------------------------------------------

for ((slot = 0; slot < SLOTS; slot++)); do start_one $slot; done
on_exit 'kill -CONT "${workers[@]}"; kill -KILL "${workers[@]}"'
$drive collect "$REDIS_SOCKET" "$ledger" &
collector=$!
producers=()
for part in 0 1; do
	$drive produce "$REDIS_SOCKET" "$ledger" $((part * tasks / 2 + 1)) \
		$(((part + 1) * tasks / 2)) &
	producers+=($!)
done
on_exit 'kill -KILL "$collector" "${producers[@]}"'

collected()
{
	local count
	count=$(redis GET ledger:collected)
	echo "${count:-0}"
}

kinds=()
# The last tenth is left: pushes that a kill cut short are never answered.
for ((round = 1; round <= kills; round++)); do
	wait_for 120 "[ \"\$(collected)\" -ge $((round * (tasks * 9 / 10 / (kills + 2)))) ]" \
		"progress before kill $round"
	[ ${#kinds[@]} -gt 0 ] || mapfile -t kinds < <(shuf -e worker worker \
		worker worker worker worker worker worker worker worker executor \
		executor executor executor program program program program \
		redis redis stop --random-source=<(yes $RANDOM))
	case ${kinds[0]} in
	worker) kill_worker ;;
	executor) kill_child ' executor' ;;
	program) kill_child ledger_drive ;;
	redis) kill_redis ;;
	stop) stop_worker ;;
	esac
	kinds=("${kinds[@]:1}")
done
wait "${producers[@]}"
pushed=$SECONDS
# What is anywhere, in an inbox or owned by whoever lives no more, too.
is_empty()
{
	redis --raw EVAL 'local n = redis.call("LLEN", "tasks") +
		redis.call("ZCARD", "cherry:{tasks}:later")
		return n + #redis.call("KEYS", "cherry:{tasks}:owned:*") +
			#redis.call("KEYS", "cherry:{tasks}:inbox:*")' 0 | grep -qx 0
}
wait_for 120 is_empty "empty queues"
drained=$SECONDS
for pid in "${workers[@]}"; do
	status=0
	kill -CONT "$pid"
	kill -TERM "$pid"
	wait "$pid" || status=$?
	[ "$status" = 0 ] || fail "a worker ended with $status: $(tail -n 3 "$SCRATCH/worker.log")"
done
kill -TERM "$collector"
wait "$collector" || fail "the collector ended with $?"

status=0
python3 tests/tools/ledger_check.py "$ledger" --handler ledger || status=$?
cut=$(grep -c "Successfully truncated" "$SCRATCH/redis/redis.out") || :
echo "killed $worker_kills workers, $owning of them owning tasks; $child_kills executors and programs; Redis $redis_kills times, $cut in the middle of a write; stopped $stops"
echo "recovered by others: $(redis HGET "cherry:{tasks}:stats" recovered); pushed in $pushed s, drained after $((drained - pushed)) s, all in $SECONDS s"
[ "$status" = 0 ] || fail "the ledger does not balance"
[ $((worker_kills * 10)) -ge $((kills * 4)) ] || fail "too few workers were killed"
[ $((owning * 10)) -ge $((worker_kills * 8)) ] || fail "of $worker_kills workers only $owning owned tasks when killed"
[ "$redis_kills" -gt 0 ] && [ "$child_kills" -gt 0 ] || fail "not all kinds were killed"
