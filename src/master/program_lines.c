/*
 * mode = lines: long-lived processes that read tasks and write replies as
 * lines of JSON. Short tasks travel several at a time; when a process dies with
 * several in its hands, each is tried again alone, to find the guilty one.
 */
#include "master/program_process.h"

#include <stdlib.h>
#include <sys/wait.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "exec/death.h"

#define BACKOFF_SECONDS 0.2
#define BACKOFF_MAX	10.0
#define STOP_SECONDS	2.0
/* One that has closed a pipe ends, as a rule, and says by that what it is. */
#define CLOSED_SECONDS 0.5

struct program_lines {
	struct program_process process; /* first: runner and process in one */
	struct program_lines *next;
	struct job *flight[FLIGHT_MAX];
	size_t count;
	uint64_t answered, blamed;
	double busy_at;	   /* since when it works on what it has not answered */
	struct err fault;  /* what it did that cannot be */
	struct err closed; /* it has closed a pipe ... */
	double closed_at;  /* ... at this time */
	enum err_code blamed_code;
	bool killed;
};

/* --- Flight ------------------------------------------------------------------------ */

static struct job *flight_take(struct program_lines *lines, uint64_t number)
{
	size_t i;

	for (i = 0; i < lines->count; i++) {
		struct job *job = lines->flight[i];

		if (job->number != number)
			continue;
		lines->count--;
		memmove(&lines->flight[i], &lines->flight[i + 1],
			(lines->count - i) * sizeof(struct job *));
		return job;
	}
	return NULL;
}

static void set_deadline(struct program_lines *lines)
{
	struct loop *loop = lines->process.master->loop;
	double first = 0, now = clock_monotonic();
	size_t i;

	for (i = 0; i < lines->count; i++) {
		double due =
			lines->flight[i]->sent_at + lines->flight[i]->timeout;

		if (!i || due < first)
			first = due;
	}
	if (lines->closed.code != ERR_NONE)
		first = lines->closed_at + CLOSED_SECONDS;
	else if (!lines->count)
		first = lines->process.close_input ? now + STOP_SECONDS : -1;
	loop->timer_set(lines->process.timer, first < 0	    ? -1
					      : first > now ? first - now
							    : 0.001);
}

/* --- The end ------------------------------------------------------------------------- */

static void wait_again(struct job *job, bool alone)
{
	struct master_task_state *task =
		(struct master_task_state *)(uintptr_t)job->task;

	task->running--;
	job->master->queues[job->queue].running--;
	job->runner = NULL;
	job->alone |= alone;
	job_set_state(job, JOB_WAITING, true);
}

static void blame(struct program_lines *lines, struct job *job)
{
	struct job_result result;

	master_result_init(&result);
	if (lines->blamed_code == ERR_TIMEOUT) {
		err_set(&result.err, ERR_TIMEOUT,
			"the program was ended after %g seconds", job->timeout);
	} else if (lines->blamed_code == ERR_CANCELLED) {
		err_set(&result.err, ERR_CANCELLED,
			"the task was cancelled while it ran");
	} else if (lines->fault.code != ERR_NONE) {
		result.err = lines->fault;
		result.has_retryable = result.err.code == ERR_FAILED;
	} else {
		death_describe(lines->process.status, &result.err);
		result.err.code = ERR_CRASHED;
		if (WIFSIGNALED(lines->process.status))
			result.signal = WTERMSIG(lines->process.status);
		else
			result.exit = WEXITSTATUS(lines->process.status);
	}
	program_process_tail(&lines->process, &result);
	result.ran_ns = (uint64_t)((clock_monotonic() - job->sent_at) * 1e9);
	master_result_take(job, &result);
}

static void unlink_lines(struct program_lines *lines)
{
	struct program_lines **at = &lines->process.task->lines;

	while (*at != lines)
		at = &(*at)->next;
	*at = lines->next;
	lines->process.task->process_count--;
}

/* One that dies by itself and has said nothing is not started again at once. */
static void note_failure(struct program_lines *lines)
{
	struct master_task_state *task = lines->process.task;
	struct master *master = lines->process.master;
	double wait = BACKOFF_SECONDS;
	unsigned i;

	log_warn("program_died", LOG_TEXT("task", task->name),
		 LOG_INT("pid", lines->process.runner.pid),
		 LOG_INT("in_hand", lines->count),
		 LOG_INT("answered", lines->answered));
	if (lines->answered || lines->killed || lines->fault.code != ERR_NONE) {
		task->line_failures = 0;
		return;
	}
	for (i = 0; i < task->line_failures && wait < BACKOFF_MAX; i++)
		wait *= 2;
	task->line_failures++;
	task->line_start_at = clock_monotonic() + wait;
	master->loop->timer_set(master->pool_timer, wait);
}

