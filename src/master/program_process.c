/*
 * Starting a program, feeding it and listening to it. Knows nothing of what it
 * is asked and what it answers.
 */
#include "master/program_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/json.h"
#include "base/xalloc.h"
#include "exec/spawn.h"
#include "base/crash.h"

#define READ_BYTES 65536
/* In one turn of the loop to one program. */
#define WRITE_BYTES ((size_t)1 << 20)
/* A pipe holds hardly more than one reading. */
#define LAST_READS 8
/* After its death what somebody else writes to its pipes is waited for. */
#define LINGER_SECONDS 2.0

static void close_end(struct program_process *process, int *fd,
		      struct loop_io **io)
{
	if (*io)
		process->master->loop->io_free(*io);
	*io = NULL;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void on_linger(void *arg);

static void try_end(struct program_process *process)
{
	struct loop *loop = process->master->loop;

	if (!process->exited)
		return;
	if (process->out < 0 && process->error < 0) {
		process->on_end(process);
		return;
	}
	/* Dead, and its pipes are open: mostly their end is just to be read;
	 * else what it left behind holds them, and is ended. Looking for that
	 * is dear, so only if there is anything. */
	if (children_has_strays(process->master->children))
		children_kill_tree(process->master->children, 0, process->mark);
	/* One that hides its origin shall not hold the task up. */
	if (!process->linger)
		process->linger = loop->timer_new(loop, on_linger, process);
	loop->timer_set(process->linger, LINGER_SECONDS);
}

static void on_linger(void *arg)
{
	struct program_process *process = arg;

	close_end(process, &process->out, &process->out_io);
	close_end(process, &process->error, &process->error_io);
	try_end(process);
}

static void on_input(void *arg, int events)
{
	(void)events;
	program_process_write(arg);
}

/* 1: all of `bytes` is written; 0: later; -1: it does not read, its affair. */
static int write_some(struct program_process *process, struct slice bytes)
{
	size_t end = process->written + WRITE_BYTES;

	while (process->written < bytes.len) {
		size_t stop = end < bytes.len ? end : bytes.len;
		ssize_t put;

		/* A quick reader shall not keep us from everybody else. */
		if (process->written == end)
			return 0;
		put = write(process->in, bytes.ptr + process->written,
			    stop - process->written);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return errno == EAGAIN ? 0 : -1;
		process->written += (size_t)put;
	}
	process->written = 0;
	return 1;
}

void program_process_write(struct program_process *process)
{
	int done = process->in < 0 ? -1 : 1;

	if (done > 0 && process->given.len)
		done = write_some(process, process->given);
	if (done > 0) {
		process->given = (struct slice){0};
		done = write_some(process, buf_slice(&process->input));
	}
	if (!done) {
		process->master->loop->io_set(process->in_io, LOOP_WRITE);
		return;
	}
	buf_clear(&process->input);
	process->given = (struct slice){0};
	process->written = 0;
	if (done < 0 && process->in >= 0 && process->on_deaf)
		process->on_deaf(process);
	if (done < 0 || process->close_input)
		close_end(process, &process->in, &process->in_io);
	else
		process->master->loop->io_set(process->in_io, 0);
}

/* False: nothing more is there now. */
static bool read_output(struct program_process *process)
{
	char chunk[READ_BYTES];
	ssize_t got = read(process->out, chunk, sizeof(chunk));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0) {
		close_end(process, &process->out, &process->out_io);
		if (process->on_output)
			process->on_output(process);
		return false;
	}
	if (!process->overflow &&
	    buf_add(&process->output, chunk, (size_t)got)) {
		process->overflow = true;
		program_process_kill(process);
	}
	if (process->on_output)
		process->on_output(process);
	return true;
}

static void on_output(void *arg, int events)
{
	struct program_process *process = arg;

	(void)events;
	read_output(process);
	if (process->out < 0)
		try_end(process);
}

static void keep_tail(struct program_process *process, const char *bytes,
		      size_t len)
{
	size_t keep;

	if (len >= STDERR_TAIL) {
		memcpy(process->tail, bytes + len - STDERR_TAIL, STDERR_TAIL);
		process->tail_len = STDERR_TAIL;
		return;
	}
	keep = STDERR_TAIL - len;
	if (process->tail_len > keep) {
		memmove(process->tail, process->tail + process->tail_len - keep,
			keep);
		process->tail_len = keep;
	}
	memcpy(process->tail + process->tail_len, bytes, len);
	process->tail_len += len;
}

static bool read_error(struct program_process *process)
{
	char chunk[READ_BYTES];
	ssize_t got = read(process->error, chunk, sizeof(chunk));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got > 0)
		keep_tail(process, chunk, (size_t)got);
	else
		close_end(process, &process->error, &process->error_io);
	return got > 0;
}

static void on_error(void *arg, int events)
{
	struct program_process *process = arg;

	(void)events;
	read_error(process);
	if (process->error < 0)
		try_end(process);
}

/* What it left in its pipes is read at once: as a rule their ends are there,
 * and nothing has to be looked for. */
static void on_exit_status(void *arg, const struct child_end *end)
{
	struct program_process *process = arg;
	int reads = LAST_READS;

	CRASH_POINT("master.program_ended");
	process->exited = true;
	process->status = end->status;
	while (process->out >= 0 && reads-- > 0 && read_output(process))
		;
	while (process->error >= 0 && reads-- > 0 && read_error(process))
		;
	try_end(process);
}

/* --- Start ------------------------------------------------------------------- */

