/*
 * Which items Myers' algorithm need not look at: those that the other side
 * does not have, and very frequent ones in runs of such, which would cost much
 * and match by chance. The rules are those of git's xdiff and of GNU diff
 * (after the work of Haertel, Hayes, Stallman, Tower and Eggert), since results
 * depend on them.
 */
#include "diff/engine.h"

enum { KEEP, DROP, DOUBTFUL, CLASS = 3, LEAVE_OUT = 4 };

/* --- git ------------------------------------------------------------------ */

#define GIT_OFTEN_MAX 1024
#define GIT_WINDOW    100
#define GIT_RATIO     4

/* How a run of items that are not KEEP, from `at` in one direction, is made
 * up; the window limits it. */
struct prune_run {
	uint32_t dropped, doubtful;
};

static struct prune_run prune_git_run(const uint8_t *class, uint32_t at,
				      uint32_t limit, int step)
{
	struct prune_run run = {0, 0};

	while (at != limit) {
		at += (uint32_t)step;
		if ((class[at] & CLASS) == DROP)
			run.dropped++;
		else if ((class[at] & CLASS) == DOUBTFUL)
			run.doubtful++;
		else
			break;
	}
	return run;
}

/* Is the doubtful item at `at` one to leave out? */
static bool prune_git_doubtful(const uint8_t *class, uint32_t at,
			       uint32_t count)
{
	uint32_t low = at > GIT_WINDOW ? at - GIT_WINDOW : 0;
	uint32_t high =
		count - 1 - at > GIT_WINDOW ? at + GIT_WINDOW : count - 1;
	struct prune_run before = prune_git_run(class, at, low, -1), after;
	uint32_t dropped, doubtful;

	if (!before.dropped)
		return false;
	after = prune_git_run(class, at, high, 1);
	if (!after.dropped)
		return false;
	dropped = before.dropped + after.dropped;
	/* The item itself counts in both directions. */
	doubtful = before.doubtful + after.doubtful + 2;
	return doubtful * GIT_RATIO < doubtful + dropped;
}

/* One side. `whole` is how many items it had before its ends were stripped. */
static void prune_git_side(const uint32_t *ids, uint32_t count,
			   const uint32_t *other_counts, uint32_t whole,
			   uint8_t *out)
{
	uint32_t often = 1;

	for (; whole > 0; whole >>= 2)
		often *= 2;
	often = often > GIT_OFTEN_MAX ? GIT_OFTEN_MAX : often;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t partners = other_counts[ids[i]];

		out[i] = partners >= often ? DOUBTFUL : KEEP;
		if (!partners)
			out[i] = DROP;
	}
	/* Decisions must not see one another: a bit beside the class. */
	for (uint32_t i = 0; i < count; i++)
		if (out[i] == DROP ||
		    (out[i] == DOUBTFUL && prune_git_doubtful(out, i, count)))
			out[i] |= LEAVE_OUT;
	for (uint32_t i = 0; i < count; i++)
		out[i] = out[i] & LEAVE_OUT ? 1 : 0;
}

void prune_git(struct engine *engine, struct engine_region counted,
	       struct engine_region region, uint8_t *a_out, uint8_t *b_out)
{
	prune_git_side(engine->a + region.alo, region.ahi - region.alo,
		       engine->b_count, counted.ahi - counted.alo, a_out);
	prune_git_side(engine->b + region.blo, region.bhi - region.blo,
		       engine->a_count, counted.bhi - counted.blo, b_out);
}

/* --- GNU diff ------------------------------------------------------------- */

#define GNU_OFTEN_LEAST	 5
#define GNU_SURE_IN_ROW	 3
#define GNU_SURE_LINES	 8
#define GNU_SHARE_FACTOR 4

/* Keeps the doubtful items at one end of the run, until a few sure ones in a
 * row, or a sure one some way in. */
static void prune_gnu_end(uint8_t *first, uint32_t length, int step)
{
	uint32_t sure = 0;

	for (uint32_t n = 0; n < length && sure < GNU_SURE_IN_ROW; n++) {
		uint8_t *item = first + (ptrdiff_t)n * step;

		if (n >= GNU_SURE_LINES && *item == DROP)
			break;
		sure = *item == DROP ? sure + 1 : 0;
		if (*item == DOUBTFUL)
			*item = KEEP;
	}
}

/* Keeps every group of doubtful items that is long for a run of this length. */
static void prune_gnu_groups(uint8_t *run, uint32_t length)
{
	uint32_t least = 1, start = 0;

	for (uint32_t n = length / 4 / 4; n > 0; n /= 4)
		least *= 2;
	least++;
	while (start < length) {
		uint32_t end = start;

		while (end < length && run[end] == DOUBTFUL)
			end++;
		if (end - start >= least)
			memset(run + start, KEEP, end - start);
		start = end + 1;
	}
}

/* The run of items that are not KEEP at `at`, which is DROP. Returns where to
 * go on. */
static uint32_t prune_gnu_run(uint8_t *out, uint32_t at, uint32_t count)
{
	uint32_t end = at, doubtful = 0, length;

	for (; end < count && out[end] != KEEP; end++)
		doubtful += out[end] == DOUBTFUL;
	for (; out[end - 1] == DOUBTFUL; doubtful--)
		out[--end] = KEEP;
	length = end - at;
	if ((uint64_t)doubtful * GNU_SHARE_FACTOR > length) {
		for (uint32_t i = at; i < end; i++)
			out[i] = out[i] == DOUBTFUL ? KEEP : out[i];
		return end;
	}
	prune_gnu_groups(out + at, length);
	prune_gnu_end(out + at, length, 1);
	prune_gnu_end(out + end - 1, length, -1);
	return end;
}

static void prune_gnu_side(const uint32_t *ids, uint32_t count,
			   const uint32_t *other_counts, uint8_t *out)
{
	uint32_t often = GNU_OFTEN_LEAST;

	for (uint32_t n = count / 64 / 4; n > 0; n /= 4)
		often *= 2;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t partners = other_counts[ids[i]];

		out[i] = partners > often ? DOUBTFUL : KEEP;
		if (!partners)
			out[i] = DROP;
	}
	for (uint32_t i = 0; i < count;) {
		if (out[i] == DROP)
			i = prune_gnu_run(out, i, count);
		else
			out[i++] = KEEP;
	}
}

void prune_gnu(struct engine *engine, struct engine_region region,
	       uint8_t *a_out, uint8_t *b_out)
{
	prune_gnu_side(engine->a + region.alo, region.ahi - region.alo,
		       engine->b_count, a_out);
	prune_gnu_side(engine->b + region.blo, region.bhi - region.blo,
		       engine->a_count, b_out);
}
