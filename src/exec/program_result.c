/*
 * What a program made as the result of its task: its output as a byte string,
 * or an object that it wrote, of which the member `output` may go elsewhere.
 */
#include <stdio.h>
#include "base/json.h"
#include "base/text.h"
#include "exec/program.h"

#define DEPTH_MAX 512

static int too_long(const struct buf *result, size_t size, struct err *err)
{
	return err_limit(err, "reply", (int64_t)size,
			 "the result of %zu bytes is over the limit of %zu",
			 size, result->max);
}

/* --- Outputs --------------------------------------------------------------- */

int program_outputs_check(const struct task_call *call, struct err *err)
{
	char field[160], name[100];
	size_t i;

	for (i = 0; i < call->output_count; i++) {
		if (slice_is(call->outputs[i].name, "output"))
			continue;
		snprintf(field, sizeof(field), "outputs.%s",
			 err_quote(name, 90, call->outputs[i].name));
		return err_field(err, ERR_BAD_ARGS, field,
				 "%s: a program makes one output, called "
				 "output",
				 field);
	}
	return 0;
}

/* What is not made cannot be asked for. */
static int check_made(const struct task_call *call, struct err *err)
{
	if (!call->output_count || call->outputs[0].used)
		return 0;
	return err_field(err, ERR_BAD_ARGS, "outputs.output",
			 "outputs.output: the program's result has no text "
			 "output or output_base64");
}

/* --- Objects --------------------------------------------------------------- */

/* 1: the member is the output that is asked for, and its bytes are in `out`;
 * 0: it is another. */
static int output_bytes(const struct task_call *call,
			const struct json_member *member, struct buf *out,
			struct err *err)
{
	bool is_text = slice_is(member->key, "output");
	struct buf encoded;
	int status;

	if (!call->output_count || call->outputs[0].used ||
	    member->value.type != JSON_STRING ||
	    (!is_text && !slice_is(member->key, "output_base64")))
		return 0;
	if (is_text)
		return json_string_decode(&member->value, false, out, NULL)
			       ? err_set(err, ERR_FAILED,
					 "the program's result.output holds "
					 "half of a surrogate pair")
			       : 1;
	buf_init(&encoded, member->value.raw.len);
	status = json_string_decode(&member->value, false, &encoded, NULL) ||
		 base64_decode(out, buf_slice(&encoded), NULL);
	buf_release(&encoded);
	return status ? err_set(err, ERR_FAILED,
				"the program's result.output_base64 is not "
				"base64")
		      : 1;
}

static int put_member(struct task_call *call, const struct json_member *member,
		      struct buf *result, struct err *err)
{
	struct buf bytes;
	int status;

	buf_init(&bytes, member->value.raw.len + 4);
	status = output_bytes(call, member, &bytes, err);
	if (status > 0) {
		status = task_put_bytes(call, result, "output",
					buf_slice(&bytes), err);
	} else if (!status) {
		json_put_comma(result);
		buf_add_char(result, '"');
		buf_add_slice(result, member->key);
		buf_add_text(result, "\":");
		buf_add_slice(result, member->value.raw);
	}
	buf_release(&bytes);
	return status;
}

int program_result_object(struct task_call *call, struct slice object,
			  struct buf *result, struct err *err)
{
	struct json_members it;
	struct json_member member;

	if (!call->output_count)
		return buf_add_slice(result, object)
			       ? too_long(result, object.len, err)
			       : 0;
	if (json_members_init(&it, object, DEPTH_MAX, err))
		return -1;
	buf_add_char(result, '{');
	while (json_members_next(&it, &member, NULL) > 0) {
		if (put_member(call, &member, result, err))
			return -1;
	}
	if (buf_add_char(result, '}'))
		return too_long(result, object.len, err);
	return check_made(call, err);
}

/* --- Standard output ------------------------------------------------------- */

static int put_json(struct task_call *call, struct slice output,
		    struct buf *result, struct err *err)
{
	struct json_span span;
	struct err cause = ERR_INIT;

	if (json_check(output, DEPTH_MAX, &span, &cause))
		return err_set(err, ERR_FAILED,
			       "the program's output is not JSON: %.400s",
			       cause.message);
	if (span.type != JSON_OBJECT)
		return err_set(err, ERR_FAILED,
			       "the program's output is %s; with result = json "
			       "it has to be an object",
			       json_type_name(span.type));
	return program_result_object(call, span.raw, result, err);
}

int program_result(struct task_call *call, bool json, struct buf *output,
		   struct buf *result, struct err *err)
{
	size_t len = output->len;

	if (json)
		return put_json(call, buf_slice(output), result, err);
	buf_add_char(result, '{');
	if (task_put_buffer(call, result, "output", output, err))
		return -1;
	return buf_add_char(result, '}') ? too_long(result, len, err) : 0;
}
