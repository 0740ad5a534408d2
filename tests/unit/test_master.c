/*
 * The master with real executors and the broker in memory: whose fault a death
 * or a deadline is, who comes away unharmed, what is tried again.
 */
#include <dirent.h>
#include <signal.h>

#include "master_run.h"

#define OK "\"status\":\"ok\""

static char text[256];

static const char *act(const char *what, int ms, const char *more)
{
	snprintf(text, sizeof(text),
		 "{\"task\":\"diff\",\"args\":{\"act\":\"%s\",\"ms\":%d}%s}",
		 what, ms, more);
	return text;
}

/* So many quick ones that the next travel together. */
static void warm_up(void)
{
	int i;

	for (i = 0; i < 200; i++)
		run_push(act("quick", 0, ""));
}

Test(master, echo_comes_back, .timeout = 60)
{
	struct master_options options = run_options();
	size_t i, first;

	run_begin(&options);
	first = run_push("{\"task\":\"echo\",\"id\":1e3,\"args\":{\"a\":1e400},"
			 "\"context\":[1 , 2],\"sent_at\":1}");
	for (i = 0; i < 500; i++)
		run_push("{\"task\":\"echo\"}");
	run_all();
	expect_says(first, "\"id\":1e3,\"task\":\"echo\",\"status\":\"ok\"");
	expect_says(first, "\"result\":{\"a\":1e400}");
	expect_says(first, "\"context\":[1 , 2]");
	expect_says(first, "\"waited_ms\":");
	expect_says(first, "\"attempt\":1");
	cr_expect(!run_says(1, "waited_ms"));
	cr_expect(!run_says(1, "context"));
	for (i = 0; i < run_count; i++)
		expect_says(i, OK);
}

Test(master, a_deadline_is_laid_on_the_right_task, .timeout = 60)
{
	struct master_options options = run_options();
	size_t i, slow;

	run_begin(&options);
	warm_up();
	for (i = 0; i < 20; i++)
		run_push(act("quick", 0, ""));
	slow = run_push(act("sleep", 60000, ",\"timeout\":0.3,\"retries\":1"));
	for (i = 0; i < 60; i++)
		run_push(act("quick", 0, ""));
	run_all();
	for (i = 0; i < run_count; i++) {
		if (i == slow)
			continue;
		expect_says(i, OK);
		expect_says(i, "\"attempt\":1");
	}
	expect_says(slow, "\"code\":\"timeout\"");
	expect_says(slow, "\"attempt\":2");
}

Test(master, results_do_not_wait_for_a_long_task_behind_them, .timeout = 60)
{
	struct master_options options = run_options();
	size_t i, slow;

	options.concurrency = 1;
	run_begin(&options);
	warm_up();
	for (i = 0; i < 30; i++)
		run_push(act("quick", 0, ""));
	slow = run_push(act("sleep", 2000, ""));
	run_all();
	for (i = 0; i < slow; i++)
		cr_expect_gt(run_times[slow] - run_times[i], 1.0,
			     "%zu came %g s before the slow one", i,
			     run_times[slow] - run_times[i]);
}

Test(master, a_crash_costs_its_own_task_alone, .timeout = 60)
{
	struct master_options options = run_options();
	size_t i, bad;

	run_begin(&options);
	warm_up();
	for (i = 0; i < 20; i++)
		run_push(act("quick", 0, ""));
	bad = run_push(act("abort", 0, ",\"retries\":0"));
	for (i = 0; i < 60; i++)
		run_push(act("quick", 0, ""));
	run_all();
	for (i = 0; i < run_count; i++) {
		if (i == bad)
			continue;
		expect_says(i, OK);
		expect_says(i, "\"attempt\":1");
	}
	expect_says(bad, "\"code\":\"crashed\"");
	expect_says(bad, "\"signal\":\"SIGABRT\"");
	expect_says(bad, "\"stderr\":\"goodbye");
	expect_says(bad, "\"poison\":true");
	expect_says(bad, "\"attempt\":3");
}

/* Its answer is the task's, and what was in its hands behind that is others':
 * of many, or of one alone. */
Test(master, one_that_gives_up_costs_nobody_else, .timeout = 60)
{
	static const size_t behind[] = {60, 1, 1, 1, 2};
	struct master_options options = run_options();
	size_t i, k, tired;

	options.concurrency = 1;
	for (k = 0; k < sizeof(behind) / sizeof(*behind); k++) {
		run_begin(&options);
		warm_up();
		tired = run_push(act("give_up", 0, ""));
		for (i = 0; i < behind[k]; i++)
			run_push(act("quick", 0, ""));
		run_all();
		expect_says(tired, "\"code\":\"limit\"");
		expect_says(tired, "\"limit\":\"patience\"");
		expect_says(tired, "\"attempt\":1");
		for (i = tired + 1; i < run_count; i++) {
			expect_says(i, OK);
			expect_says(i, "\"attempt\":1");
		}
	}
}

