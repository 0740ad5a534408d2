"""Promises about programs as tasks."""
import json
import os
import re
import time

from contract_rig import (SCRATCH, ask, check, code_of, new_key, promise, push, redis,
                          reply, same, wait_for)

# A lines program: what it does stands in args.do.
LINES = r"""
import json, os, sys, threading, time
lock = threading.Lock()
def say(value):
    with lock:
        sys.stdout.write(value if isinstance(value, str) else json.dumps(value) + "\n")
        sys.stdout.flush()
def ok(task, result):
    say({"id": task["id"], "status": "ok", "result": result})
for line in sys.stdin:
    task = json.loads(line)
    args = task["args"]
    do = args.get("do", "ok")
    if do == "ok":
        ok(task, {"task": task})
    elif do == "raw":
        say(args["text"].replace("ID", json.dumps(task["id"])) + "\n")
    elif do == "progress":
        say({"id": task["id"], "progress": 0.5})
        ok(task, {})
    elif do == "exit":
        sys.stderr.write("good bye\n")
        sys.stderr.flush()
        os._exit(args["status"])
    elif do == "sleep":
        time.sleep(args["for"])
        ok(task, {})
"""

# Answers what it finds waiting the last first.
TURNED = r"""
import json, os
rest = b""
while True:
    rest += os.read(0, 1 << 20)
    lines, rest = rest.split(b"\n")[:-1], rest.split(b"\n")[-1]
    for line in lines[::-1]:
        task = json.loads(line)
        os.write(1, json.dumps({"id": task["id"], "status": "ok", "result": task["args"]}).encode() + b"\n")
"""

CONFIG = """
[task:lines]
command = python3 -I %(dir)s/lines.py
mode = lines
processes = 2
backoff = 0.05s..0.1s
retries = 0
[task:turned]
command = python3 -I %(dir)s/turned.py
mode = lines
processes = 1
[task:json]
command = /bin/sh -c 'read -r x; printf %%s "$x"'
result = json
[task:words]
command = /usr/bin/printf '%%s|' 'a b' "c'd" e\\ f '$HOME' '*' ''
[task:loud]
command = /bin/sh -c 'head -c 20000 /dev/zero | tr "\\0" e >&2; printf "\\377end" >&2; exit 1'
[task:big]
command = /bin/sh -c 'yes | head -c 100000'
max_output = 1000
[task:endless]
command = /usr/bin/yes
max_output = 1000
retries = 0
[task:deaf]
command = /bin/true
[task:binary]
command = /bin/sh -c 'printf "\\377\\376"'
[task:byterm]
command = /bin/sh -c 'kill -ABRT $$'
[task:missing]
command = %(dir)s/not-there
retries = 0
[task:family]
command = /bin/sh -c 'read f; sleep 50 & echo $! >"$f"; setsid sleep 50 & echo $! >>"$f"; wait'
retries = 0
"""


@promise("once: standard input is input if given, else args as JSON")
def once_input():
    args = '{"a":[1, 2.50,"\\u00e9"],"b":{}}'
    got = ask('{"task":"cat","args":%s,"reply_to":"$R"}' % args)
    same(json.loads(got["result"]["output"]), json.loads(args))
    same(ask({"task": "cat"})["result"]["output"].strip(), "{}")
    same(ask({"task": "cat", "args": {"input": "text"}})["result"]["output"], "text")
    same(ask({"task": "cat", "args": {"input_base64": "AAE="}})["result"].get("output"), "\0\1")
    got = ask('{"task":"cat","args":{"a":1,"a":2},"reply_to":"$R"}')
    same(code_of(got), "bad_args", "an argument given twice, " + str(got))


@promise("once: a megabyte goes through, and one that nobody reads does not hang")
def once_big():
    text = "0123456789abcde\n" * 65536
    got = ask({"task": "cat", "args": {"input": text}})
    check(got["result"]["output"] == text, "another output")
    same(code_of(ask({"task": "deaf", "args": {"input": text}})), "ok")


