"""Promises where two of them meet."""
import json
import time

from contract_queues import NAP, queue, serve
from contract_rig import (ask, check, code_of, dead, new_key, promise, push, redis,
                          reply, reply_raw, same, stat, wait_for)


@promise("expires: a task that has started is not expired by its retries")
def expires_retry():
    got = ask({"task": "slowtemp", "retries": 1, "expires": time.time() + 0.4})
    same([code_of(got), got["attempt"]], ["failed", 2])


@promise("cancelled: a task that waits for its retry is not started again")
def cancel_retry():
    mark, key = new_key("crr"), new_key()
    push({"task": "slowtemp", "retries": 3, "id": mark, "reply_to": key})
    wait_for("its retry waits", lambda: any(
        mark.encode() in v for v in redis("ZRANGE", "cherry:{tasks}:later", 0, -1)))
    redis("ZADD", "cherry:{tasks}:cancelled", int(time.time() * 1000), mark)
    same(code_of(reply(key)), "cancelled")


@promise("cancelled: whatever the score says: 0, seconds, milliseconds")
def cancel_scores():
    for score in 0, 1, int(time.time()), int(time.time() * 1000), time.time():
        mark = new_key("cs")
        redis("ZADD", "cherry:{tasks}:cancelled", score, mark)
        same(code_of(ask({"task": "echo", "id": mark})), "cancelled", str(score))


@promise("cancelled: kept for a day, then forgotten")
def cancel_day():
    for score in (time.time() - 2 * 86400) * 1000, time.time() - 2 * 86400:
        mark = new_key("cday")
        redis("ZADD", "cherry:{tasks}:cancelled", score, mark)
        same(code_of(ask({"task": "echo", "id": mark})), "ok", str(score))


@promise("cancelled: a running task is killed though nobody says so on cherry:wake; the lock is freed")
def cancel_unannounced():
    mark, key, u = new_key("cu"), new_key(), new_key("u")
    push({"task": "nap", "args": {"input": "30"}, "id": mark, "unique": u, "reply_to": key})
    wait_for("the lock", lambda: redis("EXISTS", "cherry:{tasks}:unique:" + u))
    redis("ZADD", "cherry:{tasks}:cancelled", int(time.time() * 1000), mark)
    same(code_of(reply(key)), "cancelled")
    same(code_of(ask({"task": "echo", "unique": u})), "ok")


@promise("dead: each failure that nobody is told of, with its code; none of a success")
def dead_codes():
    name = queue()
    serve(name, NAP + "[task:broken]\ncommand = /bin/false\n[task:cat]\ncommand = /bin/cat\n")
    redis("ZADD", "cherry:{%s}:cancelled" % name, int(time.time() * 1000), "c")
    push({"task": "nap", "args": {"input": "0.7"}, "unique": "u"}, name)
    wait_for("the lock", lambda: redis("EXISTS", "cherry:{%s}:unique:u" % name))
    cases = (("bad_json", "x"), ("bad_task", {"task": "echo", "zz": 1}),
             ("unknown_task", {"task": "nope"}), ("bad_args", {"task": "diff", "args": {"zz": 1}}),
             ("bad_input", {"task": "serialize", "args": {"input": "[1", "to": "value"}}),
             ("unsupported", {"task": "serialize", "args": {"value": None, "to": "bencode"}}),
             ("not_found", {"task": "cat", "inputs": {"input": {"key": "none"}}}),
             ("refused", {"task": "cat", "inputs": {"input": {"key": "cherry:x"}}}),
             ("expired", {"task": "echo", "expires": 1}),
             ("cancelled", {"task": "echo", "id": "c"}),
             ("duplicate", {"task": "echo", "unique": "u"}),
             ("failed", {"task": "broken", "retries": 0}),
             ("timeout", {"task": "nap", "args": {"input": "9"}, "timeout": 0.1}))
    for _, task in cases:
        push(task, name)
    wait_for("all of them", lambda: len(dead(name)) == len(cases))
    entries = dead(name)
    for code, task in cases:
        found = [e for e in entries if json.loads(e["error"])["code"] == code]
        same(len(found), 1, code)
        text = task if isinstance(task, str) else json.dumps(task)
        same(found[0]["payload"].decode(), text)
        same(set(found[0]), {"task", "id", "payload", "error", "attempts", "crashes", "time"})
        check(json.loads(found[0]["error"])["message"], code)
        same(found[0]["crashes"], b"0")
        same(stat(name, code), 1, "counted as " + code)
    wait_for("the nap", lambda: stat(name, "ok") == 1)
    same(len(dead(name)), len(cases))


