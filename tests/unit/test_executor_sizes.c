/*
 * A real executor and what is large: results, outputs, inputs, in a memory file
 * of their own or in the one that is used again.
 */
#include <stdlib.h>

#include "executor_real.h"

Test(executor, results_are_capped_and_the_next_one_is_fine)
{
	start_plain();
	expect_error("fill", "{\"bytes\":2000000}", ERR_LIMIT);
	cr_expect_str_eq(result.err.limit, "reply");
	cr_assert_eq(executor_client_run(&client, "fill", "{\"bytes\":1000000}",
					 &result, &err),
		     1);
	cr_expect(result.ok);
	cr_expect_eq(result.json.len, 1000011);
	expect_json("echo", "{}", "{}");
	end_clean();
}

static int run_message(const struct message_task *message)
{
	cr_assert_eq(message_task_put(&client.writer, message, &err), 0, "%s",
		     err.message);
	cr_assert_eq(executor_client_send(&client, &err), 0);
	return executor_client_result(&client, &result, &err);
}

Test(executor, outputs_come_beside_the_result)
{
	const struct message_output outputs[] = {
		{SLICE("output"), TASK_OUTPUT_KEY, SLICE("k")}};
	struct message_task message = {
		.number = 1,
		.task = SLICE("outputs"),
		.args = SLICE("{\"bytes\":3}"),
		.outputs = outputs,
		.output_count = 1,
	};

	start_plain();
	cr_assert_eq(run_message(&message), 1, "%s", err.message);
	cr_assert(result.ok, "%s", result.err.message);
	cr_expect(slice_is(result.json,
			   "{\"output\":{\"key\":\"k\",\"bytes\":3}}"));
	cr_assert_eq(result.output_count, 1);
	cr_expect(result.outputs[0].used);
	cr_expect(slice_is(result.outputs[0].bytes, "yyy"));
	message.args = slice_text("{\"bytes\":2000000}");
	cr_assert_eq(run_message(&message), 1, "%s", err.message);
	cr_expect_eq(result.err.code, ERR_LIMIT);
	cr_expect_eq(result.output_count, 0);
	/* The output alone would fit. */
	message.args = slice_text("{\"bytes\":1048570}");
	cr_assert_eq(run_message(&message), 1, "%s", err.message);
	cr_expect_str_eq(result.err.limit, "reply");
	message.task = slice_text("echo");
	cr_assert_eq(run_message(&message), 1, "%s", err.message);
	cr_expect_eq(result.err.code, ERR_BAD_ARGS);
	cr_expect_str_eq(result.err.field, "outputs.output");
	end_clean();
}

/* The task that says how many bytes came, and their sum. */
static struct message_task measure_task(const struct task_input *input)
{
	return (struct message_task){
		.number = 1,
		.task = SLICE("measure"),
		.args = SLICE("{}"),
		.inputs = input,
		.input_count = 1,
	};
}

static unsigned sum_of(struct slice bytes)
{
	unsigned sum = 0;
	size_t i;

	for (i = 0; i < bytes.len; i++)
		sum = sum * 31 + (unsigned char)bytes.ptr[i];
	return sum;
}

static void expect_measured(const struct message_task *message, unsigned sum)
{
	char want[64];

	snprintf(want, sizeof(want), "{\"bytes\":%zu,\"sum\":%u}",
		 message->inputs->bytes.len, sum);
	cr_assert_eq(run_message(message), 1, "%s", err.message);
	cr_assert(slice_is(result.json, want), "%.*s", (int)result.json.len,
		  result.json.ptr);
}

Test(executor, large_inputs_arrive)
{
	size_t len = (size_t)20 << 20, i;
	char *bytes = malloc(len);
	struct task_input input = {SLICE("data"), {bytes, len}};
	struct message_task message = measure_task(&input);
	unsigned sum;
	int round;

	for (i = 0; i < len; i++)
		bytes[i] = (char)(i * 7 + i / 1000);
	sum = sum_of(input.bytes);
	start_plain();
	/* More often than the executor could if it kept one of them. */
	for (round = 0; round < 60; round++)
		expect_measured(&message, sum);
	end_clean();
	free(bytes);
}

/* What is in the region is the task's, also where it is shorter than before. */
Test(executor, a_region_carries_one_task_after_the_other)
{
	size_t len = (size_t)2 << 20, i;
	char *bytes = malloc(len);
	struct message_region region;
	struct task_input input = {SLICE("data"), {bytes, len}};
	struct message_task message = measure_task(&input);

	message_region_init(&region);
	message.region = &region;
	start_plain();
	for (message.number = 1; message.number < 100; message.number++) {
		input.bytes.len = len - message.number * 9999;
		for (i = 0; i < input.bytes.len; i++)
			bytes[i] = (char)(i * message.number);
		expect_measured(&message, sum_of(input.bytes));
		cr_expect_eq(region.user, message.number);
		message_region_free(&region, message.number);
	}
	end_clean();
	message_region_release(&region);
	free(bytes);
}

/* More than the executor may map: the task fails, the executor does not. */
Test(executor, an_input_that_does_not_fit_is_a_limit)
{
	const struct message_setup setup = {.max_memory = (uint64_t)200 << 20};
	size_t len = (size_t)400 << 20;
	struct task_input input = {SLICE("data"), {calloc(1, len), len}};
	struct message_task message = measure_task(&input);

	start(&setup);
	if (is_sanitized())
		cr_skip("no limit on memory with sanitizers");
	cr_assert_eq(run_message(&message), 1, "%s", err.message);
	cr_expect_eq(result.err.code, ERR_LIMIT);
	cr_expect_str_eq(result.err.limit, "memory");
	expect_json("echo", "{}", "{}");
	end_clean();
	free((void *)input.bytes.ptr);
}
