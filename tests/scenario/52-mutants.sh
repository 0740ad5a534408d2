#!/bin/bash
# The ledger finds what it is for: each mutant worker, with a defect put in on
# purpose, fails its checker in the traffic that shows the defect, and the real
# worker passes it in the same traffic.
set -eu
. scripts/redis-private
command -v python3 >/dev/null || skip "no python3"
grep -q CHERRY_MUTANT "$CHERRY" && fail "the plain build has mutants"

# The build of the crash points; that test may be making it at this moment.
build=${BUILD:-build}-crash
CPPFLAGS="${CPPFLAGS:-} -DCHERRY_CRASH_POINTS" flock "${BUILD:-build}" \
	make -s -j2 BUILD="$build" "$build/cherry" >"$SCRATCH/make" 2>&1 ||
	fail "$(tail -n 5 "$SCRATCH/make")"
CHERRY=$build/cherry
drive="python3 tests/tools/ledger_drive.py"

# --- One ledger: a Redis, two workers at most, one consumer -------------------------
# All in a shell of its own, in directory $dir; $CHERRY_MUTANT is the defect.

begin_ledger() # DIR PROCESSES
{
	dir=$1
	mkdir "$dir"
	redis_start_at "$dir/redis"
	REDIS_SOCKET=$dir/redis/redis.sock
	cat >"$dir/cherry.conf" <<-END_OF_CONF
		[cherry]
		concurrency = $2
		drain_timeout = 5
		[task:ledger]
		command = python3 $PWD/tests/tools/ledger_drive.py handle $dir/ran
		mode = lines
		processes = $2
		retries = 20
		backoff = 1s..1s
	END_OF_CONF
	$drive collect "$REDIS_SOCKET" "$dir" &
	collector=$!
}

start() # SOCKET: sets $pid
{
	"$CHERRY" work -c "$dir/cherry.conf" --redis "unix://$1" 2>>"$dir/log" &
	pid=$!
}

# Between $dir/proxy.sock and Redis; rules go to descriptor 7.
start_proxy()
{
	mkfifo "$dir/rules"
	"${BUILD:-build}/tests/fault_proxy" "$dir/proxy.sock" "$REDIS_SOCKET" \
		<"$dir/rules" >"$dir/struck" &
	proxy=$!
	exec 7>"$dir/rules"
	wait_for 10 'grep -q ready "$dir/struck"' "the proxy"
}

count_ran()
{
	cat "$dir/ran" 2>/dev/null | wc -l
}

has_answers() # COUNT
{
	[ "$(redis GET ledger:collected | grep . || echo 0)" -ge "$1" ]
}

# Until all is answered. What is not by then, never will be: the checker tells.
settle() # COUNT SECONDS
{
	local end=$((SECONDS + $2))
	until has_answers "$1" || [ $SECONDS -ge $end ]; do sleep 0.1; done
}

end_ledger() # WORKER...
{
	local worker
	for worker in "$@"; do
		kill -TERM "$worker"
	done
	for worker in "$@"; do
		timeout 8 tail -s 0.1 --pid="$worker" -f /dev/null || kill -KILL "$worker"
		wait "$worker" || :
	done
	kill -TERM "$collector"
	wait "$collector"
}

# --- Traffic ------------------------------------------------------------------------

tasks() # FIRST LAST MEMBERS ARGS
{
	local n
	for ((n = $1; n <= $2; n++)); do
		echo "{\"task\":\"ledger\",\"id\":$n,\"reply_to\":\"r:ledger\"$3,\"args\":{\"n\":$n$4}}"
	done
}

# A worker that owns tasks dies.
death()
{
	local first
	begin_ledger "$1" 1
	start "$REDIS_SOCKET"
	first=$pid
	tasks 1 40 '' ',"ms":50' | $drive push "$REDIS_SOCKET" "$dir"
	wait_for 10 '[ $(count_ran) -ge 3 ]' "tasks that run"
	kill -KILL "$first"
	wait "$first" || :
	start "$REDIS_SOCKET"
	settle 40 20
	end_ledger "$pid"
}

# A worker that is at work is stopped for so long that others find it dead, and
# then goes on; its handlers were not stopped. What Redis says reaches it later
# than it says what it has done.
absence()
{
	local first
	begin_ledger "$1" 4
	start_proxy
	start "$dir/proxy.sock"
	first=$pid
	tasks 1 8 '' ",\"until\":\"$dir/go\"" | $drive push "$REDIS_SOCKET" "$dir"
	wait_for 10 '[ $(count_ran) -ge 4 ]' "tasks that run"
	# With no reply on the way: it would break the connection when it goes on.
	sleep 1
	kill -STOP "$first"
	touch "$dir/go"
	start "$REDIS_SOCKET"
	settle 8 25
	echo "latency 1000" >&7
	wait_for 10 'grep -q ok "$dir/struck"' "the rule"
	kill -CONT "$first"
	# It comes back under another name, with whatever it had still to say.
	wait_for 10 'redis ZRANGE "cherry:{tasks}:workers" 0 -1 | grep -q ":$first:"' "its return"
	end_ledger "$first" "$pid"
	kill -KILL "$proxy"
}

