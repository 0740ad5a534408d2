/*
 * The pickle writer's state, and the parts that it is made of: output in
 * frames, memo, scalars and text (pickle_put.c); calls (pickle_call.c);
 * containers (pickle_write.c).
 */
#ifndef CODEC_PICKLE_WRITER_H
#define CODEC_PICKLE_WRITER_H

#include "codec/pickle.h"

#define NO_FRAME SIZE_MAX
#define SINGLES	 257 /* 0: empty, c + 1: the one character or byte c */

/* A container that is being written. */
struct level {
	const struct value *items;
	struct value_seq *seq;
	uint32_t count, at;
	uint8_t kind;
	bool call; /* the list that is the argument of set() or frozenset() */
};

struct pickle_writer {
	struct buf *out;
	struct value_doc *doc;
	int protocol;
	bool framing;
	size_t frame; /* where the open frame's header is */
	struct level *levels;
	size_t depth, cap, max_depth;
	uint32_t base; /* mark of memo entry n is base + 1 + n */
	uint32_t memo;
	uint32_t texts[SINGLES], bytes[SINGLES]; /* memo entry + 1, or 0 */
	uint32_t names[NAME_COUNT], latin1;
};

/* Ends the open frame, if there is one. */
void pickle_frame_end(struct pickle_writer *writer);

/* Room for `len` bytes, inside a frame from protocol 4 on; the caller adds to
 * out->len what it wrote. NULL where the output is full. */
static inline char *room(struct pickle_writer *writer, size_t len)
{
	struct buf *out = writer->out;

	if (out->cap - out->len < len + PICKLE_FRAME_LEN &&
	    buf_reserve(out, len + PICKLE_FRAME_LEN))
		return NULL;
	if (writer->framing && writer->frame == NO_FRAME) {
		writer->frame = out->len;
		out->len += PICKLE_FRAME_LEN;
	}
	return out->ptr + out->len;
}

static inline int put(struct pickle_writer *writer, const void *bytes,
		      size_t len)
{
	char *to = room(writer, len);
	if (!to)
		return -1;
	memcpy(to, bytes, len);
	writer->out->len += len;
	return 0;
}

static inline int put_op(struct pickle_writer *writer, int op)
{
	char *to = room(writer, 1);
	if (!to)
		return -1;
	*to = (char)op;
	writer->out->len++;
	return 0;
}

/* Opcode and the low `len` bytes of `n`, low byte first. */
static inline int put_number(struct pickle_writer *writer, int op, uint64_t n,
			     size_t len)
{
	char *to = room(writer, 9);
	if (!to)
		return -1;
	*to++ = (char)op;
	for (size_t i = 0; i < len; i++)
		to[i] = (char)(n >> 8 * i);
	writer->out->len += len + 1;
	return 0;
}

/* Called before each value: a frame that is large enough ends here. */
static inline void frame_boundary(struct pickle_writer *writer)
{
	if (writer->frame != NO_FRAME &&
	    writer->out->len - writer->frame - PICKLE_FRAME_LEN >=
		    PICKLE_FRAME_END)
		pickle_frame_end(writer);
}

/* Opcode, length of `length_len` bytes, payload. */
int pickle_put_payload(struct pickle_writer *writer, int op, size_t length_len,
		       struct slice payload);

/* "p12" and the like, a line. */
int pickle_put_decimal(struct pickle_writer *writer, int op, int64_t n);

/* Fetches a memo entry. */
int pickle_get(struct pickle_writer *writer, uint32_t entry);

/* Enters what was just written; `slot` gets entry + 1 (may be NULL). */
int pickle_memoize(struct pickle_writer *writer, uint32_t *slot);

/* The same for nodes, whose marks tell their entry. */
static inline bool is_marked(const struct pickle_writer *writer, uint32_t mark)
{
	return mark > writer->base;
}

static inline int pickle_get_mark(struct pickle_writer *writer, uint32_t mark)
{
	return pickle_get(writer, mark - writer->base - 1);
}

static inline int pickle_memoize_mark(struct pickle_writer *writer,
				      uint32_t *mark)
{
	*mark = writer->base + 1 + writer->memo;
	return pickle_memoize(writer, NULL);
}

/* Scalars; text is fetched from the memo where it stands there already. */
int pickle_put_int(struct pickle_writer *writer, int64_t integer);
int pickle_put_bigint(struct pickle_writer *writer, struct slice digits,
		      struct err *err);
int pickle_put_double(struct pickle_writer *writer, double number);
int pickle_put_bool(struct pickle_writer *writer, bool boolean);
int pickle_put_text(struct pickle_writer *writer, struct slice text);
int pickle_save_text(struct pickle_writer *writer, struct value_text *text);
/* Place of a text in the table of those that are always single, or -1. */
int pickle_single_text(struct slice text);
int pickle_save_single(struct pickle_writer *writer, struct slice text,
		       int single);

/* Byte strings, and the calls that stand for what has no opcode. */
int pickle_save_bytes(struct pickle_writer *writer, struct value_text *node);
int pickle_save_bytearray(struct pickle_writer *writer,
			  struct value_text *node);
int pickle_save_name(struct pickle_writer *writer, enum pickle_name name);
int pickle_args_begin(struct pickle_writer *writer);
int pickle_args_end(struct pickle_writer *writer, int count);

#endif
