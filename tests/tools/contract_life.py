"""Promises about a task's life: attempts, times, locks, cancels, deliveries."""
import json
import os
import random
import time

from contract_rig import (SCRATCH, ask, check, code_of, dead, new_key, promise, push,
                          redis, reply, same, stat, wait_for)


def started(task, queue="tasks"):
    """Pushes a task that notes its start by CHERRY_ID; its reply key."""
    key = new_key()
    push(dict(task, reply_to=key), queue)
    return key


# --- Attempts ---------------------------------------------------------------------------------


@promise("retries: further attempts; the reply comes at the end and tells the attempt")
def retries():
    got = ask({"task": "third"})
    same([got["status"], got["attempt"], got["result"]["output"]], ["ok", 3, "3\n"])
    got = ask({"task": "third", "retries": 1})
    same([code_of(got), got["attempt"], got["error"]["exit"], got["error"]["retryable"]],
         ["failed", 2, 75, True])
    got = ask({"task": "temp", "retries": 0})
    same([code_of(got), got["attempt"]], ["failed", 1])
    got = ask({"task": "temp", "retries": 5})
    same([code_of(got), got["attempt"]], ["failed", 6])
    got = ask({"task": "temp"})
    same([code_of(got), got["attempt"]], ["failed", 3], "the default of 2 retries")


@promise("retries: one reply, though there were several attempts")
def retries_one_reply():
    key = new_key()
    push({"task": "temp", "retries": 4, "reply_to": key})
    reply(key)
    time.sleep(0.3)
    same(redis("LLEN", key), 0, "more replies")


@promise("retries: an exit status that is not 75 is final")
def not_retried():
    got = ask({"task": "broken", "retries": 5})
    same([code_of(got), got["attempt"], got["error"]["exit"], got["error"]["retryable"]],
         ["failed", 1, 3, False])
    check(got["error"]["stderr"].startswith("no"), got)


@promise("retries: the waits of tasks that failed together differ, over the upper half of the backoff")
def retries_spread():
    for _ in range(12):
        push({"task": "patient"}, "spread")
    key = "cherry:{spread}:later"
    wait_for("all wait", lambda: redis("ZCARD", key) == 12)
    found = redis("ZRANGE", key, 0, -1, "WITHSCORES")
    waits = sorted(float(score) / 1000 - time.time() for score in found[1::2])
    check(waits[0] > 40 and waits[-1] < 101, waits)
    check(waits[-1] - waits[0] > 10, waits)
    redis("DEL", key)


@promise("retries: stats count retried, and the outcome once")
def retried_counted():
    got = ask({"task": "temp", "retries": 2}, "counted")
    same(got["attempt"], 3)
    same([stat("counted", "retried"), stat("counted", "failed"), stat("counted", "ok")],
         [2, 1, 0])
    ask({"task": "echo"}, "counted")
    ask({"task": "nope"}, "counted")
    ask({"task": "echo", "zzz": 1}, "counted")
    ask({"task": "diff", "args": {"zzz": 1}}, "counted")
    push("x", "counted")
    wait_for("bad_json is counted", lambda: stat("counted", "bad_json") == 1)
    same([stat("counted", n) for n in ("ok", "unknown_task", "bad_task", "bad_args")],
         [1, 1, 1, 1])


@promise("crashes: three are poison, though retries is 0: crashed, with the signal, and in the dead stream")
def poison():
    mark = new_key("poison")
    got = ask({"task": "killer", "id": mark, "retries": 0, "args": {"key": mark}})
    same(code_of(got), "crashed")
    same([got["error"].get("poison"), "11" in str(got["error"]["signal"]) or "SEGV" in str(got["error"]["signal"])],
         [True, True], str(got))
    check("last words" in got["error"]["stderr"], got)
    same(os.path.getsize(os.path.join(SCRATCH, mark)), 3, "runs")
    entries = [e for e in dead("tasks") if e["id"].strip(b'"') == mark.encode()]
    same(len(entries), 1, "entries in the dead stream")
    same([entries[0]["crashes"], json.loads(entries[0]["error"])["code"]], [b"3", "crashed"])
    check(json.loads(entries[0]["payload"])["id"] == mark, entries)


