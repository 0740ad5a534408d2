/*
 * From a claim to a job that waits for an executor: the envelope against the
 * configuration, times, admission, inputs. Each step either goes on, or answers
 * the job and is done with it.
 */
#include "master/master_state.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/crash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "exec/program.h"
#include "master/files_queue.h"

/* --- Inputs ------------------------------------------------------------------------- */

static void fetch_next(struct job *job);

static void input_field(const struct job *job, char field[160])
{
	char name[110];

	snprintf(
		field, 160, "inputs.%s",
		err_quote(name, 100, job->envelope.inputs[job->fetching].name));
}

static void on_fetched(void *arg, enum broker_fetched fetched,
		       struct buf *bytes, size_t size)
{
	struct job *job = arg;
	struct buf *buf = &job->fetched[job->fetching];
	struct err err = ERR_INIT;
	char field[160];

	job->asked = false;
	if (job->orphan) {
		job_free(job);
		return;
	}
	input_field(job, field);
	switch (fetched) {
	case BROKER_FETCH_OK:
		if (bytes->failed)
			err_limit(&err, "memory", (int64_t)size,
				  "%s: no memory for it", field);
		*buf = *bytes;
		buf_init(bytes, 0);
		break;
	case BROKER_FETCH_MISSING:
		err_field(&err, ERR_NOT_FOUND, field,
			  "%s: there is no such key", field);
		break;
	case BROKER_FETCH_TOO_BIG:
		err_limit(&err, "input", (int64_t)size,
			  "%s: the key holds %zu bytes, over the limit of %zu",
			  field, size, job->master->options.max_input);
		break;
	case BROKER_FETCH_BAD_TYPE:
		err_field(&err, ERR_REFUSED, field,
			  "%s: the key holds no string", field);
		break;
	case BROKER_FETCH_UNSUPPORTED:
		err_field(&err, ERR_UNSUPPORTED, field,
			  "%s: there are no keys here, without Redis", field);
		snprintf(err.reason, sizeof(err.reason), "no_redis");
		break;
	}
	if (err.code != ERR_NONE) {
		master_result_refuse(job, &err);
		return;
	}
	job->inputs[job->fetching++].bytes = buf_slice(buf);
	fetch_next(job);
}

static void on_file(void *arg, const struct err *err, struct buf *bytes)
{
	struct job *job = arg;
	struct buf *buf = &job->fetched[job->fetching];

	job->asked = false;
	if (job->orphan) {
		job_free(job);
	} else if (err) {
		master_result_refuse(job, err);
	} else {
		*buf = *bytes;
		buf_init(bytes, 0);
		job->inputs[job->fetching++].bytes = buf_slice(buf);
		fetch_next(job);
	}
}

/* True if the input is there (or the job is answered); false if it is on its
 * way. */
static bool fetch_one(struct job *job)
{
	struct master *master = job->master;
	const struct envelope_input *input =
		&job->envelope.inputs[job->fetching];
	struct buf *buf = &job->fetched[job->fetching];
	char field[160];

	job->inputs[job->fetching].name = input->name;
	if (input->source == ENVELOPE_BASE64) {
		job->inputs[job->fetching++].bytes = input->value;
		return true;
	}
	buf_init(buf, master->options.max_input + 1);
	job->asked = true;
	if (input->source == ENVELOPE_KEY) {
		broker_fetch(master->broker, input->value,
			     master->options.max_input, on_fetched, job);
		return false;
	}
	input_field(job, field);
	files_queue_add(
		master->files,
		&(struct files_request){.root = master->options.input_root,
					.path = input->value,
					.field = field,
					.max = master->options.max_input,
					.on_done = on_file,
					.arg = job});
	return false;
}

static void fetch_next(struct job *job)
{
	struct err err = ERR_INIT;

	while (job->state == JOB_CLAIMED &&
	       job->fetching < job->envelope.input_count) {
		if (!fetch_one(job))
			return;
	}
	if (job->state != JOB_CLAIMED)
		return;
	if (job->master->draining || job->master->pending) {
		master_result_give_back(job);
		return;
	}
	if (job->cancelled) {
		err_set(&err, ERR_CANCELLED,
			"the task was cancelled before it started");
		master_result_refuse(job, &err);
		return;
	}
	job_weigh(job);
	CRASH_POINT("master.waiting");
	job->master->last_task = job->task;
	job->master->last_at = job->master->loop->now(job->master->loop);
	job_set_state(job, JOB_WAITING, false);
	master_wake(job->master);
}

static void begin_inputs(struct job *job)
{
	size_t count = job->envelope.input_count;

	if (count) {
		job->inputs = xcalloc(count, sizeof(*job->inputs));
		job->fetched = xcalloc(count, sizeof(*job->fetched));
	}
	fetch_next(job);
}

/* --- Times and admission --------------------------------------------------------------- */

