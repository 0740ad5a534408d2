#!/bin/bash
# The configuration: all errors at once, each with its place; precedence.
set -eu
. scripts/redis-private

cat >"$SCRATCH/bad.conf" <<'END'
[cherry]
queues = a b:3
concurrency = many
drian_timeout = 8
[redsi]
url = redis://x
[queue:a]
pop = middle
rate = 100/s
[task:thumbnail]
max_pixels = lots
[task:report]
timeout = 10
[http]
listen = 127.0.0.1:9464
END
status=0
"$CHERRY" config check -c "$SCRATCH/bad.conf" 2>"$SCRATCH/err" || status=$?
[ "$status" = 78 ] || fail "status $status"
for part in 'bad.conf:2: [cherry] queues: b:3' 'bad.conf:3: [cherry] concurrency' \
	'did you mean "drain_timeout"' 'did you mean [redis' \
	'bad.conf:8: [queue:a] pop: "middle" is not one of right, left' \
	'bad.conf:9: [queue:a] rate: this setting is not built yet' \
	'bad.conf:11: [task:thumbnail] max_pixels' 'needs a command' \
	'bad.conf:15: [http] listen'; do
	grep -qF -- "$part" "$SCRATCH/err" || fail "no $part in $(cat "$SCRATCH/err")"
done
status=0
"$CHERRY" work -c "$SCRATCH/bad.conf" 2>/dev/null || status=$?
[ "$status" = 78 ] || fail "work with a bad configuration ended with $status"

cat >"$SCRATCH/bad.conf" <<'END'
[cherry]
queues = a b a
[task:thumbnial]
timeout = 10
[task:gone]
command = /no/such/program
user = nobody-of-this-name
group = no-such-group
[task:open]
command = sh -c 'unclosed
END
status=0
"$CHERRY" config check --json -c "$SCRATCH/bad.conf" >"$SCRATCH/out" 2>"$SCRATCH/err" || status=$?
[ "$status" = 78 ] || fail "status $status"
for part in 'bad.conf:2: [cherry] queues: a is named twice' 'did you mean thumbnail' \
	'bad.conf:6: [task:gone] command: there is no program /no/such/program' \
	'bad.conf:7: [task:gone] user: there is no user nobody-of-this-name' \
	'bad.conf:8: [task:gone] group: there is no group no-such-group' \
	'bad.conf:10: [task:open] command: the quote'; do
	grep -qF -- "$part" "$SCRATCH/err" || fail "no $part in $(cat "$SCRATCH/err")"
done
python3 - "$SCRATCH/out" <<'END'
import json, sys
check = json.load(open(sys.argv[1]))
assert check["version"] == 1 and check["good"] is False and len(check["problems"]) == 6, check
END

printf '[cherry]\nconcurrency = 3\nlog_level = warn\n[secrets]\nkey = hush\n' >"$SCRATCH/good.conf"
"$CHERRY" config check -c "$SCRATCH/good.conf" >/dev/null
CHERRY_CHERRY_CONCURRENCY=5 REDIS_URL=unix:///env.sock "$CHERRY" config show \
	-c "$SCRATCH/good.conf" --set cherry.log_level=debug >"$SCRATCH/show"
for part in 'concurrency = 5' 'CHERRY_CHERRY_CONCURRENCY' 'log_level = debug' \
	'url = unix:///env.sock' 'drain_timeout = 8' 'key = \*\*\*'; do
	grep -q -- "$part" "$SCRATCH/show" || fail "no $part in $(cat "$SCRATCH/show")"
done
! grep -q hush "$SCRATCH/show" || fail "a secret is shown"
[ -z "$(grep '^\[' "$SCRATCH/show" | sort | uniq -d)" ] || fail "a section is shown twice"
"$CHERRY" config show --set redis.url=redis://me:hush@host:1/2 >"$SCRATCH/show"
grep -q 'url = redis://me:\*\*\*@host:1/2' "$SCRATCH/show" || fail "a URL's password: $(grep url "$SCRATCH/show")"
status=0
"$CHERRY" config check --set cherry.concurency=1 2>"$SCRATCH/err" || status=$?
[ "$status" = 78 ] && grep -q 'did you mean' "$SCRATCH/err" || fail "$(cat "$SCRATCH/err")"
status=0
"$CHERRY" config check --set redis.url=rediss://localhost >/dev/null 2>"$SCRATCH/err" || status=$?
case $status in
0) ;; # this build has TLS
78) grep -q 'redis.*TLS.*hiredis' "$SCRATCH/err" || fail "rediss: $(cat "$SCRATCH/err")" ;;
*) fail "rediss: $status $(cat "$SCRATCH/err")" ;;
esac

# What is shown can be read again, and gives the same.
"$CHERRY" config show -c "$SCRATCH/good.conf" --set secrets.key=x >"$SCRATCH/again.conf"
"$CHERRY" config check -c "$SCRATCH/again.conf" >/dev/null || fail "config show is no configuration"
"$CHERRY" config show -c "$SCRATCH/again.conf" | sed 's/\t;.*//' >"$SCRATCH/second"
sed 's/\t;.*//' "$SCRATCH/again.conf" | diff - "$SCRATCH/second" || fail "shown twice, it differs"
"$CHERRY" config show --json -c "$SCRATCH/good.conf" | python3 -c '
import json, sys
for row in json.load(sys.stdin)["settings"]:
    if row["key"] == "concurrency":
        assert row["value"] == "3" and row["from"].endswith("good.conf:2"), row
    if row["key"] == "reply_ttl":
        assert row["from"] == "default", row
'
