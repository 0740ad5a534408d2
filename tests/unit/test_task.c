/*
 * The table of tasks, running a call, results, settings, and echo.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "cherry/task.h"
#include "task/task_echo.h"
#include "task/task_settings.h"
#include "task/task_values.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- The table ------------------------------------------------------------- */

/* Every default must be what its own row allows. */
static void check_rows(const struct task *task, const struct task_arg *row)
{
	struct task_value value;
	struct err err = ERR_INIT;

	for (; row && row->type != ARG_END; row++) {
		bool choice =
			row->type == ARG_CHOICE || row->type == ARG_CHOICES;

		cr_expect(row->help && row->help[0], "%s.%s has no help",
			  task->name, row->name);
		cr_expect_eq(choice, row->choices != NULL, "%s.%s", task->name,
			     row->name);
		cr_expect(!row->required || !row->fallback, "%s.%s", task->name,
			  row->name);
		if (!row->fallback || row->type == ARG_JSON ||
		    row->type == ARG_RAW || row->type == ARG_BYTES)
			continue;
		cr_expect_eq(task_value_parse(row, row->name,
					      slice_text(row->fallback), &value,
					      &err),
			     0, "%s: %s", task->name, err.message);
	}
}

Test(task, table_is_sound)
{
	size_t i;

	for (i = 0; task_table[i]; i++) {
		const struct task *task = task_table[i];

		cr_expect_eq(task_find(slice_text(task->name)), task, "%s",
			     task->name);
		cr_expect(task->summary && task->run, "%s", task->name);
		cr_expect_lt(task->class, TASK_CLASS_COUNT);
		check_rows(task, task->args);
		check_rows(task, task->settings);
	}
	cr_expect_null(task_find(slice_text("no such task")));
	cr_expect_null(task_find(slice_text("")));
}

/* --- Running --------------------------------------------------------------- */

static struct arena arena;
static struct buf result;
static struct task_output output;

static void release(void)
{
	arena_release(&arena);
	buf_release(&result);
	buf_release(&output.bytes);
}

static int run(const struct task *task, struct task_call *call, struct err *err)
{
	arena_release(&arena);
	arena_init(&arena, 1 << 20);
	buf_release(&result);
	buf_init(&result, 100);
	call->arena = &arena;
	return task_run(task, call, &result, err);
}

static int bytes_run(struct task_call *call, struct buf *out, struct err *err)
{
	if (task_put_bytes(call, out, "output", call->args, err))
		return -1;
	return json_put_key(out, "n") || json_put_int(out, 1);
}

static const struct task bytes_task = {.name = "bytes", .run = bytes_run};

static const char *result_text(void)
{
	static char text[200];

	snprintf(text, sizeof(text), "%.*s", (int)result.len, result.ptr);
	return text;
}

Test(task, byte_strings_as_text_or_base64, .fini = release)
{
	struct task_call call = {.args = SLICE("a\"\n")};

	cr_assert_eq(run(&bytes_task, &call, NULL), 0);
	cr_expect_str_eq(result_text(), "{\"output\":\"a\\\"\\n\",\"n\":1}");
	call.args = slice_of("\xff\0", 2);
	cr_assert_eq(run(&bytes_task, &call, NULL), 0);
	cr_expect_str_eq(result_text(), "{\"output_base64\":\"/wA=\",\"n\":1}");
	call.args = slice_of(NULL, 0);
	cr_assert_eq(run(&bytes_task, &call, NULL), 0);
	cr_expect_str_eq(result_text(), "{\"output\":\"\",\"n\":1}");
}

Test(task, byte_strings_into_outputs, .fini = release)
{
	struct task_call call = {
		.args = SLICE("\xff\xfe"),
		.outputs = &output,
		.output_count = 1,
	};

	output.name = slice_text("output");
	output.kind = TASK_OUTPUT_KEY;
	output.target = slice_text("key:\"1\"");
	buf_init(&output.bytes, 10);
	cr_assert_eq(run(&bytes_task, &call, NULL), 0);
	cr_expect_str_eq(
		result_text(),
		"{\"output\":{\"key\":\"key:\\\"1\\\"\",\"bytes\":2},\"n\":1}");
	cr_expect(output.used);
	cr_expect(slice_equal(buf_slice(&output.bytes), call.args));
	output.kind = TASK_OUTPUT_FILE;
	buf_clear(&output.bytes);
	cr_assert_eq(run(&bytes_task, &call, NULL), 0);
	cr_expect(strstr(result_text(), "{\"file\":\"key:"));
}

