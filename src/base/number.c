/*
 * Doubles as the shortest decimal text. The digits are found by Raffaello
 * Giulietti's Schubfach ("The Schubfach way to render doubles", 2020): of the
 * decimals with the fewest digits inside the rounding interval, the nearest.
 * Integers and one table of powers decide it; nothing is tried out.
 */
#include "base/number.h"

#include <math.h>
#include <string.h>

#include "base/power.h"

#define MANTISSA_BITS 52

/* A decimal: digits * 10^exponent. */
struct decimal {
	uint64_t digits;
	int exponent;
};

/* The upper 64 bits of W * c / 2^64, with the lowest bit set if anything but a
 * rounding of W was cut off ("rounding to odd"). */
static uint64_t multiply_to_odd(uint64_t high, uint64_t low, uint64_t c)
{
	power_wide x = (power_wide)low * c;
	power_wide y = (power_wide)high * c + (uint64_t)(x >> 64);
	return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

/* floor(log10(2^q)), or of 3/4 * 2^q where the interval is narrower below. */
static int log10_of_power(int q, bool narrow)
{
	return (q * 1262611 - (narrow ? 524031 : 0)) >> 22;
}

/* The shortest decimal of c * 2^q. */
static struct decimal shortest(uint64_t c, int q, bool narrow)
{
	bool even = (c & 1) == 0;
	int k = log10_of_power(q, narrow);
	int shift = q + power_log2(-k) + 1;
	uint64_t high = power_high(-k);
	uint64_t low = power_low(-k);

	/* The method wants the power rounded up. */
	if (!power_is_exact(-k) && ++low == 0)
		high++;

	/* Four times the value and the ends of its interval, scaled. */
	uint64_t left = multiply_to_odd(
		high, low, (4 * c - 2 + (narrow ? 1 : 0)) << shift);
	uint64_t value = multiply_to_odd(high, low, (4 * c) << shift);
	uint64_t right = multiply_to_odd(high, low, (4 * c + 2) << shift);
	uint64_t lower = left + !even;
	uint64_t upper = right - !even;
	uint64_t s = value / 4;

	if (s >= 10) {
		uint64_t tens = s / 10;
		bool below = lower <= 40 * tens;
		bool above = 40 * tens + 40 <= upper;
		if (below != above)
			return (struct decimal){tens + above, k + 1};
	}
	bool below = lower <= 4 * s;
	bool above = 4 * s + 4 <= upper;
	if (below != above)
		return (struct decimal){s + above, k};
	uint64_t middle = 4 * s + 2;
	bool up = value > middle || (value == middle && (s & 1));
	return (struct decimal){s + up, k};
}

static struct decimal to_decimal(double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	uint64_t fraction = bits & (((uint64_t)1 << MANTISSA_BITS) - 1);
	int exponent = (int)(bits >> MANTISSA_BITS & 0x7ff);

	if (exponent == 0)
		return shortest(fraction, -1074, false);
	uint64_t c = fraction | (uint64_t)1 << MANTISSA_BITS;
	int q = exponent - 1075;
	/* A whole number below 2^53 is its own digits. */
	if (q <= 0 && q > -53 && (c & (((uint64_t)1 << -q) - 1)) == 0)
		return (struct decimal){c >> -q, 0};
	return shortest(c, q, fraction == 0 && exponent > 1);
}

static const char pairs[] = "0001020304050607080910111213141516171819"
			    "2021222324252627282930313233343536373839"
			    "4041424344454647484950515253545556575859"
			    "6061626364656667686970717273747576777879"
			    "8081828384858687888990919293949596979899";

size_t number_uint64(uint64_t value, char out[NUMBER_UINT64_MAX])
{
	char text[NUMBER_UINT64_MAX];
	char *end = text + sizeof(text);
	char *p = end;

	while (value >= 100) {
		p -= 2;
		memcpy(p, pairs + value % 100 * 2, 2);
		value /= 100;
	}
	if (value >= 10) {
		p -= 2;
		memcpy(p, pairs + value * 2, 2);
	} else {
		*--p = (char)('0' + value);
	}
	memcpy(out, p, (size_t)(end - p));
	return (size_t)(end - p);
}

size_t double_digits(double value, char digits[18], int *exponent)
{
	struct decimal decimal = to_decimal(value);
	char text[NUMBER_UINT64_MAX];
	size_t len = number_uint64(decimal.digits, text);

	*exponent = decimal.exponent + (int)len;
	while (len > 1 && text[len - 1] == '0')
		len--;
	memcpy(digits, text, len);
	return len;
}

/* "1.5e-07": one digit before the point, at least two in the exponent. */
static char *put_exponential(char *p, const char *digits, size_t count,
			     int exponent)
{
	*p++ = digits[0];
	if (count > 1) {
		*p++ = '.';
		memcpy(p, digits + 1, count - 1);
		p += count - 1;
	}
	*p++ = 'e';
	*p++ = exponent < 0 ? '-' : '+';
	unsigned size = (unsigned)(exponent < 0 ? -exponent : exponent);
	if (size >= 100)
		*p++ = (char)('0' + size / 100);
	memcpy(p, pairs + size % 100 * 2, 2);
	return p + 2;
}

/* "0.00015", "1500.0", "1.5"; `point` is how many digits precede the point. */
static char *put_fixed(char *p, const char *digits, size_t count, int point)
{
	if (point <= 0) {
		memcpy(p, "0.", 2);
		memset(p + 2, '0', (size_t)-point);
		p += 2 - point;
		memcpy(p, digits, count);
		return p + count;
	}
	size_t whole = (size_t)point;
	if (count <= whole) {
		memcpy(p, digits, count);
		memset(p + count, '0', whole - count);
		memcpy(p + whole, ".0", 2);
		return p + whole + 2;
	}
	memcpy(p, digits, whole);
	p[whole] = '.';
	memcpy(p + whole + 1, digits + whole, count - whole);
	return p + count + 1;
}

size_t double_repr(double value, char out[DOUBLE_TEXT_MAX])
{
	char digits[18];
	int point;
	char *p = out;

	if (isnan(value)) {
		memcpy(out, "nan", 4);
		return 3;
	}
	if (signbit(value))
		*p++ = '-';
	if (isinf(value)) {
		memcpy(p, "inf", 4);
		return (size_t)(p + 3 - out);
	}
	if (value == 0) {
		memcpy(p, "0.0", 4);
		return (size_t)(p + 3 - out);
	}
	size_t count = double_digits(fabs(value), digits, &point);
	if (point > -4 && point <= 16)
		p = put_fixed(p, digits, count, point);
	else
		p = put_exponential(p, digits, count, point - 1);
	*p = '\0';
	return (size_t)(p - out);
}
