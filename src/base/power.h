/*
 * Powers of ten for the exact conversion of doubles: 10^k is about
 * W * 2^(power_log2(k) - 127), where W is 128 bits long, its highest bit set,
 * and cut off, never rounded up. It is exact for k from 0 to 55.
 */
#ifndef BASE_POWER_H
#define BASE_POWER_H

#include <stdbool.h>
#include <stdint.h>

#define POWER_MIN (-342)
#define POWER_MAX 324

extern const uint64_t power_words[(POWER_MAX - POWER_MIN + 1) * 2];

__extension__ typedef unsigned __int128 power_wide;

static inline uint64_t power_high(int k)
{
	return power_words[(k - POWER_MIN) * 2];
}

static inline uint64_t power_low(int k)
{
	return power_words[(k - POWER_MIN) * 2 + 1];
}

static inline bool power_is_exact(int k)
{
	return k >= 0 && k <= 55;
}

/* floor(log2(10^k)), right for all k of the table. */
static inline int power_log2(int k)
{
	return (k * 1741647) >> 19;
}

#endif
