/*
 * How cost grows from n to ten times n: steps, time and memory, each with its
 * bar. Steps do not depend on the machine. Time (of the processor: that of the
 * clock on an idle machine) has half as much again for caches, and both sizes
 * find their memory warm. Tables that double in size may be twice too large.
 */
#ifndef BENCH_GROWTH_H
#define BENCH_GROWTH_H

#include <malloc.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct growth_cost {
	double ms;     /* of the processor */
	uint64_t work; /* steps */
	size_t memory; /* bytes at most; 0: not known */
};

/* Memory stays with the process: otherwise only large runs would pay for new
 * pages each time. */
static inline void growth_warm(void)
{
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, INT32_MAX);
}

static inline double growth_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

/* "VmRSS", "VmHWM" in bytes; 0 where the system does not tell. */
static inline size_t growth_status(const char *name)
{
	FILE *file = fopen("/proc/self/status", "r");
	size_t kilobytes = 0;
	char line[200];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), ": %zu", &kilobytes);
	if (file)
		fclose(file);
	return kilobytes * 1024;
}

/* Gives free memory back and begins to watch for the peak. Returns what is in
 * use now. */
static inline size_t growth_memory_begin(void)
{
	FILE *file;

	malloc_trim(0);
	file = fopen("/proc/self/clear_refs", "w");
	if (!file)
		return 0;
	fputs("5", file);
	fclose(file);
	return growth_status("VmRSS");
}

static inline size_t growth_memory_end(size_t begin)
{
	size_t peak = growth_status("VmHWM");

	return begin && peak > begin ? peak - begin : 0;
}

/* Prints ` what RATIO (bar N)`. True if it is over. */
static inline bool growth_put(const char *what, double ratio, double bar)
{
	bool over = ratio > bar;

	printf("   %s x %4.1f (bar %.1f)%s", what, ratio, bar,
	       over ? " MISSED" : "");
	return over;
}

/* One line, for `items` items and ten times as many. True if a bar is missed. */
static inline bool growth_line(const char *name, double items,
			       struct growth_cost small,
			       struct growth_cost large)
{
	double most = 10 * log(10 * items) / log(items);
	bool missed = false;

	printf("    %-22s %9.2f ms", name, large.ms);
	if (small.work)
		missed |= growth_put("steps",
				     (double)large.work / (double)small.work,
				     1.2 * most);
	missed |= growth_put("time", large.ms / small.ms, 1.5 * most);
	if (small.memory && large.memory)
		missed |= growth_put(
			"memory", (double)large.memory / (double)small.memory,
			20);
	putchar('\n');
	return missed;
}

#endif
