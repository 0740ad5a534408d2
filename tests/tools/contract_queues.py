"""Promises about queues: order, delivery, limits, keys, what operators read."""
import json
import os
import re
import time

from contract_rig import (SCRATCH, Worker, ask, check, code_of, dead, new_key, promise,
                          push, redis, reply, reply_raw, same, stat, wait_for)


def queue(kind="q"):
    return new_key(kind).replace(":", "")


def serve(queues, more="", **options):
    """A worker of its own with one executor."""
    return Worker("[cherry]\nqueues = %s\nconcurrency = 1\n%s\n" % (queues, more), **options)


def ids(key, count):
    return [reply(key)["id"] for _ in range(count)]


def echo(i, key):
    return json.dumps({"task": "echo", "id": i, "reply_to": key})


# --- Order -------------------------------------------------------------------------------------


def order_of(command, config, count=50):
    name, key = queue(), new_key()
    redis(command, name, *[echo(i, key) for i in range(count)])
    serve(name, config.replace("Q", name))
    got = ids(key, count)
    return "fifo" if got == list(range(count)) else (
        "lifo" if got == list(range(count))[::-1] else got)


@promise("order: LPUSH with pop = right is first in, first out")
def fifo():
    same(order_of("LPUSH", ""), "fifo")


@promise("order: RPUSH with pop = right is last in, first out")
def rpush():
    same(order_of("RPUSH", ""), "lifo")


@promise("order: pop = left is first in, first out for RPUSH, last in, first out for LPUSH")
def left():
    same(order_of("RPUSH", "[queue:Q]\npop = left"), "fifo")
    same(order_of("LPUSH", "[queue:Q]\npop = left"), "lifo")


@promise("order: the same at most once")
def at_most_once_order():
    once = "[queue:Q]\ndelivery = at-most-once\n"
    same(order_of("LPUSH", once), "fifo")
    same(order_of("RPUSH", once + "pop = left"), "fifo")
    same(order_of("LPUSH", once + "pop = left"), "lifo")


@promise("order: queues are served in strict order of the configuration")
def strict():
    for once in "", "\n[queue:%s]\ndelivery = at-most-once":
        a, b, c, key = queue(), queue(), queue(), new_key()
        for i, name in enumerate((c, b, a, c, b, a)):
            redis("LPUSH", name, *[echo(name, key) for _ in range(10)])
        serve(" ".join((b, c, a)), "".join(once % name for name in (a, b, c)) if once else "")
        same(ids(key, 60), [b] * 20 + [c] * 20 + [a] * 20, once)


@promise("order: a task that arrives while the worker is idle starts at once, whatever its queue")
def idle():
    a, b, c = queue(), queue(), queue()
    serve(" ".join((a, b, c)))
    for name in (c, a, b, c):
        time.sleep(0.15)
        start = time.monotonic()
        ask({"task": "echo"}, name)
        check(time.monotonic() - start < 0.5, "took", time.monotonic() - start)


@promise("order: an at-most-once worker's queues all pop on one side, else exit 78")
def sides():
    a, b = queue(), queue()
    worker = serve(a + " " + b, "[queue:%s]\ndelivery = at-most-once\npop = left\n"
                   "[queue:%s]\ndelivery = at-most-once\n" % (a, b), wait=False)
    same(worker.process.wait(10), 78, "exit status")


# --- Delivery ---------------------------------------------------------------------------------------


@promise("LPUSH of 10,000 tasks in one command: each is answered once")
def many():
    name, key = queue(), new_key()
    worker = serve(name)
    same(redis("LPUSH", name, *[echo(i, key) for i in range(10000)]), 10000)
    wait_for("all replies", lambda: redis("LLEN", key) >= 10000, 60)
    got = [json.loads(raw)["id"] for raw in redis("LRANGE", key, 0, -1)]
    same(sorted(got), list(range(10000)))
    same(got[:200], list(range(200)), "the first replies")
    wait_for("they are counted", lambda: stat(name, "ok") == 10000)
    same(redis("EXISTS", name, "cherry:{%s}:later" % name), 0)
    worker.stop()


@promise("two workers of one queue: each task is answered once, both work")
def two_workers():
    name, key = queue(), new_key()
    serve(name), serve(name)
    for start in range(0, 2000, 100):
        redis("LPUSH", name, *[echo(i, key) for i in range(start, start + 100)])
    wait_for("all replies", lambda: redis("LLEN", key) >= 2000, 30)
    time.sleep(0.1)
    got = [json.loads(raw) for raw in redis("LRANGE", key, 0, -1)]
    same(sorted(r["id"] for r in got), list(range(2000)))
    check(len({r["worker"] for r in got}) == 2, "one worker did all")


