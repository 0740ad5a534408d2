/*
 * How tasks come in: one claim script over all queues while there is work, one
 * parked connection a queue while there is none. Decides when to do which.
 */
#include "broker/redis_state.h"

#include <stdlib.h>
#include "base/xalloc.h"

/* Values longer than this much over max_payload stay in Redis. */
#define BIG_MARGIN    ((size_t)64 << 20)
#define PAUSE_SECONDS 1

/* --- Handing over ------------------------------------------------------------- */

void redis_claim_deliver(struct redis_queue *queue,
			 const struct broker_claim *like,
			 redisReply *const *values, size_t records,
			 size_t count, uint64_t first_id)
{
	struct redis_broker *redis = queue->owner;
	struct broker_claim claims[64];
	size_t i, ready = 0;

	for (i = 0; i < count; i++) {
		struct slice instance;

		/* At most once there is no giving back what was popped. */
		if ((!redis->slots || redis->stopping || !queue->limit) &&
		    !redis->options.at_most_once) {
			redis_settle_return(redis, queue->index, first_id + i);
			redis->more = true;
			continue;
		}
		claims[ready] = *like;
		claims[ready].id = first_id + i;
		redis_known_read(values[i], &claims[ready], &instance);
		claims[ready].recovered =
			i < records && claims[ready].deaths > 0;
		redis_known_add(redis, &claims[ready], instance);
		if (redis->slots)
			redis->slots--;
		if (queue->limit && queue->limit != SIZE_MAX)
			queue->limit--;
		if (++ready == 64) {
			redis->events->on_claims(redis->arg, claims, ready);
			ready = 0;
		}
	}
	if (ready)
		redis->events->on_claims(redis->arg, claims, ready);
}

void redis_claim_adopt(struct redis_queue *queue, uint64_t id, int64_t now_ms,
		       bool check_cancel, const redisReply *value)
{
	struct redis_broker *redis = queue->owner;
	struct broker_claim claim = {.queue = queue->index,
				     .id = id,
				     .now_ms = now_ms,
				     .check_cancel = check_cancel,
				     .recovered = true};
	struct slice instance;

	if (value->type != REDIS_REPLY_STRING &&
	    value->type != REDIS_REPLY_INTEGER)
		return;
	if (!redis->slots || redis->stopping) {
		redis_settle_return(redis, queue->index, id);
		redis->more = true;
		return;
	}
	redis_known_read(value, &claim, &instance);
	redis_known_add(redis, &claim, instance);
	redis->slots--;
	redis->events->on_claims(redis->arg, &claim, 1);
}

/* The reply of the claim script, whose first queue was `base`: now, next due,
 * gone, paused, tasks. Returns
 * how many tasks came, or -1 for a reply of another shape. */
static long read_claims(struct redis_broker *redis, const redisReply *reply,
			size_t base, uint64_t first_id)
{
	const redisReply *out;
	size_t i = 0;
	long total = 0;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 5 ||
	    reply->element[4]->type != REDIS_REPLY_ARRAY)
		return -1;
	out = reply->element[4];
	if (reply->element[1]->integer >= 0) {
		double wait = (double)(reply->element[1]->integer -
				       reply->element[0]->integer) /
			      1000;

		redis->loop->timer_set(redis->due, wait > 0 ? wait : 0.001);
	}
	if (reply->element[3]->integer)
		redis->pause_until =
			redis->loop->now(redis->loop) + PAUSE_SECONDS;
	while (i + 4 <= out->elements) {
		size_t queue = base + (size_t)out->element[i]->integer;
		size_t records = (size_t)out->element[i + 1]->integer;
		size_t count = (size_t)out->element[i + 2]->integer;
		struct broker_claim like = {
			.queue = queue,
			.now_ms = reply->element[0]->integer,
			.check_cancel = out->element[i + 3]->integer != 0};

		i += 4;
		if (queue >= redis->queue_count || count > out->elements - i)
			return -1;
		redis_claim_deliver(&redis->queues[queue], &like,
				    out->element + i, records, count,
				    first_id + (uint64_t)total);
		total += (long)count;
		i += count;
	}
	return total;
}

/* --- The claim script --------------------------------------------------------- */

/* A call's numbers: claims are named before they are made, so that a lost
 * reply can be told from a task that is known. */
struct claim_call {
	struct redis_broker *redis;
	struct redis_queue *queue; /* an adoption; NULL: a claim */
	uint64_t first_id;
	size_t asked;
};

