#!/bin/bash
# cherry run and cherry push, as scripts use them.
set -eu
. scripts/redis-private
. tests/worker.sh

expect_status()
{
	local want=$1 got=0
	shift
	"$@" >"$SCRATCH/out" 2>"$SCRATCH/err" || got=$?
	[ "$got" = "$want" ] ||
		fail "$* ended with $got, not $want: $(cat "$SCRATCH/err")"
}

expect_output()
{
	case $(cat "$SCRATCH/$2") in
	$1) ;;
	*) fail "$2 is $(cat "$SCRATCH/$2"), not $1" ;;
	esac
}

# One task on the command line; from a file; from standard input.
expect_status 0 "$CHERRY" run echo '{"a":1}'
expect_output '*"result":{"a":1}*' out
echo '{"b":2}' >"$SCRATCH/args"
expect_status 0 "$CHERRY" run echo "@$SCRATCH/args"
expect_output '*"result":{"b":2}*' out
"$CHERRY" run echo - <"$SCRATCH/args" | grep -q '"result":{"b":2}' || fail "args from -"
expect_status 1 "$CHERRY" run diff '{}'
expect_output '*"code":"bad_args"*' out
expect_status 64 "$CHERRY" run echo '{'
expect_status 64 "$CHERRY" rum
expect_output '*did you mean run*' err
expect_status 64 "$CHERRY" help rum
expect_output '*did you mean run*' err
for command in push work 'dead drop'; do
	# shellcheck disable=SC2086
	expect_status 0 "$CHERRY" $command --help
	expect_output "usage: cherry ${command%% *}*" out
done
for args in '[1]' '"a"' 7; do
	expect_status 64 "$CHERRY" run echo "$args"
	expect_output '*takes an object*' err
done
expect_status 64 "$CHERRY" push -q '' echo
expect_status 64 "$CHERRY" push -q 'two words' echo
expect_status 64 "$CHERRY" push -q one -q two echo
expect_status 1 "$CHERRY" tasks dif
expect_output '*did you mean diff*' err
expect_status 0 "$CHERRY" tasks hello --json --set task:hello.command='echo hi'
expect_output '*"name":"hello"*"command":"echo hi","mode":"once"*' out
expect_status 0 "$CHERRY" tasks --set task:hello.command='echo hi'
expect_output '*diff	*hello	program: echo hi' out
status=0
"$CHERRY" help >/dev/full 2>"$SCRATCH/err" || status=$?
[ "$status" = 1 ] || fail "a full disk: status $status"
expect_output '*standard output: No space left*' err
expect_status 64 "$CHERRY" bench
expect_output '*not built yet*' err

# Lines in order, however long each takes.
for i in $(seq 500); do
	echo '{"task":"echo","id":'"$i"',"args":{"n":'"$i"'}}'
done | "$CHERRY" run >"$SCRATCH/lines"
grep -o '"id":[0-9]*' "$SCRATCH/lines" | cut -d: -f2 | cmp -s - <(seq 500) ||
	fail "replies are not in the order of the input"

# Files below the root, and nowhere else.
mkdir "$SCRATCH/root"
echo old >"$SCRATCH/root/old"
echo new >"$SCRATCH/root/new"
echo secret >"$SCRATCH/secret"
ln -s "$SCRATCH/secret" "$SCRATCH/root/link"
mkfifo "$SCRATCH/root/pipe"
task()
{
	printf '{"task":"diff","inputs":{"old":{"file":"%s"},"new":{"file":"new"}},"outputs":{"diff":{"file":"%s"}}}' "$1" "${2:-out}"
}
{
	task old
	echo
	for bad in ../secret /etc/passwd link pipe nowhere; do
		task "$bad"
		echo
	done
	task old ../escaped
} | "$CHERRY" run --root "$SCRATCH/root" >"$SCRATCH/files" || :
grep -c '"code":"refused"' "$SCRATCH/files" | grep -qx 5 || fail "$(cat "$SCRATCH/files")"
grep -c '"code":"not_found"' "$SCRATCH/files" | grep -qx 1 || fail "$(cat "$SCRATCH/files")"
grep -q '"file":"out","bytes":' "$SCRATCH/files" || fail "$(cat "$SCRATCH/files")"
grep -qx -- '+new' "$SCRATCH/root/out" || fail "the output file is wrong"
[ ! -e "$SCRATCH/escaped" ] || fail "an output escaped"

