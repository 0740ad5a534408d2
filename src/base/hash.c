/*
 * Hashing and a table with open addressing and linear probing.
 *
 * The hash multiplies 64 by 64 bits and folds the halves, as in wyhash (Wang
 * Yi, public domain), with one difference: both factors are masked with words
 * that depend on the seed, so that nobody can choose a factor of zero, which
 * would wipe out all that was mixed before.
 */
#include "base/hash.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"

#define FIRST_SIZE 16

__extension__ typedef unsigned __int128 wide;

static uint64_t fold(uint64_t a, uint64_t b)
{
	wide product = (wide)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load8(const char *ptr)
{
	uint64_t word;
	memcpy(&word, ptr, sizeof(word));
	return word;
}

static uint64_t load4(const char *ptr)
{
	uint32_t word;
	memcpy(&word, ptr, sizeof(word));
	return word;
}

/* Up to 7 bytes; pieces may overlap, as the length is mixed in elsewhere. */
static uint64_t load_part(const char *ptr, size_t len)
{
	if (len >= 4)
		return load4(ptr) | load4(ptr + len - 4) << 32;
	if (!len)
		return 0;
	return (uint64_t)(unsigned char)ptr[0] |
	       (uint64_t)(unsigned char)ptr[len / 2] << 8 |
	       (uint64_t)(unsigned char)ptr[len - 1] << 16;
}

uint64_t hash_bytes(struct slice bytes, uint64_t seed)
{
	uint64_t mask = (seed ^ 0x9e3779b97f4a7c15) * 0xd1342543de82ef95;
	uint64_t state = fold(seed ^ 0xa0761d6478bd642f, mask | 1);
	const char *ptr = bytes.ptr;
	size_t left = bytes.len;

	mask ^= mask >> 29;
	for (; left > 16; left -= 16, ptr += 16)
		state = fold(load8(ptr) ^ mask, load8(ptr + 8) ^ state);
	uint64_t low = 0;
	uint64_t high = 0;
	if (bytes.len >= 16) {
		low = load8(ptr + left - 16);
		high = load8(ptr + left - 8);
	} else if (left >= 8) {
		low = load8(ptr);
		high = load8(ptr + left - 8);
	} else {
		low = load_part(ptr, left);
	}
	state = fold(low ^ mask, high ^ state);
	return fold(state ^ bytes.len, mask ^ 0xe7037ed1a0b428db);
}

uint64_t hash_seed(void)
{
	static uint64_t seed;
	if (seed)
		return seed;
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed)) {
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		seed = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^
		       (uint64_t)getpid() << 16 ^ (uint64_t)(uintptr_t)&now;
	}
	seed |= 1;
	return seed;
}

/* A removed entry keeps its place, so that walks and probes go on. */
static char tomb_key;

static bool is_live(const struct hash_entry *entry)
{
	return entry->key && entry->key != &tomb_key;
}

void hash_init(struct hash_table *table)
{
	*table = (struct hash_table){.seed = hash_seed()};
}

void hash_release(struct hash_table *table)
{
	for (size_t i = 0; i < table->size; i++)
		if (is_live(&table->entries[i]))
			free(table->entries[i].key);
	free(table->entries);
	hash_init(table);
}

/* The key's entry, or NULL. */
static struct hash_entry *find(const struct hash_table *table, struct slice key,
			       uint64_t hash)
{
	if (!table->size)
		return NULL;
	for (size_t i = hash & (table->size - 1);;
	     i = (i + 1) & (table->size - 1)) {
		struct hash_entry *entry = &table->entries[i];
		if (!entry->key)
			return NULL;
		if (is_live(entry) && entry->hash == hash &&
		    slice_equal(slice_of(entry->key, entry->len), key))
			return entry;
	}
}

/* Where a new entry of that hash goes; there is room. */
static struct hash_entry *vacancy(struct hash_table *table, uint64_t hash)
{
	size_t i = hash & (table->size - 1);
	while (is_live(&table->entries[i]))
		i = (i + 1) & (table->size - 1);
	return &table->entries[i];
}

/* Makes room for one more; sweeps the tombs out at the same time. At least a
 * quarter of the places stays empty, so every probe ends. */
static void make_room(struct hash_table *table)
{
	if ((table->count + table->tombs + 1) * 4 <= table->size * 3)
		return;
	struct hash_table old = *table;
	size_t size = FIRST_SIZE;
	while (size < (old.count + 1) * 2)
		size *= 2;
	table->entries = xcalloc(size, sizeof(*table->entries));
	table->size = size;
	table->tombs = 0;
	for (size_t i = 0; i < old.size; i++)
		if (is_live(&old.entries[i]))
			*vacancy(table, old.entries[i].hash) = old.entries[i];
	free(old.entries);
}

void *hash_put(struct hash_table *table, struct slice key, void *value)
{
	uint64_t hash = hash_bytes(key, table->seed);
	struct hash_entry *entry = find(table, key, hash);
	if (entry) {
		void *former = entry->value;
		entry->value = value;
		return former;
	}
	make_room(table);
	entry = vacancy(table, hash);
	if (entry->key == &tomb_key)
		table->tombs--;
	char *copy = xrealloc(NULL, key.len + 1, 1);
	if (key.len)
		memcpy(copy, key.ptr, key.len);
	copy[key.len] = '\0';
	*entry = (struct hash_entry){hash, copy, key.len, value};
	table->count++;
	return NULL;
}

void *hash_get(const struct hash_table *table, struct slice key)
{
	if (!table->count)
		return NULL;
	struct hash_entry *entry =
		find(table, key, hash_bytes(key, table->seed));
	return entry ? entry->value : NULL;
}

void *hash_remove(struct hash_table *table, struct slice key)
{
	struct hash_entry *entry =
		find(table, key, hash_bytes(key, table->seed));
	if (!entry)
		return NULL;
	void *value = entry->value;
	free(entry->key);
	*entry = (struct hash_entry){.key = &tomb_key};
	table->count--;
	table->tombs++;
	return value;
}

struct hash_entry *hash_next(const struct hash_table *table, size_t *cursor)
{
	while (*cursor < table->size) {
		struct hash_entry *entry = &table->entries[(*cursor)++];
		if (is_live(entry))
			return entry;
	}
	return NULL;
}
