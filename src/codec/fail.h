/*
 * Errors of the codecs: each has a class, which is in `reason`.
 */
#ifndef CODEC_FAIL_H
#define CODEC_FAIL_H

#include "cherry/err.h"

/* ERR_BAD_INPUT of that class at that byte (-1: unknown). Returns -1. */
int fail_read(struct err *err, const char *reason, int64_t offset,
	      const char *format, ...) PRINTF_LIKE(4, 5);

/* ERR_LIMIT with a class, "size" or "depth". Returns -1. */
int fail_limit(struct err *err, const char *limit, int64_t value,
	       const char *reason, const char *format, ...) PRINTF_LIKE(5, 6);

/* More levels than `max_depth`. Returns -1. */
int fail_depth(struct err *err, size_t max_depth);

/* The output buffer is full. Returns -1. */
int fail_output(struct err *err, const struct buf *out);

#endif
