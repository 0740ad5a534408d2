/*
 * Writes JSON in three styles. What JSON does not have is refused by name, or
 * with `lossy` written as Python's json.dumps does: keys that are no text
 * become text; bytes become base64, which json.dumps does not do.
 */
#include <math.h>
#include <stdlib.h>

#include "base/number.h"
#include "base/text.h"
#include "codec/codecs.h"
#include "codec/decimal.h"
#include "codec/fail.h"
#include "codec/json.h"
#include "codec/walk.h"

#define FORMAT "json"

struct json_encoder {
	const struct codec_options *options;
	struct value_doc *doc;
	struct buf *out;
	struct walk walk;
	const char *comma, *colon;
	size_t comma_len, colon_len;
};

/* What follows the backslash of a byte's escape; 'u' is the long form, 0
 * stands for itself. */
static const char escapes[256] = {
	'u', 'u', 'u', 'u', 'u', 'u',	      'u',	    'u', 'b',
	't', 'n', 'u', 'f', 'r', 'u',	      'u',	    'u', 'u',
	'u', 'u', 'u', 'u', 'u', 'u',	      'u',	    'u', 'u',
	'u', 'u', 'u', 'u', 'u', ['"'] = '"', ['\\'] = '\\'};

static const char hex[] = "0123456789abcdef";

static char *put_escape(char *to, unsigned code)
{
	*to++ = '\\';
	*to++ = 'u';
	for (int shift = 12; shift >= 0; shift -= 4)
		*to++ = hex[code >> shift & 15];
	return to;
}

static int put_text(struct buf *out, struct slice text)
{
	if (buf_reserve(out, 1))
		return -1;
	out->ptr[out->len++] = '"';
	const char *at = text.ptr;
	const char *end = at + text.len;
	for (;;) {
		const char *run = at;
		while (at < end && !escapes[(unsigned char)*at])
			at++;
		size_t len = (size_t)(at - run);
		/* Room for the run, an escape and the quote. */
		if (out->cap - out->len < len + 8 && buf_reserve(out, len + 8))
			return -1;
		memcpy(out->ptr + out->len, run, len);
		out->len += len;
		if (at == end)
			break;
		char escape = escapes[(unsigned char)*at];
		char *to = out->ptr + out->len;
		if (escape == 'u') {
			to = put_escape(to, (unsigned char)*at);
		} else {
			*to++ = '\\';
			*to++ = escape;
		}
		out->len = (size_t)(to - out->ptr);
		at++;
	}
	out->ptr[out->len++] = '"';
	return 0;
}

/* A code point of well-formed text in which surrogates are let through. */
static unsigned next_code(const char **at)
{
	const unsigned char *p = (const unsigned char *)*at;

	if (p[0] < 0x80) {
		*at += 1;
		return p[0];
	}
	if (p[0] < 0xe0) {
		*at += 2;
		return (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU);
	}
	if (p[0] < 0xf0) {
		*at += 3;
		return (p[0] & 0xfU) << 12 | (p[1] & 0x3fU) << 6 |
		       (p[2] & 0x3fU);
	}
	*at += 4;
	return (p[0] & 7U) << 18 | (p[1] & 0x3fU) << 12 | (p[2] & 0x3fU) << 6 |
	       (p[3] & 0x3fU);
}

/* Everything but printable ASCII escaped, DEL too, as json.dumps does. */
static int put_text_ascii(struct buf *out, struct slice text)
{
	const char *at = text.ptr;
	const char *end = at + text.len;

	buf_add_char(out, '"');
	while (at < end && !out->failed) {
		if (out->cap - out->len < 16 && buf_reserve(out, 16))
			return -1;
		char *to = out->ptr + out->len;
		unsigned code = next_code(&at);
		char escape = code < 0x80 ? escapes[code] : 'u';
		if (!escape && code != 0x7f) {
			*to++ = (char)code;
		} else if (escape && escape != 'u') {
			*to++ = '\\';
			*to++ = escape;
		} else if (code < 0x10000) {
			to = put_escape(to, code);
		} else {
			to = put_escape(to, 0xd7c0 + (code >> 10));
			to = put_escape(to, 0xdc00 + (code & 0x3ff));
		}
		out->len = (size_t)(to - out->ptr);
	}
	return buf_add_char(out, '"');
}

static int put_string(struct json_encoder *json, struct slice text,
		      struct err *err)
{
	if (json->options->ascii)
		return put_text_ascii(json->out, text);
	if (text_has_surrogate(text))
		return walk_fail_surrogate(&json->walk, err,
					   "json that is not ASCII");
	return put_text(json->out, text);
}

static int put_integer(struct buf *out, int64_t integer)
{
	if (buf_reserve(out, DECIMAL_MAX))
		return -1;
	out->len += decimal_put(out->ptr + out->len, integer);
	return 0;
}

static int put_double(struct json_encoder *json, double number, struct err *err)
{
	if (!isfinite(number))
		return walk_fail_range(&json->walk, err,
				       isnan(number) ? "nan" : "an infinity",
				       FORMAT);
	if (buf_reserve(json->out, DOUBLE_TEXT_MAX))
		return -1;
	json->out->len += double_repr(number, json->out->ptr + json->out->len);
	return 0;
}

static int put_base64(struct json_encoder *json, struct value value,
		      struct err *err)
{
	if (!json->options->lossy)
		return walk_fail_kind(&json->walk, err,
				      (enum value_kind)value.kind, FORMAT);
	buf_add_char(json->out, '"');
	base64_encode(json->out, value_bytes(value));
	return buf_add_char(json->out, '"');
}

