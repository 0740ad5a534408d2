#!/bin/bash
# Pictures of exactly max_pixels in every format that is read by default, also
# those that a decoder has to hold whole: each is taken, alone and in two sizes,
# by one executor that stays below 512 MB; one line more is over the limit.
set -eu
. scripts/redis-private
. tests/worker.sh
[ -e "$(dirname "$CHERRY")/cherry-image.so" ] || skip "built without libvips"
[ -r /proc/self/status ] || skip "no /proc"

mkdir "$SCRATCH/root"
for path in tests/cases/large-pictures/*.gz; do
	name=${path##*/}
	gzip -dc "$path" >"$SCRATCH/root/${name%.gz}"
done
redis_start
worker_start --concurrency 1 --set files.input_root="$SCRATCH/root"

# task FILE ARGS REPLY
task()
{
	push '{"task":"thumbnail","retries":0,"args":'"$2"',"inputs":{"image":{"file":"'"$1"'"}},"reply_to":"'"$3"'"}'
}

for path in "$SCRATCH"/root/*; do
	name=${path##*/}
	task "$name" '{"width":100,"format":"jpeg"}' "one:$name"
	expect_reply "one:$name" '*"status":"ok"*"width":100,"height":78,*"source":{*"width":8000,"height":6250,*'
	# Those with alpha are decoded for each: soon enough, but not in a test.
	case $name in *.webp | *.tif | *.gif | *.png) continue ;; esac
	task "$name" '{"format":"jpeg","sizes":[{"name":"a","width":300},{"name":"b","width":64}]}' "two:$name"
	expect_reply "two:$name" '*"status":"ok"*"width":300,"height":234,*"width":64,"height":50,*'
done
executor=$(sed -n 's/.*event=executor_ready pid=\([0-9]*\) class=image.*/\1/p' "$SCRATCH/worker.log")
# The sanitizers' own memory is no measure, and an executor that grew is exchanged.
if ! grep -q "a build with sanitizers" "$SCRATCH/worker.log"; then
	executor_pids | grep -qx "$executor" || fail "not one executor: $executor"
	most=$(awk '/^VmHWM/ { print $2 }' "/proc/$executor/status")
	[ "$most" -le 524288 ] || fail "the executor took $most kB"
	echo "at most $most kB"
fi
worker_stop

for name in progressive.jpg interlaced.png still.avif lossy.webp; do
	printf '{"task":"thumbnail","args":{"width":9},"inputs":{"image":{"file":"%s"}}}\n' "$name"
done | "$CHERRY" run --root "$SCRATCH/root" --set task:thumbnail.max_pixels=49999999 >"$SCRATCH/over" || :
[ "$(grep -c '"limit":"max_pixels","value":50000000' "$SCRATCH/over")" = 4 ] ||
	fail "over the limit: $(cat "$SCRATCH/over")"
