/*
 * Arguments by a table: what is taken, what is refused and in which words.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "cherry/task.h"
#include "task/task_settings.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum row { TEXT, FLAG, COUNT_ROW, RATIO, FORMAT, IGNORE, OLD, DATA, TREE, RAW };

static const struct task_arg table[] = {
	{.name = "text", .type = ARG_TEXT, .fallback = "none"},
	{.name = "flag", .type = ARG_BOOL, .fallback = "true"},
	{.name = "count", .type = ARG_INTEGER, .fallback = "3", .max = 100},
	{.name = "ratio", .type = ARG_NUMBER, .min = -1, .max = 1},
	{.name = "format",
	 .type = ARG_CHOICE,
	 .fallback = "html",
	 .choices = "text html xml json list"},
	{.name = "ignore",
	 .type = ARG_CHOICES,
	 .choices = "whitespace case blank_lines"},
	{.name = "old", .type = ARG_BYTES},
	{.name = "data", .type = ARG_BYTES_JSON},
	{.name = "tree", .type = ARG_JSON},
	{.name = "raw", .type = ARG_RAW},
	{.type = ARG_END},
};

static struct arena arena;

static int read_args(const struct task_arg *rows, const char *args,
		     const struct task_input *inputs, size_t input_count,
		     struct task_value *values, struct err *err)
{
	struct task_call call = {
		.args = slice_text(args),
		.inputs = inputs,
		.input_count = input_count,
		.arena = &arena,
	};

	arena_init(&arena, 1 << 20);
	return task_args_read(rows, &call, values, err);
}

#define EXPECT_SLICE(slice, text)                                              \
	cr_expect(slice_is(slice, text), "%.*s is not %s", (int)(slice).len,   \
		  (slice).ptr, text)

Test(args, defaults)
{
	struct task_value v[COUNT(table)];

	cr_assert_eq(read_args(table, " { } ", NULL, 0, v, NULL), 0);
	EXPECT_SLICE(v[TEXT].text, "none");
	cr_expect_not(v[TEXT].given);
	cr_expect_eq(v[FLAG].integer, 1);
	cr_expect_eq(v[COUNT_ROW].integer, 3);
	cr_expect_eq(v[FORMAT].integer, 1);
	EXPECT_SLICE(v[FORMAT].text, "html");
	cr_expect_eq(v[IGNORE].bits, 0);
	cr_expect_not(v[OLD].given);
	cr_expect_eq(v[OLD].text.len, 0);
	arena_release(&arena);
}

Test(args, values)
{
	struct task_value v[COUNT(table)];
	static const char args[] =
		"{\"text\":\"a\\u00e9\\n\",\"flag\":false,\"count\":100,"
		"\"ratio\":-2.5e-1,\"f\\u006frmat\":\"list\","
		"\"ignore\":[\"case\",\"blank_lines\",\"case\"],"
		"\"old_base64\":\"AP8=\",\"data\":[1, 2.50],"
		"\"tree\":{\"a\":null},\"raw\":{\"a\":1,\"a\":1.00}}";

	cr_assert_eq(read_args(table, args, NULL, 0, v, NULL), 0);
	EXPECT_SLICE(v[TEXT].text, "a\xc3\xa9\n");
	cr_expect(v[TEXT].given);
	cr_expect_eq(v[FLAG].integer, 0);
	cr_expect_eq(v[COUNT_ROW].integer, 100);
	cr_expect_eq(v[RATIO].number, -0.25);
	cr_expect_eq(v[FORMAT].integer, 4);
	cr_expect_eq(v[IGNORE].bits, 6);
	cr_assert_eq(v[OLD].text.len, 2);
	cr_expect_eq(memcmp(v[OLD].text.ptr, "\0\xff", 2), 0);
	EXPECT_SLICE(v[DATA].raw, "[1, 2.50]");
	cr_assert(v[DATA].node);
	cr_expect_eq(v[DATA].node->count, 2);
	cr_assert(v[TREE].node);
	cr_expect_eq(v[TREE].node->child->type, JSON_NULL);
	EXPECT_SLICE(v[RAW].raw, "{\"a\":1,\"a\":1.00}");
	arena_release(&arena);
}

/* A string without escapes is not copied. */
Test(args, plain_text_stays_where_it_is)
{
	struct task_value v[COUNT(table)];
	static const char args[] = "{\"text\":\"plain\"}";

	cr_assert_eq(read_args(table, args, NULL, 0, v, NULL), 0);
	cr_expect(v[TEXT].text.ptr == args + 9);
	arena_release(&arena);
}

