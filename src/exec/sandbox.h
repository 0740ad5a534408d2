/*
 * The executor's sandbox: two functions, implemented in sandbox_linux.c and,
 * for systems without the means, in sandbox_none.c.
 */
#ifndef EXEC_SANDBOX_H
#define EXEC_SANDBOX_H

#include <sys/types.h>
#include "cherry/err.h"

enum sandbox_mode {
	SANDBOX_REQUIRE, /* without a system call filter nothing runs */
	SANDBOX_PREFER,	 /* as much as this machine has */
	SANDBOX_OFF,	 /* limits on resources only */
	SANDBOX_MODE_COUNT
};

enum sandbox_level {
	SANDBOX_LEVEL_OFF,     /* limits on resources only */
	SANDBOX_LEVEL_PARTIAL, /* something is missing on this machine */
	SANDBOX_LEVEL_FULL,
	SANDBOX_LEVEL_COUNT
};

struct sandbox_options {
	enum sandbox_mode mode;
	bool trace;	     /* SIGSYS names the refused call first */
	bool threads;	     /* what runs may start threads */
	pid_t parent;	     /* whoever started us: we die with it */
	uid_t uid;	     /* if we are root; 0: the built-in number */
	uint64_t max_memory; /* bytes, resident; 0: no limit */
};

struct sandbox_report {
	enum sandbox_level level;
	char text[256]; /* "full: user 61879, no new privileges, ..." */
};

/*
 * Before anything is loaded: closes every descriptor above `last_fd`, leaves
 * the terminal, sets signals, umask and the limits that do not hinder loading.
 */
int sandbox_prepare(int last_fd, struct err *err);

/*
 * After warm-up, before the first byte of a task: gives up user, privileges,
 * files, network and all system calls that computing does not need. There is
 * no way back. -1 with ERR_UNSUPPORTED where mode is SANDBOX_REQUIRE and a
 * part that matters is not to be had; the process must not go on then.
 */
int sandbox_enter(const struct sandbox_options *options,
		  struct sandbox_report *report, struct err *err);

/* "full", "partial", "off". */
const char *sandbox_level_name(enum sandbox_level level);

#endif
