/*
 * For tests with a real executor, of tasks that misbehave: its start and end,
 * and one task at a time.
 */
#ifndef TESTS_EXECUTOR_REAL_H
#define TESTS_EXECUTOR_REAL_H

#include <criterion/criterion.h>
#include "executor_client.h"

static struct executor_client client;
static struct message_result result;
static struct err err = ERR_INIT;

static const char *program(void)
{
	static char path[4096];

	return executor_client_path("misbehaving_executor", path, sizeof(path));
}

static void start(const struct message_setup *setup)
{
	cr_assert_eq(executor_client_start(&client, program(), setup, &err), 0,
		     "%s", err.message);
}

/* A build with sanitizers: no sandbox, no limit on memory, its own crashes. */
static bool is_sanitized(void)
{
	return memmem(client.ready.level_text.ptr, client.ready.level_text.len,
		      "sanitizers", 10) != NULL;
}

static void start_plain(void)
{
	const struct message_setup setup = {.max_reply = 1 << 20};

	start(&setup);
}

static void expect_json(const char *task, const char *args, const char *want)
{
	cr_assert_eq(executor_client_run(&client, task, args, &result, &err), 1,
		     "%s", err.message);
	cr_assert(result.ok, "%s: %s", task, result.err.message);
	cr_expect(slice_is(result.json, want), "%.*s is not %s",
		  (int)result.json.len, result.json.ptr, want);
}

static void expect_error(const char *task, const char *args, enum err_code code)
{
	cr_assert_eq(executor_client_run(&client, task, args, &result, &err), 1,
		     "%s", err.message);
	cr_expect_not(result.ok);
	cr_expect_eq(result.err.code, code, "%s: %s", task, result.err.message);
}

static void end_clean(void)
{
	cr_expect_eq(executor_client_stop(&client), 0);
}

#endif