Test(args, byte_strings_from_three_places)
{
	static const struct task_input inputs[] = {
		{SLICE("old"), {"\x89PNG", 4}}};
	struct task_value v[COUNT(table)];

	cr_assert_eq(
		read_args(table, "{\"data\":\"text\"}", inputs, 1, v, NULL), 0);
	cr_expect_eq(v[OLD].text.len, 4);
	cr_expect(v[OLD].given);
	EXPECT_SLICE(v[DATA].text, "text");
	cr_expect_eq(v[DATA].raw.len, 0, "text is no JSON value");
	arena_release(&arena);
}

static const struct {
	const char *args;
	const char *field;
	const char *message; /* whole */
} bad[] = {
	{"{\"format\":\"htm\"}", "args.format",
	 "args.format: \"htm\" is not one of text, html, xml, json, list"},
	{"{\"format\":\"\"}", "args.format",
	 "args.format: \"\" is not one of text, html, xml, json, list"},
	{"{\"format\":1}", "args.format",
	 "args.format: a text is needed, not a number"},
	{"{\"format\":null}", "args.format",
	 "args.format: a text is needed, not null"},
	{"{\"text\":[]}", "args.text",
	 "args.text: a text is needed, not an array"},
	{"{\"text\":null}", "args.text",
	 "args.text: a text is needed, not null"},
	{"{\"text\":\"\\ud800\"}", "args.text",
	 "args.text: JSON: half of a surrogate pair in a string"},
	{"{\"flag\":1}", "args.flag",
	 "args.flag: true or false is needed, not a number"},
	{"{\"flag\":\"true\"}", "args.flag",
	 "args.flag: true or false is needed, not a text"},
	{"{\"count\":\"3\"}", "args.count",
	 "args.count: an integer is needed, not a text"},
	{"{\"count\":1.5}", "args.count",
	 "args.count: 1.5 is not an integer of 64 bits"},
	{"{\"count\":1e30}", "args.count",
	 "args.count: 1e30 is not an integer of 64 bits"},
	{"{\"count\":101}", "args.count",
	 "args.count: 101 is not between 0 and 100"},
	{"{\"count\":-1}", "args.count",
	 "args.count: -1 is not between 0 and 100"},
	{"{\"ratio\":1.01}", "args.ratio",
	 "args.ratio: 1.01 is not between -1 and 1"},
	{"{\"ratio\":1e999}", "args.ratio",
	 "args.ratio: 1e999 is too large for a double"},
	{"{\"ratio\":true}", "args.ratio",
	 "args.ratio: a number is needed, not a boolean"},
	{"{\"ignore\":\"case\"}", "args.ignore",
	 "args.ignore: an array of texts is needed, not a text"},
	{"{\"ignore\":[\"case\",2]}", "args.ignore[1]",
	 "args.ignore[1]: a text is needed, not a number"},
	{"{\"ignore\":[\"caes\"]}", "args.ignore[0]",
	 "args.ignore[0]: \"caes\" is not one of whitespace, case, "
	 "blank_lines"},
	{"{\"old\":5}", "args.old", "args.old: a text is needed, not a number"},
	{"{\"old_base64\":\"AP8=!\"}", "args.old_base64",
	 "args.old_base64: not base64 at byte 4"},
	{"{\"old_base64\":5}", "args.old_base64",
	 "args.old_base64: base64 in a text is needed, not a number"},
	{"{\"old\":\"\",\"old_base64\":\"\"}", "args.old_base64",
	 "args.old_base64: old is given twice"},
	{"{\"old\":\"\",\"old\":\"\"}", "args.old",
	 "args.old: old is given twice"},
	{"{\"count\":1,\"c\\u006funt\":1}", "args.count",
	 "args.count: count is given twice"},
	{"{\"tree\":[{\"a\":1,\"a\":2}]}", "args.tree",
	 "args.tree: JSON: the member \"a\" is given twice"},
	{"{\"data\":{\"a\":1,\"a\":2}}", "args.data",
	 "args.data: JSON: the member \"a\" is given twice"},
	{"{\"formt\":\"text\"}", "args.formt",
	 "args.formt: there is no such argument; did you mean \"format\"?"},
	{"{\"Count\":1}", "args.Count",
	 "args.Count: there is no such argument; did you mean \"count\"?"},
	{"{\"zebra\":1}", "args.zebra",
	 "args.zebra: there is no such argument"},
	{"{\"count_base64\":\"\"}", "args.count_base64",
	 "args.count_base64: there is no such argument"},
	{"{\"_base64\":\"\"}", "args._base64",
	 "args._base64: there is no such argument"},
	{"{\"a\\u0000\":1}", "args.a?", "args.a?: there is no such argument"},
};

