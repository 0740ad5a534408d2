/*
 * One task in the executor: from its frame to its result. Whatever the task
 * does wrong becomes an error result.
 */
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/crash.h"
#include "exec/executor_state.h"
#include "exec/message_err.h"
#include "exec/spawn.h"

/* ... and before one that has more to read than this. */
#define LARGE_TASK ((size_t)16 << 10)
/* Memory that a task used and that is worth giving back when there is time. */
#define GROWN_SIZE ((size_t)1 << 20)

static struct executor_known *known_find(struct executor *executor,
					 struct slice name)
{
	size_t i;

	for (i = 0; i < executor->count; i++)
		if (slice_is(name, executor->known[i].task->name))
			return &executor->known[i];
	return NULL;
}

static int make_outputs(struct executor *executor,
			const struct message_task *message,
			struct task_call *call)
{
	struct task_output *outputs;
	size_t i;

	if (!message->output_count)
		return 0;
	outputs = arena_calloc(&executor->arena, message->output_count,
			       sizeof(*outputs));
	if (!outputs)
		return -1;
	for (i = 0; i < message->output_count; i++) {
		outputs[i].name = message->outputs[i].name;
		outputs[i].kind = message->outputs[i].kind;
		outputs[i].target = message->outputs[i].target;
		buf_init(&outputs[i].bytes, executor->max_reply);
	}
	call->outputs = outputs;
	call->output_count = message->output_count;
	return 0;
}

static void free_outputs(struct task_call *call)
{
	size_t i;

	for (i = 0; i < call->output_count; i++)
		buf_release(&call->outputs[i].bytes);
}

static int run(struct executor *executor, const struct executor_known *known,
	       const struct message_task *message, struct task_call *call,
	       struct err *err)
{
	char name[64];

	if (!known)
		return err_set(err, ERR_UNKNOWN_TASK,
			       "no task \"%s\" in executors of this class",
			       err_quote(name, 48, message->task));
	if (known->fault)
		return err_reason(err, ERR_UNSUPPORTED, "unavailable",
				  "%s is not available here: %s",
				  known->task->name, known->fault);
	if (make_outputs(executor, message, call))
		return err_limit(err, "memory", 0, "no memory for outputs");
	return task_run(known->task, call, &executor->result, err);
}

/* The handlers' contract, enforced: an error has a code that a handler may
 * give. */
static void check_error(struct err *err)
{
	if (err->code == ERR_NONE)
		err_set(err, ERR_INTERNAL,
			"the handler failed and did not say why");
	else if (!message_err_allowed(err->code))
		err->code = ERR_INTERNAL;
}

static int put_outputs(struct executor *executor, const struct task_call *call,
		       struct message_result *result, struct err *err)
{
	struct message_result_output *outputs;
	size_t i, sum = executor->result.len;

	if (!call->output_count)
		return 0;
	outputs = arena_calloc(&executor->arena, call->output_count,
			       sizeof(*outputs));
	if (!outputs)
		return err_limit(err, "memory", 0, "no memory for outputs");
	for (i = 0; i < call->output_count; i++) {
		outputs[i].used = call->outputs[i].used;
		outputs[i].bytes = buf_slice(&call->outputs[i].bytes);
		sum += outputs[i].bytes.len;
	}
	if (sum > executor->max_reply)
		return err_limit(err, "reply", (int64_t)sum,
				 "the result and its outputs are over the "
				 "limit of %zu bytes",
				 executor->max_reply);
	result->outputs = outputs;
	result->output_count = call->output_count;
	return 0;
}

/* Into the writer; a result that does not fit there becomes an error. */
static int answer(struct executor *executor, struct message_result *result,
		  struct err *err)
{
	struct err cause = ERR_INIT;

	if (!message_result_put(&executor->writer, result, &cause))
		return 0;
	result->ok = false;
	result->output_count = 0;
	err_limit(&result->err, "reply", (int64_t)executor->result.len,
		  "the result is too long to be passed on");
	return message_result_put(&executor->writer, result, err);
}

