/*
 * The stack of a writer, and the paths and messages that come from it.
 */
#include "codec/walk.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/fail.h"

#define STEP_MAX   60 /* bytes of one step of a path */
#define STEPS_HEAD 2  /* steps that are shown before a cut */

void walk_init(struct walk *walk, size_t max_depth)
{
	*walk = (struct walk){.max_depth = max_depth};
}

void walk_release(struct walk *walk)
{
	free(walk->frames);
	walk->frames = NULL;
	walk->depth = 0;
}

int walk_push(struct walk *walk, struct value value, struct err *err)
{
	if (walk->depth == walk->max_depth)
		return fail_depth(err, walk->max_depth);
	if (walk->depth == walk->cap) {
		size_t cap = walk->cap ? walk->cap * 2 : 32;
		struct walk_frame *frames =
			realloc(walk->frames, cap * sizeof(*frames));
		if (!frames)
			return fail_depth(err, walk->cap);
		walk->frames = frames;
		walk->cap = cap;
	}
	walk->frames[walk->depth++] =
		(struct walk_frame){.items = value.seq->items,
				    .count = value.seq->count,
				    .kind = value.kind};
	return 0;
}

static bool is_word(struct slice text)
{
	if (!text.len || text.len > 32 ||
	    (text.ptr[0] >= '0' && text.ptr[0] <= '9'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return true;
}

static void put_step(struct buf *out, const struct walk_frame *frame)
{
	char quoted[STEP_MAX];
	uint32_t at = frame->at ? frame->at - 1 : 0;

	if (frame->kind != VALUE_MAP) {
		buf_printf(out, "[%u]", at);
		return;
	}
	struct value key = frame->items[at & ~1U];
	if (key.kind == VALUE_INT)
		buf_printf(out, "[%lld]", (long long)key.integer);
	else if (key.kind == VALUE_TEXT && is_word(value_bytes(key)))
		buf_printf(out, ".%s", key.text->bytes);
	else if (value_is_text(key))
		buf_printf(out, "[\"%s\"]",
			   err_quote(quoted, sizeof(quoted) - 4,
				     value_bytes(key)));
	else
		buf_printf(out, "[%s]",
			   value_kind_name((enum value_kind)key.kind));
}

const char *walk_path(const struct walk *walk, char out[WALK_PATH_MAX])
{
	struct buf path;
	size_t depth = walk->depth;

	/* A key's path is the map's. */
	if (depth && walk_top(walk)->kind == VALUE_MAP &&
	    (walk_top(walk)->at & 1))
		depth--;
	buf_init(&path, 1024);
	buf_add_char(&path, '$');
	/* What was chosen fits: two steps, dots, and as many as there is room
	 * for of the last ones. */
	for (size_t i = 0; i < depth && i < STEPS_HEAD && path.len < 100; i++)
		put_step(&path, &walk->frames[i]);
	size_t tail = depth;
	size_t room = WALK_PATH_MAX - path.len - 8;
	struct buf step;
	buf_init(&step, 256);
	while (tail > STEPS_HEAD) {
		buf_clear(&step);
		put_step(&step, &walk->frames[tail - 1]);
		if (step.len > room)
			break;
		room -= step.len;
		tail--;
	}
	buf_release(&step);
	if (tail > STEPS_HEAD)
		buf_add_text(&path, "...");
	for (size_t i = tail < STEPS_HEAD ? depth : tail; i < depth; i++)
		put_step(&path, &walk->frames[i]);
	snprintf(out, WALK_PATH_MAX, "%.*s", (int)path.len,
		 path.ptr ? path.ptr : "");
	buf_release(&path);
	return out;
}

void walk_prefix(const struct walk *walk, struct err *err)
{
	char path[WALK_PATH_MAX];
	char message[sizeof(err->message)];

	if (!err)
		return;
	snprintf(message, sizeof(message), "%s: %.250s", walk_path(walk, path),
		 err->message);
	memcpy(err->message, message, sizeof(message));
}

int walk_fail_kind(const struct walk *walk, struct err *err,
		   enum value_kind kind, const char *format)
{
	return walk_fail(walk, err, "type", "%s cannot be written as %s",
			 value_kind_name(kind), format);
}

int walk_fail_key(const struct walk *walk, struct err *err,
		  enum value_kind kind, const char *format)
{
	return walk_fail(walk, err, "key", "%s cannot be a key in %s",
			 value_kind_name(kind), format);
}

int walk_fail_range(const struct walk *walk, struct err *err, const char *what,
		    const char *format)
{
	return walk_fail(walk, err, "range", "%s cannot be written as %s", what,
			 format);
}

int walk_fail_surrogate(const struct walk *walk, struct err *err,
			const char *format)
{
	return walk_fail(walk, err, "encoding",
			 "text with a lone surrogate cannot be written as %s",
			 format);
}

bool text_has_surrogate(struct slice text)
{
	const char *at = text.ptr;
	const char *end = text.ptr + text.len;

	while (end - at >= 3 &&
	       (at = memchr(at, 0xed, (size_t)(end - at - 2)))) {
		if ((unsigned char)at[1] >= 0xa0)
			return true;
		at++;
	}
	return false;
}
