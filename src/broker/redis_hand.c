/*
 * Tasks that start before they are owned. An idle worker hands a brief task to
 * the master as BLMOVE moves it to the inbox, and its settlement takes it from
 * there: the inbox is this worker's alone, so being in it is the fence. What is
 * not over within some milliseconds, or ends otherwise than with a reply, becomes
 * owned like any other. Until the inbox is known to be empty again the queue is
 * not waited at: the last task that came in is the one at work.
 *
 * Whatever goes wrong on the way, the task lies in the inbox, where a claim or
 * the recovery of a dead worker's tasks finds it.
 */
#include "broker/redis_state.h"

#include <stdlib.h>
#include <string.h>
#include "base/crash.h"
#include "base/xalloc.h"

/* The payload travels once more, as the fence. */
#define BRIEF_MAX 1024

#define LINGER_SECONDS 0.001
/* For a task that is hardly ever at work that long: beyond the tick of most
 * kernels, since a sleep that a timer of its own has to end costs a few
 * microseconds more on virtual machines. */
#define LINGER_BRIEF_SECONDS 0.005

bool redis_hand_suits(const struct redis_queue *queue, struct slice payload)
{
	const struct redis_broker *redis = queue->owner;

	return redis->events->is_brief && payload.len &&
	       payload.len <= BRIEF_MAX && payload.ptr[0] != 1 &&
	       redis->events->is_brief(redis->arg, queue->index, payload);
}

void redis_hand_linger(struct redis_broker *redis, bool brief)
{
	bool pending = redis->asks || redis->items;
	double wait = brief ? LINGER_BRIEF_SECONDS : LINGER_SECONDS;

	redis->linger_until = redis_now(redis) + wait;
	/* What the task asked for meanwhile does not wait for it. */
	redis->loop->timer_set(redis->turn, pending ? 0 : wait);
}

bool redis_hand_begin(struct redis_queue *queue, const redisReply *reply)
{
	struct redis_broker *redis = queue->owner;
	struct slice payload = slice_of(reply->str, reply->len);
	struct broker_claim like = {.queue = queue->index,
				    .id = queue->first_id,
				    .now_ms = redis_clock_ms(redis)};
	struct redis_known *known;

	if (redis->adopting || redis->more || queue->handed ||
	    !redis_broker_can_send(redis) || !redis_claim_has_room(queue) ||
	    !redis_hand_suits(queue, payload))
		return false;
	CRASH_POINT("broker.handed");
	redis_claim_hand(queue, &like, reply);
	known = redis_known_find(redis, like.id);
	if (!known)
		return true;
	known->inbox = xcalloc(payload.len + 1, 1);
	memcpy(known->inbox, payload.ptr, payload.len);
	known->inbox_len = payload.len;
	queue->handed = like.id;
	redis_hand_linger(redis, true);
	return true;
}

bool redis_hand_holds(const struct redis_queue *queue)
{
	return queue->handed != 0;
}

void redis_hand_forget(struct redis_broker *redis, size_t queue, uint64_t id)
{
	if (redis->queues[queue].handed == id && !redis->queues[queue].taking)
		redis->queues[queue].handed = 0;
}

/* --- Owning ------------------------------------------------------------------- */

static void read_flags(struct redis_queue *queue, long long flags)
{
	struct redis_broker *redis = queue->owner;

	if (flags & REDIS_FLAG_GONE) {
		redis_broker_gone(redis);
		return;
	}
	/* Back in the queue or still in the inbox: a claim tells more. */
	if (flags & REDIS_FLAG_NOT_OURS)
		redis_claim_again(redis);
	if (flags & REDIS_FLAG_PAUSED)
		queue->paused = true;
	if (flags & REDIS_FLAG_CANCELLED)
		queue->brief = false;
}

static void on_take(void *arg, const redisReply *reply)
{
	struct redis_queue *queue = arg;
	struct redis_broker *redis = queue->owner;

	CRASH_POINT("broker.take_reply");
	queue->taking = false;
	queue->handed = 0;
	if (redis_broker_failed(redis, reply)) {
		redis_claim_again(redis);
	} else if (reply->type == REDIS_REPLY_INTEGER) {
		redis_broker_succeeded(redis);
		read_flags(queue, reply->integer);
	}
	redis_broker_wake(redis);
}

static void take(struct redis_queue *queue, struct redis_known *known)
{
	struct redis_broker *redis = queue->owner;
	struct redis_command command;

	queue->taking = true;
	redis_name_script(redis, REDIS_SCRIPT_TAKE, queue->index, 0, &command);
	redis_command_text(&command, redis->name);
	redis_command_int(&command, (int64_t)known->id);
	redis_command_text(&command, redis_side_letter(queue));
	redis_command_add(&command, slice_of(known->inbox, known->inbox_len));
	free(known->inbox);
	known->inbox = NULL;
	redis_broker_send(redis, &command, on_take, queue);
}

/* The one that is in the inbox only, and has no settlement on the way. */
static struct redis_known *find_open(const struct redis_queue *queue)
{
	struct redis_known *known = NULL;

	if (queue->handed && !queue->taking)
		known = redis_known_find(queue->owner, queue->handed);
	return known && known->inbox && !known->settling ? known : NULL;
}

void redis_hand_take(struct redis_broker *redis, bool all)
{
	double wait = redis->linger_until - redis_now(redis);
	size_t i;

	for (i = 0; i < redis->queue_count; i++) {
		struct redis_known *known = find_open(&redis->queues[i]);

		if (known && (all || wait <= 0))
			take(&redis->queues[i], known);
		else if (known)
			redis->loop->timer_set(redis->turn, wait);
	}
}

void redis_hand_settle(struct redis_broker *redis)
{
	const struct redis_item *item;
	double now = redis_now(redis);

	for (item = redis->items; item; item = item->next) {
		struct redis_queue *queue =
			&redis->queues[item->settlement.queue];
		struct redis_known *known = find_open(queue);

		if (!known || known->id != item->settlement.claim ||
		    item->retry_at > now)
			continue;
		if (redis_item_is_quick(&item->settlement))
			known->settling = true;
		else
			take(queue, known);
	}
}

/* --- Answering from the inbox --------------------------------------------------- */

bool redis_hand_answers(const struct redis_broker *redis,
			const struct broker_settlement *settlement)
{
	const struct redis_queue *queue = &redis->queues[settlement->queue];

	return queue->handed && queue->handed == settlement->claim &&
	       !queue->taking && redis_item_is_quick(settlement);
}

void redis_hand_put(struct redis_broker *redis,
		    const struct broker_settlement *settlement,
		    struct redis_command *command)
{
	static const size_t keys[] = {0, 2, 6, 7, 8};
	const struct redis_queue *queue = &redis->queues[settlement->queue];
	const struct redis_known *known =
		redis_known_find(redis, settlement->claim);
	size_t i, count = sizeof(keys) / sizeof(keys[0]);

	redis_name_begin(redis, REDIS_SCRIPT_ANSWER,
			 count + (settlement->reply_to.len ? 1 : 0), command);
	for (i = 0; i < count; i++)
		redis_command_text(command, queue->keys[keys[i]]);
	if (settlement->reply_to.len)
		redis_command_add(command, settlement->reply_to);
	redis_command_add(command, slice_of(known->inbox, known->inbox_len));
	redis_command_add(command, settlement->reply);
	redis_command_int(command, settlement->reply_ttl);
	redis_command_text(command, redis_item_counter(settlement));
	redis_command_text(command, redis_side_letter(queue));
}
