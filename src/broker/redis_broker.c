/*
 * The Redis broker's interface, and its main connection: up, down, refused.
 * What travels over it is in the other redis_ files.
 */
#include "broker/redis_state.h"

#include <stdlib.h>
#include "base/clock.h"
#include "base/random.h"
#include "base/xalloc.h"
#include "broker/redis_mutant.h"
#include "broker/redis_sentinel.h"
#include "broker/redis_tls.h"

#define BACKOFF_MIN 0.05
#define BACKOFF_MAX 1.6 /* back within 2 s of the end of any fault */

static struct redis_broker *redis_of(struct broker *broker)
{
	return (struct redis_broker *)broker;
}

double redis_broker_backoff(unsigned failures)
{
	double most = BACKOFF_MIN;

	while (failures-- > 1 && most < BACKOFF_MAX)
		most *= 2;
	if (most > BACKOFF_MAX)
		most = BACKOFF_MAX;
	/* Full jitter, but never none: a loop that spins helps nobody. */
	return 0.01 + most * random_fraction();
}

/* --- State ----------------------------------------------------------------------- */

void redis_broker_say(struct redis_broker *redis, enum broker_state state,
		      const struct err *err)
{
	if (state == redis->state && (redis->said || state == BROKER_UP))
		return;
	redis->state = state;
	redis->said = true;
	if (state == BROKER_UP) {
		redis->was_up = true;
		redis->denied = false;
	}
	redis->events->on_state(redis->arg, state, err);
}

void redis_broker_wake(struct redis_broker *redis)
{
	redis->loop->timer_set(redis->turn, 0);
}

void redis_broker_later(struct redis_broker *redis, double wait)
{
	double at;

	if (wait < 0.001)
		wait = 0.001;
	at = redis_now(redis) + wait;
	if (redis->due_at > 0 && redis->due_at <= at)
		return;
	redis->due_at = at;
	redis->loop->timer_set(redis->due, wait);
}

bool redis_broker_can_send(const struct redis_broker *redis)
{
	return redis_conn_is_ready(redis->main) &&
	       redis->hold_until <= redis_now(redis);
}

void redis_broker_send(struct redis_broker *redis,
		       struct redis_command *command, redis_reply_cb *cb,
		       void *arg)
{
	redis_conn_send(redis->main, command, 0, cb, arg);
}

void redis_broker_restart(struct redis_broker *redis)
{
	if (!redis->registered)
		return;
	if (redis->adopting) {
		redis->adopt_again = true;
		return;
	}
	redis->adopting = redis->restart = true;
	if (redis_broker_can_send(redis))
		redis->loop->timer_set(redis->reconnect, 0);
}

void redis_broker_gone(struct redis_broker *redis)
{
	redis_known_forget_all(redis);
	redis_settle_free_all(redis);
	redis_ask_drop_admissions(redis);
	redis->registered = false;
	if (!redis->options.at_most_once)
		redis_reap_former(redis);
	redis_name_make(redis);
	redis->events->on_reaped(redis->arg);
	/* Under the new name on new connections. */
	redis_conn_reset(redis->main, "this worker was taken for dead");
	redis_broker_wake(redis);
}

/* --- Turns ------------------------------------------------------------------------- */

/* Nothing is owned, nothing on the way: sign out, or be gone at once where
 * nobody has ever signed in. */
static void check_end(struct redis_broker *redis)
{
	if (!redis->stopping || redis->stopped || redis->item_count ||
	    redis->known.count || redis->claiming || redis->adopting)
		return;
	if (redis->registered) {
		if (!redis_park_waits(redis))
			redis_life_leave(redis);
		return;
	}
	redis->stopped = true;
	redis->events->on_stopped(redis->arg);
}

static void run_turn(struct redis_broker *redis)
{
	if (redis->fatal || redis->stopped)
		return;
	redis_settle_pump(redis);
	redis_ask_pump(redis);
	redis_claim_pump(redis);
	redis_conn_flush(redis->main);
	check_end(redis);
}

static void on_turn(void *arg)
{
	run_turn(arg);
}

static void on_due(void *arg)
{
	struct redis_broker *redis = arg;

	redis->due_at = 0;
	redis_claim_again(redis);
	run_turn(redis);
}

