/*
 * Nodes, the stack of open elements, and the place where the next node goes.
 */
#include "markup/html_tree.h"

#include "base/text.h"

void html_fail(struct html_builder *b)
{
	b->failed = true;
}

struct markup_node *html_node(struct html_builder *b, enum markup_kind kind)
{
	struct markup_node *node;

	if (++b->nodes > b->limits->nodes) {
		err_limit(b->err, "nodes", b->nodes,
			  "the document has more than %u nodes",
			  b->limits->nodes);
		html_fail(b);
		return NULL;
	}
	node = arena_calloc(b->arena, 1, sizeof(*node));
	if (!node) {
		html_token_no_memory(b->err);
		html_fail(b);
		return NULL;
	}
	node->kind = kind;
	return node;
}

struct markup_node *html_element(struct html_builder *b,
				 const struct html_token *token,
				 enum markup_space space)
{
	struct markup_node *node = html_node(b, MARKUP_ELEMENT);

	if (node) {
		node->space = space;
		node->tag = (uint16_t)token->tag;
		node->name = token->name;
		node->attrs = token->attrs;
		node->attr_count = token->attr_count;
	}
	return node;
}

struct markup_node *html_clone(struct html_builder *b,
			       const struct markup_node *node)
{
	struct markup_node *copy = html_node(b, MARKUP_ELEMENT);

	if (copy) {
		copy->space = node->space;
		copy->tag = node->tag;
		copy->name = node->name;
		copy->attrs = node->attrs;
		copy->attr_count = node->attr_count;
	}
	return copy;
}

void html_detach(struct markup_node *node)
{
	struct markup_node *parent = node->parent;

	if (!parent) {
		return;
	}
	if (node->prev) {
		node->prev->next = node->next;
	} else {
		parent->child = node->next;
	}
	if (node->next) {
		node->next->prev = node->prev;
	} else {
		parent->last = node->prev;
	}
	node->parent = node->prev = node->next = NULL;
}

void html_attach(struct markup_node *parent, struct markup_node *node,
		 struct markup_node *before)
{
	html_detach(node);
	node->parent = parent;
	node->next = before;
	node->prev = before ? before->prev : parent->last;
	if (node->prev) {
		node->prev->next = node;
	} else {
		parent->child = node;
	}
	if (before) {
		before->prev = node;
	} else {
		parent->last = node;
	}
}

void html_foster_place(const struct html_builder *b,
		       struct markup_node **parent, struct markup_node **before)
{
	*parent = b->stack[0];
	*before = NULL;
	for (uint32_t i = b->depth; i-- > 0;) {
		struct markup_node *node = b->stack[i];

		if (node->tag != HTML_TABLE) {
			continue;
		}
		if (node->parent) {
			*parent = node->parent;
			*before = node;
		} else if (i > 0) {
			*parent = b->stack[i - 1];
		}
		return;
	}
}

static void present_place(const struct html_builder *b,
			  struct markup_node **parent,
			  struct markup_node **before)
{
	*parent = html_top(b);
	*before = NULL;
	if (b->from_table && html_has(*parent, TAG_TABLE)) {
		html_foster_place(b, parent, before);
	}
}

/* --- The stack ------------------------------------------------------------ */

void html_push(struct html_builder *b, struct markup_node *node)
{
	if (!node) {
		return;
	}
	if (b->depth > b->limits->depth) {
		err_limit(b->err, "depth", (int64_t)b->depth,
			  "elements are nested more than %u deep",
			  b->limits->depth);
		html_fail(b);
		return;
	}
	b->stack[b->depth++] = node;
}

void html_pop(struct html_builder *b)
{
	if (b->depth > 1) {
		b->depth--;
	}
}

void html_pop_tag(struct html_builder *b, enum html_tag tag)
{
	while (b->depth > 1) {
		const struct markup_node *node = html_top(b);

		html_pop(b);
		if (node->tag == tag) {
			return;
		}
	}
}

void html_pop_node(struct html_builder *b, const struct markup_node *node)
{
	while (b->depth > 1) {
		const struct markup_node *top = html_top(b);

		html_pop(b);
		if (top == node) {
			return;
		}
	}
}

int html_stack_find(const struct html_builder *b,
		    const struct markup_node *node)
{
	for (uint32_t i = b->depth; i-- > 0;) {
		if (b->stack[i] == node) {
			return (int)i;
		}
	}
	return -1;
}

void html_stack_remove(struct html_builder *b, int at)
{
	if (at <= 0) {
		return;
	}
	memmove(b->stack + at, b->stack + at + 1,
		(b->depth - (uint32_t)at - 1) * sizeof(struct markup_node *));
	b->depth--;
}

/* --- Insertion ------------------------------------------------------------ */

struct markup_node *html_insert_space(struct html_builder *b,
				      const struct html_token *token,
				      enum markup_space space)
{
	struct markup_node *node = html_element(b, token, space);
	struct markup_node *parent, *before;

	if (!node) {
		return NULL;
	}
	present_place(b, &parent, &before);
	node->fostered = before != NULL;
	html_attach(parent, node, before);
	html_push(b, node);
	return node;
}

struct markup_node *html_insert(struct html_builder *b,
				const struct html_token *token)
{
	return html_insert_space(b, token, MARKUP_HTML);
}

