/*
 * RFC 6902 and RFC 7396 by the letter, on trees that can be changed: what the
 * patches of the diff are applied with. Independent of the code under test;
 * recursive, for small documents. Memory comes from an arena.
 */
#ifndef TESTS_JSON_APPLY_H
#define TESTS_JSON_APPLY_H

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/json.h"

struct tree_node {
	enum json_type type;
	struct slice key, text;
	struct tree_node **children;
	uint32_t count, cap;
};

static inline void tree_insert(struct arena *arena, struct tree_node *parent,
			       uint32_t at, struct tree_node *child)
{
	if (parent->count == parent->cap) {
		uint32_t cap = parent->cap * 2 + 4;
		struct tree_node **children =
			arena_alloc(arena, cap * sizeof(*children));

		if (parent->count)
			memcpy(children, parent->children,
			       parent->count * sizeof(*children));
		parent->children = children;
		parent->cap = cap;
	}
	memmove(parent->children + at + 1, parent->children + at,
		(parent->count - at) * sizeof(*parent->children));
	parent->children[at] = child;
	parent->count++;
}

static inline void tree_remove(struct tree_node *parent, uint32_t at)
{
	parent->count--;
	memmove(parent->children + at, parent->children + at + 1,
		(parent->count - at) * sizeof(*parent->children));
}

static inline struct tree_node *tree_copy(struct arena *arena,
					  const struct json_node *node)
{
	struct tree_node *copy = arena_calloc(arena, 1, sizeof(*copy));

	copy->type = node->type;
	copy->key = node->key;
	copy->text = node->text;
	for (const struct json_node *child = node->child; child;
	     child = child->next)
		tree_insert(arena, copy, copy->count, tree_copy(arena, child));
	return copy;
}

/* The place of a member, or -1. */
static inline int tree_find(const struct tree_node *object, struct slice key)
{
	for (uint32_t n = 0; n < object->count; n++)
		if (slice_equal(object->children[n]->key, key))
			return (int)n;
	return -1;
}

/* Equal JSON values; numbers by value, long ones also by text. */
static inline bool tree_equal(const struct tree_node *x,
			      const struct tree_node *y)
{
	if (x->type != y->type || x->count != y->count)
		return false;
	if (x->type == JSON_NUMBER && x->text.len < 16 && y->text.len < 16)
		return json_number_double(x->text) ==
		       json_number_double(y->text);
	if (x->type == JSON_NUMBER || x->type == JSON_STRING)
		return slice_equal(x->text, y->text);
	for (uint32_t n = 0; n < x->count; n++) {
		int at = x->type == JSON_OBJECT
				 ? tree_find(y, x->children[n]->key)
				 : (int)n;

		if (at < 0 || !tree_equal(x->children[n], y->children[at]))
			return false;
	}
	return true;
}

/* --- Pointers ------------------------------------------------------------- */

/* The next name of a pointer, unescaped into `out`. */
static inline bool pointer_next(struct slice *pointer, struct buf *out)
{
	size_t n = 1;

	buf_clear(out);
	if (!pointer->len || pointer->ptr[0] != '/')
		return false;
	for (; n < pointer->len && pointer->ptr[n] != '/'; n++) {
		char c = pointer->ptr[n];

		if (c == '~') {
			if (++n == pointer->len ||
			    !strchr("01", pointer->ptr[n]))
				return false;
			c = pointer->ptr[n] == '0' ? '~' : '/';
		}
		buf_add_char(out, c);
	}
	*pointer = slice_of(pointer->ptr + n, pointer->len - n);
	return true;
}

/* An index without sign or leading zero, at most `most`; -1 if it is none. */
static inline int pointer_index(struct slice name, uint32_t most)
{
	int index = 0;

	if (!name.len || name.len > 8 || (name.ptr[0] == '0' && name.len > 1))
		return -1;
	for (size_t n = 0; n < name.len; n++) {
		if (name.ptr[n] < '0' || name.ptr[n] > '9')
			return -1;
		index = index * 10 + (name.ptr[n] - '0');
	}
	return index <= (int)most ? index : -1;
}

/* The parent of what the pointer means, and its last name. NULL: no parent. */
static inline struct tree_node *pointer_parent(struct tree_node *root,
					       struct slice pointer,
					       struct buf *name)
{
	struct tree_node *at = root;

