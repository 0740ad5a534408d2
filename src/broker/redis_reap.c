/*
 * Noticing who is dead. A worker counts as dead only when four looks, three
 * seconds apart and each answered within a second, show the same sign, while
 * our own signs are accepted; and the script that takes its tasks compares that
 * sign once more.
 */
#include "broker/redis_state.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/xalloc.h"

#define READS_DEAD 4
/* How long, how often (in looks) and for how many names that are gone we look
 * at what arrives late: a BLMOVE that was on the way when its worker died. */
#define LATE_SECONDS 3600
#define LATE_EVERY   20
#define LATE_MAX     256

struct redis_watch {
	struct redis_broker *redis;
	size_t queue;
	char *worker;
	char sign[32];
	unsigned reads, term;
	bool reaping;
	bool present;	   /* in the look that is being read */
	double late_until; /* gone: looked at until then; 0: there */
	unsigned late_turn;
};

static void send_reap(struct redis_watch *watch);

/* --- What is watched ---------------------------------------------------------- */

static void put_key(struct buf *key, size_t queue, struct slice worker)
{
	buf_init(key, 1 << 20);
	buf_add(key, &queue, sizeof(queue));
	buf_add_slice(key, worker);
}

static struct redis_watch *find_watch(struct redis_broker *redis, size_t queue,
				      struct slice worker)
{
	struct redis_watch *watch;
	struct buf key;

	put_key(&key, queue, worker);
	watch = hash_get(&redis->watched, buf_slice(&key));
	if (!watch) {
		watch = xcalloc(1, sizeof(*watch));
		watch->redis = redis;
		watch->queue = queue;
		watch->worker = xcalloc(worker.len + 1, 1);
		memcpy(watch->worker, worker.ptr, worker.len);
		hash_put(&redis->watched, buf_slice(&key), watch);
	}
	buf_release(&key);
	return watch;
}

static void forget(struct redis_watch *watch)
{
	struct buf key;

	put_key(&key, watch->queue, slice_text(watch->worker));
	hash_remove(&watch->redis->watched, buf_slice(&key));
	buf_release(&key);
	free(watch->worker);
	free(watch);
}

/* --- Recovery -------------------------------------------------------------------- */

static void on_reaped(void *arg, const redisReply *reply)
{
	struct redis_watch *watch = arg;
	struct redis_broker *redis = watch->redis;
	long long moved, more;

	watch->reaping = false;
	if (redis_broker_failed(redis, reply) ||
	    reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
		return;
	moved = reply->element[0]->integer;
	more = reply->element[1]->integer;
	watch->reads = 0;
	if (moved > 0) {
		redis_broker_notice(redis, BROKER_TASKS_RECOVERED, watch->queue,
				    watch->worker, moved);
		redis_claim_again(redis);
		redis_broker_wake(redis);
	}
	if (more)
		send_reap(watch);
}

static void send_reap(struct redis_watch *watch)
{
	struct redis_broker *redis = watch->redis;
	const struct redis_queue *queue = &redis->queues[watch->queue];
	struct redis_command command;

	watch->reaping = true;
	redis_name_begin(redis, REDIS_SCRIPT_REAP, REDIS_KEYS, &command);
	redis_name_add_keys(queue, watch->worker, &command);
	redis_command_text(&command, watch->worker);
	redis_command_text(&command,
			   watch->late_until > 0 ? "late" : watch->sign);
	redis_command_text(&command, redis_side_letter(queue));
	redis_conn_send(redis_side_life(redis), &command, 0, on_reaped, watch);
}

/* --- Looking ----------------------------------------------------------------------- */

static void look_at(struct redis_watch *watch, const char *sign, bool counts)
{
	unsigned term = watch->redis->read_term;

	watch->present = true;
	watch->late_until = 0;
	if (strcmp(watch->sign, sign) != 0) {
		snprintf(watch->sign, sizeof(watch->sign), "%s", sign);
		watch->term = term;
		watch->reads = 1;
	} else if (watch->term != term) {
		watch->term = term;
		watch->reads = 1;
	} else if (counts && ++watch->reads >= READS_DEAD && !watch->reaping) {
		send_reap(watch);
	}
}

void redis_reap_look(struct redis_broker *redis, size_t queue,
		     const redisReply *workers, bool counts)
{
	struct hash_entry *entry;
	size_t cursor = 0, i;
	double now = redis_now(redis);

	if (workers->type != REDIS_REPLY_ARRAY)
		return;
	for (i = 0; i + 1 < workers->elements; i += 2) {
		struct slice name = slice_of(workers->element[i]->str,
					     workers->element[i]->len);

		if (!slice_is(name, redis->name) && name.len < REDIS_NAME_MAX)
			look_at(find_watch(redis, queue, name),
				workers->element[i + 1]->str, counts);
	}
	while ((entry = hash_next(&redis->watched, &cursor))) {
		struct redis_watch *watch = entry->value;

		if (watch->queue != queue)
			continue;
		if (!watch->present && watch->late_until <= 0)
			watch->late_until = now + LATE_SECONDS;
		watch->present = false;
	}
}

void redis_reap_former(struct redis_broker *redis)
{
	struct redis_watch *watch;
	size_t i;

	for (i = 0; i < redis->queue_count; i++) {
		watch = find_watch(redis, i, slice_text(redis->name));
		watch->late_until = redis_now(redis) + LATE_SECONDS;
		watch->late_turn = 0;
	}
}

void redis_reap_late(struct redis_broker *redis)
{
	struct hash_entry *entry;
	struct redis_watch *old = NULL;
	size_t cursor = 0, late = 0;

	while ((entry = hash_next(&redis->watched, &cursor))) {
		struct redis_watch *watch = entry->value;

		if (watch->late_until <= 0 || watch->reaping)
			continue;
		late++;
		if (!old || watch->late_until < old->late_until)
			old = watch;
		if (++watch->late_turn % LATE_EVERY == 1)
			send_reap(watch);
	}
	if (old && !old->reaping &&
	    (late > LATE_MAX || old->late_until < redis_now(redis)))
		forget(old);
}

void redis_reap_release(struct redis_broker *redis)
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
