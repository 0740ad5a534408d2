#!/bin/bash
# scripts/run-tests sees what fails: a status, a sanitizer's report, a hang; and
# counts what is skipped apart.
set -eu
. scripts/redis-private

tree=$SCRATCH/tree
mkdir -p "$tree"/{scripts,include,src,tests/unit,tests/scenario,build/tests}
cp scripts/run-tests "$tree/scripts/"
printf '#!/bin/sh\n' >"$tree/scripts/check-layers"

# program NAME BODY: a unit test that is a shell script.
program()
{
	: >"$tree/tests/unit/$1.c"
	printf '#!/bin/bash\n%s\n' "$2" >"$tree/build/tests/$1"
	chmod +x "$tree/build/tests/$1"
}

run()
{
	status=0
	out=$(cd "$tree" && BUILD=build LIMIT=2 scripts/run-tests "$@" 2>&1) ||
		status=$?
}

expect()
{
	case $out in *"$1"*) ;; *) fail "no \"$1\" in: $out" ;; esac
}

chmod +x "$tree/scripts/check-layers"
program test_good 'exit 0'
printf 'exit 77\n' >"$tree/tests/scenario/10-skipped.sh"
printf '[ "$BUILD" = build ]\n' >"$tree/tests/scenario/11-build.sh"
run
[ "$status" = 0 ] || fail "all good, status $status: $out"
expect "ok    test_good"
expect "skip  10-skipped"
expect "ok    11-build"
[ "$(tail -n 1 <<<"$out")" = "$(grep -c '^ok' <<<"$out") passed, 0 failed" ] ||
	fail "the last line: $out"

program test_bad 'echo why it failed; exit 3'
program test_asan 'echo "==1==ERROR: AddressSanitizer: heap-use-after-free"'
program test_leak 'echo "==1==ERROR: LeakSanitizer: detected memory leaks"'
program test_ubsan 'echo "x.c:1:2: runtime error: shift exponent"'
program test_hang 'sleep 60'
rm "$tree/build/tests/test_good"
run
[ "$status" = 1 ] || fail "failures, status $status"
expect "FAIL  test_bad"
expect "      | why it failed"
for name in asan leak ubsan hang good; do
	expect "FAIL  test_$name"
done
case $out in *" passed, 6 failed") ;; *) fail "the count: $out" ;; esac

run bad
[ "$out" != "${out/0 passed, 1 failed/}" ] || fail "one by name: $out"
run nothing
[ "$status" = 1 ] || fail "no test of that name, status $status"
