/*
 * One executor as the master sees it: a process, a socket, a page, the end of
 * its standard error, and the jobs in its hands. Everything it says is taken as
 * hostile; one that breaks the protocol is killed and costs the job at work one
 * crash.
 */
#include "master/executor_process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "exec/death.h"
#include "exec/spawn.h"

#define SOON_NS	     30000
#define GROWTH_PAGES ((size_t)64 << 20 >> 12)

/* --- The jobs in its hands ------------------------------------------------------------ */

static struct job *flight_first(const struct executor_process *executor)
{
	return executor->count ? executor->flight[executor->first] : NULL;
}

static struct job *flight_shift(struct executor_process *executor)
{
	struct job *job = executor->flight[executor->first];

	executor->first = (executor->first + 1) % FLIGHT_MAX;
	executor->count--;
	return job;
}

static void flight_push(struct executor_process *executor, struct job *job)
{
	executor->flight[(executor->first + executor->count++) % FLIGHT_MAX] =
		job;
}

/* --- Killing -------------------------------------------------------------------------- */

void executor_process_end_now(struct executor_process *executor)
{
	if (!executor->exited)
		kill(executor->runner.pid, SIGKILL);
	executor->killed = true;
	if (executor->state == EXECUTOR_STARTING ||
	    executor->state == EXECUTOR_READY)
		executor->master->classes[executor->class].live--;
	executor->state = EXECUTOR_GONE;
	executor->master->loop->timer_set(executor->timer, -1);
}

void executor_process_kill(struct runner *runner, struct job *job,
			   enum err_code why)
{
	struct executor_process *executor = (struct executor_process *)runner;

	if (job && !executor->blamed) {
		executor->blamed = job->number;
		executor->blamed_code = why;
	}
	executor_process_end_now(executor);
}

void executor_process_forget(struct runner *runner)
{
	struct executor_process *executor = (struct executor_process *)runner;

	executor->count = 0;
	executor_process_end_now(executor);
}

/* --- What it says --------------------------------------------------------------------- */

/* It does not keep to the protocol: the job at work pays. */
static void distrust(struct executor_process *executor, const struct err *err)
{
	struct job *job = executor_process_at_work(executor);

	if (!job)
		job = flight_first(executor);
	log_error("executor_distrusted", LOG_INT("pid", executor->runner.pid),
		  LOG_TEXT("why", err->message));
	if (job) {
		executor->blamed = job->number;
		executor->blamed_code = ERR_CRASHED;
	}
	executor_process_end_now(executor);
}

static size_t resident_pages(pid_t pid)
{
	char path[40], text[80];
	long pages = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/statm", (long)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(text, sizeof(text), file))
		(void)!sscanf(text, "%*s %ld", &pages);
	fclose(file);
	return pages > 0 ? (size_t)pages : 0;
}

static int on_ready(struct executor_process *executor, struct frame *frame,
		    struct err *err)
{
	struct pool_class *pool = &executor->master->classes[executor->class];
	struct message_ready ready;
	size_t i;

	if (executor->state != EXECUTOR_STARTING ||
	    message_ready_decode(frame->body, &executor->arena, &ready, err))
		return -1;
	for (i = 0; i < ready.unavailable_count; i++)
		log_info("task_unavailable",
			 LOG_SLICE("task", ready.unavailable[i].task),
			 LOG_SLICE("why", ready.unavailable[i].why));
	log_at(pool->ever_ready ? LOG_DEBUG : LOG_INFO, "executor_ready",
	       LOG_INT("pid", executor->runner.pid),
	       LOG_TEXT("class",
			executor->class == TASK_CLASS_IMAGE ? "image" : "core"),
	       LOG_SLICE("sandbox", ready.level_text));
	CRASH_POINT("master.executor_ready");
	pool->ever_ready = true;
	pool->failures = 0;
	pool->fault = (struct err)ERR_INIT;
	executor->base_pages = resident_pages(executor->runner.pid);
	if (!executor->base_pages)
		executor->base_pages = 1;
	executor->state = EXECUTOR_READY;
	frame_reader_allow(&executor->reader, FRAME_BIT(FRAME_RESULT));
	executor->master->loop->timer_set(executor->timer, -1);
	return 0;
}