Test(master, an_exit_and_a_lie_are_crashes_too, .timeout = 60)
{
	struct master_options options = run_options();
	size_t left, lied, good;

	run_begin(&options);
	left = run_push(act("exit", 7, ""));
	lied = run_push(act("lie", 0, ""));
	good = run_push("{\"task\":\"echo\"}");
	run_all();
	expect_says(left, "\"code\":\"crashed\"");
	expect_says(left, "\"exit\":7");
	expect_says(lied, "\"code\":\"crashed\"");
	expect_says(good, OK);
}

Test(master, failures_are_retried_as_often_as_was_said, .timeout = 60)
{
	struct master_options options = run_options();
	size_t none, three, standard, wrong;

	run_begin(&options);
	none = run_push(act("fail", 0, ",\"retries\":0"));
	three = run_push(act("fail", 0, ",\"retries\":3"));
	standard = run_push(act("fail", 0, ""));
	wrong = run_push("{\"task\":\"diff\",\"args\":{},\"retries\":3}");
	run_all();
	expect_says(none, "\"code\":\"internal\"");
	expect_says(none, "\"attempt\":1");
	expect_says(three, "\"attempt\":4");
	expect_says(standard, "\"attempt\":3");
	expect_says(wrong, "\"code\":\"bad_args\"");
	expect_says(wrong, "\"attempt\":1");
}

Test(master, refusals_name_field_and_rule, .timeout = 60)
{
	static const struct {
		const char *json, *code, *field;
	} cases[] = {
		{"[]", "bad_json", NULL},
		{"{\"task\":\"echo\",\"colour\":1}", "bad_task", "colour"},
		{"{}", "bad_task", "task"},
		{"{\"task\":\"nothing\"}", "unknown_task", NULL},
		{"{\"task\":\"echo\",\"timeout\":301}", "bad_task", "timeout"},
		{"{\"task\":\"echo\",\"reply_ttl\":604801}", "bad_task",
		 "reply_ttl"},
		{"{\"task\":\"echo\",\"reply_to\":\"cherry:x\"}", "refused",
		 "reply_to"},
		{"{\"task\":\"echo\",\"reply_to\":\"tasks\"}", "refused",
		 "reply_to"},
		{"{\"task\":\"echo\",\"inputs\":{\"a\":{\"key\":\"cherry:{q}"
		 ":dead\"}}}",
		 "refused", "inputs.a"},
		{"{\"task\":\"echo\",\"inputs\":{\"a\":{\"file\":\"x\"}}}",
		 "refused", "inputs.a"},
		{"{\"task\":\"echo\",\"inputs\":{\"a\":{\"key\":\"x\"}}}",
		 "unsupported", "inputs.a"},
		{"{\"task\":\"echo\",\"outputs\":{\"a\":{\"file\":\"x\"}}}",
		 "refused", "outputs.a"},
		{"{\"task\":\"echo\",\"expires\":1}", "expired", "expires"},
	};
	struct master_options options = run_options();
	char part[80];
	size_t i;

	run_begin(&options);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_push(cases[i].json);
	run_all();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(part, sizeof(part), "\"code\":\"%s\"", cases[i].code);
		expect_says(i, part);
		if (!cases[i].field)
			continue;
		snprintf(part, sizeof(part), "\"field\":\"%s\"",
			 cases[i].field);
		expect_says(i, part);
	}
}

Test(master, a_reply_over_the_cap_is_limit, .timeout = 60)
{
	struct master_options options = run_options();
	size_t large, small;

	options.max_reply = 10000;
	run_begin(&options);
	large = run_push(act("fill", 9990, ",\"id\":\"large\""));
	small = run_push(act("fill", 5000, ""));
	run_all();
	expect_says(large, "\"code\":\"limit\"");
	expect_says(large, "\"id\":\"large\"");
	expect_says(small, OK);
}

Test(master, executors_are_recycled, .timeout = 60)
{
	struct master_options options = run_options();
	size_t i;

	options.jobs_per_executor = 3;
	run_begin(&options);
	for (i = 0; i < 100; i++)
		run_push("{\"task\":\"echo\"}");
	run_all();
	for (i = 0; i < run_count; i++)
		expect_says(i, OK);
}

/* --- Without executors ------------------------------------------------------ */

