#!/bin/bash
# One worker, the built-in tasks, through a real Redis: what a producer sees.
set -eu
. scripts/redis-private
. tests/worker.sh
redis_start

# A task pushed before there is a worker is not lost.
push '{"task":"echo","args":{"early":true},"reply_to":"r:early"}'
worker_start
expect_reply r:early '*"status":"ok"*"early":true*'

# Ids come back byte for byte, args untouched, context too.
push '{"task":"echo","id":123456789012345678901234567890,"args":{"n":1e400,"s":"\u00e9"},"context":[1,{"a":null}],"reply_to":"r:id"}'
answer=$(reply r:id)
for part in '"id":123456789012345678901234567890' '"n":1e400' '\u00e9' \
	'"context":[1,{"a":null}]' '"task":"echo"' '"attempt":1' '"times":' \
	'"worker":"'; do
	case $answer in *"$part"*) ;; *) fail "no $part in $answer" ;; esac
done
[ "$(redis TTL r:id)" = -2 ] || fail "a reply that was taken is still there"

# A reply has a life; the default, and the producer's own.
push '{"task":"echo","reply_to":"r:ttl"}'
push '{"task":"echo","reply_to":"r:ttl2","reply_ttl":7}'
wait_for 10 '[ "$(redis EXISTS r:ttl r:ttl2)" = 2 ]' "two replies"
ttl=$(redis TTL r:ttl) ttl2=$(redis TTL r:ttl2)
[ "$ttl" -gt 3500 ] && [ "$ttl" -le 3600 ] || fail "default life is $ttl"
[ "$ttl2" -gt 0 ] && [ "$ttl2" -le 7 ] || fail "own life is $ttl2"

# A list that lives for ever is never given an end.
redis RPUSH r:forever first >/dev/null
push '{"task":"echo","reply_to":"r:forever"}'
wait_for 10 '[ "$(redis LLEN r:forever)" = 2 ]' "the second element"
[ "$(redis TTL r:forever)" = -1 ] || fail "the list was given an end"

# The talk's values.
push '{"task":"serialize","args":{"value":[1,2,3],"to":"php"},"reply_to":"r:php"}'
expect_reply r:php '*a:3:{i:0;i:1;i:1;i:2;i:2;i:3;}*'
push '{"task":"serialize","args":{"value":[1,2,3],"to":"pickle"},"reply_to":"r:pickle"}'
expect_reply r:pickle '*(lp0\\nI1\\naI2\\naI3\\na.*'

# Diffs.
push '{"task":"diff","args":{"old":"a\nb\n","new":"a\nc\n"},"reply_to":"r:diff"}'
expect_reply r:diff '*@@ -1,2 +1,2 @@\\n a\\n-b\\n+c\\n*'
push '{"task":"diff","args":{"format":"html","old":"<p>one two</p>","new":"<p>one three</p>"},"reply_to":"r:html"}'
expect_reply r:html '*<del>two</del>*<ins>three</ins>*'

# Byte strings in and out by key.
redis SET in 'a:1:{i:0;i:5;}' >/dev/null
push '{"task":"serialize","args":{"from":"php","to":"json"},"inputs":{"input":{"key":"in"}},"outputs":{"output":{"key":"out","ttl":60}},"reply_to":"r:key"}'
expect_reply r:key '*"output":{"key":"out","bytes":3}*'
[ "$(redis GET out)" = "[5]" ] || fail "the output is $(redis GET out)"
[ "$(redis TTL out)" -gt 0 ] || fail "the output has no life"
push '{"task":"serialize","args":{"from":"php","to":"json"},"inputs":{"input":{"key":"nowhere"}},"reply_to":"r:none"}'
expect_reply r:none '*"code":"not_found"*'

# Errors name the member and the rule.
push '{"task":"diff","args":{"format":"htm","old":"","new":""},"reply_to":"r:e1"}'
expect_reply r:e1 '*"code":"bad_args"*"field":"args.format"*'
push '{"task":"nothing","reply_to":"r:e2"}'
expect_reply r:e2 '*"code":"unknown_task"*'
push '{"task":"echo","reply_to":"r:e3","surprise":1}'
expect_reply r:e3 '*"code":"bad_task"*"field":"surprise"*'

# What is no task goes to the dead stream, and life goes on.
push 'no json at all'
push '[]'
push "$(printf '\377')"
wait_for 10 '[ "$(redis XLEN "cherry:{tasks}:dead")" = 3 ]' "three dead"
push '{"task":"echo","reply_to":"r:alive"}'
expect_reply r:alive '*"status":"ok"*'

# A reply key of the wrong type: the outcome goes to the dead stream.
redis SET r:string x >/dev/null
push '{"task":"echo","args":{"lost":"no"},"reply_to":"r:string"}'
wait_for 10 '[ "$(redis XLEN "cherry:{tasks}:dead")" = 4 ]' "the fourth dead"
[ "$(redis GET r:string)" = x ] || fail "the foreign key was changed"
push '{"task":"echo","reply_to":"r:alive"}'
expect_reply r:alive '*"status":"ok"*'

# Keys that are not a producer's to name.
push '{"task":"echo","reply_to":"cherry:x"}'
push '{"task":"echo","reply_to":"tasks"}'
wait_for 10 '[ "$(redis HGET "cherry:{tasks}:stats" refused)" = 3 ]' "the refusals"
[ "$(redis LLEN tasks)" = 0 ] || fail "a reply went into the queue"

worker_stop
[ "$(redis HLEN "cherry:{tasks}:owned:x")" = 0 ]
[ -z "$(redis --scan --pattern 'cherry:{tasks}:owned:*')" ] ||
	fail "a worker that has left still owns tasks"
[ -z "$(redis --scan --pattern 'cherry:{tasks}:inbox:*')" ] ||
	fail "a worker that has left has an inbox"