Test(args, refusals)
{
	struct task_value v[COUNT(table)];
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		struct err err = ERR_INIT;

		cr_expect_eq(read_args(table, bad[i].args, NULL, 0, v, &err),
			     -1, "%s", bad[i].args);
		cr_expect_eq(err.code, ERR_BAD_ARGS, "%s", bad[i].args);
		cr_expect_str_eq(err.field, bad[i].field);
		cr_expect_str_eq(err.message, bad[i].message);
		arena_release(&arena);
	}
}

Test(args, what_is_no_object_is_refused)
{
	static const char *const texts[] = {"[]", "1",	     "",
					    "{",  "{\"a\"}", "{}x"};
	struct task_value v[COUNT(table)];
	size_t i;

	for (i = 0; i < COUNT(texts); i++) {
		struct err err = ERR_INIT;

		cr_expect_eq(read_args(table, texts[i], NULL, 0, v, &err), -1,
			     "%s", texts[i]);
		cr_expect_eq(err.code, ERR_BAD_ARGS, "%s", texts[i]);
		cr_expect_str_eq(err.field, "args");
		arena_release(&arena);
	}
}

static const struct {
	const char *args;
	const char *input;
	const char *field;
	const char *message;
} bad_inputs[] = {
	{"{\"old\":\"x\"}", "old", "inputs.old",
	 "inputs.old: old is given twice"},
	{"{}", "new", "inputs.new",
	 "inputs.new: the task takes no byte string of that name"},
	{"{}", "text", "inputs.text",
	 "inputs.text: the task takes no byte string of that name"},
	{"{}", "dat", "inputs.dat",
	 "inputs.dat: the task takes no byte string of that name; did you mean "
	 "\"data\"?"},
};

Test(args, inputs_that_are_refused)
{
	struct task_value v[COUNT(table)];
	size_t i;

	for (i = 0; i < COUNT(bad_inputs); i++) {
		struct task_input input = {slice_text(bad_inputs[i].input),
					   SLICE("x")};
		struct err err = ERR_INIT;

		cr_expect_eq(read_args(table, bad_inputs[i].args, &input, 1, v,
				       &err),
			     -1);
		cr_expect_eq(err.code, ERR_BAD_ARGS);
		cr_expect_str_eq(err.field, bad_inputs[i].field);
		cr_expect_str_eq(err.message, bad_inputs[i].message);
		arena_release(&arena);
	}
}

static const struct task_arg needs[] = {
	{.name = "width", .type = ARG_INTEGER, .required = true},
	{.name = "image", .type = ARG_BYTES, .required = true},
	{.type = ARG_END},
};

