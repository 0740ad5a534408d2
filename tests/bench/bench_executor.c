/*
 * What one executor can do with echo tasks of 100 bytes in batches, next to a
 * process that sends the same bytes back over the same kind of socket: all
 * that lies between is the price of frames, checks and the sandbox.
 */
#include "executor_client.h"

#include <err.h>

#define BATCH  64
#define ROUNDS 2000

static const char args[] =
	"{\"text\":\"a hundred bytes of arguments, give or take, as a small "
	"task might well have them\",\"n\":12345}";

static double bench_executor(enum sandbox_mode mode)
{
	static struct executor_client client;
	struct message_setup setup = {.sandbox = mode};
	struct message_result result;
	struct err error = ERR_INIT;
	uint64_t number = 0;
	double begin, took;
	int round, i;

	if (executor_client_start(&client,
				  getenv("CHERRY") ? getenv("CHERRY")
						   : "build/cherry",
				  &setup, &error))
		errx(1, "%s", error.message);
	begin = clock_monotonic();
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < BATCH; i++)
			if (executor_client_put(&client, ++number, "echo", args,
						&error))
				errx(1, "%s", error.message);
		if (executor_client_send(&client, &error))
			errx(1, "%s", error.message);
		for (i = 0; i < BATCH; i++)
			if (executor_client_result(&client, &result, &error) !=
			    1)
				errx(1, "no result: %s", error.message);
	}
	took = clock_monotonic() - begin;
	executor_client_stop(&client);
	return BATCH * ROUNDS / took;
}

/* The peer: reads what there is and sends it back. */
static void mirror(int fd)
{
	char bytes[65536];
	ssize_t len;

	while ((len = read(fd, bytes, sizeof(bytes))) > 0)
		if (write(fd, bytes, (size_t)len) != len)
			_exit(1);
	_exit(0);
}

static double bench_mirror(void)
{
	static char bytes[BATCH * 150];
	int sockets[2], round;
	double begin, took;
	size_t left;
	ssize_t len;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		err(1, "socketpair");
	pid = fork();
	if (!pid) {
		close(sockets[0]);
		mirror(sockets[1]);
	}
	close(sockets[1]);
	begin = clock_monotonic();
	for (round = 0; round < ROUNDS; round++) {
		if (write(sockets[0], bytes, sizeof(bytes)) != sizeof(bytes))
			err(1, "write");
		for (left = sizeof(bytes); left; left -= (size_t)len) {
			len = read(sockets[0], bytes, left);
			if (len <= 0)
				err(1, "read");
		}
	}
	took = clock_monotonic() - begin;
	close(sockets[0]);
	waitpid(pid, NULL, 0);
	return BATCH * ROUNDS / took;
}

int main(void)
{
	double peer = bench_mirror();
	double off = bench_executor(SANDBOX_OFF);
	double full = bench_executor(SANDBOX_REQUIRE);

	printf("executor: echo tasks/s in the sandbox %.0f, without %.0f, a "
	       "mirror of the same bytes %.0f; ratios %.2f and %.2f\n",
	       full, off, peer, full / peer, full / off);
	return 0;
}
