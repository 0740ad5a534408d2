/*
 * The children of this process: who waits for which, and the strays that a
 * program left behind and that became ours because we are their subreaper.
 */
#ifndef MASTER_CHILDREN_H
#define MASTER_CHILDREN_H

#include <sys/resource.h>
#include <sys/types.h>
#include "cherry/buf.h"

struct children;

/* How a child ended. */
struct child_end {
	int status; /* as from waitpid */
	struct rusage usage;
};

typedef void child_exit_cb(void *arg, const struct child_end *end);

struct children *children_new(void);
/* Forgets all; kills nobody. NULL is fine. */
void children_free(struct children *children);

/*
 * `on_exit` runs once, from children_reap, when `pid` has been waited for.
 * With `group`, the process group of that number is killed while its leader is
 * dead but not waited for, so that the number cannot belong to anybody else.
 */
void children_watch(struct children *children, pid_t pid, bool group,
		    child_exit_cb *on_exit, void *arg);

/* The callback will not run; the child is still waited for. */
void children_forget(struct children *children, pid_t pid);

/* Waits for every child that has ended: on SIGCHLD. */
void children_reap(struct children *children);

/* Is there a child that nobody watches? Such are strays. */
bool children_has_strays(struct children *children);

/*
 * Kills `leader` (a watched child that has not been waited for, or 0), its
 * process group, everything that descends from it, and every stray whose
 * environment holds `mark` ("NAME=VALUE", at most 128 bytes). Best effort
 * against a program that forks faster than it can be looked for: a few rounds.
 */
void children_kill_tree(struct children *children, pid_t leader,
			const char *mark);

#endif
