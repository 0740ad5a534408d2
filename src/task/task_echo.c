/*
 * echo: the result is the arguments, byte for byte as they were written. For
 * health checks and benchmarks.
 */
#include "task/task_echo.h"

#include "base/arena.h"
#include "base/json.h"
#include "task/task_values.h"

static const struct task_arg args[] = {{.type = ARG_END}};

/* What stands between the braces. */
static struct slice members_of(struct slice object)
{
	while (object.len && *object.ptr != '{') {
		object.ptr++;
		object.len--;
	}
	while (object.len && object.ptr[object.len - 1] != '}')
		object.len--;
	return object.len < 2 ? (struct slice){0}
			      : slice_of(object.ptr + 1, object.len - 2);
}

static int echo_run(struct task_call *call, struct buf *result, struct err *err)
{
	struct err cause = ERR_INIT;
	const struct json_node *object;

	if (call->input_count)
		return err_field(err, ERR_BAD_ARGS, "inputs",
				 "inputs: echo takes no byte strings");
	object = json_parse(call->arena, call->args, TASK_ARGS_DEPTH, true,
			    &cause);
	if (object && object->type != JSON_OBJECT)
		return err_field(err, ERR_BAD_ARGS, "args",
				 "args: an object is needed, not %s",
				 json_type_name(object->type));
	if (object)
		return buf_add_slice(result, members_of(call->args));
	if (cause.code == ERR_LIMIT)
		return err_limit(err, cause.limit, cause.value, "args: %s",
				 cause.message);
	err_field(err, ERR_BAD_ARGS, "args", "args: %s", cause.message);
	return err_at(err, cause.offset);
}

const struct task task_echo = {
	.name = "echo",
	.summary = "gives back its arguments",
	.class = TASK_CLASS_CORE,
	.args = args,
	.run = echo_run,
};
