/*
 * Hashing and the hash table, against a plain array.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/random.h"

Test(hash, every_bit_and_length_matters)
{
	char bytes[70] = {0};
	uint64_t seen[70];
	for (size_t len = 0; len < 70; len++) {
		seen[len] = hash_bytes(slice_of(bytes, len), 1);
		for (size_t i = 0; i < len; i++)
			cr_assert_neq(seen[i], seen[len]);
		for (size_t bit = 0; bit < len * 8; bit++) {
			bytes[bit / 8] ^= (char)(1 << bit % 8);
			uint64_t other = hash_bytes(slice_of(bytes, len), 1);
			bytes[bit / 8] ^= (char)(1 << bit % 8);
			int differ = __builtin_popcountll(other ^ seen[len]);
			cr_assert(differ > 8 && differ < 56,
				  "len %zu bit %zu: %d", len, bit, differ);
		}
	}
	cr_expect_neq(hash_bytes(SLICE("a"), 1), hash_bytes(SLICE("a"), 2));
	cr_expect_eq(hash_seed(), hash_seed());
}

Test(hash, table_is_a_map)
{
	enum { KEYS = 500, ROUNDS = 200000 };
	static int values[KEYS];
	bool in[KEYS] = {false};
	size_t count = 0;
	struct hash_table table;
	char name[16];
	uint64_t state = 42;

	hash_init(&table);
	for (int round = 0; round < ROUNDS; round++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		size_t key = (state >> 33) % KEYS;
		snprintf(name, sizeof(name), "k%zu", key);
		struct slice slice = slice_text(name);
		void *want = in[key] ? &values[key] : NULL;
		switch (state >> 20 & 3) {
		case 0:
			cr_assert_eq(hash_put(&table, slice, &values[key]),
				     want);
			count += !in[key];
			in[key] = true;
			break;
		case 1:
			cr_assert_eq(hash_remove(&table, slice), want);
			count -= in[key];
			in[key] = false;
			break;
		default:
			cr_assert_eq(hash_get(&table, slice), want);
		}
		cr_assert_eq(table.count, count);
	}
	/* The tombs of many removals do not make it grow. */
	cr_expect_leq(table.size, 2048);

	size_t cursor = 0;
	size_t walked = 0;
	struct hash_entry *entry;
	while ((entry = hash_next(&table, &cursor))) {
		cr_assert_eq(entry->value, &values[atoi(entry->key + 1)]);
		cr_assert_eq(entry->key[entry->len], '\0');
		walked++;
		hash_remove(&table, slice_of(entry->key, entry->len));
	}
	cr_expect_eq(walked, count);
	cr_expect_eq(table.count, 0);
	hash_release(&table);
}

Test(hash, odd_keys)
{
	struct hash_table table;
	int a, b, c;
	hash_init(&table);
	cr_expect_null(hash_get(&table, SLICE("x")));
	cr_expect_null(hash_remove(&table, SLICE("x")));
	hash_put(&table, slice_text(NULL), &a);
	hash_put(&table, SLICE("a\0b"), &b);
	hash_put(&table, SLICE("a"), &c);
	cr_expect_eq(hash_get(&table, SLICE("")), &a);
	cr_expect_eq(hash_get(&table, SLICE("a\0b")), &b);
	cr_expect_eq(hash_put(&table, SLICE("a"), &a), &c);
	hash_release(&table);
	hash_release(&table);
}

Test(random, fractions_are_spread_evenly)
{
	enum { PARTS = 20, TIMES = 100000 };
	unsigned hits[PARTS] = {0};

	for (int i = 0; i < TIMES; i++) {
		double x = random_fraction();

		cr_assert(x >= 0 && x < 1);
		hits[(int)(x * PARTS)]++;
	}
	for (int i = 0; i < PARTS; i++)
		cr_expect(hits[i] > TIMES / PARTS * 9 / 10 &&
				  hits[i] < TIMES / PARTS * 11 / 10,
			  "part %d: %u", i, hits[i]);
}
