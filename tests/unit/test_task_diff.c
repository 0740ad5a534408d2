/*
 * The arguments of diff: what does not go together is an error that names the
 * argument; bad documents have a reason and a place; outputs are handed over.
 */
#include <criterion/criterion.h>

#include "diff_case.h"

/* --- Refusals ------------------------------------------------------------- */

/* `extra` joins old "a" and new "b"; an `extra` in braces is all there is. */
static const struct {
	const char *extra;
	enum err_code code;
	const char *field, *says;
} refused[] = {
	{"{\"old\":\"a\"}", ERR_BAD_ARGS, "args.new", "new"},
	{"\"colour\":1", ERR_BAD_ARGS, "args.colour", "no such argument"},
	{"\"format\":\"htm\"", ERR_BAD_ARGS, "args.format",
	 "text, html, xml, json, list"},
	{"\"output\":\"patch\"", ERR_BAD_ARGS, "args.output",
	 "unified, opcodes, inline, side_by_side or stats"},
	{"\"format\":\"html\",\"output\":\"unified\"", ERR_BAD_ARGS,
	 "args.output", "opcodes, inline or stats"},
	{"\"format\":\"xml\",\"output\":\"side_by_side\"", ERR_BAD_ARGS,
	 "args.output", "xml"},
	{"\"format\":\"json\",\"output\":\"inline\"", ERR_BAD_ARGS,
	 "args.output", "patch or merge_patch"},
	{"\"format\":\"list\",\"output\":\"patch\"", ERR_BAD_ARGS,
	 "args.output", "opcodes or stats"},
	{"\"format\":\"html\",\"unit\":\"word\"", ERR_BAD_ARGS, "args.unit",
	 "only for text"},
	{"\"unit\":\"word\"", ERR_BAD_ARGS, "args.unit", "lines"},
	{"\"unit\":\"char\",\"output\":\"side_by_side\"", ERR_BAD_ARGS,
	 "args.unit", "lines"},
	{"\"unit\":\"char\",\"output\":\"stats\",\"ignore\":[\"blank_lines\"]",
	 ERR_BAD_ARGS, "args.ignore", "unit line"},
	{"\"ignore\":[\"comments\"]", ERR_BAD_ARGS, "args.ignore", "comments"},
	{"\"ignore\":[\"blank_lines\"],\"format\":\"xml\"", ERR_BAD_ARGS,
	 "args.ignore", "blank_lines"},
	{"\"ignore\":[\"case\"],\"format\":\"json\"", ERR_BAD_ARGS,
	 "args.ignore", "text, html or xml"},
	{"\"ignore\":\"case\"", ERR_BAD_ARGS, "args.ignore", "array"},
	{"\"autojunk\":true", ERR_BAD_ARGS, "args.autojunk", "difflib"},
	{"\"autojunk\":false,\"output\":\"opcodes\",\"algorithm\":\"myers\"",
	 ERR_BAD_ARGS, "args.autojunk", "difflib"},
	{"\"junk\":[1]", ERR_BAD_ARGS, "args.junk", "only for list"},
	{"{\"format\":\"list\",\"old\":[],\"new\":[],\"junk\":1}", ERR_BAD_ARGS,
	 "args.junk", "array"},
	{"{\"format\":\"list\",\"old\":[],\"new\":[],\"junk\":[1],"
	 "\"algorithm\":\"myers\"}",
	 ERR_BAD_ARGS, "args.junk", "difflib"},
	{"\"context\":-1", ERR_BAD_ARGS, "args.context", "between"},
	{"\"context\":1.5", ERR_BAD_ARGS, "args.context", "integer"},
	{"\"context\":1,\"output\":\"inline\"", ERR_BAD_ARGS, "args.context",
	 "unified or side_by_side"},
	{"\"old_label\":\"a\\nb\"", ERR_BAD_ARGS, "args.old_label",
	 "line ends"},
	{"\"new_date\":\"a\\u0000\"", ERR_BAD_ARGS, "args.new_date", "NUL"},
	{"\"format\":\"html\",\"compat\":\"htmldiff\",\"algorithm\":\"myers\"",
	 ERR_BAD_ARGS, "args.algorithm", "difflib"},
	{"\"format\":\"html\",\"compat\":\"htmldiff\",\"ignore\":[\"case\"]",
	 ERR_BAD_ARGS, "args.ignore", "compat"},
	{"\"max_work\":1000000000000000000", ERR_BAD_ARGS, "args.max_work",
	 "1000000000000000000 is not between 1 and 9007199254740992"},
	{"\"dialect\":\"git\",\"output\":\"stats\"", ERR_BAD_ARGS,
	 "args.dialect", "unified"},
	{"\"entities\":true", ERR_BAD_ARGS, "args.entities", "xml"},
	{"\"compat\":\"htmldiff\"", ERR_BAD_ARGS, "args.compat", "html"},
	{"\"arrays\":\"id\"", ERR_BAD_ARGS, "args.arrays", "json"},
	{"\"events\":true", ERR_BAD_ARGS, "args.events", "html or xml"},
	{"\"max_work\":0", ERR_BAD_ARGS, "args.max_work", "between"},
	{"{\"old\":[1],\"new\":\"b\"}", ERR_BAD_ARGS, "args.old", "string"},
	{"{\"old\":\"a\",\"new\":null}", ERR_BAD_ARGS, "args.new", ""},
	{"{\"format\":\"list\",\"old\":{},\"new\":[]}", ERR_BAD_ARGS,
	 "args.old", "an object"},
	{"{\"format\":\"xml\",\"old\":\"<a>\\u0000</a>\",\"new\":\"<a/>\"}",
	 ERR_BAD_INPUT, "old", "column 4: a NUL"},
	{"{\"format\":\"json\",\"old\":{\"a\":1,\"a\":2},\"new\":1}",
	 ERR_BAD_ARGS, "args.old", "twice"},
};

