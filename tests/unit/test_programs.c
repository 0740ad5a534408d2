/*
 * Programs as tasks under the master: what they write, how they end, and those
 * that do what they should not.
 */
#include <signal.h>
#include <sys/stat.h>

#include "master_run.h"

#define OK "\"status\":\"ok\""

#define PROGRAM(task_name, line, ...)                                          \
	{                                                                      \
		.name = (task_name), .timeout = 20, .max_timeout = 60,         \
		.retries = 0, .backoff_min = 0.01, .backoff_max = 0.02,        \
		.program = &(const struct master_program)                      \
		{                                                              \
			.command = (line), .max_output = 100000, __VA_ARGS__   \
		}                                                              \
	}
#define ONCE(task_name, line) PROGRAM(task_name, line, .processes = 4)
#define JSON(task_name, line)                                                  \
	PROGRAM(task_name, line, .processes = 1, .result_json = true)
#define LINES(task_name, line)                                                 \
	PROGRAM(task_name, line, .processes = 2, .mode = MASTER_PROGRAM_LINES)

static const struct master_task tasks[] = {
	ONCE("cat", "/bin/cat"),
	ONCE("env", "/usr/bin/env"),
	ONCE("none", "/bin/true"),
	ONCE("soon", "/bin/sh -c 'echo not now >&2; exit 75'"),
	ONCE("never", "/bin/sh -c 'echo out; echo no, never >&2; exit 3'"),
	ONCE("dies", "/bin/sh -c 'kill -SEGV $$'"),
	ONCE("sleeps", "/bin/sleep 1000"),
	ONCE("flood", "/usr/bin/yes"),
	ONCE("errors", "/bin/sh -c 'yes error | head -c 1000000 >&2; exit 1'"),
	ONCE("deaf", "/bin/sh -c 'exec 0<&-; echo done'"),
	ONCE("mute", "/bin/sh -c 'exec 1>&- 2>&-; cat >/dev/null'"),
	ONCE("latin", "/usr/bin/printf '\\351'"),
	ONCE("leaves", "/bin/sh -c 'sleep 1000 & echo left'"),
	ONCE("escapes", "/bin/sh -c 'setsid -f sleep 1234.5; echo escaped'"),
	ONCE("hides", "/bin/sh -c 'env -i setsid -f sleep 3; echo hidden'"),
	ONCE("family", "/bin/sh -c 'setsid sleep 1234.25 & sleep 1000'"),
	JSON("json", "/bin/echo '{\"a\":1e400}'"),
	JSON("half", "/bin/echo '{\"a\":'"),
	JSON("array", "/bin/echo '[1]'"),
	LINES("lines", "/bin/sh -c 'while read -r l; do i=${l#*:\\\"}; "
		       "i=${i%%\\\"*}; echo \"{\\\"id\\\":\\\"$i\\\",\\\"status"
		       "\\\":\\\"ok\\\",\\\"result\\\":{\\\"pid\\\":$$}}\"; "
		       "done'"),
	LINES("quits", "/bin/sh -c 'read -r l; exit 9'"),
	LINES("rubbish", "/bin/sh -c 'read -r l; echo rubbish; cat'"),
	LINES("daemon", "/bin/sh -c 'read -r l; setsid -f sleep 1234.75; "
			"cat >/dev/null'"),
	LINES("stuck", "/bin/sh -c 'cat >/dev/null'"),
	LINES("long", "/bin/sh -c 'read -r l; yes | tr -d \"\\\\n\"'"),
	LINES("first", "/bin/false"),
};

static void begin(void)
{
	struct master_options options = run_options();

	options.tasks = tasks;
	options.task_count = sizeof(tasks) / sizeof(tasks[0]);
	run_begin(&options);
}

static size_t push(const char *task, const char *more)
{
	char text[300];

	snprintf(text, sizeof(text), "{\"task\":\"%s\"%s}", task, more);
	return run_push(text);
}

Test(programs, once, .timeout = 60)
{
	size_t cat, input, env, none, soon, never, dies, json, half, array;
	size_t latin, twice;

	begin();
	cat = push("cat", ",\"args\":{\"a\":[1,\"\\u00e9\"]}");
	input = push("cat", ",\"inputs\":{\"input\":{\"base64\":\"aGkK\"}}");
	env = push("env", ",\"id\":\"the id\"");
	none = push("none", "");
	soon = push("soon", "");
	never = push("never", ",\"retries\":3");
	dies = push("dies", ",\"retries\":0");
	json = push("json", "");
	half = push("half", "");
	array = push("array", "");
	latin = push("latin", "");
	twice = push("cat", ",\"args\":{\"a\":{\"b\":1,\"b\":2}}");
	run_all();
	expect_says(cat, "\"output\":\"{\\\"a\\\":[1,\\\"\\\\u00e9\\\"]}\"");
	expect_says(input, "\"output\":\"hi\\n\"");
	expect_says(env, "CHERRY_ID=the id\\n");
	expect_says(env, "CHERRY_TASK=env\\n");
	expect_says(env, "CHERRY_ATTEMPT=1\\n");
	expect_says(env, "CHERRY_QUEUE=tasks\\n");
	expect_says(env, "CHERRY_DEADLINE=");
	expect_says(none, "\"output\":\"\"");
	expect_says(soon, "\"code\":\"failed\"");
	expect_says(soon, "\"exit\":75");
	expect_says(soon, "\"retryable\":true");
	expect_says(soon, "\"stderr\":\"not now\\n\"");
	expect_says(never, "\"exit\":3");
	expect_says(never, "\"retryable\":false");
	expect_says(never, "\"attempt\":1");
	expect_says(never, "\"stderr\":\"no, never\\n\"");
	expect_says(dies, "\"signal\":\"SIGSEGV\"");
	expect_says(json, "\"result\":{\"a\":1e400}");
	expect_says(half, "\"code\":\"failed\"");
	expect_says(array, "\"code\":\"failed\"");
	expect_says(latin, "\"output_base64\":\"6Q==\"");
	expect_says(twice, "\"code\":\"bad_args\"");
}

