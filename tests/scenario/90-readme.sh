#!/bin/bash
# Every block of README that is a program is run as it stands there, against a
# worker started as README says.
set -eu
. scripts/redis-private
. tests/worker.sh
command -v redis-server >/dev/null || skip "no redis-server"
BUILD=${BUILD:-build}
[ "$BUILD" = build ] || sed_build="s|build/|$BUILD/|g"
"$CHERRY" work --with-redis="$SCRATCH/state" >"$SCRATCH/how" 2>"$SCRATCH/worker.log" &
worker=$!
on_exit "kill $worker; wait $worker"
wait_for 20 'grep -q REDIS_URL "$SCRATCH/how"' "how to reach it"
eval "$(grep '^export REDIS_URL' "$SCRATCH/how")"

# Cuts the blocks out: one file each, named by number and language.
awk -v dir="$SCRATCH" '
	/^```/ {
		if (file) { close(file); file = "" }
		else if (substr($0, 4) != "") file = sprintf("%s/block.%02d.%s", dir, ++n, substr($0, 4))
		next
	}
	file { print > file }
' README.md
count=0
for block in "$SCRATCH"/block.*; do
	[ -n "${sed_build:-}" ] && sed -i "$sed_build" "$block"
	case $block in
	*.bash) run="bash -eu $block" ;;
	*.python) command -v python3 >/dev/null || continue; run="python3 $block" ;;
	*.perl) command -v perl >/dev/null || continue; run="perl $block" ;;
	*.ini) run="$CHERRY config check -c $block" ;;
	*.console) continue ;; # the worker above
	*) fail "README has a block of an unknown kind: $block" ;;
	esac
	$run >"$SCRATCH/out" 2>"$SCRATCH/err" ||
		fail "$block: $(cat "$block" "$SCRATCH/err" "$SCRATCH/out")"
	! grep -q '"status":"error"' "$SCRATCH/out" ||
		fail "$block: $(cat "$SCRATCH/out")"
	cat "$SCRATCH/out" >>"$SCRATCH/all"
	count=$((count + 1))
done
[ "$count" -ge 7 ] || fail "only $count blocks ran"
for part in '"hello":"world"' '-two' 'a:3:{i:0;i:1;' '"id":7' 'three</ins>' \
	'lp0' '"format":"webp"' QUIET '"be": 2' 'drain_timeout = 8'; do
	grep -qF -- "$part" "$SCRATCH/all" || fail "no $part in $(cat "$SCRATCH/all")"
done
worker_stop