@promise("errors: waited_ms, id, task and context come with each of them")
def errors_carry():
    now = time.time()
    cases = (("bad_task", {"zz": 1}), ("unknown_task", {"task": "nope"}),
             ("expired", {"expires": 1}), ("bad_args", {"task": "diff"}),
             ("not_found", {"task": "cat", "inputs": {"input": {"key": "none"}}}),
             ("refused", {"task": "cat", "inputs": {"input": {"key": "cherry:"}}}),
             ("failed", {"task": "broken"}),
             ("timeout", {"task": "nap", "args": {"input": "9"}, "timeout": 0.05, "retries": 0}))
    for code, members in cases:
        task = dict({"task": "echo", "id": code, "context": [code], "sent_at": now - 2}, **members)
        got = ask(task)
        same([code_of(got), got["id"], got["task"], got["context"]],
             [code, code, task["task"], [code]])
        check(got["times"]["waited_ms"] >= 1900, code, got["times"])
        check("worker" in got and got["attempt"] == 1, got)


@promise("errors: not_found and refused name the field; limit has limit and value; bad_input a reason")
def errors_details():
    got = ask({"task": "cat", "inputs": {"input": {"file": "none"}}})["error"]
    same([got["code"], got["field"]], ["not_found", "inputs.input"])
    got = ask({"task": "cat", "inputs": {"input": {"file": "/etc/passwd"}}})["error"]
    same([got["code"], got["field"]], ["refused", "inputs.input"])
    got = ask({"task": "serialize", "args": {"input": "[1,", "to": "value"}})["error"]
    same([got["code"], got["reason"], got["offset"]], ["bad_input", "truncated", 3])
    got = ask({"task": "diff", "inputs": {"old": {"key": "in:binary"}, "new": {"key": "in:text"}}})["error"]
    same([got["code"], "reason" in got], ["bad_input", True], str(got))
    got = ask({"task": "serialize", "args": {"value": [1, {"a": None}], "to": "bencode"}})["error"]
    same(got["code"], "unsupported")
    check("$[1].a" in got["message"], got)
    got = ask({"task": "echo", "unique": "u", "expires": 1})["error"]
    same([got["code"], got["field"]], ["expired", "expires"])


@promise("a member given twice inside inputs and outputs is bad_task, inside context it is not looked at")
def twice_inside():
    got = ask('{"task":"cat","inputs":{"input":{"key":"in:text","key":"in:text"}},"reply_to":"$R"}')
    same([code_of(got), got["error"]["field"].split(".")[0]], ["bad_task", "inputs"])
    got = ask('{"task":"cat","outputs":{"output":{"key":"a","key":"a"}},"reply_to":"$R"}')
    same([code_of(got), got["error"]["field"].split(".")[0]], ["bad_task", "outputs"])
    same(code_of(ask('{"task":"echo","context":{"a":1,"a":2},"reply_to":"$R"}')), "ok")


@promise("retries: any whole number is taken")
def many_retries():
    for text in "1001", "100000", "2147483647", "9007199254740991":
        same(code_of(ask('{"task":"echo","retries":%s,"reply_to":"$R"}' % text)), "ok", text)


@promise("times far away are finite, too: a year 5000, 100 years of delay")
def far_times():
    for member in "expires", "sent_at":
        same(code_of(ask('{"task":"echo","%s":95617584000,"reply_to":"$R"}' % member)), "ok")
    name = queue()
    serve(name)
    push('{"task":"echo","delay":3155760000}', name)
    push('{"task":"echo","not_before":95617584000.5}', name)
    wait_for("both wait", lambda: redis("ZCARD", "cherry:{%s}:later" % name) == 2)
    same(code_of(ask({"task": "echo"}, name)), "ok")


@promise("delay and unique: the waiting one holds the key, a cancelled or expired one frees it")
def delay_unique():
    u, mark, key = new_key("u"), new_key("du"), new_key()
    push({"task": "echo", "delay": 0.6, "unique": u, "id": mark, "reply_to": key})
    wait_for("the lock", lambda: redis("EXISTS", "cherry:{tasks}:unique:" + u))
    same(code_of(ask({"task": "echo", "unique": u})), "duplicate")
    redis("ZADD", "cherry:{tasks}:cancelled", int(time.time() * 1000), mark)
    same(code_of(reply(key)), "cancelled")
    same(code_of(ask({"task": "echo", "unique": u})), "ok")


