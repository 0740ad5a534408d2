/*
 * Programs as tasks: what goes in, what comes out, what their end means.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "exec/program.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
	arena_release(&arena);
}

/* --- Standard input -------------------------------------------------------- */

static const struct {
	const char *args;
	const char *input; /* as inputs.input; NULL: none */
	const char *want;  /* NULL: refused */
	const char *field;
} input_cases[] = {
	{"{}", NULL, "{}", NULL},
	{"{\"a\": 1.0}", NULL, "{\"a\": 1.0}", NULL},
	{"{\"input\":\"x\\ny\"}", NULL, "x\ny", NULL},
	{"{\"\\u0069nput\":\"x\"}", NULL, "x", NULL},
	{"{\"input\":\"\"}", NULL, "", NULL},
	{"{\"input_base64\":\"AQI=\"}", NULL, "\1\2", NULL},
	{"{}", "bytes", "bytes", NULL},
	{" { } ", "bytes", "bytes", NULL},
	{"{\"input\":1}", NULL, NULL, "args.input"},
	{"{\"input_base64\":\"?\"}", NULL, NULL, "args.input_base64"},
	{"{\"input\":\"x\",\"input_base64\":\"\"}", NULL, NULL,
	 "args.input_base64"},
	{"{\"input\":\"x\"}", "bytes", NULL, "inputs.input"},
	{"{\"input\":\"x\",\"level\":1}", NULL, NULL, "args.level"},
	{"{\"level\":1}", "bytes", NULL, "args.level"},
};

Test(program, standard_input, .init = setup, .fini = teardown)
{
	size_t i;

	for (i = 0; i < COUNT(input_cases); i++) {
		struct task_input input = {SLICE("input"),
					   slice_text(input_cases[i].input)};
		struct program_call call = {
			.args = slice_text(input_cases[i].args),
			.inputs = &input,
			.input_count = input_cases[i].input != NULL,
		};
		struct slice got;
		struct err err = ERR_INIT;
		int r = program_input(&call, &arena, &got, &err);

		cr_expect_eq(r, input_cases[i].want ? 0 : -1, "%s: %s",
			     input_cases[i].args, err.message);
		if (!r) {
			cr_expect(slice_is(got, input_cases[i].want), "%s",
				  input_cases[i].args);
			continue;
		}
		cr_expect_eq(err.code, ERR_BAD_ARGS);
		cr_expect_str_eq(err.field, input_cases[i].field);
	}
}

Test(program, raw_payloads_and_other_inputs, .init = setup, .fini = teardown)
{
	struct task_input input = {SLICE("data"), SLICE("x")};
	struct program_call call = {.args = SLICE("\xff words"), .raw = true};
	struct slice got;
	struct err err = ERR_INIT;

	cr_assert_eq(program_input(&call, &arena, &got, NULL), 0);
	cr_expect(slice_is(got, "\xff words"));
	cr_expect_eq(program_args_check(&call, &arena, NULL), 0);
	call = (struct program_call){
		.args = SLICE("{}"), .inputs = &input, .input_count = 1};
	cr_expect_eq(program_input(&call, &arena, &got, &err), -1);
	cr_expect_str_eq(err.field, "inputs.data");
	call.args = slice_text("{\"a\":{\"b\":1,\"b\":2}}");
	cr_expect_eq(program_args_check(&call, &arena, &err), -1);
	cr_expect_eq(err.code, ERR_BAD_ARGS);
	cr_expect_str_eq(err.field, "args");
}

/* --- Ends ------------------------------------------------------------------ */

static const struct {
	int status;
	bool overflow;
	enum err_code code;
	int exit_status, signal;
	bool retryable;
	const char *message;
} ends[] = {
	{0, false, ERR_NONE, 0, 0, false, ""},
	{1 << 8, false, ERR_FAILED, 1, 0, false,
	 "the program exited with status 1"},
	{75 << 8, false, ERR_FAILED, 75, 0, true,
	 "the program exited with status 75"},
	{SIGSEGV | 0x80, false, ERR_FAILED, -1, SIGSEGV, false,
	 "the program was killed by SIGSEGV"},
	{SIGTERM, false, ERR_FAILED, -1, SIGTERM, true,
	 "the program was killed by SIGTERM"},
	{SIGKILL, false, ERR_FAILED, -1, SIGKILL, true,
	 "the program was killed by SIGKILL"},
	{SIGXCPU, false, ERR_FAILED, -1, SIGXCPU, false,
	 "the program was killed by SIGXCPU: its limit of processor time is "
	 "used up"},
	{SIGKILL, true, ERR_LIMIT, -1, SIGKILL, false,
	 "the program wrote more than max_output 10 bytes"},
	{0, true, ERR_LIMIT, 0, 0, false,
	 "the program wrote more than max_output 10 bytes"},
};

