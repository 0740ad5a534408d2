/*
 * RESULT messages: what a hostile executor may say and what not.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "torment.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

Test(message_result, result)
{
	const struct message_result_output made[] = {
		{true, {"\xff\0", 2}},
		{false, SLICE("")},
	};
	const struct message_result result = {
		.number = 9,
		.ran_ns = 1234567,
		.ok = true,
		.json = SLICE("{\"a\":[1,2.50,\"\\u00e9\"]}"),
		.outputs = made,
		.output_count = 2,
	};
	struct message_result got;
	struct arena arena;
	struct body body = result_body(&result);

	arena_init(&arena, 100000);
	cr_assert_eq(message_result_decode(slice_of(body.ptr, body.len), &arena,
					   &got, NULL),
		     0);
	cr_expect_eq(got.number, 9);
	cr_expect_eq(got.ran_ns, 1234567);
	cr_expect(got.ok);
	cr_expect(slice_equal(got.json, result.json));
	cr_assert_eq(got.output_count, 2);
	cr_expect(got.outputs[0].used);
	cr_expect(slice_equal(got.outputs[0].bytes, made[0].bytes));
	cr_expect_not(got.outputs[1].used);
	arena_release(&arena);
	torment(body, decode_result, "RESULT");
}

Test(message_result, error_result)
{
	struct message_result result = {
		.number = 9, .last = true, .err = full_error};
	struct message_result got;
	struct arena arena;
	struct body body = result_body(&result);

	arena_init(&arena, 100000);
	cr_assert_eq(message_result_decode(slice_of(body.ptr, body.len), &arena,
					   &got, NULL),
		     0);
	cr_expect_not(got.ok);
	cr_expect(got.last);
	expect_same_error(&got.err, &full_error);
	arena_release(&arena);
	torment(body, decode_result, "RESULT with an error");
}

/* What would break a reply, or say what only the master may say. */
static const struct {
	const char *name;
	const char *json;
	enum err_code code;
	const char *message;
} hostile_results[] = {
	{"no JSON", "", ERR_NONE, ""},
	{"an array", "[]", ERR_NONE, ""},
	{"two values", "{}{}", ERR_NONE, ""},
	{"a way out", "{},\"status\":\"ok\"", ERR_NONE, ""},
	{"cut", "{\"a\":", ERR_NONE, ""},
	{"not UTF-8", "{\"a\":\"\xff\"}", ERR_NONE, ""},
	{"timeout", NULL, ERR_TIMEOUT, "x"},
	{"crashed", NULL, ERR_CRASHED, "x"},
	{"bad task", NULL, ERR_BAD_TASK, "x"},
	{"expired", NULL, ERR_EXPIRED, "x"},
	{"a message that is not UTF-8", NULL, ERR_LIMIT, "\xff"},
	{"a message with a newline", NULL, ERR_LIMIT, "a\nb"},
};

Test(message_result, hostile_results_are_refused)
{
	struct arena arena;
	size_t i;

	arena_init(&arena, 100000);
	for (i = 0; i < COUNT(hostile_results); i++) {
		struct message_result result = {
			.number = 1,
			.ok = hostile_results[i].json != NULL,
			.json = slice_text(hostile_results[i].json),
			.err = {.code = hostile_results[i].code, .offset = -1},
		};
		struct body body;

		strcpy(result.err.message, hostile_results[i].message);
		body = result_body(&result);
		cr_expect_eq(
			decode_result(slice_of(body.ptr, body.len), &arena), -1,
			"%s", hostile_results[i].name);
		free(body.ptr);
	}
	arena_release(&arena);
}
