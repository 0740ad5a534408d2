/*
 * Text diffs side by side with Python's difflib (in its own process, timed by
 * itself), git and GNU diff (whole processes), in the same run. Ours is the
 * whole way in process: cutting, interning, comparing, writing. Ends with
 * status 1 where a bar is missed.
 *
 *	lines	at most 1/20 of difflib's time and 1/2 of git's
 *	alt	at most 1/500 of difflib's
 *	popalt, same	exact within 150 ms, autojunk on and off
 *	ten times the lines: not more than n log n, see growth.h
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/diff_inputs.h"
#include "bench/growth.h"
#include "diff/diff_text.h"

#define LINES  10000
#define ROUNDS 7

static int missed;
static char scratch[] = "/tmp/cherry-bench.XXXXXX";

/* --- Ours ----------------------------------------------------------------- */

static const struct way {
	const char *name;
	struct text_options options;
} ways[] = {
	{"difflib",
	 {.output = TEXT_OPCODES,
	  .engine = {.algorithm = DIFF_DIFFLIB, .autojunk = true}}},
	{"difflib, no autojunk",
	 {.output = TEXT_OPCODES, .engine = {.algorithm = DIFF_DIFFLIB}}},
	{"myers, git's diff",
	 {.dialect = TEXT_GIT,
	  .context = 3,
	  .engine = {.algorithm = DIFF_MYERS}}},
	{"histogram",
	 {.dialect = TEXT_GIT,
	  .context = 3,
	  .engine = {.algorithm = DIFF_HISTOGRAM}}},
	{"patience",
	 {.dialect = TEXT_GIT,
	  .context = 3,
	  .engine = {.algorithm = DIFF_PATIENCE}}},
	{"myers, GNU's diff",
	 {.context = 3, .engine = {.algorithm = DIFF_MYERS}}},
};

#define WAYS (sizeof(ways) / sizeof(*ways))

struct timing {
	double ms; /* by the clock, as the peers' */
	struct growth_cost cost;
	bool exact;
};

static struct timing time_ours(const struct buf pair[2], const struct way *way,
			       int rounds)
{
	struct timing best = {1e9, {1e9, 0, 0}, false};
	size_t memory = growth_memory_begin();

	for (int n = 0; n < rounds; n++) {
		struct diff_result result;
		struct err err = ERR_INIT;
		struct buf out;
		double start = clock_monotonic(), begin = growth_clock();
		double took;

		buf_init(&out, INPUTS_MAX);
		if (diff_text(buf_slice(&pair[0]), buf_slice(&pair[1]),
			      &way->options, &out, &result, &err)) {
			fprintf(stderr, "%s\n", err.message);
			exit(1);
		}
		took = growth_clock() - begin;
		start = (clock_monotonic() - start) * 1000;
		best.ms = start < best.ms ? start : best.ms;
		best.cost.ms = took < best.cost.ms ? took : best.cost.ms;
		best.cost.work = result.work;
		best.exact = result.exact;
		diff_result_release(&result);
		buf_release(&out);
		if (!n)
			best.cost.memory = growth_memory_end(memory);
	}
	return best;
}

/* --- Peers ---------------------------------------------------------------- */

static void save(const char *name, const struct buf *text)
{
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	file = fopen(path, "w");
	if (!file || fwrite(text->ptr, 1, text->len, file) != text->len ||
	    fclose(file)) {
		perror(path);
		exit(1);
	}
}

/* Milliseconds of the best of three runs, or of what it prints if `prints`;
 * negative if the program is not there. */
static double time_peer(const char *command, bool prints, int rounds)
{
	double best = -1;
	char line[600], answer[64];

	snprintf(line, sizeof(line), "cd %s && %s 2>/dev/null", scratch,
		 command);
	for (int n = 0; n < rounds; n++) {
		double start = clock_monotonic(), took;
		FILE *pipe = popen(line, "r");
		bool any = pipe && fgets(answer, sizeof(answer), pipe);

		while (pipe && fgets(line, 0, pipe))
			continue;
		if (pipe)
			pclose(pipe);
		took = prints ? strtod(any ? answer : "-1", NULL)
			      : (clock_monotonic() - start) * 1000;
		if (!any)
			return -1;
		best = best < 0 || took < best ? took : best;
	}
	return best;
}

