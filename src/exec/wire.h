/*
 * The parts of a message's body: numbers in the machine's own order, byte
 * strings with a u32 length in front.
 *
 * The reader never passes the end: once something is missing or too long,
 * `bad` sticks and everything read after it is 0 or empty, so that a decoder
 * may read all its members and look at `bad` before it uses one.
 */
#ifndef EXEC_WIRE_H
#define EXEC_WIRE_H

#include "cherry/buf.h"

struct wire_reader {
	struct slice rest;
	bool bad;
};

static inline void wire_put_u8(struct buf *out, unsigned value)
{
	buf_add_char(out, (char)(unsigned char)value);
}

static inline void wire_put_u32(struct buf *out, uint32_t value)
{
	buf_add(out, &value, sizeof(value));
}

static inline void wire_put_u64(struct buf *out, uint64_t value)
{
	buf_add(out, &value, sizeof(value));
}

/* Bytes longer than a u32 make the buffer fail: no frame is that long. */
static inline void wire_put_bytes(struct buf *out, struct slice bytes)
{
	if (bytes.len > UINT32_MAX) {
		out->failed = true;
		return;
	}
	wire_put_u32(out, (uint32_t)bytes.len);
	buf_add_slice(out, bytes);
}

static inline void wire_get(struct wire_reader *in, void *out, size_t len)
{
	if (in->bad || in->rest.len < len) {
		in->bad = true;
		memset(out, 0, len);
		return;
	}
	memcpy(out, in->rest.ptr, len);
	in->rest.ptr += len;
	in->rest.len -= len;
}

static inline unsigned wire_get_u8(struct wire_reader *in)
{
	unsigned char value;

	wire_get(in, &value, sizeof(value));
	return value;
}

static inline uint32_t wire_get_u32(struct wire_reader *in)
{
	uint32_t value;

	wire_get(in, &value, sizeof(value));
	return value;
}

static inline uint64_t wire_get_u64(struct wire_reader *in)
{
	uint64_t value;

	wire_get(in, &value, sizeof(value));
	return value;
}

static inline struct slice wire_get_bytes(struct wire_reader *in)
{
	size_t len = wire_get_u32(in);
	struct slice bytes = {in->rest.ptr, len};

	if (in->bad || len > in->rest.len) {
		in->bad = true;
		return (struct slice){"", 0};
	}
	in->rest.ptr += len;
	in->rest.len -= len;
	return bytes;
}

/* A number below `count`, such as an enum. */
static inline unsigned wire_get_below(struct wire_reader *in, unsigned count)
{
	unsigned value = wire_get_u8(in);

	if (value < count)
		return value;
	in->bad = true;
	return 0;
}

/* The length of a list whose items take at least `item` bytes each: never
 * more than the bytes that are left could hold. */
static inline size_t wire_get_count(struct wire_reader *in, size_t item,
				    size_t max)
{
	size_t count = wire_get_u32(in);

	if (count > max || count > in->rest.len / item) {
		in->bad = true;
		return 0;
	}
	return count;
}

static inline bool wire_done(const struct wire_reader *in)
{
	return !in->bad && in->rest.len == 0;
}

#endif
