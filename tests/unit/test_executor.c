/*
 * A real executor from the master's side: batches, limits, faults of tasks,
 * faults of the master, its end.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <sys/prctl.h>

#include "executor_real.h"
#include "exec/death.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
Test(executor, answers_a_batch_in_order)
{
	uint64_t i;
	char args[64];

	start_plain();
	cr_expect_eq(client.ready.pid, client.pid);
	for (i = 1; i <= 2000; i++) {
		snprintf(args, sizeof(args), "{\"n\":%d}", (int)i);
		cr_assert_eq(
			executor_client_put(&client, i * 3, "echo", args, NULL),
			0);
	}
	cr_assert_eq(executor_client_send(&client, NULL), 0);
	for (i = 1; i <= 2000; i++) {
		snprintf(args, sizeof(args), "{\"n\":%d}", (int)i);
		cr_assert_eq(executor_client_result(&client, &result, &err), 1);
		cr_assert_eq(result.number, i * 3);
		cr_assert(slice_is(result.json, args));
	}
	end_clean();
}

Test(executor, errors_of_tasks_are_answers)
{
	start_plain();
	expect_error("echo", "[]", ERR_BAD_ARGS);
	expect_error("nope", "{}", ERR_UNKNOWN_TASK);
	/* It exists, in executors of another class. */
	expect_error("misbehave_image", "{}", ERR_UNKNOWN_TASK);
	expect_error("silent", "{}", ERR_INTERNAL);
	expect_error("misbehave", "{\"act\":1}", ERR_BAD_ARGS);
	cr_expect_str_eq(result.err.field, "args.act");
	expect_json("echo", "{\"a\":1.0}", "{\"a\":1.0}");
	end_clean();
}

Test(executor, a_task_that_cannot_be_warmed_is_unavailable)
{
	start_plain();
	cr_assert_eq(client.ready.unavailable_count, 1);
	cr_expect(slice_is(client.ready.unavailable[0].task, "cold"));
	cr_expect(slice_is(client.ready.unavailable[0].why,
			   "its library is of wood"));
	expect_error("cold", "{}", ERR_UNSUPPORTED);
	cr_expect_str_eq(result.err.message,
			 "cold is not available here: its library is of wood");
	end_clean();
}

Test(executor, settings_and_secrets_reach_the_task)
{
	const struct message_setting settings[] = {
		{SLICE("settled"), SLICE("level"), SLICE("9")}};
	const struct message_secret secrets[] = {{SLICE("key"), SLICE("hush")}};
	const struct message_setup setup = {
		.settings = settings,
		.setting_count = 1,
		.secrets = secrets,
		.secret_count = 1,
	};

	start_plain();
	expect_json("settled", "{}", "{\"level\":7,\"secret\":\"none\"}");
	end_clean();
	start(&setup);
	expect_json("settled", "{}", "{\"level\":9,\"secret\":\"hush\"}");
	end_clean();
}

Test(executor, those_for_pictures_take_no_secrets)
{
	const struct message_secret secrets[] = {{SLICE("key"), SLICE("hush")}};
	const struct message_setup setup = {
		.class = TASK_CLASS_IMAGE,
		.secrets = secrets,
		.secret_count = 1,
	};

	cr_expect_eq(executor_client_start(&client, program(), &setup, &err),
		     -1);
	cr_expect_eq(err.code, ERR_INTERNAL);
}

Test(executor, a_wrong_setting_is_said_at_the_start)
{
	const struct message_setting settings[] = {
		{SLICE("settled"), SLICE("level"), SLICE("10")}};
	const struct message_setup setup = {
		.settings = settings,
		.setting_count = 1,
	};

	cr_expect_eq(executor_client_start(&client, program(), &setup, &err),
		     -1);
	cr_expect_eq(err.code, ERR_BAD_ARGS);
	cr_expect_str_eq(err.field, "task:settled.level");
}

/* --- What is at work ------------------------------------------------------- */

/* Does the page say within ten seconds that `number` runs? */
static bool page_wait(uint64_t number, struct status_now *now)
{
	double end = clock_monotonic() + 10;

	do {
		*now = status_page_read(client.page);
	} while (now->number != number && clock_monotonic() < end);
	return now->number == number;
}

Test(executor, a_long_task_is_seen_and_holds_up_nothing_before_it)
{
	struct status_now now;
	int status;

	start_plain();
	executor_client_put(&client, 11, "echo", "{}", NULL);
	executor_client_put(&client, 12, "echo", "{}", NULL);
	executor_client_put(&client, 13, "misbehave", "{\"act\":\"spin\"}",
			    NULL);
	executor_client_put(&client, 14, "echo", "{}", NULL);
	cr_assert_eq(executor_client_send(&client, NULL), 0);
	cr_assert_eq(executor_client_result(&client, &result, &err), 1);
	cr_expect_eq(result.number, 11);
	cr_assert_eq(executor_client_result(&client, &result, &err), 1);
	cr_expect_eq(result.number, 12);
	cr_assert(page_wait(13, &now));
	cr_expect_eq(now.begun, 3);
	cr_expect_leq(now.start_ns, clock_monotonic_ns());
	cr_expect_geq(now.start_ns + 20000000000ULL, clock_monotonic_ns());
	/* Root of a container may not, for a process of another user. */
	if (spawn_allow_cpu(client.pid, 0))
		kill(client.pid, SIGXCPU);
	cr_expect_eq(executor_client_result(&client, &result, &err), 0);
	cr_expect_eq(status_page_read(client.page).number, 13);
	status = executor_client_end(&client, false);
	cr_expect_eq(death_classify(status), DEATH_CPU);
}

