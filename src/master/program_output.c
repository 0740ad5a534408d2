/*
 * From what a program wrote to its job's result and output, for both modes.
 */
#include "master/program_process.h"

#include <stdlib.h>
#include "base/xalloc.h"

static struct task_call make_call(struct job *job)
{
	size_t count = job->envelope.output_count, i;
	struct task_call call = {.args = job->envelope.args,
				 .output_count = count,
				 .arena = &job->arena};

	if (count)
		call.outputs = xcalloc(count, sizeof(*call.outputs));
	for (i = 0; i < count; i++) {
		call.outputs[i].name = job->envelope.outputs[i].name;
		call.outputs[i].kind = job->envelope.outputs[i].kind;
		call.outputs[i].target = job->envelope.outputs[i].target;
		buf_init(&call.outputs[i].bytes, SIZE_MAX / 2);
	}
	return call;
}

int program_output_check(struct job *job, struct err *err)
{
	struct task_call call = make_call(job);
	int status = program_outputs_check(&call, err);

	free(call.outputs);
	return status;
}

/* The bytes of outputs become the job's. */
static void keep_outputs(struct job *job, struct task_call *call)
{
	size_t i;

	if (call->output_count)
		job->output_bytes =
			xcalloc(call->output_count, sizeof(struct buf));
	for (i = 0; i < call->output_count; i++)
		job->output_bytes[i] = call->outputs[i].bytes;
	free(call->outputs);
}

int program_output_take(struct job *job, bool json, struct buf *output,
			struct buf *result, struct err *err)
{
	struct task_call call = make_call(job);
	int status = program_result(&call, json, output, result, err);

	keep_outputs(job, &call);
	return status;
}

int program_output_object(struct job *job, struct slice object,
			  struct buf *result, struct err *err)
{
	struct task_call call = make_call(job);
	int status = program_result_object(&call, object, result, err);

	keep_outputs(job, &call);
	return status;
}
