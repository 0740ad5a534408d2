/*
 * How tasks come in while there are any: the claim script over all queues, with
 * up to two calls on the way. Decides when to ask, when to wait (redis_park.c),
 * and hands out what came.
 */
#include "broker/redis_state.h"

#include "base/crash.h"
#include "broker/redis_mutant.h"

/* How long a paused queue, or one that is no list, is left alone. */
#define CLOSED_SECONDS 1.0
/* A second call is worth its way only for this many slots. */
#define SECOND_CALL 16

/* --- Handing over ------------------------------------------------------------- */

bool redis_claim_has_room(const struct redis_queue *queue)
{
	const struct redis_broker *redis = queue->owner;

	return redis->slots && queue->limit && !redis->stopping &&
	       !queue->paused;
}

static void read_value(const redisReply *value, struct broker_claim *claim,
		       struct slice *instance)
{
	*instance = (struct slice){0};
	if (value->type == REDIS_REPLY_STRING)
		redis_known_read(slice_of(value->str, value->len), claim,
				 instance);
	else
		claim->oversize =
			value->integer > 0 ? (size_t)value->integer : 1;
}

/* True if the claim is to be handed over. */
static bool take_value(struct redis_queue *queue, struct broker_claim *claim,
		       const redisReply *value)
{
	struct redis_broker *redis = queue->owner;
	struct slice instance = {0};

	if (!claim->payload.ptr) /* else it was popped: never a record */
		read_value(value, claim, &instance);
	if (!claim->first_seen_ms)
		claim->first_seen_ms = claim->now_ms;
	redis_known_add(redis, claim, instance);
	if (!redis_claim_has_room(queue)) {
		redis_settle_return(redis, queue->index, claim->id,
				    claim->payload);
		redis->more = true;
		return false;
	}
	redis->slots--;
	if (queue->limit != SIZE_MAX)
		queue->limit--;
	return true;
}

void redis_claim_hand(struct redis_queue *queue, struct broker_claim *like,
		      const redisReply *value)
{
	if (take_value(queue, like, value))
		queue->owner->events->on_claims(queue->owner->arg, like, 1);
}

static void hand_over(struct redis_queue *queue,
		      const struct broker_claim *like,
		      redisReply *const *values, size_t records, size_t count)
{
	struct redis_broker *redis = queue->owner;
	struct broker_claim claims[64];
	size_t i, ready = 0;

	for (i = 0; i < count; i++) {
		claims[ready] = *like;
		claims[ready].id += i;
		if (!take_value(queue, &claims[ready], values[i]))
			continue;
		claims[ready].recovered =
			i < records && claims[ready].deaths > 0;
		if (++ready == 64) {
			redis->events->on_claims(redis->arg, claims, ready);
			ready = 0;
		}
	}
	if (ready)
		redis->events->on_claims(redis->arg, claims, ready);
}

/* --- Replies ------------------------------------------------------------------- */

static void read_flags(struct redis_queue *queue, long long flags)
{
	struct redis_broker *redis = queue->owner;

	queue->paused = flags & REDIS_FLAG_PAUSED;
	if (flags & REDIS_FLAG_MORE)
		redis->more = true;
	if (flags & REDIS_FLAG_BROKEN)
		redis_broker_notice(redis, BROKER_QUEUE_UNUSABLE, queue->index,
				    "it, or a key that cherry keeps for "
				    "it, holds another type",
				    0);
	if (!(flags & (REDIS_FLAG_PAUSED | REDIS_FLAG_BROKEN)))
		return;
	queue->closed_until = redis_now(redis) + CLOSED_SECONDS;
	redis_broker_later(redis, CLOSED_SECONDS);
}

long redis_claim_read(struct redis_broker *redis, const redisReply *reply,
		      size_t base, uint64_t first_id)
{
	size_t i = 3, queue = base;
	long total = 0;
	long long now, due;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 3)
		return -1;
	now = reply->element[0]->integer;
	if (now)
		redis_clock_set(redis, now);
	due = reply->element[1]->integer;
	if (due >= 0)
		redis_broker_later(redis, (double)(due - now) / 1000);
	for (; i + 3 <= reply->elements && queue < redis->queue_count;
	     queue++) {
		size_t records = (size_t)reply->element[i]->integer;
		size_t count = (size_t)reply->element[i + 1]->integer;
		long long flags = reply->element[i + 2]->integer;
		struct broker_claim like = {
			.queue = queue,
			.id = first_id + (uint64_t)total,
			.now_ms = now,
			.check_cancel = flags & REDIS_FLAG_CANCELLED};

		i += 3;
		if (count > reply->elements - i)
			return -1;
		read_flags(&redis->queues[queue], flags);
		hand_over(&redis->queues[queue], &like, reply->element + i,
			  records, count);
		total += (long)count;
		i += count;
	}
	return reply->element[2]->integer ? -1 : total;
}

