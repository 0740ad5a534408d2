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

/* How many items of each class there are in a run. */
struct prune_run {
	uint32_t count[CLASS];
};

/* Is a doubtful item between these two runs, which end at an item to keep or
 * at the end of the window, one to leave out? */
static bool prune_git_doubtful(const struct prune_run *before,
			       const struct prune_run *after)
{
	uint32_t dropped = before->count[DROP] + after->count[DROP];
	/* The item itself counts in both directions. */
	uint32_t doubtful =
		before->count[DOUBTFUL] + after->count[DOUBTFUL] + 2;

	return before->count[DROP] && after->count[DROP] &&
	       doubtful * GIT_RATIO < doubtful + dropped;
}

/* Decides on all doubtful items. Both runs move along with the item. */
static void prune_git_decide(uint8_t *class, uint32_t count)
{
	struct prune_run before = {{0}}, after = {{0}};
	uint32_t begin = 0, end = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (end > i)
			after.count[class[i]]--;
		else
			end = i + 1;
		while (end < count && end - i <= GIT_WINDOW &&
		       class[end] != KEEP)
			after.count[class[end++]]++;
		/* Decisions must not see one another: a bit beside the class. */
		if (class[i] == DOUBTFUL && prune_git_doubtful(&before, &after))
			class[i] |= LEAVE_OUT;
		if (class[i] == KEEP) {
			before = (struct prune_run){{0}};
			begin = i + 1;
			continue;
		}
		before.count[class[i] & CLASS]++;
		if (i + 1 - begin > GIT_WINDOW)
			before.count[class[begin++] & CLASS]--;
	}
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
	prune_git_decide(out, count);
	for (uint32_t i = 0; i < count; i++)
		out[i] = out[i] == DROP || out[i] & LEAVE_OUT;
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
