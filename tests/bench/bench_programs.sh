#!/bin/bash
# Programs as tasks, each beside its peer in the same run: `once` with /bin/true
# next to a bare fork + exec + wait loop, and to the loop of redis-cli and bash
# that cherry takes the place of; `lines` with an echo in C and one in Python.
# Two processes each; the peers are measured between them, and each figure is
# the best of three.
#
# Status 1 where a bar is missed.
set -eu
. scripts/redis-private
. tests/worker.sh
tools=${BUILD:-build}/tests
missed=0

cat >"$SCRATCH/conf" <<END
[cherry]
queues = tasks
concurrency = 2
[task:once]
command = /bin/true
processes = 2
[task:c]
command = $tools/lines_echo
mode = lines
processes = 2
[task:python]
command = python3 tests/tools/lines_echo.py
mode = lines
processes = 2
END

# rate COUNT: the tasks that wait in `tasks` are let go; how many a second until
# all replies are there. Nothing polls meanwhile: the last task's reply is in a
# list of its own, and hardly any is overtaken by it.
rate()
{
	local begin
	begin=$EPOCHREALTIME
	"$CHERRY" resume tasks --redis "$REDIS_URL" >/dev/null
	redis BLPOP last 120 >/dev/null
	wait_for 10 '[ "$(redis LLEN replies)" -ge '"$(($1 - 1))"' ]' 'all replies'
	awk -v n="$1" -v a="$begin" -v b="$EPOCHREALTIME" \
		'BEGIN { printf "%.0f\n", n / (b - a) }'
}

# task NAME LIST
task()
{
	printf '{"task":"%s","args":{"n":1},"reply_to":"%s"}\n' "$1" "$2"
}

# task_rate NAME COUNT
task_rate()
{
	redis DEL replies >/dev/null
	"$CHERRY" pause tasks --redis "$REDIS_URL" >/dev/null
	{
		yes "$(task "$1" replies)" | head -n $(($2 - 1))
		task "$1" last
	} | "$CHERRY" push -q tasks --lines --redis "$REDIS_URL" 2>/dev/null
	rate "$2"
}

# The talk's consumer: a loop that pops a task and gives it to a script, which
# answers.
cat >"$SCRATCH/script" <<'END'
/bin/true
redis-cli -s "$1" RPUSH replies ok >/dev/null
END

bash_rate()
{
	local task begin=$EPOCHREALTIME
	# shellcheck disable=SC2046
	redis LPUSH words $(seq "$1") >/dev/null
	for ((i = 0; i < $1; i++)); do
		task=$(redis BLPOP words 1 | tail -n 1)
		bash "$SCRATCH/script" "$REDIS_SOCKET" "$task"
	done
	awk -v n="$1" -v a="$begin" -v b="$EPOCHREALTIME" \
		'BEGIN { printf "%.0f\n", n / (b - a) }'
}

best()
{
	sort -n | tail -n 1
}

# verdict TEXT VALUE BAR NOTE
verdict()
{
	local miss=
	awk -v v="$2" -v b="$3" 'BEGIN { exit !(v < b) }' && miss=' MISSED'
	printf '%-34s %8s   bar %s   %s%s\n' "$1" "$2" "$3" "$4" "$miss"
	[ -z "$miss" ] || missed=1
}

ratio()
{
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

redis_start
worker_start -c "$SCRATCH/conf"
for name in c python once; do # each has started
	task_rate "$name" 100 >/dev/null
done
for turn in 1 2 3; do
	"$tools/fork_loop" 1000 /bin/true >>"$SCRATCH/bare"
	task_rate once 3000 >>"$SCRATCH/once"
	bash_rate 100 >>"$SCRATCH/bash"
	task_rate c 40000 >>"$SCRATCH/c"
	task_rate python 20000 >>"$SCRATCH/python"
done
worker_stop

for name in bare once bash c python; do
	declare "$name=$(best <"$SCRATCH/$name")"
done
verdict 'once, beside a bare loop' "$(ratio "$once" "$bare")" 0.7 \
	"$once/s, bare $bare/s"
verdict 'once, beside a loop in bash' "$(ratio "$once" "$bash")" 10 \
	"$once/s, bash $bash/s"
verdict 'lines in C, tasks a second' "$c" 20000 ''
verdict 'lines in Python, tasks a second' "$python" 8000 ''
exit $missed