static void add_claim_args(struct redis_command *command,
			   struct redis_broker *redis,
			   const struct claim_call *call, size_t queue)
{
	size_t i, end = queue == SIZE_MAX ? redis->queue_count : queue + 1;

	redis_command_text(command, redis->name);
	redis_command_int(command,
			  (int64_t)(redis->options.max_payload + BIG_MARGIN));
	redis_command_int(command, REDIS_CLAIM_BYTES);
	redis_command_int(command, (int64_t)call->first_id);
	redis_command_int(command, (int64_t)call->asked);
	redis_command_text(command, call->queue ? "1" : "0");
	for (i = queue == SIZE_MAX ? 0 : queue; i < end; i++) {
		size_t limit = redis->queues[i].limit;

		redis_command_text(command, redis_side(&redis->queues[i]));
		redis_command_int(command, call->queue ? 0
					   : limit < call->asked
						   ? (int64_t)limit
						   : (int64_t)call->asked);
	}
}

/* Numbers of claims are never used twice; what a call may need at most is set
 * aside: slots, and whatever lies in inboxes. */
static uint64_t reserve_ids(struct redis_broker *redis, size_t count)
{
	uint64_t first = redis->next_id;

	redis->next_id += count + 100000;
	return first;
}

static void on_claim(void *arg, const redisReply *reply)
{
	struct claim_call *call = arg;
	struct redis_broker *redis = call->redis;
	uint64_t first_id = call->first_id;
	size_t asked = call->asked;
	long got;

	free(call);
	redis->claiming = false;
	if (redis_broker_failed(redis, reply))
		return;
	redis_broker_succeeded(redis);
	if (redis->options.at_most_once
		    ? false
		    : reply->elements == 5 && reply->element[2]->integer) {
		redis_broker_gone(redis);
		return;
	}
	got = read_claims(redis, reply, 0, first_id);
	/* Fewer than asked for: the queues are empty (or held by limits). */
	redis->more = got > 0 && (size_t)got >= asked;
	if (got > 0 && (size_t)got < asked)
		redis->more = false;
	redis_broker_wake(redis);
}

static void send_claim(struct redis_broker *redis)
{
	struct claim_call *call = xcalloc(1, sizeof(*call));
	struct redis_command command;

	call->redis = redis;
	call->asked = redis->slots < 1000 ? redis->slots : 1000;
	call->first_id = reserve_ids(redis, call->asked);
	redis->claiming = true;
	redis_broker_script(redis,
			    redis->options.at_most_once ? REDIS_SCRIPT_POP
							: REDIS_SCRIPT_CLAIM,
			    SIZE_MAX, 0, &command);
	add_claim_args(&command, redis, call, SIZE_MAX);
	redis_broker_send(redis, &command, on_claim, call);
}

/* --- Parked connections -------------------------------------------------------- */

static void on_doorbell(void *arg, const redisReply *reply)
{
	struct redis_queue *queue = arg;

	/* UNBLOCKED and the like: the connection breaks by itself, or the
	 * adoption behind this tells the rest. */
	if (reply && reply->type == REDIS_REPLY_ERROR)
		redis_broker_failed(queue->owner, reply);
}

static void on_adopt(void *arg, const redisReply *reply)
{
	struct claim_call *call = arg;
	struct redis_queue *queue = call->queue;
	struct redis_broker *redis = call->redis;
	uint64_t first_id = call->first_id;
	long got;

	free(call);
	queue->armed = queue->unblocking = false;
	if (!reply || redis_broker_failed(redis, reply))
		return;
	if (reply->elements == 5 && reply->element[2]->integer) {
		/* The main connection will find the same and say so. */
		redis->more = true;
		redis_broker_wake(redis);
		return;
	}
	got = read_claims(redis, reply, queue->index, first_id);
	if (got > 0)
		redis->more = true;
	redis_broker_wake(redis);
}

static void send_keys_of(struct redis_command *command,
			 const struct redis_queue *queue)
{
	int i;

	for (i = 0; i < REDIS_KEYS; i++)
		redis_command_text(command, queue->keys[i]);
}

static void arm(struct redis_queue *queue)
{
	struct redis_broker *redis = queue->owner;
	struct claim_call *call = xcalloc(1, sizeof(*call));
	struct redis_command command;

	call->redis = redis;
	call->queue = queue;
	call->first_id = reserve_ids(redis, 0);
	redis_command_init(&command);
	redis_command_text(&command, "BLMOVE");
	redis_command_text(&command, queue->keys[0]);
	redis_command_text(&command, queue->keys[2]);
	redis_command_text(&command, queue->left ? "LEFT" : "RIGHT");
	redis_command_text(&command, "LEFT");
	redis_command_int(&command, REDIS_PARK_SECONDS);
	queue->armed = true;
	redis_conn_send(queue->park, &command, REDIS_PARK_SECONDS + 10,
			on_doorbell, queue);
	redis_broker_begin(redis, REDIS_SCRIPT_CLAIM, REDIS_KEYS, &command);
	send_keys_of(&command, queue);
	add_claim_args(&command, redis, call, queue->index);
	redis_conn_send(queue->park, &command, 0, on_adopt, call);
}

