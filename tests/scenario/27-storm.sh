#!/bin/bash
# A storm of malformed tasks among good ones: each good one is answered once,
# each other one is answered or lies in the dead stream, and the worker lives.
set -eu
. scripts/redis-private
. tests/worker.sh
command -v python3 >/dev/null || skip "no python3"
redis_start
bad=3000 good=500
[ -z "${SOAK:-}" ] || bad=100000 good=10000

python3 - "$bad" "$good" >"$SCRATCH/push" <<'END'
import json, random, sys, zlib

bad, good = int(sys.argv[1]), int(sys.argv[2])
random.seed(4)
seeds = [
    b'{"task":"echo","args":{"a":[1,2,{"b":null}]},"id":"x","reply_to":"r:bad"}',
    b'{"task":"serialize","args":{"value":{"a":[1,2.5,"x"]},"to":"php"},"reply_to":"r:bad","timeout":2,"retries":0}',
    b'{"task":"diff","args":{"old":"a\\nb","new":"a\\nc","format":"text"},"reply_to":"r:bad"}',
    b'{"task":"echo","inputs":{"a":{"base64":"aGk="}},"outputs":{"output":{"key":"o:1"}},"reply_to":"r:bad"}',
]
words = [b'null', b'true', b'-1', b'1e999', b'""', b'[]', b'{}', b'"\\ud800"', b'\xff', b'\x00', b'{"a":', b',', b'}']

# A number of its own comes back with the reply of each whose number is whole.
def mutant(i):
    context = b'"context":"%d-%08x",' % (i, zlib.crc32(b"%d" % i))
    text = bytearray(random.choice(seeds).replace(b"{", b"{" + context, 1))
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(text) + 1)
        kind = random.randrange(4)
        if kind == 0 and text:
            del text[at:at + random.randint(1, 8)]
        elif kind == 1:
            text[at:at] = random.choice(words)
        elif kind == 2 and at < len(text):
            text[at] = random.randrange(256)
        else:
            text[at:at] = bytes([random.randrange(32, 127)])
    return bytes(text)

elements = [(mutant(i), b"tasks") for i in range(bad)]
elements += [(json.dumps({"task": "echo", "id": i, "args": {"n": i}, "reply_to": "r:good"}).encode(), b"tasks") for i in range(good)]
random.shuffle(elements)
out = sys.stdout.buffer
for text, queue in elements:
    out.write(b"*3\r\n$5\r\nLPUSH\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (len(queue), queue, len(text), text))
END
redis --pipe <"$SCRATCH/push" >/dev/null
worker_start --concurrency 2 --set cherry.log_level=error

# What every counter says in sum.
settled()
{
	redis HGETALL 'cherry:{tasks}:stats' | awk 'NR % 2 { name = $0; next }
		name != "retried" && name != "recovered" { sum += $0 }
		END { print sum + 0 }'
}
wait_for 120 '[ "$(settled)" -ge '$((bad + good))' ]' "every task is settled"
[ "$(settled)" = $((bad + good)) ] || fail "$(settled) settled of $((bad + good))"
kill -0 "$worker" || fail "the worker is gone"
[ "$(redis LLEN r:good)" = "$good" ] || fail "$(redis LLEN r:good) good replies"
redis LRANGE r:good 0 -1 | grep -c '"status":"ok"' | grep -qx "$good" ||
	fail "not all good ones are ok"
[ -z "$(redis LRANGE r:good 0 -1 | grep -o '"id":[0-9]*' | sort | uniq -d)" ] ||
	fail "a good one was answered twice"
redis --raw LRANGE r:bad 0 -1 | python3 -c '
import collections, re, sys, zlib
seen = collections.Counter(
    number for line in sys.stdin.buffer
    for number, sum in re.findall(rb"\"context\":\"(\d+)-([0-9a-f]{8})\"", line)
    if b"%08x" % zlib.crc32(number) == sum)
twice = [number for number, count in seen.items() if count > 1]
print(len(seen), "malformed ones that can be told apart are answered,", len(twice), "twice")
sys.exit(bool(twice) or len(seen) < int(sys.argv[1]) / 30)
' "$bad" || fail "not one answer each"
[ "$(redis LLEN tasks)" = 0 ] || fail "the queue is not empty"
[ "$(redis XLEN 'cherry:{tasks}:dead')" -gt 0 ] || fail "no bad_json was buried"
[ "$(redis HGET 'cherry:{tasks}:stats' internal)" = "" ] || fail "a bug was met"

# Nothing is left that is owned, and the worker answers on.
wait_for 10 '[ -z "$(redis KEYS "cherry:{tasks}:owned:*")" ]' "nothing is owned"
push '{"task":"echo","reply_to":"r:after"}'
expect_reply r:after '*"status":"ok"*'

# A reply key of the wrong type: the outcome is kept, and the next is taken. One
# alone is answered from the inbox, several together from what is owned.
redis SET r:text x >/dev/null
before=$(redis XLEN 'cherry:{tasks}:dead')
push '{"task":"echo","reply_to":"r:text"}'
wait_for 10 '[ "$(redis XLEN "cherry:{tasks}:dead")" = $((before + 1)) ]' "the dead stream"
task='{"task":"echo","reply_to":"r:text"}'
redis LPUSH tasks "$task" "$task" "$task" "$task" >/dev/null
wait_for 10 '[ "$(redis XLEN "cherry:{tasks}:dead")" = $((before + 5)) ]' "four more"
[ "$(redis GET r:text)" = x ] || fail "the text is $(redis GET r:text)"
push '{"task":"echo","reply_to":"r:after"}'
expect_reply r:after '*"status":"ok"*'
worker_stop
