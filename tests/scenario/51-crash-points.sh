#!/bin/bash
# A worker or executor is killed at each of its crash points in turn (with
# SOAK=1 also stopped, and each place is come to several times before): a second
# worker finishes the work, and each task is answered exactly once. A point that
# is never come to fails the test.
set -eu
. scripts/redis-private
points=$(grep -rhoE 'CRASH_POINT\("[a-z_.]+"\)' src | cut -d'"' -f2 | sort -u)
[ "$(wc -w <<<"$points")" -ge 24 ] || fail "there are too few crash points"

# A build of its own: production has none of these places. Another test may be
# making it at this moment.
build=${BUILD:-build}-crash
CPPFLAGS="${CPPFLAGS:-} -DCHERRY_CRASH_POINTS" flock "${BUILD:-build}" \
	make -s -j2 BUILD="$build" "$build/cherry" >"$SCRATCH/make" 2>&1 ||
	fail "$(tail -n 5 "$SCRATCH/make")"
grep -q CHERRY_CRASH "${CHERRY:-build/cherry}" &&
	fail "the plain build has crash points"
CHERRY=$build/cherry

cat >"$SCRATCH/second" <<'END'
#!/bin/sh
[ "$CHERRY_ATTEMPT" -gt 1 ] || exit 75
echo done
END
chmod +x "$SCRATCH/second"

write_conf() # DIR
{
	mkdir -p "$1/out"
	cat >"$1/conf" <<END
[cherry]
concurrency = 1
drain_timeout = 1
[task:echo]
timeout = 2
retries = 20
backoff = 50ms..100ms
[task:serialize]
timeout = 2
retries = 20
backoff = 50ms..100ms
[task:second]
command = $SCRATCH/second
retries = 20
backoff = 50ms..100ms
[task:long]
command = /bin/sleep 4
[files]
output_root = $1/out
END
}

count=26
push_all() # CLI...
{
	local i
	"$@" SET in 1 >/dev/null
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		"$@" LPUSH tasks "{\"task\":\"echo\",\"id\":\"e$i\",\"reply_to\":\"r\"}"
	done
	for i in 1 2 3; do
		"$@" LPUSH tasks "{\"task\":\"echo\",\"id\":\"u$i\",\"unique\":\"u$i\",\"reply_to\":\"r\"}"
		"$@" LPUSH tasks "{\"task\":\"serialize\",\"id\":\"f$i\",\"args\":{\"to\":\"php\"},\"inputs\":{\"input\":{\"key\":\"in\"}},\"outputs\":{\"output\":{\"file\":\"f$i\"}},\"reply_to\":\"r\"}"
		"$@" LPUSH tasks "{\"task\":\"second\",\"id\":\"s$i\",\"reply_to\":\"r\"}"
	done
	"$@" LPUSH tasks '{"task":"long","id":"long","reply_to":"r"}'
} >/dev/null

is_down() # PID: gone, or stopped
{
	local state
	state=$(awk '/^State:/ { print $2 }' "/proc/$1/status" 2>/dev/null)
	case $state in "" | Z | T | t) return 0 ;; *) return 1 ;; esac
}

# A brief task that takes longer than it should: it has to be owned after all.
hold() # PID CLI...
{
	local first=$1 executors limit=$((SECONDS + 5))
	shift
	"$@" LPUSH tasks '{"task":"echo","id":"h1","reply_to":"r"}' >/dev/null
	until is_down "$first" || "$@" LRANGE r 0 -1 | grep -q '"h1"' ||
		[ $SECONDS -ge $limit ]; do sleep 0.05; done
	executors=$(pgrep -P "$first" -f 'core executor') || :
	kill -STOP $executors || :
	"$@" LPUSH tasks '{"task":"echo","id":"h2","reply_to":"r"}' >/dev/null
	until is_down "$first" || [ -z "$("$@" KEYS 'cherry:{tasks}:inbox:*')" ] ||
		[ $SECONDS -ge $limit ]; do sleep 0.05; done
	kill -CONT $executors || :
}

