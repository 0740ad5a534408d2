/*
 * Doubles: digits, repr and reading, against the C library and against exact
 * arithmetic on big integers where the C library could share a mistake.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "base/power.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static double from_bits(uint64_t bits)
{
	double value;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

static bool same(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* --- repr ----------------------------------------------------------------- */

static const struct {
	double value;
	const char *text;
} repr_cases[] = {
	{0.0, "0.0"},
	{-0.0, "-0.0"},
	{1, "1.0"},
	{-1.5, "-1.5"},
	{0.1, "0.1"},
	{0.1 + 0.2, "0.30000000000000004"},
	{1e15, "1000000000000000.0"},
	{1e16, "1e+16"},
	{9999999999999998, "9999999999999998.0"},
	{123456789012345680, "1.2345678901234568e+17"},
	{1e22, "1e+22"},
	{1e23, "1e+23"},
	{9.5e-05, "9.5e-05"},
	{0.0001, "0.0001"},
	{0.00012345, "0.00012345"},
	{1e-05, "1e-05"},
	{5e-324, "5e-324"},
	{2.2250738585072014e-308, "2.2250738585072014e-308"},
	{2.225073858507201e-308, "2.225073858507201e-308"},
	{1.7976931348623157e308, "1.7976931348623157e+308"},
	{9007199254740991, "9007199254740991.0"},
	{9007199254740992, "9007199254740992.0"},
	{2e-44, "2e-44"},
	{9.8e-322, "9.8e-322"},
	{100, "100.0"},
	{120000, "120000.0"},
	/* Powers of two that %.17g loops get wrong. */
	{9007199254740992.0 * 8388608.0, "7.555786372591432e+22"},
	{5.764607523034235e+17, "5.764607523034235e+17"},
	{INFINITY, "inf"},
	{-INFINITY, "-inf"},
	{NAN, "nan"},
};

Test(number, repr)
{
	char text[DOUBLE_TEXT_MAX];
	for (size_t i = 0; i < COUNT(repr_cases); i++) {
		size_t len = double_repr(repr_cases[i].value, text);
		cr_expect_str_eq(text, repr_cases[i].text);
		cr_expect_eq(len, strlen(text));
	}
}

Test(number, digits)
{
	char digits[18];
	int exponent;
	cr_expect_eq(double_digits(1500, digits, &exponent), 2);
	cr_expect_eq(memcmp(digits, "15", 2), 0);
	cr_expect_eq(exponent, 4);
	cr_expect_eq(double_digits(0.00025, digits, &exponent), 2);
	cr_expect_eq(exponent, -3);
	cr_expect_eq(double_digits(1e300, digits, &exponent), 1);
	cr_expect_eq(exponent, 301);
	cr_expect_eq(double_digits(1.7976931348623157e308, digits, &exponent),
		     17);
}

/* Reads back the same; and neither one digit less nor a neighbour in the last
 * digit does as well or better. */
static void check_shortest(double value)
{
	char text[DOUBLE_TEXT_MAX];
	char digits[18];
	char other[40];
	int exponent;

	size_t len = double_repr(value, text);
	cr_assert(same(strtod(text, NULL), value), "%s", text);
	cr_assert(same(double_parse(text, len), value), "%s", text);
	size_t count = double_digits(fabs(value), digits, &exponent);
	if (count > 1) {
		snprintf(other, sizeof(other), "%.*e", (int)count - 2, value);
		cr_assert_not(same(strtod(other, NULL), value), "%s", text);
	}
	snprintf(other, sizeof(other), "%.*e", (int)count - 1, value);
	/* The correctly rounded text of that length, where it reads back. */
	if (same(strtod(other, NULL), value)) {
		size_t n = 0;
		for (const char *p = other; *p && *p != 'e'; p++)
			if (*p >= '0' && *p <= '9')
				cr_assert_eq(*p, digits[n++], "%s %s", other,
					     text);
		cr_assert_eq(n, count);
	}
}

Test(number, shortest_over_random_bits)
{
	uint64_t state = 88172645463325252;
	for (int i = 0; i < 200000; i++) {
		double value = from_bits(random_next(&state));
		if (isfinite(value) && value != 0)
			check_shortest(value);
	}
}

