#!/bin/bash
# What `make demo` shows is there, and real.
set -eu
BUILD=${BUILD:-build}
[ -x "$BUILD/tests/make_photo" ] || make -s "$BUILD/tests/make_photo"
out=$(mktemp)
trap 'rm -f "$out"' EXIT
BUILD=$BUILD scripts/demo >"$out" 2>&1 || { cat "$out" >&2; exit 1; }
for part in '"hello":"world"' '"format":"jpeg","width":256' 'blurhash' \
	'<ins>' '<del>' 'a:3:{s:4:' 'WzEsMiwzXQ.' '"field":"args.widht"' Done; do
	grep -qF -- "$part" "$out" || { echo "the demo shows no $part" >&2; cat "$out" >&2; exit 1; }
done
head -c 3 "$BUILD/demo/thumbnail.jpg" | od -An -tx1 | grep -q 'ff d8 ff' ||
	{ echo "the thumbnail is no JPEG" >&2; exit 1; }
