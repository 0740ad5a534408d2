#!/bin/bash
# How soon a task comes back after kill -9 of the worker that owns it: from the
# death to the reply that another worker stores, over deaths that are spread
# over the beat of both. Bar: all within 15 s.
set -eu
. scripts/redis-private
redis_start
victims=20 rounds=2 bar=15

# Who holds the tasks never ends them; who takes them over does at once.
printf '[cherry]\nconcurrency = 1\n[task:held]\ncommand = /bin/sleep 200\ntimeout = 250\n' \
	>"$SCRATCH/holder.conf"
printf '[cherry]\nqueues = %s\nconcurrency = %s\n[task:held]\ncommand = /bin/true\n' \
	"$(seq -s ' ' -f 'q%g' $victims)" $victims >"$SCRATCH/rescuer.conf"

pids=() rescuer=
on_exit 'kill -KILL "${pids[@]}" "$rescuer"'

run_round() # ROUND
{
	local n got
	pids=()
	for ((n = 1; n <= victims; n++)); do
		"$CHERRY" work -c "$SCRATCH/holder.conf" -q "q$n" \
			--redis "$REDIS_URL" 2>>"$SCRATCH/log" &
		pids+=($!)
		disown $!
		redis LPUSH "q$n" "{\"task\":\"held\",\"id\":$n,\"reply_to\":\"r:$1\"}" >/dev/null
	done
	for ((n = 1; n <= victims; n++)); do
		wait_for 30 "[ \$(redis --scan --pattern 'cherry:{q$n}:owned:*' | wc -l) = 1 ]" \
			"a worker that owns the task of q$n"
	done
	"$CHERRY" work -c "$SCRATCH/rescuer.conf" --redis "$REDIS_URL" 2>>"$SCRATCH/log" &
	rescuer=$!
	wait_for 10 'redis ZRANGE "cherry:{q1}:workers" 0 -1 | grep -q ":$rescuer:"' "the rescuer"
	for ((n = 1; n <= victims; n++)); do
		sleep 0.2
		kill -KILL "${pids[n - 1]}"
		echo "$1/$n $EPOCHREALTIME" >>"$SCRATCH/died"
	done &
	for ((n = 1; n <= victims; n++)); do
		got=$(redis BLPOP "r:$1" 60 | grep -o '"id":[0-9]*' | cut -d: -f2)
		[ -n "$got" ] || fail "a task did not come back within a minute"
		echo "$1/$got $EPOCHREALTIME" >>"$SCRATCH/came"
	done
	kill -TERM "$rescuer"
	wait "$rescuer" || fail "the rescuer ended with $?"
}

for ((round = 1; round <= rounds; round++)); do run_round $round; done
awk 'NR == FNR { died[$1] = $2; next } { printf "%.3f\n", $2 - died[$1] }' \
	"$SCRATCH/died" "$SCRATCH/came" | sort -n >"$SCRATCH/seconds"
awk -v bar=$bar '{ s[NR] = $1 }
	function rank(share, r) { r = int(NR * share); if (r < NR * share) r++; return s[r] }
	END {
		printf "back after kill -9, seconds, of %d deaths: p50 %.1f, p99 %.1f, least %.1f, most %.1f (bar: %d)\n", NR, rank(.5), rank(.99), s[1], s[NR], bar
		exit s[NR] > bar
	}' "$SCRATCH/seconds"
