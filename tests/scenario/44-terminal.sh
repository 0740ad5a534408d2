#!/bin/bash
# What only a terminal sees: top, the bar of push --wait, and questions.
set -eu
. scripts/redis-private
. tests/worker.sh
command -v python3 >/dev/null || skip "no python3"
redis_start

# on_terminal ROWS COLUMNS ARGUMENT... with steps on standard input
on_terminal()
{
	local size="$1 $2"
	shift 2
	# shellcheck disable=SC2086
	python3 tests/tools/terminal.py $size "$CHERRY" "$@" --redis "$REDIS_URL" \
		>"$SCRATCH/screen" 2>"$SCRATCH/err" ||
		fail "cherry $*: $(cat "$SCRATCH/err"; cat -v "$SCRATCH/screen")"
}

cat >"$SCRATCH/conf" <<END
[task:sleep]
command = sleep 300
timeout = 300
processes = 4
[task:nap]
command = sleep 0.02
[task:fail]
command = false
retries = 0
END
worker_start -c "$SCRATCH/conf" --concurrency 4

# top: its keys, its order, its size.
for id in zebra yak xenops wombat; do
	push '{"task":"sleep","id":"'"$id"'","sent_at":1}'
	sleep 0.25 # so much younger
done
on_terminal 24 100 top <<'END'
wait q quits
wait by age
wait in/s
wait 4 tasks at work
first zebra wombat
send i
wait by id
first wombat zebra
send r
wait by id, reversed
first zebra wombat
send t
wait by task;
size
resize 12 30
size
wait cherry: 1 worker, 4 tasks
resize 7 100
size
resize 3 9
size
resize 24 100
wait zebra
send q
end 0
modes
END
grep -q $'\033\[?1049l' "$SCRATCH/screen" || fail "top leaves its screen behind"

# However it ends, the terminal is as it was.
on_terminal 24 80 top <<'END'
wait zebra
send \x03
end 0
modes
END
grep -q $'\033\[?25h' "$SCRATCH/screen" || fail "top leaves the cursor hidden"
on_terminal 24 80 top <<'END'
wait zebra
signal TERM
end 0
modes
END
on_terminal 24 80 top <<'END'
wait zebra
signal TSTP
stopped
modes
signal CONT
wait zebra
send q
end 0
modes
END

# More queues and tasks than lines: both are shown, cut.
many=$(for i in $(seq 40); do printf -- '-q queue%02d ' "$i"; done)
# shellcheck disable=SC2086
on_terminal 20 60 top $many <<'END'
wait queue01
wait zebra
size
send q
end 0
END
for id in zebra yak xenops wombat; do
	"$CHERRY" cancel "$id" --redis "$REDIS_URL" >/dev/null
done

# push: a bar with a rate and the time left; the replies stay whole lines.
for i in $(seq 100); do
	echo '{"task":"nap"}'
done >"$SCRATCH/naps"
wait_for 10 '! "$CHERRY" status --redis "$REDIS_URL" | grep -q "sleep.zebra"' 'the end of what sleeps'
python3 tests/tools/terminal.py 24 80 bash -c \
	"'$CHERRY' push --lines --wait=60 --redis '$REDIS_URL' <'$SCRATCH/naps' >'$SCRATCH/replies'" \
	>"$SCRATCH/screen" <<'END' || fail "$(cat -v "$SCRATCH/screen")"
waitfor /100, 
waitfor /s, 
waitfor s left
end 0
END
grep -qE '\[#+ +\] [0-9]+/100, [0-9]+/s, [0-9]+ s left' "$SCRATCH/screen" ||
	fail "the bar: $(cat -v "$SCRATCH/screen")"
grep -q '\[#*\] 100/100, ' "$SCRATCH/screen" || fail "the end of the bar: $(cat -v "$SCRATCH/screen")"
[ "$(grep -c '^{"id":.*}$' "$SCRATCH/replies")" = 100 ] || fail "replies: $(head -3 "$SCRATCH/replies")"
python3 tests/tools/terminal.py 24 200 bash -c \
	"'$CHERRY' push --lines --wait=60 --redis '$REDIS_URL' <'$SCRATCH/naps'" \
	>"$SCRATCH/screen" <<'END' || fail "$(cat -v "$SCRATCH/screen")"
end 0
END
tr '\r' '\n' <"$SCRATCH/screen" | grep -c $'^\\(\033\\[K\\)\\?{"id":.*}$' | grep -qx 100 ||
	fail "a bar among the replies: $(cat -v "$SCRATCH/screen")"
"$CHERRY" push --lines --wait=60 --redis "$REDIS_URL" <"$SCRATCH/naps" 2>"$SCRATCH/err" >/dev/null
[ ! -s "$SCRATCH/err" ] || fail "in a pipe it says: $(cat "$SCRATCH/err")"

# Questions: no, silence, yes; and none without a terminal.
dead()
{
	redis XLEN 'cherry:{tasks}:dead'
}
redis DEL 'cherry:{tasks}:dead' >/dev/null # the cancelled ones
push '{"task":"fail"}'
wait_for 10 '[ "$(dead)" = 1 ]' 'a dead task'
for answer in 'n\n' '\x04' '\n' 'yikes\n'; do
	on_terminal 24 80 dead drop --all <<END
wait [y/N]
send $answer
wait nothing was done
end 1
END
	[ "$(dead)" = 1 ] || fail "dropped after $answer"
done
"$CHERRY" dead drop --all --redis "$REDIS_URL" </dev/null >/dev/null 2>&1 &&
	fail "dropped without a question"
on_terminal 24 80 dead drop --all <<'END'
wait [y/N]
send y\n
wait 1 of tasks were dropped
end 0
END
[ "$(dead)" = 0 ] || fail "not dropped"

# A Redis that goes and comes back is waited for.
(
	wait_for 30 '[ -e "$SCRATCH/down" ]' 'the first picture'
	redis_stop
	wait_for 30 '[ -e "$SCRATCH/up" ]' 'the word that Redis is gone'
	redis_start
) &
on_terminal 24 80 top <<END
wait tasks
run touch $SCRATCH/down
wait does not answer
size
run touch $SCRATCH/up
wait q quits; by age
send q
end 0
modes
END
wait $!
! grep -q 'cherry: .*refuses\|cannot be reached' "$SCRATCH/screen" ||
	fail "what went wrong stands in the picture: $(cat -v "$SCRATCH/screen")"
worker_stop