bool redis_claim_is_lone(const redisReply *reply, struct slice *task)
{
	const redisReply *value;

	*task = (struct slice){0};
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 7)
		return false;
	value = reply->element[6];
	if (value->type == REDIS_REPLY_STRING && !reply->element[5]->integer)
		*task = slice_of(value->str, value->len);
	return true;
}

/* --- The claim script --------------------------------------------------------- */

uint64_t redis_claim_reserve(struct redis_broker *redis, size_t count)
{
	uint64_t first = redis->next_id;

	redis->next_id += count;
	return first;
}

static void on_claim(void *arg, const redisReply *reply)
{
	struct redis_call call = *(struct redis_call *)arg;
	struct redis_broker *redis = call.owner;
	long got;

	CRASH_POINT("broker.claim_reply");
	*(struct redis_call *)arg = (struct redis_call){0};
	redis->claiming--;
	redis->reserved -= call.asked;
	if (!reply && redis_mutant_is("claim_again") &&
	    call.first_id < redis->next_id)
		redis->next_id = call.first_id;
	if (!reply || redis_broker_failed(redis, reply)) {
		/* It may have run half-way where rights are missing. */
		if (reply && redis_command_class(reply) != REDIS_CLASS_SCRIPT)
			redis_broker_restart(redis);
		redis->more = true;
		return;
	}
	redis->more = redis->again;
	got = redis_claim_read(redis, reply, 0, call.first_id);
	if (got < 0) {
		redis_broker_gone(redis);
		return;
	}
	/* One that found nothing has written nothing: it says nothing about a
	 * server that refuses. */
	if (got > 0)
		redis_broker_succeeded(redis);
	/* Fewer than asked for: the queues are empty, or held by limits. */
	if ((size_t)got >= call.asked)
		redis->more = true;
	redis_broker_wake(redis);
}

static size_t slots_of(const struct redis_queue *queue, size_t asked)
{
	if (queue->closed_until > redis_now(queue->owner))
		return 0;
	return queue->limit < asked ? queue->limit : asked;
}

static void send_claim(struct redis_broker *redis, size_t asked)
{
	struct redis_call *call = &redis->calls[redis->calls[0].owner ? 1 : 0];
	bool owning = !redis->options.at_most_once;
	struct redis_command command;
	size_t i;

	if (asked > REDIS_CLAIM_MAX)
		asked = REDIS_CLAIM_MAX;
	call->owner = redis;
	call->asked = asked;
	/* What lies in inboxes comes in addition. */
	call->first_id = redis_claim_reserve(
		redis, asked + REDIS_CLAIM_MAX * redis->queue_count);
	redis->claiming++;
	redis->again = false;
	redis->reserved += asked;
	redis_name_script(redis, REDIS_SCRIPT_CLAIM, SIZE_MAX, 0, &command);
	redis_command_text(&command, redis->name);
	redis_command_text(&command, owning ? "1" : "0");
	redis_command_int(&command, (int64_t)(redis->options.max_payload +
					      REDIS_BIG_MARGIN));
	redis_command_int(&command, REDIS_CLAIM_BYTES);
	redis_command_int(&command, (int64_t)call->first_id);
	redis_command_int(&command, (int64_t)asked);
	for (i = 0; i < redis->queue_count; i++) {
		redis_command_text(&command,
				   redis_side_letter(&redis->queues[i]));
		redis_command_int(&command,
				  (int64_t)slots_of(&redis->queues[i], asked));
	}
	redis_broker_send(redis, &command, on_claim, call);
}

/* Queues that were closed for a while are asked again by a claim. */
static void reopen(struct redis_broker *redis)
{
	double now = redis_now(redis);
	size_t i;

	for (i = 0; i < redis->queue_count; i++) {
		struct redis_queue *queue = &redis->queues[i];

		if (queue->closed_until <= 0 || queue->closed_until > now)
			continue;
		queue->closed_until = 0;
		redis->more = true;
	}
}

void redis_claim_again(struct redis_broker *redis)
{
	redis->more = redis->again = true;
}

static void park(struct redis_broker *redis)
{
	double wait = redis->linger_until - redis_now(redis);

	if (wait > 0) {
		redis->loop->timer_set(redis->turn, wait);
		return;
	}
	redis_park_all(redis);
}

void redis_claim_pump(struct redis_broker *redis)
{
	bool room = redis->slots && !redis->stopping &&
		    redis->held <= redis->options.max_held;
	size_t free = redis->slots > redis->reserved
			      ? redis->slots - redis->reserved
			      : 0;

	if (!redis->registered || redis->adopting ||
	    !redis_broker_can_send(redis))
		return;
	redis_hand_take(redis, false);
	if (!room) {
		redis_park_end(redis);
		return;
	}
	reopen(redis);
	if (redis->more && free &&
	    (!redis->claiming ||
	     (redis->claiming == 1 && free >= SECOND_CALL))) {
		/* A claim takes what lies in inboxes. */
		redis_hand_take(redis, true);
		send_claim(redis, free);
	} else if (!redis->more && !redis->claiming) {
		park(redis);
	}
}
