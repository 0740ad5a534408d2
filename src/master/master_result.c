/*
 * The policy: what becomes of a job whose attempt has ended. An answer, another
 * attempt later, or the dead stream; and what becomes of the settlement.
 */
#include "master/master_state.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/crash.h"
#include "base/random.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "master/files_queue.h"

#define CRASHES_FATAL 3

void master_result_init(struct job_result *result)
{
	memset(result, 0, offsetof(struct job_result, stderr_tail));
	result->stderr_tail[0] = '\0';
	result->err.offset = -1;
	result->signal = result->exit = -1;
}

/* --- Log ------------------------------------------------------------------------------ */

static void log_end(const struct job *job, const struct job_result *result,
		    const char *event)
{
	double waited = job->sent_at > 0 ? job->sent_at - job->claimed_at : 0;
	enum log_level level = result->ok ? LOG_DEBUG : LOG_INFO;

	log_at(level, event,
	       LOG_TEXT("queue", job->master->queues[job->queue].name),
	       LOG_SLICE("task", job_task_name(job)),
	       LOG_SLICE("id", job_id(job)),
	       LOG_INT("attempt", job->attempts + job->crashes + 1),
	       LOG_TEXT("code",
			result->ok ? "ok" : err_code_name(result->err.code)),
	       LOG_TEXT("message", result->ok ? "" : result->err.message),
	       LOG_NUM("held_ms", waited * 1000),
	       LOG_NUM("ran_ms", (double)result->ran_ns / 1e6));
}

/* --- Settlements ------------------------------------------------------------------------- */

static void put_outputs(struct job *job)
{
	struct broker_settlement *s = &job->settlement;
	const struct envelope *envelope = &job->envelope;
	size_t i;

	if (!envelope->output_count || !job->output_bytes)
		return;
	job->outputs = xcalloc(envelope->output_count, sizeof(*job->outputs));
	for (i = 0; i < envelope->output_count; i++) {
		if (envelope->outputs[i].kind != TASK_OUTPUT_KEY)
			continue;
		job->outputs[s->output_count++] = (struct broker_output){
			.key = envelope->outputs[i].target,
			.bytes = buf_slice(&job->output_bytes[i]),
			.ttl = envelope->outputs[i].ttl};
	}
	s->outputs = job->outputs;
}

static void settle_answer(struct job *job, const struct job_result *result)
{
	struct broker_settlement *s = &job->settlement;
	const struct envelope *envelope = &job->envelope;
	struct master *master = job->master;
	bool told = envelope->reply_to.len > 0;
	bool bury = !result->ok && (!told || result->poison);

	*s = (struct broker_settlement){
		.claim = job->claim,
		.queue = job->queue,
		.how = bury ? BROKER_BURY : BROKER_FINISH,
		.job = job,
		.reply_to = envelope->reply_to,
		.reply = told ? buf_slice(&job->reply) : (struct slice){0},
		.reply_ttl = envelope->reply_ttl > 0
				     ? envelope->reply_ttl
				     : master->options.reply_ttl,
		.counter = result->ok ? "ok" : err_code_name(result->err.code),
		.unique = envelope->unique,
		.id = job_id(job),
		.task = job_task_name(job),
		.error = buf_slice(&job->error),
		.attempts = job->attempts + (result->err.code != ERR_CRASHED),
		.crashes = job->crashes + (result->err.code == ERR_CRASHED),
		.payload = slice_of(job->payload, job->payload_len)};
	if (result->ok)
		put_outputs(job);
	/* The memory broker's caller wants the reply in any case. */
	if (!master->options.url)
		s->reply = buf_slice(&job->reply);
	job_weigh(job);
	job_set_state(job, JOB_FINISHING, false);
	broker_settle(master->broker, s);
}

/* Counts and logs the outcome, and settles the job. */
static void tell(struct job *job, const struct job_result *result)
{
	if (result->ok)
		job->master->finished_ok++;
	else
		job->master->finished_error++;
	log_end(job, result, result->ok ? "task_done" : "task_failed");
	settle_answer(job, result);
}

