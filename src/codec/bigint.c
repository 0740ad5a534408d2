/*
 * Decimal text to binary magnitudes and back, schoolbook, 19 digits and one
 * 64-bit limb at a time.
 */
#include "codec/bigint.h"

#include <stdlib.h>

#include "codec/fail.h"

#define CHUNK	     19
#define CHUNK_FACTOR 10000000000000000000ULL /* 10^19 */

__extension__ typedef unsigned __int128 wide;

/* limbs = limbs * factor + more; there is room for the carry. */
static size_t multiply_add(uint64_t *limbs, size_t count, uint64_t factor,
			   uint64_t more)
{
	uint64_t carry = more;

	for (size_t i = 0; i < count; i++) {
		wide sum = (wide)limbs[i] * factor + carry;
		limbs[i] = (uint64_t)sum;
		carry = (uint64_t)(sum >> 64);
	}
	if (carry)
		limbs[count++] = carry;
	return count;
}

int bigint_magnitude(struct slice decimal, struct buf *out)
{
	bool sign = decimal.len && (*decimal.ptr == '-' || *decimal.ptr == '+');
	size_t count = 0;
	uint64_t *limbs = malloc((decimal.len / CHUNK + 2) * sizeof(uint64_t));
	if (!limbs)
		return -1;
	for (size_t i = sign; i < decimal.len;) {
		uint64_t factor = 1;
		uint64_t chunk = 0;
		for (size_t n = 0; n < CHUNK && i < decimal.len; n++, i++) {
			factor *= 10;
			chunk = chunk * 10 + (uint64_t)(decimal.ptr[i] - '0');
		}
		count = multiply_add(limbs, count, factor, chunk);
	}
	bool leading = true;
	int r = buf_reserve(out, count * 8);
	for (size_t i = count; !r && i-- > 0;)
		for (int shift = 56; shift >= 0; shift -= 8) {
			char byte = (char)(limbs[i] >> shift);
			leading = leading && byte == 0;
			if (!leading)
				out->ptr[out->len++] = byte;
		}
	free(limbs);
	return r;
}

/* limbs = limbs / 10^19, the rest is returned. The high part of each step is
 * less than the divisor, so that the quotient fits. */
static uint64_t divide_chunk(uint64_t *limbs, size_t count)
{
	uint64_t rest = 0;

	for (size_t i = count; i-- > 0;) {
		wide part = (wide)rest << 64 | limbs[i];
#ifdef __x86_64__
		/* One instruction where the compiler would call a function. */
		uint64_t low = (uint64_t)part;
		uint64_t high = (uint64_t)(part >> 64);
		__asm__("divq %2"
			: "+a"(low), "+d"(high)
			: "r"((uint64_t)CHUNK_FACTOR)
			: "cc");
		limbs[i] = low;
		rest = high;
#else
		limbs[i] = (uint64_t)(part / CHUNK_FACTOR);
		rest = (uint64_t)(part % CHUNK_FACTOR);
#endif
	}
	return rest;
}

/* Writes the digits backwards, ending at `end`; returns where they begin. */
static char *put_digits(uint64_t *limbs, size_t count, char *end)
{
	while (count) {
		uint64_t chunk = divide_chunk(limbs, count);
		while (count && !limbs[count - 1])
			count--;
		for (int n = 0; n < CHUNK && (count || chunk); n++) {
			*--end = (char)('0' + chunk % 10);
			chunk /= 10;
		}
	}
	return end;
}

int bigint_value(struct value_doc *doc, struct slice magnitude, bool negative,
		 size_t max_digits, struct value *out, struct err *err)
{
	while (magnitude.len && !*magnitude.ptr)
		magnitude = slice_of(magnitude.ptr + 1, magnitude.len - 1);
	/* A byte is 2.408 digits; the exact check follows with the digits. */
	if (magnitude.len > max_digits / 2 + 8)
		return fail_limit(err, "digits", (int64_t)magnitude.len * 2,
				  "size",
				  "an integer of %zu bytes has more than %zu "
				  "digits",
				  magnitude.len, max_digits);
	size_t count = (magnitude.len + 7) / 8;
	size_t digits = count * 20 + 2;
	uint64_t *limbs = calloc(count + 1, sizeof(uint64_t));
	char *text = malloc(digits);
	int r = -1;

	if (limbs && text) {
		for (size_t i = 0; i < magnitude.len; i++) {
			uint64_t byte =
				(unsigned char)
					magnitude.ptr[magnitude.len - 1 - i];
			limbs[i / 8] |= byte << i % 8 * 8;
		}
		char *begin = put_digits(limbs, count, text + digits);
		if (begin == text + digits)
			*--begin = '0';
		if (negative)
			*--begin = '-';
		r = value_decimal(
			doc, slice_of(begin, (size_t)(text + digits - begin)),
			max_digits, out, err);
	} else {
		r = fail_limit(err, "memory", (int64_t)digits, "size",
			       "no memory for an integer");
	}
	free(limbs);
	free(text);
	return r;
}

bool bigint_increment(unsigned char *bytes, size_t len)
{
	while (len-- > 0)
		if (++bytes[len])
			return false;
	return true;
}

void bigint_decrement(unsigned char *bytes, size_t len)
{
	while (len-- > 0)
		if (bytes[len]--)
			return;
}
