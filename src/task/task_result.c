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

static int put_output(struct buf *result, struct task_output *out,
		      const char *member, struct slice bytes, struct err *err)
{
	out->used = true;
	if (buf_add_slice(&out->bytes, bytes))
		return err_limit(err, "output", (int64_t)bytes.len,
				 "the output %.40s of %zu bytes is over the "
				 "limit of %zu",
				 member, bytes.len, out->bytes.max);
	json_put_key(result, member);
	buf_add_char(result, '{');
	task_output_put_target(result, out);
	return buf_printf(result, ",\"bytes\":%zu}", bytes.len);
}

int task_put_bytes(struct task_call *call, struct buf *result,
		   const char *member, struct slice bytes, struct err *err)
{
	struct task_output *out = task_output_find(call, slice_text(member));
	char name[80];

	if (out) {
		if (put_output(result, out, member, bytes, err))
			return -1;
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
	if (result->failed)
		return err_limit(err, "reply", (int64_t)bytes.len,
				 "the result with %zu bytes of %.40s is over "
				 "the limit of %zu",
				 bytes.len, member, result->max);
	return 0;
}
