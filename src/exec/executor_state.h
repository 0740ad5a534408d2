/*
 * What the files of the executor share: one executor's state.
 */
#ifndef EXEC_EXECUTOR_STATE_H
#define EXEC_EXECUTOR_STATE_H

#include <signal.h>
#include "base/arena.h"
#include "exec/frame.h"
#include "exec/message.h"
#include "exec/status_page.h"
#include "task/task_settings.h"

/* Results that may wait for further ones. */
#define EXECUTOR_PENDING_MAX ((size_t)64 << 10)

/* Results that wait are sent before a task that takes longer than this. One
 * that has never run may. */
#define EXECUTOR_SLOW_NS 100000

/* A task of the executor's class. */
struct executor_known {
	const struct task *task;
	const char *fault;   /* why it cannot run here, NULL: it can */
	uint64_t average_ns; /* of its runs so far, the latest count most */
};

struct executor {
	pid_t parent;
	struct frame_reader reader;
	struct frame_writer writer;
	struct status_page *page;
	struct arena forever; /* set-up, settings, secrets */
	struct arena arena;   /* of the task at work */
	struct buf result;    /* likewise */
	struct task_settings *settings;
	struct executor_known *known;
	size_t count;
	uint64_t max_memory;
	size_t max_reply;
	size_t kept; /* bytes that a task may leave behind for a while */
	bool grown;  /* some were left since the last rest */
	volatile sig_atomic_t at_work; /* the writer is not being touched */
	uint64_t number;	       /* of the task at work ... */
	uint64_t start_ns;	       /* ... and when it began */
};

/*
 * Runs the task of a TASK frame and puts its result into the writer, which may
 * have been flushed before. -1 only where the master cannot be understood or
 * written to.
 */
int executor_task(struct executor *executor, struct frame *frame,
		  struct err *err) MUST_CHECK;

#endif
