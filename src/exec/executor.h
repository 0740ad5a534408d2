/*
 * The executor: a process that runs built-in tasks for the master, in the
 * sandbox, one after the other.
 *
 * It reads SETUP from its socket, warms up the tasks of its class, enters the
 * sandbox, answers READY, and then answers each TASK with a RESULT, in order,
 * until STOP or the end of the socket. No task makes it exit; what kills it
 * (the sandbox, a limit, a crash) is seen by the master.
 */
#ifndef EXEC_EXECUTOR_H
#define EXEC_EXECUTOR_H

#include <signal.h>
#include "cherry/task.h"

/* Sent by the master when results are overdue: an executor of documents and
 * values sends those that wait for company, though a task is at work. */
#define EXECUTOR_NUDGE SIGUSR1

/* The hidden command `executor`: runs with the tasks of task_table on the
 * descriptors of spawn.h. Exits and never returns; an int
 * as all commands. */
int executor_main(void);

/* The same with another table (ends with NULL): tests have tasks of their
 * own. */
_Noreturn void executor_run(const struct task *const *table);

#endif
