/*
 * Longest common runs by hashed grams. A gram is a window of `size` items that
 * may all start a match. That a common run of a length exists is monotone in
 * the length, so the greatest is found by doubling and halving; each probe
 * rolls a hash (Rabin and Karp 1987, modulo 2^61 - 1) over both sides. Hashes
 * only propose: every match is verified, so results are exact.
 */
#include "diff/difflib.h"

#include "base/hash.h"

#define GRAM_PRIME (((uint64_t)1 << 61) - 1)
#define GRAM_NONE  UINT32_MAX

__extension__ typedef unsigned __int128 gram_wide;

struct gram_slot {
	uint64_t hash;
	uint32_t head; /* first place, GRAM_NONE: slot is free */
};

struct difflib_gram {
	uint64_t base;
	struct gram_slot *slots;
	uint32_t *next; /* by place in b: next place with the same hash */
	size_t slot_cap, mask;
	uint32_t size;		     /* of the grams that are in the table */
	struct engine_region region; /* what the table holds of b */
};

static uint64_t gram_mul(uint64_t x, uint64_t y)
{
	gram_wide product = (gram_wide)x * y;
	uint64_t sum =
		(uint64_t)(product & GRAM_PRIME) + (uint64_t)(product >> 61);

	return sum >= GRAM_PRIME ? sum - GRAM_PRIME : sum;
}

/* --- Rolling hash --------------------------------------------------------- */

struct gram_roll {
	const struct difflib *d;
	const uint32_t *ids;
	uint64_t base, top; /* top: base to the power of size */
	uint64_t hash;
	uint32_t size, filled; /* filled: items since the last non-starter */
};

static void gram_roll_init(struct gram_roll *roll, const struct difflib *d,
			   const uint32_t *ids, uint32_t size)
{
	uint64_t factor = d->gram->base;

	*roll = (struct gram_roll){
		.d = d, .ids = ids, .base = factor, .top = 1, .size = size};
	for (uint32_t power = size; power; power >>= 1) {
		if (power & 1)
			roll->top = gram_mul(roll->top, factor);
		factor = gram_mul(factor, factor);
	}
}

/* Takes in item `at`. True if a whole gram ends there. */
static bool gram_roll_step(struct gram_roll *roll, uint32_t at)
{
	uint64_t id = roll->ids[at];

	if (roll->d->junk[id]) {
		roll->filled = 0;
		roll->hash = 0;
		return false;
	}
	roll->hash = gram_mul(roll->hash, roll->base) + id + 1;
	if (roll->filled == roll->size) {
		uint64_t first = (uint64_t)roll->ids[at - roll->size] + 1;

		roll->hash += GRAM_PRIME - gram_mul(first, roll->top);
	} else {
		roll->filled++;
	}
	while (roll->hash >= GRAM_PRIME)
		roll->hash -= GRAM_PRIME;
	return roll->filled == roll->size;
}

/* --- Table ---------------------------------------------------------------- */

static int gram_init(struct difflib *d)
{
	struct engine *engine = d->engine;
	struct difflib_gram *gram = engine_alloc(engine, 1, sizeof(*gram));
	size_t cap = 16;

	if (!gram)
		return -1;
	while (cap < (size_t)engine->nb * 2)
		cap *= 2;
	memset(gram, 0, sizeof(*gram));
	gram->base = hash_seed() % (GRAM_PRIME - 1000) + 500;
	gram->slot_cap = cap;
	gram->slots = engine_alloc(engine, cap, sizeof(*gram->slots));
	gram->next = engine_alloc(engine, engine->nb, sizeof(*gram->next));
	if (!gram->slots || !gram->next)
		return -1;
	d->gram = gram;
	return 0;
}

static struct gram_slot *gram_slot(struct difflib_gram *gram, uint64_t hash)
{
	size_t at = (hash ^ hash >> 29) & gram->mask;

	while (gram->slots[at].head != GRAM_NONE &&
	       gram->slots[at].hash != hash)
		at = (at + 1) & gram->mask;
	return &gram->slots[at];
}

/* Puts all grams of b's part into the table. Lists run upwards because they
 * are appended to through `tail`. */
