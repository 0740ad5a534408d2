/*
 * Starting /bin/true and waiting for it: spawn_run next to a bare fork + exec +
 * wait, in a process that holds 64 MB as a busy master might.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "exec/spawn.h"

#define RUNS 500

static char *argv[] = {(char[]){"true"}, NULL};
static char *envp[] = {NULL};

static void must_end(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		errx(1, "it did not run");
}

static void start_bare(void)
{
	pid_t pid = fork();

	if (!pid) {
		execve("/bin/true", argv, envp);
		_exit(127);
	}
	must_end(pid);
}

static void start_ours(void)
{
	static const int fds[] = {-1, -1, -1};
	static const struct spawn_options options = {
		.path = "/bin/true",
		.argv = argv,
		.envp = envp,
		.fds = fds,
		.fd_count = 3,
	};

	must_end(spawn_run(&options, NULL));
}

/* Runs a second; turns of both alternate, so that noise meets both. */
static double rate(void (*start)(void), double *spent)
{
	double begin = clock_monotonic();
	int i;

	for (i = 0; i < RUNS / 10; i++)
		start();
	*spent += clock_monotonic() - begin;
	return RUNS / *spent;
}

int main(void)
{
	size_t size = (size_t)64 << 20;
	char *ballast = malloc(size);
	double bare = 0, ours = 0, bare_rate = 0, our_rate = 0;
	int turn;

	if (!ballast)
		errx(1, "no memory");
	memset(ballast, 1, size);
	for (turn = 0; turn < 10; turn++) {
		bare_rate = rate(start_bare, &bare);
		our_rate = rate(start_ours, &ours);
	}
	printf("spawn: %.0f/s, bare fork + exec + wait %.0f/s, ratio %.2f\n",
	       our_rate, bare_rate, our_rate / bare_rate);
	free(ballast);
	return 0;
}
