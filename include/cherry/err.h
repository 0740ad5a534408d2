/*
 * Errors: a code of the public protocol, a sentence for people, and the facts
 * that programs look at (field, reason, limit and value, offset).
 *
 * Libraries return -1 (or NULL) and fill a `struct err`; they never log, print
 * or exit. Every setter below returns -1, so that `return err_set(...)` reads
 * well. A NULL `err` is allowed everywhere: the message is then lost.
 */
#ifndef CHERRY_ERR_H
#define CHERRY_ERR_H

#include <stdarg.h>
#include <stdint.h>
#include "cherry/buf.h"

/* `error.code` of a reply, in the order of the protocol's table. */
enum err_code {
	ERR_NONE,
	ERR_BAD_JSON,
	ERR_BAD_TASK,
	ERR_UNKNOWN_TASK,
	ERR_BAD_ARGS,
	ERR_BAD_INPUT,
	ERR_UNSUPPORTED,
	ERR_LIMIT,
	ERR_NOT_FOUND,
	ERR_REFUSED,
	ERR_EXPIRED,
	ERR_CANCELLED,
	ERR_DUPLICATE,
	ERR_TIMEOUT,
	ERR_CRASHED,
	ERR_FAILED,
	ERR_INTERNAL,
	ERR_CODE_COUNT
};

struct err {
	enum err_code code;
	char message[512]; /* one sentence, valid UTF-8, no newline */
	char field[160];   /* path of the member at fault, "" if none */
	char reason[32];   /* class of a bad_input or unsupported, "" if none */
	char limit[32];	   /* name of the limit that was reached, "" if none */
	int64_t value;	   /* with `limit`: what was met */
	int64_t offset;	   /* byte in the input, -1 if unknown */
};

#define ERR_INIT                                                               \
	{                                                                      \
		.offset = -1                                                   \
	}

/* "bad_args" and so on; "" for ERR_NONE. */
const char *err_code_name(enum err_code code);

/* The code of that name, ERR_NONE if there is none. */
enum err_code err_code_find(struct slice name);

/* Code and message; clears everything else. */
int err_set(struct err *err, enum err_code code, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* The same with the path of the member at fault, such as "args.format". */
int err_field(struct err *err, enum err_code code, const char *field,
	      const char *format, ...) PRINTF_LIKE(4, 5);

/* The same with a reason, such as "truncated". */
int err_reason(struct err *err, enum err_code code, const char *reason,
	       const char *format, ...) PRINTF_LIKE(4, 5);

/* ERR_LIMIT, with the limit's name and the value that went over it. */
int err_limit(struct err *err, const char *limit, int64_t value,
	      const char *format, ...) PRINTF_LIKE(4, 5);

/* Adds the byte offset to what was set. */
int err_at(struct err *err, int64_t offset);

/*
 * Writes `text` for use inside a message: at most `max` bytes of output, cut
 * on a character, control characters and bytes that are not UTF-8 as "?".
 * `out` has room for `max` + 4 bytes. Returns `out`.
 */
char *err_quote(char *out, size_t max, struct slice text);

#endif
