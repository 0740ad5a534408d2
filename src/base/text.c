/*
 * Strict numbers, sizes and durations, as configuration and options write
 * them. The whole text must be the number; nothing is skipped.
 */
#include "base/text.h"

#include <math.h>

#include "base/number.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits from text[*pos] on; 0, or -1 if there are none or too many. */
static int read_digits(struct slice text, size_t *pos, uint64_t *out)
{
	size_t start = *pos;
	uint64_t value = 0;
	for (; *pos < text.len && is_digit(text.ptr[*pos]); (*pos)++) {
		unsigned digit = (unsigned)(text.ptr[*pos] - '0');
		if (value > (UINT64_MAX - digit) / 10)
			return -1;
		value = value * 10 + digit;
	}
	*out = value;
	return *pos > start ? 0 : -1;
}

int text_int64(struct slice text, int64_t *out)
{
	bool negative = text.len && text.ptr[0] == '-';
	size_t pos = negative;
	uint64_t value;

	if (read_digits(text, &pos, &value) || pos != text.len)
		return -1;
	if (value > (uint64_t)INT64_MAX + negative)
		return -1;
	*out = negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

int text_size(struct slice text, uint64_t *out)
{
	size_t pos = 0;
	uint64_t value;
	unsigned shift = 0;

	if (read_digits(text, &pos, &value))
		return -1;
	if (pos < text.len) {
		switch (text.ptr[pos++]) {
		case 'k':
		case 'K':
			shift = 10;
			break;
		case 'm':
		case 'M':
			shift = 20;
			break;
		case 'g':
		case 'G':
			shift = 30;
			break;
		case 't':
		case 'T':
			shift = 40;
			break;
		default:
			return -1;
		}
	}
	if (pos != text.len || value > UINT64_MAX >> shift)
		return -1;
	*out = value << shift;
	return 0;
}

static const struct unit {
	const char *name;
	double seconds;
} units[] = {
	{"", 1}, {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400},
};

int text_duration(struct slice text, double *seconds)
{
	size_t pos = 0;
	while (pos < text.len && is_digit(text.ptr[pos]))
		pos++;
	if (pos == 0)
		return -1;
	if (pos < text.len && text.ptr[pos] == '.') {
		size_t point = pos++;
		while (pos < text.len && is_digit(text.ptr[pos]))
			pos++;
		if (pos == point + 1)
			return -1;
	}
	struct slice rest = slice_of(text.ptr + pos, text.len - pos);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!slice_is(rest, units[i].name))
			continue;
		double value = double_parse(text.ptr, pos) * units[i].seconds;
		if (!isfinite(value))
			return -1;
		*seconds = value;
		return 0;
	}
	return -1;
}
