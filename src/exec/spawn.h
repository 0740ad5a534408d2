/*
 * Starting a process: exec in a child that shares our memory until then
 * (CLONE_VM | CLONE_VFORK, as posix_spawn does), so that its cost does not
 * grow with the master and a failure before exec comes back as an error, not
 * as a child that exits. The caller waits for the child.
 */
#ifndef EXEC_SPAWN_H
#define EXEC_SPAWN_H

#include <sys/resource.h>
#include <sys/types.h>
#include "cherry/buf.h"
#include "cherry/err.h"
#include "cherry/task.h"

struct spawn_limit {
	int resource; /* RLIMIT_... */
	rlim_t soft, hard;
};

#define SPAWN_FD_MAX 8

struct spawn_options {
	const char *path; /* no search */
	char *const *argv;
	char *const *envp;
	/* fds[i] becomes descriptor i of the child; -1: /dev/null. All other
	 * descriptors are closed. At least 3 for a program that is not ours. */
	const int *fds;
	size_t fd_count;       /* at most SPAWN_FD_MAX */
	const char *directory; /* NULL: as the parent */
	bool session;	       /* setsid; else a process group of its own */
	bool set_user; /* uid, gid and these further groups, no others */
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t group_count;
	int nice; /* added to the parent's; 0: as it is */
	const struct spawn_limit *limits;
	size_t limit_count;
	int death_signal; /* when the parent dies; 0: none */
};

/*
 * Starts it, with default signal actions and nothing blocked. The child leads
 * its own process group. Returns its pid, or -1 with ERR_FAILED and a message
 * that says which step failed and why ("cannot run /x/y: No such file or
 * directory"). Descriptors stay the caller's.
 */
pid_t spawn_run(const struct spawn_options *options, struct err *err);

/* --- Executors ------------------------------------------------------------ */

/* What an executor finds open. */
#define SPAWN_EXECUTOR_SOCKET 3
#define SPAWN_EXECUTOR_PAGE   4

struct spawn_executor {
	enum task_class class;
	const char *program; /* NULL: this very program, /proc/self/exe */
	int socket;	     /* its end of a stream socketpair */
	int page;	     /* from status_page_new */
	int error;	     /* write end of a pipe: its standard error */
};

/* Starts `PROGRAM executor` under the title "cherry: core" and so on, with an
 * empty environment. Descriptors stay the caller's. The pid, or -1. */
pid_t spawn_executor(const struct spawn_executor *options, struct err *err);

/*
 * Allows the process `seconds` of processor time more from now on: its soft
 * RLIMIT_CPU, past which the kernel ends it with SIGXCPU. 0, or -1: it is gone,
 * or it is of another user and we lack CAP_SYS_RESOURCE, as root in a container
 * does. The deadline then has to do.
 */
int spawn_allow_cpu(pid_t pid, double seconds);

#endif