NAP = "[task:nap]\ncommand = /bin/sh -c 'read n; exec sleep \"$n\"'\nprocesses = 4\nretries = 0\n"


@promise("at least once: a task is in owned, as pushed, while it runs, and nowhere after its reply")
def owned():
    name, key = queue(), new_key()
    serve(name, NAP)
    text = b'{"task":"nap", "args":{"input":"0.5"},"x_":"\\u0041", "reply_to":"%s"}' % key.encode()
    push(text, name)
    found = wait_for("the owned hash", lambda: redis("KEYS", "cherry:{%s}:owned:*" % name))
    same(len(found), 1)
    record = redis("HVALS", found[0])
    same(len(record), 1)
    check(record[0].endswith(text), record)
    worker = reply(key)["worker"]
    same(found[0].decode(), "cherry:{%s}:owned:%s" % (name, worker))
    wait_for("nothing is owned", lambda: not redis("KEYS", "cherry:{%s}:owned:*" % name))
    same(redis("KEYS", "cherry:{%s}:inbox:*" % name), [])


@promise("at least once: a worker that dies loses nothing: its tasks run elsewhere within 15 s, uncounted")
def recovery():
    name, key = queue(), new_key()
    first = serve(name, NAP)
    push({"task": "echo", "delay": 5, "id": 9, "reply_to": key}, name)
    wait_for("it waits", lambda: redis("ZCARD", "cherry:{%s}:later" % name))
    for i in range(3):
        push({"task": "nap", "args": {"input": "1"}, "id": i, "reply_to": key}, name)
    wait_for("they are owned", lambda: any(redis("HLEN", k) == 3 for k in redis("KEYS", "cherry:{%s}:owned:*" % name)))
    first.stop("KILL")
    died = time.monotonic()
    second = serve(name, NAP)
    got = [reply(key, 30) for _ in range(4)]
    check(time.monotonic() - died < 17, "took", time.monotonic() - died)
    same([sorted(r["id"] for r in got), {code_of(r) for r in got}, {r["attempt"] for r in got}],
         [[0, 1, 2, 9], {"ok"}, {1}])
    wait_for("recovered is counted", lambda: stat(name, "recovered") == 3)
    same(redis("LLEN", key), 0, "more replies")
    second.stop()


@promise("at most once: a task is answered; failures, retries, times, locks and cancels as else")
def at_most_once():
    name = queue()
    serve(name, NAP + """[queue:%s]
delivery = at-most-once
[task:third]
command = /bin/sh -c 'test "$CHERRY_ATTEMPT" -ge 3 || exit 75; echo "$CHERRY_ATTEMPT"'
backoff = 0.05s..0.1s
""" % name)
    same(code_of(ask({"task": "echo"}, name)), "ok")
    same(code_of(ask({"task": "nope"}, name)), "unknown_task")
    got = ask({"task": "third"}, name)
    same([code_of(got), got["attempt"]], ["ok", 3], "retries")
    start = time.monotonic()
    same(code_of(ask({"task": "echo", "delay": 0.5}, name)), "ok")
    check(0.49 < time.monotonic() - start < 3, "delay", time.monotonic() - start)
    same(code_of(ask({"task": "echo", "expires": 1}, name)), "expired")
    same(code_of(ask({"task": "nap", "args": {"input": "9"}, "timeout": 0.1}, name)), "timeout")
    key, u = new_key(), new_key("u")
    push({"task": "nap", "args": {"input": "0.5"}, "unique": u, "reply_to": key}, name)
    same(code_of(ask({"task": "echo", "unique": u}, name)), "duplicate")
    same(code_of(reply(key)), "ok")
    same(code_of(ask({"task": "echo", "unique": u}, name)), "ok")
    push({"task": "echo", "delay": 0.5, "unique": u, "reply_to": key}, name)
    same(code_of(ask({"task": "echo", "unique": u}, name)), "duplicate")
    same(code_of(reply(key)), "ok")
    redis("ZADD", "cherry:{%s}:cancelled" % name, int(time.time() * 1000), "c1")
    same(code_of(ask({"task": "echo", "id": "c1", "delay": 0.1}, name)), "cancelled")
    push("x", name)
    wait_for("bad_json", lambda: [e for e in dead(name) if e["payload"] == b"x"])
    same(redis("KEYS", "cherry:{%s}:owned:*" % name), [])
    wait_for("counted", lambda: stat(name, "ok") == 6 and stat(name, "duplicate") == 2)


