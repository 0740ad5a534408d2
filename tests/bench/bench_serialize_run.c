/*
 * A whole serialize task through `cherry run` (the line read, checked, sent to
 * an executor in its sandbox, run, sent back, written) beside its handler alone
 * in this process: 1.1 MB of JSON to pickle 4, one at a time, in turn.
 *
 * Status 1 where the way costs over 20 % of the work.
 */
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "cherry/task.h"
#include "document.h"
#include "paired.h"
#include "task/task_serialize.h"
#include "task/task_settings.h"

#define ROUNDS 60
#define WARM   5
#define BAR    1.2

extern char **environ;

static struct buf args, line;
static pid_t runner;
static FILE *from_runner;
static int to_runner;

static void fail(const char *what)
{
	fprintf(stderr, "bench_serialize_run: %s\n", what);
	exit(1);
}

static void make_texts(void)
{
	struct buf document;

	buf_init(&document, 16 << 20);
	buf_init(&args, 16 << 20);
	buf_init(&line, 16 << 20);
	document_make(&document, 10000);
	buf_add_text(&args, "{\"value\":");
	buf_add_slice(&args, buf_slice(&document));
	buf_add_text(&args, ",\"to\":\"pickle\",\"protocol\":4}");
	buf_add_text(&line, "{\"task\":\"serialize\",\"args\":");
	buf_add_slice(&line, buf_slice(&args));
	buf_add_text(&line, "}\n");
	buf_release(&document);
}

static size_t run_handler(void)
{
	static const struct task *const table[] = {&task_serialize, NULL};
	struct err err = ERR_INIT;
	struct arena arena;
	struct buf result;
	size_t len;

	arena_init(&arena, 512 << 20);
	buf_init(&result, 64 << 20);
	struct task_call call = {
		.args = buf_slice(&args),
		.settings = task_settings_new(&arena, table, NULL, 0, &err),
		.arena = &arena};
	if (!call.settings || task_run(&task_serialize, &call, &result, &err))
		fail(err.message);
	len = result.len;
	buf_release(&result);
	arena_release(&arena);
	return len;
}

static void start_runner(void)
{
	const char *build = getenv("BUILD");
	char program[200];
	char run[] = "run", option[] = "--concurrency=1";
	char *argv[] = {program, run, option, NULL};
	posix_spawn_file_actions_t actions;
	int in[2], out[2];

	snprintf(program, sizeof(program), "./%.150s/cherry",
		 build ? build : "build");
	if (pipe(in) || pipe(out))
		fail("no pipes");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	posix_spawn_file_actions_addclose(&actions, in[1]);
	posix_spawn_file_actions_addclose(&actions, out[0]);
	if (posix_spawn(&runner, program, &actions, NULL, argv, environ))
		fail(program);
	close(in[0]);
	close(out[1]);
	to_runner = in[1];
	from_runner = fdopen(out[0], "r");
}

static size_t run_whole(void)
{
	static char *reply;
	static size_t size;
	size_t at = 0;
	ssize_t len;

	while (at < line.len) {
		len = write(to_runner, line.ptr + at, line.len - at);
		if (len <= 0)
			fail("cherry run does not read");
		at += (size_t)len;
	}
	len = getline(&reply, &size, from_runner);
	if (len <= 0 || !strstr(reply, "\"status\":\"ok\""))
		fail(len > 0 ? reply : "cherry run does not answer");
	return (size_t)len;
}

int main(void)
{
	static struct paired paired = {.rounds = ROUNDS};
	size_t alone = 0, whole = 0;
	bool missed;
	int i;

	signal(SIGPIPE, SIG_IGN);
	make_texts();
	start_runner();
	for (i = -WARM; i < ROUNDS; i++) {
		struct paired_time start = paired_now(CLOCK_PROCESS_CPUTIME_ID);

		whole = run_whole();
		if (i >= 0)
			paired.times[0][i] =
				paired_since(start, CLOCK_PROCESS_CPUTIME_ID);
		start = paired_now(CLOCK_PROCESS_CPUTIME_ID);
		alone = run_handler();
		if (i >= 0)
			paired.times[1][i] =
				paired_since(start, CLOCK_PROCESS_CPUTIME_ID);
	}
	if (whole <= alone)
		fail("the replies differ");
	close(to_runner);
	waitpid(runner, NULL, 0);
	missed = paired_report(
		&paired,
		"serialize through cherry run; peer: its handler alone", BAR);
	return missed;
}
