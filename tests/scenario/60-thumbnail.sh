#!/bin/bash
# thumbnail as producers see it: what a wrong argument is called, several sizes
# to files, limits in words, and a folder of pictures made to hurt: one executor
# takes them all, one after the other, and refuses what it refuses at once.
set -eu
. scripts/redis-private
pictures=$PWD/tests/oracle/thumbnail
[ -e "$(dirname "$CHERRY")/cherry-image.so" ] || skip "built without libvips"

# make FILE ARGS [MEMBERS]: the reply to one task, whatever its status.
make()
{
	printf '{"task":"thumbnail","args":%s,"inputs":{"image":{"file":"%s"}}%s}\n' \
		"$2" "$1" "${3:+,$3}" |
		"$CHERRY" run --root "${root:-$pictures}" --concurrency 1 ${options[@]+"${options[@]}"} || :
}

# expect PATTERN FILE ARGS [MEMBERS]
expect()
{
	local pattern=$1 answer
	shift
	answer=$(make "$@")
	case $answer in
	$pattern) ;;
	*) fail "$*: ${answer:0:600}, not $pattern" ;;
	esac
}

# field FIELD ARGS: the error names it.
field()
{
	expect '*"code":"bad_args"*"field":"'"$1"'"*' base.jpg "$2"
}

field args.width '{}'
field args.width '{"width":0}'
field args.width '{"width":"8"}'
field args.height '{"height":65501}'
field args.fit '{"width":8,"fit":"stretch"}'
field args.position '{"width":8,"position":"up"}'
field args.position '{"width":8,"position":[0.5,1.5]}'
field args.position '{"width":8,"position":"top bottom"}'
field args.format '{"width":8,"format":"bmp"}'
field args.qality '{"width":8,"qality":80}'
field args.quality '{"width":8,"quality":101}'
field args.effort '{"width":8,"effort":-1}'
field args.lossless '{"width":8,"lossless":1}'
field args.max_bytes '{"width":8,"max_bytes":0}'
field args.background '{"width":8,"background":"red"}'
field args.page '{"width":8,"page":-1}'
field args.page '{"width":8,"page":1,"animated":true}'
field 'args.keep\[0]' '{"width":8,"keep":["gps"]}'
field 'args.placeholder\[1]' '{"width":8,"placeholder":["color","x"]}'
field args.sizes '{"sizes":[]}'
field args.sizes '{"sizes":{"name":"a","width":3}}'
field 'args.sizes\[0]' '{"sizes":[3]}'
field 'args.sizes\[0].name' '{"sizes":[{"width":3}]}'
field 'args.sizes\[0].name' '{"sizes":[{"name":"","width":3}]}'
field 'args.sizes\[1].width' '{"sizes":[{"name":"a","width":3},{"name":"b"}]}'
field 'args.sizes\[1].name' '{"sizes":[{"name":"a","width":3},{"name":"a","width":4}]}'
field 'args.sizes\[0].image' '{"sizes":[{"name":"a","width":3,"image":"x"}]}'
many=$(for i in $(seq 200); do printf '{"name":"n%d","width":3},' "$i"; done)
field args.sizes '{"sizes":['"${many%,}"']}'
printf '{"task":"thumbnail","args":{"width":8}}\n' | "$CHERRY" run >"$SCRATCH/none" || :
grep -q '"field":"args.image"' "$SCRATCH/none" || fail "no image: $(cat "$SCRATCH/none")"

# Sizes: what each does not say comes from the call, an edge replaces both.
expect '*"images":\[{"name":"a","format":"png","width":30,"height":20,*{"name":"b","format":"png","width":14,"height":9,*{"name":"c","format":"webp","width":5,"height":3,*"source":{"format":"jpeg","width":480,"height":320,"pages":1,"orientation":1}*' \
	base.jpg '{"format":"png","height":9,"sizes":[{"name":"a","width":30},{"name":"b"},{"name":"c","format":"webp","width":5}]}'
# One picture is at the top too. `same` of what is not written is jpeg.
expect '*"images":\[{"name":"image",*}],"name":"image","format":"png","width":60,"height":40,*' alpha.png '{"width":60}'
expect '*"format":"jpeg","width":40,"height":27*"source":{"format":"heic"*' still.heic '{"width":40}'
expect '*"blurhash":"L*","thumbhash":"*","color":"#??????"*' base.jpg \
	'{"width":40,"placeholder":["blurhash","thumbhash","color"]}'
[[ $(make base.jpg '{"width":40}') != *hash* ]] || fail "a placeholder that nobody asked for"

# Outputs by name, to files: exactly the bytes that are told, of the format.
root=$SCRATCH/root
mkdir "$root"
cp "$pictures/base.jpg" "$root"
expect '*"name":"small",*"bytes":*"file":"s.webp"*"name":"large",*"file":"l.png"*' base.jpg \
	'{"sizes":[{"name":"small","width":32,"format":"webp"},{"name":"large","width":64,"format":"png"}]}' \
	'"outputs":{"small":{"file":"s.webp"},"large":{"file":"l.png"}}'
