#!/bin/bash
# Programs word by word: what they are told, what they may take, and every way
# in which one that answers in lines can break its word. After each the worker
# goes on.
set -eu
. scripts/redis-private
. tests/worker.sh
command -v python3 >/dev/null || skip "no python3"
redis_start
# One that every user can run.
python=$([ -x /usr/bin/python3 ] && echo /usr/bin/python3 || command -v python3)
root=$([ "$(id -u)" = 0 ] && echo yes || echo)
cat >"$SCRATCH/conf" <<END
[cherry]
queues = tasks words bytes
concurrency = 2
[task:told]
command = $python -c 'import json, os, sys; print(json.dumps({"env": dict(os.environ), "stdin": sys.stdin.read(), "cwd": os.getcwd(), "nice": os.nice(0), "uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups(), "fds": sorted(int(f) for f in os.listdir("/proc/self/fd"))[:-1], "group": os.getpgrp() == os.getpid()}))'
result = json
directory = /tmp
nice = 5
${root:+user = nobody}
${root:+group = daemon}
[task:hungry]
command = $python -c 'bytearray(400 << 20)'
max_memory = 200M
retries = 0
[task:busy]
command = sh -c 'while :; do :; done'
max_cpu = 1
retries = 0
[task:alone]
command = sh -c 'mkdir $SCRATCH/lock || exit 9; sleep 0.2; rmdir $SCRATCH/lock'
processes = 1
retries = 0
[task:fails]
command = sh -c 'seq 2000 >&2; exit 75'
retries = 1
backoff = 10ms..20ms
[task:odd]
command = $python -S tests/tools/lines_odd.py
mode = lines
processes = 1
max_output = 1M
retries = 0
backoff = 10ms..20ms
[task:shout]
command = tr a-z A-Z
[queue:words]
payload = raw
task = shout
reply_to = r:words
[queue:bytes]
payload = raw
task = odd
reply_to = r:bytes
END
SECRET=hush CHERRY_REDIS_URL=$REDIS_URL LANG=C.UTF-8 worker_start -c "$SCRATCH/conf"

# What it is told. A check is Python over `reply` and its `result`.
check()
{
	reply "$1" >"$SCRATCH/reply"
	python3 - "$SCRATCH/reply" "$2" <<'END' || fail "$2: $(cat "$SCRATCH/reply")"
import json, sys, time
reply = json.load(open(sys.argv[1]))
result, error = reply.get("result"), reply.get("error")
assert eval(sys.argv[2]), result or error
END
}
push '{"task":"told","id":123456789012345678901234567890,"timeout":7.5,"args":{"a":[1.50,"é"]},"reply_to":"r:told"}'
check r:told 'result["stdin"] == "{\"a\":[1.50,\"é\"]}" and result["cwd"] == "/tmp" and result["nice"] == min(19, 5 + '"$(nice)"')'
python3 - "$SCRATCH/reply" "${root:-no}" <<'END' || fail "what it is told: $(cat "$SCRATCH/reply")"
import grp, json, pwd, sys, time
told = json.load(open(sys.argv[1]))["result"]
env = told["env"]
known = {"PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "HOME", "USER", "LOGNAME", "LC_CTYPE",
         "CHERRY_ID", "CHERRY_TASK", "CHERRY_ATTEMPT", "CHERRY_QUEUE", "CHERRY_DEADLINE"}
assert set(env) <= known, set(env) - known
assert env["CHERRY_ID"] == "123456789012345678901234567890", env
assert (env["CHERRY_TASK"], env["CHERRY_QUEUE"], env["CHERRY_ATTEMPT"]) == ("told", "tasks", "1"), env
assert "." in env["CHERRY_DEADLINE"] and 0 < float(env["CHERRY_DEADLINE"]) - time.time() < 7.5, env
assert told["fds"] == [0, 1, 2] and told["group"], told
if sys.argv[2] == "yes":
    nobody = pwd.getpwnam("nobody")
    assert told["uid"] == nobody.pw_uid and told["gid"] == grp.getgrnam("daemon").gr_gid, told
    assert 0 not in told["groups"] and env["USER"] == "nobody" and env["HOME"] == nobody.pw_dir, told
