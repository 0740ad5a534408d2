/*
 * The pool: executors by class, and which of them gets which job. Starts
 * executors and their successors; what one executor does is in
 * executor_process.c, how many tasks are claimed in pool_room.c.
 */
#include "master/master_state.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/random.h"
#include "base/log.h"

/* Pictures leave memory in pieces: a fresh process after so many. */
#define IMAGE_JOBS	1000
#define START_FAILURES	5
#define BACKOFF_SECONDS 0.2
#define BACKOFF_MAX	10.0

/* --- Starting ----------------------------------------------------------------------- */

static uint64_t recycle_after(const struct master *master,
			      enum task_class class)
{
	uint64_t jobs = master->options.jobs_per_executor;

	if (jobs)
		return jobs;
	/* Not all at the same time. */
	return class == TASK_CLASS_IMAGE
		       ? IMAGE_JOBS - IMAGE_JOBS / 10 +
				 (uint64_t)(random_fraction() * IMAGE_JOBS / 5)
		       : 0;
}

/* Nothing of this class will ever start: say so to those who wait. */
static void refuse_class(struct master *master, enum task_class class)
{
	struct job *job = master->jobs[JOB_WAITING].first, *next;
	struct err err = ERR_INIT;

	err_reason(&err, ERR_UNSUPPORTED, "executor",
		   "no executor for this task can be started: %.300s",
		   master->classes[class].fault.message);
	for (; job; job = next) {
		next = job->next;
		if (!job->task->is_program && job->task->class == class)
			master_result_refuse(job, &err);
	}
}

static void on_start_failed(struct master *master, enum task_class class,
			    const struct err *err)
{
	struct pool_class *pool = &master->classes[class];
	double wait = BACKOFF_SECONDS;
	unsigned i;

	pool->fault = *err;
	for (i = 0; i < pool->failures && wait < BACKOFF_MAX; i++)
		wait *= 2;
	pool->failures++;
	pool->start_at = clock_monotonic() + wait;
	log_error("executor_failed", LOG_TEXT("why", err->message),
		  LOG_INT("failures", pool->failures),
		  LOG_NUM("again_in", wait));
	if (pool->failures >= START_FAILURES && !pool->ever_ready) {
		if (class == TASK_CLASS_CORE) {
			master->status = 78;
			master->stopped = true;
			loop_ev_break(master->ev);
			return;
		}
		refuse_class(master, class);
	}
	master->loop->timer_set(master->pool_timer, wait);
}

static struct executor_process *start_one(struct master *master,
					  enum task_class class)
{
	struct pool_class *pool = &master->classes[class];
	struct executor_process *executor;
	struct err err = ERR_INIT;
	double wait;

	wait = pool->start_at - clock_monotonic();
	if (wait > 0) {
		master->loop->timer_set(master->pool_timer, wait);
		return NULL;
	}
	executor = executor_process_start(master, class, &err);
	if (!executor) {
		on_start_failed(master, class, &err);
		return NULL;
	}
	executor->recycle_at = recycle_after(master, class);
	executor->next = pool->executors;
	pool->executors = executor;
	pool->live++;
	return executor;
}

void pool_start(struct master *master)
{
	size_t want = master->options.concurrency;

	while (master->classes[TASK_CLASS_CORE].live < want &&
	       start_one(master, TASK_CLASS_CORE))
		;
	if (!master->options.image_at_start)
		return;
	while (master->classes[TASK_CLASS_IMAGE].live < want &&
	       start_one(master, TASK_CLASS_IMAGE))
		;
}

static void unlink_executor(struct executor_process *executor)
{
	struct pool_class *pool = &executor->master->classes[executor->class];
	struct executor_process **at = &pool->executors;

	while (*at != executor)
		at = &(*at)->next;
	*at = executor->next;
}

void pool_on_gone(struct executor_process *executor, bool failed)
{
	struct master *master = executor->master;
	struct pool_class *pool = &master->classes[executor->class];
	enum task_class class = executor->class;
	struct err err = ERR_INIT;

	unlink_executor(executor);
	if (failed && !pool->fault.message[0])
		err_set(&err, ERR_CRASHED,
			"an executor ended before it was ready: %.200s",
			executor->tail_len ? executor->tail
					   : "it said nothing");
	else if (failed)
		err = pool->fault;
	executor_process_free(executor);
	if (master->leaving || master->stopped)
		return;
	if (failed)
		on_start_failed(master, class, &err);
	else
		pool_start(master);
	master_wake(master);
}

/* --- Dispatch ----------------------------------------------------------------------- */

bool pool_is_short(const struct job *job)
{
	return job->task->average_ns && job->task->average_ns < SHORT_NS;
}

/* Short tasks may stand behind one another; a long one is alone in an
 * executor's hands, since what waits behind it could run elsewhere. */
static bool can_take(const struct executor_process *executor,
		     const struct job *job)
{
	if (executor->state != EXECUTOR_READY || executor->alone)
		return false;
	if (!executor->count)
		return true;
	return !job->alone && pool_is_short(job) &&
	       executor->count < FLIGHT_MAX &&
	       pool_is_short(executor->flight[executor->first]) &&
	       frame_writer_pending(&executor->writer) < (1 << 20);
}

static struct executor_process *find_executor(struct pool_class *pool,
					      const struct job *job)
{
	struct executor_process *executor, *best = NULL;

	for (executor = pool->executors; executor; executor = executor->next) {
		if (can_take(executor, job) &&
		    (!best || executor->count < best->count))
			best = executor;
	}
	return best;
}

