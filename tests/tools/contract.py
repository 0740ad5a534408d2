"""Promises of the protocol, each checked from outside: tasks go in by LPUSH,
replies and keys are read as any client would. One line per promise that does
not hold, naming it; the last line counts.

	REDIS_SOCKET= SCRATCH= CHERRY= contract.py [WORD]	only promises with WORD
"""
import concurrent.futures
import fnmatch
import json
import os
import subprocess
import sys
import time

import contract_edges  # noqa: F401, keeps its promises
import contract_life  # noqa: F401
import contract_programs
import contract_queues
import contract_replies  # noqa: F401
import contract_serialize  # noqa: F401
import contract_tables
from contract_rig import (SCRATCH, Worker, Wrong, check, code_of, dead, new_key,
                          promises, push, redis, reply, same, wait_for, workers,
                          workers_stop)

MAIN = """
[cherry]
queues = tasks raw rawlost named
concurrency = 2
[queue:raw]
payload = raw
task = cat
reply_to = r:raw
[queue:rawlost]
payload = raw
task = temp
[queue:named]
task = echo
[task:cat]
command = /bin/cat
timeout = 10
max_timeout = 20
processes = 4
[task:nap]
command = /bin/sh -c 'read n; exec sleep "$n"'
processes = 16
retries = 0
[task:temp]
command = /bin/sh -c 'echo tried >&2; exit 75'
backoff = 0.05s..0.1s
processes = 4
[task:third]
command = /bin/sh -c 'test "$CHERRY_ATTEMPT" -ge 3 || exit 75; echo "$CHERRY_ATTEMPT"'
backoff = 0.05s..0.1s
processes = 4
[task:broken]
command = /bin/sh -c 'echo no >&2; exit 3'
processes = 4
[task:killer]
command = python3 -I %(dir)s/killer.py segv
mode = lines
backoff = 0.05s..0.1s
processes = 1
[task:mixed]
command = python3 -I %(dir)s/killer.py mixed
mode = lines
backoff = 0.05s..0.1s
processes = 1
[task:nap2]
command = /bin/sh -c 'read n; exec sleep "$n"'
backoff = 0.05s..0.1s
[task:short]
command = /bin/sleep 20
timeout = 0.2
[task:slowtemp]
command = /bin/sh -c 'exit 75'
backoff = 1s..1s
[task:show]
command = /usr/bin/env
processes = 4
[files]
input_root = %(dir)s/in
output_root = %(dir)s/out
"""


# A lines program that dies of what it reads; `mixed` dies twice, fails once.
KILLER = """
import json, os, signal, sys
for line in sys.stdin:
    task = json.loads(line)
    key = task["args"]["key"]
    path = os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), key)
    with open(path, "a") as file:
        file.write("x")
    runs = os.path.getsize(path)
    if sys.argv[1] == "segv":
        sys.stderr.write("last words")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGSEGV)
    elif runs < 3:
        os._exit(9)
    answer = {"id": task["id"], "status": "ok", "result": {"runs": runs}}
    if runs == 3:
        answer = {"id": task["id"], "status": "error",
                  "error": {"code": "failed", "message": "again", "retryable": True}}
    print(json.dumps(answer), flush=True)
"""


def prepare():
    for name, text in (("killer.py", KILLER), ("lines.py", contract_programs.LINES),
                       ("turned.py", contract_programs.TURNED), ("not-there", "#!/bin/sh\n")):
        with open(os.path.join(SCRATCH, name), "w") as file:
            file.write(text)
    os.chmod(SCRATCH + "/not-there", 0o755)
    os.makedirs(SCRATCH + "/in/sub")
    os.makedirs(SCRATCH + "/out/sub")
    os.makedirs(SCRATCH + "/elsewhere")
    for name, text in (("in/a.txt", "file a"), ("in/sub/b.txt", "file b"),
                       ("secret", "secret"), ("elsewhere/secret", "secret")):
        with open(os.path.join(SCRATCH, name), "w") as file:
            file.write(text)
    os.symlink("../secret", SCRATCH + "/in/link")
    os.symlink("../elsewhere", SCRATCH + "/in/out")
    os.symlink("../elsewhere", SCRATCH + "/out/out")
    os.symlink("../secret", SCRATCH + "/out/link")
    os.mkfifo(SCRATCH + "/in/pipe")
    for key, value in (("in:text", "text"), ("in:é\U0001f600/", "odd"),
                       ("in:empty", ""), ("in:binary", b"\x00\xff\xfe")):
        redis("SET", key, value)
    redis("RPUSH", "in:list", "x")


# --- Tables of tasks ------------------------------------------------------------------------


