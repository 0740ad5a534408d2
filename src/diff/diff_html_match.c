/*
 * Which blocks are the same: what stands around tokens that stay is matched one
 * to one, the lines that share most first.
 */
#include <stdlib.h>

#include "diff/diff_html_model.h"
#include "markup/html_tag.h"

#define CHAIN_MAX 24 /* elements around a line that are compared */

struct pairing {
	uint32_t old_leaf, new_leaf, shared, order;
};

static const struct markup_node *mate_of(const struct merge *merge,
					 const struct markup_node *old_node)
{
	return merge->old_side.elements[old_node->index].mate;
}

static const struct markup_node *mate_of_new(const struct merge *merge,
					     const struct markup_node *node)
{
	return merge->new_side.elements[node->index].mate;
}

static void marry(struct merge *merge, const struct markup_node *old_node,
		  const struct markup_node *new_node)
{
	merge->old_side.elements[old_node->index].mate = new_node;
	merge->new_side.elements[new_node->index].mate = old_node;
}

/* --- Blocks --------------------------------------------------------------- */

/* Elements of one kind can turn into each other. */
static int kind_of(const struct merge *merge, const struct markup_node *node)
{
	uint32_t flags = merge_flags(merge, node);

	if (merge->xml) {
		return 0;
	}
	switch (node->tag) {
	case HTML_TABLE:
		return 1;
	case HTML_TBODY:
	case HTML_THEAD:
	case HTML_TFOOT:
		return 2;
	case HTML_TR:
		return 3;
	case HTML_TD:
	case HTML_TH:
		return 4;
	case HTML_UL:
	case HTML_OL:
	case HTML_MENU:
	case HTML_DIR:
		return 5;
	case HTML_LI:
		return 6;
	case HTML_DL:
		return 7;
	case HTML_DT:
	case HTML_DD:
		return 8;
	case HTML_CAPTION:
		return 9;
	case HTML_COLGROUP:
		return 10;
	case HTML_BODY:
	case HTML_HTML:
	case HTML_HEAD:
		return 11;
	default:
		return flags & TAG_BLOCK ? 12 : 13;
	}
}

/* How well two elements go together; 0: not at all. */
static int score(const struct merge *merge, const struct markup_node *x,
		 const struct markup_node *y)
{
	const struct markup_node *mate = mate_of(merge, x);

	if (mate || mate_of_new(merge, y)) {
		return mate == y ? 16 : 0;
	}
	if (merge_same_tag(x, y)) {
		return 6;
	}
	if (merge_same_name(x, y)) {
		return 4;
	}
	return kind_of(merge, x) == kind_of(merge, y) ? 1 : 0;
}

/* The elements from `leaf` outwards up to the first that are mates of each
 * other's side; innermost first. */
static uint32_t chain_of(const struct markup_node *leaf,
			 const struct markup_node *stop,
			 const struct markup_node *list[CHAIN_MAX])
{
	uint32_t count = 0;

	for (; leaf && leaf != stop && count < CHAIN_MAX; leaf = leaf->parent) {
		list[count++] = leaf;
	}
	return count;
}

/* The nearest ancestor (or the element itself) whose mate is around the other
 * leaf as well. */
static const struct markup_node *common_ancestor(
	const struct merge *merge, const struct markup_node *old_leaf,
	const struct markup_node *new_leaf)
{
	for (; old_leaf; old_leaf = old_leaf->parent) {
		const struct markup_node *mate = mate_of(merge, old_leaf);
		const struct markup_node *at = new_leaf;

		while (mate && at && at != mate) {
			at = at->parent;
		}
		if (mate && at) {
			return old_leaf;
		}
	}
	return NULL;
}

