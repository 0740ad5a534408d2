/*
 * JSON strings and numbers as values. What comes in has been checked by the
 * reader; here nothing is checked again.
 */
#include "base/json_value.h"

#include <stdlib.h>

#include "base/number.h"
#include "base/scan.h"
#include "base/text.h"

/* --- Strings -------------------------------------------------------------- */

static uint32_t hex_digit(char c)
{
	return c <= '9' ? (uint32_t)(c - '0')
			: (uint32_t)((c | 0x20) - 'a' + 10);
}

/* The four digits of a \u escape. */
static uint32_t hex4(const char *p)
{
	return hex_digit(p[0]) << 12 | hex_digit(p[1]) << 8 |
	       hex_digit(p[2]) << 4 | hex_digit(p[3]);
}

static bool is_high(uint32_t code)
{
	return code >= 0xd800 && code < 0xdc00;
}

static bool is_low(uint32_t code)
{
	return code >= 0xdc00 && code < 0xe000;
}

/* The \u escape at *p, or two that make a pair; moves *p behind. */
static uint32_t read_code(const char **p, const char *end, const char **lone)
{
	const char *start = *p;
	uint32_t code = hex4(start + 2);
	*p = start + 6;
	if (is_high(code) && end - *p >= 6 && (*p)[0] == '\\' &&
	    (*p)[1] == 'u') {
		uint32_t low = hex4(*p + 2);
		if (is_low(low)) {
			*p += 6;
			return 0x10000 + ((code - 0xd800) << 10) +
			       (low - 0xdc00);
		}
	}
	if ((is_high(code) || is_low(code)) && !*lone)
		*lone = start;
	return code;
}

static char simple_escape(char c)
{
	switch (c) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return c;
	}
}

/* Copies up to the next backslash; whole steps as long as both sides have room
 * for them, which `out` has if `p` has: it is never ahead. */
static const char *copy_plain(const char *p, const char *end, char **out)
{
#ifdef __SSE2__
	while (end - p >= 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)p);
		_mm_storeu_si128((__m128i *)*out, bytes);
		int mask = _mm_movemask_epi8(
			_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
		if (mask) {
			size_t plain = (size_t)__builtin_ctz((unsigned)mask);
			*out += plain;
			return p + plain;
		}
		p += 16;
		*out += 16;
	}
#endif
	while (p < end && *p != '\\')
		*(*out)++ = *p++;
	return p;
}

size_t json_value_decode(struct slice raw, char *out, const char **lone)
{
	const char *p = raw.ptr;
	const char *end = raw.ptr + raw.len;
	char *to = out;

	for (;;) {
		p = copy_plain(p, end, &to);
		if (p == end)
			return (size_t)(to - out);
		if (p[1] == 'u') {
			to += utf8_put(to, read_code(&p, end, lone));
		} else {
			*to++ = simple_escape(p[1]);
			p += 2;
		}
	}
}

static int string_add(struct slice text, struct buf *out, const char **lone)
{
	if (out->failed)
		return -1;
	if (out->len <= out->max && text.len <= out->max - out->len) {
		if (buf_reserve(out, text.len))
			return -1;
		out->len += json_value_decode(text, out->ptr + out->len, lone);
		return 0;
	}
	/* The escapes may be what makes it too long for the cap. */
	char *copy = malloc(text.len);
	if (!copy) {
		out->failed = true;
		return -1;
	}
	int r = buf_add(out, copy, json_value_decode(text, copy, lone));
	free(copy);
	return r;
}

int json_string_decode(const struct json_span *span, bool surrogates,
		       struct buf *out, struct err *err)
{
	struct slice text = slice_of(span->raw.ptr + 1, span->raw.len - 2);
	const char *lone = NULL;
	size_t before = out->len;

	int r = span->escaped ? string_add(text, out, &lone)
			      : buf_add_slice(out, text);
	if (r)
		return err_limit(err, "memory", (int64_t)text.len,
				 "a text of %zu bytes is too long", text.len);
	if (lone && !surrogates) {
		out->len = before;
		err_reason(err, ERR_BAD_INPUT, "encoding",
			   "JSON: half of a surrogate pair in a string");
		return err_at(err, lone - span->raw.ptr);
	}
	return 0;
}

/* --- Numbers -------------------------------------------------------------- */

int json_number_int64(struct slice raw, int64_t *out)
{
	return text_int64(raw, out);
}

double json_number_double(struct slice raw)
{
	return double_parse(raw.ptr, raw.len);
}
