/*
 * Errors of the codecs: each has a class, which is in `reason`. Macros, so that
 * compiler and analyser see that all of them are -1.
 */
#ifndef CODEC_FAIL_H
#define CODEC_FAIL_H

#include "cherry/err.h"

/* ERR_BAD_INPUT of that class at that byte (-1: unknown); a format and its
 * arguments follow. */
#define fail_read(err, reason, offset, ...)                                    \
	(err_reason((err), ERR_BAD_INPUT, (reason), __VA_ARGS__),              \
	 err_at((err), (offset)), -1)

/* ERR_LIMIT with the limit's name, what was met, and a class: "size", "depth".
 * A format and its arguments follow. */
#define fail_limit(err, limit, value, reason, ...)                             \
	(err_limit((err), (limit), (value), __VA_ARGS__),                      \
	 fail_set_class((err), (reason)), -1)

/* More levels than `max_depth`. */
#define fail_depth(err, max_depth) (fail_set_depth((err), (max_depth)), -1)

/* The output buffer is full. */
#define fail_output(err, out) (fail_set_output((err), (out)), -1)

void fail_set_class(struct err *err, const char *reason);
void fail_set_depth(struct err *err, size_t max_depth);
void fail_set_output(struct err *err, const struct buf *out);

#endif
