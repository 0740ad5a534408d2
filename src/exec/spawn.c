/*
 * Starting processes, and the limits that can still be changed afterwards.
 *
 * The child runs `child_main` on a stack of its own but in our memory until it
 * calls exec, and we stand still meanwhile. So it may not allocate, may not
 * take locks, and calls the system itself where the C library would keep
 * state; what it could not do it writes into `struct child`, which is ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/poison.h"
#include "exec/descriptor.h"
#include "exec/spawn.h"

#define STACK_SIZE ((size_t)128 << 10)

struct child {
	const struct spawn_options *options;
	pid_t parent;
	sigset_t mask;
	const char *step; /* that failed, NULL: none */
	int error;
};

/* --- In the child --------------------------------------------------------- */

static int fail(struct child *child, const char *step)
{
	child->error = errno;
	child->step = step;
	return -1;
}

/* Handlers would run in our parent's memory: they go before the mask does.
 * What the parent ignores (SIGPIPE) is not for the child either. */
static void reset_signals(void)
{
	/* A kernel's sigaction of zeros, larger than any: SIG_DFL. Asked of the
	 * kernel itself, since libc keeps its own signals 32 and 33 from us, and
	 * what ignores them (a nohup of another libc) is inherited, too. */
	static const char action[256];
	int i;

	for (i = 1; i < NSIG; i++)
		syscall(SYS_rt_sigaction, i, action, NULL, (NSIG - 1) / 8);
}

/* Sources are first moved above all targets, so that no target hits one. */
static int place_fds(struct child *child)
{
	const struct spawn_options *options = child->options;
	int i, count = (int)options->fd_count, high[SPAWN_FD_MAX];

	for (i = 0; i < count; i++) {
		if (options->fds[i] < 0)
			high[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		else
			high[i] = options->fds[i];
		if (high[i] < 0)
			return fail(child, "open /dev/null");
		if (high[i] < count)
			high[i] = fcntl(high[i], F_DUPFD_CLOEXEC, count);
		if (high[i] < 0)
			return fail(child, "pass on a descriptor");
	}
	for (i = 0; i < count; i++)
		if (dup2(high[i], i) < 0)
			return fail(child, "pass on a descriptor");
	descriptor_close_from((unsigned)count);
	return 0;
}

static int set_limits(struct child *child)
{
	const struct spawn_options *options = child->options;
	struct rlimit limit;
	size_t i;

	for (i = 0; i < options->limit_count; i++) {
		limit.rlim_cur = options->limits[i].soft;
		limit.rlim_max = options->limits[i].hard;
		if (setrlimit(options->limits[i].resource, &limit))
			return fail(child, "set a limit");
	}
	return 0;
}

/* Directly: the C library would tell the other threads of this memory. */
static int set_user(struct child *child)
{
	const struct spawn_options *options = child->options;
	gid_t gid = options->gid;
	uid_t uid = options->uid;

	if (!options->set_user)
		return 0;
	if (syscall(SYS_setgroups, options->group_count, options->groups))
		return fail(child, "give up its groups");
	if (syscall(SYS_setresgid, gid, gid, gid))
		return fail(child, "change its group");
	if (syscall(SYS_setresuid, uid, uid, uid))
		return fail(child, "change its user");
	return 0;
}

/* After the change of user, which would undo it. */
static int tie_to_parent(struct child *child)
{
	int signal = child->options->death_signal;

	if (!signal)
		return 0;
	if (prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0))
		return fail(child, "ask for a signal at its parent's death");
	if (getppid() != child->parent) {
		errno = ESRCH;
		return fail(child, "find its parent");
	}
	return 0;
}

static int prepare(struct child *child)
{
	const struct spawn_options *options = child->options;

	if (options->session ? setsid() < 0 : setpgid(0, 0) < 0)
		return fail(child, "lead a group of its own");
	if (place_fds(child))
		return -1;
	if (options->nice &&
	    setpriority(PRIO_PROCESS, 0,
			getpriority(PRIO_PROCESS, 0) + options->nice))
		return fail(child, "set its priority");
	if (set_limits(child) || set_user(child))
		return -1;
	if (options->directory && chdir(options->directory))
		return fail(child, "enter its directory");
	return tie_to_parent(child);
}

static int child_main(void *arg)
{
	struct child *child = arg;
	const struct spawn_options *options = child->options;
	sigset_t none;

	reset_signals();
	if (prepare(child))
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(options->path, options->argv, options->envp);
	fail(child, "");
	_exit(127);
}

