/*
 * Names: the worker's own, those of keys that hold it, and how scripts begin,
 * which name their keys.
 */
#include "broker/redis_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/xalloc.h"
#include "broker/keys.h"

static const char *const parts[REDIS_KEYS] = {NULL,	   "workers", "inbox",
					      "owned",	   "later",   "dead",
					      "cancelled", "stats",   "paused"};

static bool is_own(int part)
{
	return part == 2 || part == 3;
}

static void make_keys(struct redis_queue *queue, const char *worker)
{
	struct buf text;
	int i;

	free(queue->keys[0]);
	queue->keys[0] = xstrdup(queue->name);
	for (i = 1; i < REDIS_KEYS; i++) {
		buf_init(&text, 1 << 20);
		keys_put(&text, queue->name, parts[i],
			 is_own(i) ? worker : NULL);
		free(queue->keys[i]);
		queue->keys[i] = buf_detach(&text);
	}
}

/* New with every start: random, and counted within the process. */
static uint64_t make_boot(void)
{
	static uint64_t count;
	uint64_t random;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(random))
		random = hash_seed() ^ clock_monotonic_ns();
	return (random << 8) + (count++ & 0xff);
}

void redis_name_make(struct redis_broker *redis)
{
	char host[64] = "";
	size_t i;

	if (gethostname(host, sizeof(host) - 1) || !host[0])
		snprintf(host, sizeof(host), "localhost");
	/* The name stands in keys and records: nothing that ends a word. */
	for (i = 0; host[i]; i++) {
		if (!memchr("abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_",
			    host[i], 65))
			host[i] = '-';
	}
	snprintf(redis->name, sizeof(redis->name), "%s:%ld:%016llx", host,
		 (long)getpid(), (unsigned long long)make_boot());
	snprintf(redis->display, sizeof(redis->display), "cherry:worker:%s",
		 redis->name);
	for (i = 0; i < redis->queue_count; i++)
		make_keys(&redis->queues[i], redis->name);
}

void redis_name_add_keys(const struct redis_queue *queue, const char *worker,
			 struct redis_command *command)
{
	struct buf text;
	int i;

	buf_init(&text, 1 << 20);
	for (i = 0; i < REDIS_KEYS; i++) {
		buf_clear(&text);
		if (is_own(i))
			keys_put(&text, queue->name, parts[i], worker);
		else
			buf_add_text(&text, queue->keys[i]);
		redis_command_add(command, buf_slice(&text));
	}
	buf_release(&text);
}

struct slice redis_name_lock(const struct redis_queue *queue,
			     struct slice unique, struct buf *out)
{
	buf_clear(out);
	if (!unique.len)
		return (struct slice){0};
	keys_put(out, queue->name, "unique", "");
	buf_add_slice(out, unique);
	return buf_slice(out);
}

void redis_name_begin(struct redis_broker *redis, enum redis_script script,
		      size_t keys, struct redis_command *command)
{
	redis_script_begin(command, script, !(redis->loaded >> script & 1),
			   keys);
	redis->loaded |= 1u << script;
}

void redis_name_script(struct redis_broker *redis, enum redis_script script,
		       size_t queue, size_t extra,
		       struct redis_command *command)
{
	size_t from = queue == SIZE_MAX ? 0 : queue, i;
	size_t end = queue == SIZE_MAX ? redis->queue_count : queue + 1;
	int j;

	redis_name_begin(redis, script, REDIS_KEYS * (end - from) + extra,
			 command);
	for (i = from; i < end; i++) {
		for (j = 0; j < REDIS_KEYS; j++)
			redis_command_text(command, redis->queues[i].keys[j]);
	}
}
