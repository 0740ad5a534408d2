"""Promises about replies: what they hold, where they go, how long they live."""
import json
import time

import contract_tables
from contract_rig import (ask, check, dead, new_key, promise, push, redis, reply,
                          reply_raw, same, stat, wait_for)



def pushed_raw(members, task="echo"):
    key = new_key()
    push('{"task":"%s",%s,"reply_to":"%s"}' % (task, members, key))
    return key


@promise("id: comes back byte for byte")
def ids():
    texts = contract_tables.raw_ids()
    for text, key in [(t, pushed_raw('"id":' + t)) for t in texts]:
        check(b'"id":' + text.encode() + b"," in reply_raw(key), "id", text[:60])


@promise("id: comes back byte for byte in an error, too")
def ids_of_errors():
    texts = contract_tables.raw_ids()
    for text, key in [(t, pushed_raw('"nope":1,"id":' + t)) for t in texts]:
        check(b'"id":' + text.encode() + b"," in reply_raw(key), "id", text[:60])


@promise("id: absent, the worker makes one, each another")
def ids_made():
    keys = [pushed_raw('"x_":1') for _ in range(20)]
    made = [reply(key)["id"] for key in keys]
    check(all(isinstance(i, str) and i for i in made), made)
    same(len(set(made)), 20, "different ids")


@promise("context is carried along and given back untouched, in errors too")
def contexts():
    for task in "echo", "nope":
        for text, key in [(t, pushed_raw('"context":' + t, task))
                          for t in contract_tables.raw_contexts()]:
            check(b'"context":' + text.encode() in reply_raw(key), task, text[:60])
    check("context" not in ask({"task": "echo"}), "context though none was given")


@promise("a reply: id, task, status, result, attempt, times, worker; one line of UTF-8")
def shape():
    key = pushed_raw('"id":"7"')
    raw = reply_raw(key)
    check(b"\n" not in raw, "a reply of several lines")
    got = json.loads(raw.decode("utf-8"))
    same([got["id"], got["task"], got["status"], got["result"], got["attempt"]],
         ["7", "echo", "ok", {}, 1])
    check(isinstance(got["times"]["ran_ms"], (int, float)), got)
    check("waited_ms" not in got["times"], "waited_ms without sent_at")
    check(len(got["worker"].split(":")) >= 3, got["worker"])
    check("error" not in got, got)


@promise("an error reply: id, task, status, error with code, message and field")
def error_shape():
    got = ask({"task": "diff", "id": "7", "args": {"format": "htm", "old": "", "new": ""}})
    same([got["id"], got["task"], got["status"]], ["7", "diff", "error"])
    same([got["error"]["code"], got["error"]["field"]], ["bad_args", "args.format"])
    check("htm" in got["error"]["message"], got)
    check("result" not in got, got)
    same(got["attempt"], 1, "attempt")


@promise("times.waited_ms is there when sent_at was, and counts from it")
def waited():
    now = time.time()
    got = ask({"task": "echo", "sent_at": now - 5})["times"]["waited_ms"]
    check(4900 <= got <= 20000, "waited_ms", got)
    got = ask({"task": "echo", "sent_at": now + 1000})["times"]["waited_ms"]
    check(got >= 0, "waited_ms of a clock that goes before", got)


@promise("times.ran_ms is the run time")
def ran():
    got = ask({"task": "nap", "args": {"input": "0.3"}})
    same(got["status"], "ok")
    check(290 <= got["times"]["ran_ms"] <= 5000, got["times"])


@promise("reply_to: the reply is pushed behind what the list holds")
def reply_order():
    key = new_key()
    redis("RPUSH", key, "mine")
    push({"task": "echo", "reply_to": key})
    wait_for("the reply", lambda: redis("LLEN", key) == 2)
    same(redis("LINDEX", key, 0), b"mine")
    same(redis("TTL", key), -1, "the life of a list that lives for ever")


@promise("reply_ttl: set when the push creates the key")
def ttl_of_new():
    for ttl, low, high in ((None, 3590, 3600), (1, 0, 1), (7, 5, 7),
                           (604800, 604790, 604800)):
        key = new_key()
        push(dict({"task": "echo", "reply_to": key}, **({"reply_ttl": ttl} if ttl else {})))
        wait_for("the reply", lambda: redis("LLEN", key) == 1)
        got = redis("TTL", key)
        check(low <= got <= high, "reply_ttl", ttl, "gave", got)


