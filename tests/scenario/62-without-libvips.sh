#!/bin/bash
# Without libvips: `make VIPS=no` makes the same program without the library for
# pictures. `thumbnail` says what is missing, everything else works, also where
# the library is there but cannot be loaded.
set -eu
. scripts/redis-private

what=$(make -n BUILD="$SCRATCH/build" VIPS=no all)
[[ $what == *src/task/task_thumbnail.o* ]] || fail "nothing would be made: ${what:0:300}"
[[ $what != *vips* && $what != *cherry-image* ]] || fail "VIPS=no still asks for libvips"

mkdir "$SCRATCH/alone"
cp "$CHERRY" "$SCRATCH/alone/cherry"
alone=$SCRATCH/alone/cherry
task='{"task":"thumbnail","args":{"width":8,"image_base64":"iVBORw0KGgo="}}'

# expect_missing WHY: listed, described, answered.
expect_missing()
{
	local answer
	answer=$("$alone" tasks | grep '^thumbnail')
	[[ $answer == *"not available here: $1"* ]] || fail "tasks: $answer"
	answer=$("$alone" tasks thumbnail | head -n 3)
	[[ $answer == *"not available here: $1"* ]] || fail "tasks thumbnail: $answer"
	answer=$("$alone" tasks --json)
	[[ $answer == *'"name":"thumbnail"'*'"unavailable":"'"$1"* ]] || fail "tasks --json: $answer"
	printf '%s\n{"task":"echo","args":{"a":1}}\n' "$task" | "$alone" run >"$SCRATCH/replies" || :
	answer=$(head -n 1 "$SCRATCH/replies")
	[[ $answer == *'"code":"unsupported"'*"$1"*'"reason":"unavailable"'* ]] || fail "run: $answer"
	answer=$(tail -n 1 "$SCRATCH/replies")
	[[ $answer == *'"result":{"a":1}'* ]] || fail "echo: $answer"
}

expect_missing "cherry-image.so is not installed (it needs libvips)"
# What a removed libvips leaves: a library that cannot be linked.
printf 'no library' >"$SCRATCH/alone/cherry-image.so"
expect_missing "cherry-image.so cannot be loaded: "
# And of another version: any other library is.
gcc=${CC:-gcc}
echo 'int other;' >"$SCRATCH/other.c"
if $gcc -shared -fPIC -o "$SCRATCH/alone/cherry-image.so" "$SCRATCH/other.c" 2>/dev/null; then
	expect_missing "cherry-image.so is of another version"
fi
