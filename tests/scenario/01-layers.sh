#!/bin/bash
# scripts/check-layers holds on this tree, and sees each rule broken in a copy.
set -eu
. scripts/redis-private

scripts/check-layers >"$SCRATCH/out" || fail "the tree itself: $(cat "$SCRATCH/out")"

cp -r Makefile LICENSE src include scripts "$SCRATCH"/ 2>/dev/null
mkdir "$SCRATCH/tree"
mv "$SCRATCH"/{Makefile,LICENSE,src,include,scripts} "$SCRATCH/tree/"
tree=$SCRATCH/tree
scripts/check-layers "$tree" >/dev/null || fail "a plain copy has faults"

count=0
# expect FILE TEXT MESSAGE: FILE with TEXT appended (made if missing) is a
# fault whose line holds MESSAGE.
expect()
{
	local file=$tree/$1 made=0
	[ -e "$file" ] || made=1
	mkdir -p "$(dirname "$file")"
	[ "$made" = 1 ] || cp "$file" "$SCRATCH/kept"
	printf '%b\n' "$2" >>"$file"
	if scripts/check-layers "$tree" >"$SCRATCH/out" 2>&1; then
		fail "not seen: $1: $3"
	fi
	grep -qF -- "$3" "$SCRATCH/out" ||
		fail "$1: wanted \"$3\", got: $(cat "$SCRATCH/out")"
	if [ "$made" = 1 ]; then
		rm "$file"
		rmdir -p --ignore-fail-on-non-empty "$(dirname "$file")"
	else
		mv "$SCRATCH/kept" "$file"
	fi
	count=$((count + 1))
}

inc='/* x */\n#include'
expect src/base/x.c "$inc \"diff/x.h\"" 'src/base may not include src/diff'
expect src/master/x.c "$inc \"codec/x.h\"" 'src/master may not include src/codec'
expect src/broker/x.c "$inc \"master/x.h\"" 'src/broker may not include src/master'
expect src/codec/x.c "$inc \"diff/x.h\"" 'src/codec may not include src/diff'
expect src/diff/x.h "$inc \"engine.h\"" 'include with its folder'
expect src/other/x.c "$inc \"broker/x.h\"" 'src/other is not in the layers'
expect include/cherry/x.h "$inc \"base/json.h\"" 'public headers only'
expect src/broker/x.c "$inc <ev.h>" 'only src/master/ may include'
expect src/master/x.c "$inc <hiredis/hiredis.h>" 'only src/broker/ may include'
expect src/diff/x.c "$inc <libxml/tree.h>" 'only src/markup/ may include'
expect src/codec/x.c "$inc <openssl/sha.h>" 'only src/crypto/ may include'
expect src/task/x.c "$inc <vips/vips.h>" 'only src/image/ may include'
expect src/codec/x.c "$inc <jpeglib.h>" 'only src/image/ may include'
expect src/cmd/x.c "$inc <seccomp.h>" 'only src/exec/ may include'
expect src/exec/x.c "$inc <ini.h>" 'only src/cmd/ may include'
expect src/codec/x.c "$inc <cjson/cJSON.h>" 'only src/task/ may include'
expect tests/unit/x.c "$inc <cjson/cJSON.h>" 'only src/task/ may include'
expect src/base/x.c "$inc <zlib.h>" 'only src/codec/ may include'
mkdir -p "$tree/src/codec"
printf '/* x */\n#include <zlib.h>\n' >"$tree/src/codec/zlib_x.c"
printf '/* x */\n#include <zlib.h>\n' >"$tree/src/codec/zlib_w.c"
expect src/codec/zlib_y.c "$inc <zlib.h>" 'files include zlib'
rm "$tree"/src/codec/zlib_[xw].c
expect stray.txt hello 'has no place at the top level'
expect src/base/x.c "/* x */$(printf '\\n%.0s' {1..500})" '501 lines, over 500'
expect src/base/x.c "/* x */\nint f(void)\n{$(printf '\\n\\tg();%.0s' {1..81})\n}" \
	'a function of 81 lines, over 80'
expect src/base/x.c 'int x;' 'does not begin with a comment'
expect src/base/x.c '/* x */\n/* TO''DO later */' 'unfinished'
expect scripts/x 'cd /wo''rk/main' 'a path of one machine'

scripts/check-layers "$tree" >/dev/null || fail "the copy was not restored"
echo "$count rules seen broken"
