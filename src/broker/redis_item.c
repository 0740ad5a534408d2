/*
 * How one settlement is written for the settle script (redis_lua_task.c).
 */
#include "broker/redis_state.h"

#include <stdio.h>
#include "base/clock.h"

#define TEXT_MAX ((size_t)1 << 30)

static void add_flag(struct redis_command *args, bool flag)
{
	redis_command_text(args, flag ? "1" : "0");
}

/* The head of the record that waits in `later`, and its id. */
static void put_header(struct redis_broker *redis,
		       const struct broker_settlement *s, struct buf *out)
{
	const struct redis_known *known = redis_known_find(redis, s->claim);

	buf_clear(out);
	buf_add_char(out, 1);
	redis_known_instance(redis, s->claim, out);
	buf_printf(out, " %u %u 0 %lld %zu\n", s->attempts, s->crashes,
		   known ? (long long)known->first_seen_ms : 0, s->id.len);
	buf_add_slice(out, s->id);
}

/* At most once Redis has no copy: the record as it came, or the payload. */
static void put_value(struct redis_broker *redis,
		      const struct broker_settlement *s, struct buf *out)
{
	const struct redis_known *known = redis_known_find(redis, s->claim);
	bool record = known && known->instance;

	buf_clear(out);
	if (record || (s->payload.len && s->payload.ptr[0] == 1)) {
		buf_add_char(out, 1);
		redis_known_instance(redis, s->claim, out);
		buf_printf(
			out, " %u %u %u %lld 0\n", record ? known->attempts : 0,
			record ? known->crashes : 0, record ? known->deaths : 0,
			record ? (long long)known->first_seen_ms : 0);
	}
	buf_add_slice(out, s->payload);
}

static void add_outputs(const struct broker_settlement *s,
			struct redis_command *keys, struct redis_command *args)
{
	size_t i;

	redis_command_int(args, (int64_t)s->output_count);
	for (i = 0; i < s->output_count; i++) {
		redis_command_add(keys, s->outputs[i].key);
		redis_command_add(args, s->outputs[i].bytes);
		redis_command_int(args, s->outputs[i].ttl);
	}
}

static void add_burial(struct redis_broker *redis,
		       const struct broker_settlement *s,
		       struct redis_command *args)
{
	char time[32];

	snprintf(time, sizeof(time), "%.3f", clock_real());
	redis_command_add(args, s->task);
	redis_command_add(args, s->id);
	redis_command_add(args, s->error);
	redis_command_int(args, s->attempts);
	redis_command_int(args, s->crashes);
	redis_command_text(args, time);
	redis_command_add(args, redis->options.at_most_once
					? s->payload
					: (struct slice){0});
}

static void add_rest(struct redis_broker *redis,
		     const struct broker_settlement *s,
		     struct redis_command *args)
{
	struct slice none = {0};
	struct buf text;

	buf_init(&text, TEXT_MAX);
	switch (s->how) {
	case BROKER_FINISH:
		break;
	case BROKER_BURY:
		add_burial(redis, s, args);
		break;
	case BROKER_LATER:
		put_header(redis, s, &text);
		redis_command_add(args, buf_slice(&text));
		redis_command_int(args, (int64_t)(s->delay * 1000));
		redis_command_add(args, redis->options.at_most_once ? s->payload
								    : none);
		break;
	case BROKER_GIVE_BACK:
		if (redis->options.at_most_once)
			put_value(redis, s, &text);
		redis_command_add(args, buf_slice(&text));
		break;
	}
	if (text.failed)
		args->bytes.failed = true;
	buf_release(&text);
}

const char *redis_item_counter(const struct broker_settlement *s)
{
	if (s->how == BROKER_LATER)
		return s->retry ? "retried" : "";
	return s->counter ? s->counter : "";
}

bool redis_item_is_quick(const struct broker_settlement *s)
{
	return s->how == BROKER_FINISH && !s->output_count && !s->unique.len;
}

void redis_item_put(struct redis_broker *redis,
		    const struct broker_settlement *s,
		    struct redis_command *keys, struct redis_command *args)
{
	static const char hows[] = "FBLG";
	bool quick = redis_item_is_quick(s);
	struct buf text;

	buf_init(&text, TEXT_MAX);
	redis_known_field(redis, s->claim, &text);
	redis_command_add(args, buf_slice(&text));
	redis_command_add(args,
			  quick ? SLICE("f") : slice_of(&hows[s->how], 1));
	add_flag(args, s->reply_to.len > 0);
	redis_command_add(args, s->reply);
	redis_command_int(args, s->reply_ttl);
	redis_command_text(args, redis_item_counter(s));
	if (s->reply_to.len)
		redis_command_add(keys, s->reply_to);
	if (!quick) {
		add_flag(args, s->unique.len > 0);
		if (s->unique.len)
			redis_command_add(
				keys, redis_name_lock(&redis->queues[s->queue],
						      s->unique, &text));
		buf_clear(&text);
		redis_known_instance(redis, s->claim, &text);
		redis_command_add(args, buf_slice(&text));
		add_outputs(s, keys, args);
		add_rest(redis, s, args);
	}
	buf_release(&text);
}