# Without Redis: said, with its own status.
expect_status 69 "$CHERRY" push --redis "unix://$SCRATCH/none" echo
redis_start
worker_start
export REDIS_URL
expect_status 0 "$CHERRY" push --wait=20 echo '{"c":3}'
expect_output '*"result":{"c":3}*' out
expect_output '*waited_ms*' out
expect_status 1 "$CHERRY" push --wait=20 diff '{}'
expect_status 0 "$CHERRY" push --reply-to r:mine echo '{"d":4}'
expect_reply r:mine '*"d":4*'
seq 300 | sed 's/.*/{"task":"echo","id":&}/' >"$SCRATCH/tasks"
"$CHERRY" push --lines --wait=30 <"$SCRATCH/tasks" >"$SCRATCH/out"
grep -c '"status":"ok"' "$SCRATCH/out" | grep -qx 300 || fail "not 300 replies"
grep -c '"waited_ms"' "$SCRATCH/out" | grep -qx 300 || fail "push --lines sets no sent_at"

# Lines: what they say at the top counts, not what stands in a text.
printf '%s\n' '{"task":"echo","args":{"t":"\"reply_to\""}}' '{}' '{"sent_at":1,"task":"echo"}' >"$SCRATCH/tasks"
expect_status 1 "$CHERRY" push --lines --wait=20 <"$SCRATCH/tasks"
grep -c '"status":"ok"' "$SCRATCH/out" | grep -qx 2 || fail "$(cat "$SCRATCH/out")"
for bad in 'no task' '{"task":"echo","reply_to":"r:own"}' '[1]' '{"task":'; do
	printf '%s\n' '{"task":"echo","reply_to_":1}' "$bad" '{"task":"echo"}' >"$SCRATCH/tasks"
	expect_status 64 "$CHERRY" push -q other --lines --wait=20 <"$SCRATCH/tasks"
	expect_output '*line 2: *1 tasks before it were pushed*' err
	[ "$(redis LLEN other)" = 1 ] || fail "other holds $(redis LRANGE other 0 -1)"
	redis DEL other >/dev/null
done
printf '%s\n' '{ "task":"echo" }' '{}' ' word ' '{"task":"echo","sent_at":2,"reply_to":"r:own"}' >"$SCRATCH/tasks"
expect_status 0 "$CHERRY" push -q other --lines --reply-to r:o <"$SCRATCH/tasks"
expect_output '*pushed 4 to other*' err
redis LRANGE other 0 -1 | sed 's/"sent_at":1[0-9.]*/"sent_at":NOW/' >"$SCRATCH/out"
[ "$(cat "$SCRATCH/out")" = '{"task":"echo","sent_at":2,"reply_to":"r:own"}
 word 
{"reply_to":"r:o","sent_at":NOW}
{"reply_to":"r:o","sent_at":NOW, "task":"echo" }' ] || fail "$(cat "$SCRATCH/out")"
redis DEL other >/dev/null
expect_status 0 "$CHERRY" push -q other --lines --set queue:other.payload=raw --set queue:other.task=echo <"$SCRATCH/tasks"
redis LRANGE other 0 -1 | tac | cmp -s - "$SCRATCH/tasks" || fail "a raw queue's words were changed"
redis DEL other >/dev/null
# Whoever waits may name the list, too.
expect_status 1 "$CHERRY" push -q other --wait=0.1 --reply-to r:named echo
expect_output '*0 of 1 replies*' err
redis RPOP other | grep -q '"reply_to":"r:named"' || fail "--wait does not take --reply-to"
printf '{"n":[1,2]}' >"$SCRATCH/bytes"
expect_status 0 "$CHERRY" push --wait=20 --input "input=@$SCRATCH/bytes" serialize '{"from":"json","to":"bencode"}'
expect_output '*"output":"d1:nli1ei2eee"*' out
head -c 100000 /dev/urandom >"$SCRATCH/bytes"
"$CHERRY" push --wait=20 --input "input=@$SCRATCH/bytes" serialize '{"from":"pickle","to":"json"}' >"$SCRATCH/out" || :
expect_output '*"code":"bad_input"*' out
worker_stop
