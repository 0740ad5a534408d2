/*
 * Waiting for a task while there is none: one connection a queue in BLMOVE, a
 * doorbell with the adoption pipelined behind it, which owns whatever lies in
 * the inbox after an element, an error or a timeout alike; or without, where
 * brief tasks are expected (redis_hand.c). At most once: one
 * BLPOP or BRPOP over all queues on the first queue's connection.
 */
#include "broker/redis_state.h"

#include "base/crash.h"

/* What is overdue behind a blocking command. */
#define OVERDUE_SECONDS (REDIS_PARK_SECONDS + 5)
/* Until the next try to end one that had not begun. */
#define UNBLOCK_SECONDS 0.02

static bool is_closed(const struct redis_queue *queue)
{
	return !queue->limit || queue->paused ||
	       queue->closed_until > redis_now(queue->owner);
}

/* --- At least once ------------------------------------------------------------- */

/* One brief task: the next one may be, too. None or several say nothing. */
static bool is_brief(const struct redis_queue *queue, const redisReply *reply)
{
	struct slice task;

	if (!redis_claim_is_lone(reply, &task))
		return queue->brief;
	return redis_hand_suits(queue, task);
}

static void on_adopt(void *arg, const redisReply *reply)
{
	struct redis_queue *queue = arg;
	struct redis_broker *redis = queue->owner;

	CRASH_POINT("broker.adopt_reply");
	queue->armed = queue->unblocking = false;
	/* Something may lie in the inbox still: a claim takes it. */
	if (!reply || redis_broker_failed(redis, reply) || queue->overtaken) {
		redis_claim_again(redis);
	} else {
		queue->brief = is_brief(queue, reply);
		if (redis_claim_read(redis, reply, queue->index,
				     queue->first_id) < 0)
			redis_claim_again(redis);
	}
	/* After the task has been handed on. */
	if (!redis->more && redis->known.count)
		redis_hand_linger(redis, queue->brief);
	else
		redis_broker_wake(redis);
}

static void send_adopt(struct redis_queue *queue)
{
	struct redis_broker *redis = queue->owner;
	struct redis_command command;

	redis_name_script(redis, REDIS_SCRIPT_ADOPT, queue->index, 0, &command);
	redis_command_text(&command, redis->name);
	redis_command_int(&command, (int64_t)(redis->options.max_payload +
					      REDIS_BIG_MARGIN));
	redis_command_int(&command, (int64_t)queue->first_id);
	redis_command_text(&command, redis_side_letter(queue));
	redis_conn_send(queue->park, &command, 0, on_adopt, queue);
}

static void on_doorbell(void *arg, const redisReply *reply)
{
	struct redis_queue *queue = arg;
	bool adopts = !queue->brief;

	/* No list, or no place in a full server: a claim tells more. */
	if (reply && reply->type == REDIS_REPLY_ERROR) {
		queue->closed_until = redis_now(queue->owner) + 1;
		redis_broker_later(queue->owner, 1);
	}
	if (adopts)
		return;
	if (reply && reply->type == REDIS_REPLY_STRING) {
		if (redis_hand_begin(queue, reply)) {
			queue->armed = queue->unblocking = false;
			return;
		}
		queue->brief = false;
	}
	/* Without a connection it is answered so in the next turn. */
	send_adopt(queue);
}

static void arm(struct redis_queue *queue)
{
	struct redis_broker *redis = queue->owner;
	struct redis_command command;

	redis_command_init(&command);
	redis_command_text(&command, "BLMOVE");
	redis_command_text(&command, queue->keys[0]);
	redis_command_text(&command, queue->keys[2]);
	redis_command_text(&command, queue->left ? "LEFT" : "RIGHT");
	redis_command_text(&command, "LEFT");
	redis_command_int(&command, REDIS_PARK_SECONDS);
	queue->armed = true;
	queue->overtaken = false;
	queue->first_id = redis_claim_reserve(redis, REDIS_CLAIM_MAX);
	redis_conn_send(queue->park, &command, OVERDUE_SECONDS, on_doorbell,
			queue);
	if (!queue->brief)
		send_adopt(queue);
	redis_conn_flush(queue->park);
}

/* --- At most once ---------------------------------------------------------------- */

static struct redis_queue *find_queue(struct redis_broker *redis,
				      struct slice name)
{
	size_t i;

	for (i = 0; i < redis->queue_count; i++) {
		if (slice_is(name, redis->queues[i].name))
			return &redis->queues[i];
	}
	return NULL;
}

