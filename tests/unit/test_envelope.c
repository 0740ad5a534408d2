/*
 * The envelope: each member of the protocol's table against wrong types, wrong
 * ranges, doubles and strangers; what is no task at all; what is kept.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "master/envelope.h"

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, 16 << 20);
}

static void teardown(void)
{
	arena_release(&arena);
}

TestSuite(envelope, .init = setup, .fini = teardown);

static int parse(const char *text, struct envelope *envelope, struct err *err)
{
	*err = (struct err)ERR_INIT;
	return envelope_parse(envelope, slice_text(text), &arena, err);
}

/* --- Faults of members ------------------------------------------------------ */

struct fault {
	const char *json;
	const char *field;
};

static const struct fault faults[] = {
	/* Wrong types; null is one everywhere but in context. */
	{"{\"task\":1}", "task"},
	{"{\"task\":null}", "task"},
	{"{\"task\":[\"echo\"]}", "task"},
	{"{\"task\":\"\"}", "task"},
	{"{\"task\":\"e\",\"args\":[]}", "args"},
	{"{\"task\":\"e\",\"args\":\"{}\"}", "args"},
	{"{\"task\":\"e\",\"args\":null}", "args"},
	{"{\"task\":\"e\",\"id\":null}", "id"},
	{"{\"task\":\"e\",\"id\":true}", "id"},
	{"{\"task\":\"e\",\"id\":[]}", "id"},
	{"{\"task\":\"e\",\"id\":{}}", "id"},
	{"{\"task\":\"e\",\"reply_to\":7}", "reply_to"},
	{"{\"task\":\"e\",\"reply_to\":null}", "reply_to"},
	{"{\"task\":\"e\",\"reply_to\":\"\"}", "reply_to"},
	{"{\"task\":\"e\",\"reply_to\":\"\\ud800\"}", "reply_to"},
	{"{\"task\":\"e\",\"unique\":1}", "unique"},
	{"{\"task\":\"e\",\"unique\":\"\"}", "unique"},
	{"{\"task\":\"e\",\"unique\":null}", "unique"},
	/* Whole numbers. */
	{"{\"task\":\"e\",\"reply_ttl\":\"60\"}", "reply_ttl"},
	{"{\"task\":\"e\",\"reply_ttl\":0}", "reply_ttl"},
	{"{\"task\":\"e\",\"reply_ttl\":-1}", "reply_ttl"},
	{"{\"task\":\"e\",\"reply_ttl\":1.5}", "reply_ttl"},
	{"{\"task\":\"e\",\"reply_ttl\":null}", "reply_ttl"},
	{"{\"task\":\"e\",\"reply_ttl\":99999999999999999999}", "reply_ttl"},
	{"{\"task\":\"e\",\"retries\":-1}", "retries"},
	{"{\"task\":\"e\",\"retries\":0.5}", "retries"},
	{"{\"task\":\"e\",\"retries\":\"2\"}", "retries"},
	{"{\"task\":\"e\",\"retries\":true}", "retries"},
	/* Times: finite and not negative. */
	{"{\"task\":\"e\",\"timeout\":0}", "timeout"},
	{"{\"task\":\"e\",\"timeout\":-1}", "timeout"},
	{"{\"task\":\"e\",\"timeout\":1e400}", "timeout"},
	{"{\"task\":\"e\",\"timeout\":\"1\"}", "timeout"},
	{"{\"task\":\"e\",\"timeout\":null}", "timeout"},
	{"{\"task\":\"e\",\"delay\":-0.1}", "delay"},
	{"{\"task\":\"e\",\"delay\":1e999}", "delay"},
	{"{\"task\":\"e\",\"delay\":[]}", "delay"},
	{"{\"task\":\"e\",\"not_before\":-5}", "not_before"},
	{"{\"task\":\"e\",\"not_before\":\"now\"}", "not_before"},
	{"{\"task\":\"e\",\"sent_at\":-1}", "sent_at"},
	{"{\"task\":\"e\",\"sent_at\":null}", "sent_at"},
	{"{\"task\":\"e\",\"expires\":-1}", "expires"},
	{"{\"task\":\"e\",\"expires\":false}", "expires"},
	/* Places. */
	{"{\"task\":\"e\",\"inputs\":[]}", "inputs"},
	{"{\"task\":\"e\",\"inputs\":null}", "inputs"},
	{"{\"task\":\"e\",\"inputs\":{\"a\":\"k\"}}", "inputs.a"},
	{"{\"task\":\"e\",\"inputs\":{\"a\":{}}}", "inputs.a"},
	{"{\"task\":\"e\",\"inputs\":{\"a\":{\"key\":1}}}", "inputs.a"},
	{"{\"task\":\"e\",\"inputs\":{\"a\":{\"kye\":\"k\"}}}", "inputs.a"},
	{"{\"task\":\"e\",\"inputs\":{\"a\":{\"key\":\"k\",\"file\":\"f\"}}}",
	 "inputs.a"},
	{"{\"task\":\"e\",\"inputs\":{\"a\":{\"key\":\"k\",\"key\":\"k\"}}}",
	 "inputs.a"},
	{"{\"task\":\"e\",\"inputs\":{\"a\":{\"key\":\"k\",\"ttl\":1}}}",
	 "inputs.a"},
	{"{\"task\":\"e\",\"inputs\":{\"a\":{\"base64\":\"%%\"}}}", "inputs.a"},
	{"{\"task\":\"e\",\"inputs\":{\"a\":{\"key\":\"k\"},\"a\":"
	 "{\"key\":\"k\"}}}",
	 "inputs.a"},
	{"{\"task\":\"e\",\"outputs\":{\"a\":{\"base64\":\"\"}}}", "outputs.a"},
	{"{\"task\":\"e\",\"outputs\":{\"a\":{\"ttl\":5}}}", "outputs.a"},
	{"{\"task\":\"e\",\"outputs\":{\"a\":{\"key\":\"k\",\"ttl\":0}}}",
	 "outputs.a"},
	{"{\"task\":\"e\",\"outputs\":{\"a\":{\"key\":\"k\",\"ttl\":1.5}}}",
	 "outputs.a"},
	{"{\"task\":\"e\",\"outputs\":{\"a\":{\"file\":\"f\",\"ttl\":1}}}",
	 "outputs.a"},
	{"{\"task\":\"e\",\"outputs\":7}", "outputs"},
	/* Strangers and doubles. */
	{"{\"task\":\"e\",\"ags\":{}}", "ags"},
	{"{\"task\":\"e\",\"Task\":\"e\"}", "Task"},
	{"{\"task\":\"e\",\"\":1}", "\"\""},
	{"{\"task\":\"e\",\"task\":\"e\"}", "task"},
	{"{\"task\":\"e\",\"t\\u0061sk\":\"e\"}", "task"},
	{"{\"task\":\"e\",\"args\":{},\"args\":{}}", "args"},
	{"{\"task\":\"e\",\"context\":1,\"context\":1}", "context"},
	{"{\"task\":\"e\",\"id\":1,\"id\":1}", "id"},
	{"{\"task\":\"e\",\"x_a\":1,\"x_a\":2}", "x_a"},
};

