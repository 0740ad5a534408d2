/*
 * Reads CBOR: all widths of lengths and floats, indefinite lengths, bignums,
 * sets. An array as a key is a tuple, a set in a key a frozenset. Other tags,
 * undefined and other simple values are refused: there is no value for them.
 */
#include <math.h>
#include <stdlib.h>

#include "codec/bigint.h"
#include "codec/build.h"
#include "codec/cbor.h"
#include "codec/fail.h"

#define INDEFINITE UINT64_MAX /* of build_level.left */
#define BREAK	   0xff
#define FLAG_KEY   1 /* of build_level.flags: all in it is part of a key */

struct cbor_reader {
	struct cursor in;
	struct build build;
	struct buf scratch;
	bool set; /* a tag says that the array to come is one */
};

static int fail_syntax(const struct cbor_reader *cbor, const char *message,
		       struct err *err)
{
	return fail_read(err, "syntax", cursor_offset(&cbor->in), "%s",
			 message);
}

static int fail_type(const struct cbor_reader *cbor, const char *what,
		     uint64_t n, struct err *err)
{
	return fail_read(err, "type", cursor_offset(&cbor->in),
			 "%s %llu cannot be read", what, (unsigned long long)n);
}

/* The number in or behind an initial byte. 31 is left to the caller. */
static int read_number(struct cbor_reader *cbor, unsigned char initial,
		       uint64_t *out, struct err *err)
{
	unsigned info = initial & 0x1f;

	*out = info;
	if (info < 24)
		return 0;
	if (info > 27)
		return fail_syntax(cbor, "an initial byte is reserved", err);
	return cursor_big(&cbor->in, (size_t)1 << (info - 24), out, err);
}

static bool is_indefinite(unsigned char initial)
{
	return (initial & 0x1f) == 31;
}

/* Is the value to come a key, or a part of one? */
static bool at_key(const struct build *build)
{
	if (!build->depth)
		return false;
	const struct build_level *top = build_top(build);
	return (top->flags & FLAG_KEY) ||
	       (top->kind == VALUE_MAP && (build->count - top->start) % 2 == 0);
}

/* A string: one piece, or chunks up to a break, put together in scratch. */
static int read_bytes(struct cbor_reader *cbor, unsigned char initial,
		      struct slice *out, struct err *err)
{
	unsigned major = initial >> 5;
	uint64_t len;

	if (!is_indefinite(initial)) {
		if (read_number(cbor, initial, &len, err) ||
		    cursor_take(&cbor->in, len, out, err))
			return -1;
		return major == CBOR_TEXT
			       ? cursor_check_text(&cbor->in, *out, false, err)
			       : 0;
	}
	buf_clear(&cbor->scratch);
	for (;;) {
		struct slice chunk = {0};
		if (cbor->in.at == cbor->in.end)
			return cursor_fail_end(&cbor->in, err);
		unsigned char byte = *cbor->in.at++;
		if (byte == BREAK)
			break;
		if (byte >> 5 != major || is_indefinite(byte))
			return fail_syntax(cbor,
					   "a chunk is not a string of the "
					   "same type",
					   err);
		if (read_number(cbor, byte, &len, err) ||
		    cursor_take(&cbor->in, len, &chunk, err) ||
		    (major == CBOR_TEXT &&
		     cursor_check_text(&cbor->in, chunk, false, err)))
			return -1;
		buf_add_slice(&cbor->scratch, chunk);
	}
	*out = slice_of(cbor->scratch.len ? cbor->scratch.ptr : "",
			cbor->scratch.len);
	return cbor->scratch.failed ? fail_output(err, &cbor->scratch) : 0;
}

static int read_string(struct cbor_reader *cbor, unsigned char initial,
		       struct value *out, struct err *err)
{
	bool text = initial >> 5 == CBOR_TEXT;
	struct slice bytes = {0};

	if (read_bytes(cbor, initial, &bytes, err))
		return -1;
	if (text && at_key(&cbor->build))
		return value_key(cbor->build.doc, bytes, out, err);
	return value_text(cbor->build.doc, text ? VALUE_TEXT : VALUE_BYTES,
			  bytes, out, err);
}

/* -1 - n */
static int read_negative(struct cbor_reader *cbor, unsigned char initial,
			 struct value *out, struct err *err)
{
	unsigned char bytes[9] = {0};
	uint64_t n;

