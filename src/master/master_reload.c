/*
 * New options while jobs run. The options in force lie in struct master; the
 * former ones are kept as long as a job or a program of theirs is there, in a
 * struct master of which nothing else is used.
 *
 * What concerns the broker (Redis, the queues, their sides) cannot change under
 * a claim: the old broker is drained first, and the new one then opens.
 */
#include "master/program_process.h"

#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/xalloc.h"
#include "base/crash.h"

#define SWAP(member)                                                           \
	do {                                                                   \
		__typeof__(a->member) kept_;                                   \
		memcpy(&kept_, &a->member, sizeof(kept_));                     \
		memcpy(&a->member, &b->member, sizeof(kept_));                 \
		memcpy(&b->member, &kept_, sizeof(kept_));                     \
	} while (0)

static void swap_options(struct master *a, struct master *b)
{
	SWAP(options);
	SWAP(texts);
	SWAP(queues);
	SWAP(queue_count);
	SWAP(at_most_once);
	SWAP(tasks);
	SWAP(task_count);
	a->last_task = b->last_task = NULL;
	SWAP(settings);
	SWAP(setting_count);
	SWAP(secrets);
	SWAP(secret_count);
}

static bool texts_differ(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") != 0;
}

/* Would its broker be another one? */
static bool broker_differs(const struct master *a, const struct master *b)
{
	size_t i;

	if (texts_differ(a->options.url, b->options.url) ||
	    texts_differ(a->options.password, b->options.password) ||
	    texts_differ(a->options.sentinel_password,
			 b->options.sentinel_password) ||
	    texts_differ(a->options.ca_file, b->options.ca_file) ||
	    texts_differ(a->options.cert_file, b->options.cert_file) ||
	    texts_differ(a->options.key_file, b->options.key_file) ||
	    a->options.max_payload != b->options.max_payload ||
	    a->queue_count != b->queue_count ||
	    a->at_most_once != b->at_most_once)
		return true;
	for (i = 0; i < a->queue_count; i++) {
		if (texts_differ(a->queues[i].name, b->queues[i].name) ||
		    a->queues[i].pop_left != b->queues[i].pop_left)
			return true;
	}
	return false;
}

/* --- Former options --------------------------------------------------------- */

static bool has_processes(const struct master *former)
{
	size_t i, count = 0;

	for (i = 0; i < former->task_count; i++)
		count += former->tasks[i].process_count;
	return count > 0;
}

/* Jobs that came before `number` may still point into it. */
static bool has_older_job(const struct master *master, uint64_t number)
{
	const struct job *job;
	int state;

	for (state = 0; state < JOB_STATE_COUNT; state++) {
		for (job = master->jobs[state].first; job; job = job->next) {
			if (job->serial < number)
				return true;
		}
	}
	return false;
}

static void former_free(struct master *former)
{
	size_t i;

	for (i = 0; i < former->task_count; i++) {
		program_once_free_all(&former->tasks[i]);
		program_lines_free_all(&former->tasks[i]);
	}
	master_options_release(former);
	free(former);
}

static void drop_unused(struct master *master)
{
	struct master **at = &master->former;

	while (*at) {
		struct master *former = *at;

		if (has_processes(former) ||
		    has_older_job(master, former->next_serial)) {
			at = &former->former;
			continue;
		}
		*at = former->former;
		master->last_task = NULL; /* it may be one of those */
		former_free(former);
	}
}

void master_reload_free(struct master *master)
{
	struct master *former;

	while ((former = master->former)) {
		master->former = former->former;
		former_free(former);
	}
	if (master->pending) {
		master_options_release(master->pending);
		free(master->pending);
	}
	broker_free(master->pending_broker);
	master->pending = NULL;
	master->pending_broker = NULL;
}

/* --- Taking over ------------------------------------------------------------ */

/* Counters and experience go on under the new options. */
static void carry_tasks(struct master *master, const struct master *former)
{
	size_t i;

	for (i = 0; i < former->task_count; i++) {
		const struct master_task_state *old = &former->tasks[i];
		struct master_task_state *task =
			master_task_find(master, slice_text(old->name));

		if (!task || task->is_program != old->is_program)
			continue;
		task->average_ns = old->average_ns;
		task->running = old->running;
	}
}

static void move_jobs(struct master *master)
{
	struct job *job;
	int state;

	for (state = 0; state < JOB_STATE_COUNT; state++) {
		for (job = master->jobs[state].first; job; job = job->next) {
			struct master_task_state *task =
				job->task ? master_task_find(
						    master,
						    slice_text(job->task->name))
					  : NULL;

			if (task && task->is_program == job->task->is_program)
				job->task = task;
		}
	}
}

static void take_over(struct master *master, struct master *fresh)
{
	size_t i;

	CRASH_POINT("master.reload");
	swap_options(master, fresh);
	carry_tasks(master, fresh);
	if (!broker_differs(master, fresh)) {
		for (i = 0; i < master->queue_count; i++)
			master->queues[i].running = fresh->queues[i].running;
	}
	move_jobs(master);
	for (i = 0; i < fresh->task_count; i++) {
		if (fresh->tasks[i].is_program)
			program_lines_stop(&fresh->tasks[i]);
	}
	fresh->next_serial = master->next_serial;
	fresh->former = master->former;
	master->former = fresh;
	drop_unused(master);
	pool_replace_all(master);
	master_wake(master);
}

/* --- Another broker --------------------------------------------------------- */

/* The old one owns nothing any more. */
static void on_switch(void *arg)
{
	struct master *master = arg;
	struct master *fresh = master->pending;

	if (master->draining) {
		master->stopped = true;
		master_check_end(master);
		return;
	}
	broker_free(master->broker);
	master->broker = master->pending_broker;
	master->pending = NULL;
	master->pending_broker = NULL;
	master->broker_state = BROKER_DOWN;
	take_over(master, fresh);
	log_info("reloaded", LOG_TEXT("worker", broker_name(master->broker)));
	broker_start(master->broker);
	master_wake(master);
}

void master_reload_stopped(struct master *master)
{
	if (!master->switch_timer)
		master->switch_timer = master->loop->timer_new(
			master->loop, on_switch, master);
	master->loop->timer_set(master->switch_timer, 0);
}

static int begin_switch(struct master *master, struct master *fresh,
			struct err *err)
{
	struct broker *broker;

	if (master->pending)
		return err_set(err, ERR_FAILED,
			       "the reload before this one still waits for "
			       "running tasks");
	if (!fresh->options.url != !master->options.url)
		return err_field(err, ERR_BAD_ARGS, "redis.url",
				 "redis.url cannot come or go in a reload");
	broker = master_broker_new(master, fresh, err);
	if (!broker)
		return -1;
	log_info("reload_drains",
		 LOG_TEXT("why", "Redis or the queues change: what runs "
				 "finishes first"),
		 LOG_INT("running", master->jobs[JOB_RUNNING].count));
	master->pending = fresh;
	master->pending_broker = broker;
	master_give_back_waiting(master);
	broker_want(master->broker, 0);
	broker_stop(master->broker);
	return 0;
}

int master_reload(struct master *master, const struct master_options *options,
		  struct err *err)
{
	struct master *fresh = xcalloc(1, sizeof(*fresh));

	if (master_options_copy(fresh, options, err)) {
		master_options_release(fresh);
		free(fresh);
		return -1;
	}
	if (!broker_differs(master, fresh)) {
		take_over(master, fresh);
		return 0;
	}
	if (!begin_switch(master, fresh, err))
		return 0;
	master_options_release(fresh);
	free(fresh);
	return -1;
}
