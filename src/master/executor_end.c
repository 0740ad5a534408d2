/*
 * An executor's death: whose fault it was, and what becomes of the jobs in its
 * hands. It has ended when it has been waited for and its socket has been read
 * to the end, in either order.
 */
#include "master/executor_process.h"

#include <signal.h>
#include <sys/wait.h>
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "exec/death.h"

/* --- The end -------------------------------------------------------------------------- */

static void blame(struct executor_process *executor, struct job *job)
{
	struct job_result result;

	master_result_init(&result);
	if (executor->blamed_code == ERR_TIMEOUT) {
		err_set(&result.err, ERR_TIMEOUT,
			"the attempt was ended after %g seconds", job->timeout);
	} else if (executor->blamed_code == ERR_CANCELLED) {
		err_set(&result.err, ERR_CANCELLED,
			"the task was cancelled while it ran");
	} else {
		death_describe(executor->status, &result.err);
		result.err.code = ERR_CRASHED;
		if (WIFSIGNALED(executor->status))
			result.signal = WTERMSIG(executor->status);
		else if (WIFEXITED(executor->status))
			result.exit = WEXITSTATUS(executor->status);
		result.has_usage = true;
		result.usage = executor->usage;
		err_quote(result.stderr_tail, STDERR_TAIL - 8,
			  slice_of(executor->tail, executor->tail_len));
	}
	result.ran_ns =
		(uint64_t)((clock_monotonic() - executor->progress_at) * 1e9);
	master_result_take(job, &result);
}

static void wait_again(struct job *job)
{
	struct master_task_state *task =
		(struct master_task_state *)(uintptr_t)job->task;

	task->running--;
	job->master->queues[job->queue].running--;
	job->runner = NULL;
	job_set_state(job, JOB_WAITING, true);
}

/* The process is gone and has said all it had to say. */
static void settle_end(struct executor_process *executor)
{
	struct master *master = executor->master;
	bool failed = executor->done == 0 && executor->base_pages == 0 &&
		      !executor->killed;
	struct job *guilty = NULL;
	bool suspects = false;
	bool clean = WIFEXITED(executor->status) &&
		     WEXITSTATUS(executor->status) == 0;

	CRASH_POINT("master.executor_ended");
	/* Its last words may lie in the pipe still: nobody writes there now. */
	executor_process_drain_error(executor);
	if (executor->count && executor->blamed) {
		size_t i;

		for (i = 0; i < executor->count; i++) {
			struct job *job =
				executor->flight[(executor->first + i) %
						 FLIGHT_MAX];

			if (job->number == executor->blamed)
				guilty = job;
		}
	} else if (executor->count && !executor->killed) {
		guilty = executor_process_at_work(executor);
		/* None was at work: the only one pays; of several each is
		 * tried by itself. */
		if (!guilty && executor->count == 1)
			guilty = executor->flight[executor->first];
		suspects = !guilty;
	}
	if (executor->count || (!clean && !executor->killed))
		log_warn("executor_died", LOG_INT("pid", executor->runner.pid),
			 LOG_TEXT("class", executor->class == TASK_CLASS_IMAGE
						   ? "image"
						   : "core"),
			 LOG_TEXT("how", death_class_name(death_classify(
						 executor->status))),
			 LOG_INT("in_hand", executor->count));
	/* From the last to the first, each to the front: the order stays. */
	while (executor->count) {
		struct job *job =
			executor->flight[(executor->first + --executor->count) %
					 FLIGHT_MAX];

		if (job == guilty)
			continue;
		job->alone |= suspects;
		if (master->leaving)
			master_result_give_back(job);
		else
			wait_again(job);
	}
	if (guilty)
		blame(executor, guilty);
	if (executor->state == EXECUTOR_READY ||
	    executor->state == EXECUTOR_STARTING)
		master->classes[executor->class].live--;
	executor->state = EXECUTOR_GONE;
	pool_on_gone(executor, failed);
	master_check_end(master);
}

static void try_end(struct executor_process *executor)
{
	if (executor->exited && executor->closed)
		settle_end(executor);
}

void executor_process_on_exit_status(void *arg, const struct child_end *end)
{
	struct executor_process *executor = arg;

	executor->exited = true;
	executor->status = end->status;
	executor->usage = end->usage;
	try_end(executor);
}

/* The socket has ended: what it sent has been read. */
void executor_process_on_closed(struct executor_process *executor)
{
	struct loop *loop = executor->master->loop;

	if (executor->closed)
		return;
	executor->closed = true;
	loop->io_free(executor->io);
	executor->io = NULL;
	if (!executor->exited)
		kill(executor->runner.pid, SIGKILL);
	try_end(executor);
}