/* --- Output files --------------------------------------------------------- */

/* An answer that waits for its files to be written. */
struct written {
	struct job *job;
	struct job_result result;
	size_t next; /* output */
};

static void write_next(struct written *written);

/* The job may be gone after this. */
static void written_end(struct written *written)
{
	struct job *job = written->job;

	job->asked = false;
	if (job->orphan)
		job_free(job);
	else
		tell(job, &written->result);
	free(written);
}

static void on_written(void *arg, const struct err *err, struct buf *bytes)
{
	struct written *written = arg;
	struct job *job = written->job;

	(void)bytes;
	if (!err && !job->orphan) {
		CRASH_POINT("master.file_written");
		write_next(written);
		return;
	}
	if (!job->orphan) {
		written->result.ok = false;
		written->result.err = *err;
		reply_put(job, &written->result);
	}
	written_end(written);
}

/* Files come before the reply that names them. */
static void write_next(struct written *written)
{
	struct job *job = written->job;
	const struct envelope_output *outputs = job->envelope.outputs;
	char field[160], name[110];
	size_t i = written->next;

	while (i < job->envelope.output_count &&
	       outputs[i].kind != TASK_OUTPUT_FILE)
		i++;
	written->next = i + 1;
	if (i == job->envelope.output_count) {
		written_end(written);
		return;
	}
	snprintf(field, sizeof(field), "outputs.%s",
		 err_quote(name, 100, outputs[i].name));
	files_queue_add(job->master->files,
			&(struct files_request){
				.root = job->master->options.output_root,
				.path = outputs[i].target,
				.field = field,
				.write = true,
				.bytes = job->output_bytes[i],
				.on_done = on_written,
				.arg = written});
	buf_init(&job->output_bytes[i], 0);
}

static bool has_files(const struct job *job)
{
	size_t i, count = job->output_bytes ? job->envelope.output_count : 0;

	for (i = 0; i < count; i++) {
		if (job->envelope.outputs[i].kind == TASK_OUTPUT_FILE)
			return true;
	}
	return false;
}

/* The reply is made now, since what it is made of goes; it is sent later. */
static void answer(struct job *job, struct job_result *result)
{
	struct written *written;

	CRASH_POINT("master.answer");
	reply_put(job, result);
	if (!result->ok || !has_files(job)) {
		tell(job, result);
		return;
	}
	written = xcalloc(1, sizeof(*written));
	written->job = job;
	written->result = *result;
	written->result.json = (struct slice){0};
	job->asked = true;
	job_weigh(job);
	job_set_state(job, JOB_FINISHING, false);
	write_next(written);
}

/* --- Retries ------------------------------------------------------------------------------ */

/* Doubling from the shortest, capped by the longest, with jitter over the upper
 * half, so that tasks that failed together do not come back together. */
static double backoff(const struct master_task_state *task, unsigned failures)
{
	double wait = task->backoff_min;

	while (--failures > 0 && wait < task->backoff_max)
		wait *= 2;
	if (wait > task->backoff_max)
		wait = task->backoff_max;
	return wait * (0.5 + random_fraction() / 2);
}

static void settle_retry(struct job *job, struct job_result *result,
			 bool crashed)
{
	struct broker_settlement *s = &job->settlement;
	unsigned failures = job->attempts + job->crashes + 1;

	CRASH_POINT("master.retry");
	log_end(job, result, "task_retried");
	*s = (struct broker_settlement){
		.claim = job->claim,
		.queue = job->queue,
		.how = BROKER_LATER,
		.job = job,
		.unique = job->envelope.unique,
		.id = job_id(job),
		.attempts = job->attempts + !crashed,
		.crashes = job->crashes + crashed,
		.delay = backoff(job->task, failures),
		.retry = true,
		.payload = slice_of(job->payload, job->payload_len)};
	job_set_state(job, JOB_FINISHING, false);
	broker_settle(job->master->broker, s);
}

