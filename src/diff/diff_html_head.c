/*
 * The head of a document. No mark can stand there, so its elements bear the
 * class alone, and what is gone does not come back.
 */
#include "diff/diff_html_model.h"
#include "markup/html_tag.h"

static const struct markup_node *head_of(const struct markup_node *root)
{
	const struct markup_node *node = root;

	while (node &&
	       !(node->kind == MARKUP_ELEMENT && node->tag == HTML_HEAD)) {
		node = markup_next(root, node);
	}
	return node;
}

static bool same_content(struct merge *merge, const struct markup_node *x,
			 const struct markup_node *y)
{
	return slice_equal(merge_key(merge, x, true),
			   merge_key(merge, y, true));
}

/* What an element of the new head was in the old one. */
static enum merge_mark head_mark(struct merge *merge,
				 const struct markup_node *old_head,
				 const struct markup_node *node)
{
	enum merge_mark mark = MERGE_INSERTED;
	const struct markup_node *at = old_head ? old_head->child : NULL;
	int looked_at = 0;

	for (; at && looked_at < 256; at = at->next, looked_at++) {
		if (at->kind != MARKUP_ELEMENT || !merge_same_name(at, node)) {
			continue;
		}
		if (same_content(merge, at, node)) {
			return MERGE_SAME;
		}
		mark = MERGE_REPLACED;
	}
	return mark;
}

void merge_write_head(struct merge *merge, struct merge_writer *writer,
		      const struct markup_node *head)
{
	const struct markup_node *old_head = head_of(merge->old_side.root);

	merge_write_start(writer, head,
			  old_head && !merge_same_tag(old_head, head)
				  ? MERGE_REPLACED
				  : MERGE_SAME);
	for (const struct markup_node *node = head->child; node;
	     node = node->next) {
		if (node->kind == MARKUP_ELEMENT) {
			merge_write_whole(writer, node,
					  head_mark(merge, old_head, node));
		} else if (node->kind == MARKUP_TEXT) {
			merge_write_text(writer, node->text);
		} else {
			merge_write_other(writer, node);
		}
	}
	merge_write_end(writer, head);
}
