/*
 * The sandbox, from within: a task in a real executor tries what it may not.
 * One case for each forbidden act; in builds with sanitizers there is no
 * sandbox to be tested.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>

#include "executor_client.h"
#include "exec/death.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct executor_client client;

static void start(const struct message_setup *setup)
{
	struct err err = ERR_INIT;
	char path[4096];

	executor_client_path("misbehaving_executor", path, sizeof(path));
	cr_assert_eq(executor_client_start(&client, path, setup, &err), 0, "%s",
		     err.message);
	if (memmem(client.ready.level_text.ptr, client.ready.level_text.len,
		   "sanitizers", 10))
		cr_skip("a build with sanitizers");
}

/* Tries `act`: the signal that killed the executor, or the errno, negative. */
static int attempt(const char *task, const char *act)
{
	struct message_result result;
	struct err err = ERR_INIT;
	char args[64], text[64];
	int r, value, status;

	snprintf(args, sizeof(args), "{\"act\":\"%s\"}", act);
	r = executor_client_run(&client, task, args, &result, &err);
	cr_assert_geq(r, 0, "%s: %s", act, err.message);
	if (!r) {
		status = executor_client_end(&client, false);
		cr_assert(WIFSIGNALED(status), "%s: wait status 0x%x", act,
			  status);
		return WTERMSIG(status);
	}
	cr_assert(result.ok, "%s: %s", act, result.err.message);
	snprintf(text, sizeof(text), "%.*s", (int)result.json.len,
		 result.json.ptr);
	cr_assert_eq(sscanf(text, "{\"errno\":%d}", &value), 1, "%s", text);
	executor_client_stop(&client);
	return -value;
}

static const struct {
	const char *act;
	int want;
} forbidden[] = {
	{"open", -EACCES},
	{"create", -EACCES},
	{"socket", SIGSYS},
	{"unix_socket", SIGSYS},
	{"exec", SIGSYS},
	{"fork", SIGSYS},
	{"vfork", SIGSYS},
	{"thread", SIGSYS},
	{"ptrace", SIGSYS},
	{"kill", SIGSYS},
	{"tgkill", SIGSYS},
	{"executable_memory", SIGSYS},
	{"make_executable", SIGSYS},
	{"parent_files", -EACCES},
	{"parent_memory", SIGSYS},
	{"become_root", SIGSYS},
	{"send_elsewhere", SIGSYS},
	{"raise_limit", -EPERM},
	{"eat_memory", -ENOMEM},
	{"descriptors", 0},
	{"environment", 0},
};

Test(sandbox, refuses_each_forbidden_act, .timeout = 120)
{
	const struct message_setup setup = {.sandbox = SANDBOX_REQUIRE};
	size_t i;

	for (i = 0; i < COUNT(forbidden); i++) {
		start(&setup);
		cr_expect_eq(attempt("misbehave", forbidden[i].act),
			     forbidden[i].want, "%s", forbidden[i].act);
	}
	cr_expect_eq(access("/tmp/cherry-escaped", F_OK), -1);
}

/* The same acts without the sandbox get further: the cases above do test it. */
Test(sandbox, without_it_the_acts_succeed, .timeout = 120)
{
	static const char *const acts[] = {
		"open",	  "socket", "unix_socket",	 "fork",
		"thread", "kill",   "executable_memory", "make_executable",
	};
	const struct message_setup setup = {.sandbox = SANDBOX_OFF};
	size_t i;

	for (i = 0; i < COUNT(acts); i++) {
		start(&setup);
		cr_expect_eq(client.ready.level, SANDBOX_LEVEL_OFF);
		cr_expect_eq(attempt("misbehave", acts[i]), 0, "%s", acts[i]);
	}
}

Test(sandbox, threads_are_for_pictures)
{
	const struct message_setup setup = {.class = TASK_CLASS_IMAGE};

	start(&setup);
	cr_expect_eq(attempt("misbehave_image", "thread"), 0);
	start(&setup);
	cr_expect_eq(attempt("misbehave_image", "fork"), SIGSYS);
	start(&setup);
	cr_expect_eq(attempt("misbehave_image", "vfork"), SIGSYS);
}

static void expect_part(const char *part)
{
	struct slice text = client.ready.level_text;

	cr_expect(memmem(text.ptr, text.len, part, strlen(part)),
		  "\"%s\" is not in \"%.*s\"", part, (int)text.len, text.ptr);
}

Test(sandbox, says_what_it_is_made_of)
{
	const struct message_setup setup = {
		.sandbox = SANDBOX_PREFER,
		.uid = 54321,
		.max_memory = (uint64_t)300 << 20,
	};

	start(&setup);
	expect_part("no new privileges");
	expect_part("system call filter");
	expect_part("memory 300 MB");
	if (!geteuid())
		expect_part("user 54321");
	executor_client_stop(&client);
}

