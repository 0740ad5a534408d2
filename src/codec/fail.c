/*
 * Errors of the codecs: code, class and offset in one call.
 */
#include "codec/fail.h"

#include <stdio.h>

int fail_read(struct err *err, const char *reason, int64_t offset,
	      const char *format, ...)
{
	char message[400];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	err_reason(err, ERR_BAD_INPUT, reason, "%s", message);
	if (offset >= 0)
		err_at(err, offset);
	return -1;
}

int fail_limit(struct err *err, const char *limit, int64_t value,
	       const char *reason, const char *format, ...)
{
	char message[400];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	err_limit(err, limit, value, "%s", message);
	if (err)
		snprintf(err->reason, sizeof(err->reason), "%s", reason);
	return -1;
}

int fail_depth(struct err *err, size_t max_depth)
{
	return fail_limit(err, "depth", (int64_t)max_depth + 1, "depth",
			  "the value nests more than %zu deep", max_depth);
}

int fail_output(struct err *err, const struct buf *out)
{
	return fail_limit(err, "output", (int64_t)out->len, "size",
			  "the output passes %zu bytes", out->max);
}