Test(task_diff, refusals)
{
	for (size_t n = 0; n < sizeof(refused) / sizeof(*refused); n++) {
		const char *extra = refused[n].extra;
		struct diff_case c;

		diff_case_init(&c);
		buf_printf(&c.args,
			   *extra == '{' ? "%s"
					 : "{\"old\":\"a\",\"new\":\"b\",%s}",
			   extra);
		cr_assert_eq(diff_case_run(&c), -1, "%s is taken", extra);
		cr_expect_eq(c.err.code, refused[n].code, "%s: %s", extra,
			     c.err.message);
		cr_expect_str_eq(c.err.field, refused[n].field, "%s: %s", extra,
				 c.err.message);
		cr_expect(strstr(c.err.message, refused[n].says), "%s: %s",
			  extra, c.err.message);
		diff_case_release(&c);
	}
}

/* --- Bad documents -------------------------------------------------------- */

static const struct {
	const char *args;
	enum err_code code;
	const char *reason;
	long offset;
} malformed[] = {
	{"{\"old_base64\":\"YWL/\",\"new\":\"\"}", ERR_BAD_INPUT, "encoding",
	 2},
	{"{\"old\":\"\",\"new_base64\":\"7aCA\"}", ERR_BAD_INPUT, "encoding",
	 0},
	{"{\"format\":\"json\",\"old\":\"{\",\"new\":1}", ERR_BAD_INPUT,
	 "truncated", 1},
	{"{\"format\":\"json\",\"old\":\"[1 2]\",\"new\":1}", ERR_BAD_INPUT,
	 "syntax", 3},
	{"{\"format\":\"json\",\"old\":\"1 1\",\"new\":1}", ERR_BAD_INPUT,
	 "trailing", 2},
	{"{\"format\":\"json\",\"old\":\"{\\\"a\\\":1,\\\"a\\\":1}\","
	 "\"new\":1}",
	 ERR_BAD_INPUT, "duplicate", 7},
	{"{\"format\":\"list\",\"old\":\"{}\",\"new\":[]}", ERR_BAD_INPUT,
	 "type", -1},
	{"{\"format\":\"json\",\"old\":1,\"new\":{\"a\":null},"
	 "\"output\":\"merge_patch\"}",
	 ERR_UNSUPPORTED, "null", -1},
	{"{\"format\":\"json\",\"old\":1,\"new\":[],\"output\":\"opcodes\"}",
	 ERR_UNSUPPORTED, "array", -1},
};

Test(task_diff, bad_documents)
{
	for (size_t n = 0; n < sizeof(malformed) / sizeof(*malformed); n++) {
		struct diff_case c;

		cr_assert_eq(diff_case_run_text(&c, malformed[n].args), -1,
			     "%s is taken", malformed[n].args);
		cr_expect_eq(c.err.code, malformed[n].code, "%s: %s",
			     malformed[n].args, c.err.message);
		cr_expect_str_eq(c.err.reason, malformed[n].reason, "%s: %s",
				 malformed[n].args, c.err.message);
		cr_expect_eq((long)c.err.offset, malformed[n].offset, "%s: %ld",
			     malformed[n].args, (long)c.err.offset);
		diff_case_release(&c);
	}
}