static int run_command(struct program_process *process, const int fds[3],
		       char **environment, struct err *err)
{
	const struct master_task_state *task = process->task;
	struct spawn_limit limits[3] = {{RLIMIT_CORE, 0, 0}};
	struct spawn_options options = {.path = task->command.path,
					.argv = task->command.argv,
					.envp = environment,
					.fds = fds,
					.fd_count = 3,
					.directory = task->directory,
					.nice = task->nice,
					.limits = limits,
					.limit_count = 1,
					.death_signal = SIGKILL};

	if (task->max_memory)
		limits[options.limit_count++] = (struct spawn_limit){
			RLIMIT_AS, task->max_memory, task->max_memory};
	if (task->max_cpu)
		limits[options.limit_count++] = (struct spawn_limit){
			RLIMIT_CPU, task->max_cpu, task->max_cpu + 1};
	if (task->has_user) {
		options.set_user = true;
		options.uid = task->user.uid;
		options.gid = task->user.gid;
		options.groups = task->user.groups;
		options.group_count = task->user.group_count;
	}
	process->runner.pid = spawn_run(&options, err);
	return process->runner.pid < 0 ? -1 : 0;
}

/* What marks all that descends from this process: the deadline of a task that
 * has a process to itself, else a number of our own beside the environment.
 * Returns what takes the environment's place, to be freed as well. */
static char **put_mark(struct program_process *process, char **environment)
{
	static unsigned long counter;
	size_t count = 0;
	char **marked;

	for (; environment[count]; count++) {
		if (!strncmp(environment[count], "CHERRY_DEADLINE=", 16))
			snprintf(process->mark, sizeof(process->mark), "%s",
				 environment[count]);
	}
	marked = xcalloc(count + 2, sizeof(*marked));
	memcpy(marked, environment, count * sizeof(*marked));
	if (!process->mark[0]) {
		snprintf(process->mark, sizeof(process->mark),
			 "CHERRY_MARK=%ld.%lu", (long)getpid(), ++counter);
		marked[count] = process->mark;
	}
	return marked;
}

static void watch(struct program_process *process)
{
	struct loop *loop = process->master->loop;

	process->in_io = loop->io_new(loop, process->in, 0, on_input, process);
	process->out_io =
		loop->io_new(loop, process->out, LOOP_READ, on_output, process);
	process->error_io = loop->io_new(loop, process->error, LOOP_READ,
					 on_error, process);
	children_watch(process->master->children, process->runner.pid, true,
		       on_exit_status, process);
}

int program_process_start(struct program_process *process,
			  struct master *master, struct master_task_state *task,
			  char **environment, struct err *err)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, error[2] = {-1, -1};
	int status = -1, fds[3];
	char **marked;

	process->master = master;
	process->task = task;
	process->in = process->out = process->error = -1;
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) ||
	    pipe2(error, O_CLOEXEC)) {
		err_set(err, ERR_INTERNAL, "no pipe: %s", strerror(errno));
	} else {
		fds[0] = in[0];
		fds[1] = out[1];
		fds[2] = error[1];
		marked = put_mark(process, environment);
		status = run_command(process, fds, marked, err);
		free(marked);
	}
	free(environment);
	process->in = in[1];
	process->out = out[0];
	process->error = error[0];
	if (in[0] >= 0)
		close(in[0]);
	if (out[1] >= 0)
		close(out[1]);
	if (error[1] >= 0)
		close(error[1]);
	CRASH_POINT("master.program_started");
	if (status)
		return -1;
	(void)fcntl(process->in, F_SETFL, O_NONBLOCK);
	(void)fcntl(process->out, F_SETFL, O_NONBLOCK);
	(void)fcntl(process->error, F_SETFL, O_NONBLOCK);
	watch(process);
	return 0;
}

void program_process_kill(struct program_process *process)
{
	children_kill_tree(process->master->children,
			   process->exited ? 0 : process->runner.pid,
			   process->mark);
}

void program_process_release(struct program_process *process)
{
	if (process->runner.pid > 0 && !process->exited) {
		children_forget(process->master->children, process->runner.pid);
		program_process_kill(process);
	}
	close_end(process, &process->in, &process->in_io);
	close_end(process, &process->out, &process->out_io);
	close_end(process, &process->error, &process->error_io);
	if (process->timer)
		process->master->loop->timer_free(process->timer);
	if (process->linger)
		process->master->loop->timer_free(process->linger);
	buf_release(&process->input);
	buf_release(&process->output);
}

void program_process_tail(const struct program_process *process,
			  struct job_result *result)
{
	size_t i, out = 0;

	/* Lines stay lines: only what is no text is replaced. */
	for (i = 0; i < process->tail_len; i++) {
		char c = process->tail[i];

		if (c != '\0')
			result->stderr_tail[out++] = c;
	}
	result->stderr_tail[out] = '\0';
}

void program_call_fill(const struct job *job, struct program_call *call,
		       struct buf *id)
{
	buf_clear(id);
	if (job->envelope.id_raw.len)
		buf_add_slice(id, job->envelope.id_raw);
	else
		json_put_string(id, job_id(job));
	*call = (struct program_call){
		.id = buf_slice(id),
		.task = job->task->name,
		.queue = job->master->queues[job->queue].name,
		.attempt = job->attempts + job->crashes + 1,
		.args = job->envelope.args,
		.raw = job->raw,
		.inputs = job->inputs,
		.input_count = job->envelope.input_count};
}
