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

struct measure {
	struct level *levels;
	size_t depth, cap, max_depth;
	uint32_t open, done; /* marks */
	bool cyclic;
};

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
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
	seq->mark = walk->open;
	seq->height = 1;
	seq->expanded_values = 1;
	seq->expanded_bytes = 0;
	walk->levels[walk->depth++] = (struct level){.seq = seq};
	return 0;
}

/* Adds a finished container to the one around it, which it is not too deep
 * for. */
static int level_add(struct measure *walk, const struct value_seq *seq,
		     struct err *err)
{
	if (walk->depth + seq->height > walk->max_depth)
		return fail_depth(err, walk->max_depth);
	if (!walk->depth)
		return 0;
	struct value_seq *outer = walk->levels[walk->depth - 1].seq;
	if (outer->height <= seq->height)
		outer->height = seq->height + 1;
	outer->expanded_values =
		add(outer->expanded_values, seq->expanded_values);
	outer->expanded_bytes = add(outer->expanded_bytes, seq->expanded_bytes);
	return 0;
}

static int measure_item(struct measure *walk, struct value item,
			struct err *err)
{
	struct value_seq *outer = walk->levels[walk->depth - 1].seq;

	if (value_is_seq(item)) {
		if (item.seq->mark == walk->done)
			return level_add(walk, item.seq, err);
		if (item.seq->mark != walk->open)
			return level_push(walk, item.seq, err);
		walk->cyclic = true;
		return 0;
	}
	outer->expanded_values = add(outer->expanded_values, 1);
	if (value_is_text(item))
		outer->expanded_bytes =
			add(outer->expanded_bytes, item.text->len);
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
		struct value_seq *seq = top->seq;
		seq->mark = walk->done;
		walk->depth--;
		if (level_add(walk, seq, err))
			return -1;
	}
	return 0;
}

int value_measure(struct value_doc *doc, size_t max_depth, struct err *err)
{
	struct value root = doc->root;
	struct measure walk = {.max_depth = max_depth,
			       .open = doc->marks + 1,
			       .done = doc->marks + 2};

	doc->marks += 2;
	doc->cyclic = false;
	doc->expanded_values = 1;
	doc->expanded_bytes = value_is_text(root) ? root.text->len : 0;
	if (!value_is_seq(root))
		return 0;
	int r = level_push(&walk, root.seq, err);
	if (!r)
		r = measure_all(&walk, err);
	free(walk.levels);
	doc->cyclic = walk.cyclic;
	doc->expanded_values = root.seq->expanded_values;
	doc->expanded_bytes = root.seq->expanded_bytes;
	return r;
}