/* Matches two chains, as the longest common subsequence with weights. */
static void match_chains(struct merge *merge,
			 const struct markup_node *const *x, uint32_t n,
			 const struct markup_node *const *y, uint32_t m)
{
	int best[CHAIN_MAX + 1][CHAIN_MAX + 1] = {{0}};
	uint32_t i = 0, j = 0;

	for (i = n; i-- > 0;) {
		for (j = m; j-- > 0;) {
			int s = score(merge, x[i], y[j]);
			int both = s ? best[i + 1][j + 1] + s : 0;
			int skip = best[i + 1][j] > best[i][j + 1]
					   ? best[i + 1][j]
					   : best[i][j + 1];

			best[i][j] = both > skip ? both : skip;
		}
	}
	i = j = 0;
	while (i < n && j < m) {
		int s = score(merge, x[i], y[j]);

		if (s && best[i][j] == best[i + 1][j + 1] + s) {
			if (!mate_of(merge, x[i])) {
				marry(merge, x[i], y[j]);
			}
			i++;
			j++;
		} else if (best[i][j] == best[i + 1][j]) {
			i++;
		} else {
			j++;
		}
	}
}

static void match_leaves(struct merge *merge, const struct pairing *pairing)
{
	const struct markup_node *x[CHAIN_MAX], *y[CHAIN_MAX];
	const struct markup_node *old_block =
		merge->old_side.leaves[pairing->old_leaf].block;
	const struct markup_node *new_block =
		merge->new_side.leaves[pairing->new_leaf].block;
	const struct markup_node *top;
	uint32_t n, m;

	if (mate_of(merge, old_block) == new_block) {
		return;
	}
	top = common_ancestor(merge, old_block, new_block);
	if (!top) {
		return;
	}
	n = chain_of(old_block, top, x);
	m = chain_of(new_block, mate_of(merge, top), y);
	match_chains(merge, x, n, y, m);
}

static int compare_pairings(const void *x, const void *y)
{
	const struct pairing *a = x, *b = y;

	if (a->shared != b->shared) {
		return a->shared < b->shared ? 1 : -1;
	}
	return (a->order > b->order) - (a->order < b->order);
}

/* The pairs of leaves that share tokens, each with how many. */
static struct pairing *find_pairings(struct merge *merge, uint32_t *count)
{
	const struct merge_side *a = &merge->old_side, *b = &merge->new_side;
	struct pairing *list =
		arena_calloc(merge->arena, a->token_count, sizeof(*list));

	*count = 0;
	for (uint32_t i = 0; list && i < a->token_count; i++) {
		const struct merge_token *token = &a->tokens[i];
		struct pairing *last = *count ? &list[*count - 1] : NULL;
		uint32_t leaf;

		if (token->mate == MERGE_NONE) {
			continue;
		}
		leaf = b->tokens[token->mate].leaf;
		if (!last || last->old_leaf != token->leaf ||
		    last->new_leaf != leaf) {
			last = &list[(*count)++];
			*last = (struct pairing){token->leaf, leaf, 0, *count};
		}
		last->shared++;
	}
	return list;
}

/* --- Lines that share nothing --------------------------------------------- */

/* A cell whose words are all other words is still that cell: it is if all
 * elements up to a common one are of the same name. */
static bool match_strangers(struct merge *merge, const struct markup_node *x,
			    const struct markup_node *y)
{
	const struct markup_node *old_block = x, *new_block = y;

	while (mate_of(merge, x) != y || !mate_of(merge, x)) {
		bool same = merge_same_name(x, y) ||
			    (kind_of(merge, x) == 4 && kind_of(merge, y) == 4);

		if (mate_of(merge, x) || mate_of_new(merge, y) || !same ||
		    !x->parent || !y->parent) {
			return false;
		}
		x = x->parent;
		y = y->parent;
	}
	if (x == old_block) {
		return false;
	}
	for (; old_block != x; old_block = old_block->parent) {
		marry(merge, old_block, new_block);
		new_block = new_block->parent;
	}
	return true;
}

/* The leaves of each side between two pairings. */
static void match_gap(struct merge *merge, uint32_t i, uint32_t i_end,
		      uint32_t range[2])
{
	const struct merge_side *a = &merge->old_side, *b = &merge->new_side;
	uint32_t j = range[0];

	for (; i < i_end; i++) {
		uint32_t end = j + 16 < range[1] ? j + 16 : range[1];

		for (uint32_t k = j; k < end; k++) {
			if (match_strangers(merge, a->leaves[i].block,
					    b->leaves[k].block)) {
				j = k + 1;
				break;
			}
		}
	}
}

