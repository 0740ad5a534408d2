/*
 * Writes what PHP 8's serialize() writes, with serialize_precision = -1.
 *
 * PHP has one kind of array, so that an empty map, a map with the keys 0 to n-1
 * and text keys that look like integers come back as something else: that is a
 * loss and refused unless allowed. Byte strings are PHP's own strings.
 */
#include <math.h>

#include "base/number.h"
#include "codec/codecs.h"
#include "codec/decimal.h"
#include "codec/fail.h"
#include "codec/php.h"
#include "codec/walk.h"

#define FORMAT	  "php"
#define FIXED_MIN (-3) /* smallest and largest place of the point that is */
#define FIXED_MAX 17   /* written without an exponent */

struct php_writer {
	const struct codec_options *options;
	struct buf *out;
	struct walk walk;
};

/* A letter, a colon, a number and a character behind it. */
static int put_head(struct buf *out, char type, int64_t n, char end)
{
	if (buf_reserve(out, DECIMAL_MAX + 3))
		return -1;
	char *to = out->ptr + out->len;
	to[0] = type;
	to[1] = ':';
	size_t len = 2 + decimal_put(to + 2, n);
	to[len++] = end;
	out->len += len;
	return 0;
}

static int put_string(struct buf *out, struct slice bytes)
{
	if (put_head(out, 's', (int64_t)bytes.len, ':') ||
	    buf_reserve(out, bytes.len + 3))
		return -1;
	char *to = out->ptr + out->len;
	*to++ = '"';
	memcpy(to, bytes.ptr, bytes.len);
	memcpy(to + bytes.len, "\";", 2);
	out->len += bytes.len + 3;
	return 0;
}

static int put_int(struct buf *out, int64_t integer)
{
	return put_head(out, 'i', integer, ';');
}

/* Digits with the point where it belongs, zeros around them where needed. */
static void put_fixed(struct buf *out, const char *digits, int count, int point)
{
	if (point <= 0) {
		buf_add(out, "0.", 2);
		for (int i = point; i < 0; i++)
			buf_add_char(out, '0');
		buf_add(out, digits, (size_t)count);
		return;
	}
	int whole = count < point ? count : point;
	buf_add(out, digits, (size_t)whole);
	for (int i = count; i < point; i++)
		buf_add_char(out, '0');
	if (count > point) {
		buf_add_char(out, '.');
		buf_add(out, digits + whole, (size_t)(count - whole));
	}
}

static int put_double(struct buf *out, double number)
{
	char digits[18];
	int point;

	buf_add(out, "d:", 2);
	if (isnan(number))
		return buf_add(out, "NAN;", 4);
	if (signbit(number))
		buf_add_char(out, '-');
	number = fabs(number);
	if (isinf(number))
		return buf_add(out, "INF;", 4);
	if (number == 0)
		return buf_add(out, "0;", 2);
	int count = (int)double_digits(number, digits, &point);
	if (point >= FIXED_MIN && point <= FIXED_MAX) {
		put_fixed(out, digits, count, point);
	} else {
		buf_add_char(out, digits[0]);
		buf_add_char(out, '.');
		if (count > 1)
			buf_add(out, digits + 1, (size_t)(count - 1));
		else
			buf_add_char(out, '0');
		buf_printf(out, "E%+d", point - 1);
	}
	return buf_add_char(out, ';');
}

static int put_text(struct php_writer *php, struct slice text, struct err *err)
{
	if (text_has_surrogate(text))
		return walk_fail_surrogate(&php->walk, err, FORMAT);
	return put_string(php->out, text);
}

static int put_text_key(struct php_writer *php, struct slice text,
			struct err *err)
{
	int64_t integer;

	if (!php_integer_key(text, &integer))
		return put_text(php, text, err);
	if (!php->options->lossy)
		return walk_fail(&php->walk, err, "key",
				 "the key \"%lld\" would become an integer in "
				 "php",
				 (long long)integer);
	return put_int(php->out, integer);
}