Test(envelope, faults_name_the_member)
{
	size_t i;

	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct envelope envelope;
		struct err err;
		int status = parse(faults[i].json, &envelope, &err);

		cr_expect_eq(status, -1, "%s was taken", faults[i].json);
		cr_expect_eq(err.code, ERR_BAD_TASK, "%s: code %s",
			     faults[i].json, err_code_name(err.code));
		cr_expect_str_eq(err.field, faults[i].field, "%s: field %s",
				 faults[i].json, err.field);
		cr_expect_gt(strlen(err.message), 5, "%s: no message",
			     faults[i].json);
	}
}

/* --- What is no task -------------------------------------------------------- */

static const char *const no_tasks[] = {
	"",
	" ",
	"null",
	"7",
	"\"task\"",
	"[]",
	"{",
	"}",
	"{]",
	"{\"task\":\"e\"",
	"{\"a\" 1}",
	"{} x",
	"{}{}",
	"{'a':1}",
	"{\"a\":01}",
	"{\"a\":+1}",
	"{a:1}",
	"{\"a\":\"\x01\"}",
	"{\"a\":nul}",
	"{\"a\":1,}",
	"{\"a\":\"\xff\"}",
	"{\"reply_to\":\"r\",\"a\":\"\xc0\x80\"}",
	"{\"a\":\"\\x\"}",
	"\xef\xbb\xbf{}",
	"{\"a\":[1,2}}",
};

Test(envelope, no_task_is_bad_json_and_nothing_of_it_is_believed)
{
	size_t i;

	for (i = 0; i < sizeof(no_tasks) / sizeof(no_tasks[0]); i++) {
		struct envelope envelope;
		struct err err;

		cr_expect_eq(parse(no_tasks[i], &envelope, &err), -1,
			     "\"%s\" was taken", no_tasks[i]);
		cr_expect_eq(err.code, ERR_BAD_JSON, "\"%s\": code %s",
			     no_tasks[i], err_code_name(err.code));
		cr_expect_eq(envelope.reply_to.len, 0, "\"%s\": reply_to",
			     no_tasks[i]);
	}
	/* A NUL is a byte like others, and no end. */
	{
		struct envelope envelope;
		struct err err = ERR_INIT;

		cr_expect_eq(envelope_parse(&envelope,
					    slice_of("{\"task\":\"e\"}\0", 13),
					    &arena, &err),
			     -1);
		cr_expect_eq(err.code, ERR_BAD_JSON);
	}
}

/* An element of `depth` brackets in all, the outer object among them. */
static int parse_depth(size_t depth, struct err *err)
{
	struct envelope envelope;
	size_t inner = depth - 1, i;
	char *text = malloc(2 * depth + 64), *at = text;
	int status;

	at += sprintf(at, "{\"task\":\"e\",\"context\":");
	for (i = 0; i < inner; i++)
		*at++ = '[';
	for (i = 0; i < inner; i++)
		*at++ = ']';
	*at++ = '}';
	*at = '\0';
	status = parse(text, &envelope, err);
	free(text);
	return status;
}