static void put_off(struct job *job)
{
	struct broker_settlement *s = &job->settlement;

	*s = (struct broker_settlement){
		.claim = job->claim,
		.queue = job->queue,
		.how = BROKER_LATER,
		.job = job,
		.unique = job->envelope.unique,
		.id = job_id(job),
		.delay = job->wait,
		.payload = slice_of(job->payload, job->payload_len)};
	job_set_state(job, JOB_FINISHING, false);
	broker_settle(job->master->broker, s);
}

static void on_admitted(void *arg, enum broker_admission admission)
{
	struct job *job = arg;
	struct err err = ERR_INIT;

	job->admitting = false;
	job->admitted = admission == BROKER_ADMITTED;
	switch (admission) {
	case BROKER_ADMITTED:
		if (job->wait > 0)
			put_off(job);
		else
			begin_inputs(job);
		return;
	case BROKER_IS_CANCELLED:
		err_set(&err, ERR_CANCELLED,
			"the task was cancelled before it started");
		break;
	case BROKER_IS_DUPLICATE:
		err_field(&err, ERR_DUPLICATE, "unique",
			  "another task of this queue with the same key runs "
			  "or waits");
		break;
	case BROKER_IS_PAUSED:
		master_result_give_back(job);
		return;
	case BROKER_IS_LOST:
		master_wake(job->master);
		job_free(job);
		return;
	}
	master_result_refuse(job, &err);
}

/* When it may start, in seconds from now; 0 or less: at once. */
static double start_delay(const struct job *job)
{
	const struct envelope *envelope = &job->envelope;
	double now = (double)job->now_ms / 1000, wait = 0;

	if (envelope->delay > 0)
		wait = (double)job->first_seen_ms / 1000 + envelope->delay -
		       now;
	if (envelope->not_before - now > wait)
		wait = envelope->not_before - now;
	/* What expires while it waits is told so then, not at its due time. */
	if (wait > 0 && envelope->expires >= 0 &&
	    envelope->expires - now < wait)
		wait = envelope->expires - now;
	/* What went through `later` for a retry has waited already. */
	return job->attempts || job->crashes ? 0 : wait;
}

static void make_id(struct job *job)
{
	if (!job->envelope.id.len && !job->envelope.id_raw.len &&
	    !job->known_id.len)
		snprintf(job->own_id, sizeof(job->own_id), "%.40s/%llu",
			 broker_name(job->master->broker),
			 (unsigned long long)job->claim);
}

bool master_claim_expired(struct job *job)
{
	struct err err = ERR_INIT;

	/* What has started once is not held to it by its retries. */
	if (job->envelope.expires < 0 || job->attempts || job->crashes ||
	    job_now(job) < job->envelope.expires)
		return false;
	err_field(&err, ERR_EXPIRED, "expires",
		  "the task was not started before its time was up");
	master_result_refuse(job, &err);
	return true;
}

static void begin_job(struct job *job, bool check_cancel)
{
	struct master *master = job->master;
	struct err err = ERR_INIT;
	struct broker_claim claim = {.id = job->claim, .queue = job->queue};

	if (job->oversize) {
		err_limit(&err, "max_payload", (int64_t)job->oversize,
			  "the task has %zu bytes, over max_payload %zu",
			  job->oversize, master->options.max_payload);
		make_id(job);
		master_result_refuse(job, &err);
		return;
	}
	if (master->queues[job->queue].raw) {
		master_check_raw(job);
		make_id(job);
	} else {
		int status = master_check_job(job, &err);

		make_id(job);
		if (status) {
			master_result_refuse(job, &err);
			return;
		}
	}
	job->alone = job->crashes > 0 || job->deaths >= 3;
	if (master_claim_expired(job))
		return;
	job->wait = start_delay(job);
	/* A task that waits in `later` holds its unique key, too. */
	if (check_cancel || job->envelope.unique.len) {
		job->admitting = true;
		broker_admit(master->broker, &claim, job_id(job),
			     job->envelope.unique, on_admitted, job);
	} else if (job->wait > 0) {
		put_off(job);
	} else {
		begin_inputs(job);
	}
}

/* --- Events of the broker --------------------------------------------------------------- */

static void on_claims(void *arg, const struct broker_claim *claims,
		      size_t count)
{
	struct master *master = arg;
	size_t i;

	for (i = 0; i < count; i++) {
		struct job *job = job_new(master, &claims[i]);

		job_set_state(job, JOB_CLAIMED, false);
		CRASH_POINT("master.claimed");
		begin_job(job, claims[i].check_cancel);
	}
	master_wake(master);
}

static void on_settled(void *arg, void *job, enum broker_outcome outcome)
{
	master_result_settled(arg, job, outcome);
}

static bool is_brief(void *arg, size_t queue, struct slice payload)
{
	return master_check_is_brief(arg, queue, payload);
}