/* A long or large task does not keep the results before it waiting. */
static int flush_before(struct executor *executor,
			const struct executor_known *known, size_t bytes,
			struct err *err)
{
	struct frame_writer *writer = &executor->writer;
	size_t pending = frame_writer_pending(writer);

	if (!pending)
		return 0;
	if (pending < EXECUTOR_PENDING_MAX && bytes < LARGE_TASK && known &&
	    known->average_ns < EXECUTOR_SLOW_NS)
		return 0;
	return frame_writer_flush(writer, SPAWN_EXECUTOR_SOCKET, err);
}

static void note_time(struct executor_known *known, uint64_t ran_ns)
{
	if (known)
		known->average_ns = known->average_ns / 4 * 3 + ran_ns / 4;
}

/* What a very large task leaves behind goes back to the system at once. */
static void clean_up(struct executor *executor, struct task_call *call)
{
	size_t used = executor->arena.used + executor->result.cap;

	free_outputs(call);
	if (executor->result.cap > EXECUTOR_PENDING_MAX)
		buf_release(&executor->result);
	buf_clear(&executor->result);
	arena_clear(&executor->arena);
	if (used > executor->kept)
		malloc_trim(0);
	if (used > GROWN_SIZE)
		executor->grown = true;
}

/* Runs it under the eyes of the master. */
static void attempt(struct executor *executor,
		    const struct message_task *message, struct task_call *call,
		    struct message_result *result)
{
	struct executor_known *known = known_find(executor, message->task);
	uint64_t start = clock_monotonic_ns();
	int r;

	call->args = message->args;
	call->inputs = message->inputs;
	call->input_count = message->input_count;
	executor->number = message->number;
	executor->start_ns = start;
	status_page_begin(executor->page, message->number, start);
	executor->at_work = 1;
	CRASH_POINT("executor.handler");
	r = run(executor, known, message, call, &result->err);
	executor->at_work = 0;
	CRASH_POINT("executor.ran");
	result->ran_ns = clock_monotonic_ns() - start;
	status_page_end(executor->page);
	note_time(known, result->ran_ns);

	result->json = buf_slice(&executor->result);
	result->ok = !r && !put_outputs(executor, call, result, &result->err);
}

/* The thread at work touches the writer no more: it will not come back. */
static void give_up(void *arg, const struct err *why)
{
	struct executor *executor = arg;
	struct message_result result = {.number = executor->number,
					.ran_ns = clock_monotonic_ns() -
						  executor->start_ns,
					.last = true,
					.err = *why};

	executor->at_work = 0;
	check_error(&result.err);
	if (!message_result_put(&executor->writer, &result, NULL))
		(void)!frame_writer_flush(&executor->writer,
					  SPAWN_EXECUTOR_SOCKET, NULL);
	_exit(0);
}

int executor_task(struct executor *executor, struct frame *frame,
		  struct err *err)
{
	struct message_task message;
	struct message_bulk bulk;
	struct message_result result = {.err = ERR_INIT};
	struct task_call call = {
		.settings = executor->settings,
		.arena = &executor->arena,
		.give_up = give_up,
		.give_up_arg = executor,
	};
	int r = message_task_decode(frame, &executor->arena, &message, &bulk,
				    &result.err);

	if (r && (result.err.code != ERR_LIMIT || !message.number)) {
		if (err)
			*err = result.err;
		return -1;
	}
	CRASH_POINT("executor.task");
	result.number = message.number;
	if (!r) {
		r = flush_before(executor, known_find(executor, message.task),
				 message.args.len + bulk.len, err);
		if (r)
			return -1;
		attempt(executor, &message, &call, &result);
	}
	if (!result.ok)
		check_error(&result.err);
	r = answer(executor, &result, err);
	/* Giving back memory can wait, and the result of a large task not. */
	if (!r && bulk.len)
		r = frame_writer_flush(&executor->writer, SPAWN_EXECUTOR_SOCKET,
				       err);
	clean_up(executor, &call);
	message_bulk_release(&bulk);
	return r;
}