Test(args, what_is_required_must_be_there)
{
	struct task_value v[COUNT(needs)];
	struct err err = ERR_INIT;

	cr_expect_eq(read_args(needs, "{}", NULL, 0, v, &err), -1);
	cr_expect_str_eq(err.field, "args.width");
	cr_expect_str_eq(err.message, "args.width: it is required");
	cr_expect_eq(read_args(needs, "{\"width\":1}", NULL, 0, v, &err), -1);
	cr_expect_str_eq(err.message,
			 "args.image: it is required, as args.image, "
			 "args.image_base64 or inputs.image");
	cr_expect_eq(read_args(needs, "{\"width\":1,\"image_base64\":\"\"}",
			       NULL, 0, v, &err),
		     0);
	arena_release(&arena);
}

/* Decoding must not take more than the call may have. */
Test(args, memory_is_a_limit_and_no_crash)
{
	static char args[4000];
	struct task_value v[COUNT(table)];
	struct err err = ERR_INIT;
	struct task_call call = {.arena = &arena};
	size_t len = 0;

	len += (size_t)sprintf(args, "{\"tree\":[");
	while (len < sizeof(args) - 10)
		len += (size_t)sprintf(args + len, "1,");
	sprintf(args + len, "1]}");
	call.args = slice_text(args);
	arena_init(&arena, 2000);
	cr_expect_eq(task_args_read(table, &call, v, &err), -1);
	cr_expect_eq(err.code, ERR_LIMIT);
	cr_expect_str_eq(err.limit, "memory");
	arena_release(&arena);
}

/* --- Objects inside -------------------------------------------------------- */

static const struct task_arg signer[] = {
	{.name = "salt", .type = ARG_TEXT, .fallback = "itsdangerous"},
	{.name = "max_age", .type = ARG_NUMBER},
	{.name = "keys", .type = ARG_JSON},
	{.type = ARG_END},
};

static int read_signer(const char *text, struct task_value *values,
		       struct err *err)
{
	struct json_node *node;

	arena_init(&arena, 1 << 20);
	node = json_parse(&arena, slice_text(text), 100, true, NULL);
	cr_assert(node, "%s", text);
	return task_args_read_node(signer, &arena, node, "args.signer", values,
				   err);
}

static const struct {
	const char *text;
	const char *message;
} bad_signers[] = {
	{"[]", "args.signer: an object is needed, not an array"},
	{"{\"salt\":1}", "args.signer.salt: a text is needed, not a number"},
	{"{\"sale\":\"x\"}",
	 "args.signer.sale: there is no such argument; did you mean \"salt\"?"},
	{"{\"salt_base64\":\"\"}",
	 "args.signer.salt_base64: there is no such argument"},
	{"{\"salt\":\"\\ud800\"}", "args.signer.salt: JSON: half of a "
				   "surrogate pair in a string"},
};

Test(args, objects_inside)
{
	struct task_value v[COUNT(signer)];
	size_t i;

	cr_assert_eq(read_signer("{\"salt\":\"a\\tb\",\"max_age\":1e2,"
				 "\"keys\":[1]}",
				 v, NULL),
		     0);
	EXPECT_SLICE(v[0].text, "a\tb");
	cr_expect_eq(v[1].number, 100);
	cr_expect_eq(v[2].node->count, 1);
	arena_release(&arena);
	cr_assert_eq(read_signer("{}", v, NULL), 0);
	EXPECT_SLICE(v[0].text, "itsdangerous");
	arena_release(&arena);
	for (i = 0; i < COUNT(bad_signers); i++) {
		struct err err = ERR_INIT;

		cr_expect_eq(read_signer(bad_signers[i].text, v, &err), -1);
		cr_expect_eq(err.code, ERR_BAD_ARGS);
		cr_expect_str_eq(err.message, bad_signers[i].message);
		arena_release(&arena);
	}
}
