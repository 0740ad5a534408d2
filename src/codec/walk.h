/*
 * A writer's way through a document: a stack of containers and where each one
 * is. It also knows the path of the value at hand, for messages.
 *
 *	value = doc->root;
 *	for (;;) {
 *		... write it; a container: walk_push ...
 *		while walk.depth and the top is through: close it, walk.depth--
 *		if (!walk.depth) break;
 *		value = walk_next(&walk);
 *	}
 */
#ifndef CODEC_WALK_H
#define CODEC_WALK_H

#include "cherry/codec.h"

struct walk_frame {
	const struct value *items;
	uint32_t count, at; /* at: the next item */
	uint8_t kind;
};

struct walk {
	struct walk_frame *frames;
	size_t depth, cap, max_depth;
};

#define WALK_PATH_MAX 200

void walk_init(struct walk *walk, size_t max_depth);
void walk_release(struct walk *walk);

/* Enters a container. ERR_LIMIT "depth". */
int walk_push(struct walk *walk, struct value value,
	      struct err *err) MUST_CHECK;

static inline struct walk_frame *walk_top(const struct walk *walk)
{
	return &walk->frames[walk->depth - 1];
}

/* The next item of the top, which has one. */
static inline struct value walk_next(struct walk *walk)
{
	struct walk_frame *top = walk_top(walk);
	return top->items[top->at++];
}

/* Is the item that walk_next gave last a map's key? */
static inline bool walk_at_key(const struct walk *walk)
{
	const struct walk_frame *top = walk_top(walk);
	return top->kind == VALUE_MAP && (top->at & 1);
}

/* The path of the item that walk_next gave last: `$.users[3].id`. A key's is
 * that of its map. Cut in the middle if it is long. */
const char *walk_path(const struct walk *walk, char out[WALK_PATH_MAX]);

/* ERR_UNSUPPORTED of that class, a format and its arguments follow; the message
 * begins with the path. A macro, so that it is seen to be -1. */
#define walk_fail(walk, err, reason, ...)                                      \
	(err_reason((err), ERR_UNSUPPORTED, (reason), __VA_ARGS__),            \
	 walk_prefix((walk), (err)), -1)

/* Puts the path before the message. */
void walk_prefix(const struct walk *walk, struct err *err);

/* The usual ones: a kind that `format` does not have, such a key, an integer
 * it has no room for, a lone surrogate. */
int walk_fail_kind(const struct walk *walk, struct err *err,
		   enum value_kind kind, const char *format);
int walk_fail_key(const struct walk *walk, struct err *err,
		  enum value_kind kind, const char *format);
int walk_fail_range(const struct walk *walk, struct err *err, const char *what,
		    const char *format);
int walk_fail_surrogate(const struct walk *walk, struct err *err,
			const char *format);

/* Does the text hold a lone surrogate (three bytes ED A0..BF xx)? */
bool text_has_surrogate(struct slice text);

#endif
