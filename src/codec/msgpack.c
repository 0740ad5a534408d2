/*
 * MessagePack (github.com/msgpack/msgpack, spec.md): shortest forms, 64-bit
 * floats, text as str and bytes as bin. Extension types are refused, the
 * timestamp too: no other format has anything to put them in.
 */
#include "codec/build.h"
#include "codec/codecs.h"
#include "codec/fail.h"
#include "codec/walk.h"

#define FORMAT "msgpack"

/* --- Reading -------------------------------------------------------------- */

struct msgpack_reader {
	struct cursor in;
	struct build build;
};

static bool at_key(const struct build *build)
{
	return build->depth && build_top(build)->kind == VALUE_MAP &&
	       build_top(build)->left % 2 == 1;
}

/* `left` has been counted down already, so that at_key tells of this value. */
static int read_open(struct msgpack_reader *msgpack, enum value_kind kind,
		     uint64_t count, struct err *err)
{
	uint64_t items = kind == VALUE_MAP ? count * 2 : count;

	if (at_key(&msgpack->build))
		return fail_read(err, "key", cursor_offset(&msgpack->in),
				 "a key is an array or a map");
	if (items > cursor_left(&msgpack->in))
		return cursor_fail_end(&msgpack->in, err);
	return build_open(&msgpack->build, kind, items, err);
}

static int read_text(struct msgpack_reader *msgpack, enum value_kind kind,
		     uint64_t len, struct value *out, struct err *err)
{
	struct slice bytes = {0};

	if (cursor_take(&msgpack->in, len, &bytes, err))
		return -1;
	if (kind == VALUE_TEXT &&
	    cursor_check_text(&msgpack->in, bytes, false, err))
		return -1;
	if (kind == VALUE_TEXT && at_key(&msgpack->build))
		return value_key(msgpack->build.doc, bytes, out, err);
	return value_text(msgpack->build.doc, kind, bytes, out, err);
}

static int read_ext(struct msgpack_reader *msgpack, uint64_t len,
		    struct err *err)
{
	struct slice data = {0};

	if (cursor_take(&msgpack->in, len + 1, &data, err))
		return -1;
	return fail_read(err, "type", cursor_offset(&msgpack->in),
			 "an extension type (%d) cannot be read",
			 (signed char)*data.ptr);
}

static int read_float(struct msgpack_reader *msgpack, size_t width,
		      struct value *out, struct err *err)
{
	uint64_t bits = 0;
	float single;

	if (cursor_big(&msgpack->in, width, &bits, err))
		return -1;
	uint32_t low = (uint32_t)bits;
	memcpy(&single, &low, sizeof(single));
	*out = value_double(width == 4 ? (double)single : double_of_bits(bits));
	return 0;
}

/* 0xc0 to 0xdf, but nil and the booleans. 1: a container was opened. */
static int read_long(struct msgpack_reader *msgpack, unsigned char byte,
		     struct value *out, struct err *err)
{
	/* Bytes of the length or number that follows. */
	static const uint8_t widths[32] = {
		[0x04] = 1, [0x05] = 2, [0x06] = 4, [0x07] = 1, [0x08] = 2,
		[0x09] = 4, [0x0c] = 1, [0x0d] = 2, [0x0e] = 4, [0x0f] = 8,
		[0x10] = 1, [0x11] = 2, [0x12] = 4, [0x13] = 8, [0x19] = 1,
		[0x1a] = 2, [0x1b] = 4, [0x1c] = 2, [0x1d] = 4, [0x1e] = 2,
		[0x1f] = 4};
	size_t width = widths[byte & 0x1f];
	uint64_t n = 0;

