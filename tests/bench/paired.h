/*
 * Two ways of doing the same, taken in turn in one run: medians of wall clock
 * and of processor time. The bar is for both on a machine with nothing else to
 * do; where others run, what waits for them is not ours, and processor time
 * alone decides.
 */
#ifndef BENCH_PAIRED_H
#define BENCH_PAIRED_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PAIRED_ROUNDS_MAX 200

/* Milliseconds of one doing. */
struct paired_time {
	double wall, work;
};

struct paired {
	int rounds;
	struct paired_time times[2][PAIRED_ROUNDS_MAX];
};

static inline double paired_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static inline struct paired_time paired_now(clockid_t work)
{
	return (struct paired_time){paired_clock(CLOCK_MONOTONIC),
				    paired_clock(work)};
}

/* From `start` to now. */
static inline struct paired_time paired_since(struct paired_time start,
					      clockid_t work)
{
	struct paired_time now = paired_now(work);

	return (struct paired_time){now.wall - start.wall,
				    now.work - start.work};
}

static inline int paired_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double paired_median(const struct paired *paired, int side,
				   bool work)
{
	double values[PAIRED_ROUNDS_MAX];
	int i;

	for (i = 0; i < paired->rounds; i++)
		values[i] = work ? paired->times[side][i].work
				 : paired->times[side][i].wall;
	qsort(values, (size_t)i, sizeof(double), paired_order);
	return values[i / 2];
}

/* Prints both medians and their ratios; is the bar missed? */
static inline bool paired_report(const struct paired *paired, const char *what,
				 double bar)
{
	double wall[2], work[2], load = 0;
	bool busy, missed;
	int side;

	for (side = 0; side < 2; side++) {
		wall[side] = paired_median(paired, side, false);
		work[side] = paired_median(paired, side, true);
	}
	/* This program is one of them. */
	busy = getloadavg(&load, 1) == 1 &&
	       load > (double)sysconf(_SC_NPROCESSORS_ONLN);
	missed = work[0] > bar * work[1] || (!busy && wall[0] > bar * wall[1]);
	printf("%s\n  wall %.2f ms, peer %.2f: ratio %.3f%s; processor %.2f "
	       "ms, peer %.2f: ratio %.3f; bar %.2f%s\n",
	       what, wall[0], wall[1], wall[0] / wall[1],
	       busy ? " (machine busy)" : "", work[0], work[1],
	       work[0] / work[1], bar, missed ? " MISSED" : "");
	fflush(stdout);
	return missed;
}

#endif
