/*
 * The pickle reader's scalars: lines of text (numbers in decimal, quoted byte
 * strings, escaped text), binary numbers, and bytes behind their length.
 */
#include <math.h>
#include <stdlib.h>

#include "codec/float.h"
#include "base/text.h"
#include "codec/bigint.h"
#include "codec/fail.h"
#include "codec/pickle.h"

int pickle_line(struct pickle_reader *reader, struct slice *out,
		struct err *err)
{
	struct cursor *in = &reader->in;
	const unsigned char *end =
		cursor_left(in) ? memchr(in->at, '\n', cursor_left(in)) : NULL;

	if (!end)
		return cursor_fail_end(in, err);
	*out = slice_of(in->at, (size_t)(end - in->at));
	in->at = end + 1;
	return 0;
}

static int read_int(struct pickle_reader *reader, struct value *out,
		    struct err *err)
{
	struct slice line = {0};

	if (pickle_line(reader, &line, err))
		return -1;
	if (slice_is(line, "00") || slice_is(line, "01")) {
		*out = value_bool(line.ptr[1] == '1');
		return 0;
	}
	return value_decimal(reader->doc, line, reader->options->max_digits,
			     out, err);
}

static int read_long(struct pickle_reader *reader, struct value *out,
		     struct err *err)
{
	struct slice line = {0};

	if (pickle_line(reader, &line, err))
		return -1;
	if (line.len && line.ptr[line.len - 1] == 'L')
		line.len--;
	return value_decimal(reader->doc, line, reader->options->max_digits,
			     out, err);
}

static int read_float(struct pickle_reader *reader, struct value *out,
		      struct err *err)
{
	struct slice line = {0};
	double number;

	if (pickle_line(reader, &line, err))
		return -1;
	if (float_parse(line, &number))
		return pickle_fail(reader, err, "a float is malformed");
	if (isinf(number) && line.ptr[line.len - 1] >= '0' &&
	    line.ptr[line.len - 1] <= '9')
		return fail_read(err, "range", cursor_offset(&reader->in),
				 "a float is too large for a double");
	*out = value_double(number);
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* `count` hexadecimal digits, or -1. */
static int64_t hex_number(struct slice digits, size_t count)
{
	int64_t sum = 0;

	if (digits.len < count)
		return -1;
	for (size_t i = 0; i < count; i++) {
		int digit = hex_digit(digits.ptr[i]);
		if (digit < 0)
			return -1;
		sum = sum << 4 | digit;
	}
	return sum;
}

/* One escape of a quoted byte string, `text` begins behind the backslash;
 * returns the bytes taken, 0 if it is malformed. An unknown escape stands for
 * itself, backslash included. */
static size_t unescape_byte(struct slice text, struct buf *out)
{
	static const char plain[] = "\\\\''\"\"a\ab\bf\fn\nr\rt\tv\v";
	char c = *text.ptr;

	if (c == '\n')
		return 1;
	for (size_t i = 0; plain[i]; i += 2)
		if (plain[i] == c)
			return buf_add_char(out, plain[i + 1]) ? 0 : 1;
	if (c == 'x') {
		int64_t byte =
			hex_number(slice_of(text.ptr + 1, text.len - 1), 2);
		if (byte < 0 || buf_add_char(out, (char)byte))
			return 0;
		return 3;
	}
	if (c >= '0' && c <= '7') {
		int byte = 0;
		size_t len = 0;
		while (len < 3 && len < text.len && text.ptr[len] >= '0' &&
		       text.ptr[len] <= '7')
			byte = byte * 8 + text.ptr[len++] - '0';
		return buf_add_char(out, (char)byte) ? 0 : len;
	}
	buf_add_char(out, '\\');
	return buf_add_char(out, c) ? 0 : 1;
}

/* Python 2's str: text where it is ASCII. What else it was nobody knows, so
 * that it stays a byte string. */
static int python2_string(struct pickle_reader *reader, struct slice bytes,
			  struct value *out, struct err *err)
{
	enum value_kind kind = VALUE_TEXT;

	for (size_t i = 0; i < bytes.len; i++)
		if ((unsigned char)bytes.ptr[i] >= 0x80)
			kind = VALUE_BYTES;
	return value_text(reader->doc, kind, bytes, out, err);
}

static int read_string(struct pickle_reader *reader, struct value *out,
		       struct err *err)
{
	struct slice line = {0};

	if (pickle_line(reader, &line, err))
		return -1;
	if (line.len < 2 || (*line.ptr != '\'' && *line.ptr != '"') ||
	    line.ptr[line.len - 1] != *line.ptr)
		return pickle_fail(reader, err,
				   "the argument of STRING is not in quotes");
	line = slice_of(line.ptr + 1, line.len - 2);
	buf_clear(&reader->scratch);
	for (size_t i = 0; i < line.len;) {
		const char *escape = memchr(line.ptr + i, '\\', line.len - i);
		size_t run =
			escape ? (size_t)(escape - line.ptr) - i : line.len - i;
		buf_add(&reader->scratch, line.ptr + i, run);
		i += run;
		if (!escape)
			break;
		size_t taken = ++i < line.len
				       ? unescape_byte(slice_of(line.ptr + i,
								line.len - i),
						       &reader->scratch)
				       : 0;
		if (!taken)
			return pickle_fail(reader, err,
					   "an escape is malformed");
		i += taken;
	}
	return python2_string(reader, buf_slice(&reader->scratch), out, err);
}

/* Python's raw-unicode-escape: Latin-1 bytes, \uXXXX, \UXXXXXXXX. A backslash
 * before anything else stands for itself and takes the next byte along. */
static int unescape_text(struct slice line, struct buf *out)
{
	char utf8[4];

	for (size_t i = 0; i < line.len; i++) {
		size_t run = i;
		while (run < line.len && (signed char)line.ptr[run] >= 0 &&
		       line.ptr[run] != '\\')
			run++;
		buf_add(out, line.ptr + i, run - i);
		i = run;
		if (i == line.len)
			break;
		unsigned char c = (unsigned char)line.ptr[i];
		if (c != '\\' || i + 1 == line.len) {
			buf_add(out, utf8, utf8_put(utf8, c));
			continue;
		}
		char kind = line.ptr[++i];
		if (kind != 'u' && kind != 'U') {
			buf_add_char(out, '\\');
			buf_add(out, utf8, utf8_put(utf8, (unsigned char)kind));
			continue;
		}
		size_t len = kind == 'u' ? 4 : 8;
		int64_t code = hex_number(
			slice_of(line.ptr + i + 1, line.len - i - 1), len);
		if (code < 0 || code > 0x10ffff)
			return -1;
		buf_add(out, utf8, utf8_put(utf8, (uint32_t)code));
		i += len;
	}
	return out->failed ? -1 : 0;
}

static int read_unicode(struct pickle_reader *reader, struct value *out,
			struct err *err)
{
	struct slice line = {0};

