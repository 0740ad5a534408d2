/*
 * A run of changes can often lie in several places: if the item before it is
 * equal to its last one, it can move up, and so on. Slides each run as git
 * does (join runs, then line up with a change of the other side, else choose
 * by indentation: Michael Haggerty's heuristic) or as GNU diff does (join
 * runs, then down, but back to a change of the other side).
 */
#include "diff/engine.h"

/* --- Groups --------------------------------------------------------------- */

/* A maximal, possibly empty run of changed items of one side. Between two
 * groups is one unchanged item: so the n-th groups of both sides belong
 * together. */
struct slide_group {
	const uint32_t *ids;
	uint8_t *changed;
	uint32_t count;
	uint32_t start, end;
};

static void slide_group_init(struct slide_group *g, const uint32_t *ids,
			     uint8_t *changed, uint32_t count)
{
	*g = (struct slide_group){ids, changed, count, 0, 0};
	while (g->end < count && changed[g->end])
		g->end++;
}

static bool slide_group_next(struct slide_group *g)
{
	if (g->end == g->count)
		return false;
	g->start = ++g->end;
	while (g->end < g->count && g->changed[g->end])
		g->end++;
	return true;
}

static void slide_group_previous(struct slide_group *g)
{
	g->end = --g->start;
	while (g->start > 0 && g->changed[g->start - 1])
		g->start--;
}

/* Moves the group one item up, joining the one that it meets. */
static bool slide_group_up(struct slide_group *g)
{
	if (!g->start || g->ids[g->start - 1] != g->ids[g->end - 1])
		return false;
	g->changed[--g->start] = 1;
	g->changed[--g->end] = 0;
	while (g->start > 0 && g->changed[g->start - 1])
		g->start--;
	return true;
}

static bool slide_group_down(struct slide_group *g)
{
	if (g->end == g->count || g->ids[g->start] != g->ids[g->end])
		return false;
	g->changed[g->start++] = 0;
	g->changed[g->end++] = 1;
	while (g->end < g->count && g->changed[g->end])
		g->end++;
	return true;
}

/* --- Indentation ---------------------------------------------------------- */

#define SLIDE_MAX  100 /* how far the heuristic looks */
#define BLANKS_MAX 20

/* Weights found by Haggerty on a corpus of real diffs. */
enum {
	START_OF_FILE = 1,
	END_OF_FILE = 21,
	PER_BLANK = -30,
	PER_BLANK_AFTER = 6,
	INDENT = -4,
	INDENT_BLANK = 10,
	OUTDENT = 24,
	OUTDENT_BLANK = 17,
	DEDENT = 23,
	DEDENT_BLANK = 17,
	INDENT_WEIGHT = 60
};

struct slide_score {
	int indent, penalty;
};

struct slide_lines {
	const struct diff_options *options;
	enum diff_side side;
	uint32_t count;
};

static int slide_indent(const struct slide_lines *lines, uint32_t at)
{
	return lines->options->indent(lines->options->indent_arg, lines->side,
				      at);
}

/* Blank lines before `at`; the indentation of the line before them. */
static int slide_before(const struct slide_lines *lines, uint32_t at,
			int *indent)
{
	int blanks = 0;

	*indent = DIFF_INDENT_BLANK;
	while (at-- > 0) {
		*indent = slide_indent(lines, at);
		if (*indent != DIFF_INDENT_BLANK)
			break;
		if (++blanks == BLANKS_MAX) {
			*indent = 0;
			break;
		}
	}
	return blanks;
}

/* The same for what follows the line `at`. */
static int slide_after(const struct slide_lines *lines, uint32_t at,
		       int *indent)
{
	int blanks = 0;

	*indent = DIFF_INDENT_BLANK;
	while (++at < lines->count) {
		*indent = slide_indent(lines, at);
		if (*indent != DIFF_INDENT_BLANK)
			break;
		if (++blanks == BLANKS_MAX) {
			*indent = 0;
			break;
		}
	}
	return blanks;
}

/* What the change of indentation between two lines costs. */
static int slide_step(int indent, int before, int after, bool blank)
{
	if (indent == -1 || before == -1 || indent == before)
		return 0;
	if (indent > before)
		return blank ? INDENT_BLANK : INDENT;
	/* Less than before: the start of a block if what follows is deeper,
	 * probably the end of one if not. */
	if (after != -1 && after > indent)
		return blank ? OUTDENT_BLANK : OUTDENT;
	return blank ? DEDENT_BLANK : DEDENT;
}

/* Adds what it costs to split the text before line `at`. */
static void slide_score_add(const struct slide_lines *lines, uint32_t at,
			    struct slide_score *score)
{
	int before, after, indent = -1;
	int blanks_before = slide_before(lines, at, &before);
	int blanks_after = slide_after(lines, at, &after);

