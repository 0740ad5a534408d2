# Sourced by scenarios about workers, after scripts/redis-private.
#
#	worker_start [OPTION...]	cherry work on $REDIS_URL; $worker, and its
#					log in $SCRATCH/worker.log
#	worker_stop			TERM, and the status must be 0
#	push JSON [QUEUE]		LPUSH
#	reply KEY			waits up to 20 s, prints the reply
#	expect_reply KEY PATTERN	the reply must match a shell pattern
#	executor_pids			of the worker's executors, one a line

worker_start()
{
	"$CHERRY" work --redis "$REDIS_URL" "$@" 2>>"$SCRATCH/worker.log" &
	worker=$!
	on_exit "kill -CONT $worker; kill $worker; wait $worker"
}

worker_stop()
{
	local status=0
	kill -TERM "$worker"
	wait "$worker" || status=$?
	[ "$status" = 0 ] ||
		fail "the worker ended with $status: $(tail -n 5 "$SCRATCH/worker.log")"
}

push()
{
	redis LPUSH "${2:-tasks}" "$1" >/dev/null
}

reply()
{
	local answer
	answer=$(redis BLPOP "$1" 20 | tail -n +2)
	[ -n "$answer" ] ||
		fail "no reply in $1: $(tail -n 5 "$SCRATCH/worker.log")"
	printf '%s\n' "$answer"
}

expect_reply()
{
	local answer
	answer=$(reply "$1") || exit 1
	case $answer in
	$2) ;;
	*) fail "reply $1 is $answer, not $2" ;;
	esac
}

executor_pids()
{
	pgrep -P "$worker" || :
}
