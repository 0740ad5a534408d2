#!/bin/bash
# make install into an empty DESTDIR: everything is there, runs from there, and
# says its own place; man pages and completions are right.
set -eu
. scripts/redis-private
. tests/worker.sh
to=$SCRATCH/dest
DESTDIR=$to PREFIX=/usr BUILD=${BUILD:-build} scripts/install-files >/dev/null
for file in bin/cherry share/man/man1/cherry.1 share/man/man5/cherry.conf.5 \
	share/man/man7/cherry-protocol.7 share/bash-completion/completions/cherry \
	share/zsh/site-functions/_cherry share/fish/vendor_completions.d/cherry.fish \
	lib/systemd/system/cherry.service lib/sysusers.d/cherry.conf \
	lib/tmpfiles.d/cherry.conf share/cherry/cherry.conf share/cherry/supervisor.conf; do
	[ -s "$to/usr/$file" ] || fail "$file is not installed"
done
! grep -rq '/usr/local/bin/cherry' "$to/usr/lib" "$to/usr/share" ||
	fail "a file names the default prefix: $(grep -rl /usr/local/bin/cherry "$to/usr")"
! grep -rqx '@[A-Z]*@' "$to/usr/share/man" || fail "a list is missing in a page"

# It works from there, pictures too where they are built.
CHERRY=$to/usr/bin/cherry
redis_start
worker_start
push '{"task":"echo","args":{"a":1},"reply_to":"r:1"}'
expect_reply r:1 '*"status":"ok"*'
if [ -f "$to/usr/lib/cherry/cherry-image.so" ]; then
	"$CHERRY" run thumbnail '{"width":16}' --input image=@tests/oracle/thumbnail/base.jpg |
		grep -q '"status":"ok"' || fail "no thumbnail from the installed binary"
fi
worker_stop
"$CHERRY" config check -c "$to/usr/share/cherry/cherry.conf" >/dev/null ||
	fail "the installed configuration is wrong"

# Each option and setting stands in the manual.
"$CHERRY" config show | sed -n 's/^\([a-z_]*\) = .*/\1/p' | while read -r key; do
	grep -q "^.It Ic $key" "$to/usr/share/man/man5/cherry.conf.5" ||
		fail "cherry.conf(5) lacks $key"
done
if command -v mandoc >/dev/null; then
	mandoc -T lint -W warning "$to"/usr/share/man/man?/* >"$SCRATCH/lint" ||
		fail "$(head "$SCRATCH/lint")"
fi

# Completions do complete.
bash_completes()
{
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		_cherry; echo "${COMPREPLY[*]}"' bash \
		"$to/usr/share/bash-completion/completions/cherry" "$@"
}
[ "$(bash_completes cherry wo)" = work ] || fail "bash: $(bash_completes cherry wo)"
[ "$(bash_completes cherry push --wa)" = --wait= ] || fail "bash: $(bash_completes cherry push --wa)"
[ "$(bash_completes cherry dead dr)" = drop ] || fail "bash: $(bash_completes cherry dead dr)"
[ "$(bash_completes cherry run thu)" = thumbnail ] || fail "bash: $(bash_completes cherry run thu)"
if command -v zsh >/dev/null; then
	zsh -n "$to/usr/share/zsh/site-functions/_cherry" || fail "zsh does not read it"
fi
if command -v fish >/dev/null; then
	got=$(HOME=$SCRATCH fish -c "source $to/usr/share/fish/vendor_completions.d/cherry.fish
		complete -C 'cherry push --wa'")
	case $got in
	--wait*) ;;
	*) fail "fish: $got" ;;
	esac
fi
