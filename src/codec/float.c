/*
 * Floats as Python and PHP spell them: checked here, read by base.
 */
#include "codec/float.h"

#include <math.h>
#include <stdlib.h>

#include "base/number.h"

static bool is_word(struct slice text, const char *word)
{
	size_t i = 0;
	for (; i < text.len && word[i]; i++)
		if ((text.ptr[i] | 0x20) != word[i])
			return false;
	return i == text.len && !word[i];
}

static size_t count_digits(struct slice text, size_t from)
{
	size_t at = from;
	while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9')
		at++;
	return at - from;
}

/* Is it [digits][.[digits]][e[sign]digits] with a digit before the e? */
static bool is_number(struct slice text)
{
	size_t whole = count_digits(text, 0);
	size_t at = whole;
	size_t part = 0;

	if (at < text.len && text.ptr[at] == '.') {
		part = count_digits(text, ++at);
		at += part;
	}
	if (!whole && !part)
		return false;
	if (at < text.len && (text.ptr[at] | 0x20) == 'e') {
		at++;
		if (at < text.len &&
		    (text.ptr[at] == '-' || text.ptr[at] == '+'))
			at++;
		size_t digits = count_digits(text, at);
		if (!digits)
			return false;
		at += digits;
	}
	return at == text.len;
}

/* JSON's form of a number that is_number: a digit on both sides of a point, no
 * leading zeros. */
static int parse_number(struct slice text, double *out)
{
	struct buf plain;

	buf_init(&plain, text.len + 8);
	while (text.len > 1 && *text.ptr == '0' && text.ptr[1] >= '0' &&
	       text.ptr[1] <= '9')
		text = slice_of(text.ptr + 1, text.len - 1);
	if (*text.ptr == '.')
		buf_add_char(&plain, '0');
	for (size_t i = 0; i < text.len; i++) {
		buf_add_char(&plain, text.ptr[i]);
		if (text.ptr[i] == '.' && !count_digits(text, i + 1))
			buf_add_char(&plain, '0');
	}
	int r = plain.failed ? -1 : 0;
	if (!r)
		*out = double_parse(plain.ptr, plain.len);
	buf_release(&plain);
	return r;
}

int float_parse(struct slice text, double *out)
{
	bool negative = text.len && *text.ptr == '-';

	if (negative || (text.len && *text.ptr == '+'))
		text = slice_of(text.ptr + 1, text.len - 1);
	if (is_word(text, "nan"))
		*out = (double)NAN;
	else if (is_word(text, "inf") || is_word(text, "infinity"))
		*out = (double)INFINITY;
	else if (!is_number(text) || parse_number(text, out))
		return -1;
	if (negative)
		*out = -*out;
	return 0;
}
