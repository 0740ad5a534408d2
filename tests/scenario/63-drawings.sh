#!/bin/bash
# SVG and PDF, where the configuration allows them: drawn inside the sandbox, at
# the size that is wanted; what wants fonts is refused in words, not drawn with
# boxes; what refers to files or runs scripts does neither; bombs are errors. All
# by one executor, which takes a good picture after each.
set -eu
. scripts/redis-private
pictures=$PWD/tests/oracle/thumbnail
[ -e "$(dirname "$CHERRY")/cherry-image.so" ] || skip "built without libvips"
options=(--root "$pictures" --concurrency 1 --set "task:thumbnail.loaders=jpeg png svg pdf")

# What the text of a task's `image` may be, for FILE or for `svg BODY`.
file()
{
	printf '"inputs":{"image":{"file":"%s"}}' "$1"
}
base64_input()
{
	printf '"inputs":{"image":{"base64":"%s"}}' "$(base64 -w 0)"
}

patterns=()
# expect PATTERN WISH [ARGUMENTS]: WISH is one of the above, or an SVG's text.
expect()
{
	local args='"width":60,"format":"png"' input=$2
	[ $# -lt 3 ] || args=$3
	case $input in
	'"inputs"'*) printf '{"task":"thumbnail","retries":0,"args":{%s},%s}\n' "$args" "$input" ;;
	*)
		input=${input//\"/\\\"}
		printf '{"task":"thumbnail","retries":0,"args":{%s,"image":"%s"}}\n' "$args" "$input"
		;;
	esac >>"$SCRATCH/tasks"
	printf '{"task":"thumbnail","args":{"width":9},"inputs":{"image":{"file":"base.jpg"}}}\n' >>"$SCRATCH/tasks"
	patterns+=("$1" '*"status":"ok"*"width":9,"height":6,*')
}

svg='<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
ok='*"status":"ok"*'
expect '*"status":"ok"*"width":60,"height":40,*"source":{"format":"svg","width":480,"height":320,*' "$(file plain.svg)"
expect '*"status":"ok"*"width":60,"height":40,*"source":{"format":"pdf","width":480,"height":320,"pages":1,*' "$(file one-page.pdf)"
# Refers to a file and to a URL: neither is there.
expect '*"status":"ok"*"width":60,"height":40,*' "$(file external.svg)"
expect '*"code":"bad_input"*"reason":"corrupt"*' "$(file laughs.svg)"
expect "$ok" "$svg width=\"20\" height=\"10\"><script>while(1){}</script><rect onload=\"while(1){}\" width=\"9\" height=\"9\"/></svg>"
expect '*"code":"bad_input"*' "<!DOCTYPE svg [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>$svg width=\"9\" height=\"9\"><desc>&x;</desc></svg>"
expect '*"code":"limit"*"limit":"max_edge"*' "$svg width=\"1000000\" height=\"1000000\"/>"
expect '*"code":"limit"*"limit":"max_pixels"*' "$svg width=\"60000\" height=\"60000\"/>"
expect '*"code":"bad_input"*' "$svg width=\"0\" height=\"0\"/>"
expect '*"code":"bad_input"*' "$svg width=\"20\" height=\"10\"><rect wid"
# Bombs that take years to draw are over after a second of work: elements used by
# elements, dashes, filters, masks. And what librsvg would die of.
bomb='*"code":"limit"*processor time*"limit":"drawing_time"*"attempt":1,*'
uses='<g id="a0"><rect width="1" height="1"/></g>'
masks='<mask id="m0"><rect width="400" height="300" fill="white"/></mask>'
for ((i = 1; i < 9; i++)); do
	use="<use xlink:href=\"#a$((i - 1))\"/>"
	uses+="<g id=\"a$i\">$use$use$use$use$use$use$use$use$use$use</g>"
	masked="<rect width=\"400\" height=\"300\" mask=\"url(#m$((i - 1)))\"/>"
	masks+="<mask id=\"m$i\">$masked$masked$masked$masked$masked$masked</mask>"
