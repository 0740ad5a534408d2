#!/bin/bash
# Pictures of all kinds, good and bad, through one executor that is never
# exchanged: its memory is flat after the first hundred, and it does not die.
# 300 pictures; SOAK=1: 10000.
set -eu
. scripts/redis-private
. tests/worker.sh
[ -e "$(dirname "$CHERRY")/cherry-image.so" ] || skip "built without libvips"
[ -r /proc/self/status ] || skip "no /proc"
total=300
[ -z "${SOAK:-}" ] || total=10000
allowed=65536 # kB

redis_start
worker_start --concurrency 1 --set cherry.jobs_per_executor=1000000

names=()
for path in tests/oracle/thumbnail/* tests/oracle/thumbnail-more/*; do
	name=${path##*/}
	case $name in *.md | *.json) continue ;; esac
	redis -x SET "pic:$name" <"$path" >/dev/null
	names+=("$name")
done
wishes=(
	'{"width":64}'
	'{"width":40,"height":40,"fit":"cover","position":"attention","format":"webp"}'
	'{"height":90,"format":"png","placeholder":["blurhash","thumbhash","color"]}'
	'{"width":50,"animated":true,"format":"gif"}'
	'{"width":48,"format":"avif","effort":0}'
	'{"sizes":[{"name":"a","width":30},{"name":"b","width":120,"format":"jpeg"},{"name":"c","width":200,"keep":["icc","exif"]}]}'
)

# pushes_of FROM TO: commands that push the pictures of those numbers.
pushes_of()
{
	local i
	for ((i = $1; i < $2; i++)); do
		printf "LPUSH tasks '%s'\n" '{"task":"thumbnail","id":'"$i"',"retries":0,"args":'"${wishes[i / ${#names[@]} % ${#wishes[@]}]}"',"inputs":{"image":{"key":"pic:'"${names[i % ${#names[@]}]}"'"}},"reply_to":"r"}'
	done
}

# run FROM TO: and each is answered, none by an executor's death.
run()
{
	pushes_of "$1" "$2" | redis >/dev/null
	wait_for 120 '[ "$(redis LLEN r)" = '$(($2 - $1))' ]' "$(($2 - $1)) replies"
	redis LRANGE r 0 -1 | sed 's/"image_base64":"[^"]*"//g' >"$SCRATCH/replies"
	redis DEL r >/dev/null
	! grep -E '"code":"(crashed|timeout|internal|not_found|bad_args)"' "$SCRATCH/replies" ||
		fail "an outcome that no picture may have"
	grep -c '"status":"ok"' "$SCRATCH/replies" >"$SCRATCH/good" || :
	[ "$(cat "$SCRATCH/good")" -ge $((($2 - $1) / 4)) ] || fail "few pictures are good: $(cat "$SCRATCH/good")"
}

# The first of each class is in the log.
image_executor()
{
	sed -n 's/.*event=executor_ready pid=\([0-9]*\) class=image.*/\1/p' "$SCRATCH/worker.log"
}

memory_of()
{
	awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

run 0 100
# What sanitizers keep is no measure.
! grep -q "a build with sanitizers" "$SCRATCH/worker.log" || { worker_stop; exit 0; }
executor=$(image_executor)
[ "$(wc -w <<<"$executor")" = 1 ] || fail "not one executor: $executor"
first=$(memory_of "$executor") most=0
for ((at = 100; at < total; at += 100)); do
	run "$at" $((at + 100))
	executor_pids | grep -qx "$executor" || fail "the executor was exchanged"
	now=$(memory_of "$executor")
	most=$((now > most ? now : most))
	[ "$most" -le $((first + allowed)) ] ||
		fail "$first kB after 100 pictures, $now kB after $((at + 100))"
done
echo "$first kB after 100 pictures, at most $most kB until $total"
worker_stop
