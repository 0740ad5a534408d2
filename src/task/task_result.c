/*
 * Results: byte strings that go into the reply, or into an output of the call.
 */
#include "cherry/task.h"

#include <stdio.h>
#include "base/json.h"
#include "base/text.h"

struct task_output *task_output_find(struct task_call *call, struct slice name)
{
	size_t i;

	for (i = 0; i < call->output_count; i++)
		if (slice_equal(call->outputs[i].name, name))
			return &call->outputs[i];
	return NULL;
}

int task_output_put_target(struct buf *result, const struct task_output *out)
{
	buf_add_text(result,
		     out->kind == TASK_OUTPUT_KEY ? "\"key\":" : "\"file\":");
	return json_put_string(result, out->target);
}

static void put_name(struct buf *result, struct task_output *out,
		     const char *member, size_t len)
{
	out->used = true;
	json_put_key(result, member);
	buf_add_char(result, '{');
	task_output_put_target(result, out);
	buf_printf(result, ",\"bytes\":%zu}", len);
}

static int output_too_long(const struct task_output *out, const char *member,
			   size_t len, struct err *err)
{
	return err_limit(err, "output", (int64_t)len,
			 "the output %.40s of %zu bytes is over the limit of "
			 "%zu",
			 member, len, out->bytes.max);
}

static int check_result(const struct buf *result, const char *member,
			size_t len, struct err *err)
{
	if (!result->failed)
		return 0;
	return err_limit(err, "reply", (int64_t)len,
			 "the result with %zu bytes of %.40s is over the limit "
			 "of %zu",
			 len, member, result->max);
}

int task_put_bytes(struct task_call *call, struct buf *result,
		   const char *member, struct slice bytes, struct err *err)
{
	struct task_output *out = task_output_find(call, slice_text(member));
	char name[80];

	if (out) {
		if (buf_add_slice(&out->bytes, bytes))
			return output_too_long(out, member, bytes.len, err);
		put_name(result, out, member, bytes.len);
	} else if (utf8_check(bytes) == bytes.len) {
		json_put_key(result, member);
		json_put_string(result, bytes);
	} else {
		snprintf(name, sizeof(name), "%s_base64", member);
		json_put_key(result, name);
		buf_add_char(result, '"');
		base64_encode(result, bytes);
		buf_add_char(result, '"');
	}
	return check_result(result, member, bytes.len, err);
}

int task_put_buffer(struct task_call *call, struct buf *result,
		    const char *member, struct buf *bytes, struct err *err)
{
	struct task_output *out = task_output_find(call, slice_text(member));
	size_t max, len = bytes->len;

	if (!out)
		return task_put_bytes(call, result, member, buf_slice(bytes),
				      err);
	max = out->bytes.max;
	if (len > max)
		return output_too_long(out, member, len, err);
	buf_release(&out->bytes);
	out->bytes = *bytes;
	out->bytes.max = max;
	buf_init(bytes, bytes->max);
	put_name(result, out, member, len);
	return check_result(result, member, len, err);
}