static void settle_flight(struct program_lines *lines)
{
	struct master *master = lines->process.master;
	struct job *guilty = NULL;
	bool several = lines->count > 1;

	if (lines->blamed)
		guilty = flight_take(lines, lines->blamed);
	else if (lines->count == 1 && !lines->killed)
		guilty = flight_take(lines, lines->flight[0]->number);
	while (lines->count) {
		struct job *job = lines->flight[--lines->count];

		if (master->leaving)
			master_result_give_back(job);
		else
			wait_again(job, several && !guilty);
	}
	if (guilty)
		blame(lines, guilty);
}

static void on_end(struct program_process *process)
{
	struct program_lines *lines = (struct program_lines *)process;
	struct master *master = process->master;
	/* Asked to end, or ended by us: no failure unless it had a task. */
	bool wanted = lines->killed || process->close_input;

	if (!master->leaving && (!wanted || lines->count))
		note_failure(lines);
	settle_flight(lines);
	unlink_lines(lines);
	program_process_release(process);
	free(lines);
	master_wake(master);
	master_check_end(master);
}

static void kill_lines(struct runner *runner, struct job *job,
		       enum err_code why)
{
	struct program_lines *lines = (struct program_lines *)runner;

	if (job && !lines->blamed) {
		lines->blamed = job->number;
		lines->blamed_code = why;
	}
	lines->killed = true;
	program_process_kill(&lines->process);
}

static void forget_lines(struct runner *runner)
{
	struct program_lines *lines = (struct program_lines *)runner;

	lines->count = 0;
	lines->killed = true;
	program_process_kill(&lines->process);
}

/* Nothing it says can be relied on: it is ended, and the one job it had pays. */
static void distrust(struct program_lines *lines, const struct err *err)
{
	log_error("program_distrusted",
		  LOG_TEXT("task", lines->process.task->name),
		  LOG_TEXT("why", err->message));
	lines->fault = *err;
	program_process_kill(&lines->process);
}

static void on_timer(void *arg)
{
	struct program_lines *lines = arg;
	double now = clock_monotonic();
	size_t i;

	for (i = 0; i < lines->count; i++) {
		struct job *job = lines->flight[i];

		if (job->sent_at + job->timeout <= now) {
			kill_lines(&lines->process.runner, job, ERR_TIMEOUT);
			return;
		}
	}
	if (lines->closed.code != ERR_NONE &&
	    lines->closed_at + CLOSED_SECONDS <= now)
		distrust(lines, &lines->closed);
	else if (!lines->count && lines->process.close_input)
		kill_lines(&lines->process.runner, NULL, ERR_NONE);
	else
		set_deadline(lines);
}

/* --- Replies --------------------------------------------------------------------------- */

static void take_line(struct program_lines *lines, struct slice text)
{
	struct program_line line;
	struct job_result result;
	struct err err = ERR_INIT;
	struct job *job;
	struct buf object;

	if (program_line_read(text, &line, &err)) {
		distrust(lines, &err);
		return;
	}
	if (line.kind == PROGRAM_LINE_PROGRESS)
		return;
	job = flight_take(lines, line.number);
	if (!job) {
		err_set(&err, ERR_FAILED,
			"the program answered a task that it does not have");
		distrust(lines, &err);
		return;
	}
	lines->answered++;
	master_result_init(&result);
	result.ok = line.kind == PROGRAM_LINE_RESULT;
	result.json = line.result;
	if (!result.ok) {
		result.err = line.err;
		result.has_retryable = line.err.code == ERR_FAILED;
		result.retryable = line.retryable;
	}
	result.ran_ns = (uint64_t)((clock_monotonic() - job->sent_at) * 1e9);
	buf_init(&object, lines->process.master->options.max_reply);
	if (result.ok && job->envelope.output_count) {
		result.ok = !program_output_object(job, line.result, &object,
						   &result.err);
		result.json = buf_slice(&object);
	}
	master_result_take(job, &result);
	buf_release(&object);
}

static void note_closed(struct program_lines *lines, enum err_code code,
			const char *which)
{
	if (lines->process.exited || lines->closed.code != ERR_NONE)
		return;
	err_set(&lines->closed, code,
		"the program closed its standard %s, and went on", which);
	lines->closed_at = clock_monotonic();
	set_deadline(lines);
}

/* A last line may lack its newline; half of one is a death's affair. */
static void take_end(struct program_lines *lines)
{
	struct buf *output = &lines->process.output;
	struct program_line line;

	if (output->len && !program_line_read(buf_slice(output), &line, NULL))
		take_line(lines, buf_slice(output));
	buf_clear(output);
	note_closed(lines, ERR_FAILED, "output");
}

/* Its time for one task, whatever waits in it behind another. */
static void note_answers(struct program_lines *lines, uint64_t before)
{
	double now = clock_monotonic();

	pool_note_answers(lines->process.task,
			  (size_t)(lines->answered - before),
			  (uint64_t)((now - lines->busy_at) * 1e9));
	if (lines->answered != before)
		lines->busy_at = now;
}