static int on_failed(struct executor_process *executor, struct frame *frame,
		     struct err *err)
{
	struct pool_class *pool = &executor->master->classes[executor->class];

	if (executor->state != EXECUTOR_STARTING ||
	    message_failed_decode(frame->body, &pool->fault, err))
		return -1;
	return 0;
}

/* The bytes of outputs are the frame's: copied, since it goes. */
static int take_outputs(struct job *job, const struct message_result *message,
			struct err *err)
{
	size_t i, count = job->envelope.output_count;

	if (!message->ok || !count)
		return 0;
	if (message->output_count != count)
		return err_set(err, ERR_INTERNAL,
			       "a result has another number "
			       "of outputs than its task");
	job->output_bytes = xcalloc(count, sizeof(*job->output_bytes));
	for (i = 0; i < count; i++) {
		buf_init(&job->output_bytes[i], SIZE_MAX / 2);
		if (buf_add_slice(&job->output_bytes[i],
				  message->outputs[i].bytes))
			return err_set(err, ERR_INTERNAL, "out of memory");
	}
	return 0;
}

static int on_result(struct executor_process *executor, struct frame *frame,
		     struct err *err)
{
	struct job *job = flight_first(executor);
	struct message_result message;
	struct job_result result;

	if (!job)
		return err_set(err, ERR_INTERNAL, "a result without a task");
	if (message_result_decode(frame->body, &executor->arena, &message, err))
		return -1;
	if (message.number != job->number)
		return err_set(err, ERR_INTERNAL,
			       "a result of another task than the one due");
	if (take_outputs(job, &message, err))
		return -1;
	CRASH_POINT("master.result");
	flight_shift(executor);
	message_region_free(&executor->region, job->number);
	executor->done++;
	executor->alone = false;
	executor->progress_at = clock_monotonic();
	executor->nudged = false;
	master_result_init(&result);
	result.ok = message.ok;
	result.json = message.json;
	result.ran_ns = message.ran_ns;
	if (!message.ok)
		result.err = message.err;
	pool_note_run(job, message.ran_ns);
	/* A kill that came too late for this one concerns nobody. */
	if (executor->blamed == job->number)
		executor->blamed = 0;
	master_result_take(job, &result);
	/* What else is in its hands waits again. */
	if (message.last)
		executor_process_end_now(executor);
	return 0;
}

static int on_frame(struct executor_process *executor, struct frame *frame,
		    struct err *err)
{
	arena_clear(&executor->arena);
	switch (frame->type) {
	case FRAME_READY:
		return on_ready(executor, frame, err);
	case FRAME_FAILED:
		return on_failed(executor, frame, err);
	case FRAME_RESULT:
		return on_result(executor, frame, err);
	default:
		return err_set(err, ERR_INTERNAL, "a frame of another type");
	}
}

/* Grown by what pictures leave behind: a fresh one takes over. */
static void check_growth(struct executor_process *executor)
{
	if (executor->class != TASK_CLASS_IMAGE ||
	    executor->state != EXECUTOR_READY)
		return;
	if (resident_pages(executor->runner.pid) >
	    executor->base_pages + GROWTH_PAGES)
		executor->recycle_at = executor->done + 1;
}

static void read_frames(struct executor_process *executor)
{
	struct err err = ERR_INIT;
	struct frame frame;
	int more = 0;

	while ((more = frame_reader_next(&executor->reader, &frame, &err)) >
	       0) {
		if (on_frame(executor, &frame, &err)) {
			more = -1;
			break;
		}
	}
	if (more < 0)
		distrust(executor, &err);
	check_growth(executor);
	executor_process_set_timer(executor);
	master_wake(executor->master);
}

void executor_process_on_socket(void *arg, int events)
{
	struct executor_process *executor = arg;
	struct err err = ERR_INIT;
	enum frame_fill fill;

	if (events & LOOP_WRITE)
		executor_process_flush(executor);
	if (!(events & LOOP_READ) || executor->closed)
		return;
	fill = frame_reader_fill(&executor->reader, executor->socket, &err);
	if (fill == FRAME_FILL_MORE) {
		read_frames(executor);
		return;
	}
	if (fill == FRAME_FILL_ERROR)
		distrust(executor, &err);
	if (fill != FRAME_FILL_LATER)
		executor_process_on_closed(executor);
}