Test(task, too_much_is_a_limit, .fini = release)
{
	static char large[300];
	struct task_call call = {.args = slice_of(large, sizeof(large))};
	struct err err = ERR_INIT;

	memset(large, 'x', sizeof(large));
	cr_expect_eq(run(&bytes_task, &call, &err), -1);
	cr_expect_eq(err.code, ERR_LIMIT);
	cr_expect_str_eq(err.limit, "reply");
	output.name = slice_text("output");
	buf_init(&output.bytes, 10);
	call.outputs = &output;
	call.output_count = 1;
	cr_expect_eq(run(&bytes_task, &call, &err), -1);
	cr_expect_eq(err.code, ERR_LIMIT);
	cr_expect_str_eq(err.limit, "output");
}

/* A handler need not look at every addition: the end does. */
static int careless_run(struct task_call *call, struct buf *out,
			struct err *err)
{
	int i;

	(void)call;
	(void)err;
	for (i = 0; i < 100; i++)
		buf_add_text(out, "\"x\":1,");
	return 0;
}

Test(task, a_result_that_is_full_is_a_limit_at_the_end, .fini = release)
{
	static const struct task task = {.name = "x", .run = careless_run};
	struct task_call call = {.args = SLICE("{}")};
	struct err err = ERR_INIT;

	cr_expect_eq(run(&task, &call, &err), -1);
	cr_expect_eq(err.code, ERR_LIMIT);
	cr_expect_str_eq(err.limit, "reply");
}

Test(task, an_output_that_is_not_made_is_an_error, .fini = release)
{
	struct task_call call = {
		.args = SLICE("{}"), .outputs = &output, .output_count = 1};
	struct err err = ERR_INIT;

	output.name = slice_text("picture");
	cr_expect_eq(run(&bytes_task, &call, &err), -1);
	cr_expect_eq(err.code, ERR_BAD_ARGS);
	cr_expect_str_eq(err.field, "outputs.picture");
}

static const char *never(void)
{
	return "no such machine";
}

Test(task, unavailable_tasks_say_so, .fini = release)
{
	static const struct task task = {
		.name = "x", .run = bytes_run, .unavailable = never};
	struct task_call call = {.args = SLICE("{}")};
	struct err err = ERR_INIT;

	cr_expect_eq(run(&task, &call, &err), -1);
	cr_expect_eq(err.code, ERR_UNSUPPORTED);
	cr_expect_str_eq(err.message,
			 "x is not available here: no such machine");
}

/* --- echo ------------------------------------------------------------------ */

static const char *const echoes[] = {
	"{}",
	"{ }",
	"{\"a\":1.500e+3,\"b\":123456789012345678901234567890}",
	"{\"\\u0061\" : [ 1 , {\"x\":null} ] }",
	"{\"a\":\"\\ud800\",\"b\":\"}\"}",
};

Test(echo, gives_back_every_byte, .fini = release)
{
	size_t i;

	for (i = 0; i < COUNT(echoes); i++) {
		struct task_call call = {.args = slice_text(echoes[i])};

		cr_expect_eq(run(&task_echo, &call, NULL), 0);
		cr_expect_str_eq(result_text(), echoes[i]);
	}
}

Test(echo, white_space_outside_is_not_part_of_it, .fini = release)
{
	struct task_call call = {.args = SLICE(" \n{\"a\":1}\t ")};

	cr_expect_eq(run(&task_echo, &call, NULL), 0);
	cr_expect_str_eq(result_text(), "{\"a\":1}");
}

static const struct {
	const char *args;
	const char *says;
} bad_echoes[] = {
	{"{\"a\":1,\"a\":1}", "\"a\" is given twice"},
	{"{\"x\":[{\"a\":1,\"\\u0061\":1}]}", "\"a\" is given twice"},
	{"[]", "an object is needed"},
	{"{", "args: "},
};

Test(echo, refuses_what_is_no_proper_object, .fini = release)
{
	struct task_input input = {SLICE("x"), SLICE("y")};
	struct task_call call = {
		.args = SLICE("{}"), .inputs = &input, .input_count = 1};
	struct err err = ERR_INIT;
	size_t i;

	cr_expect_eq(run(&task_echo, &call, &err), -1);
	cr_expect_eq(err.code, ERR_BAD_ARGS);
	cr_expect_str_eq(err.field, "inputs");
	for (i = 0; i < COUNT(bad_echoes); i++) {
		call = (struct task_call){
			.args = slice_text(bad_echoes[i].args)};
		cr_expect_eq(run(&task_echo, &call, &err), -1, "%s",
			     bad_echoes[i].args);
		cr_expect_eq(err.code, ERR_BAD_ARGS);
		cr_expect(strstr(err.message, bad_echoes[i].says), "%s",
			  err.message);
	}
}

/* --- Settings -------------------------------------------------------------- */

