/*
 * Being alive: signing in at each queue, adoption of what this worker owned
 * before a connection broke, a sign of life every three seconds, signing out.
 */
#include "broker/redis_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/crash.h"
#include "base/xalloc.h"
#include "broker/keys.h"

/* A look at others counts only if it was answered this fast, */
#define READ_SECONDS 1.0
/* and this long after the last one. */
#define READ_APART (REDIS_BEAT_SECONDS - 0.5)

/* Life of cherry:worker:W, and how long a name is listed without one. */
#define DISPLAY_SECONDS 15
#define LISTED_SECONDS	3600

/* --- Adoption ------------------------------------------------------------------ */

struct redis_adoption {
	size_t queue;
	size_t count;
	uint64_t ids[];
};

static void adopt_queue(struct redis_broker *redis, size_t queue);

/* A step of the start was refused: it is begun again after the wait. Steps
 * follow one another, so that there is never a second start on the way. */
static bool start_failed(struct redis_broker *redis, const redisReply *reply)
{
	if (reply && !redis_broker_failed(redis, reply))
		return false;
	redis->restart = true;
	return true;
}

/* The reply that tells of this claim is on the way still, on a connection that
 * did not break: it comes too late. */
static void overtake(struct redis_queue *queue, uint64_t id)
{
	if (queue->armed && id >= queue->first_id &&
	    id < queue->first_id + REDIS_CLAIM_MAX)
		queue->overtaken = true;
}

static void on_adopted(void *arg, const redisReply *reply)
{
	struct redis_broker *redis = arg;
	struct redis_adoption *adoption = redis->adoption;
	struct redis_queue *queue = &redis->queues[adoption->queue];
	size_t i, count = 0;

	redis->adoption = NULL;
	if (start_failed(redis, reply)) {
		free(adoption);
		return;
	}
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 2)
		count = reply->elements - 2;
	for (i = 0; i < count && i < adoption->count; i++) {
		const redisReply *value = reply->element[i + 2];
		struct broker_claim like = {
			.queue = adoption->queue,
			.id = adoption->ids[i],
			.now_ms = reply->element[0]->integer,
			.check_cancel = reply->element[1]->integer != 0,
			.recovered = true};

		if (value->type != REDIS_REPLY_STRING &&
		    value->type != REDIS_REPLY_INTEGER)
			continue;
		overtake(queue, like.id);
		redis_claim_hand(queue, &like, value);
	}
	/* Once more if there were too many for one reply. */
	adopt_queue(redis, adoption->queue +
				   (count < adoption->count && count ? 0 : 1));
	free(adoption);
}

static void fetch_owned(struct redis_queue *queue,
			struct redis_adoption *adoption,
			const redisReply *fields)
{
	struct redis_broker *redis = queue->owner;
	struct redis_command command;
	size_t i;

	redis_name_script(redis, REDIS_SCRIPT_OWNED, queue->index, 0, &command);
	redis_command_int(&command, (int64_t)(redis->options.max_payload +
					      REDIS_BIG_MARGIN));
	for (i = 0; i < fields->elements; i++) {
		const redisReply *field = fields->element[i];
		uint64_t id = strtoull(field->str, NULL, 10);

		if (!id || redis_known_find(redis, id))
			continue;
		adoption->ids[adoption->count++] = id;
		redis_command_add(&command, slice_of(field->str, field->len));
	}
	redis->adoption = adoption;
	redis_broker_send(redis, &command, on_adopted, redis);
}

/* What we own and never heard of: replies of claims that were lost. */
static void on_owned(void *arg, const redisReply *reply)
{
	struct redis_queue *queue = arg;
	struct redis_broker *redis = queue->owner;
	struct redis_adoption *adoption;
	size_t i, unknown = 0;

	if (start_failed(redis, reply))
		return;
	for (i = 0; i < reply->elements; i++) {
		uint64_t id = strtoull(reply->element[i]->str, NULL, 10);

		unknown += id && !redis_known_find(redis, id);
	}
	if (!unknown) {
		adopt_queue(redis, queue->index + 1);
		return;
	}
	adoption = xcalloc(1, sizeof(*adoption) + unknown * sizeof(uint64_t));
	adoption->queue = queue->index;
	fetch_owned(queue, adoption, reply);
}

static void adopt_queue(struct redis_broker *redis, size_t queue)
{
	struct redis_command command;

	if (queue < redis->queue_count && !redis->options.at_most_once) {
		redis_name_script(redis, REDIS_SCRIPT_OWNED, queue, 0,
				  &command);
		redis_broker_send(redis, &command, on_owned,
				  &redis->queues[queue]);
		return;
	}
	redis->adopting = false;
	redis_claim_again(redis);
	if (redis->adopt_again) {
		redis->adopt_again = false;
		redis_broker_restart(redis);
		return;
	}
	redis_side_open(redis);
	redis_broker_say(redis, BROKER_UP, NULL);
	redis_broker_wake(redis);
}