static bool has_id(const struct job *job, size_t queue, struct slice id)
{
	return job->queue == queue && slice_equal(job_id(job), id);
}

/* Waiting ones are asked for at their start; here are those that started. */
static void on_cancel(void *arg, size_t queue, struct slice id)
{
	struct master *master = arg;
	struct job *job, *next;
	struct err err = ERR_INIT;

	for (job = master->jobs[JOB_RUNNING].first; job; job = next) {
		next = job->next;
		if (has_id(job, queue, id) && !job->cancelled) {
			job->cancelled = true;
			job->runner->kill(job->runner, job, ERR_CANCELLED);
			return;
		}
	}
	for (job = master->jobs[JOB_CLAIMED].first; job; job = job->next)
		job->cancelled |= has_id(job, queue, id);
	for (job = master->jobs[JOB_WAITING].first; job; job = next) {
		next = job->next;
		if (!has_id(job, queue, id))
			continue;
		err_set(&err, ERR_CANCELLED,
			"the task was cancelled before it started");
		master_result_refuse(job, &err);
	}
}

static void free_list(struct master *master, enum job_state state)
{
	struct job *job = master->jobs[state].first, *next;

	for (; job; job = next) {
		next = job->next;
		if (job->asked)
			job->orphan = true;
		else
			job_free(job);
	}
}

static void on_reaped(void *arg)
{
	struct master *master = arg;

	log_warn("worker_reaped",
		 LOG_TEXT("why", "this worker was taken for dead; what it ran "
				 "is others' now"));
	pool_kill_all(master);
	program_forget_all(master);
	free_list(master, JOB_CLAIMED);
	free_list(master, JOB_WAITING);
	free_list(master, JOB_RUNNING);
	free_list(master, JOB_FINISHING);
	master_wake(master);
}

static void on_state(void *arg, enum broker_state state, const struct err *err)
{
	struct master *master = arg;

	master->broker_state = state;
	if (state == BROKER_UP)
		log_info("redis_up",
			 LOG_TEXT("worker", broker_name(master->broker)));
	else
		log_warn(state == BROKER_DOWN ? "redis_down" : "redis_refuses",
			 LOG_TEXT("why", err ? err->message : ""));
	master_wake(master);
}

static void on_notice(void *arg, enum broker_notice notice, size_t queue,
		      const char *text, int64_t count)
{
	const struct master *master = arg;
	const char *name = master->queues[queue].name;

	if (notice == BROKER_TASKS_RECOVERED)
		log_warn("tasks_recovered", LOG_TEXT("queue", name),
			 LOG_TEXT("worker", text), LOG_INT("tasks", count));
	else
		log_warn(notice == BROKER_QUEUE_UNUSABLE ? "queue_unusable"
							 : "result_not_stored",
			 LOG_TEXT("queue", name), LOG_TEXT("why", text));
}

static void on_fatal(void *arg, const struct err *err)
{
	struct master *master = arg;

	log_error("redis_unusable", LOG_TEXT("why", err->message));
	master->status = 69;
	master->stopped = true;
	loop_ev_break(master->ev);
}

static void describe(void *arg, struct buf *out)
{
	struct master *master = arg;
	const struct job *job;
	double now = clock_monotonic();
	size_t count = 0;

	buf_add_char(out, '[');
	for (job = master->jobs[JOB_RUNNING].first; job && count < 100;
	     job = job->next, count++) {
		json_put_comma(out);
		buf_add_char(out, '{');
		json_put_key(out, "id");
		json_put_string(out, job_id(job));
		json_put_key(out, "task");
		json_put_string(out, job_task_name(job));
		json_put_key(out, "queue");
		json_put_string(out,
				slice_text(master->queues[job->queue].name));
		json_put_key(out, "attempt");
		json_put_int(out, job->attempts + job->crashes + 1);
		json_put_key(out, "for_ms");
		json_put_int(out, (int64_t)((now - job->sent_at) * 1000));
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

/* As Redis is told it: what it hears of, it is there for again. */
static const char *state_word(void *arg)
{
	struct master *master = arg;

	if (master->broker_state == BROKER_DOWN && !master->draining)
		return master->quiet ? "quiet" : "claiming";
	return master_state_word(master);
}

static void on_stopped(void *arg)
{
	struct master *master = arg;

	if (master->pending && !master->draining) {
		master_reload_stopped(master);
		return;
	}
	master->stopped = true;
	master_check_end(master);
}

const struct broker_events master_broker_events = {
	.on_claims = on_claims,
	.on_settled = on_settled,
	.is_brief = is_brief,
	.on_cancel = on_cancel,
	.on_reaped = on_reaped,
	.on_state = on_state,
	.on_fatal = on_fatal,
	.on_notice = on_notice,
	.describe = describe,
	.state = state_word,
	.on_stopped = on_stopped,
};
