/*
 * Equality, hashes and keys, as Python's dicts and sets have them: numbers are
 * equal by value whatever their type, a tuple is a key if all in it is one.
 *
 * Tuples and frozensets carry their hash from birth, so that nothing here is
 * slower for nodes that share nodes. A full comparison of two such nodes with
 * equal hashes is the exception; its steps are counted.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "cherry/value.h"
#include "codec/fail.h"

#define EQUAL_STEPS 100000
#define EQUAL_DEPTH 200
#define PAIRWISE    8 /* keys that are compared without a table */

bool value_is_key(struct value value)
{
	switch (value.kind) {
	case VALUE_BYTEARRAY:
	case VALUE_LIST:
	case VALUE_SET:
	case VALUE_MAP:
		return false;
	case VALUE_TUPLE:
	case VALUE_FROZENSET:
		return value.seq->hash != 0;
	default:
		return true;
	}
}

/* An integral double as the integer it equals: INT, or exact digits. */
static bool double_integer(double number, int64_t *integer, char digits[400])
{
	if (!isfinite(number) || number != trunc(number))
		return false;
	digits[0] = '\0';
	if (number >= -0x1p63 && number < 0x1p63)
		*integer = (int64_t)number;
	else
		snprintf(digits, 400, "%.0f", number);
	return true;
}

static uint64_t hash_integer(int64_t integer)
{
	return hash_bytes(slice_of(&integer, sizeof(integer)), hash_seed() + 1);
}

static uint64_t hash_double(double number)
{
	char digits[400];
	int64_t integer = 0;

	if (!double_integer(number, &integer, digits))
		return hash_bytes(slice_of(&number, sizeof(number)),
				  hash_seed() + 2);
	if (digits[0])
		return hash_bytes(slice_text(digits), hash_seed() + 3);
	return hash_integer(integer);
}

uint64_t value_hash(struct value value)
{
	switch (value.kind) {
	case VALUE_NULL:
		return hash_seed();
	case VALUE_BOOL:
		return hash_integer(value.boolean);
	case VALUE_INT:
		return hash_integer(value.integer);
	case VALUE_DOUBLE:
		return hash_double(value.number);
	case VALUE_BIG:
		return hash_bytes(value_bytes(value), hash_seed() + 3);
	case VALUE_TEXT:
		return hash_bytes(value_bytes(value), hash_seed() + 4);
	case VALUE_BYTES:
	case VALUE_BYTEARRAY:
		return hash_bytes(value_bytes(value), hash_seed() + 5);
	default:
		return value.seq->hash;
	}
}

static bool is_number(struct value value)
{
	return value.kind >= VALUE_BOOL && value.kind <= VALUE_DOUBLE;
}

static bool equal_numbers(struct value a, struct value b)
{
	char digits[400];
	int64_t integer = 0;

	if (a.kind == VALUE_BOOL)
		a = value_int(a.boolean);
	if (b.kind == VALUE_BOOL)
		b = value_int(b.boolean);
	if (a.kind == b.kind) {
		if (a.kind == VALUE_BIG)
			return slice_equal(value_bytes(a), value_bytes(b));
		return a.kind == VALUE_INT ? a.integer == b.integer
					   : a.number == b.number;
	}
	if (b.kind == VALUE_DOUBLE) {
		struct value swap = a;
		a = b;
		b = swap;
	}
	if (a.kind != VALUE_DOUBLE ||
	    !double_integer(a.number, &integer, digits))
		return false;
	if (b.kind == VALUE_BIG)
		return slice_is(value_bytes(b), digits);
	return !digits[0] && integer == b.integer;
}

static int equal_within(struct value a, struct value b, int depth, int *steps);

/* The items in order. */
static int equal_tuples(const struct value_seq *a, const struct value_seq *b,
			int depth, int *steps)
{
	for (uint32_t i = 0; i < a->count; i++) {
		int r = equal_within(a->items[i], b->items[i], depth - 1,
				     steps);
		if (r != 1)
			return r;
	}
	return 1;
}

/* Each item has one of its hash on the other side that it equals. */
static int equal_sets(const struct value_seq *a, const struct value_seq *b,
		      int depth, int *steps)
{
	for (uint32_t i = 0; i < a->count; i++) {
		uint64_t hash = value_hash(a->items[i]);
		int r = 0;
		for (uint32_t j = 0; r == 0 && j < b->count; j++) {
			if (--*steps < 0)
				return -1;
			if (value_hash(b->items[j]) == hash)
				r = equal_within(a->items[i], b->items[j],
						 depth - 1, steps);
		}
		if (r != 1)
			return r;
	}
	return 1;
}

