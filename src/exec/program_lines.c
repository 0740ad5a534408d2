/*
 * Programs that live on and speak in lines of JSON: a task out, a reply in.
 * What comes in is checked as strictly as what a producer sends, because parts
 * of it are repeated in replies.
 */
#include <stdio.h>
#include "base/json.h"
#include "base/text.h"
#include "exec/program.h"

#define DEPTH_MAX 512

/* --- Out ------------------------------------------------------------------- */

/* A newline can stand in JSON between its parts only: there a space is as
 * good. */
static void put_on_one_line(struct buf *out, struct slice json)
{
	size_t begin = out->len, i;

	if (buf_add_slice(out, json))
		return;
	for (i = begin; i < out->len; i++)
		if (out->ptr[i] == '\n' || out->ptr[i] == '\r')
			out->ptr[i] = ' ';
}

static void put_raw(struct buf *out, struct slice payload)
{
	bool text = utf8_check(payload) == payload.len;

	buf_add_text(out, text ? "{\"input\":" : "{\"input_base64\":\"");
	if (text)
		json_put_string(out, payload);
	else
		base64_encode(out, payload);
	buf_add_text(out, text ? "}" : "\"}");
}

int program_line_put(struct buf *out, uint64_t number,
		     const struct program_call *call, struct err *err)
{
	char field[160], name[100];
	size_t begin = out->len;

	if (call->input_count) {
		snprintf(field, sizeof(field), "inputs.%s",
			 err_quote(name, 90, call->inputs[0].name));
		return err_field(err, ERR_BAD_ARGS, field,
				 "%s: a program that reads lines takes no byte "
				 "strings",
				 field);
	}
	buf_printf(out,
		   "{\"id\":\"%llu\",\"task\":", (unsigned long long)number);
	json_put_string(out, slice_text(call->task));
	buf_add_text(out, ",\"args\":");
	if (call->raw)
		put_raw(out, call->args);
	else
		put_on_one_line(out, call->args);
	buf_printf(out, ",\"attempt\":%u}\n", call->attempt);
	if (!out->failed)
		return 0;
	out->len = begin;
	out->failed = false;
	return err_limit(err, "memory", (int64_t)call->args.len,
			 "the task is too long for a line");
}

/* --- In -------------------------------------------------------------------- */

/* The members of a line that mean something. */
struct members {
	struct json_span id, status, result, error;
	bool progress;
};

static int not_a_reply(struct err *err, const char *why)
{
	return err_set(err, ERR_FAILED,
		       "the program wrote a line that is no reply: %.400s",
		       why);
}

static bool is_given(const struct json_span *span)
{
	return span->raw.len > 0;
}

static int members_read(struct slice line, struct members *out, struct err *err)
{
	static const char *const names[] = {"id", "status", "result", "error"};
	struct json_span *const places[] = {&out->id, &out->status,
					    &out->result, &out->error};
	struct json_members it;
	struct json_member member;
	struct err cause = ERR_INIT;
	size_t i;
	int r;

	*out = (struct members){0};
	if (json_members_init(&it, line, DEPTH_MAX, &cause))
		return not_a_reply(err, cause.message);
	while ((r = json_members_next(&it, &member, &cause)) > 0) {
		if (slice_is(member.key, "progress"))
			out->progress = true;
		for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
			if (!slice_is(member.key, names[i]))
				continue;
			if (is_given(places[i]))
				return not_a_reply(err,
						   "a member is given twice");
			*places[i] = member.value;
		}
	}
	return r < 0 ? not_a_reply(err, cause.message) : 0;
}

/* The text of a short string; false if it is none or too long. */
static bool short_text(const struct json_span *span, char *out, size_t size)
{
	struct buf text = {.ptr = out, .cap = size, .max = size};

	if (span->type != JSON_STRING || span->raw.len >= size ||
	    json_string_decode(span, false, &text, NULL))
		return false;
	out[text.len] = '\0';
	return strlen(out) == text.len;
}

static int read_number(const struct json_span *id, uint64_t *number,
		       struct err *err)
{
	char text[32];
	int64_t value;

