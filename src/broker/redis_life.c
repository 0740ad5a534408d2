/*
 * Being alive, and noticing who is not: signing in at each queue, a sign of
 * life every three seconds, adoption of what this worker owned before a
 * connection broke, and recovery of what the dead left.
 */
#include "broker/redis_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "broker/keys.h"

/* Reads of the same sign, one after the other, until a worker counts as dead. */
#define READS_DEAD 4
/* A read counts only if it was answered this fast. */
#define READ_SECONDS 1.0
/* How long a name that was reaped is looked at for what arrives late. */
#define LATE_SECONDS 3600
#define LATE_EVERY   20

struct redis_watch {
	size_t queue;
	char *worker;
	char sign[32];
	unsigned reads;
	bool reaping;
	double late_until; /* reaped: looked at until then */
	unsigned late_turn;
};

/* --- Adoption ------------------------------------------------------------------ */

struct adoption {
	struct redis_broker *redis;
	size_t queue;
	size_t count;
	uint64_t ids[];
};

static void adopt_queue(struct redis_broker *redis, size_t queue);

static void on_adopted(void *arg, const redisReply *reply)
{
	struct adoption *adoption = arg;
	struct redis_broker *redis = adoption->redis;
	size_t queue = adoption->queue, i;

	if (!redis_broker_failed(redis, reply) &&
	    reply->type == REDIS_REPLY_ARRAY &&
	    reply->elements == adoption->count + 2) {
		for (i = 0; i < adoption->count; i++)
			redis_claim_adopt(&redis->queues[queue],
					  adoption->ids[i],
					  reply->element[0]->integer,
					  reply->element[1]->integer != 0,
					  reply->element[i + 2]);
		adopt_queue(redis, queue + 1);
	}
	free(adoption);
}

/* Fetches what we own and never heard of: replies of claims that were lost. */
static void on_owned(void *arg, const redisReply *reply)
{
	struct redis_queue *queue = arg;
	struct redis_broker *redis = queue->owner;
	struct redis_command command;
	struct adoption *adoption;
	size_t i;

	if (redis_broker_failed(redis, reply))
		return;
	adoption = xcalloc(1, sizeof(*adoption) +
				      reply->elements * sizeof(uint64_t));
	adoption->redis = redis;
	adoption->queue = queue->index;
	for (i = 0; i < reply->elements; i++) {
		uint64_t id = strtoull(reply->element[i]->str, NULL, 10);

		if (id && !redis_known_find(redis, id))
			adoption->ids[adoption->count++] = id;
	}
	if (!adoption->count) {
		free(adoption);
		adopt_queue(redis, queue->index + 1);
		return;
	}
	redis_broker_script(redis, REDIS_SCRIPT_OWNED, queue->index, 0,
			    &command);
	redis_command_int(&command,
			  (int64_t)redis->options.max_payload + (64 << 20));
	for (i = 0; i < adoption->count; i++)
		redis_command_int(&command, (int64_t)adoption->ids[i]);
	redis_broker_send(redis, &command, on_adopted, adoption);
}

static void adopt_queue(struct redis_broker *redis, size_t queue)
{
	struct redis_command command;

	if (queue < redis->queue_count && !redis->options.at_most_once) {
		redis_broker_script(redis, REDIS_SCRIPT_OWNED, queue, 0,
				    &command);
		redis_broker_send(redis, &command, on_owned,
				  &redis->queues[queue]);
		return;
	}
	redis->adopting = false;
	redis->more = true;
	redis_broker_say(redis, BROKER_UP, NULL);
	redis_broker_wake(redis);
}

/* --- Signing in ----------------------------------------------------------------- */

static void on_registered(void *arg, const redisReply *reply)
{
	struct redis_broker *redis = arg;

	if (redis_broker_failed(redis, reply))
		return;
	redis_broker_succeeded(redis);
	redis->registered = true;
	redis->adopting = true;
	redis->loop->timer_set(redis->beat, REDIS_BEAT_SECONDS);
	adopt_queue(redis, 0);
}

