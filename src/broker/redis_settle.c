/*
 * Settlements: gathered during a turn of the loop, sent in batches of one
 * queue, and kept until Redis has answered. A batch whose fate is not known is
 * sent again: the fence makes that harmless. At most once there is no fence,
 * and such a batch counts as done.
 */
#include "broker/redis_state.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/xalloc.h"
#include "base/crash.h"

/* A settlement that cherry's own keys refuse is tried again after this. */
#define RETRY_SECONDS  1.0
#define GATHER_SECONDS 0.1
#define BATCH_BYTES    ((size_t)8 << 20)

enum { RESULT_SETTLED = 1, RESULT_LOST = 0, RESULT_BAD_KEY = -1 };

static size_t weight_of(const struct broker_settlement *settlement)
{
	size_t weight = 256 + settlement->reply.len + settlement->error.len, i;

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

/* What was at work at the end comes one by one as it dies, and is sorted when
 * it goes back: so it goes together. */
static void gather_return(struct redis_broker *redis, struct redis_item *item)
{
	double now = redis_now(redis);

	if (redis->return_at <= now) {
		redis->return_at = now + GATHER_SECONDS;
		redis_broker_later(redis, GATHER_SECONDS + 0.005);
	}
	item->retry_at = redis->return_at;
}

static struct redis_item *add_item(struct redis_broker *redis,
				   const struct broker_settlement *settlement)
{
	struct redis_item *item = xcalloc(1, sizeof(*item));

	item->settlement = *settlement;
	if (settlement->how == BROKER_GIVE_BACK && redis->stopping)
		gather_return(redis, item);
	append_item(redis, item);
	redis->item_count++;
	redis->held += weight_of(settlement);
	redis_broker_wake(redis);
	return item;
}

static void item_free(struct redis_item *item)
{
	free(item->copy);
	free(item);
}

void redis_settle_add(struct redis_broker *redis,
		      const struct broker_settlement *settlement)
{
	(void)add_item(redis, settlement);
}

void redis_settle_return(struct redis_broker *redis, size_t queue, uint64_t id,
			 struct slice payload)
{
	struct broker_settlement settlement = {
		.claim = id, .queue = queue, .how = BROKER_GIVE_BACK};
	struct redis_item *item = add_item(redis, &settlement);

	if (!redis->options.at_most_once)
		return;
	item->copy = xcalloc(payload.len + 1, 1);
	if (payload.len)
		memcpy(item->copy, payload.ptr, payload.len);
	item->settlement.payload = slice_of(item->copy, payload.len);
}

/* --- Answers ------------------------------------------------------------------ */

static void settle_item(struct redis_broker *redis, struct redis_item *item,
			long long result)
{
	struct broker_settlement *s = &item->settlement;
	struct redis_known *known;
	enum broker_outcome outcome = result == RESULT_SETTLED ? BROKER_SETTLED
				      : result == RESULT_LOST  ? BROKER_LOST
							       : BROKER_BAD_KEY;

	redis->item_count--;
	redis->held -= weight_of(s);
	known = redis_known_find(redis, s->claim);
	/* A task that started in the inbox was not ours to answer, or not yet:
	 * a claim tells more. */
	if (outcome == BROKER_LOST && known && known->inbox)
		redis_claim_again(redis);
	if (known)
		known->settling = false;
	if (outcome != BROKER_BAD_KEY)
		redis_known_forget(redis, s->claim);
	/* What waits in `later` comes without a push. */
	if (outcome == BROKER_SETTLED && s->how == BROKER_LATER)
		redis_broker_later(redis, s->delay);
	if (outcome == BROKER_SETTLED && s->how == BROKER_GIVE_BACK)
		redis_claim_again(redis);
	if (s->job)
		redis->events->on_settled(redis->arg, s->job, outcome);
	item_free(item);
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

/* To the end, by itself, the second time after a while: others are not to wait
 * for it. */
static void put_off(struct redis_broker *redis, struct redis_item *item)
{
	double wait = item->alone ? RETRY_SECONDS : 0;
	struct redis_known *known =
		redis_known_find(redis, item->settlement.claim);

	if (known)
		known->settling = false;
	item->alone = true;
	item->retry_at = redis_now(redis) + wait;
	append_item(redis, item);
	redis_broker_later(redis, wait);
}

static void tell_put_off(struct redis_broker *redis,
			 const struct redis_batch *batch, const char *why)
{
	redis_broker_notice(redis, BROKER_RESULT_NOT_STORED, batch->queue, why,
			    0);
}

/* Rights that do not cover a key of the task: its affair, once it is alone. */
static bool is_denied_key(const struct redis_batch *batch,
			  const redisReply *reply)
{
	const struct broker_settlement *s = &batch->items[0]->settlement;

	return batch->count == 1 && (s->reply_to.len || s->output_count) &&
	       strstr(reply->str, "access") != NULL;
}

/*
 * The script itself failed. Most of the time the server refuses everything, or
 * nobody knows whether it ran: all goes again. An error of another kind is of
 * one item: each goes alone, and does not hold up the others.
 */
static void batch_failed(struct redis_broker *redis, struct redis_batch *batch,
			 const redisReply *reply)
{
	bool lost = !reply && redis->options.at_most_once;
	enum redis_class class = redis_command_class(reply);
	bool denied = class == REDIS_CLASS_DENIED && redis->was_up;
	bool odd = reply && (reply->type != REDIS_REPLY_ERROR ||
			     class == REDIS_CLASS_OTHER || denied);
	size_t i;

	if (denied && is_denied_key(batch, reply)) {
		settle_item(redis, batch->items[0], RESULT_BAD_KEY);
		return;
	}
	if (odd)
		tell_put_off(redis, batch,
			     reply->type == REDIS_REPLY_ERROR
				     ? reply->str
				     : "an answer of another shape");
	else if (!lost)
		requeue_batch(redis, batch);
	for (i = 0; i < batch->count && (odd || lost); i++) {
		if (lost)
			settle_item(redis, batch->items[i], RESULT_SETTLED);
		else
			put_off(redis, batch->items[i]);
	}
	if (!odd)
		redis_broker_failed(redis, reply);
}

static void read_results(struct redis_broker *redis, struct redis_batch *batch,
			 const redisReply *reply)
{
	size_t i;

	for (i = 0; i < batch->count; i++) {
		long long result = reply->type == REDIS_REPLY_ARRAY
					   ? reply->element[i]->integer
					   : RESULT_SETTLED;

		if (result >= RESULT_BAD_KEY) {
			settle_item(redis, batch->items[i], result);
			continue;
		}
		tell_put_off(redis, batch,
			     "a key that cherry keeps for the queue holds "
			     "another type");
		put_off(redis, batch->items[i]);
	}
}

static bool is_whole(const struct redis_batch *batch, const redisReply *reply)
{
	if (!reply)
		return false;
	if (reply->type == REDIS_REPLY_INTEGER)
		return (size_t)reply->integer == batch->count;
	return reply->type == REDIS_REPLY_ARRAY &&
	       reply->elements == batch->count;
}

static void on_settle(void *arg, const redisReply *reply)
{
	struct redis_batch *batch = arg;
	struct redis_broker *redis = batch->owner;

	CRASH_POINT("broker.settle_reply");
	redis->linger_until = 0;
	unlink_batch(redis, batch);
	if (!batch->dropped && is_whole(batch, reply)) {
		redis_broker_succeeded(redis);
		read_results(redis, batch, reply);
	} else if (!batch->dropped) {
		batch_failed(redis, batch, reply);
	}
	free(batch);
	redis_broker_wake(redis);
}

/* --- Sending ------------------------------------------------------------------- */

static bool is_single(const struct redis_batch *batch,
		      const struct redis_item *item)
{
	return item->alone ||
	       redis_hand_answers(batch->owner, &item->settlement);
}

static bool fits(const struct redis_batch *batch, size_t bytes,
		 const struct redis_item *item)
{
	if (!batch->count)
		return true;
	return batch->count < REDIS_BATCH_MAX && bytes < BATCH_BYTES &&
	       !is_single(batch, item) && !is_single(batch, batch->items[0]) &&
	       item->settlement.queue == batch->queue;
}

/* Takes the first item whose time has come, and after it what fits. */
static struct redis_batch *take_batch(struct redis_broker *redis)
{
	struct redis_batch *batch = xcalloc(1, sizeof(*batch));
	struct redis_item **at = &redis->items;
	double now = redis_now(redis);
	size_t bytes = 0;

	batch->owner = redis;
	while (*at && batch->count < REDIS_BATCH_MAX && bytes < BATCH_BYTES) {
		struct redis_item *item = *at;

		if (item->retry_at > now || !fits(batch, bytes, item)) {
			at = &item->next;
			continue;
		}
		*at = item->next;
		bytes += weight_of(&item->settlement);
		batch->queue = item->settlement.queue;
		batch->items[batch->count++] = item;
	}
	if (!*at)
		redis->last_item = at;
	if (!batch->count) {
		free(batch);
		return NULL;
	}
	batch->next = redis->batches;
	redis->batches = batch;
	return batch;
}

static int compare_returns(const void *a, const void *b)
{
	const struct redis_item *x = *(struct redis_item *const *)a;
	const struct redis_item *y = *(struct redis_item *const *)b;

	return x->settlement.claim < y->settlement.claim   ? 1
	       : x->settlement.claim > y->settlement.claim ? -1
							   : 0;
}

/*
 * What goes back to the consuming end goes last claimed first, so that the
 * first one is taken next; all of it after what ends.
 */
static void sort_returns(struct redis_broker *redis)
{
	struct redis_item **back, *item, *all = redis->items;
	size_t count = 0, i = 0;

	for (item = all; item; item = item->next)
		count += item->settlement.how == BROKER_GIVE_BACK;
	if (!count)
		return;
	back = xcalloc(count, sizeof(struct redis_item *));
	redis->items = NULL;
	redis->last_item = &redis->items;
	while ((item = all)) {
		all = item->next;
		if (item->settlement.how == BROKER_GIVE_BACK)
			back[i++] = item;
		else
			append_item(redis, item);
	}
	qsort(back, count, sizeof(struct redis_item *), compare_returns);
	for (i = 0; i < count; i++)
		append_item(redis, back[i]);
	free(back);
}

static void put_batch(struct redis_broker *redis,
		      const struct redis_batch *batch,
		      struct redis_command *command)
{
	const struct redis_queue *queue = &redis->queues[batch->queue];
	struct redis_command keys, args;
	size_t i;

	redis_command_init(&keys);
	redis_command_init(&args);
	for (i = 0; i < batch->count; i++)
		redis_item_put(redis, &batch->items[i]->settlement, &keys,
			       &args);
	redis_name_script(redis, REDIS_SCRIPT_SETTLE, batch->queue, keys.count,
			  command);
	redis_command_join(command, &keys);
	redis_command_text(command, redis->name);
	redis_command_text(command, redis->options.at_most_once ? "0" : "1");
	redis_command_int(command, (int64_t)redis->options.dead_max);
	redis_command_text(command, redis_side_letter(queue));
	redis_command_join(command, &args);
}

static void send_batch(struct redis_broker *redis, struct redis_batch *batch)
{
	const struct broker_settlement *first = &batch->items[0]->settlement;
	struct redis_command command;

	if (redis_hand_answers(redis, first))
		redis_hand_put(redis, first, &command);
	else
		put_batch(redis, batch, &command);
	redis_broker_send(redis, &command, on_settle, batch);
}

void redis_settle_pump(struct redis_broker *redis)
{
	struct redis_batch *batch;

	if (!redis->items || !redis_broker_can_send(redis) || redis->adopting ||
	    !redis->registered)
		return;
	redis_hand_settle(redis);
	sort_returns(redis);
	while (redis->items && (batch = take_batch(redis)))
		send_batch(redis, batch);
}

void redis_settle_free_all(struct redis_broker *redis)
{
	struct redis_item *item;
	struct redis_batch *batch;
	size_t i;

	while ((item = redis->items)) {
		redis->items = item->next;
		item_free(item);
	}
	redis->last_item = &redis->items;
	/* Their replies are still to come: they find nothing to do. */
	for (batch = redis->batches; batch; batch = batch->next) {
		for (i = 0; i < batch->count; i++)
			item_free(batch->items[i]);
		batch->count = 0;
		batch->dropped = true;
	}
	redis->item_count = redis->held = 0;
}