static void match_gaps(struct merge *merge, const struct pairing *list,
		       uint32_t count)
{
	uint32_t i = 0, range[2] = {0, 0};

	for (uint32_t k = 0; k <= count; k++) {
		uint32_t i_end = k < count ? list[k].old_leaf
					   : merge->old_side.leaf_count;

		range[1] = k < count ? list[k].new_leaf
				     : merge->new_side.leaf_count;
		match_gap(merge, i, i_end, range);
		if (k < count) {
			i = list[k].old_leaf + 1;
			range[0] = list[k].new_leaf + 1;
		}
	}
}

/* A line that was joined with another one, or that has lost an element around
 * it, is marked: nothing else would show it. */
static void mark_rearranged(struct merge *merge, const struct pairing *pairing)
{
	const struct markup_node *x =
		merge->old_side.leaves[pairing->old_leaf].block;
	const struct markup_node *y =
		merge->new_side.leaves[pairing->new_leaf].block;
	struct merge_element *element = &merge->new_side.elements[y->index];

	if (element->mate && element->mate != x && !mate_of(merge, x)) {
		element->rearranged = true;
	}
	for (; x; x = x->parent) {
		struct merge_element *old_element =
			&merge->old_side.elements[x->index];

		if (old_element->mate || old_element->reported) {
			break;
		}
		old_element->reported = true;
		element->rearranged |= element->mate != NULL;
	}
}

/* --- All of it ------------------------------------------------------------ */

static bool is_own_mark(const struct merge *merge,
			const struct markup_node *node)
{
	return !merge->xml && node->space == MARKUP_HTML &&
	       (node->tag == HTML_INS || node->tag == HTML_DEL);
}

enum merge_mark merge_mark_of(const struct merge *merge,
			      const struct markup_node *node)
{
	const struct merge_element *element =
		merge_element(&merge->new_side, node);

	if (is_own_mark(merge, node)) {
		return MERGE_SOURCE;
	}
	if (element->was_same || element->was_other || element->was_missing) {
		if (!element->was_other && !element->was_missing) {
			return MERGE_SAME;
		}
		return element->was_same || element->was_other ? MERGE_REPLACED
							       : MERGE_INSERTED;
	}
	if (!element->mate) {
		return MERGE_INSERTED;
	}
	return element->rearranged || !merge_same_tag(element->mate, node)
		       ? MERGE_REPLACED
		       : MERGE_SAME;
}

/* The elements that are there once: the root, html, head and body; in XML the
 * outermost element. */
static void match_roots(struct merge *merge)
{
	const struct markup_node *x = merge->old_side.root;
	const struct markup_node *y = merge->new_side.root;

	marry(merge, x, y);
	if (x->kind != MARKUP_DOCUMENT) {
		return;
	}
	for (x = x->child; x && x->kind != MARKUP_ELEMENT; x = x->next) {
	}
	for (y = y->child; y && y->kind != MARKUP_ELEMENT; y = y->next) {
	}
	if (!x || !y) {
		return;
	}
	marry(merge, x, y);
	for (x = merge->xml ? NULL : x->child; x; x = x->next) {
		const struct markup_node *at = y->child;

		while (at &&
		       (at->kind != MARKUP_ELEMENT ||
			x->kind != MARKUP_ELEMENT || !merge_same_name(x, at))) {
			at = at->next;
		}
		if (at) {
			marry(merge, x, at);
		}
	}
}

int merge_match(struct merge *merge)
{
	struct pairing *list, *sorted;
	uint32_t count;

	match_roots(merge);
	list = find_pairings(merge, &count);
	sorted = arena_alloc(merge->arena, count * sizeof(*sorted));
	if (!list || !sorted) {
		return diff_events_no_memory(merge->err);
	}
	if (count) {
		memcpy(sorted, list, count * sizeof(*sorted));
		qsort(sorted, count, sizeof(*sorted), compare_pairings);
	}
	for (uint32_t i = 0; i < count; i++) {
		match_leaves(merge, &sorted[i]);
	}
	match_gaps(merge, list, count);
	for (uint32_t i = 0; i < count; i++) {
		mark_rearranged(merge, &list[i]);
	}
	if (merge_match_formats(merge) ||
	    (!merge->xml && merge_match_head(merge))) {
		return -1;
	}
	merge_match_places(merge);
	return 0;
}