# One point, one way; says on standard output what was wrong.
try() # POINT NUMBER HOW
{
	local dir=$SCRATCH/$1-$2-$3 count=$count cli first second limit n
	mkdir -p "$dir"
	write_conf "$dir"
	redis-server --port 0 --unixsocket "$dir/redis.sock" --save '' \
		--dir "$dir" >/dev/null 2>&1 &
	local server=$!
	cli="redis-cli -s $dir/redis.sock"
	until $cli PING 2>/dev/null | grep -q PONG; do sleep 0.05; done

	CHERRY_CRASH=$1:$2:$3 "$CHERRY" work -c "$dir/conf" \
		--redis "unix://$dir/redis.sock" 2>>"$dir/first.log" &
	first=$!
	push_all $cli
	# Everything but the long task; then a reload and a drain are come to.
	limit=$((SECONDS + 12))
	until is_down $first || [ "$($cli LLEN r)" -ge $((count - 1)) ] ||
		[ $SECONDS -ge $limit ]; do sleep 0.05; done
	if [ "$1" = broker.take_reply ]; then
		count=$((count + 2))
		hold "$first" $cli
	fi
	# A stopped executor is not missed before its start is overdue.
	ps --ppid $first -o state= 2>/dev/null | grep -q T &&
		echo executor_died >>"$dir/first.log"
	is_down $first || kill -HUP $first
	sleep 0.3
	is_down $first || kill -TERM $first
	limit=$((SECONDS + 12))
	until is_down $first || [ $SECONDS -ge $limit ]; do sleep 0.05; done

	"$CHERRY" work -c "$dir/conf" --redis "unix://$dir/redis.sock" \
		2>"$dir/second.log" &
	second=$!
	limit=$((SECONDS + 60))
	until [ "$($cli LLEN r)" -ge $count ] || [ $SECONDS -ge $limit ]; do
		sleep 0.1
	done
	n=$(awk '/^State:/ { print $2 }' "/proc/$first/status" 2>/dev/null) || :
	case $1-$3-$n in
	executor.*)
		grep -qE 'executor_(died|failed)' "$dir/first.log" ||
			echo "$1:$2:$3: never come to" ;;
	*-STOP-T) ;;
	*-STOP-*) echo "$1:$2:$3: never come to ($n)" ;;
	esac
	# What was stopped goes on: late, and harmless.
	kill -CONT $first 2>/dev/null && kill -TERM $first 2>/dev/null || :
	n=0
	wait $first || n=$?
	case $1-$3-$n in
	executor.*-0 | *-STOP-0 | *-KILL-137) ;;
	*-KILL-0) echo "$1:$2:$3: never come to" ;;
	*) echo "$1:$2:$3: the worker ended with $n" ;;
	esac
	[ "$($cli LLEN r)" = $count ] ||
		echo "$1:$2:$3: $($cli LLEN r) replies of $count"
	$cli LRANGE r 0 -1 | grep -o '"id":"[a-z0-9]*"' | sort | uniq -c |
		awk -v at="$1:$2:$3" '$1 != 1 { print at ": " $2 " is answered " $1 " times" }'
	$cli LRANGE r 0 -1 | grep -v '"status":"ok"' | head -n 3 |
		sed "s/^/$1:$2:$3: /"
	kill -TERM $second
	wait $second || echo "$1:$2:$3: the second worker ended with $?"
	kill -KILL $server
	wait $server 2>/dev/null || :
	echo finished >"$dir/finished"
}

ways=KILL numbers=1
[ -z "${SOAK:-}" ] || ways="KILL STOP" numbers="1 3"
[ -z "${POINTS:-}" ] || points=$POINTS
[ -z "${WAYS:-}" ] || ways=$WAYS
running=0
for point in $points; do
	for way in $ways; do
		for number in $numbers; do
			# Come to once in a life, or once a task of its kind.
			case $number-$point in
			3-*.begin | 3-*.setup | 3-*.ready | 3-*.left | 3-*.drain | 3-*.leave | 3-*.reload | \
				3-*.registered | 3-*.give_back | 3-*.executor_* | \
				3-*.program_*) continue ;;
			esac
			try "$point" "$number" "$way" 2>/dev/null \
				>"$SCRATCH/said-$point-$number-$way" &
			running=$((running + 1))
			[ $running -lt 12 ] || { wait -n || :; running=$((running - 1)); }
		done
	done
done
wait
for said in "$SCRATCH"/said-*; do
	[ -e "$SCRATCH/${said##*/said-}/finished" ] ||
		echo "${said##*/said-}: it broke off" >>"$said"
done
cat "$SCRATCH"/said-* >"$SCRATCH/said"
[ ! -s "$SCRATCH/said" ] || fail "$(cat "$SCRATCH/said")"
