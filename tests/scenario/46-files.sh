#!/bin/bash
# Files that tasks name, on a disk that does not answer: everything else goes
# on, and nothing is told before it is true.
set -eu
. scripts/redis-private
. tests/worker.sh
redis_start
mkdir "$SCRATCH/root" "$SCRATCH/root/slowly"
cat >"$SCRATCH/conf" <<END
[cherry]
concurrency = 2
drain_timeout = 1
max_payload = 64M
[files]
input_root = $SCRATCH/root
output_root = $SCRATCH/root
[task:count]
command = wc -c
[task:copy]
command = cat
max_output = 64M
END

# Many at a time, each its own.
for i in $(seq 300); do
	echo "old $i" >"$SCRATCH/root/old$i"
	echo "new $i" >"$SCRATCH/root/new$i"
	printf '{"task":"diff","inputs":{"old":{"file":"old%d"},"new":{"file":"new%d"}},"outputs":{"diff":{"file":"diff%d"}},"reply_to":"r:many"}\n' \
		"$i" "$i" "$i"
done >"$SCRATCH/tasks"
worker_start -c "$SCRATCH/conf"
"$CHERRY" push --lines --redis "$REDIS_URL" <"$SCRATCH/tasks" 2>/dev/null
wait_for 30 '[ "$(redis LLEN r:many)" = 300 ]' 'all replies'
[ "$(redis LRANGE r:many 0 -1 | grep -c '"status":"ok".*"file":"diff')" = 300 ] ||
	fail "$(redis LRANGE r:many 0 3)"
for i in $(seq 300); do
	grep -qx -- "-old $i" "$SCRATCH/root/diff$i" && grep -qx -- "+new $i" "$SCRATCH/root/diff$i" ||
		fail "diff$i is $(cat "$SCRATCH/root/diff$i")"
done
[ -z "$(find "$SCRATCH/root" -name '.cherry*')" ] || fail "something is left behind"

# As long as a task may be, through a program and back into a file.
head -c 50000000 /dev/urandom >"$SCRATCH/root/large"
push '{"task":"copy","inputs":{"input":{"file":"large"}},"outputs":{"output":{"file":"copy"}},"reply_to":"r:large"}'
expect_reply r:large '*"status":"ok"*"file":"copy","bytes":50000000*'
cmp "$SCRATCH/root/large" "$SCRATCH/root/copy" || fail "the copy differs"
push '{"task":"count","inputs":{"input":{"file":"nowhere"}},"reply_to":"r:none"}'
expect_reply r:none '*"code":"not_found"*"field":"inputs.input"*'
push '{"task":"copy","inputs":{"input":{"file":"old1"}},"outputs":{"output":{"file":"nowhere/x"}},"reply_to":"r:none"}'
expect_reply r:none '*"code":"not_found"*"field":"outputs.output"*'
worker_stop

# A disk that stands still until the file `go` is there.
if nm -D "$CHERRY" 2>/dev/null | grep -q __asan_init || ! command -v "${CC:-cc}" >/dev/null; then
	exit 0 # a sanitizer wants to be the first library
fi
cat >"$SCRATCH/still.c" <<'END'
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void wait_for_it(int fd)
{
	char link[64], path[4096];
	ssize_t len;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	path[len > 0 ? len : 0] = 0;
	while (strstr(path, "/slowly/") && access(getenv("GO"), F_OK))
		usleep(20000);
}
ssize_t read(int fd, void *to, size_t size)
{
	static ssize_t (*real)(int, void *, size_t);
	if (!real)
		real = dlsym(RTLD_NEXT, "read");
	wait_for_it(fd);
	return real(fd, to, size);
}
ssize_t write(int fd, const void *from, size_t size)
{
	static ssize_t (*real)(int, const void *, size_t);
	if (!real)
		real = dlsym(RTLD_NEXT, "write");
	wait_for_it(fd);
	return real(fd, from, size);
}
END
gcc -D_GNU_SOURCE -shared -fPIC -o "$SCRATCH/still.so" "$SCRATCH/still.c" -ldl ||
	fail "no slow disk can be made"
echo text >"$SCRATCH/root/slowly/in"
slow_worker()
{
	LD_PRELOAD=$SCRATCH/still.so GO=$SCRATCH/go worker_start -c "$SCRATCH/conf"
}
slow_worker
push '{"task":"count","inputs":{"input":{"file":"slowly/in"}},"reply_to":"r:in"}'
push '{"task":"copy","inputs":{"input":{"file":"old1"}},"outputs":{"output":{"file":"slowly/out"}},"reply_to":"r:out"}'
wait_for 10 '[ -n "$(find "$SCRATCH/root/slowly" -name ".cherry*")" ]' 'the output that is begun'
for i in 1 2 3; do
	push '{"task":"echo","reply_to":"r:echo"}'
	expect_reply r:echo '*"status":"ok"*'
done
push '{"task":"count","args":{"input":"abc"},"reply_to":"r:echo"}'
expect_reply r:echo '*"output":"3\\n"*'
[ "$(redis EXISTS r:in r:out)" = 0 ] || fail "answered before the disk did"
[ ! -e "$SCRATCH/root/slowly/out" ] || fail "half a file is there"
touch "$SCRATCH/go"
expect_reply r:in '*"output":"5\\n"*'
expect_reply r:out '*"file":"slowly/out"*'
[ "$(cat "$SCRATCH/root/slowly/out")" = 'old 1' ] || fail "the output is wrong"

# One that never answers keeps no worker from its end, and the task is not lost.
rm "$SCRATCH/go" "$SCRATCH/root/slowly/out"
push '{"task":"copy","inputs":{"input":{"file":"old2"}},"outputs":{"output":{"file":"slowly/out"}},"reply_to":"r:out"}'
wait_for 10 '[ -n "$(find "$SCRATCH/root/slowly" -name ".cherry*")" ]' 'the output that is begun'
worker_stop
worker_start -c "$SCRATCH/conf"
answer=$(redis BLPOP r:out 40 | tail -n 1)
case $answer in
*'"file":"slowly/out"'*) ;;
*) fail "the task is lost: $answer" ;;
esac
[ "$(cat "$SCRATCH/root/slowly/out")" = 'old 2' ] || fail "the second output is wrong"
worker_stop
