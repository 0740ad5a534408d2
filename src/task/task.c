/*
 * The table of built-in tasks, and running one call of a task. Knows nothing
 * of where calls come from and where results go.
 */
#include "cherry/task.h"

#include <stdio.h>
#include "task/task_diff.h"
#include "task/task_echo.h"
#include "task/task_serialize.h"
#include "task/task_thumbnail.h"

const struct task *const task_table[] = {
	&task_echo, &task_diff, &task_serialize, &task_thumbnail, NULL,
};

const struct task *task_find(struct slice name)
{
	size_t i;

	for (i = 0; task_table[i]; i++)
		if (slice_is(name, task_table[i]->name))
			return task_table[i];
	return NULL;
}

static int check_outputs(const struct task *task, const struct task_call *call,
			 struct err *err)
{
	const struct task_output *out;
	char field[160], name[100];
	size_t i;

	for (i = 0; i < call->output_count; i++) {
		out = &call->outputs[i];
		if (out->used && out->bytes.failed)
			return err_limit(err, "output", (int64_t)out->bytes.len,
					 "an output is over the limit of %zu "
					 "bytes",
					 out->bytes.max);
		if (out->used)
			continue;
		snprintf(field, sizeof(field), "outputs.%s",
			 err_quote(name, 90, out->name));
		return err_field(err, ERR_BAD_ARGS, field,
				 "%s: %s made no output of that name", field,
				 task->name);
	}
	return 0;
}

int task_run(const struct task *task, struct task_call *call,
	     struct buf *result, struct err *err)
{
	const char *fault = task->unavailable ? task->unavailable() : NULL;
	int r;

	if (fault)
		return err_reason(err, ERR_UNSUPPORTED, "unavailable",
				  "%s is not available here: %s", task->name,
				  fault);
	buf_add_char(result, '{');
	r = task->run(call, result, err);
	buf_add_char(result, '}');
	if (result->failed)
		return err_limit(err, "reply", (int64_t)result->len,
				 "the result is over the limit of %zu bytes",
				 result->max);
	return r ? -1 : check_outputs(task, call, err);
}