@promise("once: command is split into words as a shell does, without expansion")
def words():
    same(ask({"task": "words"})["result"]["output"], "a b|c'd|e f|$HOME|*||")


@promise("once: result = json: the output is the result, always an object")
def once_json():
    def of(text):
        return ask({"task": "json", "retries": 0, "args": {"input": text}})

    same(of('{"a":[1,null]}')["result"], {"a": [1, None]})
    for text in ("{", "", '{"a":1}x', '{"a":\\ud800}', "x"):
        same(of(text)["status"], "error", repr(text))
    for text in ("[1]", "1", "null", '"x"'):
        got = of(text)
        check(got["status"] == "error" or isinstance(got["result"], dict), got)


@promise("once: output that is not UTF-8 comes as output_base64")
def once_binary():
    same(ask({"task": "binary"})["result"]["output_base64"], "//4=")


@promise("once: a failure has stderr, the last 4 kB, as UTF-8")
def once_stderr():
    got = ask({"task": "loud", "retries": 0})
    text = got["error"]["stderr"]
    same([code_of(got), got["error"]["exit"]], ["failed", 1])
    check(text.endswith("end") and "eeee" in text, repr(text[-30:]))
    check(3500 <= len(text.encode()) <= 4100, "stderr of", len(text.encode()))


@promise("once: an end by a signal is an error that has it")
def once_signal():
    got = ask({"task": "byterm", "retries": 0})
    check(code_of(got) in ("failed", "crashed"), got)
    check("6" in str(got["error"]["signal"]) or "ABRT" in str(got["error"]["signal"]), got)


@promise("once: output over max_output is limit and ends the program")
def once_limit():
    for name in "big", "endless":
        got = ask({"task": name})
        same(code_of(got), "limit")
        check("limit" in got["error"] and "value" in got["error"], got)


@promise("once: a program that is gone is one clear error, and the worker goes on")
def once_missing():
    os.unlink(SCRATCH + "/not-there")
    got = ask({"task": "missing"})
    same(got["status"], "error")
    check(got["error"]["message"], got)


@promise("once: the whole process group is killed at the deadline, grandchildren too")
def family():
    path = os.path.join(SCRATCH, new_key("family"))
    got = ask({"task": "family", "args": {"input": path + "\n"}, "timeout": 0.5})
    same(code_of(got), "timeout")

    def gone(pid):
        try:
            with open("/proc/%s/stat" % pid) as file:
                return re.search(r"\) Z", file.read())
        except FileNotFoundError:
            return True

    with open(path) as file:
        pids = file.read().split()
    same(len(pids), 2)
    wait_for("the end of both", lambda: all(gone(pid) for pid in pids))


@promise("lines: one task a line, with an id that cherry made; the producer's comes back")
def lines():
    got = ask('{"task":"lines","id":123456789012345678901234567890,"args":{"x":[1]},"reply_to":"$R"}')
    check(got["status"] == "ok", got)
    seen = got["result"]["task"]
    same([set(seen) >= {"id", "task", "args", "attempt"}, isinstance(seen["id"], str)], [True, True])
    same([seen["task"], seen["args"], seen["attempt"]], ["lines", {"x": [1]}, 1])
    same(got["id"], 123456789012345678901234567890)
    check("123456789012345678901234567890" not in seen["id"], seen)
    got = ask({"task": "lines", "id": "x\ny", "args": {"t": "a\nb\u2028"}})
    same([got["id"], got["result"]["task"]["args"]], ["x\ny", {"t": "a\nb\u2028"}])


@promise("lines: replies in any order")
def lines_order():
    key = new_key()
    for i in range(300):
        push({"task": "turned", "id": i, "args": {"n": i}, "reply_to": key})
    got = [reply(key) for _ in range(300)]
    same(sorted(r["id"] for r in got), list(range(300)))
    same([r["id"] for r in got], [r["result"]["n"] for r in got])