/* A wait is over: connect, or go on where Redis refused. */
static void on_reconnect(void *arg)
{
	struct redis_broker *redis = arg;

	if (redis->fatal || redis->stopped)
		return;
	if (!redis_conn_is_ready(redis->main)) {
		if (redis->connect_due)
			redis_open_connect(redis);
		redis->connect_due = false;
		return;
	}
	/* Something else set the timer meanwhile, or it was early. */
	if (!redis_broker_can_send(redis)) {
		redis->loop->timer_set(redis->reconnect,
				       0.001 + redis->hold_until -
					       redis_now(redis));
		return;
	}
	if (redis->restart) {
		redis->restart = false;
		redis_life_start(redis);
		return;
	}
	run_turn(redis);
}

/* --- Connections --------------------------------------------------------------------- */

static struct redis_queue *queue_of(struct redis_broker *redis,
				    const struct redis_conn *conn)
{
	size_t i;

	for (i = 0; i < redis->queue_count; i++) {
		if (redis->queues[i].park == conn)
			return &redis->queues[i];
	}
	return NULL;
}

static void on_ready(void *arg, struct redis_conn *conn)
{
	struct redis_broker *redis = arg;
	struct redis_queue *queue = queue_of(redis, conn);

	if (queue) {
		queue->id = redis_conn_login(conn)->id;
		redis_broker_wake(redis);
		return;
	}
	redis->main_id = redis_conn_login(conn)->id;
	redis->unproven = false;
	redis->restart = false;
	redis->hold_until = 0;
	/* A server seen for the first time may not know the scripts. */
	redis->loaded = 0;
	redis_life_start(redis);
}

/* The main connection's end is that of all: they are of one server. */
static void close_all(struct redis_broker *redis)
{
	size_t i;

	for (i = 0; i < redis->queue_count; i++) {
		struct redis_queue *queue = &redis->queues[i];

		redis_former_add(redis, &queue->id);
		redis_conn_reset(queue->park, "the main connection broke");
	}
	redis_side_close(redis);
}

void redis_broker_down(struct redis_broker *redis, const struct err *err,
		       bool fatal)
{
	redis_former_add(redis, &redis->main_id);
	redis->adopting = redis->restart = redis->leaving = false;
	redis->read_term++;
	close_all(redis);
	if (fatal && !redis->was_up) {
		redis_broker_end(redis, err);
		return;
	}
	if (fatal)
		redis_broker_say_denied(redis, BROKER_DOWN, err);
	else
		redis_broker_say(redis, BROKER_DOWN, err);
	redis->connect_due = true;
	redis->loop->timer_set(redis->reconnect,
			       redis_broker_backoff(++redis->failures));
}

static void on_down(void *arg, struct redis_conn *conn, const struct err *err,
		    bool fatal)
{
	struct redis_broker *redis = arg;
	struct redis_queue *queue = queue_of(redis, conn);

	if (redis->stopped)
		return;
	if (!queue) {
		redis_broker_down(redis, err, fatal);
		return;
	}
	redis_former_add(redis, &queue->id);
	redis_park_down(queue);
}

static const struct redis_conn_events conn_events = {on_ready, on_down};

/* --- Operations ----------------------------------------------------------------------- */

static void redis_start(struct broker *broker)
{
	redis_open_connect(redis_of(broker));
}

static void redis_want(struct broker *broker, size_t slots)
{
	struct redis_broker *redis = redis_of(broker);

	if (redis->slots == slots)
		return;
	redis->slots = slots;
	redis_broker_wake(redis);
}

static void redis_limit(struct broker *broker, size_t queue, size_t slots)
{
	struct redis_broker *redis = redis_of(broker);

	if (queue >= redis->queue_count || redis->queues[queue].limit == slots)
		return;
	if (slots > redis->queues[queue].limit)
		redis_claim_again(redis);
	/* A pop that waits does not know of a queue that was closed. */
	if (!redis->queues[queue].limit && redis->options.at_most_once)
		redis_park_end(redis);
	redis->queues[queue].limit = slots;
	redis_broker_wake(redis);
}

static void redis_settle(struct broker *broker,
			 const struct broker_settlement *settlement)
{
	redis_settle_add(redis_of(broker), settlement);
}

static void redis_stop(struct broker *broker)
{
	struct redis_broker *redis = redis_of(broker);

	redis->stopping = true;
	redis_broker_wake(redis);
}

static const char *redis_name(const struct broker *broker)
{
	return ((const struct redis_broker *)broker)->name;
}

static void free_queue(struct redis_queue *queue)
{
	int i;

	redis_conn_free(queue->park);
	for (i = 0; i < REDIS_KEYS; i++)
		free(queue->keys[i]);
	free(queue->name);
}

