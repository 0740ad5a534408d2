/*
 * What the files about an executor's process share.
 */
#ifndef MASTER_EXECUTOR_PROCESS_H
#define MASTER_EXECUTOR_PROCESS_H

#include "master/master_state.h"

/* NULL if its page names none of its jobs. */
struct job *executor_process_at_work(const struct executor_process *executor);
void executor_process_kill(struct runner *runner, struct job *job,
			   enum err_code why);
void executor_process_forget(struct runner *runner);
/* Kills it, and takes it out of the count of those that can work. */
void executor_process_end_now(struct executor_process *executor);
void executor_process_on_socket(void *executor, int events);
void executor_process_on_error_output(void *executor, int events);
/* What it wrote there before it died, and nobody has read yet. */
void executor_process_drain_error(struct executor_process *executor);
void executor_process_on_exit_status(void *executor,
				     const struct child_end *end);
/* The socket has ended: what it sent has been read. */
void executor_process_on_closed(struct executor_process *executor);

/* --- executor_time.c -------------------------------------------------------------- */

void executor_process_on_timer(void *executor);
/* Looks at its deadlines when the next one may be due. */
void executor_process_set_timer(struct executor_process *executor);
/* `job` was just put into its hands. */
void executor_process_allow_cpu(struct executor_process *executor,
				const struct job *job);

#endif
