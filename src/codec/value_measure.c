/*
 * One walk over a document whose nodes may be shared: how deep it is, whether
 * something contains itself, and how large it would be with every shared node
 * copied. Each node is walked once, so that a few hundred bytes that stand for
 * 2^60 leaves are measured in microseconds.
 */
#include <stdlib.h>

#include "cherry/value.h"
#include "codec/fail.h"

struct level {
	struct value_seq *seq;
	uint32_t at;
};

/* What is known of a container; its mark tells the place. */
struct extent {
	bool done;
	uint32_t height;
	uint64_t values, bytes; /* with every shared node copied */
};

struct measure {
	struct level *levels;
	size_t depth, cap, max_depth;
	struct extent *extents;
	size_t count, extent_cap;
	uint32_t base;	 /* mark of extent n is base + 1 + n */
	uint64_t values; /* containers once, whatever is in them once each */
	bool cyclic;
};

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* The extent of a container that was met before, or NULL. */
static struct extent *extent_of(const struct measure *walk,
				const struct value_seq *seq)
{
	return seq->mark > walk->base
		       ? &walk->extents[seq->mark - walk->base - 1]
		       : NULL;
}

static int extent_add(struct measure *walk, struct value_seq *seq,
		      struct err *err)
{
	if (walk->count == walk->extent_cap) {
		size_t cap = walk->extent_cap ? walk->extent_cap * 2 : 64;
		struct extent *extents =
			realloc(walk->extents, cap * sizeof(*extents));
		if (!extents)
			return fail_limit(err, "memory", (int64_t)cap, "size",
					  "no memory to measure the value");
		walk->extents = extents;
		walk->extent_cap = cap;
	}
	walk->extents[walk->count++] =
		(struct extent){.height = 1, .values = 1};
	seq->mark = walk->base + (uint32_t)walk->count;
	return 0;
}

static int level_push(struct measure *walk, struct value_seq *seq,
		      struct err *err)
{
	if (walk->depth == walk->max_depth)
		return fail_depth(err, walk->max_depth);
	if (walk->depth == walk->cap) {
		size_t cap = walk->cap ? walk->cap * 2 : 64;
		struct level *levels =
			realloc(walk->levels, cap * sizeof(*levels));
		if (!levels)
			return fail_depth(err, walk->cap);
		walk->levels = levels;
		walk->cap = cap;
	}
	walk->levels[walk->depth++] = (struct level){.seq = seq};
	walk->values++;
	return extent_add(walk, seq, err);
}

/* Adds a finished container to the one around it, which it is not too deep
 * for. */
static int level_add(struct measure *walk, const struct extent *inner,
		     struct err *err)
{
	if (walk->depth + inner->height > walk->max_depth)
		return fail_depth(err, walk->max_depth);
	if (!walk->depth)
		return 0;
	struct extent *outer =
		extent_of(walk, walk->levels[walk->depth - 1].seq);
	if (outer->height <= inner->height)
		outer->height = inner->height + 1;
	outer->values = add(outer->values, inner->values);
	outer->bytes = add(outer->bytes, inner->bytes);
	return 0;
}

static int measure_item(struct measure *walk, struct value item,
			struct err *err)
{
	if (value_is_seq(item)) {
		const struct extent *inner = extent_of(walk, item.seq);
		if (!inner)
			return level_push(walk, item.seq, err);
		if (inner->done)
			return level_add(walk, inner, err);
		walk->cyclic = true;
		return 0;
	}
	struct extent *outer =
		extent_of(walk, walk->levels[walk->depth - 1].seq);
	outer->values = add(outer->values, 1);
	walk->values++;
	if (value_is_text(item))
		outer->bytes = add(outer->bytes, item.text->len);
	return 0;
}

static int measure_all(struct measure *walk, struct err *err)
{
	while (walk->depth) {
		struct level *top = &walk->levels[walk->depth - 1];
		if (top->at < top->seq->count) {
			if (measure_item(walk, top->seq->items[top->at++], err))
				return -1;
			continue;
		}
		struct extent *extent = extent_of(walk, top->seq);
		extent->done = true;
		walk->depth--;
		if (level_add(walk, extent, err))
			return -1;
	}
	return 0;
}

int value_measure(struct value_doc *doc, size_t max_depth, struct err *err)
{
	struct value root = doc->root;
	struct measure walk = {.max_depth = max_depth, .base = doc->marks};

	doc->cyclic = false;
	doc->own_values = 1;
	doc->expanded_values = 1;
	doc->expanded_bytes = value_is_text(root) ? root.text->len : 0;
	if (!value_is_seq(root))
		return 0;
	int r = level_push(&walk, root.seq, err);
	if (!r)
		r = measure_all(&walk, err);
	if (!r) {
		doc->expanded_values = walk.extents[0].values;
		doc->expanded_bytes = walk.extents[0].bytes;
	}
	doc->own_values = walk.values;
	doc->cyclic = walk.cyclic;
	doc->marks += (uint32_t)walk.count;
	free(walk.levels);
	free(walk.extents);
	return r;
}
