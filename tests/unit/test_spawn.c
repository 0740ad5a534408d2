/*
 * Starting processes: what the child has and has not, and what is said when it
 * cannot start.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/death.h"
#include "exec/spawn.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Runs a shell script; its output without the last newline. */
static char output[4096];

static int script_run(struct spawn_options *options, const char *script,
		      struct err *err)
{
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char *)script, NULL};
	char *envp[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL};
	int pipes[2], status;
	int fds[] = {-1, -1, -1};
	size_t len = 0;
	ssize_t got;
	pid_t pid;

	cr_assert_eq(pipe2(pipes, O_CLOEXEC), 0);
	fds[1] = fds[2] = pipes[1];
	options->path = "/bin/sh";
	options->argv = argv;
	options->envp = envp;
	options->fds = fds;
	options->fd_count = 3;
	pid = spawn_run(options, err);
	close(pipes[1]);
	if (pid < 0) {
		close(pipes[0]);
		return -1;
	}
	while ((got = read(pipes[0], output + len, sizeof(output) - 1 - len)) >
	       0)
		len += (size_t)got;
	if (len && output[len - 1] == '\n')
		len--;
	output[len] = '\0';
	close(pipes[0]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return status;
}

Test(spawn, runs_with_what_it_was_given_and_no_more)
{
	struct spawn_options options = {0};

	setenv("SECRET", "x", 1);
	cr_assert_eq(script_run(&options, "echo $SECRET.$PATH", NULL), 0);
	cr_expect_str_eq(output, "./usr/bin:/bin");
}

/* Descriptors without close-on-exec, low and high: none gets through. */
Test(spawn, closes_every_other_descriptor)
{
	struct spawn_options options = {0};
	int i;

	for (i = 0; i < 20; i++)
		cr_assert_geq(open("/dev/null", O_RDONLY), 0);
	cr_assert_eq(dup2(0, 900), 900);
	cr_assert_eq(script_run(&options,
				"i=0; while [ $i -lt 1000 ]; do [ -e "
				"/proc/$$/fd/$i ] && "
				"echo -n $i; i=$((i + 1)); done",
				NULL),
		     0);
	cr_expect_str_eq(output, "012");
}

/* In a process of its own, whose descriptors can be thrown about. 0: well. */
static int place_crosswise(void)
{
	static const int low[] = {4, 5, 3};
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"},
			(char[]){"read a <&3; read b <&4; read c <&5; "
				 "test $a$b$c = 345"},
			NULL};
	char *envp[] = {NULL};
	int pipes[3][2], fds[6] = {-1, -1, 2}, i, status;
	struct spawn_options options = {
		.path = "/bin/sh",
		.argv = argv,
		.envp = envp,
		.fds = fds,
		.fd_count = 6,
	};
	pid_t pid;

	for (i = 0; i < 3; i++) {
		char text[] = {(char)('3' + i), '\n'};

		if (pipe2(pipes[i], O_CLOEXEC) ||
		    write(pipes[i][1], text, 2) != 2)
			return 2;
		fds[3 + i] = fcntl(pipes[i][0], F_DUPFD_CLOEXEC, 100);
	}
	/* Descriptor 3 shall be what is now 4, 4 what is 5, 5 what is 3. */
	for (i = 0; i < 3; i++) {
		if (dup2(fds[3 + i], low[i]) < 0)
			return 3;
		fds[3 + i] = low[i];
	}
	pid = spawn_run(&options, NULL);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 4;
	return status ? 5 : 0;
}

Test(spawn, places_descriptors_whatever_their_numbers)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(place_crosswise());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0, "wait status 0x%x", status);
}

static const struct {
	const char *path;
	const char *directory;
	const char *says;
} failures[] = {
	{"/no/such/program", NULL, "/no/such/program: No such file"},
	{"/etc/passwd", NULL, "/etc/passwd: Permission denied"},
	{"/tmp", NULL, "/tmp: Permission denied"},
	{"/bin/true", "/no/where", "enter its directory: No such file"},
};

Test(spawn, says_why_it_cannot_start)
{
	char *argv[] = {(char[]){"x"}, NULL}, *envp[] = {NULL};
	const int fds[] = {-1, -1, -1};
	size_t i;

	for (i = 0; i < COUNT(failures); i++) {
		struct spawn_options options = {
			.path = failures[i].path,
			.argv = argv,
			.envp = envp,
			.fds = fds,
			.fd_count = 3,
			.directory = failures[i].directory,
		};
		struct err err = ERR_INIT;

		cr_expect_eq(spawn_run(&options, &err), -1);
		cr_expect_eq(err.code, ERR_FAILED);
		cr_expect(strstr(err.message, failures[i].says), "%s",
			  err.message);
	}
	cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1, "a child is left over");
	cr_expect_eq(errno, ECHILD);
}

Test(spawn, limits_directory_group_and_priority)
{
	static const struct spawn_limit limits[] = {
		{RLIMIT_NOFILE, 33, 44},
		{RLIMIT_CORE, 0, 0},
	};
	struct spawn_options options = {
		.directory = "/usr",
		.limits = limits,
		.limit_count = COUNT(limits),
		.nice = 3,
	};

	cr_assert_eq(script_run(&options,
				"echo $(ulimit -Sn) $(ulimit -Hn) $(ulimit -c) "
				"$PWD $(nice)",
				NULL),
		     0);
	cr_expect_str_eq(output, "33 44 0 /usr 3");
}