	while (pointer_next(&pointer, name)) {
		int place;

		if (!pointer.len)
			return at;
		if (at->type == JSON_OBJECT)
			place = tree_find(at, buf_slice(name));
		else if (at->type == JSON_ARRAY && at->count)
			place = pointer_index(buf_slice(name), at->count - 1);
		else
			return NULL;
		if (place < 0)
			return NULL;
		at = at->children[place];
	}
	return NULL;
}

/* --- RFC 6902 ------------------------------------------------------------- */

static inline struct tree_node *patch_take(struct tree_node *parent,
					   struct slice name)
{
	int at = parent->type == JSON_OBJECT ? tree_find(parent, name)
		 : parent->type == JSON_ARRAY && parent->count
			 ? pointer_index(name, parent->count - 1)
			 : -1;
	struct tree_node *taken;

	if (at < 0)
		return NULL;
	taken = parent->children[at];
	tree_remove(parent, (uint32_t)at);
	return taken;
}

static inline bool patch_put_at(struct arena *arena, struct tree_node *parent,
				struct slice name, struct tree_node *value)
{
	int at;

	if (parent->type == JSON_OBJECT) {
		value->key = slice_of(arena_copy(arena, name), name.len);
		at = tree_find(parent, name);
		if (at >= 0)
			parent->children[at] = value;
		else
			tree_insert(arena, parent, parent->count, value);
		return true;
	}
	at = parent->type == JSON_ARRAY ? pointer_index(name, parent->count)
					: -1;
	if (at < 0)
		return false;
	tree_insert(arena, parent, (uint32_t)at, value);
	return true;
}

static inline bool patch_step(struct arena *arena, struct tree_node **root,
			      const struct json_node *step, struct buf *name)
{
	struct json_node *op = json_get(step, "op"), *from;
	struct json_node *path = json_get(step, "path");
	struct json_node *given = json_get(step, "value");
	struct tree_node *value = NULL, *parent;
	bool replace = slice_is(op->text, "replace");

	if (slice_is(op->text, "move")) {
		from = json_get(step, "from");
		parent = pointer_parent(*root, from->text, name);
		value = parent ? patch_take(parent, buf_slice(name)) : NULL;
		if (!value)
			return false;
	} else if (given) {
		value = tree_copy(arena, given);
	}
	if (!path->text.len) {
		*root = value;
		return value != NULL;
	}
	parent = pointer_parent(*root, path->text, name);
	if (!parent)
		return false;
	if ((replace || slice_is(op->text, "remove")) &&
	    !patch_take(parent, buf_slice(name)))
		return false;
	if (slice_is(op->text, "remove"))
		return true;
	return value && patch_put_at(arena, parent, buf_slice(name), value);
}

/* Applies all steps. NULL if one of them cannot be done. */
static inline struct tree_node *patch_apply(struct arena *arena,
					    const struct json_node *old_value,
					    const struct json_node *patch)
{
	struct tree_node *root = tree_copy(arena, old_value);
	struct buf name;

	buf_init(&name, 1 << 20);
	buf_reserve(&name, 16);
	for (const struct json_node *step = patch->child; step && root;
	     step = step->next)
		if (!patch_step(arena, &root, step, &name))
			root = NULL;
	buf_release(&name);
	return root;
}

/* --- RFC 7396 ------------------------------------------------------------- */

static inline struct tree_node *merge_apply(struct arena *arena,
					    struct tree_node *target,
					    const struct json_node *patch)
{
	if (patch->type != JSON_OBJECT)
		return tree_copy(arena, patch);
	if (!target || target->type != JSON_OBJECT) {
		target = arena_calloc(arena, 1, sizeof(*target));
		target->type = JSON_OBJECT;
	}
	for (const struct json_node *member = patch->child; member;
	     member = member->next) {
		int at = tree_find(target, member->key);
		struct tree_node *value;

		if (member->type == JSON_NULL) {
			if (at >= 0)
				tree_remove(target, (uint32_t)at);
			continue;
		}
		value = merge_apply(
			arena, at >= 0 ? target->children[at] : NULL, member);
		value->key = member->key;
		if (at >= 0)
			target->children[at] = value;
		else
			tree_insert(arena, target, target->count, value);
	}
	return target;
}

#endif
