/*
 * Byte strings to dense ids: an open hash table over borrowed slices. It keeps
 * no bytes of its own. Interning many at a time hashes a few ahead and fetches
 * their slots, since most of the time goes into waiting for memory.
 */
#include "cherry/diff.h"

#include <stdlib.h>

#include "base/hash.h"

struct intern_slot {
	uint32_t id;  /* DIFF_NO_ID: free */
	uint32_t tag; /* upper half of the hash */
};

struct intern_name {
	struct slice bytes;
	uint64_t hash;
};

struct diff_interner {
	struct intern_slot *slots;
	struct intern_name *names; /* by id */
	size_t size;		   /* of slots, a power of two; names: half */
	uint32_t count;
	size_t max_bytes;
	uint64_t seed;
};

#define INTERN_SIZE_FIRST 256
#define INTERN_AHEAD	  16

/* At most this many slots are made because they may be needed. */
#define INTERN_SIZE_HINT ((size_t)1 << 17)

static int intern_resize(struct diff_interner *in, size_t size)
{
	size_t bytes =
		size * sizeof(*in->slots) + size / 2 * sizeof(*in->names);
	struct intern_slot *slots;
	struct intern_name *names;

	if (bytes > in->max_bytes)
		return -1;
	slots = malloc(size * sizeof(*slots));
	names = realloc(in->names, size / 2 * sizeof(*names));
	if (names)
		in->names = names;
	if (!slots || !names) {
		free(slots);
		return -1;
	}
	memset(slots, 0xff, size * sizeof(*slots));
	for (uint32_t id = 0; id < in->count; id++) {
		uint64_t hash = in->names[id].hash;
		size_t at = hash & (size - 1);

		while (slots[at].id != DIFF_NO_ID)
			at = (at + 1) & (size - 1);
		slots[at] = (struct intern_slot){id, (uint32_t)(hash >> 32)};
	}
	free(in->slots);
	in->slots = slots;
	in->size = size;
	return 0;
}

/* Makes room for one more. */
static int intern_grow(struct diff_interner *in)
{
	if (in->count < in->size / 2)
		return 0;
	if (in->count > DIFF_ITEMS_MAX)
		return -1;
	return intern_resize(in, in->size ? in->size * 2 : INTERN_SIZE_FIRST);
}

struct diff_interner *diff_interner_new(size_t max_bytes)
{
	struct diff_interner *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->max_bytes = max_bytes;
	in->seed = hash_seed();
	return in;
}

void diff_interner_free(struct diff_interner *interner)
{
	if (!interner)
		return;
	free(interner->slots);
	free(interner->names);
	free(interner);
}

static uint32_t intern_hashed(struct diff_interner *in, struct slice bytes,
			      uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash >> 32);
	size_t at;

	if (intern_grow(in))
		return DIFF_NO_ID;
	at = hash & (in->size - 1);
	while (in->slots[at].id != DIFF_NO_ID) {
		uint32_t id = in->slots[at].id;

		if (in->slots[at].tag == tag &&
		    slice_equal(in->names[id].bytes, bytes))
			return id;
		at = (at + 1) & (in->size - 1);
	}
	in->slots[at] = (struct intern_slot){in->count, tag};
	in->names[in->count] = (struct intern_name){bytes, hash};
	return in->count++;
}

uint32_t diff_intern(struct diff_interner *interner, struct slice bytes)
{
	return intern_hashed(interner, bytes,
			     hash_bytes(bytes, interner->seed));
}

int diff_intern_many(struct diff_interner *interner, struct slice text,
		     const uint32_t *starts, uint32_t count, uint32_t *ids)
{
	size_t size = INTERN_SIZE_FIRST;
	uint64_t hashes[INTERN_AHEAD];

	while (size < INTERN_SIZE_HINT && size / 2 < count)
		size *= 2;
	if (size > interner->size)
		(void)!intern_resize(interner, size);
	for (uint32_t from = 0; from < count; from += INTERN_AHEAD) {
		uint32_t block = count - from < INTERN_AHEAD ? count - from
							     : INTERN_AHEAD;

		for (uint32_t n = 0; n < block; n++) {
			const uint32_t *at = starts + from + n;

			hashes[n] = hash_bytes(
				slice_of(text.ptr + at[0], at[1] - at[0]),
				interner->seed);
			if (interner->size)
				__builtin_prefetch(
					&interner->slots[hashes[n] &
							 (interner->size - 1)]);
		}
		for (uint32_t n = 0; n < block; n++) {
			const uint32_t *at = starts + from + n;

			ids[from + n] = intern_hashed(
				interner,
				slice_of(text.ptr + at[0], at[1] - at[0]),
				hashes[n]);
			if (ids[from + n] == DIFF_NO_ID)
				return -1;
		}
	}
	return 0;
}

void diff_interner_keep(struct diff_interner *interner, uint32_t id,
			const char *bytes)
{
	interner->names[id].bytes.ptr = bytes;
}

uint32_t diff_interner_count(const struct diff_interner *interner)
{
	return interner->count;
}

struct slice diff_interner_bytes(const struct diff_interner *interner,
				 uint32_t id)
{
	return interner->names[id].bytes;
}