Test(master, executors_that_never_start_end_the_worker, .timeout = 60)
{
	static const char *const programs[] = {"/bin/false",
					       "/nonexistent/cherry"};
	size_t i;

	for (i = 0; i < 2; i++) {
		struct master_options options = run_options();

		options.executor = programs[i];
		run_begin(&options);
		run_push("{\"task\":\"echo\"}");
		cr_expect_eq(run_end(), 78, "%s", programs[i]);
		cr_expect_eq(run_answered, 0);
	}
}

/* --- Drain ------------------------------------------------------------------ */

static void on_drain_timer(void *arg)
{
	(void)arg;
	master_drain(run_master);
}

Test(master, drain_gives_back_what_cannot_finish, .timeout = 60)
{
	struct master_options options = run_options();
	struct loop_timer *timer;
	struct loop *loop;
	size_t hung, quick;

	options.drain_timeout = 0.3;
	run_begin(&options);
	loop = master_loop(run_master);
	timer = loop->timer_new(loop, on_drain_timer, NULL);
	loop->timer_set(timer, 0.4);
	hung = run_push(act("sleep", 60000, ""));
	quick = run_push(act("quick", 0, ""));
	cr_expect_eq(master_run(run_master), 0);
	loop->timer_free(timer);
	master_free(run_master);
	expect_says(quick, OK);
	cr_expect_null(run_replies[hung], "it was answered: %s",
		       run_replies[hung]);
}

/* --- Killed executors ------------------------------------------------------- */

/* Shoots the oldest child. */
static void shoot(void)
{
	char path[64];
	long pid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
		 (int)getpid());
	file = fopen(path, "re");
	if (!file)
		return;
	if (fscanf(file, "%ld", &pid) == 1 && pid > 0)
		kill((pid_t)pid, SIGKILL);
	fclose(file);
}

static void shoot_sometimes(void)
{
	if (run_answered % 500 == 250)
		shoot();
}

Test(master, shot_executors_lose_nothing, .timeout = 60)
{
	struct master_options options = run_options();
	size_t i;

	run_each = shoot_sometimes;
	run_begin(&options);
	for (i = 0; i < 5000; i++)
		run_push(act("quick", 0, ""));
	run_all();
	for (i = 0; i < run_count; i++)
		expect_says(i, OK);
}

/* --- Growth ----------------------------------------------------------------- */

static size_t open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static size_t resident_kb(void)
{
	char line[200];
	size_t kb = 0;
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "VmRSS:", 6))
			kb = strtoul(line + 6, NULL, 10);
	if (file)
		fclose(file);
	return kb;
}

static size_t growth_kb, growth_fds, growth_begin_kb, growth_begin_fds;

/* One task in, one out; the replies are not kept. */
static void go_round(void)
{
	static size_t done;

	done++;
	if (done == 4000) {
		growth_begin_kb = resident_kb();
		growth_begin_fds = open_descriptors();
	}
	if (done == 24000) {
		growth_kb = resident_kb() - growth_begin_kb;
		growth_fds = open_descriptors() - growth_begin_fds;
		master_finish(run_master);
	}
	run_count = run_answered % 1000;
	if (done + 200 <= 24000) {
		free(run_replies[run_count]);
		run_replies[run_count] = NULL;
		run_push("{\"task\":\"echo\",\"args\":{\"a\":\"b\"}}");
	}
}

Test(master, memory_and_descriptors_stay, .timeout = 120)
{
	struct master_options options = run_options();
	size_t i;

	run_each = go_round;
	run_begin(&options);
	for (i = 0; i < 200; i++)
		run_push("{\"task\":\"echo\"}");
	cr_expect_eq(run_end(), 0);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what is freed */
	cr_expect_lt((long)growth_kb, 1024, "grew by %ld kB", (long)growth_kb);
#endif
	cr_expect_eq(growth_fds, 0);
}

/* --- Limits ----------------------------------------------------------------- */

Test(master, a_capped_task_does_not_keep_others_out, .timeout = 60)
{
	static const struct master_task capped = {.name = "diff",
						  .timeout = 30,
						  .max_timeout = 30,
						  .max_running = 1};
	struct master_options options = run_options();
	size_t i, slow[20], quick[20];

	options.tasks = &capped;
	run_begin(&options);
	for (i = 0; i < 20; i++)
		slow[i] = run_push(act("sleep", 100, ""));
	for (i = 0; i < 20; i++)
		quick[i] = run_push("{\"task\":\"echo\"}");
	run_all();
	for (i = 0; i < 20; i++) {
		expect_says(slow[i], OK);
		cr_expect_lt(run_times[quick[i]], run_times[slow[10]],
			     "%zu waited for the capped ones", i);
		if (i)
			cr_expect_gt(run_times[slow[i]] -
					     run_times[slow[i - 1]],
				     0.09, "two ran at once");
	}
}