END
push '{"task":"told","id":"a \u00e9\n","args":{"input":"text"},"reply_to":"r:told"}'
check r:told 'result["stdin"] == "text" and result["env"]["CHERRY_ID"] == "a é\n"'

# What it may take.
push '{"task":"hungry","reply_to":"r:hungry"}'
check r:hungry 'error["code"] == "failed" and error["exit"] == 1 and "MemoryError" in error["stderr"]'
push '{"task":"busy","timeout":30,"reply_to":"r:busy"}'
for i in 1 2 3; do
	push '{"task":"alone","reply_to":"r:alone"}'
done
for i in 1 2 3; do
	check r:alone 'reply["status"] == "ok"'
done
check r:busy 'error["code"] == "failed" and error["signal"] == "SIGXCPU" and "processor time" in error["message"]'

# How it ends.
push '{"task":"fails","reply_to":"r:fails"}'
check r:fails 'error["exit"] == 75 and error["retryable"] and reply["attempt"] == 2 and len(error["stderr"]) == 4096 and error["stderr"].endswith("\n1999\n2000\n")'

# Raw queues: the element as it is; in lines as text or as base64.
redis LPUSH words '{"no":' >/dev/null
check r:words 'result["output"] == "{\"NO\":"'
redis LPUSH bytes 'plain "words"' >/dev/null
check r:bytes '"pid" in result'
printf 'x\377\0y' | redis -x LPUSH bytes >/dev/null
check r:bytes '"pid" in result'

# Lines: what breaks the contract, each with one clear error.
odd()
{
	push '{"task":"odd","timeout":10,"args":{"do":"'"$1"'"'"${3:-}"'},"reply_to":"r:odd"}'
	check r:odd "$2"
}
good()
{
	odd good 'reply["status"] == "ok" and reply["attempt"] == 1'
}
failed()
{
	odd "$1" 'error["code"] == "failed" and not error["retryable"] and "'"$2"'" in error["message"]'
	good
}
failed 'wrong id' 'a task that it does not have'
odd twice 'reply["status"] == "ok"'
good
failed binary 'no reply'
failed nul 'no reply'
failed half 'no reply'
failed array 'no reply: JSON: an array'
failed 'no status' 'no status'
failed 'no result' 'result is no object'
failed 'close output' 'closed its standard output'
odd long 'error["code"] == "limit" and error["limit"] == "max_output" and error["value"] == 1 << 20'
good
odd 'no newline' 'reply["status"] == "ok"'
good
odd progress 'reply["status"] == "ok"'
push '{"task":"odd","timeout":1,"args":{"do":"late"},"reply_to":"r:odd"}'
check r:odd 'error["code"] == "timeout"'
good
odd exit 'error["code"] == "crashed" and error["exit"] == 3 and error["poison"] and reply["attempt"] == 3' ',"status":3'
good
odd error 'error["code"] == "failed" and error["message"] == "why" and not error["retryable"]' ',"error":"why"'
odd error 'error["code"] == "bad_input" and error["reason"] == "r" and error["offset"] == 7' \
	',"error":{"message":"m","code":"bad_input","reason":"r","offset":7}'
odd error 'error["code"] == "failed" and error["retryable"]' ',"error":{"code":"timeout","retryable":true}'
push '{"task":"odd","id":7,"args":{"do":"echo","x":"é\n"},"reply_to":"r:odd"}'
check r:odd 'result["id"] != "7" and result["task"] == "odd" and result["args"] == {"do": "echo", "x": "é\n"} and result["attempt"] == 1 and set(result) == {"id", "task", "args", "attempt"}'
worker_stop
! pgrep -f "tests/tools/lines_od[d].py" >/dev/null || fail "a program outlives its worker"
