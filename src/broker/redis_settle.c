/*
 * Settlements: gathered during a turn of the loop, sent in batches of one
 * queue, and kept until Redis has answered. A batch whose fate is not known is
 * sent again: the fence makes that harmless.
 */
#include "broker/redis_state.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/xalloc.h"

static size_t weight_of(const struct broker_settlement *settlement)
{
	size_t weight = 256 + settlement->reply.len, i;

	for (i = 0; i < settlement->output_count; i++)
		weight += settlement->outputs[i].bytes.len;
	return weight;
}

static void append_item(struct redis_broker *redis, struct redis_item *item)
{
	item->next = NULL;
	*redis->last_item = item;
	redis->last_item = &item->next;
}

void redis_settle_add(struct redis_broker *redis,
		      const struct broker_settlement *settlement)
{
	struct redis_item *item = xcalloc(1, sizeof(*item));

	item->settlement = *settlement;
	append_item(redis, item);
	redis->item_count++;
	redis->held += weight_of(settlement);
	redis_broker_wake(redis);
}

void redis_settle_return(struct redis_broker *redis, size_t queue, uint64_t id)
{
	struct broker_settlement settlement = {
		.claim = id, .queue = queue, .how = BROKER_GIVE_BACK};

	/* At most once there is nothing to give back but the bytes, which are
	 * gone with the reply: the broker asks only for what it has room for. */
	redis_settle_add(redis, &settlement);
}

/* --- Building a batch ---------------------------------------------------------- */

/* Keys beyond the queue's own, numbered from REDIS_KEYS + 1. */
struct key_list {
	struct redis_command *keys;
	size_t count;
};

static int64_t add_key(struct key_list *list, struct slice key)
{
	if (!key.len)
		return 0;
	redis_command_add(list->keys, key);
	return (int64_t)(REDIS_KEYS + ++list->count);
}

static struct slice put_lock_key(struct buf *out, const char *queue,
				 struct slice unique)
{
	buf_clear(out);
	if (!unique.len)
		return (struct slice){0};
	buf_printf(out, "cherry:{%s}:unique:", queue);
	buf_add_slice(out, unique);
	return buf_slice(out);
}

static void put_instance(struct redis_broker *redis,
			 const struct broker_settlement *s, struct buf *out)
{
	struct redis_known *known = redis_known_find(redis, s->claim);

	buf_clear(out);
	if (known && known->instance)
		buf_add_text(out, known->instance);
	else
		buf_printf(out, "%s/%llu", redis->name,
			   (unsigned long long)s->claim);
}

static int64_t first_seen(struct redis_broker *redis, uint64_t claim)
{
	struct redis_known *known = redis_known_find(redis, claim);

	return known ? known->first_seen_ms : 0;
}

/* The head of the record that waits in `later`, and its id. */
static void put_header(const struct broker_settlement *s, struct slice instance,
		       int64_t first_seen_ms, struct buf *out)
{
	buf_clear(out);
	buf_add_char(out, 1);
	buf_add_slice(out, instance);
	buf_printf(out, " %u %u 0 %lld %zu\n", s->attempts, s->crashes,
		   (long long)first_seen_ms, s->id.len);
	buf_add_slice(out, s->id);
}

static void add_outputs(const struct broker_settlement *s,
			struct key_list *list, struct redis_command *args)
{
	size_t i;

	for (i = 0; i < s->output_count; i++) {
		redis_command_int(args, add_key(list, s->outputs[i].key));
		redis_command_add(args, s->outputs[i].bytes);
		redis_command_int(args, s->outputs[i].ttl);
	}
}

static void add_number(struct redis_command *args, unsigned number)
{
	redis_command_int(args, number);
}

static void add_burial(const struct broker_settlement *s,
		       struct redis_command *args)
{
	char time[32];

	snprintf(time, sizeof(time), "%.3f", clock_real());
	redis_command_add(args, s->task);
	redis_command_add(args, s->id);
	redis_command_add(args, s->error);
	add_number(args, s->attempts);
	add_number(args, s->crashes);
	redis_command_text(args, time);
	redis_command_add(args, s->payload);
}