@promise("TERM: what runs ends and is answered, what waits stays; status 0; the worker is signed out")
def drain():
    name, key = queue(), new_key()
    worker = serve(name, NAP.replace("processes = 4", "processes = 1"))
    push({"task": "nap", "args": {"input": "1"}, "reply_to": key}, name)
    wait_for("it runs", lambda: redis("KEYS", "cherry:{%s}:owned:*" % name))
    text = [b'{"task":"nap","args":{"input":"0"},"id":%d}' % i for i in range(5)]
    for one in text:
        push(one, name)
    time.sleep(0.2)
    same(worker.stop(), 0, "exit status")
    same(code_of(reply(key)), "ok")
    same(redis("LRANGE", name, 0, -1), text[::-1], "what waits, in its order")
    same(redis("ZRANGE", "cherry:{%s}:workers" % name, 0, -1), [])
    same(redis("KEYS", "cherry:{%s}:owned:*" % name) + redis("KEYS", "cherry:{%s}:inbox:*" % name), [])


@promise("TERM: what cannot end in time goes back to the consuming end, uncounted")
def drain_late():
    name, key = queue(), new_key()
    worker = serve(name, "drain_timeout = 0.3\n" + NAP)
    text = b'{"task":"nap","args":{"input":"1.5"},"reply_to":"%s"}' % key.encode()
    push(text, name)
    wait_for("it runs", lambda: redis("KEYS", "cherry:{%s}:owned:*" % name))
    push("x", queue())
    time.sleep(0.1)
    same(worker.stop(), 0, "exit status")
    same(redis("LRANGE", name, 0, -1), [text])
    serve(name, NAP)
    same(reply(key)["attempt"], 1)


@promise("TERM: whichever side is popped and however delivered, what did not end lies in its order")
def drain_sides():
    for once in "at-least-once", "at-most-once":
        for side in "right", "left":
            name = queue()
            more = "[queue:%s]\npop = %s\ndelivery = %s\n" % (name, side, once)
            worker = serve(name, "drain_timeout = 0.2\n" + NAP.replace("= 4", "= 3") + more)
            text = [b'{"task":"nap","args":{"input":"9"},"id":%d}' % i for i in range(6)]
            redis("LPUSH" if side == "right" else "RPUSH", name, *text)
            wait_for("one is taken", lambda: redis("LLEN", name) < 6)
            time.sleep(0.3)
            same(worker.stop(), 0, "exit status")
            same(redis("LRANGE", name, 0, -1), text[::-1] if side == "right" else text, once + " " + side)


@promise("a second TERM puts back what runs at once")
def drain_twice():
    name = queue()
    worker = serve(name, NAP)
    text = b'{"task":"nap","args":{"input":"9"}}'
    push(text, name)
    wait_for("it runs", lambda: redis("KEYS", "cherry:{%s}:owned:*" % name))
    start = time.monotonic()
    worker.process.terminate()
    time.sleep(0.2)
    same(worker.stop(), 0, "exit status")
    check(time.monotonic() - start < 3, "took", time.monotonic() - start)
    same(redis("LRANGE", name, 0, -1), [text])


# --- Raw queues, queues with a task ---------------------------------------------------------------------


@promise("payload = raw: the whole element is the input, nothing is parsed; reply_to of the queue")
def raw():
    for text in (b"x", b'{"task":"echo","reply_to":"r:no"}', b"\x00\xff", b"", b"a\nb\n", b"\x01x"):
        push(text, "raw")
        got = json.loads(reply_raw("r:raw"))
        same([got["status"], got["task"]], ["ok", "cat"])
        result = got["result"]
        same(result.get("output", "").encode() if "output" in result else
             __import__("base64").b64decode(result["output_base64"]), text)
    same(redis("EXISTS", "r:no"), 0)


@promise("payload = raw: a failure that nobody is told of is in the dead stream, with the element")
def raw_dead():
    push(b"\xfe lost", "rawlost")
    entry = wait_for("the entry", lambda: dead("rawlost"))[0]
    same([entry["payload"], entry["task"], json.loads(entry["error"])["code"], entry["attempts"]],
         [b"\xfe lost", b"temp", "failed", b"3"])


@promise("task: not required where the queue's configuration names one")
def named():
    same(ask("{\"reply_to\":\"$R\"}", "named")["task"], "echo")
    same(ask({"task": "cat", "args": {"input": "a"}}, "named")["task"], "cat")