	if (read_number(cbor, initial, &n, err))
		return -1;
	if (n <= INT64_MAX) {
		*out = value_int(-1 - (int64_t)n);
		return 0;
	}
	for (size_t i = 0; i < 8; i++)
		bytes[8 - i] = (unsigned char)(n >> 8 * i);
	bigint_increment(bytes, sizeof(bytes));
	return bigint_value(cbor->build.doc, slice_of(bytes, sizeof(bytes)),
			    true, cbor->build.options->max_digits, out, err);
}

/* The byte string behind the tags 2 and 3. */
static int read_bignum(struct cbor_reader *cbor, bool negative,
		       struct value *out, struct err *err)
{
	struct slice bytes = {0};

	if (cbor->in.at == cbor->in.end)
		return cursor_fail_end(&cbor->in, err);
	unsigned char initial = *cbor->in.at++;
	if (initial >> 5 != CBOR_BYTES)
		return fail_syntax(cbor, "a bignum is not a byte string", err);
	if (read_bytes(cbor, initial, &bytes, err))
		return -1;
	if (bytes.len > cbor->build.options->max_digits)
		return fail_limit(err, "digits", (int64_t)bytes.len, "size",
				  "an integer has too many digits");
	unsigned char *copy = calloc(bytes.len + 1, 1);
	if (!copy)
		return fail_limit(err, "memory", (int64_t)bytes.len, "size",
				  "no memory for an integer");
	memcpy(copy + 1, bytes.ptr, bytes.len);
	if (negative)
		bigint_increment(copy, bytes.len + 1);
	int r = bigint_value(cbor->build.doc, slice_of(copy, bytes.len + 1),
			     negative, cbor->build.options->max_digits, out,
			     err);
	free(copy);
	return r;
}

/* RFC 8949, appendix D. */
static double half_double(uint64_t bits)
{
	unsigned exponent = (bits >> 10) & 0x1f;
	double fraction = (double)(bits & 0x3ff);
	double number;

	if (exponent == 0)
		number = ldexp(fraction, -24);
	else if (exponent < 31)
		number = ldexp(fraction + 1024, (int)exponent - 25);
	else
		number = fraction == 0 ? (double)INFINITY : (double)NAN;
	return bits & 0x8000 ? -number : number;
}

static int read_float(struct cbor_reader *cbor, unsigned info,
		      struct value *out, struct err *err)
{
	uint64_t bits = 0;
	float single;

	if (cursor_big(&cbor->in, (size_t)1 << (info - 24), &bits, err))
		return -1;
	uint32_t low = (uint32_t)bits;
	memcpy(&single, &low, sizeof(single));
	*out = value_double(info == 25	 ? half_double(bits)
			    : info == 26 ? (double)single
					 : double_of_bits(bits));
	return 0;
}

static int read_simple(struct cbor_reader *cbor, unsigned char initial,
		       struct value *out, struct err *err)
{
	unsigned info = initial & 0x1f;
	uint64_t n;

	if (info >= 25 && info <= 27)
		return read_float(cbor, info, out, err);
	if (info == 31)
		return fail_syntax(cbor, "a break ends nothing", err);
	if (read_number(cbor, initial, &n, err))
		return -1;
	if (info == 24 && n < 32)
		return fail_syntax(cbor, "a simple value is malformed", err);
	switch (n) {
	case 20:
	case 21:
		*out = value_bool(n == 21);
		return 0;
	case 22:
		*out = value_null();
		return 0;
	case 23:
		return fail_read(err, "type", cursor_offset(&cbor->in),
				 "undefined cannot be read");
	default:
		return fail_type(cbor, "the simple value", n, err);
	}
}

static int read_open(struct cbor_reader *cbor, unsigned char initial,
		     struct err *err)
{
	bool map = initial >> 5 == CBOR_MAP;
	bool key = at_key(&cbor->build);
	uint64_t left = INDEFINITE;
	enum value_kind kind = VALUE_MAP;