static double time_python(void)
{
	return time_peer("python3 -c \"\n"
			 "import difflib, time\n"
			 "a = open('a', newline='').read().splitlines(True)\n"
			 "b = open('b', newline='').read().splitlines(True)\n"
			 "t = time.perf_counter()\n"
			 "difflib.SequenceMatcher(None, a, b).get_opcodes()\n"
			 "print((time.perf_counter() - t) * 1000)\"",
			 true, 1);
}

static double time_git(const char *algorithm)
{
	char command[200];

	snprintf(command, sizeof(command),
		 "git -c core.pager=cat diff --no-index --stat "
		 "--diff-algorithm=%s a b",
		 algorithm);
	return time_peer(command, false, 3);
}

/* --- Bars ----------------------------------------------------------------- */

/* Ours must be at most 1/bar of the peer's; bar 0: only shown. */
static void compare(const char *what, double ours, const char *peer,
		    double theirs, double bar)
{
	if (theirs < 0) {
		printf("    %-24s %9.2f ms   %s is not there\n", what, ours,
		       peer);
		return;
	}
	printf("    %-24s %9.2f ms   %-16s %9.2f ms   1/%.1f", what, ours, peer,
	       theirs, theirs / ours);
	if (bar > 0)
		printf("   bar 1/%.0f%s", bar,
		       theirs / ours < bar ? " MISSED" : "");
	putchar('\n');
	missed |= bar > 0 && theirs / ours < bar;
}

static void within(const char *what, struct timing ours, double bar)
{
	bool bad = bar > 0 && (ours.ms > bar || !ours.exact);

	printf("    %-24s %9.2f ms   %s", what, ours.ms,
	       ours.exact ? "exact" : "not exact");
	if (bar > 0)
		printf("   bar %.0f ms%s", bar, bad ? " MISSED" : "");
	putchar('\n');
	missed |= bad;
}

static void bench(const char *name, double difflib_bar, double git_bar,
		  double limit)
{
	struct buf pair[2], large[2];
	struct timing ours[WAYS];
	double python = -1;

	inputs_make(name, LINES, pair);
	inputs_make(name, LINES * 10, large);
	save("a", &pair[0]);
	save("b", &pair[1]);
	printf("%s, %d lines\n", name, LINES);
	for (size_t n = 0; n < WAYS; n++)
		ours[n] = time_ours(pair, &ways[n], ROUNDS);
	/* difflib takes minutes for popalt. */
	if (strcmp(name, "popalt") != 0)
		python = time_python();
	compare(ways[0].name, ours[0].ms, "difflib", python, difflib_bar);
	compare(ways[2].name, ours[2].ms, "git", time_git("myers"), git_bar);
	compare(ways[3].name, ours[3].ms, "git --histogram",
		time_git("histogram"), 0);
	compare(ways[4].name, ours[4].ms, "git --patience",
		time_git("patience"), 0);
	compare(ways[5].name, ours[5].ms, "diff -u",
		time_peer("diff -u a b", false, 3), 0);
	within(ways[0].name, ours[0], limit);
	within(ways[1].name, ours[1], limit);
	printf("  ten times the lines\n");
	for (size_t n = 0; n < WAYS; n++)
		missed |= growth_line(ways[n].name, LINES, ours[n].cost,
				      time_ours(large, &ways[n], 5).cost);
	for (int side = 0; side < 2; side++) {
		buf_release(&pair[side]);
		buf_release(&large[side]);
	}
}

int main(void)
{
	char command[80];

	growth_warm();
	if (!mkdtemp(scratch)) {
		perror(scratch);
		return 1;
	}
	bench("lines", 20, 2, 0);
	bench("alt", 500, 0, 150);
	bench("popalt", 0, 0, 150);
	bench("same", 0, 0, 150);
	bench("pop", 0, 0, 0);
	snprintf(command, sizeof(command), "rm -r %s", scratch);
	return system(command) || missed;
}