# --- Limits ---------------------------------------------------------------------------------------------------


@promise("max_payload: a task of just that size is taken, a byte more is limit, told at reply_to")
def payload():
    name = queue()
    serve(name, "max_payload = 1M\n")
    for size in (1048575, 1048576, 1048577, 1048576 * 3):
        key = new_key()
        head = b'{"task":"echo","reply_to":"%s","x_":"' % key.encode()
        push(head + b"x" * (size - len(head) - 2) + b'"}', name)
        if size <= 1048576:
            same(code_of(reply(key)), "ok", str(size))
            continue
        error = reply(key)["error"]
        same([error["code"], error["limit"], error["value"]], ["limit", "max_payload", size])
    same(code_of(ask({"task": "echo"}, name)), "ok")


@promise("max_reply: a reply over the configured cap becomes error limit, with id and context")
def reply_cap():
    name = queue()
    serve(name, "max_reply = 4096\n")
    same(code_of(ask({"task": "echo", "args": {"a": "x" * 3000}}, name)), "ok")
    got = ask({"task": "echo", "id": "i", "args": {"a": "x" * 5000}}, name)
    same([code_of(got), got["id"]], ["limit", "i"])
    check("limit" in got["error"] and "value" in got["error"], got)
    got = ask({"task": "echo", "id": "i", "context": "c" * 5000}, name)
    same(code_of(got), "limit")


@promise("reply_prefix, input_prefix, output_prefix narrow the keys further")
def prefixes():
    name = queue()
    serve(name, "reply_prefix = r:\ninput_prefix = in:\noutput_prefix = out:\n")
    same(code_of(ask({"task": "echo"}, name)), "ok")
    push({"task": "echo", "reply_to": "other:1"}, name)
    entry = wait_for("the entry", lambda: dead(name))[0]
    same(json.loads(entry["error"])["code"], "refused")
    same(redis("EXISTS", "other:1"), 0)
    task = {"task": "serialize", "args": {"to": "json"}}
    redis("SET", "inx", "1")
    same(code_of(ask(dict(task, inputs={"input": {"key": "inx"}}), name)), "refused")
    same(code_of(ask(dict(task, inputs={"input": {"key": "in:x"}}), name)), "not_found")
    task = {"task": "serialize", "args": {"to": "json", "value": 1}}
    same(code_of(ask(dict(task, outputs={"output": {"key": "xout:1"}}), name)), "refused")
    same(code_of(ask(dict(task, outputs={"output": {"key": "out:p"}}), name)), "ok")


@promise("reply_ttl: default and ceiling come from the configuration")
def ttl_config():
    name, key = queue(), new_key()
    serve(name, "reply_ttl = 77\nmax_reply_ttl = 100\n")
    push({"task": "echo", "reply_to": key}, name)
    wait_for("the reply", lambda: redis("LLEN", key))
    check(70 <= redis("TTL", key) <= 77, redis("TTL", key))
    for ttl in 101, 10 ** 9, 10 ** 18:
        key = new_key()
        push({"task": "echo", "reply_ttl": ttl, "reply_to": key}, name)
        wait_for("the reply", lambda: redis("LLEN", key))
        check(0 < redis("TTL", key) <= 100, "the error's TTL", redis("TTL", key))
        got = reply(key)
        same([code_of(got), got["error"]["field"]], ["bad_task", "reply_ttl"])


# --- Outputs ---------------------------------------------------------------------------------------------------


@promise("outputs: the bytes are in the key or file when the reply is there, with their ttl")
def outputs():
    task = {"task": "cat", "inputs": {"input": {"base64": "AP/+"}}}
    for ttl, low, high in ((None, -1, -1), (50, 45, 50)):
        key = new_key("out")
        redis("SET", key, "old", "EX", 1000)
        place = {"key": key, "ttl": ttl} if ttl else {"key": key}
        got = ask(dict(task, outputs={"output": place}))
        same(redis("GET", key), b"\x00\xff\xfe")
        check(low <= redis("TTL", key) <= high, "TTL", redis("TTL", key))
        same(got["result"]["output"], {"key": key, "bytes": 3})
        check("output_base64" not in got["result"], got)
    got = ask(dict(task, outputs={"output": {"file": "new"}}))
    same(open(SCRATCH + "/out/new", "rb").read(), b"\x00\xff\xfe")
    same(got["result"]["output"], {"file": "new", "bytes": 3})
    same([f for f in os.listdir(SCRATCH + "/out") if "new" in f], ["new"], "files")