	if (byte == 0xca || byte == 0xcb)
		return read_float(msgpack, byte == 0xca ? 4 : 8, out, err);
	if (width && cursor_big(&msgpack->in, width, &n, err))
		return -1;
	if (byte >= 0xc4 && byte <= 0xc6)
		return read_text(msgpack, VALUE_BYTES, n, out, err);
	if (byte >= 0xc7 && byte <= 0xc9)
		return read_ext(msgpack, n, err);
	if (byte >= 0xcc && byte <= 0xcf)
		return value_uint(msgpack->build.doc, n, out, err);
	if (byte >= 0xd0 && byte <= 0xd3) {
		*out = value_int(width == 1   ? (int8_t)n
				 : width == 2 ? (int16_t)n
				 : width == 4 ? (int32_t)n
					      : (int64_t)n);
		return 0;
	}
	if (byte >= 0xd4 && byte <= 0xd8)
		return read_ext(msgpack, (uint64_t)1 << (byte - 0xd4), err);
	if (byte >= 0xd9 && byte <= 0xdb)
		return read_text(msgpack, VALUE_TEXT, n, out, err);
	if (byte >= 0xdc)
		return read_open(msgpack, byte >= 0xde ? VALUE_MAP : VALUE_LIST,
				 n, err)
			       ? -1
			       : 1;
	return fail_read(err, "syntax", cursor_offset(&msgpack->in) - 1,
			 "0x%02x begins no value", byte);
}

/* One value, or the beginning of a container: 1 then. */
static int read_value(struct msgpack_reader *msgpack, struct value *out,
		      struct err *err)
{
	if (msgpack->in.at == msgpack->in.end)
		return cursor_fail_end(&msgpack->in, err);
	unsigned char byte = *msgpack->in.at++;
	if (byte <= 0x7f || byte >= 0xe0) {
		*out = value_int((signed char)byte);
		return 0;
	}
	if (byte <= 0x9f)
		return read_open(msgpack, byte <= 0x8f ? VALUE_MAP : VALUE_LIST,
				 byte & 0x0f, err)
			       ? -1
			       : 1;
	if (byte <= 0xbf)
		return read_text(msgpack, VALUE_TEXT, byte & 0x1f, out, err);
	if (byte == 0xc0)
		*out = value_null();
	else if (byte == 0xc2 || byte == 0xc3)
		*out = value_bool(byte == 0xc3);
	else
		return read_long(msgpack, byte, out, err);
	return 0;
}

static int read_all(struct msgpack_reader *msgpack, struct err *err)
{
	struct build *build = &msgpack->build;
	struct value value = value_null();

	for (;;) {
		int r;
		if (build->depth && build_top(build)->left == 0) {
			r = build_close(build, false, &value, err);
		} else {
			if (build->depth)
				build_top(build)->left--;
			r = read_value(msgpack, &value, err);
		}
		if (r < 0 || (r == 0 && build_add(build, value, err)))
			return -1;
		if (r == 0 && !build->depth)
			return 0;
	}
}

static int msgpack_decode(const struct codec_options *options,
			  struct slice input, struct value_doc *doc,
			  struct codec_found *found, struct err *err)
{
	struct msgpack_reader msgpack = {.in = cursor_of(input)};

	(void)found;
	build_init(&msgpack.build, options, doc);
	int r = read_all(&msgpack, err);
	if (!r && cursor_left(&msgpack.in))
		r = fail_read(err, "trailing", cursor_offset(&msgpack.in),
			      "bytes follow the value");
	if (!r)
		doc->root = msgpack.build.items[0];
	build_release(&msgpack.build);
	return r;
}

/* --- Writing -------------------------------------------------------------- */

struct msgpack_writer {
	struct buf *out;
	struct walk walk;
};

/* A length: below `limit` within the byte, else as `base`, which takes 8 bits
 * (`has8`) or 16, and the bytes after it, which take twice as many each. */
static int put_length(struct buf *out, unsigned fixed, uint32_t limit,
		      unsigned base, bool has8, uint32_t n)
{
	if (n < limit)
		return put_head(out, fixed | n, 0, 0);
	if (has8 && n <= 0xff)
		return put_head(out, base, n, 1);
	if (n <= 0xffff)
		return put_head(out, base + has8, n, 2);
	return put_head(out, base + has8 + 1, n, 4);
}

static int put_unsigned(struct buf *out, uint64_t n)
{
	if (n <= 0x7f)
		return put_head(out, (unsigned)n, 0, 0);
	if (n <= 0xff)
		return put_head(out, 0xcc, n, 1);
	if (n <= 0xffff)
		return put_head(out, 0xcd, n, 2);
	return n <= 0xffffffff ? put_head(out, 0xce, n, 4)
			       : put_head(out, 0xcf, n, 8);
}

