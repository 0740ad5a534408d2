/*
 * A tree cut into tokens and leaves. The head of an HTML document is left out:
 * no mark can stand there.
 */
#include "base/text.h"
#include "diff/diff_html_model.h"
#include "diff/diff_text.h"
#include "markup/html_tag.h"

uint32_t merge_flags(const struct merge *merge, const struct markup_node *node)
{
	if (merge->xml) {
		return TAG_BLOCK;
	}
	if (node->space != MARKUP_HTML) {
		return TAG_ATOMIC;
	}
	return html_tag_flags((enum html_tag)node->tag);
}

bool merge_same_name(const struct markup_node *x, const struct markup_node *y)
{
	return x->space == y->space && slice_equal(x->name, y->name);
}

bool merge_same_tag(const struct markup_node *x, const struct markup_node *y)
{
	if (!merge_same_name(x, y) || x->attr_count != y->attr_count) {
		return false;
	}
	for (uint32_t i = 0; i < x->attr_count; i++) {
		uint32_t k = i;

		if (!slice_equal(x->attrs[i].name, y->attrs[i].name)) {
			k = 0;
			while (k < y->attr_count &&
			       !slice_equal(x->attrs[i].name,
					    y->attrs[k].name)) {
				k++;
			}
		}
		if (k == y->attr_count ||
		    !slice_equal(x->attrs[i].value, y->attrs[k].value)) {
			return false;
		}
	}
	return true;
}

/* --- Keys ----------------------------------------------------------------- */

static void key_add(struct buf *key, struct slice part)
{
	buf_printf(key, "%zu:", part.len);
	buf_add_slice(key, part);
}

static void key_node(struct buf *key, const struct markup_node *node)
{
	buf_printf(key, "%d", node->kind);
	key_add(key, node->name);
	key_add(key, node->text);
	for (uint32_t i = 0; i < node->attr_count; i++) {
		key_add(key, node->attrs[i].name);
		key_add(key, node->attrs[i].value);
	}
}

struct slice merge_key(struct merge *merge, const struct markup_node *node,
		       bool deep)
{
	const struct markup_node *at;
	struct slice copy;
	struct buf key;

	buf_init(&key, SIZE_MAX / 2);
	buf_add_char(&key, '\0'); /* no word begins with it */
	for (at = node; at; at = deep ? markup_next(node, at) : NULL) {
		uint32_t children = 0;

		for (const struct markup_node *child = at->child; deep && child;
		     child = child->next) {
			children++;
		}
		key_node(&key, at);
		buf_printf(&key, "/%u", children);
	}
	copy = buf_slice(&key);
	copy.ptr = key.failed ? NULL : arena_copy(merge->arena, copy);
	buf_release(&key);
	return copy;
}

/* --- Tokens --------------------------------------------------------------- */

struct flattener {
	struct merge *merge;
	struct merge_side *side;
	bool boundary; /* the next token begins a leaf */
	bool in_pre;
};

static const struct markup_node *block_of(const struct merge *merge,
					  const struct markup_node *node)
{
	while (node->parent && node->kind == MARKUP_ELEMENT &&
	       !(merge_flags(merge, node) & TAG_BLOCK)) {
		node = node->parent;
	}
	return node;
}

static int add_leaf(struct flattener *f, const struct merge_token *token)
{
	struct merge_side *side = f->side;

	side->leaves =
		arena_extend(f->merge->arena, side->leaves, side->leaf_count,
			     &side->leaf_size, sizeof(*side->leaves));
	if (!side->leaves) {
		return -1;
	}
	side->leaves[side->leaf_count++] = (struct merge_leaf){
		.first = side->token_count,
		.block = block_of(f->merge, merge_container(token))};
	return 0;
}

static int add_token(struct flattener *f, struct merge_token token,
		     struct slice key)
{
	struct merge_side *side = f->side;

