/*
 * Decimal text as the nearest double, ties to even.
 *
 * Three ways, the first that is certain: one exact multiplication or division
 * (Clinger, "How to read floating point numbers accurately", 1990); the product
 * with a power of ten cut off at 128 bits, where the rounding cannot depend on
 * what was cut off (after Eisel and Lemire, "Number parsing at a gigabyte per
 * second", 2021); else the C library in the C locale, with as many digits as
 * can matter.
 */
#include "base/number.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/power.h"

/* Halfway cases have at most 767 digits: past these, only "and more" counts. */
#define DIGITS_MAX 770
/* Exponents beyond it are as good as infinite, and cannot overflow below. */
#define EXPONENT_CAP INT64_C(1000000000000000)

struct number {
	bool negative;
	bool cut;	  /* `digits` lacks some that are not 0 */
	uint64_t digits;  /* the first 19 significant ones */
	int64_t exponent; /* value = digits * 10^exponent */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits of one side of the point go into `number`. */
static const char *take_digits(struct number *number, const char *p,
			       const char *end, bool fraction)
{
	for (; p < end && is_digit(*p); p++) {
		if (number->digits < UINT64_C(1000000000000000000)) {
			number->digits =
				number->digits * 10 + (uint64_t)(*p - '0');
			number->exponent -= fraction;
		} else {
			number->cut |= *p != '0';
			number->exponent += !fraction;
		}
	}
	return p;
}

static int64_t take_exponent(const char *p, const char *end)
{
	bool negative = false;
	int64_t value = 0;
	if (p < end && (*p == '+' || *p == '-'))
		negative = *p++ == '-';
	for (; p < end && is_digit(*p); p++)
		if (value < EXPONENT_CAP)
			value = value * 10 + (*p - '0');
	return negative ? -value : value;
}

/* --- By the C library ----------------------------------------------------- */

static double parse_plain(const char *text)
{
	static locale_t plain;
	if (!plain)
		plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	return plain ? strtod_l(text, NULL, plain) : strtod(text, NULL);
}

/* Copies the significant digits, at most DIGITS_MAX, and a 1 for the rest. */
static double parse_slowly(const char *p, const char *end,
			   const struct number *number)
{
	char copy[DIGITS_MAX + 32];
	size_t count = 0;
	bool more = false;

	for (; p < end && (*p | 0x20) != 'e'; p++) {
		if (!is_digit(*p) || (count == 0 && *p == '0'))
			continue;
		if (count < DIGITS_MAX) {
			copy[count++] = *p;
		} else {
			more |= *p != '0';
		}
	}
	/* `digits` is the first 19 of them, or all: the rest moves the point. */
	size_t held = count < 19 ? count : 19;
	int64_t exponent = number->exponent - (int64_t)(count - held);
	if (more) {
		copy[count++] = '1';
		exponent--;
	}
	int64_t point = exponent + (int64_t)count;
	if (point > 400)
		return INFINITY;
	if (point < -400)
		return 0;
	snprintf(copy + count, 24, "e%d", (int)exponent);
	return parse_plain(copy);
}

/* --- By 128 bits ---------------------------------------------------------- */

/* digits * 10^exponent, rounded; false where that is not certain. */
static bool parse_wide(uint64_t digits, int64_t exponent, double *out)
{
	if (exponent < POWER_MIN || exponent > POWER_MAX)
		return false;
	int k = (int)exponent;
	int zeros = __builtin_clzll(digits);
	uint64_t w = digits << zeros;
	power_wide cross = (power_wide)w * power_low(k);
	power_wide product =
		(power_wide)w * power_high(k) + (uint64_t)(cross >> 64);
	uint64_t high = (uint64_t)(product >> 64);
	uint64_t low = (uint64_t)product;
	uint64_t sticky = (uint64_t)cross;

	/* The true product is less than 2 greater, in units of `low`. */
	int top = (int)(high >> 63);
	int shift = 9 + top;
	uint64_t mask = ((uint64_t)1 << shift) - 1;
	if ((high & mask) == mask && low >= UINT64_MAX - 1)
		return false;
	bool rest = (high & mask) || low || sticky || !power_is_exact(k);

	uint64_t mantissa = high >> shift; /* 53 bits and one more */
	bool up = (mantissa & 1) && (rest || (mantissa & 2));
	mantissa = (mantissa >> 1) + up;
	int biased = power_log2(k) + 63 - zeros + top + 1023;
	if (mantissa >> 53) {
		mantissa >>= 1;
		biased++;
	}
	if (biased < 1 || biased > 2046)
		return false;
	uint64_t bits =
		(uint64_t)biased << 52 | (mantissa & (((uint64_t)1 << 52) - 1));
	memcpy(out, &bits, sizeof(bits));
	return true;
}

/* --- By one operation ----------------------------------------------------- */

static bool parse_exactly(uint64_t digits, int64_t exponent, double *out)
{
	static const double powers[] = {
		1e0,  1e1,  1e2,  1e3,	1e4,  1e5,  1e6,  1e7,
		1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
		1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
	};
	if (FLT_EVAL_METHOD != 0 || digits > (uint64_t)1 << 53 ||
	    exponent < -22 || exponent > 22)
		return false;
	if (exponent < 0)
		*out = (double)digits / powers[-exponent];
	else
		*out = (double)digits * powers[exponent];
	return true;
}

static double parse_value(const char *p, const char *end,
			  const struct number *number)
{
	double value;
	double next;

	if (number->digits == 0)
		return 0;
	if (!number->cut) {
		if (parse_exactly(number->digits, number->exponent, &value) ||
		    parse_wide(number->digits, number->exponent, &value))
			return value;
	} else if (parse_wide(number->digits, number->exponent, &value) &&
		   parse_wide(number->digits + 1, number->exponent, &next) &&
		   value == next) {
		return value;
	}
	return parse_slowly(p, end, number);
}

double double_parse(const char *text, size_t len)
{
	struct number number = {.negative = false};
	const char *end = text + len;
	const char *p = text;
	double value;

	if (p < end && (*p == '-' || *p == '+'))
		number.negative = *p++ == '-';
	const char *start = p;
	p = take_digits(&number, p, end, false);
	if (p < end && *p == '.')
		p = take_digits(&number, p + 1, end, true);
	if (p < end && (*p | 0x20) == 'e')
		number.exponent += take_exponent(p + 1, end);
	if (start < end && (*start | 0x20) == 'i')
		value = INFINITY;
	else if (start < end && (*start | 0x20) == 'n')
		value = NAN;
	else
		value = parse_value(start, end, &number);
	return number.negative ? -value : value;
}