static void on_popped(void *arg, const redisReply *reply)
{
	struct redis_queue *first = arg, *queue = NULL;
	struct redis_broker *redis = first->owner;

	first->armed = first->unblocking = false;
	redis_broker_wake(redis);
	if (!reply || redis_broker_failed(redis, reply))
		return;
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2)
		queue = find_queue(redis, slice_of(reply->element[0]->str,
						   reply->element[0]->len));
	if (queue) {
		struct broker_claim like = {
			.queue = queue->index,
			.id = redis_claim_reserve(redis, 1),
			.check_cancel = true,
			.now_ms = redis_clock_ms(redis),
			.payload = slice_of(reply->element[1]->str,
					    reply->element[1]->len)};

		redis_claim_again(redis);
		redis_claim_hand(queue, &like, reply->element[1]);
	}
}

static void arm_pop(struct redis_broker *redis)
{
	struct redis_queue *first = &redis->queues[0];
	struct redis_command command;
	size_t i;

	redis_command_init(&command);
	redis_command_text(&command, first->left ? "BLPOP" : "BRPOP");
	for (i = 0; i < redis->queue_count; i++) {
		if (!is_closed(&redis->queues[i]))
			redis_command_text(&command, redis->queues[i].name);
	}
	if (command.count == 1) {
		buf_release(&command.bytes);
		return;
	}
	redis_command_int(&command, REDIS_PARK_SECONDS);
	first->armed = true;
	redis_conn_send(first->park, &command, OVERDUE_SECONDS, on_popped,
			first);
	redis_conn_flush(first->park);
}

/* --- Both -------------------------------------------------------------------------- */

void redis_park_down(struct redis_queue *queue)
{
	struct redis_broker *redis = queue->owner;
	double wait = redis_broker_backoff(redis->failures + 2);

	queue->armed = queue->unblocking = false;
	queue->open_at = redis_now(redis) + wait;
	/* What was handed over meanwhile lies in the inbox, and a claim takes
	 * it; or it is owned, and nobody has told us. */
	redis_broker_later(redis, wait);
	redis_claim_again(redis);
	redis_broker_restart(redis);
	redis_broker_wake(redis);
}

bool redis_park_waits(const struct redis_broker *redis)
{
	size_t i;

	for (i = 0; i < redis->queue_count; i++) {
		if (redis->queues[i].armed)
			return true;
	}
	return false;
}

/* Commands of two connections: this one may have come before the one that it
 * was to end. */
static void on_unblocked(void *arg, const redisReply *reply)
{
	struct redis_queue *queue = arg;

	if (!queue->armed || !reply || reply->type != REDIS_REPLY_INTEGER ||
	    reply->integer)
		return;
	queue->unblocking = false;
	redis_broker_later(queue->owner, UNBLOCK_SECONDS);
}

void redis_park_end(struct redis_broker *redis)
{
	size_t i;

	for (i = 0; i < redis->queue_count; i++) {
		struct redis_queue *queue = &redis->queues[i];
		struct redis_command command;

		if (!queue->armed || queue->unblocking ||
		    !redis_conn_login(queue->park)->id ||
		    !redis_broker_can_send(redis))
			continue;
		redis_command_init(&command);
		redis_command_text(&command, "CLIENT");
		redis_command_text(&command, "UNBLOCK");
		redis_command_int(&command, redis_conn_login(queue->park)->id);
		queue->unblocking = true;
		redis_broker_send(redis, &command, on_unblocked, queue);
	}
}

void redis_park_pause(struct redis_queue *queue)
{
	struct redis_broker *redis = queue->owner;

	if (!queue->paused && redis->options.at_most_once)
		redis_park_end(redis);
	queue->paused = true;
}

void redis_park_resume(struct redis_queue *queue)
{
	struct redis_broker *redis = queue->owner;

	queue->paused = false;
	redis_claim_again(redis);
	if (redis->options.at_most_once)
		redis_park_end(redis);
}

static void park_queue(struct redis_queue *queue)
{
	struct redis_broker *redis = queue->owner;
	bool pop = redis->options.at_most_once;
	double now = redis_now(redis);

	if (queue->armed || redis_hand_holds(queue) || (pop && queue->index))
		return;
	/* The timer knows the next due time only: this one may have been
	 * forgotten for a sooner one. */
	if (queue->closed_until > now)
		redis_broker_later(redis, queue->closed_until - now);
	if (!pop && is_closed(queue))
		return;
	if (redis_conn_is_ready(queue->park)) {
		if (pop)
			arm_pop(redis);
		else
			arm(queue);
	} else if (redis_conn_is_closed(queue->park) && queue->open_at > now) {
		redis_broker_later(redis, queue->open_at - now);
	} else if (redis_conn_is_closed(queue->park)) {
		redis_conn_open(queue->park, redis_url(redis), redis->password,
				redis->name);
	}
}

void redis_park_all(struct redis_broker *redis)
{
	size_t i;

	for (i = 0; i < redis->queue_count; i++)
		park_queue(&redis->queues[i]);
}
