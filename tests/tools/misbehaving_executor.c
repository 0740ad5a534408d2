/*
 * An executor with tasks that misbehave, for the tests of the sandbox, of the
 * executor and of the master: `misbehaving_executor executor`, started as cherry's
 * own. Production programs have none of these.
 *
 *	misbehave {"act": ...}	see `acts`
 *	fill {"bytes": N}	a result of N bytes
 *	outputs {"bytes": N}	an output called "output" of N bytes
 *	measure {"data": ...}	its length and a sum
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/json.h"
#include "cherry/task.h"
#include "exec/executor.h"
#include "task/task_echo.h"

/* The parent's number is found out before the sandbox closes. */
static pid_t parent;

/* Each returns what the system said: 0, or an errno. */

static int from(long r)
{
	return r < 0 ? errno : 0;
}

static int act_open(void)
{
	return from(open("/etc/passwd", O_RDONLY));
}

static int act_create(void)
{
	return from(open("/tmp/cherry-escaped", O_CREAT | O_WRONLY, 0600));
}

static int act_socket(void)
{
	return from(socket(AF_INET, SOCK_STREAM, 0));
}

static int act_unix_socket(void)
{
	return from(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int act_exec(void)
{
	char *argv[] = {(char[]){"true"}, NULL};

	return from(execv("/bin/true", argv));
}

static int act_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	return from(pid);
}

static int act_vfork(void)
{
	return from(syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0));
}

static int act_ptrace(void)
{
	return from(ptrace(PTRACE_ATTACH, parent, NULL, NULL));
}

static int act_kill(void)
{
	return from(kill(1, 0));
}

static int act_tgkill(void)
{
	return from(syscall(SYS_tgkill, 1, 1, SIGTERM));
}

static int act_executable_memory(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? errno : 0;
}

static int act_make_executable(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return errno;
	return from(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

static int act_parent_files(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", parent);
	return from(open(path, O_RDONLY));
}

static int act_parent_memory(void)
{
	char byte;
	struct iovec ours = {&byte, 1}, theirs = {&byte, 1};

	return from(process_vm_readv(parent, &ours, 1, &theirs, 1, 0));
}

static int act_become_root(void)
{
	return from(syscall(SYS_setresuid, 0, 0, 0));
}

static int act_send_elsewhere(void)
{
	struct msghdr message = {0};

	return from(sendmsg(2, &message, 0));
}

static int act_raise_limit(void)
{
	return from(syscall(SYS_prlimit64, 0, 7, NULL, NULL));
}

static void *thread_main(void *arg)
{
	return arg;
}

static int act_thread(void)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, thread_main, NULL);

	if (!r)
		pthread_join(thread, NULL);
	return r;
}

/* What descriptors there are: only the standard ones and the socket. */
static int act_descriptors(void)
{
	int fd;
	char byte;

	for (fd = 4; fd < 1024; fd++)
		if (read(fd, &byte, 0) == 0 || errno != EBADF)
			return fd;
	return 0;
}

static int act_environment(void)
{
	extern char **environ;

	return environ && environ[0] ? 1 : 0;
}

static int act_crash(void)
{
	raise(SIGSEGV);
	return 0;
}

static int act_abort(void)
{
	abort();
}

static int act_exit(void)
{
	_exit(3);
}

static int act_spin(void)
{
	volatile bool forever = true;

	while (forever)
		;
	return 0;
}

/* 20 ms: not worth waiting for, too long to travel in a batch. */
static int act_nap(void)
{
	struct timespec time = {0, 20000000};

	return from(nanosleep(&time, NULL));
}

static int act_eat_memory(void)
{
	size_t step = (size_t)64 << 20, i;
	char *at;

	for (i = 0; i < 1000; i++) {
		at = malloc(step);
		if (!at)
			return ENOMEM;
		at[0] = at[step - 1] = 1;
	}
	return 0;
}

static int act_grow(void)
{
	size_t size = (size_t)1 << 20;
	char *at = malloc(size); /* lost on purpose */

	if (at)
		memset(at, 1, size);
	return at ? 0 : ENOMEM;
}

static int act_complain(void)
{
	return from(write(2, "something is wrong\n", 19)) ? 1 : 0;
}

/* A header that announces more than a gigabyte, straight into the socket. */
static int act_lie_length(void)
{
	static const unsigned char header[] = {1, 0, 0, 0x40, 5};

	return from(write(3, header, sizeof(header))) ? 1 : 0;
}

static int act_lie_type(void)
{
	static const unsigned char header[] = {0, 0, 0, 0, 4};

	return from(write(3, header, sizeof(header))) ? 1 : 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} acts[] = {
	{"open", act_open},
	{"create", act_create},
	{"socket", act_socket},
	{"unix_socket", act_unix_socket},
	{"exec", act_exec},
	{"fork", act_fork},
	{"vfork", act_vfork},
	{"ptrace", act_ptrace},
	{"kill", act_kill},
	{"tgkill", act_tgkill},
	{"executable_memory", act_executable_memory},
	{"make_executable", act_make_executable},
	{"parent_files", act_parent_files},
	{"parent_memory", act_parent_memory},
	{"become_root", act_become_root},
	{"send_elsewhere", act_send_elsewhere},
	{"raise_limit", act_raise_limit},
	{"thread", act_thread},
	{"descriptors", act_descriptors},
	{"environment", act_environment},
	{"crash", act_crash},
	{"abort", act_abort},
	{"exit", act_exit},
	{"spin", act_spin},
	{"nap", act_nap},
	{"eat_memory", act_eat_memory},
	{"grow", act_grow},
	{"complain", act_complain},
	{"lie_length", act_lie_length},
	{"lie_type", act_lie_type},
};

