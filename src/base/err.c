/*
 * Errors and the names of their codes. Messages may quote input, so each is
 * made fit for a log line and for JSON here, once: valid UTF-8, no controls.
 */
#include "cherry/err.h"

#include <stdio.h>

#include "base/text.h"

static const char *const code_names[ERR_CODE_COUNT] = {
	[ERR_NONE] = "",
	[ERR_BAD_JSON] = "bad_json",
	[ERR_BAD_TASK] = "bad_task",
	[ERR_UNKNOWN_TASK] = "unknown_task",
	[ERR_BAD_ARGS] = "bad_args",
	[ERR_BAD_INPUT] = "bad_input",
	[ERR_UNSUPPORTED] = "unsupported",
	[ERR_LIMIT] = "limit",
	[ERR_NOT_FOUND] = "not_found",
	[ERR_REFUSED] = "refused",
	[ERR_EXPIRED] = "expired",
	[ERR_CANCELLED] = "cancelled",
	[ERR_DUPLICATE] = "duplicate",
	[ERR_TIMEOUT] = "timeout",
	[ERR_CRASHED] = "crashed",
	[ERR_FAILED] = "failed",
	[ERR_INTERNAL] = "internal",
};

const char *err_code_name(enum err_code code)
{
	if ((unsigned)code >= ERR_CODE_COUNT)
		return "internal";
	return code_names[code];
}

enum err_code err_code_find(struct slice name)
{
	for (int code = ERR_NONE + 1; code < ERR_CODE_COUNT; code++)
		if (slice_is(name, code_names[code]))
			return (enum err_code)code;
	return ERR_NONE;
}

static bool is_control(int32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Copies characters while they fit into `max` bytes. Returns bytes written;
 * *pos is how far in `text` it came. `out` may be where `text` lies, since
 * nothing gets longer. */
static size_t copy_clean(char *out, size_t max, struct slice text, size_t *pos)
{
	size_t len = 0;
	while (*pos < text.len) {
		size_t next = *pos;
		int32_t c = utf8_next(text, &next);
		size_t width = is_control(c) ? 1 : next - *pos;
		if (width > max - len)
			break;
		if (is_control(c))
			out[len] = '?';
		else
			memmove(out + len, text.ptr + *pos, width);
		len += width;
		*pos = next;
	}
	return len;
}

/* Without a piece of a character that a cut left at the end. */
static size_t whole_characters(const char *text, size_t len)
{
	size_t start = len;
	while (start > 0 && len - start < 4) {
		unsigned char byte = (unsigned char)text[--start];
		if ((byte & 0xc0) == 0x80)
			continue;
		size_t want = byte < 0xc0   ? 1
			      : byte < 0xe0 ? 2
			      : byte < 0xf0 ? 3
					    : 4;
		return len - start < want ? start : len;
	}
	return len;
}

/* Copies a text that we chose ourselves (a field, a reason), cut to fit. */
static void set_text(char *out, size_t size, const char *text)
{
	size_t pos = 0;
	struct slice slice = slice_text(text);
	if (slice.len >= size)
		slice.len = whole_characters(text, size - 1);
	out[copy_clean(out, size - 1, slice, &pos)] = '\0';
}

__attribute__((format(printf, 3, 0))) static void set_message(
	struct err *err, enum err_code code, const char *format, va_list args)
{
	char message[sizeof(err->message)];
	int len = vsnprintf(message, sizeof(message), format, args);
	size_t have = len < 0 ? 0 : (size_t)len;
	size_t pos = 0;

	if (have >= sizeof(message))
		have = whole_characters(message, sizeof(message) - 1);
	/* Only now is *err written: the arguments may have come from it. */
	err->code = code;
	err->field[0] = '\0';
	err->reason[0] = '\0';
	err->limit[0] = '\0';
	err->value = 0;
	err->offset = -1;
	have = copy_clean(err->message, sizeof(message) - 1,
			  slice_of(message, have), &pos);
	err->message[have] = '\0';
}

int err_set(struct err *err, enum err_code code, const char *format, ...)
{
	if (!err)
		return -1;
	va_list args;
	va_start(args, format);
	set_message(err, code, format, args);
	va_end(args);
	return -1;
}

int err_field(struct err *err, enum err_code code, const char *field,
	      const char *format, ...)
{
	if (!err)
		return -1;
	char copy[sizeof(err->field)];
	set_text(copy, sizeof(copy), field);
	va_list args;
	va_start(args, format);
	set_message(err, code, format, args);
	va_end(args);
	memcpy(err->field, copy, sizeof(copy));
	return -1;
}

int err_reason(struct err *err, enum err_code code, const char *reason,
	       const char *format, ...)
{
	if (!err)
		return -1;
	char copy[sizeof(err->reason)];
	set_text(copy, sizeof(copy), reason);
	va_list args;
	va_start(args, format);
	set_message(err, code, format, args);
	va_end(args);
	memcpy(err->reason, copy, sizeof(copy));
	return -1;
}

int err_limit(struct err *err, const char *limit, int64_t value,
	      const char *format, ...)
{
	if (!err)
		return -1;
	char copy[sizeof(err->limit)];
	set_text(copy, sizeof(copy), limit);
	va_list args;
	va_start(args, format);
	set_message(err, ERR_LIMIT, format, args);
	va_end(args);
	memcpy(err->limit, copy, sizeof(copy));
	err->value = value;
	return -1;
}

int err_at(struct err *err, int64_t offset)
{
	if (err)
		err->offset = offset;
	return -1;
}

char *err_quote(char *out, size_t max, struct slice text)
{
	size_t pos = 0;
	size_t len = copy_clean(out, max, text, &pos);
	if (pos < text.len) {
		memcpy(out + len, "...", 3);
		len += 3;
	}
	out[len] = '\0';
	return out;
}