static const struct task_arg settings_table[] = {
	{.name = "max_pixels",
	 .type = ARG_INTEGER,
	 .fallback = "50",
	 .max = 99},
	{.name = "size", .type = ARG_SIZE, .fallback = "16M"},
	{.name = "on", .type = ARG_BOOL, .fallback = "no"},
	{.name = "ratio", .type = ARG_NUMBER, .fallback = "0.5"},
	{.name = "kind", .type = ARG_CHOICE, .choices = "a b"},
	{.name = "loaders", .type = ARG_CHOICES, .choices = "jpeg png gif"},
	{.name = "label", .type = ARG_TEXT},
	{.type = ARG_END},
};
static const struct task settled = {.name = "t", .settings = settings_table};
static const struct task bare = {.name = "bare"};
static const struct task *const tasks[] = {&bare, &settled, NULL};

static int64_t setting(const struct task_settings *settings, const char *name)
{
	const struct task_value *value = task_setting(settings, &settled, name);

	return value->bits ? (int64_t)value->bits : value->integer;
}

Test(settings, defaults_and_given_ones)
{
	static const struct task_setting_pair pairs[] = {
		{SLICE("t"), SLICE("max_pixels"), SLICE("7")},
		{SLICE("other"), SLICE("max_pixels"), SLICE("not mine")},
		{SLICE("t"), SLICE("size"), SLICE("2k")},
		{SLICE("t"), SLICE("on"), SLICE("yes")},
		{SLICE("t"), SLICE("loaders"), SLICE("gif, jpeg")},
		{SLICE("t"), SLICE("label"), SLICE("hello")},
	};
	static const struct task_secret_pair secrets[] = {
		{SLICE("session"), SLICE("hush")}};
	struct task_settings *settings;
	struct slice secret;

	arena_init(&arena, 1 << 20);
	settings = task_settings_new(&arena, tasks, NULL, 0, NULL);
	cr_assert(settings);
	cr_expect_eq(setting(settings, "max_pixels"), 50);
	cr_expect_eq(setting(settings, "size"), 16 << 20);
	cr_expect_eq(setting(settings, "on"), 0);
	cr_expect_eq(task_setting(settings, &settled, "ratio")->number, 0.5);
	cr_expect_not(task_secret(settings, slice_text("session"), &secret));

	settings = task_settings_new(&arena, tasks, pairs, COUNT(pairs), NULL);
	cr_assert(settings);
	task_settings_secrets(settings, secrets, 1);
	cr_expect_eq(setting(settings, "max_pixels"), 7);
	cr_expect_eq(setting(settings, "size"), 2048);
	cr_expect_eq(setting(settings, "on"), 1);
	cr_expect_eq(setting(settings, "loaders"), 5);
	cr_expect(slice_is(task_setting(settings, &settled, "label")->text,
			   "hello"));
	cr_assert(task_secret(settings, slice_text("session"), &secret));
	cr_expect(slice_is(secret, "hush"));
	arena_release(&arena);
}

static const struct {
	const char *key, *value, *message;
} bad_settings[] = {
	{"max_pixels", "x", "task:t.max_pixels: \"x\" is not a number"},
	{"max_pixels", "1.5",
	 "task:t.max_pixels: 1.5 is not an integer of 64 bits"},
	{"max_pixels", "100", "task:t.max_pixels: 100 is not between 0 and 99"},
	{"size", "lots", "task:t.size: \"lots\" is not a size such as 16M"},
	{"on", "maybe", "task:t.on: \"maybe\" is not true or false"},
	{"kind", "c", "task:t.kind: \"c\" is not one of a, b"},
	{"loaders", "jpeg bmp",
	 "task:t.loaders: \"bmp\" is not one of jpeg, png, gif"},
	{"label", "\xff", "task:t.label: not UTF-8"},
	{"max_pixel", "1",
	 "task:t.max_pixel: t has no such setting; did you mean "
	 "\"max_pixels\"?"},
	{"zebra", "1", "task:t.zebra: t has no such setting"},
};

Test(settings, refusals)
{
	size_t i;

	for (i = 0; i < COUNT(bad_settings); i++) {
		struct err err = ERR_INIT;

		cr_expect_eq(task_setting_check(
				     &settled, slice_text(bad_settings[i].key),
				     slice_text(bad_settings[i].value), &err),
			     -1);
		cr_expect_eq(err.code, ERR_BAD_ARGS);
		cr_expect_str_eq(err.message, bad_settings[i].message);
	}
	cr_expect_eq(task_setting_check(&bare, slice_text("x"), slice_text(""),
					NULL),
		     -1);
	cr_expect_eq(task_setting_check(&settled, slice_text("kind"),
					slice_text("b"), NULL),
		     0);
}
