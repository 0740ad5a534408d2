/*
 * Errors and results: what an executor says about a task. The master repeats
 * it in a reply, so everything that would not be JSON there is refused here.
 */
#include "base/json.h"
#include "base/text.h"
#include "exec/message.h"
#include "exec/message_err.h"

/* --- Errors --------------------------------------------------------------- */

bool message_err_allowed(enum err_code code)
{
	switch (code) {
	case ERR_BAD_ARGS:
	case ERR_BAD_INPUT:
	case ERR_UNSUPPORTED:
	case ERR_LIMIT:
	case ERR_REFUSED:
	case ERR_NOT_FOUND:
	case ERR_FAILED:
	case ERR_INTERNAL:
	case ERR_UNKNOWN_TASK:
		return true;
	default:
		return false;
	}
}

void message_err_put(struct buf *out, const struct err *err)
{
	wire_put_u8(out, err->code);
	wire_put_bytes(out, slice_text(err->message));
	wire_put_bytes(out, slice_text(err->field));
	wire_put_bytes(out, slice_text(err->reason));
	wire_put_bytes(out, slice_text(err->limit));
	wire_put_u64(out, (uint64_t)err->value);
	wire_put_u64(out, (uint64_t)err->offset);
}

static bool is_plain(struct slice text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return false;
	return utf8_check(text) == text.len;
}

/* A text of fewer than `size` bytes, NUL-terminated. */
static void get_text(struct wire_reader *in, char *out, size_t size)
{
	struct slice text = wire_get_bytes(in);

	if (text.len >= size || !is_plain(text)) {
		in->bad = true;
		text.len = 0;
	}
	memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
}

void message_err_get(struct wire_reader *in, struct err *err)
{
	*err = (struct err)ERR_INIT;
	err->code = (enum err_code)wire_get_below(in, ERR_CODE_COUNT);
	get_text(in, err->message, sizeof(err->message));
	get_text(in, err->field, sizeof(err->field));
	get_text(in, err->reason, sizeof(err->reason));
	get_text(in, err->limit, sizeof(err->limit));
	err->value = (int64_t)wire_get_u64(in);
	err->offset = (int64_t)wire_get_u64(in);
	if (err->code == ERR_NONE || err->offset < -1)
		in->bad = true;
}

/* --- Results -------------------------------------------------------------- */

#define IS_OK	1
#define IS_LAST 2

int message_result_put(struct frame_writer *writer,
		       const struct message_result *result, struct err *err)
{
	struct buf *out = &writer->bytes;
	size_t i, begin = frame_begin(writer, FRAME_RESULT);

	wire_put_u64(out, result->number);
	wire_put_u64(out, result->ran_ns);
	wire_put_u8(out,
		    (result->ok ? IS_OK : 0) | (result->last ? IS_LAST : 0));
	if (result->ok)
		wire_put_bytes(out, result->json);
	else
		message_err_put(out, &result->err);
	wire_put_u32(out, (uint32_t)result->output_count);
	for (i = 0; i < result->output_count; i++) {
		wire_put_u8(out, result->outputs[i].used);
		wire_put_bytes(out, result->outputs[i].bytes);
	}
	return frame_end(writer, begin, -1, err);
}

static int bad_result(struct err *err, const char *what)
{
	return err_set(err, ERR_INTERNAL, "a RESULT message is malformed: %s",
		       what);
}

static int result_outputs(struct wire_reader *in, struct arena *arena,
			  struct message_result *result)
{
	struct message_result_output *outputs;
	size_t i;

	result->output_count = wire_get_count(in, 5, MESSAGE_LIST_MAX);
	if (!result->output_count)
		return 0;
	outputs = arena_calloc(arena, result->output_count, sizeof(*outputs));
	if (!outputs)
		return -1;
	for (i = 0; i < result->output_count; i++) {
		outputs[i].used = wire_get_below(in, 2);
		outputs[i].bytes = wire_get_bytes(in);
	}
	result->outputs = outputs;
	return 0;
}

int message_result_decode(struct slice body, struct arena *arena,
			  struct message_result *result, struct err *err)
{
	struct wire_reader in = {.rest = body};
	struct json_span span;
	unsigned flags;

	result->outputs = NULL;
	result->json = (struct slice){"", 0};
	result->number = wire_get_u64(&in);
	result->ran_ns = wire_get_u64(&in);
	flags = wire_get_below(&in, (IS_OK | IS_LAST) + 1);
	result->ok = flags & IS_OK;
	result->last = flags & IS_LAST;
	if (result->ok) {
		result->json = wire_get_bytes(&in);
		result->err.code = ERR_NONE;
	} else {
		message_err_get(&in, &result->err);
	}
	if (result_outputs(&in, arena, result))
		return err_limit(err, "memory", 0, "no memory for a message");
	if (!wire_done(&in))
		return bad_result(err, "its lengths do not add up");
	if (!result->ok)
		return message_err_allowed(result->err.code)
			       ? 0
			       : bad_result(err, "no handler says that");
	if (json_check(result->json, JSON_DEPTH_MAX, &span, NULL) ||
	    span.type != JSON_OBJECT)
		return bad_result(err, "it is not a JSON object");
	return 0;
}