/* Facts as the system sees them from outside. */
static void status_line(const char *key, char *out, size_t size)
{
	char path[64], line[256];
	FILE *file;

	out[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/status", client.pid);
	file = fopen(path, "r");
	cr_assert(file);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			snprintf(out, size, "%s", line + strlen(key));
	fclose(file);
}

Test(sandbox, leaves_root_for_good)
{
	const struct message_setup setup = {.sandbox = SANDBOX_REQUIRE};
	static const gid_t groups[] = {5, 6};
	static const char *const sets[] = {
		"CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"};
	char line[256];
	size_t i;

	if (geteuid() || setgroups(2, groups))
		cr_skip("needs root");
	start(&setup);
	status_line("Uid:", line, sizeof(line));
	cr_expect_str_eq(line, "\t61879\t61879\t61879\t61879\n");
	status_line("Gid:", line, sizeof(line));
	cr_expect_str_eq(line, "\t61879\t61879\t61879\t61879\n");
	status_line("Groups:", line, sizeof(line));
	cr_expect_str_eq(line, "\t \n");
	for (i = 0; i < COUNT(sets); i++) {
		status_line(sets[i], line, sizeof(line));
		cr_expect_str_eq(line, "\t0000000000000000\n");
	}
	status_line("NoNewPrivs:", line, sizeof(line));
	cr_expect_str_eq(line, "\t1\n");
	status_line("Seccomp:", line, sizeof(line));
	cr_expect_str_eq(line, "\t2\n");
	executor_client_stop(&client);
}

/* Its own helper changes to a user without rights first. */
Test(sandbox, works_without_root)
{
	const struct message_setup setup = {.sandbox = SANDBOX_REQUIRE};
	int status;
	pid_t pid = fork();

	if (!pid) {
		char path[4096];

		if (!geteuid() && setresuid(65533, 65533, 65533))
			_exit(77);
		executor_client_path("misbehaving_executor", path,
				     sizeof(path));
		if (access(path, X_OK))
			_exit(77);
		if (executor_client_start(&client, path, &setup, NULL))
			_exit(1);
		if (client.ready.level == SANDBOX_LEVEL_OFF)
			_exit(77);
		if (!memmem(client.ready.level_text.ptr,
			    client.ready.level_text.len, "filter", 6))
			_exit(2);
		executor_client_put(&client, 1, "misbehave",
				    "{\"act\":\"socket\"}", NULL);
		executor_client_send(&client, NULL);
		status = executor_client_end(&client, false);
		_exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? 0
									: 3);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		cr_skip("not possible here");
	cr_expect_eq(status, 0, "wait status 0x%x", status);
}

Test(sandbox, a_refused_call_can_be_named)
{
	const struct message_setup setup = {.trace = true};
	struct message_result result;
	char text[1000];
	int status;

	start(&setup);
	cr_assert_eq(executor_client_run(&client, "misbehave",
					 "{\"act\":\"socket\"}", &result, NULL),
		     0);
	executor_client_stderr(&client, text, sizeof(text));
	status = executor_client_end(&client, false);
	cr_expect(strstr(text, "refuses system call"), "%s", text);
	cr_expect(strstr(text, "(socket)"), "%s", text);
	cr_expect_eq(death_classify(status), DEATH_SANDBOX);
}

/* --- Where the filter is not to be had ------------------------------------- */

static pthread_barrier_t barrier;

/* A thread with a filter of its own keeps another one from being loaded for all
 * threads: the machine that refuses the sandbox's filter. */
static void *other_main(void *arg)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {.len = 1, .filter = &allow};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
	pthread_barrier_wait(&barrier);
	for (;;)
		pause(); /* a change of user wakes every thread */
	return arg;
}

/* Exit status of a process that enters the sandbox there: 0 as it should be. */
static int enter_without_filter(enum sandbox_mode mode)
{
	const struct sandbox_options options = {
		.mode = mode,
		.parent = getppid(),
	};
	struct sandbox_report report;
	struct err err = ERR_INIT;
	pthread_t thread;
	int r;

	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, other_main, NULL))
		return 1;
	pthread_barrier_wait(&barrier);
	r = sandbox_enter(&options, &report, &err);
	if (mode == SANDBOX_REQUIRE)
		return r == -1 && err.code == ERR_UNSUPPORTED &&
				       strstr(err.message, "filter")
			       ? 0
			       : 2;
	if (r || report.level != SANDBOX_LEVEL_PARTIAL ||
	    !strstr(report.text, "partial: ") || !strstr(report.text, "filter"))
		return 3;
	if (!strstr(report.text, "Landlock "))
		return 77;
	/* Landlock holds alone: anybody may read this file otherwise. */
	return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 0 : 4;
}

static int child_status(enum sandbox_mode mode)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(enter_without_filter(mode));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status), "wait status 0x%x", status);
	return WEXITSTATUS(status);
}

Test(sandbox, without_a_filter_it_depends_on_the_mode)
{
	const struct message_setup setup = {.sandbox = SANDBOX_OFF};
	int status;

	start(&setup);
	executor_client_stop(&client);
	cr_expect_eq(child_status(SANDBOX_REQUIRE), 0);
	status = child_status(SANDBOX_PREFER);
	if (status == 77)
		cr_skip("this kernel has no Landlock");
	cr_expect_eq(status, 0, "exit status %d", status);
}
