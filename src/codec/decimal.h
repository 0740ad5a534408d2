/*
 * Integers as decimal text, without the C library's formats.
 */
#ifndef CODEC_DECIMAL_H
#define CODEC_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DECIMAL_MAX 20 /* "-9223372036854775808" */

/* Writes the digits, no NUL; how many characters. */
static inline size_t decimal_put(char out[DECIMAL_MAX], int64_t integer)
{
	char digits[DECIMAL_MAX];
	char *at = digits + DECIMAL_MAX;
	uint64_t left = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;

	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (integer < 0)
		*--at = '-';
	size_t len = (size_t)(digits + DECIMAL_MAX - at);
	memcpy(out, at, len);
	return len;
}

#endif
