#!/bin/bash
# scripts/install-packages, on a machine that is made up: dpkg-query, apt-get
# and id are stubs, so nothing is ever installed.
set -eu
. scripts/redis-private

export LOG=$SCRATCH/log MISSING="" POLICY_RC_D=$SCRATCH/policy-rc.d USER_ID=1000
stubs=$SCRATCH/stubs
mkdir "$stubs"
cat >"$stubs/dpkg-query" <<'STUB'
#!/bin/bash
name=${*: -1}
case " $MISSING " in *" $name "*) exit 1 ;; esac
printf installed
STUB
cat >"$stubs/apt-get" <<'STUB'
#!/bin/bash
printf '%s %s policy=%s\n' "$DEBIAN_FRONTEND" "$*" \
	"$([ -x "$POLICY_RC_D" ] && echo there)" >>"$LOG"
exit "${APT_STATUS:-0}"
STUB
cat >"$stubs/id" <<'STUB'
#!/bin/bash
echo "$USER_ID"
STUB
chmod +x "$stubs"/*

install()
{
	: >"$LOG"
	status=0
	out=$(PATH=$stubs:$PATH scripts/install-packages "$@" 2>&1) || status=$?
}

install
[ "$status" = 0 ] || fail "nothing missing: status $status"
[ -z "$out$(cat "$LOG")" ] || fail "nothing missing, but: $out $(cat "$LOG")"

MISSING="libev-dev libseccomp-dev"
install
[ "$status" = 1 ] || fail "without root: status $status"
[ ! -s "$LOG" ] || fail "without root apt-get was called"
case $out in
*"apt-get install -y --no-install-recommends libev-dev libseccomp-dev"*) ;;
*) fail "without root the command is not told: $out" ;;
esac

install --dry-run
[ "$status" = 0 ] && [ ! -s "$LOG" ] || fail "a dry run did something"

USER_ID=0
install
[ "$status" = 0 ] || fail "as root: status $status: $out"
[ "$(cat "$LOG")" = "noninteractive update -q policy=there
noninteractive install -y -q --no-install-recommends libev-dev libseccomp-dev policy=there" ] ||
	fail "as root: $(cat "$LOG")"
case $out in
*"installing what is missing: libev-dev libseccomp-dev"*) ;;
*) fail "it does not say what it does: $out" ;;
esac
[ ! -e "$POLICY_RC_D" ] || fail "the policy file stays behind"

export APT_STATUS=100
install
[ "$status" = 100 ] || fail "a failure of apt-get: status $status"
[ ! -e "$POLICY_RC_D" ] || fail "the policy file stays after a failure"
unset APT_STATUS

echo mine >"$POLICY_RC_D"
install
[ "$(cat "$POLICY_RC_D")" = mine ] || fail "somebody's policy file was touched"