@promise("unique: a worker that dies keeps the key for its task, which runs elsewhere and then frees it")
def unique_death():
    name, key = queue(), new_key()
    first = serve(name, NAP)
    push({"task": "nap", "args": {"input": "1"}, "unique": "u", "reply_to": key}, name)
    wait_for("the lock", lambda: redis("EXISTS", "cherry:{%s}:unique:u" % name))
    first.stop("KILL")
    second = serve(name, NAP)
    same(code_of(ask({"task": "echo", "unique": "u"}, name)), "duplicate", "while it is to be recovered")
    got = reply(key, 30)
    same([code_of(got), got["attempt"]], ["ok", 1])
    same(code_of(ask({"task": "echo", "unique": "u"}, name)), "ok")
    second.stop()


@promise("unique: any text: long, UTF-8, NUL, braces")
def unique_texts():
    for text in ("é\U0001f600", "u" * 50000, "a\0b", "{x}", "a b\n", "\u2028"):
        same(code_of(ask({"task": "echo", "unique": text})), "ok", repr(text[:10]))
        wait_for("it is free", lambda: not redis("EXISTS", "cherry:{tasks}:unique:" + text))


@promise("a worker that is not in workers claims nothing; it goes on under another name")
def signed_out():
    name = queue()
    serve(name)
    me = ask({"task": "echo"}, name)["worker"]
    redis("ZREM", "cherry:{%s}:workers" % name, me)
    got = ask({"task": "echo"}, name, seconds=30)
    same([code_of(got), got["worker"] != me], ["ok", True])


@promise("paused: at most once, too")
def paused_once():
    name, key = queue(), new_key()
    serve(name, "[queue:%s]\ndelivery = at-most-once\n" % name)
    same(code_of(ask({"task": "echo"}, name)), "ok")
    redis("SET", "cherry:{%s}:paused" % name, "1")
    time.sleep(0.1)
    push({"task": "echo", "reply_to": key}, name)
    time.sleep(1)
    same(redis("LLEN", key), 0, "replies while paused")
    wait_for("it is in the queue", lambda: redis("LLEN", name) == 1)
    redis("DEL", "cherry:{%s}:paused" % name)
    same(code_of(reply(key)), "ok")


@promise("paused: a worker that starts claims nothing; other queues go on")
def paused_start():
    a, b, key = queue(), queue(), new_key()
    redis("SET", "cherry:{%s}:paused" % a, "")
    push({"task": "echo", "reply_to": key}, a)
    serve(a + " " + b)
    same(code_of(ask({"task": "echo"}, b)), "ok")
    time.sleep(0.5)
    same([redis("LLEN", key), redis("LLEN", a)], [0, 1])
    redis("DEL", "cherry:{%s}:paused" % a)
    same(code_of(reply(key)), "ok")


@promise("order: what is due in later of a first queue goes before a second queue")
def later_order():
    a, b, key = queue(), queue(), new_key()
    serve(a + " " + b, "[task:nap]\ncommand = /bin/sleep 0.05\nprocesses = 1\n")
    push({"task": "echo", "delay": 0.2, "id": "a", "reply_to": key}, a)
    got = reply(key)
    same(got["id"], "a")


@promise("an idle worker that is used to brief tasks heeds a cancel, a pause, a rename of the reply's type")
def brief():
    name = queue()
    serve(name)
    for mark in range(6):
        for _ in range(5):
            same(code_of(ask({"task": "echo"}, name)), "ok")
        redis("ZADD", "cherry:{%s}:cancelled" % name, int(time.time() * 1000), "b%d" % mark)
        same(code_of(ask({"task": "echo", "id": "b%d" % mark}, name)), "cancelled")
        redis("DEL", "cherry:{%s}:cancelled" % name)
    for _ in range(5):
        same(code_of(ask({"task": "echo"}, name)), "ok")
    redis("SET", "r:brief", "mine")
    push({"task": "echo", "reply_to": "r:brief"}, name)
    wait_for("it is in the dead stream", lambda: len(dead(name)) == 1)
    for _ in range(5):
        same(code_of(ask({"task": "echo"}, name)), "ok")
    push("x", name)
    push({"task": "nope"}, name)
    wait_for("both are in the dead stream", lambda: len(dead(name)) == 3)
    got = ask({"task": "echo", "unique": "u"}, name)
    same(code_of(got), "ok")
    wait_for("nothing is left", lambda: not redis("KEYS", "cherry:{%s}:owned:*" % name) and
             not redis("KEYS", "cherry:{%s}:inbox:*" % name))


