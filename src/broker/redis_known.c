/*
 * The claims that this worker holds, by number, with what their end needs to
 * know of them; and how a record is read. Does not talk to Redis.
 */
#include "broker/redis_state.h"

#include <stdlib.h>
#include "base/xalloc.h"

#define INSTANCE_MAX 300

static struct slice id_key(const uint64_t *id)
{
	return slice_of(id, sizeof(*id));
}

struct redis_known *redis_known_find(const struct redis_broker *redis,
				     uint64_t id)
{
	return hash_get(&redis->known, id_key(&id));
}

static void known_free(struct redis_known *known)
{
	if (known) {
		free(known->instance);
		free(known->inbox);
	}
	free(known);
}

void redis_known_forget(struct redis_broker *redis, uint64_t id)
{
	struct redis_known *known = hash_remove(&redis->known, id_key(&id));

	if (known)
		redis_hand_forget(redis, known->queue, id);
	known_free(known);
}

void redis_known_forget_all(struct redis_broker *redis)
{
	struct hash_entry *entry;
	size_t cursor = 0, i;

	while ((entry = hash_next(&redis->known, &cursor)))
		known_free(entry->value);
	hash_release(&redis->known);
	hash_init(&redis->known);
	for (i = 0; i < redis->queue_count; i++)
		redis->queues[i].handed = 0;
}

void redis_known_add(struct redis_broker *redis,
		     const struct broker_claim *claim, struct slice instance)
{
	struct redis_known *known = xcalloc(1, sizeof(*known));

	known->queue = claim->queue;
	known->id = claim->id;
	known->first_seen_ms = claim->first_seen_ms;
	known->attempts = claim->attempts;
	known->crashes = claim->crashes;
	known->deaths = claim->deaths;
	if (instance.len) {
		known->instance = xcalloc(instance.len + 1, 1);
		memcpy(known->instance, instance.ptr, instance.len);
	}
	known_free(hash_put(&redis->known, id_key(&known->id), known));
}

void redis_known_instance(const struct redis_broker *redis, uint64_t id,
			  struct buf *out)
{
	const struct redis_known *known = redis_known_find(redis, id);

	if (known && known->instance)
		buf_add_text(out, known->instance);
	else
		buf_printf(out, "%s/%llu", redis->name, (unsigned long long)id);
}

void redis_known_field(const struct redis_broker *redis, uint64_t id,
		       struct buf *out)
{
	const struct redis_known *known = redis_known_find(redis, id);
	char text[24], *end = text + sizeof(text), *at = end;

	do {
		*--at = (char)('0' + id % 10);
		id /= 10;
	} while (id);
	buf_add(out, at, (size_t)(end - at));
	if (known && known->instance) {
		buf_add_char(out, ' ');
		buf_add_text(out, known->instance);
	}
}

/* --- Records ----------------------------------------------------------------- */

static bool next_number(struct slice *text, char end, uint64_t *out)
{
	size_t i = 0;

	*out = 0;
	while (i < text->len && text->ptr[i] >= '0' && text->ptr[i] <= '9' &&
	       *out < (uint64_t)1 << 58)
		*out = *out * 10 + (uint64_t)(text->ptr[i++] - '0');
	if (!i || i == text->len || text->ptr[i] != end)
		return false;
	*text = slice_of(text->ptr + i + 1, text->len - i - 1);
	return true;
}

void redis_known_read(struct slice value, struct broker_claim *claim,
		      struct slice *instance)
{
	struct slice rest = value;
	uint64_t numbers[5];
	const char *space;
	int i;

	*instance = (struct slice){0};
	claim->payload = value;
	if (!value.len || value.ptr[0] != 1)
		return;
	space = memchr(value.ptr, ' ',
		       value.len < INSTANCE_MAX ? value.len : INSTANCE_MAX);
	if (!space || space == value.ptr + 1)
		return;
	rest = slice_of(space + 1, value.len - (size_t)(space - value.ptr) - 1);
	for (i = 0; i < 5; i++) {
		if (!next_number(&rest, i == 4 ? '\n' : ' ', &numbers[i]))
			return;
	}
	if (numbers[4] > rest.len)
		return;
	*instance = slice_of(value.ptr + 1, (size_t)(space - value.ptr) - 1);
	claim->attempts = (unsigned)numbers[0];
	claim->crashes = (unsigned)numbers[1];
	claim->deaths = (unsigned)numbers[2];
	claim->first_seen_ms = (int64_t)numbers[3];
	claim->known_id = slice_of(rest.ptr, numbers[4]);
	claim->payload = slice_of(rest.ptr + numbers[4], rest.len - numbers[4]);
}