done
many=$(printf '%400s' '')
expect "$bomb" "$svg width=\"90\" height=\"30\"><defs>$uses</defs><use xlink:href=\"#a8\"/></svg>"
expect "$bomb" "$svg width=\"400\" height=\"300\">$masks<rect width=\"400\" height=\"300\" mask=\"url(#m8)\"/></svg>" '"width":400'
expect "$bomb" "$svg width=\"400\" height=\"300\"><g stroke=\"red\" stroke-dasharray=\"0.01\">${many// /<path d=\"M0 0L400 300\"/>}</g></svg>" '"width":400'
expect "$bomb" "$svg width=\"400\" height=\"300\"><filter id=\"f\"><feTurbulence baseFrequency=\"0.9\" numOctaves=\"100000\"/></filter><rect width=\"400\" height=\"300\" filter=\"url(#f)\"/></svg>" '"width":400'
matrix='<filter id="f"><feConvolveMatrix order='
expect '*"code":"unsupported"*"reason":"filter"*' "$svg width=\"9\" height=\"9\">$matrix\"21\"/></filter></svg>"
expect '*"code":"unsupported"*"reason":"filter"*' "$svg width=\"9\" height=\"9\">$matrix\"3 1e3\"/></filter></svg>"
expect "$ok" "$svg width=\"9\" height=\"9\">$matrix\"20,3\"/></filter></svg>"
expect '*"code":"limit"*"limit":"elements"*"value":150002*' "$( (printf '%s>' "$svg"; yes '<g/>' | head -n 150001; echo '</svg>') | base64_input)"
# Fonts.
fonts=${#patterns[@]}
expect '*"code":"unsupported"*has text*"reason":"text"*' "$svg width=\"90\" height=\"30\"><text y=\"20\">A</text></svg>"
expect '*"code":"unsupported"*font that is not embedded*"reason":"font"*' "$(base64_input <<'PDF'
%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 90 30]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 30>>stream
BT /F 20 Tf 5 5 Td (AB) Tj ET 
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
PDF
)"
expect '*"code":"bad_input"*' "$(printf '%%PDF-1.4\nnothing' | base64_input)"
expect '*"code":"unsupported"*"reason":"page"*' "$(file one-page.pdf)" '"width":9,"page":1'
# Drawn larger, not enlarged: the edge of a square is one pixel wide.
expect '*"width":1000,"height":1000,*"bytes":'[0-9][0-9][0-9][0-9]',*' \
	"$svg width=\"10\" height=\"10\"><rect x=\"1\" y=\"1\" width=\"8\" height=\"8\"/></svg>" \
	'"width":1000,"enlarge":true,"format":"png"'

"$CHERRY" run "${options[@]}" --verbose <"$SCRATCH/tasks" >"$SCRATCH/replies" 2>"$SCRATCH/log" || :
if grep -q 'this build reads no' "$SCRATCH/replies"; then
	skip "libvips without librsvg or poppler"
fi
# With sanitizers the sandbox is none that would keep fonts out.
if grep -q 'a build with sanitizers' "$SCRATCH/log"; then
	patterns[fonts]=$ok patterns[fonts + 2]=$ok
fi
i=0
while read -r answer; do
	answer=$(sed 's/"image_base64":"[^"]*"/"image_base64":"..."/g' <<<"$answer")
	case $answer in
	${patterns[i]}) ;;
	*) fail "task $i: ${answer:0:500}, not ${patterns[i]}" ;;
	esac
	[[ $answer =~ \"ran_ms\":([0-9]*) ]]
	# The watch counts work, not the time that others take.
	[[ $answer == *'"limit":"drawing_time"'* ]] || [ "${BASH_REMATCH[1]}" -lt 2000 ] || fail "task $i took ${BASH_REMATCH[1]} ms"
	i=$((i + 1))
done <"$SCRATCH/replies"
[ "$i" = "${#patterns[@]}" ] || fail "$i replies to ${#patterns[@]} tasks"
! grep -E 'crash|killed|signal' "$SCRATCH/log" || fail "an executor died"

# Not without being allowed, and with text where there is no sandbox.
printf '{"task":"thumbnail","args":{"width":9},"inputs":{"image":{"file":"plain.svg"}}}\n' |
	"$CHERRY" run --root "$pictures" >"$SCRATCH/refused" || :
grep -q '"code":"unsupported".*setting loaders.*"reason":"loader"' "$SCRATCH/refused" || fail "$(cat "$SCRATCH/refused")"
printf '{"task":"thumbnail","args":{"width":9,"image":"%s width=\\"90\\" height=\\"30\\"><text y=\\"20\\">A</text></svg>"}}\n' "${svg//\"/\\\"}" |
	"$CHERRY" run "${options[@]}" --set cherry.sandbox=off >"$SCRATCH/drawn" || :
grep -q '"status":"ok"' "$SCRATCH/drawn" || fail "$(cat "$SCRATCH/drawn")"