static int put_key(struct php_writer *php, struct value key, struct err *err)
{
	switch (key.kind) {
	case VALUE_INT:
		return put_int(php->out, key.integer);
	case VALUE_TEXT:
		return put_text_key(php, value_bytes(key), err);
	case VALUE_BYTES:
		return put_text_key(php, value_bytes(key), err);
	case VALUE_NULL:
		if (php->options->lossy)
			return put_string(php->out, SLICE(""));
		break;
	case VALUE_BOOL:
		if (php->options->lossy)
			return put_int(php->out, key.boolean);
		break;
	default:
		break;
	}
	return walk_fail_key(&php->walk, err, (enum value_kind)key.kind,
			     FORMAT);
}

/* Would PHP take the map for a list? The empty one, and keys 0 to n-1. */
static bool is_like_list(const struct value_seq *seq)
{
	for (uint32_t i = 0; i < seq->count / 2; i++)
		if (seq->items[2 * i].kind != VALUE_INT ||
		    seq->items[2 * i].integer != i)
			return false;
	return true;
}

static int put_open(struct php_writer *php, struct value value, struct err *err)
{
	uint32_t count = value.seq->count;

	if (value.kind == VALUE_SET || value.kind == VALUE_FROZENSET)
		return walk_fail_kind(&php->walk, err,
				      (enum value_kind)value.kind, FORMAT);
	if (value.kind == VALUE_MAP) {
		count /= 2;
		if (!php->options->lossy && is_like_list(value.seq))
			return walk_fail(&php->walk, err, "type",
					 count ? "a map with the keys 0 to n "
						 "would become a list in php"
					       : "an empty map would become "
						 "an empty list in php");
	}
	put_head(php->out, 'a', count, ':');
	buf_add_char(php->out, '{');
	return walk_push(&php->walk, value, err);
}

static int put_value(struct php_writer *php, struct value value,
		     struct err *err)
{
	switch (value.kind) {
	case VALUE_NULL:
		return buf_add(php->out, "N;", 2);
	case VALUE_BOOL:
		return buf_add(php->out, value.boolean ? "b:1;" : "b:0;", 4);
	case VALUE_INT:
		return put_int(php->out, value.integer);
	case VALUE_BIG:
		return walk_fail_range(&php->walk, err,
				       "an integer past 64 bits", FORMAT);
	case VALUE_DOUBLE:
		return put_double(php->out, value.number);
	case VALUE_TEXT:
		return put_text(php, value_bytes(value), err);
	case VALUE_BYTES:
	case VALUE_BYTEARRAY:
		return put_string(php->out, value_bytes(value));
	default:
		return put_open(php, value, err);
	}
}

/* Ends what is through, then a key. 1 with the next value, 0 at the end. */
static int next_value(struct php_writer *php, struct value *value,
		      struct err *err)
{
	struct walk *walk = &php->walk;

	while (walk->depth && walk_top(walk)->at == walk_top(walk)->count) {
		walk->depth--;
		buf_add_char(php->out, '}');
	}
	if (!walk->depth)
		return 0;
	struct walk_frame *top = walk_top(walk);
	*value = walk_next(walk);
	if (top->kind == VALUE_MAP) {
		if (put_key(php, *value, err))
			return -1;
		*value = walk_next(walk);
	} else {
		put_int(php->out, top->at - 1);
	}
	return 1;
}

int php_encode(const struct codec_options *options, struct value_doc *doc,
	       struct buf *out, struct err *err)
{
	struct php_writer php = {.options = options, .out = out};
	struct value value = doc->root;
	int r;

	walk_init(&php.walk, options->max_depth);
	do {
		r = put_value(&php, value, err);
		if (!r)
			r = next_value(&php, &value, err);
	} while (r == 1);
	walk_release(&php.walk);
	return r;
}

const struct codec codec_php = {
	.name = "php",
	.summary = "PHP's serialize(), arrays and scalars",
	.decode = php_decode,
	.encode = php_encode,
};
