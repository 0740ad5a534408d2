/*
 * Which tokens stay: leaves that are equal are found first, so that a word
 * does not leave its line for another; what lies between them is compared
 * token by token. Matches between lines that hardly have anything in common
 * are given up again: a "the" does not make two paragraphs one.
 */
#include <stdlib.h>

#include "diff/diff_html_model.h"

static void mate(struct merge *merge, uint32_t i, uint32_t j)
{
	merge->old_side.tokens[i].mate = j;
	merge->new_side.tokens[j].mate = i;
}

static void part(struct merge *merge, uint32_t i)
{
	merge->new_side.tokens[merge->old_side.tokens[i].mate].mate =
		MERGE_NONE;
	merge->old_side.tokens[i].mate = MERGE_NONE;
}

/* Is what two leaves share worth keeping? */
static bool is_enough(uint32_t shared, uint32_t x, uint32_t y)
{
	uint32_t less = x < y ? x : y, more = x < y ? y : x;

	return shared * 4 >= less && (shared >= 3 || shared * 20 >= more);
}

/* Goes over the mates of old tokens from..to: runs that belong to the same two
 * leaves stay or go together. */
static void drop_noise(struct merge *merge, uint32_t from, uint32_t to)
{
	const struct merge_side *a = &merge->old_side, *b = &merge->new_side;

	for (uint32_t i = from; i < to;) {
		uint32_t end = i, shared = 0, j = a->tokens[i].mate;
		uint32_t x = a->tokens[i].leaf, y;

		if (j == MERGE_NONE) {
			i++;
			continue;
		}
		y = b->tokens[j].leaf;
		for (; end < to && a->tokens[end].leaf == x; end++) {
			uint32_t at = a->tokens[end].mate;

			if (at != MERGE_NONE && b->tokens[at].leaf != y) {
				break;
			}
			shared += at != MERGE_NONE;
		}
		if (!is_enough(shared, a->leaves[x].count,
			       b->leaves[y].count)) {
			for (; i < end; i++) {
				if (a->tokens[i].mate != MERGE_NONE) {
					part(merge, i);
				}
			}
		}
		i = end;
	}
}

static uint32_t leaf_begin(const struct merge_side *side, uint32_t leaf)
{
	return leaf < side->leaf_count ? side->leaves[leaf].first
				       : side->token_count;
}

/* Compares within what is left of the budget. */
static int align_run(struct merge *merge, const struct diff_seq *a,
		     const struct diff_seq *b, struct diff_result *result)
{
	struct diff_options options = merge->options->engine;

	options.max_work = diff_work_left(&options, merge->work);
	if (diff_run(a, b, &options, result, merge->err)) {
		return -1;
	}
	merge->exact &= result->exact;
	merge->work += result->work;
	return 0;
}

static int align_words(struct merge *merge, const struct diff_op *leaves)
{
	uint32_t i0 = leaf_begin(&merge->old_side, leaves->i1);
	uint32_t i1 = leaf_begin(&merge->old_side, leaves->i2);
	uint32_t j0 = leaf_begin(&merge->new_side, leaves->j1);
	uint32_t j1 = leaf_begin(&merge->new_side, leaves->j2);
	struct diff_seq a = {merge->old_side.ids + i0, i1 - i0};
	struct diff_seq b = {merge->new_side.ids + j0, j1 - j0};
	struct diff_result result;

	if (align_run(merge, &a, &b, &result)) {
		return -1;
	}
	for (size_t k = 0; k < result.op_count; k++) {
		const struct diff_op *op = &result.ops[k];

		for (uint32_t n = 0;
		     op->tag == DIFF_EQUAL && n < op->i2 - op->i1; n++) {
			mate(merge, i0 + op->i1 + n, j0 + op->j1 + n);
		}
	}
	diff_result_release(&result);
	drop_noise(merge, i0, i1);
	return 0;
}

static uint32_t *leaf_ids(struct merge *merge, struct diff_interner *names,
			  const struct merge_side *side)
{
	uint32_t *ids =
		arena_calloc(merge->arena, side->leaf_count, sizeof(*ids));

	for (uint32_t i = 0; ids && i < side->leaf_count; i++) {
		const struct merge_leaf *leaf = &side->leaves[i];

		ids[i] = diff_intern(names,
				     slice_of(side->ids + leaf->first,
					      leaf->count * sizeof(*ids)));
		if (ids[i] == DIFF_NO_ID) {
			return NULL;
		}
	}
	return ids;
}

static int align_ops(struct merge *merge, const struct diff_result *result)
{
	for (size_t k = 0; k < result->op_count; k++) {
		const struct diff_op *op = &result->ops[k];
		uint32_t i = leaf_begin(&merge->old_side, op->i1);
		uint32_t j = leaf_begin(&merge->new_side, op->j1);
		uint32_t end = leaf_begin(&merge->old_side, op->i2);

		if (op->tag == DIFF_REPLACE && align_words(merge, op)) {
			return -1;
		}
		for (; op->tag == DIFF_EQUAL && i < end; i++, j++) {
			mate(merge, i, j);
		}
	}
	return 0;
}

/* --- Elements of the same tag --------------------------------------------- */

static bool is_pair(const struct merge_token *x, const struct merge_token *y)
{
	return x->kind != MERGE_WORD && x->kind != MERGE_EMPTY &&
	       x->kind == y->kind && x->bare && y->bare &&
	       merge_same_name(x->node, y->node);
}

/* Between two mates: an img that became another img is one that changed. */
static void pair_gap(struct merge *merge, uint32_t i0, uint32_t i1,
		     uint32_t range[2])
{
	const struct merge_side *a = &merge->old_side, *b = &merge->new_side;

	for (uint32_t i = i0; i < i1; i++) {
		uint32_t j = range[0], end = range[1];

		if (a->tokens[i].kind == MERGE_WORD || !a->tokens[i].bare) {
			continue;
		}
		if (end - j > 64) {
			end = j + 64;
		}
		while (j < end && !is_pair(&a->tokens[i], &b->tokens[j])) {
			j++;
		}
		if (j < end) {
			mate(merge, i, j);
			a->tokens[i].changed = b->tokens[j].changed = true;
			range[0] = j + 1;
		}
	}
}

static void pair_elements(struct merge *merge)
{
	const struct merge_side *a = &merge->old_side, *b = &merge->new_side;
	uint32_t begin = 0, range[2] = {0, 0};

	for (uint32_t i = 0; i <= a->token_count; i++) {
		if (i < a->token_count && a->tokens[i].mate == MERGE_NONE) {
			continue;
		}
		range[1] =
			i < a->token_count ? a->tokens[i].mate : b->token_count;
		pair_gap(merge, begin, i, range);
		begin = i + 1;
		range[0] = range[1] + 1;
	}
}

int merge_align(struct merge *merge)
{
	struct diff_interner *names = diff_interner_new(
		merge->options->max_memory ? merge->options->max_memory
					   : DIFF_MEMORY_DEFAULT);
	struct diff_seq a = {NULL, merge->old_side.leaf_count};
	struct diff_seq b = {NULL, merge->new_side.leaf_count};
	struct diff_result result;
	int r = -1;

	if (names) {
		a.ids = leaf_ids(merge, names, &merge->old_side);
		b.ids = leaf_ids(merge, names, &merge->new_side);
	}
	if (!a.ids || !b.ids) {
		diff_events_no_memory(merge->err);
	} else if (!align_run(merge, &a, &b, &result)) {
		r = align_ops(merge, &result);
		diff_result_release(&result);
	}
	diff_interner_free(names);
	if (!r) {
		pair_elements(merge);
	}
	return r;
}