static bool is_retryable(const struct job_result *result)
{
	switch (result->err.code) {
	case ERR_TIMEOUT:
	case ERR_INTERNAL:
		return true;
	case ERR_FAILED:
		return result->retryable;
	default:
		return false;
	}
}

static bool may_retry(const struct job *job, const struct job_result *result)
{
	int64_t retries = job->envelope.retries >= 0
				  ? job->envelope.retries
				  : (int64_t)job->task->retries;

	return is_retryable(result) && (int64_t)job->attempts < retries;
}

static void leave_runner(struct job *job)
{
	struct master_task_state *task =
		(struct master_task_state *)(uintptr_t)job->task;

	if (job->state != JOB_RUNNING)
		return;
	task->running--;
	job->master->queues[job->queue].running--;
	job->runner = NULL;
}

void master_result_take(struct job *job, struct job_result *result)
{
	bool crashed = !result->ok && result->err.code == ERR_CRASHED;

	leave_runner(job);
	master_wake(job->master);
	if (result->ok) {
		answer(job, result);
	} else if (crashed) {
		result->poison = job->crashes + 1 >= CRASHES_FATAL;
		if (result->poison)
			answer(job, result);
		else
			settle_retry(job, result, true);
	} else if (may_retry(job, result)) {
		settle_retry(job, result, false);
	} else {
		answer(job, result);
	}
}

void master_result_refuse(struct job *job, const struct err *err)
{
	struct job_result result;

	master_result_init(&result);
	result.err = *err;
	leave_runner(job);
	answer(job, &result);
	master_wake(job->master);
}

void master_result_give_back(struct job *job)
{
	struct broker_settlement *s = &job->settlement;

	CRASH_POINT("master.give_back");
	leave_runner(job);
	*s = (struct broker_settlement){
		.claim = job->claim,
		.queue = job->queue,
		.how = BROKER_GIVE_BACK,
		.job = job,
		.unique = job->envelope.unique,
		.payload = slice_of(job->payload, job->payload_len)};
	job_set_state(job, JOB_FINISHING, false);
	broker_settle(job->master->broker, s);
}

/* --- Confirmed ---------------------------------------------------------------------------- */

/* An output's key is of another type: that is the outcome then, and told. */
static void settle_without_outputs(struct job *job)
{
	struct job_result result;

	master_result_init(&result);
	err_field(&result.err, ERR_REFUSED, "outputs",
		  "outputs: a key that the task names holds another type than "
		  "a string, or is beyond our rights, so nothing was stored");
	job->master->finished_ok--;
	free(job->outputs);
	job->outputs = NULL;
	answer(job, &result);
}

/* The reply's key is of another type: the outcome goes to the dead stream,
 * where it is not lost. */
static void settle_without_reply(struct job *job)
{
	struct broker_settlement *s = &job->settlement;
	struct job_result result;

	master_result_init(&result);
	err_field(&result.err, ERR_REFUSED, "reply_to",
		  "reply_to: the key holds another type than a list, or is "
		  "beyond our rights, so the outcome (%s) could not be told",
		  s->counter);
	log_end(job, &result, "task_reply_refused");
	buf_clear(&job->error);
	reply_put_error(&job->error, &result);
	s->how = BROKER_BURY;
	s->error = buf_slice(&job->error);
	s->reply_to = s->reply = (struct slice){0};
	s->counter = err_code_name(ERR_REFUSED);
	job_set_state(job, JOB_FINISHING, false);
	broker_settle(job->master->broker, s);
}

void master_result_settled(struct master *master, struct job *job,
			   enum broker_outcome outcome)
{
	if (outcome == BROKER_BAD_KEY && job->settlement.output_count) {
		settle_without_outputs(job);
		return;
	}
	if (outcome == BROKER_BAD_KEY && job->settlement.reply_to.len) {
		settle_without_reply(job);
		return;
	}
	if (outcome == BROKER_LOST)
		log_debug("task_was_settled_elsewhere",
			  LOG_SLICE("id", job_id(job)));
	CRASH_POINT("master.settled");
	job_free(job);
	master_check_end(master);
	master_wake(master);
}