struct html_token html_implied(enum html_token_kind kind, enum html_tag tag)
{
	return (struct html_token){.kind = kind,
				   .tag = tag,
				   .name = slice_text(html_tag_name(tag))};
}

struct markup_node *html_insert_tag(struct html_builder *b, enum html_tag tag)
{
	struct html_token token = html_implied(HTML_TOKEN_START, tag);

	return html_insert(b, &token);
}

void html_insert_void(struct html_builder *b, const struct html_token *token)
{
	if (html_insert(b, token) && !b->failed) {
		html_pop(b);
	}
}

/* Adds to a text node: in place if the bytes follow its own, else in a copy
 * that grows by doubling. */
static void text_append(struct html_builder *b, struct markup_node *node,
			struct slice text)
{
	size_t len = node->text.len + text.len;
	char *copy = (char *)(uintptr_t)node->text.ptr;

	if (!node->capacity && node->text.ptr + node->text.len == text.ptr) {
		node->text.len = len;
		return;
	}
	if (len > node->capacity) {
		copy = len < UINT32_MAX / 2 ? arena_alloc(b->arena, len * 2)
					    : NULL;
		if (!copy) {
			html_token_no_memory(b->err);
			html_fail(b);
			return;
		}
		node->capacity = (uint32_t)(len * 2);
		memcpy(copy, node->text.ptr, node->text.len);
	}
	memcpy(copy + node->text.len, text.ptr, text.len);
	node->text = slice_of(copy, len);
}

void html_insert_text(struct html_builder *b, struct slice text)
{
	struct markup_node *parent, *before, *last;

	if (!text.len) {
		return;
	}
	present_place(b, &parent, &before);
	last = before ? before->prev : parent->last;
	if (last && last->kind == MARKUP_TEXT) {
		text_append(b, last, text);
		return;
	}
	last = html_node(b, MARKUP_TEXT);
	if (last) {
		last->text = text;
		html_attach(parent, last, before);
	}
}

void html_insert_comment(struct html_builder *b, struct slice text,
			 struct markup_node *parent)
{
	struct markup_node *node = html_node(b, MARKUP_COMMENT);

	if (node) {
		node->text = text;
		html_attach(parent, node, NULL);
	}
}

void html_merge_attrs(struct html_builder *b, struct markup_node *node,
		      const struct html_token *token)
{
	struct markup_attr *all;
	uint32_t count = node->attr_count;

	if (!token->attr_count) {
		return;
	}
	if (count + token->attr_count > b->limits->attributes) {
		err_limit(b->err, "attributes", count + token->attr_count,
			  "an element has more than %u attributes",
			  b->limits->attributes);
		html_fail(b);
		return;
	}
	all = arena_calloc(b->arena, count + token->attr_count, sizeof(*all));
	if (!all) {
		html_token_no_memory(b->err);
		html_fail(b);
		return;
	}
	if (count) {
		memcpy(all, node->attrs, count * sizeof(*all));
	}
	for (uint32_t i = 0; i < token->attr_count; i++) {
		uint32_t k = 0;

		while (k < count &&
		       !slice_equal(all[k].name, token->attrs[i].name)) {
			k++;
		}
		if (k == count) {
			all[count++] = token->attrs[i];
		}
	}
	node->attrs = all;
	node->attr_count = count;
}

/* --- Scopes --------------------------------------------------------------- */

static bool foreign_bounds(const struct markup_node *node)
{
	switch (node->tag) {
	case HTML_DESC:
	case HTML_FOREIGNOBJECT:
	case HTML_TITLE:
		return node->space == MARKUP_SVG;
	case HTML_MI:
	case HTML_MO:
	case HTML_MN:
	case HTML_MS:
	case HTML_MTEXT:
	case HTML_ANNOTATION_XML:
		return node->space == MARKUP_MATHML;
	default:
		return false;
	}
}

static bool scope_bounds(const struct markup_node *node, enum html_scope scope)
{
	switch (scope) {
	case HTML_SCOPE_TABLE:
		return html_is(node, HTML_HTML) || html_is(node, HTML_TABLE);
	case HTML_SCOPE_SELECT:
		return !html_is(node, HTML_OPTGROUP) &&
		       !html_is(node, HTML_OPTION);
	case HTML_SCOPE_BUTTON:
		if (html_is(node, HTML_BUTTON)) {
			return true;
		}
		break;
	case HTML_SCOPE_LIST:
		if (html_is(node, HTML_OL) || html_is(node, HTML_UL)) {
			return true;
		}
		break;
	case HTML_SCOPE_DEFAULT:
		break;
	}
	return node->space == MARKUP_HTML ? html_has(node, TAG_SCOPE)
					  : foreign_bounds(node);
}

bool html_in_scope(const struct html_builder *b, enum html_tag tag,
		   enum html_scope scope)
{
	for (uint32_t i = b->depth; i-- > 0;) {
		if (html_is(b->stack[i], tag)) {
			return true;
		}
		if (scope_bounds(b->stack[i], scope)) {
			return false;
		}
	}
	return false;
}

void html_implied_end(struct html_builder *b, enum html_tag except)
{
	while (html_has(html_top(b), TAG_IMPLIED_END) &&
	       html_top(b)->tag != except) {
		html_pop(b);
	}
}
