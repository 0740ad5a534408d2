/*
 * JSON: the reader, the check, the members, the tree and the writer must agree
 * on every input. What the tree holds, written again and read again, must be
 * the same tree.
 */
#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"

#define DEPTH 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void must(int truth)
{
	if (!truth)
		abort();
}

static void put_text(struct buf *out, struct slice text, bool surrogates)
{
	/* Lone surrogates are not JSON text: only the tree's shape counts. */
	must(surrogates || utf8_check(text) == text.len);
	must(json_put_string(out, text) == 0);
}

static void put_node(struct buf *out, const struct json_node *node)
{
	json_put_comma(out);
	if (node->key.ptr) {
		put_text(out, node->key, node->surrogates);
		buf_add_char(out, ':');
	}
	if (node->type == JSON_STRING)
		put_text(out, node->text, node->surrogates);
	else if (node->type != JSON_ARRAY && node->type != JSON_OBJECT)
		buf_add_slice(out, node->raw);
}

/* Without recursion, as the depth is the input's. */
static void put_tree(struct buf *out, const struct json_node *node)
{
	const struct json_node *up[DEPTH + 1];
	size_t depth = 0;
	while (node) {
		put_node(out, node);
		if (node->type == JSON_ARRAY || node->type == JSON_OBJECT) {
			bool object = node->type == JSON_OBJECT;
			buf_add_char(out, object ? '{' : '[');
			must(depth < DEPTH);
			up[depth++] = node;
			node = node->child;
		} else {
			node = node->next;
		}
		while (!node && depth) {
			const struct json_node *done = up[--depth];
			buf_add_char(out,
				     done->type == JSON_OBJECT ? '}' : ']');
			node = done->next;
		}
	}
}

static void check_members(struct slice text, bool good,
			  const struct json_node *root)
{
	struct json_members it;
	struct json_member member;
	struct err err = ERR_INIT;
	size_t count = 0;
	int r;

	if (json_members_init(&it, text, DEPTH, &err)) {
		must(!good || root->type != JSON_OBJECT);
		return;
	}
	while ((r = json_members_next(&it, &member, &err)) > 0)
		count++;
	must((r == 0) == good);
	must(!good || count == root->count);
}

static bool same(const struct json_node *a, const struct json_node *b)
{
	struct buf x, y;
	buf_init(&x, 1 << 24);
	buf_init(&y, 1 << 24);
	put_tree(&x, a);
	put_tree(&y, b);
	bool equal = slice_equal(buf_slice(&x), buf_slice(&y));
	buf_release(&x);
	buf_release(&y);
	return equal;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice text = slice_of(bytes, len);
	struct arena arena, again;
	struct json_span span;
	struct err err = ERR_INIT;
	struct buf out;

	arena_init(&arena, 1 << 24);
	arena_init(&again, 1 << 24);
	buf_init(&out, 1 << 24);
	bool good = json_check(text, DEPTH, &span, &err) == 0;
	must(good ||
	     (err.offset >= 0 && (size_t)err.offset <= len && err.reason[0]));
	struct json_node *root = json_parse(&arena, text, DEPTH, false, NULL);
	must(good == (root != NULL));
	check_members(text, good, root);
	if (root) {
		put_tree(&out, root);
		struct json_node *second =
			json_parse(&again, buf_slice(&out), DEPTH, false, NULL);
		must(second && same(root, second));
		json_parse(&again, text, DEPTH, true, &err);
	}
	buf_release(&out);
	arena_release(&again);
	arena_release(&arena);
	return 0;
}