	if (pickle_line(reader, &line, err))
		return -1;
	buf_clear(&reader->scratch);
	if (unescape_text(line, &reader->scratch))
		return pickle_fail(reader, err, "an escape is malformed");
	return value_text(reader->doc, VALUE_TEXT, buf_slice(&reader->scratch),
			  out, err);
}

static int read_binary(struct pickle_reader *reader, uint64_t len,
		       struct value *out, struct err *err)
{
	struct slice bytes = {0};

	if (cursor_take(&reader->in, len, &bytes, err))
		return -1;
	bool negative =
		bytes.len && ((unsigned char)bytes.ptr[bytes.len - 1] & 0x80);
	if (bytes.len <= 8) {
		uint64_t sum = negative ? UINT64_MAX : 0;
		for (size_t i = bytes.len; i-- > 0;)
			sum = sum << 8 | (unsigned char)bytes.ptr[i];
		*out = value_int((int64_t)sum);
		return 0;
	}
	if (bytes.len > reader->options->max_digits)
		return fail_limit(err, "digits", (int64_t)bytes.len, "size",
				  "an integer has too many digits");
	buf_clear(&reader->scratch);
	if (buf_reserve(&reader->scratch, bytes.len))
		return fail_output(err, &reader->scratch);
	unsigned char *big = (unsigned char *)reader->scratch.ptr;
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char byte =
			(unsigned char)bytes.ptr[bytes.len - 1 - i];
		big[i] = negative ? (unsigned char)~byte : byte;
	}
	/* -2^(8n) has a magnitude that does not fit n bytes, but the sign bit
	 * of such a number is never set in n bytes. */
	if (negative)
		bigint_increment(big, bytes.len);
	return bigint_value(reader->doc, slice_of(big, bytes.len), negative,
			    reader->options->max_digits, out, err);
}

/* Opcodes with a length of `width` bytes and as many bytes. */
int pickle_op_payload(struct pickle_reader *reader, int op, size_t width,
		      struct err *err)
{
	enum value_kind kind = VALUE_TEXT;
	struct slice bytes = {0};
	struct value value;
	uint64_t len;

	if (cursor_little(&reader->in, width, &len, err))
		return -1;
	if (op == OP_BINSTRING && len > INT32_MAX)
		return pickle_fail(reader, err, "a length is negative");
	if (cursor_take(&reader->in, len, &bytes, err))
		return -1;
	if (op == OP_BINSTRING || op == OP_SHORT_BINSTRING) {
		if (python2_string(reader, bytes, &value, err))
			return -1;
		return pickle_push(reader, value, err);
	}
	if (op == OP_SHORT_BINUNICODE || op == OP_BINUNICODE ||
	    op == OP_BINUNICODE8) {
		if (cursor_check_text(&reader->in, bytes, true, err))
			return -1;
	} else {
		kind = op == OP_BYTEARRAY8 ? VALUE_BYTEARRAY : VALUE_BYTES;
	}
	if (value_text(reader->doc, kind, bytes, &value, err))
		return -1;
	return pickle_push(reader, value, err);
}

int pickle_op_binary(struct pickle_reader *reader, int op, size_t width,
		     struct err *err)
{
	struct value value;
	uint64_t n;

	if (cursor_little(&reader->in, width, &n, err))
		return -1;
	switch (op) {
	case OP_BININT:
		value = value_int((int32_t)(uint32_t)n);
		break;
	case OP_BINFLOAT:
		value = value_double(double_of_bits(__builtin_bswap64(n)));
		break;
	case OP_LONG4:
		if (n > INT32_MAX)
			return pickle_fail(reader, err, "a length is negative");
		/* fall through */
	case OP_LONG1:
		if (read_binary(reader, n, &value, err))
			return -1;
		break;
	default:
		value = value_int((int64_t)n);
	}
	return pickle_push(reader, value, err);
}

int pickle_op_line(struct pickle_reader *reader, int op, struct err *err)
{
	struct value value;
	int r;

	switch (op) {
	case OP_INT:
		r = read_int(reader, &value, err);
		break;
	case OP_LONG:
		r = read_long(reader, &value, err);
		break;
	case OP_FLOAT:
		r = read_float(reader, &value, err);
		break;
	case OP_STRING:
		r = read_string(reader, &value, err);
		break;
	default:
		r = read_unicode(reader, &value, err);
	}
	return r ? -1 : pickle_push(reader, value, err);
}