/* --- Signing in ----------------------------------------------------------------- */

static void begin(struct redis_broker *redis)
{
	redis->adopting = true;
	redis->read_term++;
	redis->loop->timer_set(redis->beat, REDIS_BEAT_SECONDS);
	adopt_queue(redis, 0);
}

static void on_registered(void *arg, const redisReply *reply)
{
	struct redis_broker *redis = arg;

	CRASH_POINT("broker.registered");
	if (start_failed(redis, reply))
		return;
	redis_broker_succeeded(redis);
	redis->registered = true;
	begin(redis);
}

/* The queues' parts of a beat's reply. */
struct beat_part {
	bool alive, paused;
	int64_t due;
	const redisReply *cancelled, *workers;
};

static bool read_part(const redisReply *reply, size_t queue,
		      struct beat_part *part)
{
	redisReply **five;

	if (reply->type != REDIS_REPLY_ARRAY ||
	    reply->elements < 1 + 5 * (queue + 1))
		return false;
	five = reply->element + 1 + 5 * queue;
	part->alive = five[0]->integer != 0;
	part->due = five[1]->integer;
	part->paused = five[2]->integer != 0;
	part->cancelled = five[3];
	part->workers = five[4];
	return true;
}

static bool is_alive(const struct redis_broker *redis, const redisReply *reply)
{
	struct beat_part part;
	size_t i;

	for (i = 0; i < redis->queue_count; i++) {
		if (!read_part(reply, i, &part) || !part.alive)
			return false;
	}
	return true;
}

/* First beat after a break: still taken for alive? If not, others took what we
 * had, or Redis has lost it. */
static void on_returned(void *arg, const redisReply *reply)
{
	struct redis_broker *redis = arg;

	if (start_failed(redis, reply))
		return;
	redis_broker_succeeded(redis);
	if (is_alive(redis, reply))
		begin(redis);
	else
		redis_broker_gone(redis);
}

void redis_life_start(struct redis_broker *redis)
{
	struct redis_command command;
	bool back = redis->registered;

	redis_former_end(redis);
	redis->adopting = true;
	redis_name_script(redis,
			  back ? REDIS_SCRIPT_BEAT : REDIS_SCRIPT_REGISTER,
			  SIZE_MAX, 0, &command);
	redis_command_text(&command, redis->name);
	redis_broker_send(redis, &command, back ? on_returned : on_registered,
			  redis);
}

/* --- Signs of life ---------------------------------------------------------------- */

static void read_queue(struct redis_broker *redis, size_t index,
		       const struct beat_part *part, bool counts)
{
	struct redis_queue *queue = &redis->queues[index];
	size_t i;

	if (part->due >= 0)
		redis_broker_later(redis,
				   (double)(part->due - redis_clock_ms(redis)) /
					   1000);
	if (part->paused)
		redis_park_pause(queue);
	else if (queue->paused)
		redis_park_resume(queue);
	queue->paused = part->paused;
	for (i = 0; part->cancelled->type == REDIS_REPLY_ARRAY &&
		    i < part->cancelled->elements;
	     i++)
		redis->events->on_cancel(
			redis->arg, index,
			slice_of(part->cancelled->element[i]->str,
				 part->cancelled->element[i]->len));
	redis_reap_look(redis, index, part->workers, counts);
}

static void on_beat(void *arg, const redisReply *reply)
{
	struct redis_broker *redis = arg;
	double now = redis_now(redis);
	bool fair = now - redis->beat_sent < READ_SECONDS;
	bool counts = fair && now - redis->read_at > READ_APART;
	struct beat_part part;
	size_t i;

	CRASH_POINT("broker.beat_reply");
	redis->beating = false;
	/* An answer that was late, or none, says nothing about the others. */
	if (!fair || !reply || reply->type != REDIS_REPLY_ARRAY)
		redis->read_term++;
	if (!redis->registered || !reply || redis_broker_failed(redis, reply))
		return;
	redis_broker_succeeded(redis);
	if (!is_alive(redis, reply)) {
		redis_broker_gone(redis);
		return;
	}
	redis_clock_set(redis, reply->element[0]->integer);
	if (counts)
		redis->read_at = now;
	for (i = 0; i < redis->queue_count; i++) {
		if (read_part(reply, i, &part))
			read_queue(redis, i, &part, counts);
	}
	redis_reap_late(redis);
	redis_broker_wake(redis);
	if (redis->beat_again)
		redis_life_beat(redis);
}

static void add_pair(struct redis_command *command, const char *name,
		     struct slice value)
{
	redis_command_text(command, name);
	redis_command_add(command, value);
}

