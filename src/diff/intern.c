/*
 * Byte strings to dense ids: an open hash table over borrowed slices. It keeps
 * no bytes of its own.
 */
#include "cherry/diff.h"

#include <stdlib.h>

#include "base/hash.h"

struct intern_slot {
	uint32_t id;  /* DIFF_NO_ID: free */
	uint32_t tag; /* upper half of the hash */
};

struct diff_interner {
	struct intern_slot *slots;
	struct slice *names; /* by id */
	size_t size;	     /* of slots, a power of two; names: half */
	uint32_t count;
	size_t max_bytes;
	uint64_t seed;
};

#define INTERN_SIZE_FIRST 256

static int intern_resize(struct diff_interner *in, size_t size)
{
	size_t bytes =
		size * sizeof(*in->slots) + size / 2 * sizeof(*in->names);
	struct intern_slot *slots;
	struct slice *names;

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
		uint64_t hash = hash_bytes(in->names[id], in->seed);
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

uint32_t diff_intern(struct diff_interner *interner, struct slice bytes)
{
	uint64_t hash = hash_bytes(bytes, interner->seed);
	uint32_t tag = (uint32_t)(hash >> 32);
	size_t at;

	if (interner->count >= interner->size / 2) {
		size_t size =
			interner->size ? interner->size * 2 : INTERN_SIZE_FIRST;

		if (interner->count > DIFF_ITEMS_MAX ||
		    intern_resize(interner, size))
			return DIFF_NO_ID;
	}
	at = hash & (interner->size - 1);
	while (interner->slots[at].id != DIFF_NO_ID) {
		uint32_t id = interner->slots[at].id;

		if (interner->slots[at].tag == tag &&
		    slice_equal(interner->names[id], bytes))
			return id;
		at = (at + 1) & (interner->size - 1);
	}
	interner->slots[at] = (struct intern_slot){interner->count, tag};
	interner->names[interner->count] = bytes;
	return interner->count++;
}

uint32_t diff_interner_count(const struct diff_interner *interner)
{
	return interner->count;
}

struct slice diff_interner_bytes(const struct diff_interner *interner,
				 uint32_t id)
{
	return interner->names[id];
}
