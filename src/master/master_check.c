/*
 * A task's envelope against the configuration: names, ceilings, keys that are
 * nobody's. Decides nothing about what becomes of it.
 */
#include "master/master_state.h"

#include <stdio.h>

#define BRIEF_NS 1000000

/* --- Rules of the configuration ---------------------------------------------------- */

static int refuse(struct err *err, const char *field, const char *rule)
{
	return err_field(err, ERR_REFUSED, field, "%s: %s", field, rule);
}

/* Keys that belong to cherry, and queues that are served, are nobody's to
 * read or write by a task. */
static int check_key(struct master *master, struct slice key,
		     const char *prefix, const char *field, struct err *err)
{
	size_t i;

	if (!key.len)
		return refuse(err, field, "an empty key is not allowed");
	if (slice_starts(key, SLICE("cherry:")))
		return refuse(err, field,
			      "keys that begin with cherry: are cherry's own");
	for (i = 0; i < master->queue_count; i++) {
		if (slice_is(key, master->queues[i].name))
			return refuse(err, field,
				      "that is a queue this worker serves");
	}
	if (prefix && !slice_starts(key, slice_text(prefix)))
		return err_field(err, ERR_REFUSED, field,
				 "%s: the key must begin with \"%s\"", field,
				 prefix);
	return 0;
}

static int check_reply(struct master *master, struct envelope *envelope,
		       struct err *err)
{
	int64_t max = master->options.max_reply_ttl;
	bool over = envelope->reply_ttl > max;

	/* Nor does the reply that says so live longer. */
	if (over)
		envelope->reply_ttl = -1;
	if (envelope->reply_to.len &&
	    check_key(master, envelope->reply_to, master->options.reply_prefix,
		      "reply_to", err)) {
		/* The refusal itself cannot be told there. */
		envelope->reply_to.len = 0;
		return -1;
	}
	if (over)
		return err_field(err, ERR_BAD_TASK, "reply_ttl",
				 "reply_ttl is over max_reply_ttl, %lld "
				 "seconds",
				 (long long)max);
	return 0;
}

static int check_places(struct master *master, const struct envelope *envelope,
			struct err *err)
{
	char field[160], name[110];
	size_t i;

	for (i = 0; i < envelope->input_count; i++) {
		const struct envelope_input *input = &envelope->inputs[i];

		snprintf(field, sizeof(field), "inputs.%s",
			 err_quote(name, 100, input->name));
		if (input->source == ENVELOPE_KEY &&
		    check_key(master, input->value,
			      master->options.input_prefix, field, err))
			return -1;
	}
	for (i = 0; i < envelope->output_count; i++) {
		const struct envelope_output *output = &envelope->outputs[i];

		snprintf(field, sizeof(field), "outputs.%s",
			 err_quote(name, 100, output->name));
		if (output->kind == TASK_OUTPUT_KEY &&
		    check_key(master, output->target,
			      master->options.output_prefix, field, err))
			return -1;
		if (output->kind == TASK_OUTPUT_FILE &&
		    !master->options.output_root)
			return refuse(err, field,
				      "this worker is configured without a "
				      "directory for such files");
	}
	return 0;
}

static int check_task(struct job *job, struct err *err)
{
	struct envelope *envelope = &job->envelope;
	char name[110];

	if (!envelope->task.len && !job->master->queues[job->queue].task)
		return err_field(err, ERR_BAD_TASK, "task",
				 "task is missing: it names what to run");
	job->task = envelope->task.len
			    ? master_task_find(job->master, envelope->task)
			    : job->master->queues[job->queue].task;
	if (!job->task)
		return err_field(err, ERR_UNKNOWN_TASK, "task",
				 "there is no task \"%s\" here",
				 err_quote(name, 100, envelope->task));
	if (envelope->timeout > job->task->max_timeout)
		return err_field(err, ERR_BAD_TASK, "timeout",
				 "timeout is over the ceiling of %s, %g "
				 "seconds",
				 job->task->name, job->task->max_timeout);
	job->timeout =
		envelope->timeout > 0 ? envelope->timeout : job->task->timeout;
	return 0;
}

int master_check_job(struct job *job, struct err *err)
{
	struct master *master = job->master;
	size_t max = master->options.max_payload;
	int status;

	/* What can be told is told where reply_to says, whatever is wrong. */
	status = envelope_parse(&job->envelope,
				slice_of(job->payload, job->payload_len),
				&job->arena, err);
	if (status) {
		struct err other;

		(void)!check_reply(master, &job->envelope, &other);
	} else if (check_reply(master, &job->envelope, err)) {
		return -1;
	}
	if (job->payload_len > max)
		return err_limit(err, "max_payload", (int64_t)job->payload_len,
				 "the task has %zu bytes, over max_payload %zu",
				 job->payload_len, max);
	if (status || check_task(job, err))
		return -1;
	return check_places(master, &job->envelope, err);
}

static bool is_plain(const struct envelope *envelope)
{
	return !envelope->unique.len && envelope->delay < 0 &&
	       envelope->not_before < 0 && envelope->expires < 0 &&
	       !envelope->input_count && !envelope->output_count;
}

bool master_check_is_brief(struct master *master, size_t queue,
			   struct slice payload)
{
	const struct master_task_state *task;
	struct envelope envelope;
	struct err err = ERR_INIT;
	struct arena arena;
	bool plain;

	if (master->queues[queue].raw)
		return false;
	arena_init(&arena, 1 << 16);
	plain = !envelope_parse(&envelope, payload, &arena, &err) &&
		envelope.task.len && is_plain(&envelope);
	task = plain ? master_task_find(master, envelope.task) : NULL;
	arena_release(&arena);
	return task && !task->is_program && task->average_ns &&
	       task->average_ns < BRIEF_NS;
}

/* The element as the byte string that a built-in task works on. */
static void put_raw_input(struct job *job)
{
	struct envelope_input *input =
		arena_calloc(&job->arena, 1, sizeof(*input));

	job->envelope.args = SLICE("{}");
	if (!input)
		return;
	*input = (struct envelope_input){
		slice_text(job->task->raw_input), ENVELOPE_BASE64,
		slice_of(job->payload, job->payload_len)};
	job->envelope.inputs = input;
	job->envelope.input_count = 1;
}

void master_check_raw(struct job *job)
{
	struct master_queue_state *queue = &job->master->queues[job->queue];

	job->raw = true;
	job->task = queue->task;
	job->timeout = job->task->timeout;
	job->envelope = (struct envelope){
		.args = slice_of(job->payload, job->payload_len),
		.reply_to = slice_text(queue->reply_to),
		.reply_ttl = -1,
		.timeout = -1,
		.retries = -1,
		.delay = -1,
		.not_before = -1,
		.sent_at = -1,
		.expires = -1};
	if (!job->task->is_program)
		put_raw_input(job);
}
