/*
 * What a machine can start: fork, exec and wait, nothing else.
 *
 *	fork_loop COUNT PROGRAM [ARG...]	prints how many a second
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

extern char **environ;

int main(int argc, char **argv)
{
	long count = argc > 2 ? strtol(argv[1], NULL, 10) : 0, i;
	double begin = clock_monotonic();
	int status;

	if (count <= 0)
		errx(64, "usage: fork_loop COUNT PROGRAM [ARG...]");
	for (i = 0; i < count; i++) {
		pid_t pid = fork();

		if (!pid) {
			execve(argv[2], argv + 2, environ);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			errx(1, "%s did not run", argv[2]);
	}
	printf("%.0f\n", (double)count / (clock_monotonic() - begin));
	return 0;
}