@promise("crashes: they use up no retry")
def crash_then_retry():
    got = ask({"task": "mixed", "retries": 1, "args": {"key": new_key("mix")}})
    same([got["status"], got.get("result")], ["ok", {"runs": 4}], str(got))


@promise("timeout: the attempt is killed at its deadline; retried")
def timeout():
    start = time.monotonic()
    got = ask({"task": "nap", "args": {"input": "30"}, "timeout": 0.3, "retries": 0})
    same([code_of(got), got["attempt"]], ["timeout", 1])
    check(0.29 < time.monotonic() - start < 5, "took", time.monotonic() - start)
    got = ask({"task": "nap2", "args": {"input": "30"}, "timeout": 0.1, "retries": 1})
    same([code_of(got), got["attempt"]], ["timeout", 2])


@promise("timeout: the task's own default holds")
def timeout_default():
    got = ask({"task": "short", "retries": 0})
    same(code_of(got), "timeout")


@promise("timeout: of a built-in task: it is killed, and the next is taken")
def timeout_builtin():
    chance = random.Random(7)
    old, new = ("".join(chance.choices("abcd", k=300000)) for _ in range(2))
    got = ask({"task": "diff", "args": {"old": old, "new": new, "unit": "char", "output": "opcodes",
                                        "algorithm": "difflib", "autojunk": False},
               "timeout": 0.01, "retries": 0})
    same(code_of(got), "timeout", str(got)[:300])
    same(ask({"task": "echo"})["status"], "ok")


@promise("CHERRY_ID, CHERRY_TASK, CHERRY_ATTEMPT, CHERRY_QUEUE, CHERRY_DEADLINE are a program's; nothing of the worker's is")
def environment():
    got = ask({"task": "show", "id": "a b\u00e9", "timeout": 5})["result"]["output"]
    words = dict(line.split("=", 1) for line in got.splitlines())
    same([words[n] for n in ("CHERRY_ID", "CHERRY_TASK", "CHERRY_ATTEMPT", "CHERRY_QUEUE")],
         ["a b\u00e9", "show", "1", "tasks"])
    left = float(words["CHERRY_DEADLINE"]) - time.time()
    check(3 < left <= 5.1, "seconds left", left)
    check("REDIS_SOCKET" not in words, words)
    got = ask('{"task":"show","id":123456789012345678901234567890,"reply_to":"$R"}')
    check("CHERRY_ID=123456789012345678901234567890\n" in got["result"]["output"], got)


# --- When ---------------------------------------------------------------------------------------


@promise("delay: not started earlier, and then at once")
def delay():
    start = time.monotonic()
    same(ask({"task": "echo", "delay": 1})["status"], "ok")
    took = time.monotonic() - start
    check(0.99 <= took < 3, "a delay of 1 took", took)
    start = time.monotonic()
    same(ask({"task": "echo", "delay": 0.25})["status"], "ok")
    check(0.24 <= time.monotonic() - start < 2, "a delay of 0.25")


@promise("not_before: not started earlier, and then at once")
def not_before():
    due = time.time() + 1.2
    same(ask({"task": "echo", "not_before": due})["status"], "ok")
    check(0 <= time.time() - due + 0.005 < 2, "late by", time.time() - due)


@promise("delay and not_before: the later one holds")
def both():
    start = time.time()
    ask({"task": "echo", "delay": 0.1, "not_before": start + 0.8})
    check(time.time() - start >= 0.79, "not_before was later")
    start = time.time()
    ask({"task": "echo", "delay": 0.8, "not_before": start + 0.1})
    check(time.time() - start >= 0.79, "delay was later")


