/*
 * The pickle writer's lower half: output in frames, the memo, scalars, text.
 */
#include <stdio.h>

#include "base/number.h"
#include "codec/bigint.h"
#include "codec/decimal.h"
#include "codec/fail.h"
#include "codec/pickle_writer.h"

int pickle_put_decimal(struct pickle_writer *writer, int op, int64_t n)
{
	char *to = room(writer, DECIMAL_MAX + 2);

	if (!to)
		return -1;
	to[0] = (char)op;
	size_t len = 1 + decimal_put(to + 1, n);
	to[len++] = '\n';
	writer->out->len += len;
	return 0;
}

/* Ends the open frame: fills in its length, or takes the header out again
 * where there is next to nothing in it. */
void pickle_frame_end(struct pickle_writer *writer)
{
	struct buf *out = writer->out;

	if (writer->frame == NO_FRAME || out->failed)
		return;
	size_t len = out->len - writer->frame - PICKLE_FRAME_LEN;
	char *header = out->ptr + writer->frame;
	if (len >= PICKLE_FRAME_MIN) {
		*header++ = (char)OP_FRAME;
		for (int i = 0; i < 8; i++)
			header[i] = (char)((uint64_t)len >> 8 * i);
	} else {
		memmove(header, header + PICKLE_FRAME_LEN, len);
		out->len -= PICKLE_FRAME_LEN;
	}
	writer->frame = NO_FRAME;
}

/* Opcode, length and payload; a large payload stands outside of frames. */
int pickle_put_payload(struct pickle_writer *writer, int op, size_t length_len,
		       struct slice payload)
{
	bool framing = writer->framing;
	bool large = payload.len >= PICKLE_FRAME_END;

	if (large) {
		pickle_frame_end(writer);
		writer->framing = false;
	}
	int r = put_number(writer, op, payload.len, length_len);
	if (!r)
		r = put(writer, payload.ptr, payload.len);
	writer->framing = framing;
	return r;
}

/* --- Memo ----------------------------------------------------------------- */

int pickle_get(struct pickle_writer *writer, uint32_t entry)
{
	if (writer->protocol == 0)
		return pickle_put_decimal(writer, OP_GET, entry);
	if (entry < 256)
		return put_number(writer, OP_BINGET, entry, 1);
	return put_number(writer, OP_LONG_BINGET, entry, 4);
}

/* Enters what was just written; `slot` gets entry + 1 (may be NULL). */
int pickle_memoize(struct pickle_writer *writer, uint32_t *slot)
{
	uint32_t entry = writer->memo++;

	if (slot)
		*slot = writer->memo;
	if (writer->protocol >= 4)
		return put_op(writer, OP_MEMOIZE);
	if (writer->protocol == 0)
		return pickle_put_decimal(writer, OP_PUT, entry);
	if (entry < 256)
		return put_number(writer, OP_BINPUT, entry, 1);
	return put_number(writer, OP_LONG_BINPUT, entry, 4);
}

/* --- Scalars -------------------------------------------------------------- */

/* Shortest two's complement, low byte first; `bytes` is big endian. */
static int put_long(struct pickle_writer *writer, unsigned char *bytes,
		    size_t len, bool negative)
{
	/* One zero byte stands before the magnitude for the sign. */
	if (negative) {
		for (size_t i = 0; i < len; i++)
			bytes[i] = (unsigned char)~bytes[i];
		bigint_increment(bytes, len);
	}
	while (len > 1 && bytes[0] == (negative ? 0xff : 0) &&
	       (bytes[1] & 0x80) == (negative ? 0x80 : 0)) {
		bytes++;
		len--;
	}
	for (size_t i = 0; i < len / 2; i++) {
		unsigned char swap = bytes[i];
		bytes[i] = bytes[len - 1 - i];
		bytes[len - 1 - i] = swap;
	}
	if (put_number(writer, len < 256 ? OP_LONG1 : OP_LONG4, len,
		       len < 256 ? 1 : 4))
		return -1;
	return put(writer, bytes, len);
}

static int put_wide(struct pickle_writer *writer, int64_t integer)
{
	unsigned char bytes[9] = {0};
	uint64_t size = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;

	for (size_t i = 0; i < 8; i++)
		bytes[8 - i] = (unsigned char)(size >> 8 * i);
	return put_long(writer, bytes, sizeof(bytes), integer < 0);
}

static int put_big_text(struct pickle_writer *writer, struct slice digits)
{
	put(writer, "L", 1);
	put(writer, digits.ptr, digits.len);
	return put(writer, "L\n", 2);
}

int pickle_put_bigint(struct pickle_writer *writer, struct slice digits,
		      struct err *err)
{
	struct buf bytes;

	if (writer->protocol < 2)
		return put_big_text(writer, digits);
	buf_init(&bytes, digits.len + 16);
	buf_add_char(&bytes, '\0');
	int r = bigint_magnitude(digits, &bytes);
	if (r)
		r = fail_output(err, &bytes);
	else
		r = put_long(writer, (unsigned char *)bytes.ptr, bytes.len,
			     *digits.ptr == '-');
	buf_release(&bytes);
	return r;
}

