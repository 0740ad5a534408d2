/*
 * Runs a program as systemd would with SystemCallFilter=: every system call
 * that is not named fails with EPERM.
 *
 *	syscall_filter COMMAND... < names, one a line
 */
#include <err.h>
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	char name[100];
	int count = 0;

	if (!filter || argc < 2)
		errx(64, "usage: syscall_filter COMMAND... < names");
	while (fgets(name, sizeof(name), stdin)) {
		int number;

		name[strcspn(name, "\n")] = '\0';
		number = seccomp_syscall_resolve_name(name);
		/* Those of other architectures are no use here. */
		if (number < 0)
			continue;
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0))
			errx(1, "%s: no rule can be made", name);
		count++;
	}
	if (count < 50)
		errx(1, "%d system calls are too few for anything", count);
	if (seccomp_load(filter))
		errx(1, "the filter cannot be loaded");
	seccomp_release(filter);
	execvp(argv[1], argv + 1);
	err(127, "%s", argv[1]);
}
