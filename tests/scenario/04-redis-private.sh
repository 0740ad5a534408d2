#!/bin/bash
# scripts/redis-private itself: a server on a socket and no port, data that an
# append-only file keeps over a kill, and nothing left behind however a
# scenario ends.
set -eu
. scripts/redis-private

inner()
{
	status=0
	out=$(bash -eu -c ". scripts/redis-private
		$1" 2>&1) || status=$?
}

# gone DIR PID: neither is there any more.
gone()
{
	[ ! -e "$1" ] || fail "$1 stays behind"
	! kill -0 "$2" 2>/dev/null || fail "a server stays behind"
}

inner 'redis_start --appendonly yes
	redis LPUSH a 1 2 >/dev/null
	redis_stop
	redis_start --appendonly yes
	echo "$(redis LLEN a) $(redis CONFIG GET port | tail -n 1) $REDIS_URL"
	echo "$SCRATCH $(cat "$SCRATCH/redis/pid")"'
[ "$status" = 0 ] || fail "status $status: $out"
read -r length port url <<<"$out"
[ "$length" = 2 ] || fail "the list after a kill: $out"
[ "$port" = 0 ] || fail "it listens on port $port"
case $url in unix:///*/redis.sock) ;; *) fail "the URL: $url" ;; esac
# shellcheck disable=SC2046
gone $(tail -n 1 <<<"$out")

inner 'redis_start
	echo "$SCRATCH $(cat "$SCRATCH/redis/pid")"
	on_exit "echo last"
	on_exit "echo first"
	wait_for 0.2 false "the moon"
	echo never'
[ "$status" = 1 ] || fail "after a deadline: status $status"
case $out in
*"FAIL: not within 0.2 s: the moon"*first*last*) ;;
*) fail "after a deadline: $out" ;;
esac
# shellcheck disable=SC2046
gone $(head -n 1 <<<"$out")

inner 'redis_start_at "$SCRATCH/a"
	redis_start_at "$SCRATCH/b"
	redis-cli -s "$SCRATCH/a/redis.sock" SET x 1 >/dev/null
	redis_stop_at "$SCRATCH/a"
	[ -z "$(redis-cli -s "$SCRATCH/b/redis.sock" GET x)" ]
	skip "no reason"'
[ "$status" = 77 ] || fail "a skip: status $status: $out"

inner 'redis_start --no-such-option 1'
[ "$status" = 1 ] || fail "a wrong option: status $status"
case $out in *"did not start"*) ;; *) fail "a wrong option: $out" ;; esac