/* Retires it once its successor is ready; until then it works on. */
static void recycle(struct executor_process *executor)
{
	struct pool_class *pool = &executor->master->classes[executor->class];

	if (executor->state != EXECUTOR_READY)
		return;
	executor->state = EXECUTOR_STOPPING;
	pool->live--;
	if (pool->live < executor->master->options.concurrency)
		start_one(executor->master, executor->class);
	executor_process_stop(executor);
}

/* Executors that have a task, of all classes. */
size_t pool_count_busy(const struct master *master)
{
	const struct executor_process *executor;
	size_t busy = 0;
	int class;

	for (class = 0; class < TASK_CLASS_COUNT; class ++) {
		for (executor = master->classes[class].executors; executor;
		     executor = executor->next)
			busy += executor->count > 0;
	}
	return busy;
}

static bool limits_allow(const struct job *job)
{
	const struct master_task_state *task = job->task;
	const struct master_queue_state *queue =
		&job->master->queues[job->queue];

	return (!task->max_running || task->running < task->max_running) &&
	       (!queue->max_running || queue->running < queue->max_running);
}

static void begin_run(struct job *job)
{
	struct master_task_state *task =
		(struct master_task_state *)(uintptr_t)job->task;

	task->running++;
	job->master->queues[job->queue].running++;
	job->number = ++job->master->next_number;
	job->sent_at = job->master->loop->now(job->master->loop);
	job_set_state(job, JOB_RUNNING, false);
}

/* It waits for its program, and that will take a while. */
static void note_stuck(struct job *job)
{
	if (!pool_is_long(job->task))
		return;
	job->master->stuck++;
	job->master->queues[job->queue].stuck++;
}

/* False: nobody can take it now. */
static bool dispatch_job(struct master *master, struct job *job)
{
	struct pool_class *pool = &master->classes[job->task->class];
	struct executor_process *executor;

	if (master_claim_expired(job))
		return true;
	if (!limits_allow(job)) {
		master->blocked++;
		return false;
	}
	if (job->task->is_program) {
		if (!program_has_room(job)) {
			note_stuck(job);
			return false;
		}
		begin_run(job);
		program_give(master, job);
		return true;
	}
	executor = find_executor(pool, job);
	if (!executor) {
		if (pool->live < master->options.concurrency)
			start_one(master, job->task->class);
		return false;
	}
	if (!executor->count &&
	    pool_count_busy(master) >= master->options.concurrency)
		return false;
	begin_run(job);
	if (executor_process_give(executor, job))
		return true;
	executor->alone = job->alone;
	if (executor->recycle_at &&
	    executor->done + executor->count >= executor->recycle_at)
		recycle(executor);
	return true;
}

static void flush_class(struct pool_class *pool)
{
	struct executor_process *executor, *next;

	for (executor = pool->executors; executor; executor = next) {
		next = executor->next;
		executor_process_flush(executor);
	}
}

void pool_dispatch(struct master *master)
{
	struct job *job = master->jobs[JOB_WAITING].first, *next;
	size_t refused = 0, i;
	int class;

	master->blocked = master->stuck = 0;
	for (i = 0; i < master->queue_count; i++)
		master->queues[i].stuck = 0;
	/* Behind many that cannot start now, others are not looked for. */
	for (; job && refused < 256 && !master->leaving; job = next) {
		next = job->next;
		if (!dispatch_job(master, job))
			refused++;
	}
	for (class = 0; class < TASK_CLASS_COUNT; class ++)
		flush_class(&master->classes[class]);
	program_flush(master);
}

/* --- Times ---------------------------------------------------------------------------- */

/* A time of 0 is one that is not known. */
static void average(uint64_t *value, uint64_t ran)
{
	*value = *value ? (*value * 7 + ran) / 8 : ran;
	if (!*value)
		*value = 1;
}

void pool_note_run(struct job *job, uint64_t ran_ns)
{
	struct master_task_state *task =
		(struct master_task_state *)(uintptr_t)job->task;

	average(&task->average_ns, ran_ns);
	if (!task->is_program)
		average(&job->master->average_ns, ran_ns);
}

void pool_note_answers(struct master_task_state *task, size_t count,
		       uint64_t spent_ns)
{
	size_t i;

	for (i = 0; i < count; i++)
		average(&task->average_ns, spent_ns / count);
}

/* --- Ends ---------------------------------------------------------------------------- */

void pool_kill_all(struct master *master)
{
	struct executor_process *executor;
	int class;

	for (class = 0; class < TASK_CLASS_COUNT; class ++) {
		for (executor = master->classes[class].executors; executor;
		     executor = executor->next) {
			if (executor->count)
				executor->runner.forget(&executor->runner);
		}
	}
}

void pool_replace_all(struct master *master)
{
	struct executor_process *executor, *next;
	int class;

	for (class = 0; class < TASK_CLASS_COUNT; class ++) {
		for (executor = master->classes[class].executors; executor;
		     executor = next) {
			next = executor->next;
			/* One that starts was told of the former settings. */
			if (executor->state == EXECUTOR_STARTING)
				executor->runner.kill(&executor->runner, NULL,
						      ERR_NONE);
			else
				recycle(executor);
		}
	}
}

void pool_free(struct master *master)
{
	struct executor_process *executor;
	int class;

	for (class = 0; class < TASK_CLASS_COUNT; class ++) {
		while ((executor = master->classes[class].executors)) {
			master->classes[class].executors = executor->next;
			executor_process_free(executor);
		}
	}
}