def at_path(value, path):
    for name in path.split("."):
        check(isinstance(value, dict) and name in value, "there is no", path)
        value = value[name]
    return value


def judge(answer, expected):
    if isinstance(expected, dict):
        for path, value in expected.items():
            got = at_path(answer, path)
            if isinstance(value, str) and "*" in value:
                check(fnmatch.fnmatch(got, value), path, "is", got)
            else:
                same(got, value, path)
        return
    code, _, field = expected.partition(" ")
    same(code_of(answer), code, "the code")
    if field:
        same(answer["error"].get("field"), field, "the field")
    if code == "ok":
        check(isinstance(answer["result"], dict), "result is no object")
    else:
        message = answer["error"].get("message")
        check(isinstance(message, str) and message, "no message")


def check_rows(rows):
    """All are pushed, then all replies read: failures as (sentence, why)."""
    keys, failures = [], []
    for what, text, expected in rows:
        keys.append(new_key())
        raw = text if isinstance(text, bytes) else text.encode()
        push(raw.replace(b"$R", keys[-1].encode()))
    for (what, text, expected), key in zip(rows, keys):
        if expected is None:
            continue
        try:
            judge(reply(key), expected)
        except (Wrong, ValueError, KeyError) as wrong:
            failures.append((what, str(wrong)))
    lost = [row for row in rows if row[2] is None]
    try:
        if lost:
            wait_for("each is in the dead stream", lambda: dead_has(lost))
    except Wrong as wrong:
        here = {entry["payload"] for entry in dead("tasks")}
        failures += [(what, "is not in the dead stream") for what, text, _ in lost
                     if text not in here] or [("bad_json", str(wrong))]
    return failures


def dead_has(rows):
    here = {entry["payload"]: entry for entry in dead("tasks")}
    return all(text in here and json.loads(here[text]["error"])["code"] == "bad_json"
               for _, text, _ in rows)


SMALL = """
[task:broken]
command = /bin/sh -c 'echo no >&2; exit 3'
[task:temp]
command = /bin/sh -c 'exit 75'
backoff = 0.05s..0.1s
[task:patient]
command = /bin/sh -c 'exit 75'
backoff = 100s..100s
processes = 4
[task:nap]
command = /bin/sh -c 'read n; exec sleep "$n"'
retries = 0
processes = 1
[cherry]
concurrency = 1
"""

WORKERS = [("main", MAIN + contract_programs.CONFIG.replace("%%", "%")), ("alone", SMALL + "queues = alone lateq counted single spread\n")]


# --- Running them ----------------------------------------------------------------------------


def run_one(item):
    text, function = item
    start = time.monotonic()
    try:
        function()
        return text, None, time.monotonic() - start
    except Exception as wrong:  # whatever it is, the promise does not hold
        kind = "" if isinstance(wrong, Wrong) else type(wrong).__name__ + " "
        return text, (kind + str(wrong))[:1500], time.monotonic() - start


def workers_end():
    """All that live have to end well; none has said that it is broken."""
    failures = []
    alive = [worker for worker in workers if worker.process.poll() is None]
    for worker in alive:
        worker.process.terminate()
    for worker in workers:
        try:
            status = worker.process.wait(20)
        except subprocess.TimeoutExpired:
            status = "not at all"
        if status not in ((0,) if worker in alive else (0, 78, -9)):
            failures.append(("a worker lives, and ends well", "%s ended with %s: %s" % (
                worker.name, status, worker.tail())))
        with open(worker.log.name, "rb") as file:
            text = file.read()
        if b"Sanitizer" in text or b"runtime error" in text or b"code=internal" in text:
            failures.append(("a worker has no bug", worker.name + ": " + worker.tail()))
    return failures


def main(words):
    prepare()
    for name, config in WORKERS:
        Worker(config.replace("%(dir)s", SCRATCH), name)
    wanted = [p for p in promises if all(w in p[0] for w in words)]
    count, failures = len(wanted), []
    for table in contract_tables.ROWS:
        rows = [row for row in table() if all(w in row[0] for w in words)]
        count += len(rows)
        failures += check_rows(rows)
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        for text, wrong, seconds in pool.map(run_one, wanted):
            if wrong:
                failures.append((text, wrong))
            if os.environ.get("VERBOSE"):
                print("%5.1f s %s" % (seconds, text))
    count += 1
    failures += [(text, wrong) for text, wrong, _ in
                 [run_one(("keys: each of cherry's is in the table", contract_queues.known_keys))] if wrong]
    failures += workers_end()
    for text, wrong in failures:
        print("BROKEN %s: %s" % (text, wrong))
    print("%d promises, %d broken" % (count, len(failures)))
    return 1 if failures or not count else 0


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
    finally:
        workers_stop()
    sys.exit(status)