/* First beat after a break: still taken for alive? */
static void on_returned(void *arg, const redisReply *reply)
{
	struct redis_broker *redis = arg;
	size_t i;

	if (redis_broker_failed(redis, reply))
		return;
	redis_broker_succeeded(redis);
	for (i = 0; i < redis->queue_count; i++) {
		if (3 * i + 1 < reply->elements &&
		    reply->element[3 * i + 1]->integer)
			continue;
		/* No: whoever took what we had, or a Redis that has lost it. */
		redis_broker_gone(redis);
		return;
	}
	redis->adopting = true;
	redis->loop->timer_set(redis->beat, REDIS_BEAT_SECONDS);
	adopt_queue(redis, 0);
}

/*
 * Former connections may still have commands on the way, in a proxy's or a
 * kernel's hands: they are ended before anything of theirs is looked at.
 */
static void end_former(struct redis_broker *redis)
{
	struct redis_command command;
	char number[24];
	size_t i;

	if (strcmp(redis->former_server, redis_conn_server(redis->main)) == 0) {
		for (i = 0; i < redis->former_count; i++) {
			snprintf(number, sizeof(number), "%lld",
				 (long long)redis->former[i]);
			redis_command_init(&command);
			redis_command_text(&command, "CLIENT");
			redis_command_text(&command, "KILL");
			redis_command_text(&command, "ID");
			redis_command_text(&command, number);
			redis_broker_send(redis, &command, NULL, NULL);
		}
	}
	redis->former_count = 0;
	snprintf(redis->former_server, sizeof(redis->former_server), "%s",
		 redis_conn_server(redis->main));
}

void redis_life_start(struct redis_broker *redis)
{
	struct redis_command command;
	bool back = redis->registered;

	end_former(redis);
	redis->adopting = true;
	redis_broker_script(redis,
			    back ? REDIS_SCRIPT_BEAT : REDIS_SCRIPT_REGISTER,
			    SIZE_MAX, 0, &command);
	redis_command_text(&command, redis->name);
	redis_broker_send(redis, &command, back ? on_returned : on_registered,
			  redis);
}

/* --- The dead -------------------------------------------------------------------- */

struct reap_call {
	struct redis_broker *redis;
	struct redis_watch *watch;
};

static void send_reap(struct redis_broker *redis, struct redis_watch *watch);

static void on_reaped(void *arg, const redisReply *reply)
{
	struct reap_call call = *(struct reap_call *)arg;
	struct redis_watch *watch = call.watch;
	struct redis_broker *redis = call.redis;

	free(arg);
	watch->reaping = false;
	if (redis_broker_failed(redis, reply) ||
	    reply->type != REDIS_REPLY_INTEGER)
		return;
	if (reply->integer > 0) {
		log_warn("tasks_recovered",
			 LOG_TEXT("queue", redis->queues[watch->queue].name),
			 LOG_TEXT("worker", watch->worker),
			 LOG_INT("tasks", reply->integer));
		redis->more = true;
		redis_broker_wake(redis);
	}
	if (reply->integer == 128)
		send_reap(redis, watch);
	else if (reply->integer >= 0 && watch->late_until <= 0)
		watch->late_until =
			redis->loop->now(redis->loop) + LATE_SECONDS;
	else if (reply->integer < 0)
		watch->reads = 0;
}

static void send_reap(struct redis_broker *redis, struct redis_watch *watch)
{
	struct reap_call *call = xcalloc(1, sizeof(*call));
	struct redis_command command;

	call->redis = redis;
	call->watch = watch;
	watch->reaping = true;
	redis_broker_begin(redis, REDIS_SCRIPT_REAP, REDIS_KEYS, &command);
	redis_broker_add_keys(&redis->queues[watch->queue], watch->worker,
			      &command);
	redis_command_text(&command, watch->worker);
	redis_command_text(&command, watch->late_until > 0 ? "late" : watch->sign);
	redis_command_text(&command, redis_side(&redis->queues[watch->queue]));
	redis_broker_send(redis, &command, on_reaped, call);
}

static struct redis_watch *find_watch(struct redis_broker *redis, size_t queue,
				      struct slice worker)
{
	struct redis_watch *watch;
	struct buf key;

