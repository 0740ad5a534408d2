/*
 * The claims that the master holds, and the records that their values are.
 */
#include "broker/redis_state.h"

#include <stdlib.h>
#include "base/xalloc.h"

static struct slice id_key(const uint64_t *id)
{
	return slice_of(id, sizeof(*id));
}

/* --- What the master holds --------------------------------------------------- */

struct redis_known *redis_known_find(const struct redis_broker *redis,
				     uint64_t id)
{
	return hash_get(&redis->known, id_key(&id));
}

static void known_free(struct redis_known *known)
{
	if (known)
		free(known->instance);
	free(known);
}

void redis_known_forget(struct redis_broker *redis, uint64_t id)
{
	known_free(hash_remove(&redis->known, id_key(&id)));
}

void redis_known_forget_all(struct redis_broker *redis)
{
	struct hash_entry *entry;
	size_t cursor = 0;

	while ((entry = hash_next(&redis->known, &cursor)))
		known_free(entry->value);
	hash_release(&redis->known);
	hash_init(&redis->known);
}

void redis_known_add(struct redis_broker *redis,
		     const struct broker_claim *claim, struct slice instance)
{
	struct redis_known *known = xcalloc(1, sizeof(*known));

	known->queue = claim->queue;
	known->id = claim->id;
	known->first_seen_ms = claim->first_seen_ms;
	if (instance.len) {
		known->instance = xcalloc(instance.len + 1, 1);
		memcpy(known->instance, instance.ptr, instance.len);
	}
	hash_put(&redis->known, id_key(&known->id), known);
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

/* Reads a value of `owned` into the claim. Values that are no record as cherry
 * writes them are payloads. */
static struct slice read_record(struct slice value, struct broker_claim *claim)
{
	struct slice rest = value, instance = {0};
	uint64_t numbers[5];
	const char *space;
	int i;

	claim->payload = value;
	if (!value.len || value.ptr[0] != 1)
		return instance;
	space = memchr(rest.ptr, ' ', rest.len < 300 ? rest.len : 300);
	if (!space)
		return instance;
	instance = slice_of(rest.ptr + 1, (size_t)(space - rest.ptr) - 1);
	rest = slice_of(space + 1, rest.len - instance.len - 2);
	for (i = 0; i < 5; i++) {
		if (!next_number(&rest, i == 4 ? '\n' : ' ', &numbers[i]))
			return (struct slice){0};
	}
	if (numbers[4] > rest.len)
		return (struct slice){0};
	claim->attempts = (unsigned)numbers[0];
	claim->crashes = (unsigned)numbers[1];
	claim->deaths = (unsigned)numbers[2];
	claim->first_seen_ms = (int64_t)numbers[3];
	claim->known_id = slice_of(rest.ptr, numbers[4]);
	claim->payload = slice_of(rest.ptr + numbers[4], rest.len - numbers[4]);
	return instance;
}

void redis_known_read(const redisReply *value, struct broker_claim *claim,
		      struct slice *instance)
{
	*instance = (struct slice){0};
	claim->oversize = 0;
	if (value->type == REDIS_REPLY_STRING)
		*instance =
			read_record(slice_of(value->str, value->len), claim);
	else
		claim->oversize =
			value->integer > 0 ? (size_t)value->integer : 1;
	if (!claim->first_seen_ms)
		claim->first_seen_ms = claim->now_ms;
}
