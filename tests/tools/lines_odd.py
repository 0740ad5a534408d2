"""A `lines` program that misbehaves as args.do says; anything else is answered
with the process id. See answers() for what there is."""
import json
import os
import sys
import time


def say(text, end="\n"):
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape") + end.encode())
    sys.stdout.flush()


def good(task):
    return json.dumps({"id": task["id"], "status": "ok", "result": {"pid": os.getpid()}})


def answer(task):
    do = task["args"].get("do")
    if do == "wrong id":
        say(json.dumps({"id": "999999", "status": "ok", "result": {}}))
    elif do == "twice":
        say(good(task) + "\n" + good(task))
    elif do == "no newline":
        say(good(task), end="")
        sys.exit(0)
    elif do == "binary":
        say("\udcff\udcfe\0\1")
    elif do == "nul":
        say(good(task)[:-1] + ',"x":"\0"}')
    elif do == "half":
        say(good(task)[:-5])
    elif do == "array":
        say("[1]")
    elif do == "no status":
        say(json.dumps({"id": task["id"], "result": {}}))
    elif do == "no result":
        say(json.dumps({"id": task["id"], "status": "ok"}))
    elif do == "long":
        say('{"id":"' + task["id"] + '","status":"ok","result":{"x":"' + "x" * 2000000 + '"}}')
    elif do == "late":
        time.sleep(30)
        say(good(task))
    elif do == "progress":
        say('{"id":"%s","progress":0.5}\n{"progress":"nobody\'s"}\n\n%s' % (task["id"], good(task)))
    elif do == "close output":
        os.close(1)
        time.sleep(30)
    elif do == "close input":
        os.close(0)
        time.sleep(30)
    elif do == "exit":
        sys.exit(task["args"].get("status", 0))
    elif do == "error":
        say(json.dumps({"id": task["id"], "status": "error", "error": task["args"]["error"]}))
    elif do == "echo":
        say(json.dumps({"id": task["id"], "status": "ok", "result": task}))
    else:
        say(good(task))


while True:
    line = sys.stdin.readline()
    if not line:
        break
    answer(json.loads(line))