static void on_output(struct program_process *process)
{
	struct program_lines *lines = (struct program_lines *)process;
	uint64_t before = lines->answered;
	struct err err = ERR_INIT;
	size_t done = 0;

	if (process->overflow) {
		err_limit(&err, "max_output",
			  (int64_t)process->task->max_output,
			  "a line of the program is longer than max_output, "
			  "%zu bytes",
			  process->task->max_output);
		distrust(lines, &err);
		return;
	}
	while (lines->fault.code == ERR_NONE) {
		const char *begin = process->output.ptr + done;
		size_t left = process->output.len - done;
		const char *end = left ? memchr(begin, '\n', left) : NULL;

		if (!end)
			break;
		if (end > begin)
			take_line(lines,
				  slice_of(begin, (size_t)(end - begin)));
		done += (size_t)(end - begin) + 1;
	}
	buf_drop(&process->output, done);
	if (process->out < 0 && lines->fault.code == ERR_NONE)
		take_end(lines);
	note_answers(lines, before);
	set_deadline(lines);
}

static void on_deaf(struct program_process *process)
{
	note_closed((struct program_lines *)process, ERR_CRASHED, "input");
}

/* --- Tasks ------------------------------------------------------------------------------ */

static bool can_take(const struct program_lines *lines, const struct job *job)
{
	if (lines->fault.code != ERR_NONE || lines->killed ||
	    lines->process.exited || lines->process.in < 0 ||
	    lines->process.out < 0 || lines->process.close_input)
		return false;
	if (!lines->count)
		return true;
	return !job->alone && !lines->flight[0]->alone && pool_is_short(job) &&
	       lines->count < FLIGHT_MAX && lines->process.input.len < 1 << 20;
}

static struct program_lines *find_lines(const struct job *job)
{
	struct program_lines *lines, *best = NULL;

	for (lines = job->task->lines; lines; lines = lines->next) {
		if (can_take(lines, job) &&
		    (!best || lines->count < best->count))
			best = lines;
	}
	return best;
}

bool program_lines_has_room(struct job *job)
{
	const struct master_task_state *task = job->task;

	return find_lines(job) != NULL ||
	       (task->process_count < task->processes &&
		task->line_start_at <= clock_monotonic());
}

static struct program_lines *start_lines(struct master *master,
					 struct master_task_state *task,
					 struct err *err)
{
	struct program_lines *lines = xcalloc(1, sizeof(*lines));
	struct program_process *process = &lines->process;
	char **environment = program_environment(
		task->has_user ? &task->user : NULL, NULL, err);

	lines->fault = lines->closed = (struct err)ERR_INIT;
	process->on_end = on_end;
	process->on_output = on_output;
	process->on_deaf = on_deaf;
	process->runner.kill = kill_lines;
	process->runner.forget = forget_lines;
	buf_init(&process->input, SIZE_MAX / 2);
	/* One line, with what may have come behind it. */
	buf_init(&process->output, task->max_output + 65536);
	if (!environment ||
	    program_process_start(process, master, task, environment, err)) {
		program_process_release(process);
		free(lines);
		return NULL;
	}
	process->timer = master->loop->timer_new(master->loop, on_timer, lines);
	lines->next = task->lines;
	task->lines = lines;
	task->process_count++;
	return lines;
}

void program_lines_give(struct master *master, struct job *job)
{
	struct master_task_state *task =
		(struct master_task_state *)(uintptr_t)job->task;
	struct program_lines *lines = find_lines(job);
	struct program_call call;
	struct err err = ERR_INIT;
	struct buf id;
	int status = -1;

	if (!lines)
		lines = start_lines(master, task, &err);
	if (lines) {
		buf_init(&id, 1 << 20);
		program_call_fill(job, &call, &id);
		status = call.raw
				 ? 0
				 : program_args_check(&call, &job->arena, &err);
		if (!status && job->envelope.output_count)
			status = program_output_check(job, &err);
		if (!status)
			status = program_line_put(&lines->process.input,
						  job->number, &call, &err);
		buf_release(&id);
	}
	if (status) {
		master_result_refuse(job, &err);
		return;
	}
	job->runner = &lines->process.runner;
	lines->flight[lines->count++] = job;
	if (lines->count > 1)
		return;
	lines->busy_at = clock_monotonic();
	set_deadline(lines);
}

void program_lines_flush(struct master_task_state *task)
{
	struct program_lines *lines;

	for (lines = task->lines; lines; lines = lines->next) {
		if (lines->process.input.len)
			program_process_write(&lines->process);
	}
}

void program_lines_stop(struct master_task_state *task)
{
	struct program_lines *lines = task->lines, *next;

	for (; lines; lines = next) {
		next = lines->next;
		if (lines->process.close_input)
			continue;
		lines->process.close_input = true;
		program_process_write(&lines->process);
		set_deadline(lines);
	}
}

void program_lines_free_all(struct master_task_state *task)
{
	struct program_lines *lines = task->lines, *next;

	for (; lines; lines = next) {
		next = lines->next;
		unlink_lines(lines);
		program_process_release(&lines->process);
		free(lines);
	}
}