static void redis_free(struct broker *broker)
{
	struct redis_broker *redis = redis_of(broker);
	size_t i;

	redis_conn_free(redis->main);
	redis_open_release(redis);
	redis_side_release(redis);
	redis_sentinel_free(redis->sentinel);
	redis_settle_free_all(redis);
	while (redis->batches) {
		struct redis_batch *batch = redis->batches;

		redis->batches = batch->next;
		free(batch);
	}
	redis_ask_free_all(redis);
	redis_known_forget_all(redis);
	hash_release(&redis->known);
	redis_reap_release(redis);
	redis_life_release(redis);
	redis_former_release(redis);
	for (i = 0; i < redis->queue_count; i++)
		free_queue(&redis->queues[i]);
	redis->loop->timer_free(redis->reconnect);
	redis->loop->timer_free(redis->turn);
	redis->loop->timer_free(redis->beat);
	redis->loop->timer_free(redis->due);
	redis_tls_free(redis->tls);
	url_release(&redis->url);
	url_release(&redis->target);
	free(redis->password);
	free(redis->sentinel_password);
	free(redis);
}

static const struct broker_ops redis_ops = {
	.start = redis_start,
	.want = redis_want,
	.limit = redis_limit,
	.admit = redis_ask_admit,
	.settle = redis_settle,
	.fetch = redis_ask_fetch,
	.stop = redis_stop,
	.free = redis_free,
	.name = redis_name,
};

static int check_options(const struct broker_options *options, struct err *err)
{
	if (!options->queue_count || options->queue_count > REDIS_QUEUES_MAX)
		return err_field(err, ERR_BAD_ARGS, "cherry.queues",
				 "cherry.queues: from 1 to %d queues",
				 REDIS_QUEUES_MAX);
	return 0;
}

static int make_tls(struct redis_broker *redis,
		    const struct broker_options *options, struct err *err)
{
	const struct redis_tls_files files = {
		options->ca_file, options->cert_file, options->key_file};

	if (!redis->url.tls)
		return 0;
	redis->tls = redis_tls_new(&files, err);
	return redis->tls ? 0 : -1;
}

static void make_queues(struct redis_broker *redis,
			const struct broker_options *options)
{
	size_t i;

	redis->queue_count = options->queue_count;
	for (i = 0; i < redis->queue_count; i++) {
		struct redis_queue *queue = &redis->queues[i];

		queue->owner = redis;
		queue->index = i;
		queue->name = xstrdup(options->queues[i].name);
		queue->left = options->queues[i].pop_left;
		queue->limit = SIZE_MAX;
		queue->park = redis_conn_new(redis->loop, &conn_events, redis);
		redis_conn_use_tls(queue->park, redis->tls);
	}
}

struct broker *broker_redis_new(struct loop *loop,
				const struct broker_options *options,
				const struct broker_events *events, void *arg,
				struct err *err)
{
	struct redis_broker *redis = xcalloc(1, sizeof(*redis));

	if (url_parse(&redis->url, options->url, err) ||
	    check_options(options, err) || make_tls(redis, options, err)) {
		url_release(&redis->url);
		free(redis);
		return NULL;
	}
	redis->broker.ops = &redis_ops;
	redis->loop = loop;
	redis->events = events;
	redis->arg = arg;
	redis->options = *options;
	redis->options.queues = NULL;
	if (redis_mutant_is("plain_pop"))
		redis->options.at_most_once = true;
	redis->password = options->password ? xstrdup(options->password) : NULL;
	redis->sentinel_password = options->sentinel_password
					   ? xstrdup(options->sentinel_password)
					   : NULL;
	redis->state = BROKER_DOWN;
	redis->started = clock_real();
	redis_clock_set(redis, (int64_t)(redis->started * 1000));
	redis->next_id = 1;
	redis->last_item = &redis->items;
	redis->last_ask = &redis->asks;
	hash_init(&redis->known);
	hash_init(&redis->watched);
	redis->main = redis_conn_new(loop, &conn_events, redis);
	redis_conn_use_tls(redis->main, redis->tls);
	redis_open_init(redis);
	make_queues(redis, options);
	redis_name_make(redis);
	redis_side_init(redis);
	redis->sentinel = redis_sentinel_new(redis);
	redis->reconnect = loop->timer_new(loop, on_reconnect, redis);
	redis->turn = loop->timer_new(loop, on_turn, redis);
	redis->beat = loop->timer_new(loop, redis_life_on_beat, redis);
	redis->due = loop->timer_new(loop, on_due, redis);
	return &redis->broker;
}