Test(envelope, depth_is_512)
{
	struct err err;

	cr_expect_eq(parse_depth(512, &err), 0, "%s", err.message);
	cr_expect_eq(parse_depth(513, &err), -1);
	cr_expect_eq(err.code, ERR_BAD_JSON);
	cr_expect_eq(parse_depth(100000, &err), -1);
	cr_expect_eq(err.code, ERR_BAD_JSON);
}

/* --- What is kept ----------------------------------------------------------- */

Test(envelope, everything_given_comes_out)
{
	struct envelope e;
	struct err err;

	cr_assert_eq(
		parse("{\"task\":\"di\\u0066f\",\"args\":{\"a\":1e400},"
		      "\"id\":123456789012345678901234567890,"
		      "\"reply_to\":\"r:1\",\"reply_ttl\":60,\"timeout\":1.5,"
		      "\"retries\":0,\"delay\":0,\"not_before\":5,"
		      "\"sent_at\":1700000000.25,\"expires\":9e9,"
		      "\"unique\":\"u\",\"context\":null,\"x_mine\":[null],"
		      "\"inputs\":{\"o\":{\"base64\":\"aGk=\"},"
		      "\"f\":{\"file\":\"a/b\"}},"
		      "\"outputs\":{\"d\":{\"key\":\"k\",\"ttl\":9}}}",
		      &e, &err),
		0, "%s", err.message);
	cr_expect(slice_is(e.task, "diff"));
	cr_expect(slice_is(e.args, "{\"a\":1e400}"));
	cr_expect(slice_is(e.id_raw, "123456789012345678901234567890"));
	cr_expect(slice_is(e.id, "123456789012345678901234567890"));
	cr_expect(slice_is(e.reply_to, "r:1"));
	cr_expect_eq(e.reply_ttl, 60);
	cr_expect_eq(e.timeout, 1.5);
	cr_expect_eq(e.retries, 0);
	cr_expect_eq(e.delay, 0);
	cr_expect_eq(e.not_before, 5);
	cr_expect_eq(e.sent_at, 1700000000.25);
	cr_expect_eq(e.expires, 9e9);
	cr_expect(slice_is(e.unique, "u"));
	cr_expect(slice_is(e.context, "null"));
	cr_assert_eq(e.input_count, 2);
	cr_expect(slice_is(e.inputs[0].name, "o"));
	cr_expect(slice_is(e.inputs[0].value, "hi"));
	cr_expect_eq(e.inputs[1].source, ENVELOPE_FILE);
	cr_assert_eq(e.output_count, 1);
	cr_expect(slice_is(e.outputs[0].target, "k"));
	cr_expect_eq(e.outputs[0].ttl, 9);
}

Test(envelope, absent_is_absent)
{
	struct envelope e;
	struct err err;

	cr_assert_eq(parse(" {} \n", &e, &err), 0);
	cr_expect_eq(e.task.len, 0);
	cr_expect(slice_is(e.args, "{}"));
	cr_expect_eq(e.id_raw.len, 0);
	cr_expect_eq(e.context.len, 0);
	cr_expect_eq(e.reply_ttl, -1);
	cr_expect_eq(e.retries, -1);
	cr_expect_lt(e.timeout, 0);
	cr_expect_lt(e.delay, 0);
	cr_expect_lt(e.expires, 0);
}

Test(envelope, ids_come_back_as_they_were_written)
{
	static const char *const ids[] = {
		"\"\"",
		"\"7\"",
		"7",
		"-0",
		"1e5",
		"1.50",
		"\"\\u00e9\"",
		"\"\xc3\xa9\"",
		"\"\\\"\"",
		"100000000000000000000000000000000000000000000001"};
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct envelope e;
		struct err err;
		char text[200];

		snprintf(text, sizeof(text), "{\"task\":\"e\",\"id\":%s}",
			 ids[i]);
		cr_expect_eq(parse(text, &e, &err), 0, "%s: %s", ids[i],
			     err.message);
		cr_expect(slice_is(e.id_raw, ids[i]), "%s", ids[i]);
	}
}

Test(envelope, a_fault_leaves_the_rest_to_answer_with)
{
	struct envelope e;
	struct err err;

	cr_assert_eq(parse("{\"nonsense\":1,\"id\":7,\"reply_to\":\"r\","
			   "\"context\":[1]}",
			   &e, &err),
		     -1);
	cr_expect_str_eq(err.field, "nonsense");
	cr_expect(slice_is(e.reply_to, "r"));
	cr_expect(slice_is(e.id_raw, "7"));
	cr_expect(slice_is(e.context, "[1]"));
}

Test(envelope, the_first_fault_is_told)
{
	struct envelope e;
	struct err err;

	cr_assert_eq(parse("{\"task\":1,\"retries\":-1}", &e, &err), -1);
	cr_expect_str_eq(err.field, "task");
}