	if (!is_given(id))
		return not_a_reply(err, "it has no id");
	if (!short_text(id, text, sizeof(text)) ||
	    text_int64(slice_text(text), &value) || value <= 0)
		return not_a_reply(err, "its id is none that it was given");
	*number = (uint64_t)value;
	return 0;
}

/* A text of an error object, cut where an error has no more room. */
static void error_text(const struct json_node *error, const char *name,
		       char *out, size_t size)
{
	const struct json_node *node = json_get(error, name);

	if (node && node->type == JSON_STRING)
		err_quote(out, size - 4, node->text);
}

static void error_number(const struct json_node *error, const char *name,
			 int64_t *out)
{
	const struct json_node *node = json_get(error, name);

	if (node && node->type == JSON_NUMBER)
		(void)json_number_int64(node->raw, out);
}

/* The codes that are a handler's to give; all others are `failed`. */
static enum err_code error_code(const struct json_node *error)
{
	const struct json_node *node = json_get(error, "code");
	enum err_code code = node && node->type == JSON_STRING
				     ? err_code_find(node->text)
				     : ERR_FAILED;

	switch (code) {
	case ERR_BAD_ARGS:
	case ERR_BAD_INPUT:
	case ERR_UNSUPPORTED:
	case ERR_LIMIT:
	case ERR_NOT_FOUND:
	case ERR_REFUSED:
		return code;
	default:
		return ERR_FAILED;
	}
}

static void error_fill(const struct json_node *error, struct program_line *out)
{
	const struct json_node *retryable = json_get(error, "retryable");
	struct err *err = &out->err;

	err->code = error_code(error);
	err->offset = -1;
	error_text(error, "message", err->message, sizeof(err->message));
	error_text(error, "field", err->field, sizeof(err->field));
	error_text(error, "reason", err->reason, sizeof(err->reason));
	error_text(error, "limit", err->limit, sizeof(err->limit));
	error_number(error, "value", &err->value);
	error_number(error, "offset", &err->offset);
	if (err->offset < -1)
		err->offset = -1;
	out->retryable = err->code == ERR_FAILED && retryable &&
			 retryable->type == JSON_TRUE;
}

/* "error" is a text, or an object with message, code, retryable and so on. */
static int read_error(const struct json_span *error, struct program_line *out,
		      struct err *err)
{
	struct arena arena;
	struct json_node *node;
	int r = 0;

	out->err = (struct err)ERR_INIT;
	out->err.code = ERR_FAILED;
	arena_init(&arena, (size_t)4 << 20);
	node = is_given(error)
		       ? json_parse(&arena, error->raw, DEPTH_MAX, false, NULL)
		       : NULL;
	if (node && node->type == JSON_STRING)
		err_quote(out->err.message, sizeof(out->err.message) - 4,
			  node->text);
	else if (node && node->type == JSON_OBJECT)
		error_fill(node, out);
	else
		r = not_a_reply(err, "its error is no text and no object");
	if (!r && !out->err.message[0])
		snprintf(out->err.message, sizeof(out->err.message),
			 "the program says that it failed");
	arena_release(&arena);
	return r;
}

int program_line_read(struct slice line, struct program_line *out,
		      struct err *err)
{
	struct members members;
	char status[16];

	*out = (struct program_line){.err = ERR_INIT};
	if (members_read(line, &members, err))
		return -1;
	/* A reply may say how far it has come, too. */
	if (members.progress && !is_given(&members.status)) {
		out->kind = PROGRAM_LINE_PROGRESS;
		return 0;
	}
	if (read_number(&members.id, &out->number, err))
		return -1;
	if (!short_text(&members.status, status, sizeof(status)))
		return not_a_reply(err, "it has no status");
	if (!strcmp(status, "ok")) {
		if (members.result.type != JSON_OBJECT ||
		    !is_given(&members.result))
			return not_a_reply(err, "its result is no object");
		out->kind = PROGRAM_LINE_RESULT;
		out->result = members.result.raw;
		return 0;
	}
	if (strcmp(status, "error") != 0)
		return not_a_reply(err, "its status is not ok or error");
	out->kind = PROGRAM_LINE_ERROR;
	return read_error(&members.error, out, err);
}
