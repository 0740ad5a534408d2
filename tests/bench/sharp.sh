#!/bin/bash
# thumbnail beside sharp, which npm installs into a folder of its own for this
# run, built as its makers give it away. Skipped without node, npm or network.
set -u
command -v node >/dev/null && command -v npm >/dev/null || exit 77
[ -x "$BUILD/bench/bench_thumbnail" ] || exit 77
SHARP=$(mktemp -d) || exit 1
export SHARP
trap 'rm -rf "$SHARP"' EXIT
echo '{"private":true}' >"$SHARP/package.json"
(cd "$SHARP" && timeout 120 npm install --no-audit --no-fund --silent sharp) >/dev/null 2>&1 || exit 77
"$BUILD/bench/bench_thumbnail"