@promise("outputs: a task that fails stores nothing")
def outputs_of_failures():
    key = new_key("out")
    got = ask({"task": "broken", "retries": 0, "outputs": {"output": {"key": key}}})
    same([code_of(got), redis("EXISTS", key)], ["failed", 0])


@promise("outputs: a key of another type is left as it is, and the task is an error")
def outputs_other_type():
    key = new_key("out")
    redis("RPUSH", key, "mine")
    got = ask({"task": "cat", "args": {"input": "x"}, "outputs": {"output": {"key": key}}})
    same(got["status"], "error")
    same(redis("LRANGE", key, 0, -1), [b"mine"])


# --- Keys ------------------------------------------------------------------------------------------------------------


@promise("keys: workers, worker:W, by the names and types of the table")
def keys():
    name = queue()
    before = int(time.time())
    worker = serve(name)
    me = ask({"task": "echo"}, name)["worker"]
    parts = me.rsplit(":", 2)
    same(int(parts[1]), worker.process.pid, "PID in the name")
    same(parts[0], os.uname().nodename, "HOST in the name")
    members = redis("ZRANGE", "cherry:{%s}:workers" % name, 0, -1, "WITHSCORES")
    same(members[0].decode(), me)
    check(abs(float(members[1]) / 1000 - time.time()) < 30, "sign of life", members)
    wait_for("it is shown", lambda: redis("ZSCORE", "cherry:workers", me) is not None)
    shown = redis("HGETALL", "cherry:worker:" + me)
    shown = dict(zip((f.decode() for f in shown[::2]), (v.decode() for v in shown[1::2])))
    for field in "host", "pid", "version", "queues":
        check(field in shown, field, shown)
    check(any(field.startswith("start") for field in shown), shown)
    same([shown["pid"], shown["host"]], [parts[1], parts[0]])
    check(name in shown["queues"] and before, shown)
    check(0 < redis("TTL", "cherry:worker:" + me) < 3600, "TTL")
    worker.stop()
    other = serve(name)
    check(ask({"task": "echo"}, name)["worker"] != me, "the same name again")
    other.stop()


@promise("paused: nothing is claimed while the key is there, and what was handed goes back")
def paused():
    name, key = queue(), new_key()
    serve(name)
    for _ in range(5):
        same(code_of(ask({"task": "echo"}, name)), "ok")
    redis("SET", "cherry:{%s}:paused" % name, "1")
    text = [echo(i, key).encode() for i in range(3)]
    for one in text:
        push(one, name)
    time.sleep(0.2)
    push(echo(3, key), name)
    text.append(echo(3, key).encode())
    time.sleep(0.8)
    same(redis("LLEN", key), 0, "replies while paused")
    wait_for("they are in the queue", lambda: redis("LRANGE", name, 0, -1) == text[::-1])
    redis("DEL", "cherry:{%s}:paused" % name)
    redis("PUBLISH", "cherry:wake", "resume")
    same(ids(key, 4), [0, 1, 2, 3])


@promise("paused: a delayed task waits, too")
def paused_later():
    name, key = queue(), new_key()
    serve(name)
    push({"task": "echo", "delay": 0.3, "reply_to": key}, name)
    wait_for("it waits", lambda: redis("ZCARD", "cherry:{%s}:later" % name))
    redis("SET", "cherry:{%s}:paused" % name, "1")
    time.sleep(0.8)
    same(redis("LLEN", key), 0)
    redis("DEL", "cherry:{%s}:paused" % name)
    same(code_of(reply(key)), "ok")


@promise("a queue whose key holds another type does not stop the others, and is served once it is a list")
def queue_type():
    a, b = queue(), queue()
    redis("SET", a, "text")
    serve(a + " " + b)
    same(code_of(ask({"task": "echo"}, b)), "ok")
    same(redis("GET", a), b"text")
    redis("DEL", a)
    same(code_of(ask({"task": "echo"}, a)), "ok")


def known_keys():
    """Run last: every key of cherry's is one of the table's."""
    pattern = re.compile(rb"cherry:(\{[^}]*\}:(workers|inbox:.*|owned:.*|later|dead|cancelled|stats|"
                         rb"paused|unique:.*)|workers|worker:.*)", re.S)
    odd = [key for key in redis("KEYS", "cherry*") if not pattern.fullmatch(key)]
    same(odd, [], "keys that the protocol does not name")