static const struct {
	const char *act;
	enum death_class want;
} deaths[] = {
	{"crash", DEATH_CRASH},
	{"abort", DEATH_ABORT},
	{"exit", DEATH_EXIT},
};

Test(executor, deaths_are_told_apart, .timeout = 60)
{
	char args[64];
	size_t i;

	for (i = 0; i < COUNT(deaths); i++) {
		start_plain();
		if (is_sanitized())
			cr_skip("sanitizers catch signals");
		snprintf(args, sizeof(args), "{\"act\":\"%s\"}", deaths[i].act);
		executor_client_put(&client, 7, "misbehave", args, NULL);
		executor_client_send(&client, NULL);
		cr_assert_eq(executor_client_result(&client, &result, &err), 0);
		cr_expect_eq(status_page_read(client.page).number, 7);
		cr_expect_eq(
			death_classify(executor_client_end(&client, false)),
			deaths[i].want, "%s", deaths[i].act);
	}
}

Test(executor, a_lying_executor_is_found_out)
{
	static const char *const lies[] = {"lie_length", "lie_type"};
	char args[64];
	size_t i;

	for (i = 0; i < COUNT(lies); i++) {
		start_plain();
		snprintf(args, sizeof(args), "{\"act\":\"%s\"}", lies[i]);
		cr_expect_eq(executor_client_run(&client, "misbehave", args,
						 &result, &err),
			     -1, "%s", lies[i]);
		executor_client_end(&client, true);
	}
}

Test(executor, standard_error_is_the_pipe)
{
	char text[100];

	start_plain();
	expect_json("misbehave", "{\"act\":\"complain\"}", "{\"errno\":0}");
	cr_expect_str_eq(executor_client_stderr(&client, text, sizeof(text)),
			 "something is wrong\n");
	end_clean();
}

/* --- Its end --------------------------------------------------------------- */

Test(executor, ends_when_the_master_hangs_up)
{
	int status;

	start_plain();
	shutdown(client.socket, SHUT_WR);
	status = executor_client_end(&client, false);
	cr_expect_eq(status, 0);
}

static const struct {
	const char *name;
	unsigned char bytes[FRAME_HEADER];
} nonsense[] = {
	{"an unknown type", {0, 0, 0, 0, 77}},
	{"an empty TASK", {0, 0, 0, 0, FRAME_TASK}},
	{"a second SETUP", {0, 0, 0, 0, FRAME_SETUP}},
	{"a length without end", {0xff, 0xff, 0xff, 0xff, FRAME_TASK}},
};

Test(executor, gives_up_on_a_master_that_talks_nonsense, .timeout = 60)
{
	char text[200];
	size_t i;

	for (i = 0; i < COUNT(nonsense); i++) {
		struct pollfd poll_fd;

		start_plain();
		cr_assert_eq(
			write(client.socket, nonsense[i].bytes, FRAME_HEADER),
			FRAME_HEADER);
		poll_fd = (struct pollfd){.fd = client.error, .events = POLLIN};
		cr_assert_eq(poll(&poll_fd, 1, 10000), 1);
		executor_client_stderr(&client, text, sizeof(text));
		cr_expect(!strncmp(text, "cherry: executor: ", 18), "%s", text);
		cr_expect_eq(executor_client_end(&client, false), 70 << 8, "%s",
			     nonsense[i].name);
	}
}

/* A master that is killed takes even an endless task along. */
Test(executor, dies_with_its_master)
{
	int pipes[2], status;
	struct status_now now;
	pid_t middle, last = 0;

	cr_assert_eq(pipe(pipes), 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	middle = fork();
	if (!middle) {
		const struct message_setup setup = {0};

		if (executor_client_start(&client, program(), &setup, NULL))
			_exit(1);
		executor_client_put(&client, 1, "misbehave",
				    "{\"act\":\"spin\"}", NULL);
		executor_client_send(&client, NULL);
		if (!page_wait(1, &now) ||
		    write(pipes[1], &client.pid, sizeof(client.pid)) < 0)
			_exit(1);
		pause();
		_exit(0);
	}
	close(pipes[1]);
	cr_assert_eq(read(pipes[0], &last, sizeof(last)), sizeof(last));
	kill(middle, SIGKILL);
	cr_assert_eq(waitpid(middle, &status, 0), middle);
	cr_assert_eq(waitpid(last, &status, 0), last);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		  "wait status 0x%x", status);
}

/* --- Growth ---------------------------------------------------------------- */

static long resident_pages(void)
{
	char path[64];
	long size = 0, resident = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", client.pid);
	file = fopen(path, "r");
	cr_assert(file);
	cr_assert_eq(fscanf(file, "%ld %ld", &size, &resident), 2);
	fclose(file);
	return resident;
}

Test(executor, does_not_grow, .timeout = 120)
{
	long before, after;
	int i;

	start_plain();
	if (is_sanitized())
		cr_skip("sanitizers keep what was freed");
	for (i = 0; i < 100; i++)
		expect_json("echo", "{\"a\":[1,2,3]}", "{\"a\":[1,2,3]}");
	before = resident_pages();
	for (i = 0; i < 5000; i++)
		expect_json("echo", "{\"a\":[1,2,3]}", "{\"a\":[1,2,3]}");
	for (i = 0; i < 50; i++) {
		cr_assert_eq(executor_client_run(&client, "fill",
						 "{\"bytes\":900000}", &result,
						 &err),
			     1);
		cr_assert(result.ok);
	}
	after = resident_pages();
	cr_expect_lt(after - before, 500, "%ld pages more", after - before);
	end_clean();
}
