/*
 * Plain scalars of YAML: null, booleans, numbers, dates, or text. Knows nothing
 * of libyaml.
 */
#include "codec/yaml_scalar.h"

#include <math.h>
#include <stdlib.h>

#include "base/number.h"
#include "codec/float.h"

static bool is_one_of(struct slice text, const char *const *words)
{
	for (; *words; words++)
		if (slice_is(text, *words))
			return true;
	return false;
}

static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const trues[] = {"true", "True", "TRUE", NULL};
static const char *const falses[] = {"false", "False", "FALSE", NULL};
static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};
static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
/* Only YAML 1.1 takes these for something. */
static const char *const old_words[] = {"yes", "Yes", "YES", "no", "No",
					"NO",  "on",  "On",  "ON", "off",
					"Off", "OFF", "<<",  "=",  NULL};

/* Takes characters of a class off the front; how many. */
static size_t take(struct slice *text, const char *class)
{
	size_t n = 0;

	while (n < text->len && text->ptr[n] && strchr(class, text->ptr[n]))
		n++;
	*text = slice_of(text->ptr + n, text->len - n);
	return n;
}

static bool take_char(struct slice *text, const char *class)
{
	if (!text->len || !*text->ptr || !strchr(class, *text->ptr))
		return false;
	*text = slice_of(text->ptr + 1, text->len - 1);
	return true;
}

#define DIGITS	"0123456789"
#define DIGITS_ "0123456789_"

/* [eE][-+][0-9]+, or nothing, to the end. */
static bool ends_exponent(struct slice text)
{
	if (!text.len)
		return true;
	return take_char(&text, "eE") && take_char(&text, "+-") &&
	       take(&text, DIGITS) && !text.len;
}

/* Digits with a point among or before them, as both versions have it. */
static bool is_float(struct slice text, const char *digits)
{
	struct slice rest = text;

	take_char(&rest, "+-");
	if (rest.len && *rest.ptr == '.') {
		/* No sign before a point without digits. */
		if (rest.len != text.len)
			return false;
		take_char(&rest, ".");
		return take_char(&rest, DIGITS) &&
		       (take(&rest, digits), ends_exponent(rest));
	}
	if (!take_char(&rest, DIGITS))
		return false;
	take(&rest, digits);
	if (!take_char(&rest, "."))
		return false;
	take(&rest, digits);
	return ends_exponent(rest);
}

/* [-+]?[0-9]+ */
static bool is_decimal(struct slice text)
{
	take_char(&text, "+-");
	return take(&text, DIGITS) && !text.len;
}

/* [-+]?0x[0-9a-fA-F]+ */
static bool is_hexadecimal(struct slice text, const char *digits)
{
	take_char(&text, "+-");
	return take_char(&text, "0") && take_char(&text, "x") &&
	       take(&text, digits) && !text.len;
}

/* (:[0-5]?[0-9])+ and, for a float, .[0-9_]* */
static bool ends_sexagesimal(struct slice text)
{
	size_t parts = 0;

	while (take_char(&text, ":")) {
		size_t two = text.len > 1 && *text.ptr >= '0' &&
			     *text.ptr <= '5' && text.ptr[1] >= '0' &&
			     text.ptr[1] <= '9';
		if (two)
			take_char(&text, DIGITS);
		if (!take_char(&text, DIGITS))
			return false;
		parts++;
	}
	if (parts && take_char(&text, "."))
		take(&text, DIGITS_);
	return parts && !text.len;
}

/* Integers and times of day as YAML 1.1 has them. */
static bool is_old_integer(struct slice text)
{
	take_char(&text, "+-");
	struct slice rest = text;
	if (!take_char(&rest, DIGITS))
		return false;
	bool zero = *text.ptr == '0';
	struct slice binary = rest;
	if (zero && take_char(&binary, "b") && take(&binary, "01_") &&
	    !binary.len)
		return true;
	take(&rest, DIGITS_);
	return !rest.len || ends_sexagesimal(rest);
}

static bool take_some(struct slice *text, size_t min, size_t max)
{
	size_t n = 0;

	while (n < max && take_char(text, DIGITS))
		n++;
	return n >= min;
}

