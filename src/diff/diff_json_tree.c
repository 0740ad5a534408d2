/*
 * JSON values as trees in which equal values have equal ids. Each value is
 * interned as a short description made of the ids of its parts, so that a
 * whole tree takes time in proportion to its size.
 */
#include "diff/diff_json.h"

#include <stdio.h>
#include <stdlib.h>

/* A container whose children are being read. */
struct tree_frame {
	struct json_value *value;
	const struct json_node *next;
	uint32_t filled;
};

struct tree {
	struct arena *arena;
	struct diff_interner *names;
	struct tree_frame *frames;
	size_t count, cap;
};

/* --- Descriptions --------------------------------------------------------- */

/* Interns a mark and bytes. */
static uint32_t tree_intern(struct tree *tree, char mark, struct slice bytes)
{
	char *copy = arena_alloc(tree->arena, bytes.len + 1);

	if (!copy)
		return DIFF_NO_ID;
	copy[0] = mark;
	if (bytes.len)
		memcpy(copy + 1, bytes.ptr, bytes.len);
	return diff_intern(tree->names, slice_of(copy, bytes.len + 1));
}

/* The exponent at `text`; false if it is absurdly long. */
static bool tree_exponent(struct slice text, long long *out)
{
	bool minus = text.len && text.ptr[0] == '-';
	size_t at = text.len && (minus || text.ptr[0] == '+') ? 1 : 0;

	*out = 0;
	while (at < text.len && text.ptr[at] == '0')
		at++;
	if (text.len - at > 17)
		return false;
	for (; at < text.len; at++)
		*out = *out * 10 + (text.ptr[at] - '0');
	*out = minus ? -*out : *out;
	return true;
}

/*
 * A number by its value: sign, digits without zeros at either end, exponent
 * of the last digit. One with an exponent beyond 17 digits stays as written.
 */
static uint32_t tree_number(struct tree *tree, struct slice raw)
{
	char *text = arena_alloc(tree->arena, raw.len + 32);
	size_t len = 0, at = 0, digits_from;
	long long exponent = 0, fraction = 0;
	bool point = false;

	if (!text)
		return DIFF_NO_ID;
	if (raw.ptr[0] == '-')
		text[len++] = raw.ptr[at++];
	digits_from = len;
	for (; at < raw.len && (raw.ptr[at] | 0x20) != 'e'; at++) {
		if (raw.ptr[at] == '.') {
			point = true;
			continue;
		}
		fraction += point;
		if (raw.ptr[at] != '0' || len > digits_from)
			text[len++] = raw.ptr[at];
	}
	if (at < raw.len &&
	    !tree_exponent(slice_of(raw.ptr + at + 1, raw.len - at - 1),
			   &exponent))
		return tree_intern(tree, '#', raw);
	exponent -= fraction;
	while (len > digits_from && text[len - 1] == '0') {
		len--;
		exponent++;
	}
	if (len == digits_from)
		return tree_intern(tree, '#', SLICE("0"));
	len += (size_t)snprintf(text + len, 32, "e%lld", exponent);
	return tree_intern(tree, '#', slice_of(text, len));
}

static int tree_compare(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return (a[0] > b[0]) - (a[0] < b[0]);
}

static uint32_t tree_array(struct tree *tree, const struct json_value *value)
{
	size_t bytes = (size_t)value->count * sizeof(uint32_t);
	uint32_t *ids = arena_alloc(tree->arena, bytes);

	if (!ids)
		return DIFF_NO_ID;
	for (uint32_t n = 0; n < value->count; n++)
		ids[n] = value->children[n].id;
	return tree_intern(tree, '[', slice_of(ids, bytes));
}