/* A value as text that is nested too deep, and one that is as deep as may be. */
Test(task_diff, depth)
{
	static const int depths[] = {1000, 1001, 50000};

	for (size_t n = 0; n < 3; n++) {
		struct diff_case c;
		struct buf deep;

		buf_init(&deep, 1 << 20);
		for (int k = 0; k < depths[n]; k++)
			buf_add_char(&deep, '[');
		for (int k = 0; k < depths[n]; k++)
			buf_add_char(&deep, ']');
		diff_case_init(&c);
		diff_case_text(&c, "format", SLICE("json"));
		diff_case_text(&c, "old", buf_slice(&deep));
		diff_case_raw(&c, "new", SLICE("[[[1]]]"));
		cr_expect_eq(diff_case_run(&c), n ? -1 : 0, "%s",
			     c.err.message);
		cr_expect_str_eq(c.err.limit, n ? "depth" : "");
		cr_expect_eq(c.err.code, n ? ERR_LIMIT : ERR_NONE);
		diff_case_release(&c);
		buf_release(&deep);
	}
}

/* --- Limits and outputs --------------------------------------------------- */

static int run_with(const char *args, const struct task_setting_pair *pair,
		    struct task_output *output, struct buf *result,
		    struct err *err)
{
	static const struct task *const table[] = {&task_diff, NULL};
	struct arena arena;
	struct task_call call = {.args = slice_text(args),
				 .arena = &arena,
				 .outputs = output,
				 .output_count = output ? 1 : 0};
	int status;

	arena_init(&arena, CASE_MEMORY);
	call.settings =
		task_settings_new(&arena, table, pair, pair ? 1 : 0, err);
	cr_assert(call.settings, "%s", err->message);
	status = task_run(&task_diff, &call, result, err);
	arena_release(&arena);
	return status;
}

Test(task_diff, limits_of_the_configuration)
{
	static const struct task_setting_pair bytes = {
		SLICE("diff"), SLICE("max_bytes"), SLICE("4")};
	struct buf result;
	struct err err = ERR_INIT;

	buf_init(&result, 1 << 20);
	cr_expect_eq(run_with("{\"old\":\"12345\",\"new\":\"\"}", &bytes, NULL,
			      &result, &err),
		     -1);
	cr_expect_eq(err.code, ERR_LIMIT);
	cr_expect_str_eq(err.limit, "bytes");
	cr_expect_eq(err.value, 5);
	cr_expect_eq(run_with("{\"old\":\"1234\",\"new\":\"\"}", &bytes, NULL,
			      &result, &err),
		     0);
	buf_release(&result);
}

Test(task_diff, memory)
{
	static const struct task_setting_pair memory = {
		SLICE("diff"), SLICE("max_memory"), SLICE("1M")};
	static const char *const formats[] = {
		"\"unit\":\"char\",\"output\":\"stats\"",
		"\"output\":\"inline\"", "\"format\":\"json\"",
		"\"format\":\"list\""};
	struct err err = ERR_INIT;
	struct buf args, result;

	buf_init(&args, 1 << 24);
	for (size_t n = 0; n < 4; n++) {
		buf_init(&result, 1 << 24);
		buf_clear(&args);
		buf_printf(&args, "{%s,\"old\":\"[1", formats[n]);
		for (int k = 0; k < 100000; k++)
			buf_printf(&args, n < 2 ? "%d\\n" : ",%d", k);
		buf_add_text(&args, "]\",\"new\":\"[]\"}");
		buf_add_char(&args, '\0');
		cr_expect_eq(run_with(args.ptr, &memory, NULL, &result, &err),
			     -1, "%s", formats[n]);
		cr_expect_eq(err.code, ERR_LIMIT, "%s: %s", formats[n],
			     err.message);
		cr_expect_str_eq(err.limit, "memory");
		buf_release(&result);
	}
	buf_release(&args);
}

Test(task_diff, output_elsewhere)
{
	struct task_output output = {.name = SLICE("diff"),
				     .kind = TASK_OUTPUT_KEY,
				     .target = SLICE("k:1")};
	struct buf result;
	struct err err = ERR_INIT;

	buf_init(&result, 1 << 20);
	buf_init(&output.bytes, 1 << 20);
	cr_assert_eq(run_with("{\"old\":\"a\\n\",\"new\":\"b\\n\"}", NULL,
			      &output, &result, &err),
		     0, "%s", err.message);
	cr_expect(output.used);
	cr_expect(slice_is(buf_slice(&output.bytes),
			   "--- old\n+++ new\n@@ -1 +1 @@\n-a\n+b\n"));
	buf_add_char(&result, '\0');
	cr_expect(strstr(result.ptr, "\"diff\":{\"key\":\"k:1\",\"bytes\":"),
		  "%s", result.ptr);
	/* What makes no byte string cannot go anywhere else. */
	output.used = false;
	buf_clear(&result);
	cr_expect_eq(run_with("{\"old\":\"a\",\"new\":\"b\","
			      "\"output\":\"stats\"}",
			      NULL, &output, &result, &err),
		     -1);
	cr_expect_str_eq(err.field, "outputs.diff");
	buf_release(&output.bytes);
	buf_release(&result);
}
