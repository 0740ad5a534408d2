/*
 * mode = once: a process for each task.
 */
#include "master/program_process.h"

#include <stdlib.h>
#include <sys/wait.h>
#include "base/clock.h"
#include "base/xalloc.h"

struct program_once {
	struct program_process process; /* first: runner and process in one */
	struct program_once *next;	/* of the task's */
	struct job *job;		/* NULL: forgotten */
	enum err_code blamed;
	double started;
};

static void once_free(struct program_once *once)
{
	struct program_once **at = &once->process.task->onces;

	while (*at != once)
		at = &(*at)->next;
	*at = once->next;
	once->process.task->process_count--;
	program_process_release(&once->process);
	free(once);
}

/* --- Its end --------------------------------------------------------------------- */

static void put_end(const struct program_once *once,
		    const struct program_end *end, struct job_result *result)
{
	result->err = end->err;
	result->exit = end->exit_status;
	result->signal = end->signal ? end->signal : -1;
	result->has_retryable = end->err.code == ERR_FAILED;
	result->retryable = end->retryable;
	program_process_tail(&once->process, result);
}

static void put_blame(struct program_once *once, struct job_result *result)
{
	if (once->blamed == ERR_TIMEOUT)
		err_set(&result->err, ERR_TIMEOUT,
			"the program was ended after %g seconds",
			once->job->timeout);
	else
		err_set(&result->err, ERR_CANCELLED,
			"the task was cancelled while it ran");
	program_process_tail(&once->process, result);
}

static void on_end(struct program_process *process)
{
	struct program_once *once = (struct program_once *)process;
	struct master *master = process->master;
	struct job_result result;
	struct program_end end;
	struct buf json;

	if (!once->job) {
		once_free(once);
		return;
	}
	master_result_init(&result);
	result.ran_ns = (uint64_t)((clock_monotonic() - once->started) * 1e9);
	buf_init(&json, master->options.max_reply);
	end = program_end_read(process->status, process->overflow,
			       process->task->max_output);
	if (once->blamed == ERR_NONE && master->leaving) {
		master_result_give_back(once->job);
	} else {
		if (once->blamed != ERR_NONE)
			put_blame(once, &result);
		else if (end.err.code != ERR_NONE)
			put_end(once, &end, &result);
		else
			result.ok = !program_output_take(
				once->job, process->task->result_json,
				&process->output, &json, &result.err);
		if (!result.ok && result.err.code == ERR_FAILED &&
		    end.err.code == ERR_NONE)
			program_process_tail(process, &result);
		result.json = buf_slice(&json);
		pool_note_run(once->job, result.ran_ns);
		master_result_take(once->job, &result);
	}
	buf_release(&json);
	once_free(once);
	master_check_end(master);
}

/* --- Its time --------------------------------------------------------------------- */

static void kill_once(struct runner *runner, struct job *job, enum err_code why)
{
	struct program_once *once = (struct program_once *)runner;

	if (job && once->blamed == ERR_NONE)
		once->blamed = why;
	program_process_kill(&once->process);
}

static void forget_once(struct runner *runner)
{
	struct program_once *once = (struct program_once *)runner;

	once->job = NULL;
	once->process.given = (struct slice){0};
	program_process_kill(&once->process);
}

static void on_timer(void *arg)
{
	struct program_once *once = arg;

	kill_once(&once->process.runner, once->job, ERR_TIMEOUT);
}

static int start(struct program_once *once, struct err *err)
{
	struct job *job = once->job;
	struct master_task_state *task = once->process.task;
	struct master *master = job->master;
	struct program_call call;
	struct slice input;
	struct buf id;
	char **environment;
	int status = -1;

	buf_init(&id, 1 << 20);
	program_call_fill(job, &call, &id);
	call.deadline = clock_real() + job->timeout;
	if (!program_output_check(job, err) &&
	    (call.raw || !program_args_check(&call, &job->arena, err)) &&
	    !program_input(&call, &job->arena, &input, err)) {
		environment = program_environment(
			task->has_user ? &task->user : NULL, &call, err);
		buf_init(&once->process.input, 0);
		buf_init(&once->process.output, task->max_output);
		if (environment)
			status = program_process_start(&once->process, master,
						       task, environment, err);
		once->process.given = input;
	}
	buf_release(&id);
	return status;
}

void program_once_give(struct master *master, struct job *job)
{
	struct program_once *once = xcalloc(1, sizeof(*once));
	struct program_process *process = &once->process;
	struct err err = ERR_INIT;

	once->job = job;
	process->master = master;
	process->task = (struct master_task_state *)(uintptr_t)job->task;
	process->in = process->out = process->error = -1;
	process->on_end = on_end;
	process->runner.kill = kill_once;
	process->runner.forget = forget_once;
	process->close_input = true;
	process->task->process_count++;
	once->next = process->task->onces;
	process->task->onces = once;
	once->started = clock_monotonic();
	job->runner = &process->runner;
	if (start(once, &err)) {
		master_result_refuse(job, &err);
		once_free(once);
		return;
	}
	process->timer = master->loop->timer_new(master->loop, on_timer, once);
	master->loop->timer_set(process->timer, job->timeout);
	program_process_write(process);
}

void program_once_free_all(struct master_task_state *task)
{
	struct program_once *once = task->onces, *next;

	for (; once; once = next) {
		next = once->next;
		once_free(once);
	}
}