static const struct task_arg misbehave_args[] = {
	{.name = "act", .type = ARG_TEXT, .required = true},
	{.type = ARG_END},
};

static int misbehave_run(struct task_call *call, struct buf *result,
			 struct err *err)
{
	struct task_value values[1];
	size_t i;

	if (task_args_read(misbehave_args, call, values, err))
		return -1;
	for (i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		if (slice_is(values[0].text, acts[i].name))
			return buf_printf(result, "\"errno\":%d",
					  acts[i].run());
	return err_set(err, ERR_BAD_ARGS, "no such act");
}

static int misbehave_warm(const struct task_settings *settings, struct err *err)
{
	(void)settings;
	(void)err;
	parent = getppid();
	return 0;
}

static const struct task task_misbehave = {
	.name = "misbehave",
	.summary = "does what it should not",
	.class = TASK_CLASS_CORE,
	.args = misbehave_args,
	.run = misbehave_run,
	.warm = misbehave_warm,
};

static const struct task task_misbehave_image = {
	.name = "misbehave_image",
	.summary = "the same where threads are allowed",
	.class = TASK_CLASS_IMAGE,
	.args = misbehave_args,
	.run = misbehave_run,
	.warm = misbehave_warm,
};

/* --- Sizes ----------------------------------------------------------------- */

static const struct task_arg bytes_args[] = {
	{.name = "bytes", .type = ARG_INTEGER, .max = 1e10, .required = true},
	{.type = ARG_END},
};

static int fill_run(struct task_call *call, struct buf *result, struct err *err)
{
	struct task_value values[1];
	int64_t i;

	if (task_args_read(bytes_args, call, values, err))
		return -1;
	buf_add_text(result, "\"fill\":\"");
	for (i = 0; i < values[0].integer && !result->failed; i++)
		buf_add_char(result, 'x');
	return buf_add_char(result, '"');
}

static const struct task task_fill = {
	.name = "fill",
	.summary = "a result of that many bytes",
	.class = TASK_CLASS_CORE,
	.args = bytes_args,
	.run = fill_run,
};

static int outputs_run(struct task_call *call, struct buf *result,
		       struct err *err)
{
	struct task_value values[1];
	char *bytes;
	size_t len;

	if (task_args_read(bytes_args, call, values, err))
		return -1;
	len = (size_t)values[0].integer;
	bytes = arena_alloc(call->arena, len);
	if (!bytes)
		return err_limit(err, "memory", (int64_t)len, "no memory");
	memset(bytes, 'y', len);
	return task_put_bytes(call, result, "output", slice_of(bytes, len),
			      err);
}

static const struct task task_outputs = {
	.name = "outputs",
	.summary = "an output of that many bytes",
	.class = TASK_CLASS_CORE,
	.args = bytes_args,
	.run = outputs_run,
};

static const struct task_arg measure_args[] = {
	{.name = "data", .type = ARG_BYTES, .required = true},
	{.type = ARG_END},
};

static int measure_run(struct task_call *call, struct buf *result,
		       struct err *err)
{
	struct task_value values[1];
	unsigned sum = 0;
	size_t i;

	if (task_args_read(measure_args, call, values, err))
		return -1;
	for (i = 0; i < values[0].text.len; i++)
		sum = sum * 31 + (unsigned char)values[0].text.ptr[i];
	return buf_printf(result, "\"bytes\":%zu,\"sum\":%u",
			  values[0].text.len, sum);
}

static const struct task task_measure = {
	.name = "measure",
	.summary = "how long data is, and a sum over it",
	.class = TASK_CLASS_CORE,
	.args = measure_args,
	.run = measure_run,
};

/* --- Faults ---------------------------------------------------------------- */

static int silent_run(struct task_call *call, struct buf *result,
		      struct err *err)
{
	(void)call;
	(void)result;
	(void)err;
	return -1;
}

static const struct task task_silent = {
	.name = "silent",
	.summary = "fails without a word",
	.class = TASK_CLASS_CORE,
	.run = silent_run,
};

static int cold_warm(const struct task_settings *settings, struct err *err)
{
	(void)settings;
	return err_set(err, ERR_UNSUPPORTED, "its library is of wood");
}

static const struct task task_cold = {
	.name = "cold",
	.summary = "cannot be warmed",
	.class = TASK_CLASS_CORE,
	.run = silent_run,
	.warm = cold_warm,
};

static const struct task_arg settled_settings[] = {
	{.name = "level", .type = ARG_INTEGER, .fallback = "7", .max = 9},
	{.type = ARG_END},
};

extern const struct task task_settled;

static int settled_run(struct task_call *call, struct buf *result,
		       struct err *err)
{
	struct slice secret;

	(void)err;
	if (!task_secret(call->settings, slice_text("key"), &secret))
		secret = slice_text("none");
	buf_printf(result, "\"level\":%d,\"secret\":",
		   (int)task_setting(call->settings, &task_settled, "level")
			   ->integer);
	return json_put_string(result, secret);
}

const struct task task_settled = {
	.name = "settled",
	.summary = "tells its settings",
	.class = TASK_CLASS_CORE,
	.settings = settled_settings,
	.run = settled_run,
};

int main(int argc, char **argv)
{
	static const struct task *const table[] = {
		&task_echo,   &task_misbehave, &task_misbehave_image,
		&task_fill,   &task_outputs,   &task_measure,
		&task_silent, &task_cold,      &task_settled,
		NULL,
	};

	if (argc != 2 || strcmp(argv[1], "executor") != 0) {
		fputs("usage: misbehaving_executor executor\n", stderr);
		return 64;
	}
	executor_run(table);
}