Test(number, shortest_around_every_power_of_two)
{
	for (uint64_t exponent = 0; exponent < 2047; exponent++)
		for (int64_t step = -3; step <= 3; step++) {
			uint64_t bits = (exponent << 52) + (uint64_t)step;
			double value = from_bits(bits);
			if (isfinite(value) && value != 0)
				check_shortest(value);
		}
}

Test(number, shortest_of_short_decimals)
{
	char text[40];
	char got[DOUBLE_TEXT_MAX];
	uint64_t state = 7;
	for (int i = 0; i < 100000; i++) {
		uint64_t whole = random_next(&state) % 1000000000;
		int places = (int)(random_next(&state) % 9) + 1;
		snprintf(text, sizeof(text), "%" PRIu64 ".%0*" PRIu64,
			 whole % 1000000, places, whole % 10 + 1);
		size_t len = strlen(text);
		while (text[len - 1] == '0' && text[len - 2] != '.')
			text[--len] = '\0';
		double_repr(strtod(text, NULL), got);
		cr_assert_str_eq(got, text);
	}
}

/* --- Reading -------------------------------------------------------------- */

Test(number, reads_as_the_c_library)
{
	char text[80];
	uint64_t state = 4711;
	for (int i = 0; i < 300000; i++) {
		uint64_t a = random_next(&state) >> (random_next(&state) & 63);
		uint64_t b = random_next(&state) >> (random_next(&state) & 63);
		int e = (int)(random_next(&state) % 700) - 350;
		int len = snprintf(
			text, sizeof(text), "%s%" PRIu64 ".%" PRIu64 "%c%d",
			i & 1 ? "-" : "", a, b, i & 2 ? 'e' : 'E', e);
		cr_assert(same(double_parse(text, (size_t)len),
			       strtod(text, NULL)),
			  "%s", text);
	}
}

/* Exactly between two doubles, and a little beside it: many digits decide. */
Test(number, halfway)
{
	char text[1200];
	uint64_t state = 99;
	for (int i = 0; i < 3000; i++) {
		uint64_t bits = random_next(&state) % (UINT64_C(0x7fe) << 52);
		if (i % 3 == 0)
			bits %= UINT64_C(1) << 52;
		long double half =
			((long double)from_bits(bits) + from_bits(bits + 1)) /
			2;
		int len = snprintf(text, sizeof(text), "%.*Le", 780, half);
		cr_assert(len > 0 && (size_t)len < sizeof(text));
		double want = from_bits(bits + (bits & 1));
		cr_assert(same(double_parse(text, (size_t)len), want), "%.60s",
			  text);
		/* One more digit far behind the 768th. */
		char *e = strchr(text, 'e');
		char more[1200];
		int length = snprintf(more, sizeof(more), "%.*s%0300d1%s",
				      (int)(e - text), text, 0, e);
		want = from_bits(bits + 1);
		cr_assert(same(double_parse(more, (size_t)length), want),
			  "%.60s", more);
	}
}

static const struct {
	const char *text;
	double value;
} parse_cases[] = {
	{"0", 0.0},
	{"-0", -0.0},
	{"-0.0", -0.0},
	{"0e999999999999999999999999", 0.0},
	{"1e400", INFINITY},
	{"-1e400", -INFINITY},
	{"1e-400", 0.0},
	{"-1e-400", -0.0},
	{"1e99999999999999999999999999", INFINITY},
	{"1e-99999999999999999999999999", 0.0},
	{"2.4703282292062327e-324", 0.0},
	{"2.4703282292062328e-324", 5e-324},
	{"1.7976931348623158e308", 1.7976931348623157e308},
	{"1.7976931348623159e308", INFINITY},
	{"9007199254740993", 9007199254740992.0},
	{"9007199254740993.00000000000000000000000001", 9007199254740994.0},
	{"2.2250738585072011e-308", 2.225073858507201e-308},
	{"6.631236846766476e-316", 6.631236846766476e-316},
	{"18446744073709551616", 18446744073709551616.0},
	{"12345678901234567890123", 1.2345678901234568e22},
	{"0.000000000000000000000000000000000000001", 1e-39},
	{"1E5", 1e5},
	{"+2.5", 2.5},
	{"inf", INFINITY},
	{"-inf", -INFINITY},
};

