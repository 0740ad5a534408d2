/*
 * The worker's name, the names of its keys, and scripts with their keys.
 */
#include "broker/redis_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/xalloc.h"
#include "broker/keys.h"

/* --- Names ---------------------------------------------------------------------- */

void redis_names_new(struct redis_broker *redis)
{
	static unsigned boots;
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
	snprintf(redis->name, sizeof(redis->name), "%s:%ld:%08x%02x", host,
		 (long)getpid(),
		 (unsigned)(hash_bytes(slice_text(host), hash_seed()) ^
			    clock_monotonic_ns()),
		 boots++ & 0xff);
	snprintf(redis->display, sizeof(redis->display), "cherry:worker:%s",
		 redis->name);
}

static void set_key(char **key, const char *queue, const char *part,
		    const char *rest)
{
	struct buf text;

	buf_init(&text, 4096);
	keys_put(&text, queue, part, rest);
	free(*key);
	*key = buf_detach(&text);
}

void redis_names_keys(struct redis_broker *redis)
{
	static const char *const parts[REDIS_KEYS] = {
		NULL,	"workers",   "inbox", "owned", "later",
		"dead", "cancelled", "stats", "paused"};
	size_t i, j;

	for (i = 0; i < redis->queue_count; i++) {
		struct redis_queue *queue = &redis->queues[i];

		for (j = 0; j < REDIS_KEYS; j++) {
			bool own = j == 2 || j == 3;

			if (!parts[j]) {
				free(queue->keys[j]);
				queue->keys[j] = xstrdup(queue->name);
			} else {
				set_key(&queue->keys[j], queue->name, parts[j],
					own ? redis->name : NULL);
			}
		}
	}
}

void redis_broker_add_keys(const struct redis_queue *queue, const char *worker,
			   struct redis_command *command)
{
	struct buf text;
	int i;

	buf_init(&text, 4096);
	for (i = 0; i < REDIS_KEYS; i++) {
		buf_clear(&text);
		if (i == 2 || i == 3) {
			keys_put(&text, queue->name, i == 2 ? "inbox" : "owned",
				 worker);
			redis_command_add(command, buf_slice(&text));
		} else {
			redis_command_text(command, queue->keys[i]);
		}
	}
	buf_release(&text);
}

void redis_broker_begin(struct redis_broker *redis, enum redis_script script,
			size_t keys, struct redis_command *command)
{
	redis_script_begin(command, script, !(redis->loaded >> script & 1),
			   keys);
	redis->loaded |= 1u << script;
}

void redis_broker_script(struct redis_broker *redis, enum redis_script script,
			 size_t queue, size_t extra,
			 struct redis_command *command)
{
	size_t from = queue == SIZE_MAX ? 0 : queue, i;
	size_t end = queue == SIZE_MAX ? redis->queue_count : queue + 1;
	int j;

	redis_broker_begin(redis, script, REDIS_KEYS * (end - from) + extra,
			   command);
	for (i = from; i < end; i++) {
		for (j = 0; j < REDIS_KEYS; j++)
			redis_command_text(command, redis->queues[i].keys[j]);
	}
}