# The connection breaks again and again, also between a claim and its reply.
breaks()
{
	local i
	begin_ledger "$1" 2
	start_proxy
	start "$dir/proxy.sock"
	tasks 1 20000 '' '' | $drive push "$REDIS_SOCKET" "$dir"
	for ((i = 0; i < 200; i++)); do
		[ "$(redis LLEN tasks)" != 0 ] || break
		if [ $((i % 4)) = 3 ]; then
			echo "late $((i * 97 % 3000))"
		else
			echo "reset $((i * 53 % 1500))"
		fi >&7
		sleep 0.1
	done
	echo clear >&7
	settle 20000 8
	end_ledger "$pid"
	kill -KILL "$proxy"
}

# Tasks that are equal byte by byte wait at the same time.
twins()
{
	begin_ledger "$1" 1
	start "$REDIS_SOCKET"
	(tasks 1 20 '' ',"fail":2'; tasks 1 20 '' ',"fail":2') |
		$drive push "$REDIS_SOCKET" "$dir"
	settle 40 12
	end_ledger "$pid"
}

# A third task of a key comes after a second was refused, and the first is still
# at work.
locked()
{
	begin_ledger "$1" 2
	start "$REDIS_SOCKET"
	tasks 1 1 ',"unique":"k"' ",\"key\":\"k\",\"until\":\"$dir/go\"" |
		$drive push "$REDIS_SOCKET" "$dir"
	wait_for 10 '[ $(count_ran) -ge 1 ]' "the first task"
	tasks 2 2 ',"unique":"k"' ',"key":"k"' | $drive push "$REDIS_SOCKET" "$dir"
	wait_for 10 'has_answers 1' "an answer to the second"
	tasks 3 3 ',"unique":"k"' ',"key":"k"' | $drive push "$REDIS_SOCKET" "$dir"
	wait_for 10 'has_answers 2' "an answer to the third"
	touch "$dir/go"
	settle 3 15
	end_ledger "$pid"
}

# --- Both kinds of worker -------------------------------------------------------------

# Says on standard output what is wrong.
try() # TRAFFIC MUTANT DEFECT
{
	local status=0 dir=$SCRATCH/$1-${2:-real}
	trap at_exit_of_one EXIT
	redis_dirs=()
	export CHERRY_MUTANT=$2
	"$1" "$dir"
	python3 tests/tools/ledger_check.py "$dir" --handler ledger \
		--allow duplicate >"$dir/verdict" 2>&1 || status=$?
	echo "$1, ${2:-real worker}: $(head -n 1 "$dir/verdict")" >>"$SCRATCH/verdicts"
	if [ -z "$2" ]; then
		[ $status = 0 ] || echo "$1: the real worker fails: $(cat "$dir/verdict")"
	elif [ $status != 1 ] || ! grep -q "^$3: " "$dir/verdict"; then
		echo "$1: $2 has no \"$3\": $(cat "$dir/verdict")"
	fi
	echo finished >"$dir/finished"
}

at_exit_of_one()
{
	local status=$? left
	set +e
	left=$(jobs -p)
	kill -CONT $left
	kill -KILL $left
	exit $status
} 2>/dev/null

rows=${ROWS:-'death plain_pop lost
absence no_fence duplicated
breaks claim_again lost
twins raw_later lost
locked drop_lock overlapped'}
while read -r traffic mutant defect; do
	for worker in "" "$mutant"; do
		try "$traffic" "$worker" "$defect" >"$SCRATCH/said-$traffic-$worker" 2>"$SCRATCH/noise-$traffic-$worker" &
	done
done <<<"$rows"
wait
cat "$SCRATCH/verdicts"
while read -r traffic mutant defect; do
	for worker in "" "$mutant"; do
		[ -e "$SCRATCH/$traffic-${worker:-real}/finished" ] ||
			fail "$traffic, ${worker:-real worker}: it broke off: $(tail -n 3 "$SCRATCH/noise-$traffic-$worker")"
	done
done <<<"$rows"
cat "$SCRATCH"/said-* >"$SCRATCH/said"
[ ! -s "$SCRATCH/said" ] || fail "$(cat "$SCRATCH/said")"
