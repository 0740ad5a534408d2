/*
 * The head of a document. No mark can stand there, so its elements bear the
 * class alone, and what is gone does not come back. Elements that are the same,
 * in whatever order, are matched first, then those of the same name, in order.
 */
#include "diff/diff_html_model.h"
#include "markup/html_tag.h"

/* One side's elements, and what they are alike in: whole, and by name. */
struct head {
	const struct markup_node *head;
	uint32_t count;
	const struct markup_node **nodes;
	uint32_t *whole, *name;
};

static const struct markup_node *head_of(const struct markup_node *root)
{
	const struct markup_node *node = root;

	while (node &&
	       !(node->kind == MARKUP_ELEMENT && node->tag == HTML_HEAD)) {
		node = markup_next(root, node);
	}
	return node;
}

static int head_read(struct merge *merge, const struct merge_side *side,
		     struct diff_interner *keys, struct head *head)
{
	const struct markup_node *node;
	uint32_t count = 0;

	*head = (struct head){.head = head_of(side->root)};
	for (node = head->head ? head->head->child : NULL; node;
	     node = node->next) {
		count += node->kind == MARKUP_ELEMENT;
	}
	head->nodes = arena_calloc(merge->arena, count, sizeof(*head->nodes));
	head->whole = arena_calloc(merge->arena, count, sizeof(*head->whole));
	head->name = arena_calloc(merge->arena, count, sizeof(*head->name));
	if (!head->nodes || !head->whole || !head->name) {
		return -1;
	}
	for (node = head->head ? head->head->child : NULL; node;
	     node = node->next) {
		struct slice key = {NULL, 0};

		if (node->kind != MARKUP_ELEMENT) {
			continue;
		}
		key = merge_key(merge, node, true);
		head->nodes[head->count] = node;
		/* A key begins with NUL, a name does not. */
		head->whole[head->count] =
			key.ptr ? diff_intern(keys, key) : DIFF_NO_ID;
		head->name[head->count] = diff_intern(keys, node->name);
		if (head->whole[head->count] == DIFF_NO_ID ||
		    head->name[head->count] == DIFF_NO_ID) {
			return -1;
		}
		head->count++;
	}
	return 0;
}

/* Matches what has no mate yet and the same id, in order. `first` holds for
 * each id a list of places (plus one) that `next` links. */
static void head_pair(struct merge *merge, const struct head heads[2],
		      bool whole, uint32_t *first, uint32_t *next)
{
	const struct head *a = &heads[0], *b = &heads[1];
	const uint32_t *x = whole ? a->whole : a->name;
	const uint32_t *y = whole ? b->whole : b->name;

	for (uint32_t i = a->count; i-- > 0;) {
		if (!merge_element(&merge->old_side, a->nodes[i])->mate) {
			next[i] = first[x[i]];
			first[x[i]] = i + 1;
		}
	}
	for (uint32_t j = 0; j < b->count; j++) {
		struct merge_element *element =
			merge_element(&merge->new_side, b->nodes[j]);
		uint32_t place = first[y[j]];

		if (element->mate || !place) {
			continue;
		}
		first[y[j]] = next[place - 1];
		element->mate = a->nodes[place - 1];
		element->rearranged = !whole;
		merge_element(&merge->old_side, element->mate)->mate =
			b->nodes[j];
	}
}

int merge_match_head(struct merge *merge)
{
	struct diff_interner *keys = diff_interner_new(
		merge->options->max_memory ? merge->options->max_memory
					   : DIFF_MEMORY_DEFAULT);
	uint32_t *first = NULL, *next = NULL;
	struct head heads[2];

	if (keys && !head_read(merge, &merge->old_side, keys, &heads[0]) &&
	    !head_read(merge, &merge->new_side, keys, &heads[1])) {
		first = arena_calloc(merge->arena, diff_interner_count(keys),
				     sizeof(*first));
		next = arena_calloc(merge->arena, heads[0].count,
				    sizeof(*next));
	}
	if (first && next) {
		head_pair(merge, heads, true, first, next);
		head_pair(merge, heads, false, first, next);
	}
	diff_interner_free(keys);
	return first && next ? 0 : diff_events_no_memory(merge->err);
}

void merge_count_head(const struct merge *merge, struct diff_result *result)
{
	const struct markup_node *heads[2] = {head_of(merge->old_side.root),
					      head_of(merge->new_side.root)};
	size_t stayed = 0, all = heads[0] != NULL;

	for (const struct markup_node *node = heads[0] ? heads[0]->child : NULL;
	     node; node = node->next) {
		all += node->kind == MARKUP_ELEMENT;
	}
	for (const struct markup_node *node = heads[1]; node;
	     node = node == heads[1] ? node->child : node->next) {
		enum merge_mark mark;

		if (node->kind != MARKUP_ELEMENT) {
			continue;
		}
		mark = merge_mark_of(merge, node);
		result->matches += mark == MERGE_SAME;
		result->replaced += mark == MERGE_REPLACED;
		result->inserted += mark == MERGE_INSERTED;
		stayed += mark != MERGE_INSERTED;
	}
	result->deleted += all - stayed;
}

void merge_write_head(struct merge *merge, struct merge_writer *writer,
		      const struct markup_node *head)
{
	merge_write_start(writer, head, merge_mark_of(merge, head));
	for (const struct markup_node *node = head->child; node;
	     node = node->next) {
		if (node->kind == MARKUP_ELEMENT) {
			merge_write_whole(writer, node,
					  merge_mark_of(merge, node));
		} else if (node->kind == MARKUP_TEXT) {
			merge_write_text(writer, node->text);
		} else {
			merge_write_other(writer, node);
		}
	}
	merge_write_end(writer, head);
}