/* Calls itself at most EQUAL_DEPTH deep, whatever the input. */
static int equal_within(struct value a, struct value b, int depth, int *steps)
{
	if (depth <= 0 || --*steps < 0)
		return -1;
	if (is_number(a) && is_number(b))
		return equal_numbers(a, b);
	if (value_is_text(a) && value_is_text(b)) {
		if ((a.kind == VALUE_TEXT) != (b.kind == VALUE_TEXT))
			return 0;
		return slice_equal(value_bytes(a), value_bytes(b));
	}
	if (a.kind != b.kind)
		return 0;
	if (a.kind == VALUE_NULL || a.seq == b.seq)
		return 1;
	if ((a.kind != VALUE_TUPLE && a.kind != VALUE_FROZENSET) ||
	    a.seq->hash != b.seq->hash || a.seq->count != b.seq->count)
		return 0;
	if (a.kind == VALUE_TUPLE)
		return equal_tuples(a.seq, b.seq, depth, steps);
	return equal_sets(a.seq, b.seq, depth, steps);
}

int value_equal(struct value a, struct value b)
{
	int steps = EQUAL_STEPS;
	return equal_within(a, b, EQUAL_DEPTH, &steps);
}

/* --- Settling ------------------------------------------------------------- */

/* One container being settled: `step` is 2 for a map, 1 for a set. `slots` is
 * a table of places + 1 in what is kept, NULL where there are few. */
struct settle {
	struct value_seq *seq;
	uint32_t step;
	uint32_t kept;
	bool unique;
	uint32_t *slots;
	uint32_t mask;
};

static int fail_duplicate(struct err *err)
{
	return fail_read(err, "duplicate", -1, "a key is given twice");
}

/* Where an equal key is kept: its place, `kept` if there is none, UINT32_MAX
 * if that would take too long. Without a match *slot is where it belongs. */
static uint32_t settle_find(const struct settle *set, struct value key,
			    uint32_t *slot)
{
	const struct value *items = set->seq->items;
	int r = 0;

	if (!set->slots) {
		for (uint32_t i = 0; i < set->kept; i += set->step)
			if ((r = value_equal(items[i], key)))
				return r < 0 ? UINT32_MAX : i;
		return set->kept;
	}
	uint32_t at = (uint32_t)value_hash(key) & set->mask;
	for (; set->slots[at]; at = (at + 1) & set->mask)
		if ((r = value_equal(items[set->slots[at] - 1], key)))
			return r < 0 ? UINT32_MAX : set->slots[at] - 1;
	*slot = at;
	return set->kept;
}

static int settle_one(struct settle *set, uint32_t at, struct err *err)
{
	struct value *items = set->seq->items;
	uint32_t slot = 0;

	if (!value_is_key(items[at]))
		return fail_read(err, "key", -1, "%s cannot be a key",
				 value_kind_name(items[at].kind));
	uint32_t place = settle_find(set, items[at], &slot);
	if (place == UINT32_MAX)
		return fail_limit(err, "steps", EQUAL_STEPS, "size",
				  "comparing two keys takes too long");
	if (place == set->kept) {
		if (set->slots)
			set->slots[slot] = place + 1;
		for (uint32_t i = 0; i < set->step; i++)
			items[place + i] = items[at + i];
		set->kept += set->step;
		return 0;
	}
	if (set->unique)
		return fail_duplicate(err);
	if (set->step == 2)
		items[place + 1] = items[at + 1];
	return 0;
}

static int settle_all(struct settle *set, struct err *err)
{
	uint32_t keys = set->seq->count / set->step;
	uint32_t size = 16;

	if (keys > PAIRWISE) {
		while (size < keys * 2)
			size *= 2;
		set->slots = calloc(size, sizeof(*set->slots));
		set->mask = size - 1;
		if (!set->slots)
			return fail_limit(err, "memory", keys, "size",
					  "no memory for %u keys", keys);
	}
	int r = 0;
	for (uint32_t at = 0; !r && at < set->seq->count; at += set->step)
		r = settle_one(set, at, err);
	if (!r)
		set->seq->count = set->kept;
	free(set->slots);
	return r;
}

/* Keys that are all text from value_key: equal ones are one node, so that a
 * mark on the node tells. Returns how many keys stand first without any doubt;
 * less than all of them if one is no text or is given twice. */
static uint32_t settle_marked(struct value_doc *doc, struct value_seq *seq)
{
	uint32_t mark = ++doc->marks;
	uint32_t at = 0;

	for (; at < seq->count; at += 2) {
		const struct value *key = &seq->items[at];
		if (key->kind != VALUE_TEXT || key->text->mark == mark)
			break;
		key->text->mark = mark;
	}
	return at;
}

int value_settle(struct value_doc *doc, enum value_kind kind,
		 struct value_seq *seq, bool unique, struct err *err)
{
	struct settle set = {.seq = seq,
			     .step = kind == VALUE_MAP ? 2 : 1,
			     .unique = unique};

	if (kind == VALUE_MAP && !doc->loose_keys &&
	    settle_marked(doc, seq) == seq->count)
		return 0;
	return settle_all(&set, err);
}