	buf_init(&key, 4096);
	buf_add(&key, &queue, sizeof(queue));
	buf_add_slice(&key, worker);
	watch = hash_get(&redis->watched, buf_slice(&key));
	if (!watch) {
		watch = xcalloc(1, sizeof(*watch));
		watch->queue = queue;
		watch->worker = xcalloc(worker.len + 1, 1);
		memcpy(watch->worker, worker.ptr, worker.len);
		hash_put(&redis->watched, buf_slice(&key), watch);
	}
	buf_release(&key);
	return watch;
}

/* One look at one worker: the same sign again, or a new one. */
static void look_at(struct redis_broker *redis, size_t queue,
		    const redisReply *worker, const redisReply *sign, bool fair)
{
	struct redis_watch *watch;

	if (slice_is(slice_of(worker->str, worker->len), redis->name))
		return;
	watch = find_watch(redis, queue, slice_of(worker->str, worker->len));
	watch->late_until = 0;
	if (strcmp(watch->sign, sign->str) != 0) {
		snprintf(watch->sign, sizeof(watch->sign), "%s", sign->str);
		watch->reads = 1;
	} else if (fair && !watch->reaping && ++watch->reads >= READS_DEAD) {
		send_reap(redis, watch);
	}
}

static bool watch_is_over(struct redis_broker *redis, struct redis_watch *watch)
{
	return !watch->reaping && watch->late_until > 0 &&
	       watch->late_until < redis->loop->now(redis->loop);
}

/* What arrives late for a name that is gone: a BLMOVE that was on the way. */
static void look_for_late(struct redis_broker *redis)
{
	struct hash_entry *entry;
	size_t cursor = 0;

	while ((entry = hash_next(&redis->watched, &cursor))) {
		struct redis_watch *watch = entry->value;

		if (watch->late_until > 0 && !watch->reaping &&
		    !watch_is_over(redis, watch) &&
		    ++watch->late_turn % LATE_EVERY == 0)
			send_reap(redis, watch);
	}
}

static void forget_old(struct redis_broker *redis)
{
	struct hash_entry *entry;
	size_t cursor = 0;

	while ((entry = hash_next(&redis->watched, &cursor))) {
		struct redis_watch *watch = entry->value;

		if (!watch_is_over(redis, watch))
			continue;
		hash_remove(&redis->watched, slice_of(entry->key, entry->len));
		free(watch->worker);
		free(watch);
		return;
	}
}

/* --- Signs of life ---------------------------------------------------------------- */

static void look_at_queue(struct redis_broker *redis, size_t queue,
			  redisReply *const *three, bool fair)
{
	const redisReply *ids = three[1], *workers = three[2];
	size_t i;

	for (i = 0; ids->type == REDIS_REPLY_ARRAY && i < ids->elements; i++)
		redis->events->on_cancel(
			redis->arg, queue,
			slice_of(ids->element[i]->str, ids->element[i]->len));
	for (i = 0;
	     workers->type == REDIS_REPLY_ARRAY && i + 1 < workers->elements;
	     i += 2)
		look_at(redis, queue, workers->element[i],
			workers->element[i + 1], fair);
}

static void on_beat(void *arg, const redisReply *reply)
{
	struct redis_broker *redis = arg;
	double took = redis->loop->now(redis->loop) - redis->beat_sent;
	size_t i;

	if (redis_broker_failed(redis, reply))
		return;
	redis_broker_succeeded(redis);
	if (reply->type != REDIS_REPLY_ARRAY ||
	    reply->elements != 3 * redis->queue_count + 1)
		return;
	for (i = 0; i < redis->queue_count; i++) {
		if (!reply->element[3 * i + 1]->integer) {
			redis_broker_gone(redis);
			return;
		}
	}
	for (i = 0; i < redis->queue_count; i++)
		look_at_queue(redis, i, reply->element + 3 * i + 1,
			      took < READ_SECONDS);
	look_for_late(redis);
	forget_old(redis);
}

