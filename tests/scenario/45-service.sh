#!/bin/bash
# As a service: what is told to the service manager and when, and the unit as
# systemd's own tools see it; the filter of the unit is tried for real.
set -eu
. scripts/redis-private
. tests/worker.sh
command -v python3 >/dev/null || skip "no python3"

# --- The protocol of sd_notify -------------------------------------------------
redis_start
cat >"$SCRATCH/conf" <<END
[cherry]
drain_timeout = 20
[task:wait]
command = sleep 1
END

listen() # SOCKET
{
	python3 tests/tools/notify_listen.py "$1" "$SCRATCH/notes" &
	listener=$!
	on_exit "kill $listener"
	wait_for 10 'grep -qs listening "$SCRATCH/notes"' 'a listener'
}

told()
{
	wait_for 10 "grep -qE -- '$1' \"\$SCRATCH/notes\"" "the word $1 to the service manager"
}

for socket in "$SCRATCH/notify" "@cherry-test-$$"; do
	rm -f "$SCRATCH/notes"
	listen "$socket"
	export NOTIFY_SOCKET=$socket WATCHDOG_USEC=400000
	worker_start -c "$SCRATCH/conf"
	unset NOTIFY_SOCKET WATCHDOG_USEC
	told $'\tREADY=1$'
	wait_for 10 '[ "$(grep -c WATCHDOG=1 "$SCRATCH/notes")" -ge 5 ]' 'five signs of life'
	told 'WATCHDOG=1 STATUS=claiming, 0 running'
	kill -USR1 "$worker"
	told 'STATUS=quiet'
	kill -USR2 "$worker"
	kill -HUP "$worker"
	told $'\tRELOADING=1 MONOTONIC_USEC=[0-9]{7,}$'
	wait_for 10 '[ "$(grep -c READY=1 "$SCRATCH/notes")" = 2 ]' 'ready after the reload'
	push '{"task":"wait","reply_to":"r:wait"}'
	told 'STATUS=claiming, 1 running'
	kill "$worker"
	told $'\tSTOPPING=1 EXTEND_TIMEOUT_USEC=25000000$'
	told 'WATCHDOG=1 STATUS=draining, 1 running'
	wait "$worker" || fail "the worker ended with $?"
	expect_reply r:wait '*"status":"ok"*'
	kill "$listener"
done
# Half the interval, as a rule: a busy machine may be late once or twice.
awk -F'\t' '/WATCHDOG=1/ { if (last) print $1 - last; last = $1 }' "$SCRATCH/notes" | sort -n |
	awk '{ gap[NR] = $1 } END { m = gap[int((NR + 1) / 2)]; exit !(m > 0.15 && m < 0.35) }' ||
	fail "signs of life: $(grep WATCHDOG "$SCRATCH/notes")"

# A watchdog that is meant for another process is not fed at its pace.
rm -f "$SCRATCH/notes"
listen "$SCRATCH/other"
NOTIFY_SOCKET=$SCRATCH/other WATCHDOG_USEC=400000 WATCHDOG_PID=1 worker_start -c "$SCRATCH/conf"
told READY=1
sleep 0.7
[ "$(grep -c WATCHDOG=1 "$SCRATCH/notes")" -le 1 ] || fail "another's watchdog is fed"
worker_stop

# --- The unit -------------------------------------------------------------------
unit=packaging/systemd/cherry.service
if command -v systemd-analyze >/dev/null; then
	mkdir "$SCRATCH/units"
	sed "s,/usr/local/bin/cherry,$(realpath "$CHERRY")," "$unit" >"$SCRATCH/units/cherry.service"
	systemd-analyze verify --man=no "$SCRATCH/units/cherry.service" >"$SCRATCH/out" 2>&1 ||
		fail "systemd-analyze verify: $(cat "$SCRATCH/out")"
	[ ! -s "$SCRATCH/out" ] || fail "systemd-analyze verify: $(cat "$SCRATCH/out")"
	systemd-analyze security --offline=yes --no-pager "$SCRATCH/units/cherry.service" \
		>"$SCRATCH/out" 2>/dev/null || :
	score=$(sed -n 's/.*exposure level for cherry.service: \([0-9.]*\).*/\1/p' "$SCRATCH/out")
	stated=$(sed -n 's/.*(systemd 252) is \([0-9.]*[0-9]\).*/\1/p' "$unit")
	case $(systemd-analyze --version) in
	'systemd 252'*) [ "$score" = "$stated" ] || fail "the unit states $stated, and has $score" ;;
	esac
	awk -v s="$score" 'BEGIN { exit !(s != "" && s < 3) }' || fail "the score is $score"

	# Under its system calls, without rights, with the sandbox required. (A
	# sanitizer's leak check is no part of it: it needs ptrace.)
	export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
	tools=$(dirname "$CHERRY")/tests
	python3 tests/tools/syscall_names.py "$unit" >"$SCRATCH/names" || fail "the unit's filter"
	confined()
	{
		local lower=()
		[ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null ||
			lower=(setpriv --no-new-privs --bounding-set=-all --inh-caps=-all)
		"${lower[@]}" "$tools/syscall_filter" "$@" <"$SCRATCH/names"
	}
	confined "$CHERRY" run --set cherry.sandbox=require echo '{"a":1}' >"$SCRATCH/out" 2>&1 ||
		fail "under the unit's filter: $(cat "$SCRATCH/out")"
	if [ -f "$(dirname "$CHERRY")/cherry-image.so" ]; then
		confined "$CHERRY" run --set cherry.sandbox=require thumbnail '{"width":16}' \
			--input image=@tests/oracle/thumbnail/base.jpg >"$SCRATCH/out" 2>&1 ||
			fail "a picture under the unit's filter: $(cat "$SCRATCH/out")"
	fi
	confined "$CHERRY" run --set task:hello.command='sh -c "id -u; ls / | wc -l"' hello \
		>"$SCRATCH/out" 2>&1 || fail "a program under the unit's filter: $(cat "$SCRATCH/out")"
fi

# The user and the directories.
if command -v systemd-sysusers >/dev/null && [ "$(id -u)" = 0 ]; then
	mkdir -p "$SCRATCH/root/etc"
	systemd-sysusers --root="$SCRATCH/root" "$PWD/packaging/systemd/cherry.sysusers" >/dev/null
	grep -q '^cherry:' "$SCRATCH/root/etc/passwd" || fail "no user cherry is made"
	systemd-tmpfiles --root="$SCRATCH/root" --create "$PWD/packaging/systemd/cherry.tmpfiles"
	[ "$(stat -c %a "$SCRATCH/root/var/lib/cherry")" = 700 ] || fail "the state's directory"
fi