Test(program, ends)
{
	size_t i;

	for (i = 0; i < COUNT(ends); i++) {
		struct program_end end =
			program_end_read(ends[i].status, ends[i].overflow, 10);

		cr_expect_eq(end.err.code, ends[i].code, "case %zu", i);
		cr_expect_eq(end.exit_status, ends[i].exit_status, "case %zu",
			     i);
		cr_expect_eq(end.signal, ends[i].signal, "case %zu", i);
		cr_expect_eq(end.retryable, ends[i].retryable, "case %zu", i);
		cr_expect_str_eq(end.err.message, ends[i].message);
	}
}

static const struct {
	bool json;
	struct slice output;
	const char *want; /* NULL: fails with `message` */
	const char *message;
} results[] = {
	{false, SLICE("hello\n"), "{\"output\":\"hello\\n\"}", NULL},
	{false, SLICE(""), "{\"output\":\"\"}", NULL},
	{false, SLICE("\xff"), "{\"output_base64\":\"/w==\"}", NULL},
	{true, SLICE(" {\"a\": 1.0}\n"), "{\"a\": 1.0}", NULL},
	{true, SLICE(""), NULL, "the program's output is not JSON"},
	{true, SLICE("{\"a\":"), NULL, "the program's output is not JSON"},
	{true, SLICE("{}{}"), NULL, "the program's output is not JSON"},
	{true, SLICE("{\"a\":\"\xff\"}"), NULL,
	 "the program's output is not JSON"},
	{true, SLICE("[1]"), NULL, "the program's output is an array"},
	{true, SLICE("7\n"), NULL, "the program's output is a number"},
};

static int result_of(struct task_call *call, bool json, struct slice output,
		     struct buf *result, struct err *err)
{
	struct buf bytes;
	int r;

	buf_init(&bytes, 1000);
	cr_assert_eq(buf_add_slice(&bytes, output), 0);
	r = program_result(call, json, &bytes, result, err);
	buf_release(&bytes);
	return r;
}

Test(program, results)
{
	struct buf result;
	size_t i;

	buf_init(&result, 1000);
	for (i = 0; i < COUNT(results); i++) {
		struct task_call call = {.args = SLICE("{}")};
		struct err err = ERR_INIT;
		int r;

		buf_clear(&result);
		r = result_of(&call, results[i].json, results[i].output,
			      &result, &err);
		cr_expect_eq(r, results[i].want ? 0 : -1, "case %zu: %s", i,
			     err.message);
		if (!r) {
			cr_expect(slice_is(buf_slice(&result), results[i].want),
				  "case %zu", i);
			continue;
		}
		cr_expect_eq(err.code, ERR_FAILED);
		cr_expect(strstr(err.message, results[i].message) ==
				  err.message,
			  "%s", err.message);
	}
	buf_release(&result);
}

Test(program, results_into_outputs_and_over_the_limit)
{
	struct task_output output = {.name = SLICE("output"),
				     .target = SLICE("k")};
	struct task_call call = {.outputs = &output, .output_count = 1};
	struct buf result;
	struct err err = ERR_INIT;

	buf_init(&result, 45);
	buf_init(&output.bytes, 100);
	cr_assert_eq(
		result_of(&call, false, slice_text("bytes"), &result, &err), 0);
	cr_expect(slice_is(buf_slice(&result),
			   "{\"output\":{\"key\":\"k\",\"bytes\":5}}"));
	cr_expect(slice_is(buf_slice(&output.bytes), "bytes"));
	output.used = false;
	buf_clear(&output.bytes);
	buf_clear(&result);
	cr_expect_eq(result_of(&call, true,
			       slice_text("{\"a\":1,\"output\":\"h\"}"),
			       &result, &err),
		     0);
	cr_expect(slice_is(buf_slice(&result),
			   "{\"a\":1,\"output\":{\"key\":\"k\",\"bytes\":1}}"));
	cr_expect(slice_is(buf_slice(&output.bytes), "h"));
	output.used = false;
	buf_clear(&result);
	cr_expect_eq(result_of(&call, true, slice_text("{\"output\":1}"),
			       &result, &err),
		     -1);
	cr_expect_str_eq(err.field, "outputs.output");
	output.name = slice_text("picture");
	cr_expect_eq(program_outputs_check(&call, &err), -1);
	cr_expect_eq(err.code, ERR_BAD_ARGS);
	cr_expect_str_eq(err.field, "outputs.picture");
	call.output_count = 0;
	buf_clear(&result);
	cr_expect_eq(result_of(&call, false,
			       slice_text("0123456789012345678901234567"
					  "890123456789"),
			       &result, &err),
		     -1);
	cr_expect_eq(err.code, ERR_LIMIT);
	buf_release(&output.bytes);
	buf_release(&result);
}