	if (!is_indefinite(initial)) {
		if (read_number(cbor, initial, &left, err))
			return -1;
		if (left > cursor_left(&cbor->in) ||
		    (map && left * 2 > cursor_left(&cbor->in)))
			return cursor_fail_end(&cbor->in, err);
		left = map ? left * 2 : left;
	}
	if (map && key)
		return fail_read(err, "key", cursor_offset(&cbor->in),
				 "a map is a key or part of one");
	if (!map && cbor->set)
		kind = key ? VALUE_FROZENSET : VALUE_SET;
	else if (!map)
		kind = key ? VALUE_TUPLE : VALUE_LIST;
	if (build_open(&cbor->build, kind, left, err))
		return -1;
	build_top(&cbor->build)->flags = key ? FLAG_KEY : 0;
	return 0;
}

/* A tag and what it is about. 1 where that is a container, or is to come. */
static int read_tag(struct cbor_reader *cbor, unsigned char initial,
		    struct value *out, struct err *err)
{
	uint64_t tag;

	if (read_number(cbor, initial, &tag, err))
		return -1;
	if (tag == CBOR_TAG_POSITIVE || tag == CBOR_TAG_NEGATIVE)
		return read_bignum(cbor, tag == CBOR_TAG_NEGATIVE, out, err);
	if (cbor->in.at == cbor->in.end)
		return cursor_fail_end(&cbor->in, err);
	if (tag == CBOR_TAG_SELF)
		return 1;
	if (tag != CBOR_TAG_SET)
		return fail_type(cbor, "the tag", tag, err);
	initial = *cbor->in.at;
	if (initial >> 5 != CBOR_ARRAY)
		return fail_syntax(cbor, "a set is not an array", err);
	cbor->in.at++;
	cbor->set = true;
	int r = read_open(cbor, initial, err);
	cbor->set = false;
	return r ? -1 : 1;
}

/* One value; 1: a container was opened, or a tag read that says nothing. */
static int read_value(struct cbor_reader *cbor, struct value *out,
		      struct err *err)
{
	uint64_t n;

	if (cbor->in.at == cbor->in.end)
		return cursor_fail_end(&cbor->in, err);
	unsigned char initial = *cbor->in.at++;
	switch (initial >> 5) {
	case CBOR_UNSIGNED:
		if (read_number(cbor, initial, &n, err))
			return -1;
		return value_uint(cbor->build.doc, n, out, err);
	case CBOR_NEGATIVE:
		return read_negative(cbor, initial, out, err);
	case CBOR_BYTES:
	case CBOR_TEXT:
		return read_string(cbor, initial, out, err);
	case CBOR_ARRAY:
	case CBOR_MAP:
		return read_open(cbor, initial, err) ? -1 : 1;
	case CBOR_TAG:
		return read_tag(cbor, initial, out, err);
	default:
		return read_simple(cbor, initial, out, err);
	}
}

/* Is the container on top through? */
static bool at_end(const struct cbor_reader *cbor)
{
	const struct build *build = &cbor->build;

	if (!build->depth)
		return false;
	const struct build_level *top = build_top(build);
	if (top->left != INDEFINITE)
		return build->count - top->start == top->left;
	return cbor->in.at < cbor->in.end && *cbor->in.at == BREAK;
}

static int close_top(struct cbor_reader *cbor, struct value *out,
		     struct err *err)
{
	const struct build_level *top = build_top(&cbor->build);

	if (top->left == INDEFINITE) {
		if (top->kind == VALUE_MAP &&
		    (cbor->build.count - top->start) % 2)
			return fail_syntax(cbor, "a map ends behind a key",
					   err);
		cbor->in.at++;
	}
	return build_close(&cbor->build, false, out, err);
}

int cbor_decode(const struct codec_options *options, struct slice input,
		struct value_doc *doc, struct codec_found *found,
		struct err *err)
{
	struct cbor_reader cbor = {.in = cursor_of(input)};
	struct value value = value_null();
	int r;

	(void)found;
	build_init(&cbor.build, options, doc);
	buf_init(&cbor.scratch, input.len + 16);
	do {
		r = at_end(&cbor) ? close_top(&cbor, &value, err)
				  : read_value(&cbor, &value, err);
		if (r == 0)
			r = build_add(&cbor.build, value, err);
	} while (r == 1 || (r == 0 && cbor.build.depth));
	if (!r && cursor_left(&cbor.in))
		r = fail_read(err, "trailing", cursor_offset(&cbor.in),
			      "bytes follow the value");
	if (!r)
		doc->root = cbor.build.items[0];
	buf_release(&cbor.scratch);
	build_release(&cbor.build);
	return r;
}