static void add_item(struct redis_broker *redis,
		     const struct broker_settlement *s, struct key_list *list,
		     struct redis_command *args)
{
	static const char hows[] = "FBLG";
	const char *queue = redis->queues[s->queue].name;
	struct buf text, instance;
	size_t extra = 0;

	buf_init(&text, 1 << 20);
	buf_init(&instance, 1024);
	redis_command_int(args, (int64_t)s->claim);
	redis_command_add(args, slice_of(&hows[s->how], 1));
	redis_command_int(args, add_key(list, s->reply_to));
	redis_command_add(args, s->reply);
	redis_command_int(args, s->reply_ttl);
	redis_command_text(args, s->how == BROKER_LATER
					 ? (s->retry ? "retried" : "")
				 : s->counter ? s->counter
					      : "");
	redis_command_int(args,
			  add_key(list, put_lock_key(&text, queue, s->unique)));
	put_instance(redis, s, &instance);
	redis_command_add(args, buf_slice(&instance));
	switch (s->how) {
	case BROKER_FINISH:
		extra = 3 * s->output_count;
		redis_command_int(args, (int64_t)extra);
		add_outputs(s, list, args);
		break;
	case BROKER_BURY:
		extra = 7 + 3 * s->output_count;
		redis_command_int(args, (int64_t)extra);
		add_burial(s, args);
		add_outputs(s, list, args);
		break;
	case BROKER_LATER:
		put_header(s, buf_slice(&instance), first_seen(redis, s->claim),
			   &text);
		redis_command_int(args, 2);
		redis_command_add(args, buf_slice(&text));
		redis_command_int(args, (int64_t)(s->delay * 1000));
		break;
	case BROKER_GIVE_BACK:
		redis_command_int(args, 1);
		redis_command_add(args, s->payload);
		break;
	}
	buf_release(&text);
	buf_release(&instance);
}

/* --- Answers ------------------------------------------------------------------ */

static void settle_item(struct redis_broker *redis, struct redis_item *item,
			long long result)
{
	struct broker_settlement *s = &item->settlement;
	enum broker_outcome outcome = result > 0    ? BROKER_SETTLED
				      : result == 0 ? BROKER_LOST
						    : BROKER_BAD_KEY;

	redis->item_count--;
	redis->held -= weight_of(s);
	if (outcome != BROKER_BAD_KEY)
		redis_known_forget(redis, s->claim);
	if (s->job)
		redis->events->on_settled(redis->arg, s->job, outcome);
	free(item);
}

static void unlink_batch(struct redis_broker *redis, struct redis_batch *batch)
{
	struct redis_batch **at = &redis->batches;

	while (*at != batch)
		at = &(*at)->next;
	*at = batch->next;
}

/* Back to the front, in order. */
static void requeue_batch(struct redis_broker *redis, struct redis_batch *batch)
{
	size_t i;

	for (i = batch->count; i > 0; i--) {
		struct redis_item *item = batch->items[i - 1];

		item->next = redis->items;
		redis->items = item;
		if (!item->next)
			redis->last_item = &item->next;
	}
}

static void on_settle(void *arg, const redisReply *reply)
{
	struct redis_batch *batch = arg;
	struct redis_broker *redis = batch->owner;
	size_t i;

	unlink_batch(redis, batch);
	if (batch->dropped) {
		free(batch);
		return;
	}
	if (redis_broker_failed(redis, reply) ||
	    reply->type != REDIS_REPLY_ARRAY ||
	    reply->elements != batch->count) {
		requeue_batch(redis, batch);
		free(batch);
		redis_broker_wake(redis);
		return;
	}
	redis_broker_succeeded(redis);
	for (i = 0; i < batch->count; i++)
		settle_item(redis, batch->items[i], reply->element[i]->integer);
	free(batch);
	redis_broker_wake(redis);
}

/* --- Sending ------------------------------------------------------------------- */

/* Takes the front item and all after it of the same queue, up to a batch.
 * What goes back is turned round: the last one claimed goes back first. */