[ "$(head -c 4 "$root/s.webp")" = RIFF ] || fail "s.webp is no WebP"
[ "$(head -c 4 "$root/l.png" | tail -c 3)" = PNG ] || fail "l.png is no PNG"
expect '*"code":"bad_args"*"field":"outputs*' base.jpg '{"width":8}' '"outputs":{"other":{"file":"x"}}'
root=$pictures

# Limits say what was over what.
expect '*"code":"limit"*"width 60000 × height 60000 is over max_pixels 50000000"*"limit":"max_pixels","value":3600000000*' \
	bomb-60000.png '{"width":8}'
expect '*"limit":"max_output_edge","value":5000*' base.jpg '{"width":5000,"enlarge":true}'
expect '*"limit":"max_bytes"*' base.jpg '{"width":200,"max_bytes":50}'
expect '*"code":"unsupported"*"reason":"page"*' base.jpg '{"width":8,"page":7}'
options=(--set task:thumbnail.max_pixels=1000)
expect '*width 480 × height 320 is over max_pixels 1000*' base.jpg '{"width":8}'
options=(--set "task:thumbnail.loaders=png gif")
expect '*"code":"unsupported"*format jpeg*"reason":"loader"*' base.jpg '{"width":8}'
options=(--set "task:thumbnail.max_frames=2")
expect '*"code":"limit"*"limit":"max_frames"*' animated.gif '{"width":8,"animated":true}'
options=()

# An animation keeps its delays (100, 250 and 700 ms) and how often it runs: a
# GIF counts what follows the first time, a WebP all.
more=$PWD/tests/oracle/thumbnail-more
root=$SCRATCH/root
cp "$more"/delays.* "$root"
animate()
{
	expect '*"bytes":*"file":"a.out"*' "$1" '{"width":12,"animated":true,"format":"'"$2"'"}' \
		'"outputs":{"image":{"file":"a.out"}}'
	od -An -v -tx1 "$root/a.out" | tr -d ' \n'
}
animate delays.gif gif >"$SCRATCH/hex"
grep -Eq '21f904..0a00.*21f904..1900.*21f904..4600' "$SCRATCH/hex" || fail "delays: $(cat "$SCRATCH/hex")"
grep -q '4e45545343415045322e3003010300' "$SCRATCH/hex" || fail "runs: $(cat "$SCRATCH/hex")"
animate delays.webp gif >"$SCRATCH/hex"
grep -q '4e45545343415045322e3003010200' "$SCRATCH/hex" || fail "runs: $(cat "$SCRATCH/hex")"
animate delays.gif webp >"$SCRATCH/hex"
grep -Eq '414e494d06000000........0400' "$SCRATCH/hex" || fail "runs: $(cat "$SCRATCH/hex")"
root=$more
expect '*150 frames, over max_frames 100*"limit":"max_frames","value":150*' frames-150.gif '{"width":8,"animated":true}'
root=$pictures

# The whole folder through one executor, three times, a good one after each.
outcome()
{
	case $1 in
	"after "*) echo ok ;;
	bomb-* | header-65500.jpg) echo limit ;;
	huge-canvas.gif) echo "limit ok" ;;
	corrupt.png | truncated.jpg | empty.jpg) echo bad_input ;;
	html.jpg | *.svg | *.pdf) echo unsupported ;;
	*) echo ok ;;
	esac
}
for round in 1 2 3; do
	for path in "$pictures"/*; do
		name=${path##*/}
		case $name in *.md | *.json) continue ;; esac
		printf '{"task":"thumbnail","id":"%s","args":{"width":64},"inputs":{"image":{"file":"%s"}}}\n' "$name" "$name"
		printf '{"task":"thumbnail","id":"after %s","args":{"width":9},"inputs":{"image":{"file":"base.jpg"}}}\n' "$name"
	done
done >"$SCRATCH/lines"
"$CHERRY" run --root "$pictures" --concurrency 1 --verbose <"$SCRATCH/lines" \
	>"$SCRATCH/replies" 2>"$SCRATCH/log" || :
[ "$(wc -l <"$SCRATCH/replies")" = "$(wc -l <"$SCRATCH/lines")" ] || fail "not a reply each"
while read -r answer; do
	[[ $answer =~ \"id\":\"([^\"]*)\" ]] || fail "$answer"
	name=${BASH_REMATCH[1]}
	code=ok
	[[ ! $answer =~ \"code\":\"([a-z_]*)\" ]] || code=${BASH_REMATCH[1]}
	[[ " $(outcome "$name") " == *" $code "* ]] || fail "$name: $code: ${answer:0:400}"
	[[ $answer =~ \"ran_ms\":([0-9]*) ]] || fail "$name: no time: $answer"
	[ "$code" = ok ] || [ "${BASH_REMATCH[1]}" -lt 200 ] ||
		fail "$name was refused after ${BASH_REMATCH[1]} ms"
	[ "${BASH_REMATCH[1]}" -lt 2000 ] || fail "$name took ${BASH_REMATCH[1]} ms"
done < <(sed 's/"image_base64":"[^"]*"//g' "$SCRATCH/replies")
! grep -E 'crash|killed|signal' "$SCRATCH/log" || fail "an executor died"
