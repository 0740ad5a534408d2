/*
 * An executor's time: the deadlines of its tasks, results that are overdue, and
 * the processor time it may use.
 */
#include "master/executor_process.h"

#include <signal.h>
#include "base/clock.h"
#include "exec/executor.h"
#include "exec/spawn.h"

#define STOP_SECONDS	5
#define DEADLINE_MARGIN 0.02
/* After so long without a result those that wait are asked for. */
#define NUDGE_SECONDS 0.05
#define CPU_SECONDS   1.0

static bool may_nudge(const struct executor_process *executor)
{
	return executor->count > 1 && !executor->nudged &&
	       executor->class == TASK_CLASS_CORE;
}

/* --- Deadlines ------------------------------------------------------------------------ */

/* Which of its jobs is at work: as its page says, if that is believable. */
struct job *executor_process_at_work(const struct executor_process *executor)
{
	struct status_now now = status_page_read(executor->page);
	size_t i;

	for (i = 0; i < executor->count; i++) {
		struct job *job =
			executor->flight[(executor->first + i) % FLIGHT_MAX];

		if (job->number == now.number)
			return job;
	}
	return NULL;
}

/*
 * When the attempt at work has to be over, and whose it is. Results of those
 * before it may still lie in the executor. The attempt starts when the executor
 * says so; one that says nothing has started when it could have, and no word of
 * it stretches the time that its tasks have in sum.
 */
static double next_deadline(const struct executor_process *executor,
			    struct job **whose)
{
	struct status_now now = status_page_read(executor->page);
	double start = executor->progress_at, all = start;
	struct job *job = executor->flight[executor->first];
	size_t i;

	*whose = job;
	for (i = 0; i < executor->count; i++) {
		job = executor->flight[(executor->first + i) % FLIGHT_MAX];
		all += job->timeout;
		if (job->number != now.number)
			continue;
		*whose = job;
		if ((double)now.start_ns / 1e9 > start)
			start = (double)now.start_ns / 1e9;
		start += job->timeout;
		return start < all ? start : all;
	}
	return start + (*whose)->timeout;
}

/* When to look again: at the deadline of the one at work, or at the earliest
 * that any of the others can have, should it be begun this moment. */
static double next_look(const struct executor_process *executor)
{
	struct job *job;
	double look = next_deadline(executor, &job), now = clock_monotonic();
	size_t i;

	for (i = 0; i < executor->count; i++) {
		job = executor->flight[(executor->first + i) % FLIGHT_MAX];
		if (now + job->timeout < look)
			look = now + job->timeout;
	}
	if (may_nudge(executor) && executor->progress_at + NUDGE_SECONDS < look)
		look = executor->progress_at + NUDGE_SECONDS;
	return look - now;
}

void executor_process_set_timer(struct executor_process *executor)
{
	double wait = -1;

	if (executor->state == EXECUTOR_STARTING ||
	    executor->state == EXECUTOR_GONE)
		return;
	if (executor->count)
		wait = next_look(executor) + DEADLINE_MARGIN;
	else if (executor->state == EXECUTOR_STOPPING)
		wait = STOP_SECONDS;
	if (executor->count && wait < 0)
		wait = 0.001;
	executor->look_at = clock_monotonic() + wait;
	executor->master->loop->timer_set(executor->timer, wait);
}

/* Results of short tasks wait in an executor for company; where the next one
 * proves to be long, they are asked for. */
static void nudge(struct executor_process *executor)
{
	if (!may_nudge(executor) ||
	    clock_monotonic() - executor->progress_at < NUDGE_SECONDS)
		return;
	executor->nudged = true;
	kill(executor->runner.pid, EXECUTOR_NUDGE);
}

void executor_process_on_timer(void *arg)
{
	struct executor_process *executor = arg;
	struct job *job =
		executor->count ? executor->flight[executor->first] : NULL;

	if (executor->state == EXECUTOR_STARTING ||
	    (executor->state == EXECUTOR_STOPPING && !job)) {
		executor_process_end_now(executor);
	} else if (job) {
		nudge(executor);
		if (next_deadline(executor, &job) <= clock_monotonic())
			executor_process_kill(&executor->runner, job,
					      ERR_TIMEOUT);
		else
			executor_process_set_timer(executor);
	}
}

/* A limit on processor time beside the deadline: for each of its tasks, and
 * until this is called again. System calls that short tasks share. */
void executor_process_allow_cpu(struct executor_process *executor,
				const struct job *job)
{
	double now = clock_monotonic(), most = 0;
	size_t i;

	if (now - executor->cpu_at < CPU_SECONDS &&
	    (executor->count > 1 || job->timeout <= executor->cpu_allowed))
		return;

	for (i = 0; i < executor->count; i++) {
		double timeout =
			executor->flight[(executor->first + i) % FLIGHT_MAX]
				->timeout;

		if (timeout > most)
			most = timeout;
	}
	executor->cpu_at = now;
	executor->cpu_allowed = most;
	(void)spawn_allow_cpu(executor->runner.pid, most + 3 * CPU_SECONDS);
}
