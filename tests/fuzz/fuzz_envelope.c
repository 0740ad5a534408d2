/*
 * Elements of a queue. What is no JSON object within the depth is bad_json and
 * nothing else is; of that nothing is believed. Whatever is taken is what the
 * protocol allows, and names itself again when it is read a second time.
 * Covers: src/master/envelope.c src/master/envelope_places.c
 */
#include <math.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"
#include "master/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void must(int truth)
{
	if (!truth)
		abort();
}

static struct arena arena;

static int is_task(struct slice text)
{
	struct json_span span;

	return !json_check(text, ENVELOPE_DEPTH_MAX, &span, NULL) &&
	       span.type == JSON_OBJECT;
}

static int is_time(double value)
{
	return value == -1 || (isfinite(value) && value >= 0);
}

static int is_raw(struct slice raw)
{
	struct json_span span;

	return !raw.len || !json_check(raw, ENVELOPE_DEPTH_MAX, &span, NULL);
}

static void check_taken(const struct envelope *envelope)
{
	size_t i;

	must(is_time(envelope->timeout) && envelope->timeout != 0);
	must(is_time(envelope->delay) && is_time(envelope->not_before));
	must(is_time(envelope->sent_at) && is_time(envelope->expires));
	must(envelope->retries >= -1);
	must(envelope->reply_ttl == -1 || envelope->reply_ttl >= 1);
	must(is_raw(envelope->args) && envelope->args.ptr[0] == '{');
	must(is_raw(envelope->id_raw) && is_raw(envelope->context));
	must(utf8_check(envelope->id) == envelope->id.len);
	must(utf8_check(envelope->task) == envelope->task.len);
	must(utf8_check(envelope->reply_to) == envelope->reply_to.len);
	for (i = 0; i < envelope->input_count; i++)
		must(envelope->inputs[i].source == ENVELOPE_BASE64 ||
		     utf8_check(envelope->inputs[i].value) ==
			     envelope->inputs[i].value.len);
	for (i = 0; i < envelope->output_count; i++)
		must(envelope->outputs[i].ttl >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice text = slice_of(bytes, len);
	struct envelope envelope;
	struct err err = ERR_INIT;
	int status;

	arena_init(&arena, 64 << 20);
	status = envelope_parse(&envelope, text, &arena, &err);
	must((status && err.code == ERR_BAD_JSON) == !is_task(text));
	if (!status)
		check_taken(&envelope);
	else if (err.code == ERR_BAD_JSON)
		must(!envelope.reply_to.len && !envelope.id_raw.len);
	else
		must(err.code == ERR_BAD_TASK || err.code == ERR_LIMIT);
	arena_release(&arena);
	return 0;
}