/* --- Lines ----------------------------------------------------------------- */

static const struct {
	const char *args;
	bool raw;
	const char *want;
} out_cases[] = {
	{"{}", false,
	 "{\"id\":\"7\",\"task\":\"t\\\"x\",\"args\":{},\"attempt\":2}\n"},
	{"{\"a\":\r\n [1,\n\"b\\n\"]}", false,
	 "{\"id\":\"7\",\"task\":\"t\\\"x\",\"args\":{\"a\":   [1, "
	 "\"b\\n\"]},\"attempt\":2}\n"},
	{"two\nlines", true,
	 "{\"id\":\"7\",\"task\":\"t\\\"x\",\"args\":{\"input\":"
	 "\"two\\nlines\"}"
	 ",\"attempt\":2}\n"},
	{"\xff", true,
	 "{\"id\":\"7\",\"task\":\"t\\\"x\",\"args\":{\"input_base64\":"
	 "\"/w==\"},\"attempt\":2}\n"},
};

Test(program, lines_out)
{
	struct buf out;
	size_t i;

	buf_init(&out, 1000);
	for (i = 0; i < COUNT(out_cases); i++) {
		struct program_call call = {
			.task = "t\"x",
			.attempt = 2,
			.args = slice_text(out_cases[i].args),
			.raw = out_cases[i].raw,
		};

		buf_clear(&out);
		cr_assert_eq(program_line_put(&out, 7, &call, NULL), 0);
		cr_expect(slice_is(buf_slice(&out), out_cases[i].want), "%.*s",
			  (int)out.len, out.ptr);
	}
	buf_release(&out);
}

Test(program, lines_that_cannot_go_out)
{
	struct task_input input = {SLICE("x"), SLICE("y")};
	struct program_call call = {.task = "t",
				    .args = SLICE("{}"),
				    .inputs = &input,
				    .input_count = 1};
	struct err err = ERR_INIT;
	struct buf out;

	buf_init(&out, 60);
	buf_add_text(&out, "before");
	cr_expect_eq(program_line_put(&out, 7, &call, &err), -1);
	cr_expect_eq(err.code, ERR_BAD_ARGS);
	cr_expect_str_eq(err.field, "inputs.x");
	call.input_count = 0;
	call.args = slice_text("{\"a\":\"0123456789012345678901234567890\"}");
	cr_expect_eq(program_line_put(&out, 7, &call, &err), -1);
	cr_expect_eq(err.code, ERR_LIMIT);
	cr_expect(slice_is(buf_slice(&out), "before"), "half a line is left");
	cr_expect_not(out.failed);
	buf_release(&out);
}

static const struct {
	const char *line;
	enum program_line_kind kind;
	const char *text; /* the result, or the message */
	enum err_code code;
	bool retryable;
} in_cases[] = {
	{"{\"id\":\"7\",\"status\":\"ok\",\"result\":{\"a\":[1.50]}}",
	 PROGRAM_LINE_RESULT, "{\"a\":[1.50]}", ERR_NONE, false},
	{" {\"result\" : {} , \"x\":1, \"status\":\"ok\",\"id\":\"7\"}\r",
	 PROGRAM_LINE_RESULT, "{}", ERR_NONE, false},
	{"{\"id\":\"7\",\"progress\":0.5}", PROGRAM_LINE_PROGRESS, NULL,
	 ERR_NONE, false},
	{"{\"progress\":\"nobody's\"}", PROGRAM_LINE_PROGRESS, NULL, ERR_NONE,
	 false},
	{"{\"id\":\"7\",\"progress\":1,\"status\":\"ok\",\"result\":{}}",
	 PROGRAM_LINE_RESULT, "{}", ERR_NONE, false},
	{"{\"id\":\"7\",\"status\":\"error\",\"error\":\"no luck\"}",
	 PROGRAM_LINE_ERROR, "no luck", ERR_FAILED, false},
	{"{\"id\":\"7\",\"status\":\"error\",\"error\":{\"message\":\"later\","
	 "\"retryable\":true}}",
	 PROGRAM_LINE_ERROR, "later", ERR_FAILED, true},
	{"{\"id\":\"7\",\"status\":\"error\",\"error\":{\"code\":\"bad_args\","
	 "\"message\":\"m\",\"field\":\"args.x\",\"retryable\":true}}",
	 PROGRAM_LINE_ERROR, "m", ERR_BAD_ARGS, false},
	{"{\"id\":\"7\",\"status\":\"error\",\"error\":{\"code\":\"timeout\"}}",
	 PROGRAM_LINE_ERROR, "the program says that it failed", ERR_FAILED,
	 false},
	{"{\"id\":\"7\",\"status\":\"error\",\"error\":{\"code\":\"odd\","
	 "\"message\":\"a\\nb\"}}",
	 PROGRAM_LINE_ERROR, "a?b", ERR_FAILED, false},
};