static void send_words(struct redis_conn *conn, const char *const *words)
{
	struct redis_command command;

	redis_command_init(&command);
	for (; *words; words++)
		redis_command_text(&command, *words);
	redis_conn_send(conn, &command, 0, NULL, NULL);
}

static void send_hash(struct redis_broker *redis)
{
	struct redis_command command;
	struct buf text, queues;
	size_t i;

	buf_init(&text, 1 << 20);
	buf_init(&queues, 1 << 20);
	for (i = 0; i < redis->queue_count; i++)
		buf_printf(&queues, i ? " %s" : "%s", redis->queues[i].name);
	redis->events->describe(redis->arg, &text);
	redis_command_init(&command);
	redis_command_text(&command, "HSET");
	redis_command_text(&command, redis->display);
	add_pair(&command, "host",
		 slice_of(redis->name, strcspn(redis->name, ":")));
	redis_command_text(&command, "pid");
	redis_command_int(&command, getpid());
	redis_command_text(&command, "start");
	redis_command_int(&command, (int64_t)redis->started);
	add_pair(&command, "version", slice_text(redis->options.version));
	add_pair(&command, "queues", buf_slice(&queues));
	add_pair(&command, "running", buf_slice(&text));
	if (redis->events->state)
		add_pair(&command, "state",
			 slice_text(redis->events->state(redis->arg)));
	redis_conn_send(redis_side_life(redis), &command, 0, NULL, NULL);
	buf_release(&text);
	buf_release(&queues);
}

/* For people: who there is, and what runs. Nothing depends on it. */
static void send_display(struct redis_broker *redis)
{
	struct redis_conn *life_conn = redis_side_life(redis);
	char now[32], past[32], life[16];
	double time = (double)redis_clock_ms(redis) / 1000;

	snprintf(now, sizeof(now), "%.3f", time);
	snprintf(past, sizeof(past), "%.3f", time - LISTED_SECONDS);
	snprintf(life, sizeof(life), "%d", DISPLAY_SECONDS);
	send_words(life_conn, (const char *[]){"ZADD", KEYS_WORKERS, now,
					       redis->name, NULL});
	send_hash(redis);
	send_words(life_conn,
		   (const char *[]){"EXPIRE", redis->display, life, NULL});
	/* Names of workers that could not take theirs off the list. */
	if (time > LISTED_SECONDS && redis->displays++ % 20 == 0)
		send_words(life_conn,
			   (const char *[]){"ZREMRANGEBYSCORE", KEYS_WORKERS,
					    "-inf", past, NULL});
}

void redis_life_beat(struct redis_broker *redis)
{
	struct redis_command command;

	if (!redis->registered || redis->adopting || redis->stopped ||
	    !redis_conn_is_ready(redis_side_life(redis)))
		return;
	redis->beat_again = redis->beating;
	if (redis->beating)
		return;
	redis->beating = true;
	/* A refused server is asked all the same: this is how its recovery is
	 * noticed where nothing else is to be sent. */
	redis_name_script(redis, REDIS_SCRIPT_BEAT, SIZE_MAX, 0, &command);
	redis_command_text(&command, redis->name);
	redis->beat_sent = redis_now(redis);
	redis_conn_send(redis_side_life(redis), &command, 0, on_beat, redis);
}

void redis_life_on_beat(void *arg)
{
	struct redis_broker *redis = arg;

	redis->loop->timer_set(redis->beat, REDIS_BEAT_SECONDS);
	redis_side_open(redis);
	redis_life_beat(redis);
	if (redis->beating && !redis->beat_again && !redis->leaving)
		send_display(redis);
}

/* --- Signing out ------------------------------------------------------------------- */

static void on_left(void *arg, const redisReply *reply)
{
	struct redis_broker *redis = arg;

	CRASH_POINT("broker.left");
	redis->leaving = false;
	if (redis_broker_failed(redis, reply))
		return;
	if (reply->type == REDIS_REPLY_INTEGER && reply->integer > 0 &&
	    !redis->options.at_most_once) {
		/* Something is owned that we do not know: it goes back. */
		redis_broker_restart(redis);
		return;
	}
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
	/* Before the script, on the same connection: done when it is. */
	send_words(redis->main,
		   (const char *[]){"ZREM", KEYS_WORKERS, redis->name, NULL});
	send_words(redis->main, (const char *[]){"DEL", redis->display, NULL});
	redis_name_script(redis, REDIS_SCRIPT_LEAVE, SIZE_MAX, 0, &command);
	redis_command_text(&command, redis->name);
	for (i = 0; i < redis->queue_count; i++)
		redis_command_text(&command,
				   redis_side_letter(&redis->queues[i]));
	redis_broker_send(redis, &command, on_left, redis);
}

void redis_life_release(struct redis_broker *redis)
{
	free(redis->adoption);
	redis->adoption = NULL;
}
