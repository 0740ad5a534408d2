/*
 * The two clocks: monotonic for everything local, real for what people read.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Seconds since some fixed point; never goes back. */
double clock_monotonic(void);
/* Nanoseconds of the same clock. */
uint64_t clock_monotonic_ns(void);
/* Seconds since 1970, UTC. */
double clock_real(void);

#endif