/* For people: who there is, and what runs. Nothing depends on it. */
static void send_display(struct redis_broker *redis)
{
	struct redis_command command;
	struct buf text, queues;
	char now[32];
	size_t i;

	buf_init(&text, 1 << 20);
	buf_init(&queues, 1 << 16);
	for (i = 0; i < redis->queue_count; i++)
		buf_printf(&queues, i ? " %s" : "%s", redis->queues[i].name);
	redis->events->describe(redis->arg, &text);
	snprintf(now, sizeof(now), "%.3f", clock_real());
	redis_command_init(&command);
	redis_command_text(&command, "ZADD");
	redis_command_text(&command, KEYS_WORKERS);
	redis_command_text(&command, now);
	redis_command_text(&command, redis->name);
	redis_broker_send(redis, &command, NULL, NULL);
	redis_command_init(&command);
	redis_command_text(&command, "HSET");
	redis_command_text(&command, redis->display);
	redis_command_text(&command, "host");
	redis_command_add(&command,
			  slice_of(redis->name, strcspn(redis->name, ":")));
	redis_command_text(&command, "pid");
	redis_command_int(&command, getpid());
	redis_command_text(&command, "start");
	redis_command_int(&command, (int64_t)redis->started);
	redis_command_text(&command, "version");
	redis_command_text(&command, redis->options.version);
	redis_command_text(&command, "queues");
	redis_command_add(&command, buf_slice(&queues));
	redis_command_text(&command, "running");
	redis_command_add(&command, buf_slice(&text));
	redis_broker_send(redis, &command, NULL, NULL);
	redis_command_init(&command);
	redis_command_text(&command, "EXPIRE");
	redis_command_text(&command, redis->display);
	redis_command_int(&command, 15);
	redis_broker_send(redis, &command, NULL, NULL);
	buf_release(&text);
	buf_release(&queues);
}

void redis_life_beat(void *arg)
{
	struct redis_broker *redis = arg;
	struct redis_command command;

	redis->loop->timer_set(redis->beat, REDIS_BEAT_SECONDS);
	if (!redis->registered || redis->adopting ||
	    !redis_conn_is_ready(redis->main))
		return;
	/* A refused server is asked all the same: this is how its recovery is
	 * noticed where nothing else is to be sent. */
	redis_broker_script(redis, REDIS_SCRIPT_BEAT, SIZE_MAX, 0, &command);
	redis_command_text(&command, redis->name);
	redis->beat_sent = redis->loop->now(redis->loop);
	redis_broker_send(redis, &command, on_beat, redis);
	send_display(redis);
	redis_broker_wake(redis);
}

void redis_life_release(struct redis_broker *redis)
{
	struct hash_entry *entry;
	size_t cursor = 0;

	while ((entry = hash_next(&redis->watched, &cursor))) {
		struct redis_watch *watch = entry->value;

		free(watch->worker);
		free(watch);
	}
	hash_release(&redis->watched);
}

/* --- Signing out ------------------------------------------------------------------- */

static void on_left(void *arg, const redisReply *reply)
{
	struct redis_broker *redis = arg;

	redis->leaving = false;
	if (redis_broker_failed(redis, reply))
		return;
	redis->stopped = true;
	redis->loop->timer_set(redis->beat, -1);
	redis->events->on_stopped(redis->arg);
}

void redis_life_leave(struct redis_broker *redis)
{
	struct redis_command command;
	size_t i;

	if (redis->leaving || redis->stopped || !redis_broker_can_send(redis))
		return;
	redis->leaving = true;
	redis_command_init(&command);
	redis_command_text(&command, "ZREM");
	redis_command_text(&command, KEYS_WORKERS);
	redis_command_text(&command, redis->name);
	redis_broker_send(redis, &command, NULL, NULL);
	redis_command_init(&command);
	redis_command_text(&command, "DEL");
	redis_command_text(&command, redis->display);
	redis_broker_send(redis, &command, NULL, NULL);
	redis_broker_script(redis, REDIS_SCRIPT_LEAVE, SIZE_MAX, 0, &command);
	redis_command_text(&command, redis->name);
	for (i = 0; i < redis->queue_count; i++)
		redis_command_text(&command, redis_side(&redis->queues[i]));
	redis_broker_send(redis, &command, on_left, redis);
}