int pickle_put_int(struct pickle_writer *writer, int64_t integer)
{
	char digits[24];

	if (integer >= INT32_MIN && integer <= INT32_MAX) {
		if (writer->protocol == 0)
			return pickle_put_decimal(writer, OP_INT, integer);
		uint32_t bits = (uint32_t)integer;
		if (bits > 0xffff)
			return put_number(writer, OP_BININT, bits, 4);
		return bits > 0xff ? put_number(writer, OP_BININT2, bits, 2)
				   : put_number(writer, OP_BININT1, bits, 1);
	}
	if (writer->protocol >= 2)
		return put_wide(writer, integer);
	int len = snprintf(digits, sizeof(digits), "%lld", (long long)integer);
	return put_big_text(writer, slice_of(digits, (size_t)len));
}

int pickle_put_double(struct pickle_writer *writer, double number)
{
	char text[DOUBLE_TEXT_MAX + 2];

	if (writer->protocol == 0) {
		text[0] = OP_FLOAT;
		size_t len = double_repr(number, text + 1) + 1;
		text[len++] = '\n';
		return put(writer, text, len);
	}
	return put_number(writer, OP_BINFLOAT,
			  __builtin_bswap64(double_bits(number)), 8);
}

int pickle_put_bool(struct pickle_writer *writer, bool boolean)
{
	if (writer->protocol >= 2)
		return put_op(writer, boolean ? OP_NEWTRUE : OP_NEWFALSE);
	return put(writer, boolean ? "I01\n" : "I00\n", 4);
}

/* --- Text ----------------------------------------------------------------- */

/* Python's raw-unicode-escape, with the characters escaped that would end or
 * confuse the line. */
static int put_unicode(struct pickle_writer *writer, struct slice text)
{
	const unsigned char *at = (const unsigned char *)text.ptr;
	const unsigned char *end = at + text.len;
	char line[16];

	if (put_op(writer, OP_UNICODE))
		return -1;
	while (at < end) {
		const unsigned char *run = at;
		while (at < end && *at < 0x80 && *at >= 0x20 && *at != '\\')
			at++;
		if (at > run && put(writer, run, (size_t)(at - run)))
			return -1;
		if (at == end)
			break;
		unsigned code = *at++;
		if (code >= 0xf0) {
			code = (code & 7U) << 18 | (at[0] & 0x3fU) << 12 |
			       (at[1] & 0x3fU) << 6 | (at[2] & 0x3fU);
			at += 3;
		} else if (code >= 0xe0) {
			code = (code & 0xfU) << 12 | (at[0] & 0x3fU) << 6 |
			       (at[1] & 0x3fU);
			at += 2;
		} else if (code >= 0xc0) {
			code = (code & 0x1fU) << 6 | (at[0] & 0x3fU);
			at++;
		}
		int r;
		if (code >= 0x10000)
			r = put(writer, line,
				(size_t)snprintf(line, sizeof(line), "\\U%08x",
						 code));
		else if (code >= 256 || code == '\\' || code == 0 ||
			 code == '\n' || code == '\r' || code == 0x1a)
			r = put(writer, line,
				(size_t)snprintf(line, sizeof(line), "\\u%04x",
						 code));
		else
			r = put_op(writer, (int)code);
		if (r)
			return -1;
	}
	return put_op(writer, '\n');
}

int pickle_put_text(struct pickle_writer *writer, struct slice text)
{
	if (writer->protocol == 0)
		return put_unicode(writer, text);
	if (text.len < 256 && writer->protocol >= 4)
		return pickle_put_payload(writer, OP_SHORT_BINUNICODE, 1, text);
	return pickle_put_payload(writer, OP_BINUNICODE, 4, text);
}

/* Place of a text in the table of those that are always single, or -1. */
int pickle_single_text(struct slice text)
{
	const unsigned char *at = (const unsigned char *)text.ptr;

	if (text.len == 0)
		return 0;
	if (text.len == 1)
		return at[0] + 1;
	if (text.len == 2 && (at[0] == 0xc2 || at[0] == 0xc3))
		return ((at[0] & 3) << 6 | (at[1] & 0x3f)) + 1;
	return -1;
}

int pickle_save_single(struct pickle_writer *writer, struct slice text,
		       int single)
{
	if (writer->texts[single])
		return pickle_get(writer, writer->texts[single] - 1);
	if (pickle_put_text(writer, text))
		return -1;
	return pickle_memoize(writer, &writer->texts[single]);
}

int pickle_save_text(struct pickle_writer *writer, struct value_text *text)
{
	struct slice bytes = {text->bytes, text->len};
	int single = pickle_single_text(bytes);

	if (single >= 0)
		return pickle_save_single(writer, bytes, single);
	if (is_marked(writer, text->mark))
		return pickle_get_mark(writer, text->mark);
	if (pickle_put_text(writer, bytes))
		return -1;
	return pickle_memoize_mark(writer, &text->mark);
}