@promise("reply_ttl: set when the key already has a life")
def ttl_of_living():
    key = new_key()
    redis("RPUSH", key, "mine")
    redis("EXPIRE", key, 50)
    push({"task": "echo", "reply_to": key, "reply_ttl": 500})
    wait_for("the reply", lambda: redis("LLEN", key) == 2)
    check(490 <= redis("TTL", key) <= 500, "TTL", redis("TTL", key))


@promise("reply_ttl: a reply is gone after it")
def ttl_ends():
    key = new_key()
    push({"task": "echo", "reply_to": key, "reply_ttl": 1})
    wait_for("the reply", lambda: redis("EXISTS", key))
    wait_for("its end", lambda: not redis("EXISTS", key), 5)


@promise("reply_to: any text is a key: long, UTF-8, NUL, escapes, quotes")
def odd_reply_keys():
    for text in ('r:é\U0001f600', "r:" + "k" * 100000, "r:\0\x01", 'r:"\\/\n', " ", "r:{x}y",
                 "\u2028", "r*?[a]", "$", "Cherry:x", "cherry", "tasks2", "xtasks"):
        push({"task": "echo", "reply_to": text})
        same(reply(text)["status"], "ok", repr(text[:20]))
    push('{"task":"echo","reply_to":"\\u0072\\u003a\\/\\ud83d\\ude00"}')
    same(reply("r:/\U0001f600")["status"], "ok")


@promise("reply_to: cherry's keys and served queues are refused, which the dead stream tells")
def reply_refused():
    before = {key: redis("EXISTS", key) for key in ("cherry:x", "named")}
    for key in ("cherry:x", "cherry:", "tasks", "raw", "named", "cherry:{tasks}:dead"):
        mark = new_key("refused")
        push({"task": "echo", "id": mark, "reply_to": key})
        entry = wait_for("its entry", lambda: [e for e in dead("tasks")
                                               if e["id"].strip(b'"') == mark.encode()])[0]
        same(json.loads(entry["error"])["code"], "refused", key)
    for key, there in before.items():
        same(redis("EXISTS", key), there, key)


@promise("reply_to: of a wrong type it is nobody's: bad_task in the dead stream")
def reply_wrong():
    for text in ("null", "1", "true", "[]", '["r:x"]', "{}", '""'):
        mark = new_key("wrong")
        push('{"task":"echo","id":"%s","reply_to":%s}' % (mark, text))
        entry = wait_for(text, lambda: [e for e in dead("tasks")
                                        if e["id"].strip(b'"') == mark.encode()])[0]
        error = json.loads(entry["error"])
        same([error["code"], error["field"]], ["bad_task", "reply_to"], text)


@promise("reply_to: a key of another type is left as it is, the outcome is not lost")
def reply_other_type():
    for kind, make in (("string", ("SET",)), ("hash", ("HSET", None, "f"))):
        key = new_key("other")
        redis(make[0], key, *make[2:], "mine")
        push({"task": "echo", "id": key, "reply_to": key})
        wait_for(kind, lambda: [e for e in dead("tasks") if e["id"].strip(b'"') == key.encode()])
        same(redis("TYPE", key), kind.encode())
    same(ask({"task": "echo"})["status"], "ok")


@promise("reply_to: absent, there is no reply; ok is counted, a failure is in the dead stream")
def no_reply():
    ok, bad = stat("alone", "ok"), stat("alone", "failed")
    push({"task": "echo"}, "alone")
    wait_for("ok is counted", lambda: stat("alone", "ok") == ok + 1)
    same(dead("alone"), [], "the dead stream after a success")
    push({"task": "broken", "id": "b", "retries": 0, "args": {"a": 1}}, "alone")
    wait_for("failed is counted", lambda: stat("alone", "failed") == bad + 1)
    entry = dead("alone")[0]
    same(set(entry), {"task", "id", "payload", "error", "attempts", "crashes", "time"})
    same([entry["task"], entry["id"].strip(b'"'), entry["attempts"], entry["crashes"]],
         [b"broken", b"b", b"1", b"0"])
    same(json.loads(entry["payload"]), {"task": "broken", "id": "b", "retries": 0, "args": {"a": 1}})
    error = json.loads(entry["error"])
    same([error["code"], error["exit"], error["retryable"]], ["failed", 3, False])
    check("no" in error["stderr"], error)
    check(abs(float(entry["time"]) / (1000 if float(entry["time"]) > 1e11 else 1) - time.time()) < 60,
          "time", entry["time"])