	token.id = key.ptr ? diff_intern(f->merge->names, key) : DIFF_NO_ID;
	if (token.id == DIFF_NO_ID) {
		return -1;
	}
	if (f->boundary && add_leaf(f, &token)) {
		return -1;
	}
	f->boundary = false;
	token.mate = MERGE_NONE;
	token.leaf = side->leaf_count - 1;
	side->tokens =
		arena_extend(f->merge->arena, side->tokens, side->token_count,
			     &side->token_size, sizeof(*side->tokens));
	if (!side->tokens) {
		return -1;
	}
	side->tokens[side->token_count++] = token;
	side->leaves[side->leaf_count - 1].count++;
	return 0;
}

/* The word as it counts. */
static struct slice word_key(struct flattener *f,
			     const struct merge_token *token)
{
	struct slice word = token->text;
	char *copy;
	size_t pos = 0, len = 0;

	if (f->in_pre) {
		word = slice_of(token->space.ptr,
				token->space.len + token->text.len);
	}
	if (!f->merge->options->ignore_case) {
		return word;
	}
	copy = arena_alloc(f->merge->arena, word.len * 2);
	while (copy && pos < word.len) {
		int32_t code = utf8_next(word, &pos);

		len += utf8_put(copy + len, diff_lower((uint32_t)code));
	}
	return slice_of(copy, len);
}

static int add_words(struct flattener *f, const struct markup_node *node)
{
	struct slice text = node->text;
	size_t pos = 0, at = 0, begin = 0, word = 0;
	bool blank = true;

	while (pos <= text.len) {
		bool space = true;

		if (pos < text.len) {
			unsigned char c = (unsigned char)text.ptr[pos];

			if (c > ' ' && c < 0x7f) {
				pos++;
				space = false;
			} else {
				space = text_is_space(
					(uint32_t)utf8_next(text, &pos));
			}
		} else {
			pos++;
		}
		if (blank && !space) {
			word = at;
		} else if (!blank && space) {
			struct merge_token token = {
				.kind = MERGE_WORD,
				.node = node,
				.space = {text.ptr + begin, word - begin},
				.text = {text.ptr + word, at - word}};

			if (add_token(f, token, word_key(f, &token))) {
				return -1;
			}
			begin = at;
		}
		blank = space;
		at = pos;
	}
	return 0;
}

static bool holds_text(const struct markup_node *root)
{
	const struct markup_node *node = root;

	for (; node; node = markup_next(root, node)) {
		if ((node->kind == MARKUP_TEXT || node->kind == MARKUP_CDATA) &&
		    !text_is_blank(node->text)) {
			return true;
		}
	}
	return false;
}

static int add_element(struct flattener *f, const struct markup_node *node,
		       enum merge_kind kind)
{
	struct merge_token token = {
		.kind = (uint8_t)kind, .node = node, .bare = true};
	bool block = merge_flags(f->merge, node) & TAG_BLOCK;
	struct slice key;

	if (kind == MERGE_EMPTY) {
		struct markup_node plain = {.name = node->name};

		key = merge_key(f->merge, &plain, false);
	} else {
		key = merge_key(f->merge, node, kind == MERGE_WHOLE);
		token.bare = kind == MERGE_VOID || !holds_text(node);
		merge_element(f->side, node)->is_token = true;
	}
	f->boundary |= block && !f->merge->xml;
	if (add_token(f, token, key)) {
		return -1;
	}
	f->boundary |= block && !f->merge->xml;
	return 0;
}

/* --- The walk ------------------------------------------------------------- */

static bool is_head(const struct merge *merge, const struct markup_node *node)
{
	return !merge->xml && node->tag == HTML_HEAD &&
	       node->space == MARKUP_HTML;
}

