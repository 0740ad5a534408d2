/*
 * The two clocks. Neither call can fail with these arguments.
 */
#include "base/clock.h"

#include <time.h>

double clock_monotonic(void)
{
	return (double)clock_monotonic_ns() / 1e9;
}

uint64_t clock_monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

double clock_real(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