Test(programs, temporary_failures_are_tried_again, .timeout = 60)
{
	size_t soon;

	begin();
	soon = push("soon", ",\"retries\":2");
	run_all();
	expect_says(soon, "\"attempt\":3");
	expect_says(soon, "\"exit\":75");
}

/* Is a process with this argument alive? */
static bool runs(const char *argument)
{
	char command[100];

	snprintf(command, sizeof(command),
		 "pgrep -x -f 'sleep %s' >/dev/null 2>&1", argument);
	return system(command) == 0; /* NOLINT(cert-env33-c) */
}

Test(programs, misbehave, .timeout = 60)
{
	size_t flood, errors, deaf, mute, leaves, escapes, sleeps, family, cat;
	size_t hides;

	begin();
	flood = push("flood", "");
	errors = push("errors", "");
	deaf = push("deaf", ",\"args\":{\"long\":\"xxxxxxxxxxxxxxxxxxxxx\"}");
	mute = push("mute", "");
	leaves = push("leaves", "");
	escapes = push("escapes", "");
	hides = push("hides", "");
	sleeps = push("sleeps", ",\"timeout\":0.3");
	family = push("family", ",\"timeout\":0.5");
	cat = push("cat", "");
	run_all();
	expect_says(flood, "\"code\":\"limit\"");
	expect_says(flood, "\"limit\":\"max_output\"");
	expect_says(errors, "\"code\":\"failed\"");
	expect_says(errors, "error\\nerror\\n");
	cr_expect_lt(strlen(run_replies[errors]), 8000);
	expect_says(deaf, "\"output\":\"done\\n\"");
	expect_says(mute, "\"output\":\"\"");
	expect_says(leaves, "\"output\":\"left\\n\"");
	expect_says(escapes, "\"output\":\"escaped\\n\"");
	expect_says(hides, "\"output\":\"hidden\\n\"");
	cr_expect(!run_says(hides, "\"ran_ms\":3"), "it was waited for");
	expect_says(sleeps, "\"code\":\"timeout\"");
	expect_says(family, "\"code\":\"timeout\"");
	expect_says(cat, OK);
	cr_expect(!runs("1234.5"), "one that called setsid is left");
	cr_expect(!runs("1234.25"), "a grandchild is left");
}

/* A long-lived one whose daemon has let go of it, at the deadline. */
Test(programs, no_daemon_outlives_its_program, .timeout = 60)
{
	size_t daemon;

	begin();
	daemon = push("daemon", ",\"timeout\":1");
	run_all();
	expect_says(daemon, "\"code\":\"timeout\"");
	cr_expect(!runs("1234.75"), "its daemon is left");
}

/* A large input for one that does not read it. */
Test(programs, large_input_is_taken_or_left, .timeout = 60)
{
	size_t size = 1 << 20, deaf, cat;
	char *text = malloc(size + 200);
	int at;

	at = sprintf(text, "{\"task\":\"deaf\",\"args\":{\"a\":\"");
	memset(text + at, 'x', size);
	strcpy(text + at + size, "\"}}");
	begin();
	deaf = run_push(text);
	memcpy(text + 9, "cat\" ", 5);
	cat = run_push(text);
	run_all();
	expect_says(deaf, "\"output\":\"done\\n\"");
	expect_says(cat, "\"code\":\"limit\"");
	free(text);
}

Test(programs, lines, .timeout = 60)
{
	size_t i, good[50], quits, rubbish, stuck, late, first, overlong, in;

	begin();
	for (i = 0; i < 50; i++)
		good[i] = push("lines", "");
	quits = push("quits", "");
	rubbish = push("rubbish", "");
	stuck = push("stuck", ",\"timeout\":0.3");
	first = push("first", "");
	overlong = push("long", "");
	in = push("lines", ",\"inputs\":{\"a\":{\"base64\":\"\"}}");
	late = push("lines", "");
	run_all();
	for (i = 0; i < 50; i++)
		expect_says(good[i], OK);
	expect_says(quits, "\"code\":\"crashed\"");
	expect_says(quits, "\"exit\":9");
	expect_says(rubbish, "\"code\":\"failed\"");
	expect_says(stuck, "\"code\":\"timeout\"");
	expect_says(first, "\"code\":\"crashed\"");
	expect_says(overlong, "\"limit\":\"max_output\"");
	expect_says(in, "\"code\":\"bad_args\"");
	expect_says(late, OK);
}

/* --- Configuration ---------------------------------------------------------- */

Test(programs, what_cannot_run_is_said_at_once)
{
	static const char *const commands[] = {
		"/nonexistent/program", "no-such-program-anywhere",
		"/etc/passwd",		"/etc",
		"'open quote",		""};
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct master_options options = run_options();
		struct master_program program = {.command = commands[i]};
		struct master_task task = {.name = "x",
					   .timeout = 1,
					   .max_timeout = 1,
					   .program = &program};
		struct err err = ERR_INIT;
		struct master *master;

		options.tasks = &task;
		options.task_count = 1;
		master = master_new(&options, &err);
		cr_expect_null(master, "\"%s\" was taken", commands[i]);
		cr_expect_str_eq(err.field, "task:x.command");
		master_free(master);
	}
}