static void gram_fill(struct difflib *d, const struct engine_region *r,
		      uint32_t size)
{
	struct difflib_gram *gram = d->gram;
	uint32_t last = r->bhi - r->blo;
	struct gram_roll roll;

	gram->size = size;
	gram->region = *r;
	gram->mask = 15;
	while (gram->mask < (size_t)last * 2 && gram->mask + 1 < gram->slot_cap)
		gram->mask = gram->mask * 2 + 1;
	memset(gram->slots, 0xff, (gram->mask + 1) * sizeof(*gram->slots));
	gram_roll_init(&roll, d, d->b, size);
	for (uint32_t j = r->blo; j < r->bhi; j++) {
		struct gram_slot *slot;
		uint32_t place = j + 1 - size;

		if (!gram_roll_step(&roll, j))
			continue;
		slot = gram_slot(gram, roll.hash);
		/* A circle: the head is the last place, its next the first. */
		if (slot->head == GRAM_NONE) {
			gram->next[place] = place;
		} else {
			gram->next[place] = gram->next[slot->head];
			gram->next[slot->head] = place;
		}
		*slot = (struct gram_slot){roll.hash, place};
	}
}

/* The first place in b, not before `least`, of the gram at i; GRAM_NONE if
 * there is none. Places before `least` are dropped for good. */
static uint32_t gram_place(struct difflib *d, uint64_t hash, uint32_t i,
			   uint32_t least)
{
	struct difflib_gram *gram = d->gram;
	struct gram_slot *slot = gram_slot(gram, hash);
	uint32_t last = slot->head;

	if (last == GRAM_NONE || last < least)
		return GRAM_NONE;
	while (gram->next[last] < least)
		gram->next[last] = gram->next[gram->next[last]];
	/* Two grams with one hash: walk on to a place that is truly equal. */
	for (uint32_t place = gram->next[last];;) {
		if (!memcmp(d->a + i, d->b + place, gram->size * sizeof(*d->a)))
			return place;
		if (place == last)
			return GRAM_NONE;
		place = gram->next[place];
	}
}

/* The first gram of a, from row r->alo on, that the table has from r->blo on.
 * Grams of the table end within its own region. */
static void gram_search(struct difflib *d, const struct engine_region *r,
			struct difflib_match *match)
{
	uint32_t size = d->gram->size;
	struct gram_roll roll;

	match->size = 0;
	gram_roll_init(&roll, d, d->a, size);
	for (uint32_t i = r->alo; i < r->ahi; i++) {
		uint32_t row = i + 1 - size, place;

		d->engine->steps++;
		if (!gram_roll_step(&roll, i))
			continue;
		place = gram_place(d, roll.hash, row, r->blo);
		if (place != GRAM_NONE) {
			*match = (struct difflib_match){row, place, size};
			return;
		}
	}
}

static void gram_probe(struct difflib *d, const struct engine_region *r,
		       uint32_t size, struct difflib_match *match)
{
	d->engine->steps += r->bhi - r->blo;
	gram_fill(d, r, size);
	gram_search(d, r, match);
}

int difflib_gram_find(struct difflib *d, const struct difflib_part *part,
		      uint32_t known, struct difflib_match *match)
{
	/* A run of `known` exists, one of `over` does not. */
	uint32_t over = part->bound + 1, stride = 1;
	struct difflib_match found = {0};

	if (!d->gram && gram_init(d))
		return -1;
	while (known + 1 < over) {
		uint32_t size = over - known > stride * 2
					? known + stride
					: known + (over - known) / 2;

		gram_probe(d, &part->region, size, match);
		if (match->size) {
			known = size;
			found = *match;
			/* Past the bound it has done its work. */
			stride *= stride < over ? 2 : 1;
		} else {
			over = size;
		}
	}
	/* The table must hold the grams of the answer. */
	if (known && (d->gram->size != known || !found.size))
		gram_probe(d, &part->region, known, &found);
	*match = found;
	return 0;
}

void difflib_gram_next(struct difflib *d, const struct engine_region *rest,
		       struct difflib_match *match)
{
	gram_search(d, rest, match);
}
