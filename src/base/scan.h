/*
 * Scanning of text at many bytes a step, shared by the UTF-8 checks and by the
 * JSON reader and writer. Everything is inline: a call for each string would
 * cost more than the scan. SSE2 where the compiler has it, else 8 bytes in a
 * word.
 */
#ifndef BASE_SCAN_H
#define BASE_SCAN_H

#include "cherry/buf.h"

#ifdef __SSE2__
#include <emmintrin.h>
#define SCAN_STEP 16
#else
#define SCAN_STEP 8
#endif

#define SCAN_ONES  0x0101010101010101u
#define SCAN_HIGHS 0x8080808080808080u

/*
 * The length of the character at `p`, or 0 if it is not UTF-8 (RFC 3629: no
 * surrogates, nothing over U+10FFFF, shortest forms). p < end.
 */
static inline size_t scan_character(const char *text, const char *end)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t left = (size_t)(end - text);

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || left < 2 || (p[1] & 0xc0) != 0x80)
		return 0;
	if (p[0] < 0xe0)
		return 2;
	if (left < 3 || (p[2] & 0xc0) != 0x80)
		return 0;
	if (p[0] < 0xf0) {
		bool overlong = p[0] == 0xe0 && p[1] < 0xa0;
		bool surrogate = p[0] == 0xed && p[1] >= 0xa0;
		return overlong || surrogate ? 0 : 3;
	}
	if (p[0] > 0xf4 || left < 4 || (p[3] & 0xc0) != 0x80)
		return 0;
	bool overlong = p[0] == 0xf0 && p[1] < 0x90;
	bool past_end = p[0] == 0xf4 && p[1] >= 0x90;
	return overlong || past_end ? 0 : 4;
}

/* Would a JSON string have to stop and look at this byte? */
static inline bool scan_is_special(unsigned char c)
{
	return c == '"' || c == '\\' || c < 0x20 || c >= 0x80;
}

/*
 * Which of the SCAN_STEP bytes at `p` are special: the bits' order is that of
 * the bytes, with SCAN_SHIFT bits for each. 0: none.
 */
#ifdef __SSE2__
#define SCAN_SHIFT 0
static inline uint64_t scan_special_mask(const char *p)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)p);
	__m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
	__m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
	/* Signed, so that what is not ASCII is below the space as well. */
	__m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
	return (uint64_t)_mm_movemask_epi8(
		_mm_or_si128(_mm_or_si128(quote, slash), low));
}

static inline uint64_t scan_high_mask(const char *p)
{
	return (uint64_t)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)p));
}
#else
#define SCAN_SHIFT 3
/* Bits may be set wrongly after the first that is set rightly (the borrow of
 * a subtraction runs upwards), which is why bytes are in order of value. */
static inline uint64_t scan_word(const char *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

static inline uint64_t scan_special_mask(const char *p)
{
	uint64_t word = scan_word(p);
	uint64_t quote = word ^ SCAN_ONES * '"';
	uint64_t slash = word ^ SCAN_ONES * '\\';
	uint64_t found = (quote - SCAN_ONES) & ~quote;
	found |= (slash - SCAN_ONES) & ~slash;
	found |= (word - SCAN_ONES * 0x20) & ~word;
	return (found | word) & SCAN_HIGHS;
}

static inline uint64_t scan_high_mask(const char *p)
{
	return scan_word(p) & SCAN_HIGHS;
}
#endif

/* How many bytes lie before the first one of a mask that is not 0. */
static inline size_t scan_first(uint64_t mask)
{
	return (size_t)__builtin_ctzll(mask) >> SCAN_SHIFT;
}

/* The first special byte from `p` on, or `end`. */
static inline const char *scan_special(const char *p, const char *end)
{
	while (end - p >= SCAN_STEP) {
		uint64_t mask = scan_special_mask(p);
		if (mask)
			return p + scan_first(mask);
		p += SCAN_STEP;
	}
	while (p < end && !scan_is_special((unsigned char)*p))
		p++;
	return p;
}

/* The first byte that is not ASCII from `p` on, or `end`. */
static inline const char *scan_high(const char *p, const char *end)
{
	while (end - p >= SCAN_STEP) {
		uint64_t mask = scan_high_mask(p);
		if (mask)
			return p + scan_first(mask);
		p += SCAN_STEP;
	}
	while (p < end && (unsigned char)*p < 0x80)
		p++;
	return p;
}

#endif
