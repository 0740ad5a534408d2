/*
 * Tests of decoders: a message's body, cut at every place and changed in every
 * byte.
 */
#ifndef TESTS_TORMENT_H
#define TESTS_TORMENT_H

#include <criterion/criterion.h>
#include <stdlib.h>

#include "exec/message.h"

/* A message's body on the heap, for the sanitizer to see the end of it. */
struct body {
	char *ptr;
	size_t len;
};

static inline struct body body_take(struct frame_writer *writer)
{
	struct body body = {.len = writer->bytes.len - FRAME_HEADER};

	cr_assert_geq(writer->bytes.len, FRAME_HEADER);
	body.ptr = malloc(body.len ? body.len : 1);
	memcpy(body.ptr, writer->bytes.ptr + FRAME_HEADER, body.len);
	frame_writer_release(writer);
	return body;
}

typedef int decode_fn(struct slice body, struct arena *arena);

/* No prefix decodes; no change of one byte makes the decoder read badly. */
static inline void torment(struct body body, decode_fn *decode,
			   const char *name)
{
	struct arena arena;
	size_t len;
	char *copy;

	arena_init(&arena, (size_t)16 << 20);
	for (len = 0; len < body.len; len++) {
		copy = malloc(len ? len : 1);
		memcpy(copy, body.ptr, len);
		cr_expect_eq(decode(slice_of(copy, len), &arena), -1,
			     "%s cut at %zu", name, len);
		free(copy);
		arena_clear(&arena);
	}
	for (len = 0; len < body.len; len++) {
		static const char values[] = {0,    1,		2,
					      0x7f, (char)0x80, (char)0xff};
		char was = body.ptr[len];

		for (size_t i = 0; i < sizeof(values); i++) {
			body.ptr[len] = values[i];
			(void)decode(slice_of(body.ptr, body.len), &arena);
			arena_clear(&arena);
		}
		body.ptr[len] = was;
	}
	copy = malloc(body.len + 1);
	memcpy(copy, body.ptr, body.len);
	copy[body.len] = 0;
	cr_expect_eq(decode(slice_of(copy, body.len + 1), &arena), -1,
		     "%s with a byte too many", name);
	cr_expect_eq(decode(slice_of(body.ptr, body.len), &arena), 0, "%s",
		     name);
	free(copy);
	arena_release(&arena);
	free(body.ptr);
}

static inline void expect_same_error(const struct err *got,
				     const struct err *want)
{
	cr_expect_eq(got->code, want->code);
	cr_expect_str_eq(got->message, want->message);
	cr_expect_str_eq(got->field, want->field);
	cr_expect_str_eq(got->reason, want->reason);
	cr_expect_str_eq(got->limit, want->limit);
	cr_expect_eq(got->value, want->value);
	cr_expect_eq(got->offset, want->offset);
}

static const struct err full_error = {
	.code = ERR_LIMIT,
	.message = "gr\xc3\xb6\xc3\x9f"
		   "er than allowed",
	.field = "args.x",
	.reason = "because",
	.limit = "pixels",
	.value = INT64_MIN,
	.offset = 12,
};

static inline int decode_result(struct slice body, struct arena *arena)
{
	struct message_result result;

	return message_result_decode(body, arena, &result, NULL);
}

static inline struct body result_body(const struct message_result *result)
{
	struct frame_writer writer;

	frame_writer_init(&writer, 100000);
	cr_assert_eq(message_result_put(&writer, result, NULL), 0);
	return body_take(&writer);
}

#endif
