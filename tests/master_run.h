/*
 * A master with the broker in memory and real executors, for tests: tasks in,
 * replies out, by number. Tests are processes of their own, so one state does.
 */
#ifndef TESTS_MASTER_RUN_H
#define TESTS_MASTER_RUN_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "master/master.h"

#define RUN_TASKS_MAX 32768

static struct master *run_master;
static char *run_replies[RUN_TASKS_MAX];
static double run_times[RUN_TASKS_MAX];
static size_t run_count, run_answered, run_twice;
/* Called after each reply; may push more. */
static void (*run_each)(void);

static inline void run_on_reply(void *arg, uint64_t token, struct slice reply)
{
	(void)arg;
	if (run_replies[token])
		run_twice++;
	free(run_replies[token]);
	run_replies[token] = strndup(reply.ptr, reply.len);
	run_times[token] = clock_monotonic();
	run_answered++;
	if (run_each)
		run_each();
}

static inline char *run_beside(const char *name, char *out, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", out, size - 1);
	char *slash;

	cr_assert_gt(len, 0);
	out[len] = '\0';
	slash = strrchr(out, '/');
	snprintf(slash + 1, size - (size_t)(slash + 1 - out), "%s", name);
	return out;
}

/* Options with everything short; `diff` does as it is told. */
static inline struct master_options run_options(void)
{
	static const struct master_queue queue = {.name = "tasks"};
	static struct master_task task = MASTER_TASK_INIT;
	static char executor[4096];
	struct master_options options = MASTER_OPTIONS_INIT;

	task.name = "diff";
	task.backoff_min = 0.01;
	task.backoff_max = 0.02;
	options.queues = &queue;
	options.queue_count = 1;
	options.tasks = &task;
	options.task_count = 1;
	options.concurrency = 2;
	options.executor =
		run_beside("acting_executor", executor, sizeof(executor));
	options.sandbox = MASTER_SANDBOX_OFF;
	options.on_reply = run_on_reply;
	return options;
}

static inline void run_begin(const struct master_options *options)
{
	struct err err = ERR_INIT;

	log_setup(getenv("CHERRY_TEST_LOG") ? LOG_DEBUG : LOG_ERROR,
		  LOG_LOGFMT);
	run_master = master_new(options, &err);
	cr_assert_not_null(run_master, "%s", err.message);
}

/* Pushes a task; its number. */
static inline size_t run_push(const char *json)
{
	cr_assert_lt(run_count, RUN_TASKS_MAX);
	master_push(run_master, slice_text(json), run_count);
	return run_count++;
}

static inline int run_end(void)
{
	int status = master_run(run_master);

	master_free(run_master);
	run_master = NULL;
	return status;
}

/* All that was pushed is answered. */
static inline void run_all(void)
{
	master_finish(run_master);
	cr_assert_eq(run_end(), 0);
	cr_expect_eq(run_answered, run_count, "%zu of %zu answered",
		     run_answered, run_count);
	cr_expect_eq(run_twice, 0);
}

static inline bool run_says(size_t number, const char *part)
{
	return run_replies[number] && strstr(run_replies[number], part);
}

#define expect_says(number, part)                                              \
	cr_expect(run_says(number, part), "no %s in %s", part,                 \
		  run_replies[number] ? run_replies[number] : "no reply")

#endif
