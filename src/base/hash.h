/*
 * Hashing of byte strings, and a table from byte strings to pointers.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "cherry/buf.h"

/* Well mixed 64 bits. The seed is the caller's; hash_seed() gives a random
 * one for each process, so that input cannot aim at collisions. */
uint64_t hash_bytes(struct slice bytes, uint64_t seed);
uint64_t hash_seed(void);

struct hash_entry {
	uint64_t hash;
	char *key; /* owned copy */
	size_t len;
	void *value;
};

struct hash_table {
	struct hash_entry *entries;
	size_t count, size, tombs;
	uint64_t seed;
};

/* Bookkeeping memory (aborts when refused). Keys are copied. */
void hash_init(struct hash_table *table);
void hash_release(struct hash_table *table);
/* Sets the key's value, which is not NULL; returns the former one or NULL. */
void *hash_put(struct hash_table *table, struct slice key, void *value);
void *hash_get(const struct hash_table *table, struct slice key);
/* Removes the key; returns its value or NULL. */
void *hash_remove(struct hash_table *table, struct slice key);
/* Walks all entries: start with *cursor = 0; NULL at the end. */
struct hash_entry *hash_next(const struct hash_table *table, size_t *cursor);

#endif