/* Sorts the members by key and describes the object by pairs of ids. */
static uint32_t tree_object(struct tree *tree, struct json_value *value)
{
	size_t count = value->count, bytes = count * 3 * sizeof(uint32_t);
	uint32_t *triples = arena_alloc(tree->arena, bytes);

	value->sorted = arena_alloc(tree->arena, count * sizeof(uint32_t));
	if (!triples || !value->sorted)
		return DIFF_NO_ID;
	for (uint32_t n = 0; n < count; n++) {
		triples[n * 3] = value->children[n].key;
		triples[n * 3 + 1] = value->children[n].id;
		triples[n * 3 + 2] = n;
	}
	qsort(triples, count, 3 * sizeof(uint32_t), tree_compare);
	for (uint32_t n = 0; n < count; n++) {
		value->sorted[n] = triples[n * 3 + 2];
		triples[n * 2] = triples[n * 3];
		triples[n * 2 + 1] = triples[n * 3 + 1];
	}
	return tree_intern(tree, '{',
			   slice_of(triples, count * 2 * sizeof(uint32_t)));
}

/* --- Building ------------------------------------------------------------- */

/* Starts a value: scalars get their id at once, containers room. */
static int tree_open(struct tree *tree, struct json_value *value,
		     const struct json_node *node)
{
	memset(value, 0, sizeof(*value));
	value->type = node->type;
	value->node = node;
	value->count = node->count;
	value->leaves = 1;
	if (node->type == JSON_STRING)
		value->id = tree_intern(tree, '"', node->text);
	else if (node->type == JSON_NUMBER)
		value->id = tree_number(tree, node->raw);
	else if (node->type < JSON_NUMBER)
		value->id = tree_intern(tree, '0', node->raw);
	else
		value->children = arena_alloc(
			tree->arena, node->count * sizeof(*value->children));
	if (node->type == JSON_ARRAY || node->type == JSON_OBJECT)
		return value->children ? 0 : -1;
	return value->id == DIFF_NO_ID ? -1 : 0;
}

/* All children are there: the value's own id and sums. */
static int tree_close(struct tree *tree, struct json_value *value)
{
	uint64_t leaves = 0;

	for (uint32_t n = 0; n < value->count; n++) {
		struct json_value *child = &value->children[n];

		leaves += child->leaves;
		if (value->type != JSON_OBJECT)
			continue;
		value->null_member |=
			child->type == JSON_NULL || child->null_member;
		child->key = tree_intern(tree, 'k', child->node->key);
		if (child->key == DIFF_NO_ID)
			return -1;
	}
	value->leaves = leaves ? leaves : 1;
	value->id = value->type == JSON_ARRAY ? tree_array(tree, value)
					      : tree_object(tree, value);
	return value->id == DIFF_NO_ID ? -1 : 0;
}

static int tree_push(struct tree *tree, struct json_value *value)
{
	struct tree_frame *frames =
		arena_extend(tree->arena, tree->frames, tree->count, &tree->cap,
			     sizeof(*frames));

	if (!frames)
		return -1;
	tree->frames = frames;
	tree->frames[tree->count++] =
		(struct tree_frame){value, value->node->child, 0};
	return 0;
}

/* One step: the next child of the innermost container, or its end. */
static int tree_step(struct tree *tree)
{
	struct tree_frame *frame = &tree->frames[tree->count - 1];
	const struct json_node *node = frame->next;
	struct json_value *child;

	if (!node) {
		tree->count--;
		return tree_close(tree, frame->value);
	}
	child = &frame->value->children[frame->filled++];
	frame->next = node->next;
	if (tree_open(tree, child, node))
		return -1;
	if (node->type == JSON_ARRAY || node->type == JSON_OBJECT)
		return tree_push(tree, child);
	return 0;
}

struct json_value *json_value_build(struct arena *arena,
				    struct diff_interner *names,
				    const struct json_node *node)
{
	struct tree tree = {.arena = arena, .names = names};
	struct json_value *root = arena_alloc(arena, sizeof(*root));

	if (!root || tree_open(&tree, root, node))
		return NULL;
	if ((node->type == JSON_ARRAY || node->type == JSON_OBJECT) &&
	    tree_push(&tree, root))
		return NULL;
	while (tree.count)
		if (tree_step(&tree))
			return NULL;
	return root;
}

struct json_value *json_value_member(const struct json_value *object,
				     uint32_t key)
{
	uint32_t low = 0, high = object->count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		struct json_value *child =
			&object->children[object->sorted[mid]];

		if (child->key == key)
			return child;
		if (child->key < key)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