static struct redis_batch *take_batch(struct redis_broker *redis)
{
	struct redis_batch *batch = xcalloc(1, sizeof(*batch));
	struct redis_item **at = &redis->items;
	size_t bytes = 0;

	batch->owner = redis;
	batch->queue = redis->items->settlement.queue;
	while (*at && batch->count < REDIS_BATCH_MAX &&
	       bytes < REDIS_CLAIM_BYTES * 8) {
		struct redis_item *item = *at;

		if (item->settlement.queue != batch->queue) {
			at = &item->next;
			continue;
		}
		*at = item->next;
		bytes += weight_of(&item->settlement);
		batch->items[batch->count++] = item;
	}
	if (!*at)
		redis->last_item = at;
	batch->next = redis->batches;
	redis->batches = batch;
	return batch;
}

static int compare_returns(const void *a, const void *b)
{
	const struct redis_item *x = *(struct redis_item *const *)a;
	const struct redis_item *y = *(struct redis_item *const *)b;
	bool back_x = x->settlement.how == BROKER_GIVE_BACK;
	bool back_y = y->settlement.how == BROKER_GIVE_BACK;

	if (back_x != back_y)
		return back_x - back_y;
	if (!back_x || x->settlement.claim == y->settlement.claim)
		return 0;
	return x->settlement.claim < y->settlement.claim ? 1 : -1;
}

/* Returns must go last claimed first across batches, too. */
static void sort_items(struct redis_broker *redis)
{
	struct redis_item **all, *item;
	size_t count = 0, i = 0;
	bool any = false;

	for (item = redis->items; item; item = item->next) {
		count++;
		any |= item->settlement.how == BROKER_GIVE_BACK;
	}
	if (!any)
		return;
	all = xcalloc(count, sizeof(struct redis_item *));
	for (item = redis->items; item; item = item->next)
		all[i++] = item;
	qsort(all, count, sizeof(struct redis_item *), compare_returns);
	redis->items = NULL;
	redis->last_item = &redis->items;
	for (i = 0; i < count; i++)
		append_item(redis, all[i]);
	free(all);
}

static void send_batch(struct redis_broker *redis, struct redis_batch *batch)
{
	struct redis_command command, keys, args;
	struct key_list list = {&keys, 0};
	char most[24];
	size_t i;

	redis_command_init(&keys);
	redis_command_init(&args);
	for (i = 0; i < batch->count; i++)
		add_item(redis, &batch->items[i]->settlement, &list, &args);
	redis_broker_script(redis, REDIS_SCRIPT_SETTLE, batch->queue,
			    list.count, &command);
	buf_add_slice(&command.bytes, buf_slice(&keys.bytes));
	command.count += keys.count;
	redis_command_text(&command, redis->name);
	redis_command_text(&command, redis->options.at_most_once ? "0" : "1");
	snprintf(most, sizeof(most), "%zu", redis->options.dead_max);
	redis_command_text(&command, most);
	redis_command_text(&command, redis_side(&redis->queues[batch->queue]));
	buf_add_slice(&command.bytes, buf_slice(&args.bytes));
	command.count += args.count;
	if (args.bytes.failed || keys.bytes.failed)
		command.bytes.failed = true;
	buf_release(&keys.bytes);
	buf_release(&args.bytes);
	redis_broker_send(redis, &command, on_settle, batch);
}

void redis_settle_pump(struct redis_broker *redis)
{
	if (!redis->items || !redis_broker_can_send(redis) || redis->adopting ||
	    (!redis->registered && !redis->options.at_most_once))
		return;
	sort_items(redis);
	while (redis->items)
		send_batch(redis, take_batch(redis));
}

void redis_settle_free_all(struct redis_broker *redis)
{
	struct redis_item *item;
	struct redis_batch *batch;
	size_t i;

	while ((item = redis->items)) {
		redis->items = item->next;
		free(item);
	}
	redis->last_item = &redis->items;
	/* Their replies are still to come: they find nothing to do. */
	for (batch = redis->batches; batch; batch = batch->next) {
		for (i = 0; i < batch->count; i++)
			free(batch->items[i]);
		batch->count = 0;
		batch->dropped = true;
	}
	redis->item_count = redis->held = 0;
}
