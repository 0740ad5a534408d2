/*
 * What readers share: the stack on which values wait until their container
 * ends, and a cursor over bytes.
 */
#ifndef CODEC_BUILD_H
#define CODEC_BUILD_H

#include "cherry/codec.h"

/* A container that is being read. */
struct build_level {
	size_t start;	/* of its items in `items` */
	uint64_t left;	/* items to come, for formats that count them */
	uint8_t kind;	/* enum value_kind */
	uint8_t flags;	/* the reader's own */
	uint32_t extra; /* likewise */
};

struct build {
	struct value_doc *doc;
	const struct codec_options *options;
	struct value *items;
	size_t count, cap;
	struct build_level *levels;
	size_t depth, level_cap;
	uint64_t values;
};

void build_init(struct build *build, const struct codec_options *options,
		struct value_doc *doc);
void build_release(struct build *build);

/* Opens a container. ERR_LIMIT "depth". */
int build_open(struct build *build, enum value_kind kind, uint64_t left,
	       struct err *err) MUST_CHECK;

static inline struct build_level *build_top(const struct build *build)
{
	return &build->levels[build->depth - 1];
}

int build_grow(struct build *build, struct err *err) MUST_CHECK;

/* Adds a value to the container on top (or makes it the root). */
static inline int build_add(struct build *build, struct value value,
			    struct err *err)
{
	if (build->count == build->cap && build_grow(build, err))
		return -1;
	/* Field by field: the whole handle, read back right after its two
	 * parts were written, would wait for both stores. */
	struct value *item = &build->items[build->count++];
	item->kind = value.kind;
	item->integer = value.integer;
	return 0;
}

/*
 * Closes the container on top: its items become a node, which is not added
 * anywhere yet. Maps and sets are settled. `unique`: equal keys are an error.
 */
int build_close(struct build *build, bool unique, struct value *out,
		struct err *err) MUST_CHECK;

/* --- Bytes ---------------------------------------------------------------- */

struct cursor {
	const unsigned char *begin, *at, *end;
};

static inline struct cursor cursor_of(struct slice input)
{
	const unsigned char *ptr = input.len ? (const unsigned char *)input.ptr
					     : (const unsigned char *)"";
	return (struct cursor){ptr, ptr, ptr + input.len};
}

static inline size_t cursor_left(const struct cursor *cursor)
{
	return (size_t)(cursor->end - cursor->at);
}

static inline int64_t cursor_offset(const struct cursor *cursor)
{
	return cursor->at - cursor->begin;
}

/* "truncated", at the end of the input. */
#define cursor_fail_end(cursor, err) (cursor_set_end((cursor), (err)), -1)
void cursor_set_end(const struct cursor *cursor, struct err *err);

/* Takes `len` bytes. */
static inline int cursor_take(struct cursor *cursor, uint64_t len,
			      struct slice *out, struct err *err)
{
	if (len > cursor_left(cursor))
		return cursor_fail_end(cursor, err);
	*out = slice_of(cursor->at, (size_t)len);
	cursor->at += len;
	return 0;
}

/* An unsigned integer of 1 to 8 bytes, either end first. */
int cursor_big(struct cursor *cursor, size_t len, uint64_t *out,
	       struct err *err) MUST_CHECK;
int cursor_little(struct cursor *cursor, size_t len, uint64_t *out,
		  struct err *err) MUST_CHECK;

/* Checks that text is UTF-8; `surrogates` lets lone ones through. The offset
 * in the error is relative to the cursor's beginning. */
int cursor_check_text(const struct cursor *cursor, struct slice text,
		      bool surrogates, struct err *err) MUST_CHECK;

/* Bits of a big-endian binary64 as a double and back. */
static inline double double_of_bits(uint64_t bits)
{
	double number;
	memcpy(&number, &bits, sizeof(number));
	return number;
}

static inline uint64_t double_bits(double number)
{
	uint64_t bits;
	memcpy(&bits, &number, sizeof(bits));
	return bits;
}

/* Appends a byte and the low `width` bytes of an integer, high byte first. */
static inline int put_head(struct buf *out, unsigned byte, uint64_t integer,
			   size_t width)
{
	if (buf_reserve(out, 9))
		return -1;
	char *to = out->ptr + out->len;
	*to++ = (char)byte;
	for (size_t i = 0; i < width; i++)
		to[i] = (char)(integer >> 8 * (width - 1 - i));
	out->len += 1 + width;
	return 0;
}

#endif
