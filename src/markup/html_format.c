/*
 * Formatting elements (b, i, a, font ...), which browsers reopen when they are
 * not closed where they should be. The adoption agency follows html5lib's
 * reading of the standard, its bookmark included.
 */
#include "markup/html_tree.h"

int html_format_find(const struct html_builder *b,
		     const struct markup_node *node)
{
	for (uint32_t i = b->format_count; i-- > 0;) {
		if (b->format[i] == node) {
			return (int)i;
		}
	}
	return -1;
}

struct markup_node *html_format_tag(const struct html_builder *b,
				    enum html_tag tag)
{
	for (uint32_t i = b->format_count; i-- > 0 && b->format[i];) {
		if (b->format[i]->tag == tag) {
			return b->format[i];
		}
	}
	return NULL;
}

static void format_insert(struct html_builder *b, uint32_t at,
			  struct markup_node *node)
{
	if (b->format_count == HTML_FORMAT_MAX) {
		err_limit(b->err, "depth", HTML_FORMAT_MAX,
			  "more than %d formatting elements are open",
			  HTML_FORMAT_MAX);
		html_fail(b);
		return;
	}
	if (at > b->format_count) {
		at = b->format_count;
	}
	memmove(b->format + at + 1, b->format + at,
		(b->format_count - at) * sizeof(struct markup_node *));
	b->format[at] = node;
	b->format_count++;
}

void html_format_remove(struct html_builder *b, int at)
{
	if (at < 0) {
		return;
	}
	b->format_count--;
	memmove(b->format + at, b->format + at + 1,
		(b->format_count - (uint32_t)at) *
			sizeof(struct markup_node *));
}

/* Equal with the attributes in any order. */
static bool same_element(const struct markup_node *x,
			 const struct markup_node *y)
{
	if (x->space != y->space || !slice_equal(x->name, y->name) ||
	    x->attr_count != y->attr_count) {
		return false;
	}
	for (uint32_t i = 0; i < x->attr_count; i++) {
		uint32_t k = 0;

		while (k < y->attr_count &&
		       !slice_equal(x->attrs[i].name, y->attrs[k].name)) {
			k++;
		}
		if (k == y->attr_count ||
		    !slice_equal(x->attrs[i].value, y->attrs[k].value)) {
			return false;
		}
	}
	return true;
}

void html_format_push(struct html_builder *b)
{
	struct markup_node *node = html_top(b);
	int equal = 0, earliest = -1;

	if (b->failed) {
		return;
	}
	for (uint32_t i = b->format_count; i-- > 0 && b->format[i];) {
		if (same_element(b->format[i], node)) {
			equal++;
			earliest = (int)i;
		}
	}
	if (equal >= 3) {
		html_format_remove(b, earliest);
	}
	format_insert(b, b->format_count, node);
}

void html_format_mark(struct html_builder *b)
{
	format_insert(b, b->format_count, NULL);
}

void html_format_clear(struct html_builder *b)
{
	while (b->format_count && b->format[--b->format_count]) {
	}
}

void html_format_reopen(struct html_builder *b)
{
	uint32_t i = b->format_count;

	while (i > 0 && b->format[i - 1] &&
	       html_stack_find(b, b->format[i - 1]) < 0) {
		i--;
	}
	for (; i < b->format_count && !b->failed; i++) {
		const struct markup_node *old = b->format[i];
		struct html_token token = {
			.kind = HTML_TOKEN_START,
			.tag = (enum html_tag)old->tag,
			.name = old->name,
			.attrs = (struct markup_attr *)(uintptr_t)old->attrs,
			.attr_count = old->attr_count};
		struct markup_node *node = html_insert(b, &token);

		if (node) {
			b->format[i] = node;
		}
	}
}

/* --- The adoption agency -------------------------------------------------- */

/* Step 9 of the standard's algorithm: the elements between the furthest block
 * and the formatting element are copied, each around the last. Gives the
 * outermost copy. */
static struct markup_node *adopt_between(struct html_builder *b, int at,
					 const struct markup_node *format,
					 struct markup_node *block,
					 int *bookmark)
{
	struct markup_node *last = block;

	for (int round = 0; round < 3; round++) {
		struct markup_node *node = b->stack[--at];
		int place = html_format_find(b, node);
		struct markup_node *clone;

		if (place < 0) {
			html_stack_remove(b, at);
			continue;
		}
		if (node == format) {
			break;
		}
		if (last == block) {
			*bookmark = place + 1;
		}
		clone = html_clone(b, node);
		if (!clone) {
			return NULL;
		}
		b->format[place] = b->stack[at] = clone;
		html_attach(clone, last, NULL);
		last = clone;
	}
	return last;
}

static void adopt_block(struct html_builder *b, struct markup_node *format,
			struct markup_node *block)
{
	int at = html_stack_find(b, format);
	struct markup_node *ancestor = b->stack[at - 1], *before = NULL;
	int bookmark = html_format_find(b, format);
	struct markup_node *last = adopt_between(b, html_stack_find(b, block),
						 format, block, &bookmark);
	struct markup_node *clone = last ? html_clone(b, format) : NULL;

	if (!clone) {
		return;
	}
	html_detach(last);
	if (html_has(ancestor, TAG_TABLE)) {
		html_foster_place(b, &ancestor, &before);
	}
	last->fostered = before != NULL;
	html_attach(ancestor, last, before);
	while (block->child) {
		html_attach(clone, block->child, NULL);
	}
	html_attach(block, clone, NULL);
	html_format_remove(b, html_format_find(b, format));
	format_insert(b, (uint32_t)bookmark, clone);
	html_stack_remove(b, html_stack_find(b, format));
	at = html_stack_find(b, block) + 1;
	memmove(b->stack + at + 1, b->stack + at,
		(b->depth - (uint32_t)at) * sizeof(struct markup_node *));
	b->stack[at] = clone;
	b->depth++;
}

static bool is_special(const struct markup_node *node)
{
	return html_has(node, TAG_SPECIAL) ||
	       (node->space == MARKUP_SVG && node->tag == HTML_FOREIGNOBJECT);
}

void html_format_end(struct html_builder *b, const struct html_token *token)
{
	for (int round = 0; round < 8 && !b->failed; round++) {
		struct markup_node *format = html_format_tag(b, token->tag);
		struct markup_node *block = NULL;
		int at = format ? html_stack_find(b, format) : -1;

		if (!format ||
		    (at >= 0 &&
		     !html_in_scope(b, token->tag, HTML_SCOPE_DEFAULT))) {
			html_body_end_other(b, token);
			return;
		}
		if (at < 0) {
			html_format_remove(b, html_format_find(b, format));
			return;
		}
		for (uint32_t i = (uint32_t)at; i < b->depth && !block; i++) {
			block = is_special(b->stack[i]) ? b->stack[i] : NULL;
		}
		if (!block) {
			html_pop_node(b, format);
			html_format_remove(b, html_format_find(b, format));
			return;
		}
		adopt_block(b, format, block);
	}
}