/* The last bytes count. */
static void keep_tail(struct executor_process *executor, const char *chunk,
		      size_t got)
{
	size_t keep;

	if (got >= STDERR_TAIL) {
		memcpy(executor->tail, chunk + got - STDERR_TAIL, STDERR_TAIL);
		executor->tail_len = STDERR_TAIL;
		return;
	}
	keep = STDERR_TAIL - got;
	if (executor->tail_len > keep) {
		memmove(executor->tail,
			executor->tail + executor->tail_len - keep, keep);
		executor->tail_len = keep;
	}
	memcpy(executor->tail + executor->tail_len, chunk, got);
	executor->tail_len += got;
}

/* False: there is nothing more, at least for now. */
static bool read_error_output(struct executor_process *executor)
{
	char chunk[4096];
	ssize_t got = read(executor->error, chunk, sizeof(chunk));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0) {
		executor->master->loop->io_set(executor->error_io, 0);
		return false;
	}
	keep_tail(executor, chunk, (size_t)got);
	return true;
}

void executor_process_on_error_output(void *arg, int events)
{
	(void)events;
	(void)read_error_output(arg);
}

void executor_process_drain_error(struct executor_process *executor)
{
	int pieces = 0;

	/* A pipe holds less, unless somebody has inherited it. */
	while (pieces++ < 64 && read_error_output(executor))
		;
}

/* --- What it is told ------------------------------------------------------------------- */

/* Nothing runs but one task, whose like take less time than a sleep does. */
static bool is_soon(const struct executor_process *executor)
{
	const struct master *master = executor->master;
	const struct job *job = flight_first(executor);

	return executor->count == 1 && master->jobs[JOB_RUNNING].count == 1 &&
	       job->task->average_ns && job->task->average_ns < SOON_NS;
}

void executor_process_flush(struct executor_process *executor)
{
	struct err err = ERR_INIT;
	int left;

	if (executor->closed || !frame_writer_pending(&executor->writer))
		return;
	CRASH_POINT("master.before_flush");
	left = frame_writer_flush(&executor->writer, executor->socket, &err);
	CRASH_POINT("master.after_flush");
	if (!left && is_soon(executor))
		spin_await(&executor->master->spin, executor->socket);
	/* A broken socket is seen, with what it still holds, when reading. */
	executor->master->loop->io_set(executor->io,
				       LOOP_READ | (left > 0 ? LOOP_WRITE : 0));
}

static int put_task(struct executor_process *executor, struct job *job,
		    struct err *err)
{
	struct message_output outputs[ENVELOPE_NAMES_MAX];
	struct message_task task = {.number = job->number,
				    .task = slice_text(job->task->name),
				    .args = job->envelope.args,
				    .inputs = job->inputs,
				    .input_count = job->envelope.input_count,
				    .outputs = outputs,
				    .output_count = job->envelope.output_count,
				    .region = &executor->region};
	size_t i;

	for (i = 0; i < task.output_count; i++)
		outputs[i] = (struct message_output){
			job->envelope.outputs[i].name,
			job->envelope.outputs[i].kind,
			job->envelope.outputs[i].target};
	return message_task_put(&executor->writer, &task, err);
}

int executor_process_give(struct executor_process *executor, struct job *job)
{
	struct err err = ERR_INIT;
	double now = clock_monotonic();

	job->runner = &executor->runner;
	if (put_task(executor, job, &err)) {
		master_result_refuse(job, &err);
		return -1;
	}
	if (!executor->count)
		executor->progress_at = now;
	flight_push(executor, job);
	CRASH_POINT("master.given");
	if (executor->count == 1 || now + job->timeout < executor->look_at)
		executor_process_set_timer(executor);
	executor_process_allow_cpu(executor, job);
	return 0;
}

void executor_process_stop(struct executor_process *executor)
{
	struct err err = ERR_INIT;

	if (message_stop_put(&executor->writer, &err)) {
		executor_process_end_now(executor);
		return;
	}
	executor_process_flush(executor);
	executor_process_set_timer(executor);
}