	if (at < lines->count)
		indent = slide_indent(lines, at);
	if (before == -1 && !blanks_before)
		score->penalty += START_OF_FILE;
	if (at >= lines->count)
		score->penalty += END_OF_FILE;
	if (indent == -1) {
		blanks_after++;
		indent = after;
	} else {
		blanks_after = 0;
	}
	score->penalty += PER_BLANK * (blanks_before + blanks_after);
	score->penalty += PER_BLANK_AFTER * blanks_after;
	score->indent += indent;
	score->penalty += slide_step(indent, before, after,
				     blanks_before + blanks_after > 0);
}

static int slide_compare(const struct slide_score *x,
			 const struct slide_score *y)
{
	int by_indent = (x->indent > y->indent) - (x->indent < y->indent);

	return INDENT_WEIGHT * by_indent + (x->penalty - y->penalty);
}

/* The end of the best place between `earliest` and where the group ends. */
static uint32_t slide_best(const struct slide_lines *lines,
			   const struct slide_group *g, uint32_t earliest,
			   uint32_t size)
{
	struct slide_score best = {0, 0};
	uint32_t best_end = g->end, from = earliest;
	bool any = false;

	if (g->end > from + size + 1)
		from = g->end - size - 1;
	if (g->end > from + SLIDE_MAX)
		from = g->end - SLIDE_MAX;
	for (uint32_t end = from; end <= g->end; end++) {
		struct slide_score score = {0, 0};

		slide_score_add(lines, end, &score);
		slide_score_add(lines, end - size, &score);
		if (!any || slide_compare(&score, &best) <= 0) {
			best = score;
			best_end = end;
		}
		any = true;
	}
	return best_end;
}

/* --- git ------------------------------------------------------------------ */

static void slide_up(struct slide_group *g, struct slide_group *other)
{
	if (slide_group_up(g))
		slide_group_previous(other);
}

/* One group: as far up and as far down as it goes, then to the best place. */
static void slide_git_group(const struct slide_lines *lines,
			    struct slide_group *g, struct slide_group *other)
{
	uint32_t size, earliest;
	bool lines_up;

	do {
		size = g->end - g->start;
		while (slide_group_up(g))
			slide_group_previous(other);
		earliest = g->end;
		lines_up = other->end > other->start;
		while (slide_group_down(g)) {
			slide_group_next(other);
			lines_up |= other->end > other->start;
		}
	} while (size != g->end - g->start);
	if (g->end == earliest)
		return;
	if (lines_up) {
		while (other->end == other->start)
			slide_up(g, other);
	} else if (lines->options->indent) {
		uint32_t end = slide_best(lines, g, earliest, size);

		while (g->end > end)
			slide_up(g, other);
	}
}

static void slide_git_side(const struct slide_lines *lines,
			   struct slide_group g, struct slide_group other)
{
	do {
		if (g.end > g.start)
			slide_git_group(lines, &g, &other);
	} while (slide_group_next(&g) && slide_group_next(&other));
}

void slide_git(struct engine *engine)
{
	struct slide_lines lines = {engine->options, DIFF_OLD, engine->na};
	struct slide_group a, b;

	slide_group_init(&a, engine->a, engine->a_changed, engine->na);
	slide_group_init(&b, engine->b, engine->b_changed, engine->nb);
	slide_git_side(&lines, a, b);
	slide_group_init(&a, engine->a, engine->a_changed, engine->na);
	slide_group_init(&b, engine->b, engine->b_changed, engine->nb);
	lines.side = DIFF_NEW;
	lines.count = engine->nb;
	slide_git_side(&lines, b, a);
}

/* --- GNU diff ------------------------------------------------------------- */

static void slide_gnu_group(struct slide_group *g, struct slide_group *other)
{
	uint32_t size;
	uint32_t aligned; /* the last end that lines up; count + 1: none */

	do {
		size = g->end - g->start;
		while (slide_group_up(g))
			slide_group_previous(other);
		aligned = other->end > other->start ? g->end : g->count + 1;
		while (slide_group_down(g)) {
			slide_group_next(other);
			if (other->end > other->start)
				aligned = g->end;
		}
	} while (size != g->end - g->start);
	while (aligned < g->end)
		slide_up(g, other);
}

static void slide_gnu_side(struct slide_group g, struct slide_group other)
{
	do {
		if (g.end > g.start)
			slide_gnu_group(&g, &other);
	} while (slide_group_next(&g) && slide_group_next(&other));
}

void slide_gnu(struct engine *engine, struct engine_region region)
{
	struct slide_group a, b;
	uint32_t na = region.ahi - region.alo, nb = region.bhi - region.blo;

	for (int side = 0; side < 2; side++) {
		slide_group_init(&a, engine->a + region.alo,
				 engine->a_changed + region.alo, na);
		slide_group_init(&b, engine->b + region.blo,
				 engine->b_changed + region.blo, nb);
		if (side == 0)
			slide_gnu_side(a, b);
		else
			slide_gnu_side(b, a);
	}
}
