/*
 * A Redis for a bench, without persistence, on a Unix socket in a directory of
 * its own, and the programs beside it. Whoever includes this defines fail(),
 * which says what is wrong and ends.
 */
#ifndef TESTS_BENCH_REDIS_H
#define TESTS_BENCH_REDIS_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/client.h"

static void fail(const char *what);

static char bench_dir[] = "/tmp/cherry-bench.XXXXXX";
static char bench_url[80], bench_socket[64];

/* A program that says nothing and hears nothing. */
static inline pid_t bench_start(const char *const *argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return pid;
}

static inline void bench_stop(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

/* Ends the bench with 77 where there is no redis-server. */
static inline pid_t bench_redis_start(void)
{
	const char *argv[] = {"redis-server", "--port", "0",  "--unixsocket",
			      bench_socket,   "--save", "",   "--appendonly",
			      "no",	      "--dir",	NULL, NULL};
	struct err err = ERR_INIT;
	pid_t pid;
	int i;

	if (!mkdtemp(bench_dir))
		fail(bench_dir);
	snprintf(bench_socket, sizeof(bench_socket), "%s/redis", bench_dir);
	snprintf(bench_url, sizeof(bench_url), "unix://%s", bench_socket);
	argv[10] = bench_dir;
	pid = bench_start(argv);
	for (i = 0; i < 500; i++) {
		struct client *client = client_open(bench_url, NULL, 1, &err);

		client_free(client);
		if (client)
			return pid;
		if (waitpid(pid, NULL, WNOHANG) == pid) {
			rmdir(bench_dir);
			exit(77);
		}
		usleep(10000);
	}
	fail("redis-server does not answer");
	return 0;
}

static inline void bench_redis_stop(pid_t pid)
{
	bench_stop(pid);
	unlink(bench_socket);
	rmdir(bench_dir);
}

static inline struct client *bench_connect(void)
{
	struct err err = ERR_INIT;
	struct client *client = client_open(bench_url, NULL, 60, &err);

	if (!client)
		fail(err.message);
	return client;
}

#endif