@promise("delay: a delayed task waits in later by its due time in ms, with the pushed bytes unchanged")
def later_record():
    text = b'{ "task":"echo", "delay":1.5,"x_odd":"\\u0041\xc3\xa9" ,"reply_to":"r:later"}'
    start = time.time()
    push(text, "lateq")
    found = wait_for("the record", lambda: redis("ZRANGE", "cherry:{lateq}:later", 0, -1, "WITHSCORES"))
    check(found[0].endswith(text), found)
    check(abs(float(found[1]) - (start + 1.5) * 1000) < 500, "due", found[1], start)
    same(redis("LLEN", "lateq"), 0)
    same(reply("r:later")["status"], "ok")
    same(redis("EXISTS", "cherry:{lateq}:later"), 0)


@promise("delay: does not use up the attempt, others overtake")
def delay_attempt():
    slow = started({"task": "echo", "delay": 0.7})
    same(ask({"task": "echo"})["attempt"], 1)
    same(redis("LLEN", slow), 0, "the delayed one's replies")
    same(reply(slow)["attempt"], 1)


@promise("delay: two equal payloads are two records")
def equal_payloads():
    for _ in range(3):
        push('{"task":"echo","delay":0.3,"reply_to":"r:equal"}')
    for _ in range(3):
        same(reply("r:equal")["status"], "ok")


@promise("expires: not started by then: expired")
def expires():
    same(code_of(ask({"task": "echo", "expires": time.time() - 1})), "expired")
    same(code_of(ask({"task": "echo", "expires": 0})), "expired")
    same(code_of(ask({"task": "echo", "expires": time.time() + 5})), "ok")


@promise("expires: what waits for its turn too long is expired; what has started goes on")
def expires_waiting():
    first = started({"task": "nap", "args": {"input": "1"}, "expires": time.time() + 0.5}, "single")
    second = started({"task": "nap", "args": {"input": "0"}, "expires": time.time() + 0.5}, "single")
    same(code_of(reply(first)), "ok")
    same(code_of(reply(second)), "expired")


@promise("expires: a delay that ends after it: expired")
def expires_delay():
    start = time.time()
    got = ask({"task": "echo", "delay": 60, "expires": start + 0.5}, seconds=10)
    same(code_of(got), "expired")
    got = ask({"task": "echo", "delay": 0.2, "expires": start + 30})
    same(code_of(got), "ok")


# --- Unique ------------------------------------------------------------------------------------------


@promise("unique: while one runs, another is duplicate; after its end it is free")
def unique_running():
    key = new_key("u")
    first = started({"task": "nap", "args": {"input": "0.6"}, "unique": key})
    wait_for("the lock", lambda: redis("EXISTS", "cherry:{tasks}:unique:" + key))
    got = ask({"task": "echo", "unique": key})
    same(code_of(got), "duplicate")
    same(code_of(ask({"task": "echo", "unique": key + "x"})), "ok", "another key")
    same(code_of(ask({"task": "echo"})), "ok", "without a key")
    same(code_of(reply(first)), "ok")
    same(code_of(ask({"task": "echo", "unique": key})), "ok")
    same(redis("EXISTS", "cherry:{tasks}:unique:" + key), 0)


@promise("unique: while one waits in later for its time, another is duplicate")
def unique_delayed():
    key = new_key("u")
    first = started({"task": "echo", "delay": 0.6, "unique": key})
    same(code_of(ask({"task": "echo", "unique": key})), "duplicate")
    same(code_of(ask({"task": "echo", "unique": key, "delay": 0.1})), "duplicate")
    same(code_of(reply(first)), "ok")
    same(code_of(ask({"task": "echo", "unique": key})), "ok")


@promise("unique: while one waits for its retry, another is duplicate; then the retry runs")
def unique_retry():
    key = new_key("u")
    first = started({"task": "slowtemp", "unique": key, "retries": 1})
    wait_for("its retry waits", lambda: stat("tasks", "retried") and any(
        key.encode() in v for v in redis("ZRANGE", "cherry:{tasks}:later", 0, -1)))
    same(code_of(ask({"task": "echo", "unique": key})), "duplicate")
    got = reply(first)
    same([code_of(got), got["attempt"]], ["failed", 2])
    same(code_of(ask({"task": "echo", "unique": key})), "ok")