static int put_int(struct buf *out, int64_t n)
{
	if (n >= 0)
		return put_unsigned(out, (uint64_t)n);
	if (n >= -32)
		return put_head(out, (unsigned)n & 0xff, 0, 0);
	if (n >= INT8_MIN)
		return put_head(out, 0xd0, (uint64_t)n, 1);
	if (n >= INT16_MIN)
		return put_head(out, 0xd1, (uint64_t)n, 2);
	return n >= INT32_MIN ? put_head(out, 0xd2, (uint64_t)n, 4)
			      : put_head(out, 0xd3, (uint64_t)n, 8);
}

static int put_text(struct msgpack_writer *msgpack, struct value value,
		    struct err *err)
{
	struct slice bytes = value_bytes(value);
	uint32_t len = value.text->len;
	int r;

	if (value.kind != VALUE_TEXT) {
		r = put_length(msgpack->out, 0, 0, 0xc4, true, len);
	} else {
		if (text_has_surrogate(bytes))
			return walk_fail_surrogate(&msgpack->walk, err, FORMAT);
		r = put_length(msgpack->out, 0xa0, 32, 0xd9, true, len);
	}
	return r ? -1 : buf_add_slice(msgpack->out, bytes);
}

static int put_open(struct msgpack_writer *msgpack, struct value value,
		    struct err *err)
{
	uint32_t count = value.seq->count;

	if (msgpack->walk.depth && walk_at_key(&msgpack->walk))
		return walk_fail_key(&msgpack->walk, err,
				     (enum value_kind)value.kind, FORMAT);
	if (value.kind == VALUE_SET || value.kind == VALUE_FROZENSET)
		return walk_fail_kind(&msgpack->walk, err,
				      (enum value_kind)value.kind, FORMAT);
	int r = value.kind == VALUE_MAP ? put_length(msgpack->out, 0x80, 16,
						     0xde, false, count / 2)
					: put_length(msgpack->out, 0x90, 16,
						     0xdc, false, count);
	return r ? -1 : walk_push(&msgpack->walk, value, err);
}

static int put_value(struct msgpack_writer *msgpack, struct value value,
		     struct err *err)
{
	uint64_t n;

	switch (value.kind) {
	case VALUE_NULL:
		return put_head(msgpack->out, 0xc0, 0, 0);
	case VALUE_BOOL:
		return put_head(msgpack->out, value.boolean ? 0xc3 : 0xc2, 0,
				0);
	case VALUE_INT:
		return put_int(msgpack->out, value.integer);
	case VALUE_BIG:
		if (!value_get_uint(value, &n))
			return walk_fail_range(&msgpack->walk, err,
					       "an integer past 64 bits",
					       FORMAT);
		return put_unsigned(msgpack->out, n);
	case VALUE_DOUBLE:
		return put_head(msgpack->out, 0xcb, double_bits(value.number),
				8);
	case VALUE_TEXT:
	case VALUE_BYTES:
	case VALUE_BYTEARRAY:
		return put_text(msgpack, value, err);
	default:
		return put_open(msgpack, value, err);
	}
}

static int msgpack_encode(const struct codec_options *options,
			  struct value_doc *doc, struct buf *out,
			  struct err *err)
{
	struct msgpack_writer msgpack = {.out = out};
	struct value value = doc->root;
	struct walk *walk = &msgpack.walk;
	int r;

	walk_init(walk, options->max_depth);
	for (;;) {
		r = put_value(&msgpack, value, err);
		while (walk->depth &&
		       walk_top(walk)->at == walk_top(walk)->count)
			walk->depth--;
		if (r || !walk->depth)
			break;
		value = walk_next(walk);
	}
	walk_release(walk);
	return r;
}

const struct codec codec_msgpack = {
	.name = "msgpack",
	.summary = "MessagePack",
	.decode = msgpack_decode,
	.encode = msgpack_encode,
};
