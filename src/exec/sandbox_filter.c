/*
 * The executor's system call filter: a list of what computing needs; a call
 * that is not on it kills the process (the master sees SIGSYS).
 *
 * Some calls are refused softly, because libraries try them, cope with the
 * refusal and go on: looking at files, asking a terminal, raising limits. They
 * do nothing all the same.
 *
 * Memory never becomes executable, and files are mapped for reading only: that
 * is how a large input comes in (message_task.c).
 */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "exec/sandbox_filter.h"
#include "exec/spawn.h"

#define CALL(name) SCMP_SYS(name)

/* Whatever the arguments. */
static const int allowed[] = {
	CALL(read),
	CALL(readv),
	CALL(write),
	CALL(writev),
	CALL(close),
	CALL(poll),
	CALL(ppoll),
	CALL(brk),
	CALL(munmap),
	CALL(mremap),
	CALL(madvise),
	CALL(futex),
	CALL(set_robust_list),
	CALL(rseq),
	CALL(exit),
	CALL(exit_group),
	CALL(sched_yield),
	CALL(sched_getaffinity),
	CALL(getpid),
	CALL(gettid),
	CALL(rt_sigprocmask),
	CALL(rt_sigaction),
	CALL(rt_sigreturn),
	CALL(sigaltstack),
	CALL(restart_syscall),
	CALL(clock_gettime),
	CALL(clock_getres),
	CALL(clock_nanosleep),
	CALL(nanosleep),
	CALL(gettimeofday),
	CALL(time),
	CALL(times),
	CALL(getrusage),
	CALL(getrandom),
	CALL(sysinfo),
};

/* Not done, and the caller is told so. */
static const struct {
	int call;
	int error;
} refused[] = {
	{CALL(open), EACCES},	    {CALL(openat), EACCES},
	{CALL(openat2), EACCES},    {CALL(stat), EACCES},
	{CALL(lstat), EACCES},	    {CALL(fstat), EACCES},
	{CALL(newfstatat), EACCES}, {CALL(statx), EACCES},
	{CALL(access), EACCES},	    {CALL(faccessat), EACCES},
	{CALL(faccessat2), EACCES}, {CALL(readlink), EACCES},
	{CALL(readlinkat), EACCES}, {CALL(getcwd), EACCES},
	{CALL(unlink), EACCES},	    {CALL(unlinkat), EACCES},
	{CALL(ioctl), ENOTTY},	    {CALL(lseek), ESPIPE},
	{CALL(prlimit64), EPERM},   {CALL(getrlimit), EPERM},
	{CALL(clone3), ENOSYS}, /* its flags cannot be looked at */
};

struct rule {
	int call;
	unsigned count;
	struct scmp_arg_cmp args[3];
};

static int add(scmp_filter_ctx filter, const struct rule *rule)
{
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule->call,
				      rule->count, rule->args);
}

#define MASKED(n, mask, value) SCMP_CMP(n, SCMP_CMP_MASKED_EQ, mask, value)
#define EQUAL(n, value)	       SCMP_CMP(n, SCMP_CMP_EQ, value, 0)

/* Those that depend on their arguments. */
static int add_conditional(scmp_filter_ctx filter)
{
	const struct rule rules[] = {
		{CALL(mmap),
		 2,
		 {MASKED(2, PROT_EXEC, 0),
		  MASKED(3, MAP_ANONYMOUS, MAP_ANONYMOUS)}},
		{CALL(mmap), 1, {EQUAL(2, PROT_READ)}},
		{CALL(mprotect), 1, {MASKED(2, PROT_EXEC, 0)}},
		{CALL(recvmsg), 1, {EQUAL(0, SPAWN_EXECUTOR_SOCKET)}},
		{CALL(sendmsg), 1, {EQUAL(0, SPAWN_EXECUTOR_SOCKET)}},
		{CALL(prctl), 1, {EQUAL(0, PR_SET_NAME)}},
		{CALL(tgkill), 1, {EQUAL(0, (scmp_datum_t)getpid())}},
	};
	size_t i;
	int r = 0;

	for (i = 0; i < sizeof(rules) / sizeof(*rules) && !r; i++)
		r = add(filter, &rules[i]);
	return r;
}

/* A new thread, never a new process or namespace. */
static int add_threads(scmp_filter_ctx filter)
{
	const scmp_datum_t must = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
	const scmp_datum_t never = CLONE_NEWNS | CLONE_NEWCGROUP |
				   CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
				   CLONE_NEWPID | CLONE_NEWNET | CLONE_VFORK |
				   CLONE_PTRACE;
	const struct rule rule = {
		CALL(clone), 1, {MASKED(0, must | never, must)}};

	return add(filter, &rule);
}

static int add_rules(scmp_filter_ctx filter, bool threads)
{
	size_t i;
	int r = 0;

	for (i = 0; i < sizeof(allowed) / sizeof(*allowed) && !r; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (i = 0; i < sizeof(refused) / sizeof(*refused) && !r; i++)
		r = seccomp_rule_add(
			filter,
			SCMP_ACT_ERRNO((unsigned short)refused[i].error),
			refused[i].call, 0);
	if (!r)
		r = add_conditional(filter);
	if (!r && threads)
		r = add_threads(filter);
	return r;
}

/* --- Tracing: the refused call's name on standard error -------------------- */

static void on_refused(int signal, siginfo_t *info, void *context)
{
	char line[128];
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE,
						      info->si_syscall);
	int len = snprintf(line, sizeof(line),
			   "cherry: the sandbox refuses system call %d (%s)\n",
			   info->si_syscall, name ? name : "unknown");

	(void)context;
	if (write(STDERR_FILENO, line, (size_t)len) < 0)
		_exit(70);
	/* To die of it after all, once the handler returns. */
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigaction(signal, &action, NULL);
	raise(signal);
}

static int trace_refused(void)
{
	struct sigaction action = {
		.sa_sigaction = on_refused,
		.sa_flags = SA_SIGINFO,
	};

	return sigaction(SIGSYS, &action, NULL);
}

/* --- Loading -------------------------------------------------------------- */

int sandbox_filter_load(const struct sandbox_options *options, struct err *err)
{
	scmp_filter_ctx filter;
	int r = 0;

	if (options->trace && trace_refused())
		r = -errno;
	filter = seccomp_init(options->trace ? SCMP_ACT_TRAP
					     : SCMP_ACT_KILL_PROCESS);
	if (!filter)
		return err_set(err, ERR_UNSUPPORTED,
			       "the system call filter cannot be made");
	if (!r)
		r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
				     SCMP_ACT_KILL_PROCESS);
	if (!r)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!r)
		r = add_rules(filter, options->threads);
	/* A search tree in place of a list; an old library goes without. */
	if (!r)
		(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!r)
		r = seccomp_load(filter);
	seccomp_release(filter);
	if (r)
		return err_set(err, ERR_UNSUPPORTED,
			       "the system call filter cannot be loaded: %s",
			       strerror(-r));
	return 0;
}