Test(spawn, leads_its_own_group_or_session)
{
	struct spawn_options options = {0};
	/* /proc/PID/stat: pid (name) state parent group session */
	static const char script[] =
		"read p n s pp g ss rest < /proc/$$/stat; "
		"test $g = $$ && echo group; test $ss = $$ && echo session";

	cr_assert_geq(script_run(&options, script, NULL), 0);
	cr_expect_str_eq(output, "group");
	options.session = true;
	cr_assert_geq(script_run(&options, script, NULL), 0);
	cr_expect_str_eq(output, "group\nsession");
}

Test(spawn, signals_are_as_at_birth)
{
	struct spawn_options options = {0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	cr_assert_eq(script_run(&options,
				"grep -E 'SigBlk|SigIgn' /proc/self/status | "
				"cut -f2",
				NULL),
		     0);
	cr_expect_str_eq(output, "0000000000000000\n0000000000000000");
	cr_expect_eq(signal(SIGPIPE, SIG_DFL), SIG_IGN, "ours are ours");
	sigprocmask(SIG_BLOCK, NULL, &set);
	cr_expect(sigismember(&set, SIGTERM));
}

Test(spawn, changes_user_and_groups)
{
	static const gid_t groups[] = {5, 6};
	struct spawn_options options = {
		.set_user = true,
		.uid = 12345,
		.gid = 23456,
		.groups = groups,
		.group_count = 2,
	};

	if (geteuid())
		cr_skip("needs root");
	cr_assert_eq(
		script_run(&options, "echo $(id -u) $(id -g) $(id -G)", NULL),
		0);
	cr_expect_str_eq(output, "12345 23456 23456 5 6");
	options.group_count = 0;
	cr_assert_eq(script_run(&options, "echo $(id -G)", NULL), 0);
	cr_expect_str_eq(output, "23456");
}

/* The child of a child: when the one in the middle dies, so does the last. */
Test(spawn, dies_with_its_parent)
{
	char *argv[] = {(char[]){"sleep"}, (char[]){"60"}, NULL};
	char *envp[] = {NULL};
	int pipes[2], status;
	pid_t middle, last;

	cr_assert_eq(pipe(pipes), 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	middle = fork();
	if (!middle) {
		const int fds[] = {-1, -1, -1};
		struct spawn_options options = {
			.path = "/bin/sleep",
			.argv = argv,
			.envp = envp,
			.fds = fds,
			.fd_count = 3,
			.death_signal = SIGKILL,
		};
		pid_t pid = spawn_run(&options, NULL);

		if (write(pipes[1], &pid, sizeof(pid)) < 0)
			_exit(1);
		pause();
		_exit(0);
	}
	close(pipes[1]);
	cr_assert_eq(read(pipes[0], &last, sizeof(last)), sizeof(last));
	cr_assert_gt(last, 0);
	kill(middle, SIGKILL);
	cr_assert_eq(waitpid(middle, &status, 0), middle);
	cr_assert_eq(waitpid(last, &status, 0), last);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

Test(spawn, processor_time_is_allowed_from_now_on)
{
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"},
			(char[]){"while :; do :; done"}, NULL};
	char *envp[] = {NULL};
	const int fds[] = {-1, -1, -1};
	struct spawn_options options = {
		.path = "/bin/sh",
		.argv = argv,
		.envp = envp,
		.fds = fds,
		.fd_count = 3,
	};
	struct rlimit limit;
	int status;
	pid_t pid = spawn_run(&options, NULL);

	cr_assert_gt(pid, 0);
	cr_assert_eq(spawn_allow_cpu(pid, 100), 0);
	cr_assert_eq(prlimit(pid, RLIMIT_CPU, NULL, &limit), 0);
	cr_expect_geq(limit.rlim_cur, 100);
	cr_expect_leq(limit.rlim_cur, 104);
	cr_assert_eq(spawn_allow_cpu(pid, 0), 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(death_classify(status), DEATH_CPU);
	cr_expect_eq(spawn_allow_cpu(pid, 1), -1, "it is gone");
}

/* --- Deaths --------------------------------------------------------------- */

static const struct {
	int status;
	const char *class;
	const char *says;
} deaths[] = {
	{0, "clean", "exited with status 0"},
	{3 << 8, "exit", "exited with status 3"},
	{SIGKILL, "memory", "killed by SIGKILL: most likely out of memory"},
	{SIGXCPU, "cpu", "SIGXCPU: its limit of processor time"},
	{SIGSYS, "sandbox", "SIGSYS: a system call that the sandbox refuses"},
	{SIGABRT, "abort", "SIGABRT"},
	{SIGSEGV, "crash", "SIGSEGV: it crashed"},
	{40, "crash", "signal 40"},
};

Test(death, is_said_in_words)
{
	size_t i;

	for (i = 0; i < COUNT(deaths); i++) {
		struct err err = ERR_INIT;

		death_describe(deaths[i].status, &err);
		cr_expect_eq(err.code, ERR_CRASHED);
		cr_expect(strstr(err.message, deaths[i].says), "%s",
			  err.message);
		cr_expect_str_eq(
			death_class_name(death_classify(deaths[i].status)),
			deaths[i].class);
	}
}