@promise("order: a busy worker's next task is of the first queue that has one")
def strict_busy():
    for once in "at-least-once", "at-most-once":
        hi, lo, key = queue(), queue(), new_key()
        serve(hi + " " + lo, NAP.replace("= 4", "= 1") + "".join(
            "[queue:%s]\ndelivery = %s\n" % (name, once) for name in (hi, lo)))
        for i in range(4):
            push({"task": "nap", "args": {"input": "0.4"}, "id": i, "reply_to": key}, lo)
        time.sleep(0.15)
        push({"task": "nap", "args": {"input": "0"}, "id": "hi", "reply_to": key}, hi)
        same([reply(key)["id"] for _ in range(5)], [0, "hi", 1, 2, 3], once)


@promise("two workers: of long tasks each takes what it can run, and none waits while the other is idle")
def shared_out():
    name, key = queue(), new_key()
    config = NAP.replace("= 4", "= 2") + "[task:other]\ncommand = /bin/true\n"
    for _ in range(2):
        serve(name, config)
    for _ in range(6):  # on a busy machine one of them may be late
        redis("LPUSH", name, *[json.dumps({"task": "nap", "args": {"input": "0.5"}, "reply_to": key})] * 4)
        by = [reply(key)["worker"] for _ in range(4)]
        shares = sorted(by.count(worker) for worker in set(by))
        if shares == [2, 2]:
            return
    same(shares, [2, 2], "the shares of the last round")


@promise("order: a queue whose program is at work does not keep a queue above from an idle executor")
def idle_executor():
    hi, mid, lo, key = queue(), queue(), queue(), new_key()
    serve(" ".join((hi, mid, lo)), NAP.replace("= 4", "= 1"))
    for _ in range(4):
        push({"task": "nap", "args": {"input": "1"}, "reply_to": key}, lo)
    time.sleep(0.2)
    for name in hi, mid, hi, mid:
        start = time.monotonic()
        same(code_of(ask({"task": "echo"}, name)), "ok")
        check(time.monotonic() - start < 0.5, "took", time.monotonic() - start)
    for _ in range(4):
        same(code_of(reply(key)), "ok")


@promise("paused: at most once, one of two queues goes on when the key is gone")
def resumed_once():
    a, b = queue(), queue()
    redis("SET", "cherry:{%s}:paused" % a, "1")
    serve(a + " " + b, "".join("[queue:%s]\ndelivery = at-most-once\n" % name for name in (a, b)))
    same(code_of(ask({"task": "echo"}, b)), "ok")
    redis("DEL", "cherry:{%s}:paused" % a)
    redis("PUBLISH", "cherry:wake", "resume")
    time.sleep(0.3)
    for name in a, b, a:
        start = time.monotonic()
        same(code_of(ask({"task": "echo"}, name)), "ok")
    check(time.monotonic() - start < 1, "took", time.monotonic() - start)


@promise("times: the worker's clock is Redis's: a delay of 0 and a not_before of now start at once")
def starts_now():
    start = time.monotonic()
    same(code_of(ask({"task": "echo", "delay": 0, "not_before": time.time()})), "ok")
    check(time.monotonic() - start < 1, "took", time.monotonic() - start)


@promise("half a surrogate pair: kept in args and context, an error that names the member elsewhere")
def surrogates():
    key = new_key()
    push('{"task":"echo","args":{"a":"\\ud800"},"context":"\\udfff","reply_to":"%s"}' % key)
    raw = reply_raw(key)
    check(b'"context":"\\udfff"' in raw and b"d800" in raw.lower(), raw)
    for member in "unique", "id":
        got = ask('{"task":"echo","%s":"\\ud800","reply_to":"$R"}' % member)
        same([code_of(got), got["error"]["field"]], ["bad_task", member])


@promise("an element of RPUSH, of LINSERT, of a transaction is a task like any other")
def ways_in():
    key = new_key()
    task = json.dumps({"task": "echo", "reply_to": key})
    redis("RPUSH", "tasks", task)
    same(code_of(reply(key)), "ok")
    redis("MULTI")
    redis("LPUSH", "tasks", task)
    redis("LPUSH", "tasks", task)
    redis("EXEC")
    same([code_of(reply(key)), code_of(reply(key))], ["ok", "ok"])
    redis("EVAL", "return redis.call('LPUSH', 'tasks', ARGV[1])", 0, task)
    same(code_of(reply(key)), "ok")


@promise("a client that waits in BLPOP gets the reply, and the key is gone")
def waiting_client():
    key = new_key()
    push({"task": "nap", "args": {"input": "0.3"}, "reply_to": key})
    same(code_of(reply(key)), "ok")
    same(redis("EXISTS", key), 0)
