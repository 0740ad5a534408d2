/*
 * RFC 6902 patches. A pair of values is compared member by member; operations
 * on a container are written at once, pairs inside it are put on a list and
 * compared later, so that their paths are those of the container's final form
 * and nothing recurses. diff_json_array.c does arrays.
 */
#include "diff/diff_json.h"

#define OPERATION_BYTES 28 /* about: an operation without path and value */

static int patch_no_memory(struct json_patch *patch)
{
	return err_limit(patch->err, "memory", (int64_t)patch->arena->max,
			 "the comparison needs more than %zu bytes of memory",
			 patch->arena->max);
}

void *json_patch_alloc(struct json_patch *patch, size_t count, size_t size)
{
	void *memory = NULL;

	if (!size || count <= SIZE_MAX / size)
		memory = arena_alloc(patch->arena, count * size);
	if (!memory)
		patch_no_memory(patch);
	return memory;
}

int json_patch_push(struct json_patch *patch, struct json_work work)
{
	struct json_work *items =
		arena_extend(patch->arena, patch->work, patch->work_count,
			     &patch->work_cap, sizeof(*items));

	if (!items)
		return patch_no_memory(patch);
	patch->work = items;
	patch->work[patch->work_count++] = work;
	return 0;
}

/* --- Paths ---------------------------------------------------------------- */

const struct json_path *json_patch_path(struct json_patch *patch,
					const struct json_path *parent,
					const struct json_node *member,
					uint32_t index)
{
	struct json_path *path = json_patch_alloc(patch, 1, sizeof(*path));

	if (path)
		*path = (struct json_path){parent, member, index};
	return path;
}

void json_patch_put_key(struct buf *out, struct slice key, bool pointer)
{
	for (size_t n = 0; n < key.len; n++) {
		unsigned char c = (unsigned char)key.ptr[n];

		if (pointer && (c == '~' || c == '/')) {
			buf_add_text(out, c == '~' ? "~0" : "~1");
		} else if (c == '"' || c == '\\') {
			buf_add_char(out, '\\');
			buf_add_char(out, (char)c);
		} else if (c < 0x20 || c == 0x7f) {
			buf_printf(out, "\\u%04x", c);
		} else if (c == 0xed && n + 2 < key.len &&
			   (unsigned char)key.ptr[n + 1] >= 0xa0) {
			buf_printf(out, "\\u%04x",
				   0xd000u | (key.ptr[n + 1] & 0x3fu) << 6 |
					   (key.ptr[n + 2] & 0x3fu));
			n += 2;
		} else {
			buf_add_char(out, (char)c);
		}
	}
}

static void patch_put_path(struct buf *out, const struct json_path *path)
{
	const struct json_path *names[JSON_DEPTH_MAX + 1];
	size_t depth = 0;

	for (; path && path->parent; path = path->parent)
		names[depth++] = path;
	buf_add_char(out, '"');
	while (depth-- > 0) {
		buf_add_char(out, '/');
		if (names[depth]->member)
			json_patch_put_key(out, names[depth]->member->key,
					   true);
		else
			buf_printf(out, "%u", names[depth]->index);
	}
	buf_add_char(out, '"');
}

/* --- Operations ----------------------------------------------------------- */

static void patch_put(struct json_patch *patch, const char *operation,
		      const struct json_path *from,
		      const struct json_path *path,
		      const struct json_value *value)
{
	struct buf *out = patch->out;

	if (!out)
		return;
	json_put_comma(out);
	buf_printf(out, "{\"op\":\"%s\"", operation);
	if (from) {
		buf_add_text(out, ",\"from\":");
		patch_put_path(out, from);
	}
	buf_add_text(out, ",\"path\":");
	patch_put_path(out, path);
	if (value) {
		buf_add_text(out, ",\"value\":");
		buf_add_slice(out, value->node->raw);
	}
	buf_add_char(out, '}');
}

void json_patch_remove(struct json_patch *patch, const struct json_path *path,
		       const struct json_value *value)
{
	patch->result->deleted += value->leaves;
	patch_put(patch, "remove", NULL, path, NULL);
}

void json_patch_add(struct json_patch *patch, const struct json_path *path,
		    const struct json_value *value)
{
	patch->result->inserted += value->leaves;
	patch_put(patch, "add", NULL, path, value);
}

void json_patch_replace(struct json_patch *patch, const struct json_path *path,
			const struct json_value *old_value,
			const struct json_value *new_value)
{
	uint64_t gone = old_value->leaves, come = new_value->leaves;
	uint64_t both = gone < come ? gone : come;

	patch->result->replaced += both;
	patch->result->deleted += gone - both;
	patch->result->inserted += come - both;
	patch_put(patch, "replace", NULL, path, new_value);
}

void json_patch_move(struct json_patch *patch, const struct json_path *from,
		     const struct json_path *path)
{
	patch_put(patch, "move", from, path, NULL);
}