@promise("lines: progress is accepted and ignored")
def lines_progress():
    same(code_of(ask({"task": "lines", "args": {"do": "progress"}})), "ok")


@promise("lines: an error of the program is the task's")
def lines_error():
    def of(text):
        return ask({"task": "lines", "args": {"do": "raw", "text": text}}, seconds=30)

    got = of('{"id":ID,"status":"error","error":{"code":"failed","message":"no"}}')
    same([code_of(got), got["error"]["message"]], ["failed", "no"])
    got = of('{"id":ID,"status":"error","error":{"message":"only"}}')
    same(got["error"]["message"], "only")
    for text in ('{"id":ID,"status":"ok","result":[1]}', '{"id":ID,"status":"ok"}', '{"id":ID}',
                 '{"id":ID,"status":"maybe","result":{}}', "x", '{"id":ID,"status":"ok","result":{}',
                 '{"id":ID,"status":"ok","result":{"a":1,"a":2}}', '{"id":ID,"status":"error"}'):
        got = of(text)
        check(got["status"] == "error" or isinstance(got["result"], dict), text, got)
    same(code_of(ask({"task": "lines"})), "ok")


@promise("lines, once with json: outputs.output takes the bytes of the result's output")
def lines_outputs():
    for name, do in ("lines", {"do": "raw"}), ("json", {}):
        def of(result, outputs):
            text = '{"id":ID,"status":"ok","result":%s}' % result if name == "lines" else result
            args = dict(do, text=text) if name == "lines" else {"input": text}
            return ask({"task": name, "retries": 0, "args": args, "outputs": outputs})

        key = new_key("out")
        got = of('{"n":1,"output":"h\\u00e9","m":[ 2 ]}', {"output": {"key": key}})
        same(got["result"], {"n": 1, "output": {"key": key, "bytes": 3}, "m": [2]})
        same(redis("GET", key), "hé".encode())
        got = of('{"output_base64":"AP8="}', {"output": {"file": "lo." + name}})
        same(got["result"], {"output": {"file": "lo." + name, "bytes": 2}})
        same(open(SCRATCH + "/out/lo." + name, "rb").read(), b"\x00\xff")
        key = new_key("out")
        for result, outputs in (('{"n":1}', {"output": {"key": key}}), ('{"output":1}', {"output": {"key": key}}),
                                ('{"output":"x"}', {"nope": {"key": key}})):
            got = of(result, outputs)
            same([code_of(got), got["error"]["field"]], ["bad_args", "outputs." + list(outputs)[0]])
        same(code_of(of('{"output_base64":"*"}', {"output": {"key": key}})), "failed")
        same(redis("EXISTS", key), 0)


@promise("lines: a program that dies: its task is tried again, and three times are crashed, with exit")
def lines_dies():
    got = ask({"task": "lines", "args": {"do": "exit", "status": 7}}, seconds=30)
    same([code_of(got), got["error"].get("exit"), got["error"].get("poison")], ["crashed", 7, True])
    check("good bye" in got["error"].get("stderr", ""), got)
    same(code_of(ask({"task": "lines"})), "ok")


@promise("lines: killed at the deadline, cancelled while it runs; others' tasks are answered all the same")
def lines_deadline():
    key = new_key()
    for i in range(4):
        push({"task": "lines", "id": i, "args": {"do": "ok"}, "reply_to": key})
    got = ask({"task": "lines", "args": {"do": "sleep", "for": 30}, "timeout": 0.3})
    same(code_of(got), "timeout")
    same(sorted(reply(key)["id"] for _ in range(4)), [0, 1, 2, 3])
    mark = new_key("lc")
    key = new_key()
    push({"task": "lines", "id": mark, "args": {"do": "sleep", "for": 30}, "reply_to": key})
    time.sleep(0.3)
    redis("ZADD", "cherry:{tasks}:cancelled", 0, mark)
    same(code_of(reply(key)), "cancelled")