/* --- In the parent -------------------------------------------------------- */

static int say_failure(const struct child *child, struct err *err)
{
	char path[300];

	err_quote(path, 256, slice_text(child->options->path));
	if (!child->step[0])
		return err_set(err, ERR_FAILED, "cannot run %s: %s", path,
			       strerror(child->error));
	return err_set(err, ERR_FAILED, "cannot run %s: it cannot %s: %s", path,
		       child->step, strerror(child->error));
}

/* One stack for all starts: nothing runs here while a child uses it. */
static char *stack_top(void)
{
	static char *stack;

	if (!stack) {
		stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
		if (stack == MAP_FAILED) {
			stack = NULL;
			return NULL;
		}
	}
	/* The last child left its frames by exec, not by returning. */
	ASAN_UNPOISON_MEMORY_REGION(stack, STACK_SIZE);
	return stack + STACK_SIZE;
}

pid_t spawn_run(const struct spawn_options *options, struct err *err)
{
	struct child child = {.options = options, .parent = getpid()};
	char *top = stack_top();
	sigset_t all;
	pid_t pid;

	if (!top || options->fd_count > SPAWN_FD_MAX)
		return err_set(err, ERR_INTERNAL, "no memory for a process");
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &child.mask);
	pid = clone(child_main, top, CLONE_VM | CLONE_VFORK | SIGCHLD, &child);
	if (pid < 0)
		child.error = errno;
	sigprocmask(SIG_SETMASK, &child.mask, NULL);
	if (pid < 0)
		return err_set(err, ERR_FAILED, "cannot start a process: %s",
			       strerror(child.error));
	if (child.step) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return say_failure(&child, err);
	}
	return pid;
}

/* --- Executors ------------------------------------------------------------ */

static const char *const class_titles[TASK_CLASS_COUNT] = {
	[TASK_CLASS_CORE] = "cherry: core",
	[TASK_CLASS_IMAGE] = "cherry: image",
};

/* The environment is empty, but for what sanitizers are told through it in
 * builds that have them. */
#ifdef CHERRY_CRASH_POINTS
/* To the first executor of this worker and to no other. */
static void pass_crash(char *envp[])
{
	static char room[100];
	const char *value = getenv("CHERRY_CRASH");

	if (!value || room[0])
		return;
	snprintf(room, sizeof(room), "CHERRY_CRASH=%s", value);
	while (*envp)
		envp++;
	*envp = room;
}
#endif

static void keep_variable(char *envp[], const char *name, char *room,
			  size_t size)
{
	const char *value = POISON_ASAN ? getenv(name) : NULL;

	if (!value ||
	    (size_t)snprintf(room, size, "%s=%s", name, value) >= size)
		return;
	while (*envp)
		envp++;
	*envp = room;
}

pid_t spawn_executor(const struct spawn_executor *options, struct err *err)
{
	char title[32], command[] = "executor", rooms[3][512];
	char *argv[] = {title, command, NULL};
	char *envp[5] = {NULL};
	const int fds[] = {-1, -1, options->error, options->socket,
			   options->page};
	struct spawn_options spawn = {
		.path = options->program ? options->program : "/proc/self/exe",
		.argv = argv,
		.envp = envp,
		.fds = fds,
		.fd_count = sizeof(fds) / sizeof(*fds),
		.session = true,
		.death_signal = SIGKILL,
	};

	snprintf(title, sizeof(title), "%s", class_titles[options->class]);
	keep_variable(envp, "ASAN_OPTIONS", rooms[0], sizeof(rooms[0]));
	keep_variable(envp, "UBSAN_OPTIONS", rooms[1], sizeof(rooms[1]));
	keep_variable(envp, "LSAN_OPTIONS", rooms[2], sizeof(rooms[2]));
#ifdef CHERRY_CRASH_POINTS
	pass_crash(envp);
#endif
	return spawn_run(&spawn, err);
}

int spawn_allow_cpu(pid_t pid, double seconds)
{
	struct rlimit limit;
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used))
		return -1;
	if (prlimit(pid, RLIMIT_CPU, NULL, &limit))
		return -1;
	limit.rlim_cur = (rlim_t)used.tv_sec + (rlim_t)seconds + 2;
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	return prlimit(pid, RLIMIT_CPU, &limit, NULL);
}
