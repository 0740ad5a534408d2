/*
 * Which formatting is the same. It is judged word by word, so that bold marks
 * nothing but itself; where all words within it are others, by its place.
 */
#include "diff/diff_html_model.h"
#include "markup/html_tag.h"

#define CHAIN_MAX 24 /* elements around a word that are compared */

static const struct markup_node *old_mate(const struct merge *merge,
					  const struct markup_node *node)
{
	return merge_element(&merge->old_side, node)->mate;
}

static const struct markup_node *new_mate(const struct merge *merge,
					  const struct markup_node *node)
{
	return merge_element(&merge->new_side, node)->mate;
}

static void marry(struct merge *merge, const struct markup_node *old_node,
		  const struct markup_node *new_node)
{
	merge_element(&merge->old_side, old_node)->mate = new_node;
	merge_element(&merge->new_side, new_node)->mate = old_node;
}

struct formats {
	const struct markup_node *x[CHAIN_MAX], *y[CHAIN_MAX];
	uint32_t n, m;
};

/* Formatting around a token, outermost first, below its block. */
static uint32_t formats_of(const struct markup_node *node,
			   const struct markup_node *block,
			   const struct markup_node *list[CHAIN_MAX])
{
	uint32_t count = 0;

	for (; node && node != block && count < CHAIN_MAX;
	     node = node->parent) {
		list[count++] = node;
	}
	for (uint32_t i = 0; i < count / 2; i++) {
		const struct markup_node *swap = list[i];

		list[i] = list[count - 1 - i];
		list[count - 1 - i] = swap;
	}
	return count;
}

/* Takes out of both lists what is in both. */
static void drop_common(struct merge *merge, struct formats *f)
{
	uint32_t kept = 0;

	for (uint32_t j = 0; j < f->m; j++) {
		uint32_t i = 0;

		while (i < f->n && !merge_same_tag(f->x[i], f->y[j])) {
			i++;
		}
		if (i == f->n) {
			f->y[kept++] = f->y[j];
			continue;
		}
		merge->new_side.elements[f->y[j]->index].was_same = true;
		if (!old_mate(merge, f->x[i]) && !new_mate(merge, f->y[j])) {
			marry(merge, f->x[i], f->y[j]);
		}
		memmove(f->x + i, f->x + i + 1,
			(f->n - i - 1) * sizeof(void *));
		f->n--;
	}
	f->m = kept;
}

/* Judges the formatting of a word that stayed; what it has lost stays in
 * f->x. */
static void judge(struct merge *merge, struct formats *f)
{
	uint32_t pairs;

	drop_common(merge, f);
	pairs = f->n < f->m ? f->n : f->m;
	for (uint32_t j = 0; j < f->m; j++) {
		struct merge_element *element =
			&merge->new_side.elements[f->y[j]->index];

		if (j >= pairs) {
			element->was_missing = true;
			continue;
		}
		element->was_other = true;
		if (!element->mate && !old_mate(merge, f->x[j])) {
			marry(merge, f->x[j], f->y[j]);
		}
	}
	memmove(f->x, f->x + pairs, (f->n - pairs) * sizeof(void *));
	f->n -= pairs;
}

int merge_match_formats(struct merge *merge)
{
	const struct merge_side *a = &merge->old_side, *b = &merge->new_side;
	const struct merge_token *last = NULL;
	struct formats f;

	for (uint32_t i = 0; i < a->token_count; i++) {
		const struct merge_token *x = &a->tokens[i];
		struct merge_token *y;
		const struct markup_node **lost;

		if (x->mate == MERGE_NONE) {
			continue;
		}
		y = &b->tokens[x->mate];
		if (last && last->mate != MERGE_NONE &&
		    merge_container(last) == merge_container(x) &&
		    merge_container(&b->tokens[last->mate]) ==
			    merge_container(y)) {
			y->lost = b->tokens[last->mate].lost;
			y->lost_count = b->tokens[last->mate].lost_count;
			last = x;
			continue;
		}
		last = x;
		f.n = formats_of(merge_container(x), a->leaves[x->leaf].block,
				 f.x);
		f.m = formats_of(merge_container(y), b->leaves[y->leaf].block,
				 f.y);
		judge(merge, &f);
		if (!f.n) {
			continue;
		}
		lost = arena_alloc(merge->arena, f.n * sizeof(void *));
		if (!lost) {
			return diff_events_no_memory(merge->err);
		}
		memcpy(lost, f.x, f.n * sizeof(void *));
		y->lost = lost;
		y->lost_count = f.n;
	}
	return 0;
}

/* --- Formatting whose words are all others -------------------------------- */

static bool is_free_format(const struct merge *merge,
			   const struct merge_side *side,
			   const struct markup_node *node)
{
	const struct merge_element *element = merge_element(side, node);

	return !(merge_flags(merge, node) & TAG_BLOCK) && !element->mate &&
	       !element->was_same && !element->was_other &&
	       !element->was_missing;
}

static void match_by_place(struct merge *merge, const struct merge_token *x,
			   uint32_t j, uint32_t end)
{
	const struct markup_node *old_node = merge_container(x);

	if (!is_free_format(merge, &merge->old_side, old_node)) {
		return;
	}
	for (end = end - j > 64 ? j + 64 : end; j < end; j++) {
		const struct markup_node *node =
			merge_container(&merge->new_side.tokens[j]);

		if (is_free_format(merge, &merge->new_side, node) &&
		    old_mate(merge, old_node->parent) == node->parent) {
			marry(merge, old_node, node);
			return;
		}
	}
}

void merge_match_places(struct merge *merge)
{
	const struct merge_side *a = &merge->old_side, *b = &merge->new_side;
	uint32_t begin = 0, j = 0;

	for (uint32_t i = 0; i <= a->token_count; i++) {
		uint32_t end = b->token_count;

		if (i < a->token_count && a->tokens[i].mate == MERGE_NONE) {
			continue;
		}
		end = i < a->token_count ? a->tokens[i].mate : end;
		for (uint32_t k = begin; k < i && j < end; k++) {
			match_by_place(merge, &a->tokens[k], j, end);
		}
		begin = i + 1;
		j = end + 1;
	}
}