/* Takes a node as its begin is met. 1: what is in it is not looked at. */
static int enter(struct flattener *f, const struct markup_node *node)
{
	uint32_t flags;

	if (node->kind == MARKUP_TEXT || node->kind == MARKUP_CDATA) {
		return add_words(f, node) ? -1 : 1;
	}
	if (node->kind != MARKUP_ELEMENT) {
		return 1;
	}
	if (is_head(f->merge, node)) {
		return 1;
	}
	flags = merge_flags(f->merge, node);
	f->side->element_count++;
	if (flags & (TAG_ATOMIC | TAG_VOID) ||
	    (!node->child && (f->merge->xml ? node->parent != f->side->root
					    : !(flags & TAG_BLOCK)))) {
		f->side->element_count--;
		return add_element(f, node,
				   flags & TAG_ATOMIC ? MERGE_WHOLE
						      : MERGE_VOID)
			       ? -1
			       : 1;
	}
	f->boundary |= (flags & TAG_BLOCK) != 0;
	f->in_pre |= !f->merge->xml && node->tag == HTML_PRE;
	return 0;
}

/* As the end of an element is met; `since` tokens were there at its begin. */
static int leave(struct flattener *f, const struct markup_node *node,
		 uint32_t since)
{
	uint32_t flags = merge_flags(f->merge, node);

	if (f->side->token_count == since &&
	    add_element(f, node, MERGE_EMPTY)) {
		return -1;
	}
	f->boundary |= (flags & TAG_BLOCK) != 0;
	if (node->tag == HTML_PRE) {
		f->in_pre = false;
	}
	return 0;
}

/* About how many words: white space beyond ASCII is not heeded. */
static uint32_t guess_words(struct slice text)
{
	uint32_t count = 0;
	bool blank = true;

	for (size_t i = 0; i < text.len; i++) {
		bool space = (unsigned char)text.ptr[i] <= ' ';

		count += blank && !space;
		blank = space;
	}
	return count;
}

/* Numbers the nodes, and makes room for the tokens that they will give: a list
 * that grows in an arena leaves its former selves behind. */
static int number_nodes(struct merge *merge, struct merge_side *side)
{
	const struct markup_node *root = side->root, *node = root;
	uint32_t count = 0, tokens = 64;

	for (; node; node = markup_next(root, node)) {
		((struct markup_node *)(uintptr_t)node)->index = count++;
		tokens += node->kind == MARKUP_TEXT ? guess_words(node->text)
						    : !node->child;
	}
	side->node_count = count;
	side->token_size = tokens;
	side->tokens =
		arena_alloc(merge->arena, tokens * sizeof(*side->tokens));
	return side->tokens ? 0 : -1;
}

static int walk(struct flattener *f, uint32_t *since)
{
	const struct markup_node *root = f->side->root, *node = root->child;

	while (node) {
		int r = enter(f, node);

		since[node->index] = f->side->token_count;
		if (r < 0) {
			return -1;
		}
		if (!r && node->child) {
			node = node->child;
			continue;
		}
		if (!r && leave(f, node, since[node->index])) {
			return -1;
		}
		while (!node->next && node->parent != root) {
			node = node->parent;
			if (leave(f, node, since[node->index])) {
				return -1;
			}
		}
		node = node->next;
	}
	return 0;
}

int merge_flatten(struct merge *merge, struct merge_side *side)
{
	struct flattener f = {.merge = merge, .side = side, .boundary = true};
	uint32_t *since;

	if (number_nodes(merge, side)) {
		return diff_events_no_memory(merge->err);
	}
	side->elements = arena_calloc(merge->arena, side->node_count,
				      sizeof(*side->elements));
	since = arena_calloc(merge->arena, side->node_count, sizeof(*since));
	if (!side->elements || !since || walk(&f, since)) {
		return diff_events_no_memory(merge->err);
	}
	side->ids =
		arena_alloc(merge->arena, side->token_count * sizeof(uint32_t));
	if (!side->ids) {
		return diff_events_no_memory(merge->err);
	}
	for (uint32_t i = 0; i < side->token_count; i++) {
		side->ids[i] = side->tokens[i].id;
	}
	return 0;
}
