/*
 * Longest common runs by hashed grams. A gram is a window of `size` items that
 * may all start a match. That a common run of a length exists is monotone in
 * the length, so the greatest is found by doubling and halving; each probe
 * rolls a hash (Rabin and Karp 1987, modulo 2^61 - 1) over both sides. Hashes
 * only propose: every match is verified, so results are exact. The same table
 * counts the pairs of grams of a length that both sides have, and lists them.
 */
#include "diff/difflib.h"

#include "base/hash.h"

#define GRAM_PRIME (((uint64_t)1 << 61) - 1)
#define GRAM_NONE  UINT32_MAX
#define LEAST_MAX  256 /* longer grams that are frequent are no accident */
#define FEW	   16  /* fewer than one in so many pairs are too few */

__extension__ typedef unsigned __int128 gram_wide;

struct gram_slot {
	uint32_t tag;  /* of the hash */
	uint32_t last; /* place, GRAM_NONE: slot is free */
	uint32_t count;
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

/* Hashes of grams that go up in steps, as those of numbered items do, would lie
 * close together in the table. (The mixer is that of splitmix64.) */
static uint64_t gram_mix(uint64_t hash)
{
	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9;
	hash = (hash ^ hash >> 27) * 0x94d049bb133111eb;
	return hash ^ hash >> 31;
}

/* The slot of that gram, or the free one where it goes. */
static struct gram_slot *gram_slot(struct difflib_gram *gram, uint64_t hash)
{
	uint64_t mixed = gram_mix(hash);
	size_t at = mixed & gram->mask;
	uint32_t tag = (uint32_t)(mixed >> 32);

	while (gram->slots[at].last != GRAM_NONE && gram->slots[at].tag != tag)
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
		/* A circle: what follows the last place is the first. */
		if (slot->last == GRAM_NONE) {
			gram->next[place] = place;
			slot->tag = (uint32_t)(gram_mix(roll.hash) >> 32);
			slot->count = 0;
		} else {
			gram->next[place] = gram->next[slot->last];
			gram->next[slot->last] = place;
		}
		slot->last = place;
		slot->count++;
	}
}

/* The first place in b, not before `least`, of the gram at i; GRAM_NONE if
 * there is none. Places before `least` are dropped for good. */
static uint32_t gram_place(struct difflib *d, uint64_t hash, uint32_t i,
			   uint32_t least)
{
	struct difflib_gram *gram = d->gram;
	struct gram_slot *slot = gram_slot(gram, hash);
	uint32_t last = slot->last;

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

/* How long the run is that the match begins with. It is the first match of that
 * length, too: whatever is as long came up at the shorter one. */
static uint32_t gram_grow(const struct difflib *d,
			  const struct engine_region *r,
			  const struct difflib_match *m)
{
	uint32_t size = m->size;

	while (m->i + size < r->ahi && m->j + size < r->bhi &&
	       d->a[m->i + size] == d->b[m->j + size] &&
	       !d->junk[d->b[m->j + size]])
		size++;
	d->engine->steps += size - m->size;
	return size;
}

static void gram_probe(struct difflib *d, const struct engine_region *r,
		       uint32_t size, struct difflib_match *match)
{
	d->engine->steps += r->bhi - r->blo;
	gram_fill(d, r, size);
	gram_search(d, r, match);
}

/* --- Few pairs ------------------------------------------------------------ */

/* How many pairs of grams of the table and of a are equal, up to `most`. */
static uint64_t gram_count(struct difflib *d, const struct engine_region *r,
			   uint64_t most)
{
	struct gram_roll roll;
	uint64_t pairs = 0;
	uint32_t i = r->alo;

	gram_roll_init(&roll, d, d->a, d->gram->size);
	for (; i < r->ahi && pairs <= most; i++) {
		const struct gram_slot *slot;

		if (!gram_roll_step(&roll, i))
			continue;
		slot = gram_slot(d->gram, roll.hash);
		pairs += slot->last == GRAM_NONE ? 0 : slot->count;
	}
	d->engine->steps += i - r->alo;
	return pairs;
}

/* Puts grams of that size into the table; returns how many pairs there are. */
static uint64_t gram_try(struct difflib *d, const struct engine_region *r,
			 uint32_t size, uint64_t most)
{
	d->engine->steps += r->bhi - r->blo;
	gram_fill(d, r, size);
	return gram_count(d, r, most);
}

int difflib_gram_least(struct difflib *d, const struct difflib_part *part,
		       uint64_t most, uint32_t *least, uint32_t *crowded)
{
	const struct engine_region *r = &part->region;
	uint32_t top = part->bound < LEAST_MAX ? part->bound : LEAST_MAX;
	uint32_t low = 1, size = 1;
	uint64_t pairs = UINT64_MAX;

	*least = 0;
	if (!d->gram && gram_init(d))
		return -1;
	while (pairs > most && size < top) {
		low = size;
		size = top / 2 < size ? top : size * 2;
		pairs = gram_try(d, r, size, most);
	}
	if (pairs > most)
		return 0;
	while (pairs < most / FEW && size - low > 1) {
		uint32_t middle = low + (size - low) / 2;
		uint64_t more = gram_try(d, r, middle, most);

		if (more > most) {
			low = middle;
		} else {
			size = middle;
			pairs = more;
		}
	}
	if (d->gram->size != size)
		gram_fill(d, r, size);
	*least = size;
	*crowded = low;
	return 0;
}

int difflib_gram_pairs(struct difflib *d, const struct engine_region *region,
		       difflib_pair_cb *on_pair, void *arg)
{
	struct difflib_gram *gram = d->gram;
	struct gram_roll roll;

	gram_roll_init(&roll, d, d->a, gram->size);
	for (uint32_t i = region->alo; i < region->ahi; i++) {
		uint32_t last, place, row = i + 1 - gram->size;
		int status;

		if (!gram_roll_step(&roll, i))
			continue;
		last = gram_slot(gram, roll.hash)->last;
		if (last == GRAM_NONE)
			continue;
		place = last;
		do {
			place = gram->next[place];
			status = on_pair(arg, row, place);
			if (status)
				return status;
		} while (place != last);
	}
	d->engine->steps += region->ahi - region->alo;
	return 0;
}

/* --- Longest runs --------------------------------------------------------- */

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
			known = gram_grow(d, &part->region, match);
			found = *match;
			found.size = known;
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
