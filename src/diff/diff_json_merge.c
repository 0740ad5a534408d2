/*
 * RFC 7396 merge patches. A null in a merge patch removes a member, so a
 * member that is null in the new value and was not in the old one cannot be
 * made; nor can an object with a null member where there was no such object.
 * Arrays are replaced as a whole and may hold anything.
 */
#include "diff/diff_json.h"

struct merge_frame {
	const struct json_value *old_value, *new_value;
	uint32_t old_at, new_at;
};

struct merge {
	struct arena *arena;
	struct buf *out;
	struct merge_frame *frames;
	size_t count, cap;
	struct err *err;
};

static int merge_memory(struct merge *merge)
{
	return err_limit(merge->err, "memory", (int64_t)merge->arena->max,
			 "the comparison needs more than %zu bytes of memory",
			 merge->arena->max);
}

static int merge_push(struct merge *merge, const struct json_value *old_value,
		      const struct json_value *new_value)
{
	struct merge_frame *frames =
		arena_extend(merge->arena, merge->frames, merge->count,
			     &merge->cap, sizeof(*frames));

	if (!frames)
		return merge_memory(merge);
	merge->frames = frames;
	merge->frames[merge->count++] =
		(struct merge_frame){old_value, new_value, 0, 0};
	buf_add_char(merge->out, '{');
	return 0;
}

static void merge_put_key(struct merge *merge, const struct json_node *member)
{
	json_put_comma(merge->out);
	buf_add_char(merge->out, '"');
	json_patch_put_key(merge->out, member->key, false);
	buf_add_text(merge->out, "\":");
}

/* A value that the old side does not have, or has as something else. */
static int merge_put_whole(struct merge *merge, const struct json_value *value)
{
	char name[84];

	if (value->null_member || value->type == JSON_NULL)
		return err_reason(merge->err, ERR_UNSUPPORTED, "null",
				  "a merge patch cannot set a member to null, "
				  "as \"%s\" of the new value %s",
				  err_quote(name, 80, value->node->key),
				  value->type == JSON_NULL ? "is"
							   : "needs inside");
	buf_add_slice(merge->out, value->node->raw);
	return 0;
}

/* The next member of the new object that the patch must name. 1, 0 at the
 * end, -1. */
static int merge_next(struct merge *merge)
{
	struct merge_frame *frame = &merge->frames[merge->count - 1];
	const struct json_value *old, *child;

	while (frame->new_at < frame->new_value->count) {
		child = &frame->new_value->children[frame->new_at++];
		old = json_value_member(frame->old_value, child->key);
		if (old && old->id == child->id)
			continue;
		merge_put_key(merge, child->node);
		if (old && old->type == JSON_OBJECT &&
		    child->type == JSON_OBJECT)
			return merge_push(merge, old, child) ? -1 : 1;
		return merge_put_whole(merge, child) ? -1 : 1;
	}
	while (frame->old_at < frame->old_value->count) {
		old = &frame->old_value->children[frame->old_at++];
		if (json_value_member(frame->new_value, old->key))
			continue;
		merge_put_key(merge, old->node);
		buf_add_text(merge->out, "null");
	}
	return 0;
}

int json_merge_run(struct arena *arena, const struct json_value *old_value,
		   const struct json_value *new_value, struct buf *out,
		   struct err *err)
{
	struct merge merge = {.arena = arena, .out = out, .err = err};

	if (new_value->type == JSON_NULL) {
		/* As a whole, null is a value like any other. */
		buf_add_text(out, "null");
		return 0;
	}
	if (old_value->type != JSON_OBJECT || new_value->type != JSON_OBJECT)
		return merge_put_whole(&merge, new_value);
	if (merge_push(&merge, old_value, new_value))
		return -1;
	while (merge.count) {
		int more = merge_next(&merge);

		if (more < 0)
			return -1;
		if (more)
			continue;
		buf_add_char(out, '}');
		merge.count--;
	}
	return 0;
}
