/*
 * An executor for the tests of the master: `echo` as ever, and under the name
 * of `diff` a task that does what it is told: `{"act": ..., "ms": N}`. Started
 * as cherry's own: `acting_executor executor`.
 *
 *	sleep	takes N milliseconds
 *	abort	dies by SIGABRT, with a word on standard error
 *	exit	exits with status N
 *	lie	writes nonsense to the master
 *	fail	fails with the code `internal`
 *	fill	a result of N bytes
 *	give_up	answers and ends from another thread, after N milliseconds
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "exec/executor.h"
#include "exec/spawn.h"
#include "task/task_echo.h"

static const struct task_arg act_args[] = {
	{.name = "act", .type = ARG_TEXT, .required = true},
	{.name = "ms", .type = ARG_INTEGER, .max = 1e9, .fallback = "0"},
	{.type = ARG_END},
};

/* Sleeping is not among the calls that the sandbox knows. */
static void pass(int64_t ms)
{
	double end = clock_monotonic() + (double)ms / 1000;

	while (clock_monotonic() < end)
		;
}

static int fill(struct buf *result, int64_t bytes)
{
	buf_add_text(result, "\"fill\":\"");
	while (bytes-- > 0 && !result->failed)
		buf_add_char(result, 'x');
	return buf_add_char(result, '"');
}

struct tired {
	struct task_call *call;
	int64_t ms;
};

static void *tire(void *arg)
{
	const struct tired *tired = arg;
	struct err err = ERR_INIT;

	pass(tired->ms);
	err_limit(&err, "patience", 9, "it had enough");
	tired->call->give_up(tired->call->give_up_arg, &err);
	return NULL;
}

static void give_up(struct task_call *call, int64_t ms)
{
	struct tired tired = {call, ms};
	pthread_t thread;

	if (pthread_create(&thread, NULL, tire, &tired))
		abort();
	pass(1000000);
}

static int act_run(struct task_call *call, struct buf *result, struct err *err)
{
	struct task_value values[2];
	struct slice act;
	int64_t ms;

	if (task_args_read(act_args, call, values, err))
		return -1;
	act = values[0].text;
	ms = values[1].integer;
	if (slice_is(act, "sleep"))
		pass(ms);
	else if (slice_is(act, "abort")) {
		(void)!write(2, "goodbye\n", 8);
		abort();
	} else if (slice_is(act, "exit"))
		_exit((int)ms);
	else if (slice_is(act, "lie"))
		(void)!write(SPAWN_EXECUTOR_SOCKET, "nonsense, nonsense", 18);
	else if (slice_is(act, "fail"))
		return err_set(err, ERR_INTERNAL, "as it was told");
	else if (slice_is(act, "give_up"))
		give_up(call, ms);
	else if (slice_is(act, "fill"))
		return fill(result, ms);
	return buf_printf(result, "\"acted\":true");
}

static const struct task task_act = {
	.name = "diff",
	.summary = "does as it is told",
	.class = TASK_CLASS_CORE,
	.args = act_args,
	.run = act_run,
};

int main(int argc, char **argv)
{
	static const struct task *const table[] = {&task_echo, &task_act, NULL};

	if (argc == 2 && !strcmp(argv[1], "executor"))
		executor_run(table);
	fprintf(stderr, "usage: acting_executor executor\n");
	return 64;
}