@promise("unique: the key is of one queue")
def unique_queue():
    key = new_key("u")
    first = started({"task": "nap", "args": {"input": "0.5"}, "unique": key})
    wait_for("the lock", lambda: redis("EXISTS", "cherry:{tasks}:unique:" + key))
    same(code_of(ask({"task": "echo", "unique": key}, "named")), "ok")
    same(code_of(reply(first)), "ok")


@promise("unique: of many at once with one key one runs")
def unique_many():
    key, out = new_key("u"), new_key()
    for _ in range(20):
        push({"task": "nap", "args": {"input": "0.5"}, "unique": key, "reply_to": out})
    codes = [code_of(reply(out)) for _ in range(20)]
    same(sorted(codes), ["duplicate"] * 19 + ["ok"])


@promise("unique: freed after each kind of end: timeout, failed, expired, cancelled, bad_args")
def unique_ends():
    key = new_key("u")
    for task, code in (({"task": "nap", "args": {"input": "9"}, "timeout": 0.05}, "timeout"),
                       ({"task": "broken"}, "failed"), ({"task": "killer", "args": {"key": key}}, "crashed"),
                       ({"task": "echo", "expires": 1}, "expired"),
                       ({"task": "echo", "delay": 9, "expires": time.time() + 0.2}, "expired"),
                       ({"task": "serialize"}, "bad_args"),
                       ({"task": "cat", "inputs": {"input": {"key": "none"}}}, "not_found"),
                       ({"task": "nope"}, "unknown_task")):
        same(code_of(ask(dict(task, unique=key, retries=0))), code)
        same(code_of(ask({"task": "echo", "unique": key})), "ok", "after " + code)


@promise("unique: a lock whose holder is gone is taken over")
def unique_orphan():
    key = new_key("u")
    redis("SET", "cherry:{tasks}:unique:" + key, "o gone:1:1/7")
    same(code_of(ask({"task": "echo", "unique": key}, seconds=30)), "ok")


# --- Cancel ---------------------------------------------------------------------------------------------


def cancel(task_id, queue="tasks", score=None):
    redis("ZADD", "cherry:{%s}:cancelled" % queue, score or int(time.time() * 1000), task_id)


@promise("cancelled: a task that comes up later is not started")
def cancel_waiting():
    for text, plain in (('"c1"', "c1"), ('"\\u0063\\/2"', "c/2"), ("771", "771"), ("772.50", "772.50"),
                        ('"773"', "773"), ("9" * 40, "9" * 40)):
        cancel(plain)
        got = ask('{"task":"echo","id":%s,"reply_to":"$R"}' % text)
        same(code_of(got), "cancelled", text)


@promise("cancelled: a task that waits in later is not started")
def cancel_delayed():
    mark = new_key("cd")
    first = started({"task": "echo", "delay": 0.6, "id": mark})
    wait_for("it waits", lambda: any(mark.encode() in v for v in redis("ZRANGE", "cherry:{tasks}:later", 0, -1)))
    cancel(mark)
    same(code_of(reply(first)), "cancelled")


@promise("cancelled: a task that runs is killed")
def cancel_running():
    mark = new_key("cr")
    start = time.monotonic()
    first = started({"task": "nap", "args": {"input": "20"}, "id": mark})
    time.sleep(0.3)
    cancel(mark)
    redis("PUBLISH", "cherry:wake", "cancel")
    same(code_of(reply(first)), "cancelled")
    check(time.monotonic() - start < 15, "took", time.monotonic() - start)


@promise("cancelled: another id, and another queue's, is not touched")
def cancel_other():
    mark = new_key("co")
    cancel(mark + "x")
    cancel(mark, "named")
    same(code_of(ask({"task": "echo", "id": mark})), "ok")
    same(code_of(ask({"task": "echo", "id": mark}, "named")), "cancelled")