Test(number, parse)
{
	for (size_t i = 0; i < COUNT(parse_cases); i++) {
		const char *text = parse_cases[i].text;
		double got = double_parse(text, strlen(text));
		cr_expect(same(got, parse_cases[i].value), "%s: %.17g", text,
			  got);
	}
	cr_expect(isnan(double_parse("nan", 3)));
	cr_expect_eq(double_parse("12345", 3), 123);
}

/* Long texts cost time in proportion to their length. */
Test(number, parse_long)
{
	size_t len = 1000000;
	char *text = malloc(len + 20);
	memset(text, '0', len);
	memcpy(text, "0.", 2);
	memcpy(text + len, "1e1000000", 10);
	double want = 10; /* 10^-(len - 1) * 10^1000000 */
	cr_expect_eq(double_parse(text, len + 9), want, "%.17g",
		     double_parse(text, len + 9));
	memset(text, '9', len);
	cr_expect_eq(double_parse(text, len), INFINITY);
	memcpy(text + len, "e-999999", 9);
	cr_expect_eq(double_parse(text, len + 8), 10.0);
	free(text);
}

Test(number, any_locale)
{
	char text[DOUBLE_TEXT_MAX];
	if (!setlocale(LC_ALL, "de_DE.UTF-8"))
		cr_skip("no locale with a comma");
	double_repr(1.5, text);
	cr_expect_str_eq(text, "1.5");
	cr_expect_eq(double_parse("1.5", 3), 1.5);
	cr_expect_eq(double_parse("2.4703282292062328e-324", 23), 5e-324);
}

/* --- The table of powers -------------------------------------------------- */

/* Big integers as 32-bit limbs, lowest first. */
#define LIMBS 80

static void multiply_small(uint32_t limbs[LIMBS], uint32_t by)
{
	uint64_t carry = 0;
	for (int i = 0; i < LIMBS; i++) {
		carry += (uint64_t)limbs[i] * by;
		limbs[i] = (uint32_t)carry;
		carry >>= 32;
	}
	cr_assert_eq(carry, 0);
}

static int bit_length(const uint32_t limbs[LIMBS])
{
	for (int i = LIMBS - 1; i >= 0; i--)
		if (limbs[i])
			return i * 32 + 32 - __builtin_clz(limbs[i]);
	return 0;
}

static power_wide top_bits(const uint32_t limbs[LIMBS])
{
	power_wide top = 0;
	int length = bit_length(limbs);
	for (int i = 1; i <= 128; i++) {
		int bit = length - i;
		top <<= 1;
		if (bit >= 0)
			top |= limbs[bit / 32] >> bit % 32 & 1;
	}
	return top;
}

/* limbs /= 10, what is left over is dropped. */
static void divide_by_ten(uint32_t limbs[LIMBS])
{
	uint64_t rest = 0;
	for (int i = LIMBS - 1; i >= 0; i--) {
		rest = rest << 32 | limbs[i];
		limbs[i] = (uint32_t)(rest / 10);
		rest %= 10;
	}
}

static void check_power(const uint32_t limbs[LIMBS], int k, int log2)
{
	power_wide top = top_bits(limbs);
	cr_assert_eq(power_high(k), (uint64_t)(top >> 64), "10^%d", k);
	cr_assert_eq(power_low(k), (uint64_t)top, "10^%d", k);
	cr_assert_eq(power_log2(k), log2, "10^%d", k);
}

Test(number, powers)
{
	uint32_t limbs[LIMBS] = {1};
	for (int k = 0; k <= POWER_MAX; k++) {
		check_power(limbs, k, bit_length(limbs) - 1);
		if (k < POWER_MAX)
			multiply_small(limbs, 10);
	}
	/* floor(floor(x / 10) / 10) is floor(x / 100), so this is exact. */
	memset(limbs, 0, sizeof(limbs));
	limbs[LIMBS - 1] = 1u << 31;
	for (int k = 0; k >= POWER_MIN; k--) {
		check_power(limbs, k, bit_length(limbs) - LIMBS * 32);
		divide_by_ten(limbs);
	}
}