static int put_scalar(struct json_encoder *json, struct value value,
		      struct err *err)
{
	switch (value.kind) {
	case VALUE_NULL:
		return buf_add(json->out, "null", 4);
	case VALUE_BOOL:
		return value.boolean ? buf_add(json->out, "true", 4)
				     : buf_add(json->out, "false", 5);
	case VALUE_INT:
		return put_integer(json->out, value.integer);
	case VALUE_BIG:
		return buf_add_slice(json->out, value_bytes(value));
	case VALUE_DOUBLE:
		return put_double(json, value.number, err);
	case VALUE_TEXT:
		return put_string(json, value_bytes(value), err);
	default:
		return put_base64(json, value, err);
	}
}

/* Keys that are no text: as text, if loss is allowed. */
static int put_key(struct json_encoder *json, struct value key, struct err *err)
{
	if (key.kind == VALUE_TEXT)
		return put_string(json, value_bytes(key), err);
	if (value_is_seq(key) || value_is_text(key) || !json->options->lossy)
		return walk_fail_key(&json->walk, err,
				     (enum value_kind)key.kind, FORMAT);
	buf_add_char(json->out, '"');
	if (put_scalar(json, key, err))
		return -1;
	return buf_add_char(json->out, '"');
}

/* A new line and its indentation, in the pretty style. */
static void put_line(struct json_encoder *json)
{
	if (json->options->style != CODEC_STYLE_PRETTY)
		return;
	buf_add_char(json->out, '\n');
	for (size_t i = 0; i < json->walk.depth; i++)
		buf_add(json->out, "  ", 2);
}

/* Numbers before text, so that the order is one of all keys. */
static int compare_keys(const void *left, const void *right)
{
	const struct value *a = left;
	const struct value *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == VALUE_INT)
		return (a->integer > b->integer) - (a->integer < b->integer);
	if (a->kind == VALUE_DOUBLE)
		return (a->number > b->number) - (a->number < b->number);
	if (a->kind == VALUE_BOOL)
		return a->boolean - b->boolean;
	if (!value_is_text(*a))
		return 0;
	size_t len = a->text->len < b->text->len ? a->text->len : b->text->len;
	int r = memcmp(a->text->bytes, b->text->bytes, len);
	return r ? r
		 : (a->text->len > b->text->len) -
			       (a->text->len < b->text->len);
}

/* The pairs of the map on top in the order of their keys, as a copy. */
static int sort_top(struct json_encoder *json, struct err *err)
{
	struct walk_frame *top = walk_top(&json->walk);
	struct value copy;

	if (top->kind != VALUE_MAP || !json->options->sort_keys || !top->count)
		return 0;
	if (value_seq_of(json->doc, VALUE_MAP, top->items, top->count, &copy,
			 err))
		return -1;
	qsort(copy.seq->items, top->count / 2, 2 * sizeof(struct value),
	      compare_keys);
	top->items = copy.seq->items;
	return 0;
}

static int put_open(struct json_encoder *json, struct value value,
		    struct err *err)
{
	if (value.kind == VALUE_SET || value.kind == VALUE_FROZENSET)
		return walk_fail_kind(&json->walk, err,
				      (enum value_kind)value.kind, FORMAT);
	if (walk_push(&json->walk, value, err) || sort_top(json, err))
		return -1;
	return buf_add_char(json->out, value.kind == VALUE_MAP ? '{' : '[');
}

/* Closes what is through; then comma, key and colon before the next value.
 * 1 with that value, 0 at the end. */
static int put_between(struct json_encoder *json, struct value *value,
		       struct err *err)
{
	struct walk *walk = &json->walk;

	while (walk->depth && walk_top(walk)->at == walk_top(walk)->count) {
		struct walk_frame top = *walk_top(walk);
		walk->depth--;
		if (top.count)
			put_line(json);
		buf_add_char(json->out, top.kind == VALUE_MAP ? '}' : ']');
	}
	if (!walk->depth)
		return 0;
	struct walk_frame *top = walk_top(walk);
	if (top->at)
		buf_add(json->out, json->comma, json->comma_len);
	put_line(json);
	*value = walk_next(walk);
	if (top->kind == VALUE_MAP) {
		if (put_key(json, *value, err))
			return -1;
		buf_add(json->out, json->colon, json->colon_len);
		*value = walk_next(walk);
	}
	return json->out->failed ? -1 : 1;
}

int json_encode(const struct codec_options *options, struct value_doc *doc,
		struct buf *out, struct err *err)
{
	struct json_encoder json = {.options = options, .doc = doc, .out = out};
	struct value value = doc->root;
	int r;

	json.comma = options->style == CODEC_STYLE_PYTHON ? ", " : ",";
	json.colon = options->style == CODEC_STYLE_COMPACT ? ":" : ": ";
	json.comma_len = strlen(json.comma);
	json.colon_len = strlen(json.colon);
	walk_init(&json.walk, options->max_depth);
	do {
		r = value_is_seq(value) ? put_open(&json, value, err)
					: put_scalar(&json, value, err);
		if (!r)
			r = put_between(&json, &value, err);
	} while (r == 1);
	walk_release(&json.walk);
	return r;
}

const struct codec codec_json = {
	.name = "json",
	.summary = "JSON (RFC 8259), read and written exactly",
	.decode = json_decode,
	.encode = json_encode,
};