Test(program, lines_in)
{
	size_t i;

	for (i = 0; i < COUNT(in_cases); i++) {
		struct program_line line;
		struct err err = ERR_INIT;

		cr_assert_eq(program_line_read(slice_text(in_cases[i].line),
					       &line, &err),
			     0, "%s: %s", in_cases[i].line, err.message);
		cr_expect_eq(line.kind, in_cases[i].kind, "%s",
			     in_cases[i].line);
		cr_expect_eq(line.number,
			     line.kind == PROGRAM_LINE_PROGRESS ? 0 : 7);
		cr_expect_eq(line.err.code, in_cases[i].code, "%s",
			     in_cases[i].line);
		cr_expect_eq(line.retryable, in_cases[i].retryable, "%s",
			     in_cases[i].line);
		if (line.kind == PROGRAM_LINE_RESULT)
			cr_expect(slice_is(line.result, in_cases[i].text));
		else if (in_cases[i].text)
			cr_expect_str_eq(line.err.message, in_cases[i].text);
	}
}

static const struct {
	const char *line;
	const char *why;
} bad_lines[] = {
	{"", "JSON"},
	{"hello", "JSON"},
	{"[1]", "JSON"},
	{"{\"id\":\"7\",\"status\":\"ok\",\"result\":{}", "JSON"},
	{"{\"id\":\"7\",\"status\":\"ok\",\"result\":{}} x", "JSON"},
	{"{\"id\":\"7\",\"status\":\"ok\",\"result\":{\"a\":\"\xff\"}}",
	 "JSON"},
	{"{\"status\":\"ok\",\"result\":{}}", "it has no id"},
	{"{\"id\":7,\"status\":\"ok\",\"result\":{}}", "its id is none"},
	{"{\"id\":\"x\",\"status\":\"ok\",\"result\":{}}", "its id is none"},
	{"{\"id\":\"-7\",\"status\":\"ok\",\"result\":{}}", "its id is none"},
	{"{\"id\":\"0\",\"status\":\"ok\",\"result\":{}}", "its id is none"},
	{"{\"id\":\"99999999999999999999\",\"status\":\"ok\",\"result\":{}}",
	 "its id is none"},
	{"{\"id\":\"7\",\"id\":\"8\",\"status\":\"ok\",\"result\":{}}",
	 "twice"},
	{"{\"id\":\"7\",\"result\":{}}", "it has no status"},
	{"{\"id\":\"7\",\"status\":\"fine\",\"result\":{}}",
	 "its status is not ok or error"},
	{"{\"id\":\"7\",\"status\":\"ok\"}", "its result is no object"},
	{"{\"id\":\"7\",\"status\":\"ok\",\"result\":[1]}",
	 "its result is no object"},
	{"{\"id\":\"7\",\"status\":\"error\"}", "its error is no text"},
	{"{\"id\":\"7\",\"status\":\"error\",\"error\":5}",
	 "its error is no text"},
};

Test(program, lines_that_are_no_replies)
{
	size_t i;

	for (i = 0; i < COUNT(bad_lines); i++) {
		struct program_line line;
		struct err err = ERR_INIT;

		cr_expect_eq(program_line_read(slice_text(bad_lines[i].line),
					       &line, &err),
			     -1, "%s", bad_lines[i].line);
		cr_expect_eq(err.code, ERR_FAILED, "%s", bad_lines[i].line);
		cr_expect(strstr(err.message, bad_lines[i].why), "%s: %s",
			  bad_lines[i].line, err.message);
	}
}
