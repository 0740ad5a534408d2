#!/bin/bash
# Each example runs as its comment says; producers whose interpreter is here.
set -eu
. scripts/redis-private
. tests/worker.sh
redis_start
worker_start -c scripts/examples/examples.conf -q tasks
export REDIS_SOCKET

producer()
{
	local language=$1 got
	shift
	command -v "$1" >/dev/null || return 0
	got=$(timeout 60 "$@" "r:$language") || fail "$*: $got"
	case $got in
	*'"status":"ok","result":{"from":'*'"'$language'"}'*) ;;
	*) fail "$*: $got" ;;
	esac
}

cd scripts/examples/producers
producer bash bash push.sh
producer python python3 push.py
producer ruby ruby push.rb
producer node node push.js
producer php php push.php
producer go go run push.go
cd - >/dev/null

mkdir "$SCRATCH/data"
echo text >"$SCRATCH/data/file"
push '{"task":"backup","id":"b1","args":{"directory":"'"$SCRATCH"'/data"},"reply_to":"r:b"}'
expect_reply r:b '*"status":"ok","result":{"output":"10240\\n"}*'
push '{"task":"backup","args":{},"reply_to":"r:b2"}'
expect_reply r:b2 '*"code":"failed"*args.directory is missing*'
push '{"task":"backup","retries":0,"args":{"directory":"/nowhere/at/all"},"reply_to":"r:b3"}'
expect_reply r:b3 '*"code":"failed"*"exit":75*"retryable":true*'

if python3 -c 'import pygments' 2>/dev/null; then
	push '{"task":"highlight","args":{"code":"int x;","language":"c"},"reply_to":"r:h"}'
	expect_reply r:h '*"html": "<span class=\\"kt\\">int</span>*'
	push '{"task":"highlight","args":{"code":"x","language":"nonesuch"},"reply_to":"r:h2"}'
	expect_reply r:h2 '*"status":"error"*nonesuch*'
fi
worker_stop

worker_start -c scripts/examples/raw-queue.conf
redis LPUSH words 'how many words are these' >/dev/null
expect_reply counts '*"output":"5\\n"*'
worker_stop