/* YYYY-MM-DD, or with a time of day and a zone. */
static bool is_date(struct slice text)
{
	struct slice rest = text;

	if (!take_some(&rest, 4, 4) || !take_char(&rest, "-") ||
	    !take_some(&rest, 1, 2) || !take_char(&rest, "-") ||
	    !take_some(&rest, 1, 2))
		return false;
	if (!rest.len)
		return text.len == 10;
	if (!take_char(&rest, "Tt") && !take(&rest, " \t"))
		return false;
	if (!take_some(&rest, 1, 2) || !take_char(&rest, ":") ||
	    !take_some(&rest, 2, 2) || !take_char(&rest, ":") ||
	    !take_some(&rest, 2, 2))
		return false;
	if (take_char(&rest, "."))
		take(&rest, DIGITS);
	take(&rest, " \t");
	if (!rest.len || slice_is(rest, "Z"))
		return true;
	if (!take_char(&rest, "+-") || !take_some(&rest, 1, 2))
		return false;
	return !rest.len ||
	       (take_char(&rest, ":") && take_some(&rest, 2, 2) && !rest.len);
}

static bool is_infinity(struct slice text)
{
	take_char(&text, "+-");
	return is_one_of(text, infinities);
}

bool yaml_scalar_is_special(struct slice text)
{
	return is_one_of(text, nulls) || is_one_of(text, trues) ||
	       is_one_of(text, falses) || is_one_of(text, old_words) ||
	       is_one_of(text, nans) || is_infinity(text) ||
	       is_float(text, DIGITS_) || is_decimal(text) ||
	       is_hexadecimal(text, "0123456789abcdefABCDEF_") ||
	       is_old_integer(text) || is_date(text);
}

/* Sixteen hexadecimal digits at most are an integer of 64 bits. */
static int read_hexadecimal(struct value_doc *doc, struct slice text,
			    struct value *out, struct err *err)
{
	bool negative = *text.ptr == '-';
	uint64_t sum = 0;

	take_char(&text, "+-");
	for (size_t i = 2; i < text.len; i++) {
		char c = (char)(text.ptr[i] | 0x20);
		if (sum >> 59)
			return err_reason(err, ERR_BAD_INPUT, "range",
					  "a hexadecimal integer does not fit "
					  "63 bits");
		sum = sum << 4 | (uint64_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
	}
	if (negative) {
		*out = value_int(-(int64_t)sum);
		return 0;
	}
	return value_uint(doc, sum, out, err);
}

int yaml_scalar_value(struct value_doc *doc, struct slice text,
		      size_t max_digits, struct value *out, struct err *err)
{
	double number;

	if (is_one_of(text, nulls))
		*out = value_null();
	else if (is_one_of(text, trues))
		*out = value_bool(true);
	else if (is_one_of(text, falses))
		*out = value_bool(false);
	else if (is_one_of(text, nans))
		*out = value_double((double)NAN);
	else if (is_infinity(text))
		*out = value_double(*text.ptr == '-' ? -(double)INFINITY
						     : (double)INFINITY);
	else if (is_decimal(text))
		return value_decimal(doc, text, max_digits, out, err);
	else if (is_hexadecimal(text, "0123456789abcdefABCDEF"))
		return read_hexadecimal(doc, text, out, err);
	else if (is_float(text, DIGITS) && !float_parse(text, &number)) {
		if (isinf(number))
			return err_reason(err, ERR_BAD_INPUT, "range",
					  "a number is too large for a "
					  "double");
		*out = value_double(number);
	} else
		return value_text(doc, VALUE_TEXT, text, out, err);
	return 0;
}

size_t yaml_scalar_put_double(double number, char out[40])
{
	if (!isfinite(number)) {
		const char *word = isnan(number) ? ".nan"
				   : number > 0	 ? ".inf"
						 : "-.inf";
		memcpy(out, word, strlen(word));
		return strlen(word);
	}
	size_t len = double_repr(number, out);
	char *exponent = memchr(out, 'e', len);
	if (exponent && !memchr(out, '.', len)) {
		size_t tail = len - (size_t)(exponent - out);
		memmove(exponent + 2, exponent, tail);
		memcpy(exponent, ".0", 2);
		len += 2;
	}
	return len;
}