uint64_t json_patch_estimate(const struct json_value *x,
			     const struct json_value *y)
{
	uint64_t whole = y->node->raw.len + OPERATION_BYTES, inside = 0;

	if (x->id == y->id)
		return 0;
	if (x->type != JSON_OBJECT || y->type != JSON_OBJECT)
		return whole;
	for (uint32_t n = 0; n < x->count; n++)
		if (!json_value_member(y, x->children[n].key))
			inside += OPERATION_BYTES;
	for (uint32_t n = 0; n < y->count; n++) {
		const struct json_value *child = &y->children[n];
		const struct json_value *former =
			json_value_member(x, child->key);

		if (!former || former->id != child->id)
			inside += child->node->raw.len + OPERATION_BYTES;
	}
	return inside < whole ? inside : whole;
}

/* --- Objects -------------------------------------------------------------- */

/* Members of `object` that `other` lacks, as lists by value id: heads[id] is
 * the first one plus one, next[n] the following. */
static void patch_list_gone(struct json_patch *patch,
			    const struct json_value *object,
			    const struct json_value *other, uint32_t *next)
{
	for (uint32_t n = object->count; n-- > 0;) {
		const struct json_value *child = &object->children[n];

		next[n] = 0;
		if (json_value_member(other, child->key))
			continue;
		next[n] = patch->heads[child->id];
		patch->heads[child->id] = n + 1;
	}
}

/* A member of the new object. */
static int patch_member(struct json_patch *patch, const struct json_work *work,
			const struct json_value *child, uint32_t *next)
{
	const struct json_value *old = work->old_value;
	const struct json_value *former = json_value_member(old, child->key);
	const struct json_path *path, *from;
	uint32_t gone = patch->heads[child->id];

	if (former && former->id == child->id) {
		patch->result->matches += child->leaves;
		return 0;
	}
	path = json_patch_path(patch, work->path, child->node, 0);
	if (!path)
		return -1;
	if (former)
		return json_patch_push(
			patch, (struct json_work){former, child, path, false});
	if (!gone) {
		json_patch_add(patch, path, child);
		return 0;
	}
	/* The same value went under another name: a renamed member. */
	former = &old->children[gone - 1];
	patch->heads[child->id] = next[gone - 1];
	next[gone - 1] = DIFF_NO_ID;
	from = json_patch_path(patch, work->path, former->node, 0);
	if (!from)
		return -1;
	json_patch_move(patch, from, path);
	/* Where it stood it is gone, where it stands it is new. */
	patch->result->deleted += child->leaves;
	patch->result->inserted += child->leaves;
	return 0;
}

static int patch_object(struct json_patch *patch, const struct json_work *work)
{
	const struct json_value *x = work->old_value, *y = work->new_value;
	uint32_t *next = json_patch_alloc(patch, x->count, sizeof(*next));

	if (!next)
		return -1;
	patch_list_gone(patch, x, y, next);
	for (uint32_t n = 0; n < y->count; n++)
		if (patch_member(patch, work, &y->children[n], next))
			return -1;
	for (uint32_t n = 0; n < x->count; n++) {
		const struct json_value *child = &x->children[n];
		const struct json_path *path;

		patch->heads[child->id] = 0;
		if (next[n] == DIFF_NO_ID || json_value_member(y, child->key))
			continue;
		path = json_patch_path(patch, work->path, child->node, 0);
		if (!path)
			return -1;
		json_patch_remove(patch, path, child);
	}
	return 0;
}

/* --- Pairs ---------------------------------------------------------------- */

void json_patch_count_empty(struct json_patch *patch,
			    const struct json_work *work)
{
	patch->result->deleted += !work->old_value->count;
	patch->result->inserted += !work->new_value->count;
}

static int patch_pair(struct json_patch *patch, const struct json_work *work)
{
	const struct json_value *x = work->old_value, *y = work->new_value;

	if (x->id == y->id) {
		patch->result->matches += x->leaves;
		return 0;
	}
	if (work->whole || x->type != y->type || x->type < JSON_ARRAY) {
		json_patch_replace(patch, work->path, x, y);
		return 0;
	}
	if (x->type == JSON_ARRAY)
		return json_patch_array(patch, work);
	json_patch_count_empty(patch, work);
	return patch_object(patch, work);
}

int json_patch_run(struct json_patch *patch, const struct json_value *old_value,
		   const struct json_value *new_value)
{
	const struct json_path *root = json_patch_path(patch, NULL, NULL, 0);
	uint32_t ids = diff_interner_count(patch->names);

	patch->heads = json_patch_alloc(patch, ids, sizeof(*patch->heads));
	if (!root || !patch->heads)
		return -1;
	memset(patch->heads, 0, ids * sizeof(*patch->heads));
	if (patch->out)
		buf_add_char(patch->out, '[');
	if (json_patch_push(patch, (struct json_work){old_value, new_value,
						      root, false}))
		return -1;
	while (patch->work_count) {
		struct json_work work = patch->work[--patch->work_count];

		if (patch_pair(patch, &work))
			return -1;
	}
	if (patch->out)
		buf_add_char(patch->out, ']');
	return 0;
}