/* At most once: BRPOP or BLPOP over all queues on the first queue's connection;
 * what it returns is ours, and nowhere else. */
static void on_popped(void *arg, const redisReply *reply)
{
	struct redis_queue *first = arg;
	struct redis_broker *redis = first->owner;
	size_t i;

	first->armed = first->unblocking = false;
	if (!reply || redis_broker_failed(redis, reply))
		return;
	for (i = 0; reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
		    i < redis->queue_count;
	     i++) {
		struct broker_claim like = {.queue = i, .now_ms = 0};

		if (!slice_is(slice_of(reply->element[0]->str,
				       reply->element[0]->len),
			      redis->queues[i].name))
			continue;
		redis->more = true;
		redis_claim_deliver(&redis->queues[i], &like,
				    reply->element + 1, 0, 1,
				    reserve_ids(redis, 1));
		break;
	}
	redis_broker_wake(redis);
}

static void arm_pop(struct redis_broker *redis)
{
	struct redis_queue *first = &redis->queues[0];
	struct redis_command command;
	size_t i;

	redis_command_init(&command);
	redis_command_text(&command, first->left ? "BLPOP" : "BRPOP");
	for (i = 0; i < redis->queue_count; i++) {
		if (redis->queues[i].limit)
			redis_command_text(&command, redis->queues[i].name);
	}
	redis_command_int(&command, REDIS_PARK_SECONDS);
	first->armed = true;
	redis_conn_send(first->park, &command, REDIS_PARK_SECONDS + 10,
			on_popped, first);
}

void redis_claim_park_ready(struct redis_queue *queue)
{
	redis_broker_wake(queue->owner);
}

void redis_claim_park_down(struct redis_queue *queue)
{
	queue->armed = queue->unblocking = false;
	queue->open_at = queue->owner->loop->now(queue->owner->loop) +
			 redis_backoff(queue->owner->failures + 2);
	/* What was handed over meanwhile lies in the inbox; a claim takes it. */
	queue->owner->more = true;
	redis_broker_wake(queue->owner);
}

bool redis_claim_is_parked(const struct redis_broker *redis)
{
	size_t i;

	for (i = 0; i < redis->queue_count; i++) {
		if (redis->queues[i].armed)
			return true;
	}
	return false;
}

void redis_claim_unpark(struct redis_broker *redis)
{
	size_t i;

	for (i = 0; i < redis->queue_count; i++) {
		struct redis_queue *queue = &redis->queues[i];
		struct redis_command command;

		if (!queue->armed || queue->unblocking ||
		    !redis_conn_id(queue->park) ||
		    !redis_broker_can_send(redis))
			continue;
		redis_command_init(&command);
		redis_command_text(&command, "CLIENT");
		redis_command_text(&command, "UNBLOCK");
		redis_command_int(&command, redis_conn_id(queue->park));
		queue->unblocking = true;
		redis_broker_send(redis, &command, NULL, NULL);
	}
}

static void park_queue(struct redis_queue *queue)
{
	struct redis_broker *redis = queue->owner;
	bool pop = redis->options.at_most_once;

	if (queue->armed || !queue->limit || (pop && queue->index))
		return;
	if (redis_conn_is_ready(queue->park)) {
		if (pop)
			arm_pop(redis);
		else
			arm(queue);
	} else if (!redis_conn_waiting(queue->park) &&
		   queue->open_at <= redis->loop->now(redis->loop)) {
		/* Until it answers, or fails and says when to try again. */
		queue->open_at = 1e18;
		redis_conn_open(queue->park,
				redis->url.master_name ? &redis->target
						       : &redis->url,
				redis->password, redis->name);
	}
}

void redis_claim_pump(struct redis_broker *redis)
{
	bool room = redis->slots && !redis->stopping &&
		    redis->held <= redis->options.max_held;
	double now = redis->loop->now(redis->loop);
	size_t i;

	if (!redis->registered || redis->adopting ||
	    !redis_broker_can_send(redis))
		return;
	if (!room) {
		redis_claim_unpark(redis);
		return;
	}
	if (redis->pause_until > now) {
		redis->loop->timer_set(redis->due, redis->pause_until - now);
		return;
	}
	if (redis->claiming)
		return;
	if (redis->more) {
		send_claim(redis);
		return;
	}
	for (i = 0; i < redis->queue_count; i++)
		park_queue(&redis->queues[i]);
}
