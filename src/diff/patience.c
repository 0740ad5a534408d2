/*
 * Patience diff (Bram Cohen) as in git: items that occur once on each side
 * anchor the matches; of these, the longest sequence that is in order on both
 * sides (by patience sorting) is kept and grown, and what lies between is done
 * in the same way. Without such items Myers' algorithm takes over.
 */
#include "diff/engine.h"

struct patience_anchor {
	uint32_t i, j;
	uint32_t before; /* anchor before it in the best sequence, plus one */
};

struct patience {
	struct engine *engine;
	const uint32_t *a, *b;
	struct patience_anchor *anchors;
	uint32_t *piles; /* top anchor of each pile */
	uint32_t *place; /* by id: its place in a */
};

/* Counts the ids of the region, or clears the counts. */
static void patience_count(struct engine *engine, const struct engine_region *r,
			   uint32_t step)
{
	for (uint32_t i = r->alo; i < r->ahi; i++)
		engine->a_count[engine->a[i]] += step;
	for (uint32_t j = r->blo; j < r->bhi; j++)
		engine->b_count[engine->b[j]] += step;
}

/* Lists what is unique on both sides, in the order of a; the counts are
 * cleared again. Returns how many; *common: does anything match at all? */
static uint32_t patience_anchors(struct patience *p,
				 const struct engine_region *r, bool *common)
{
	struct engine *engine = p->engine;
	uint32_t count = 0;

	*common = false;
	patience_count(engine, r, 1);
	for (uint32_t j = r->blo; j < r->bhi; j++) {
		*common |= engine->a_count[p->b[j]] > 0;
		p->place[p->b[j]] = j;
	}
	for (uint32_t i = r->alo; i < r->ahi; i++)
		if (engine->a_count[p->a[i]] == 1 &&
		    engine->b_count[p->a[i]] == 1)
			p->anchors[count++] = (struct patience_anchor){
				i, p->place[p->a[i]], 0};
	patience_count(engine, r, UINT32_MAX);
	return count;
}

/* Leaves the longest increasing sequence in the anchors; returns its length. */
static uint32_t patience_sort(struct patience *p, uint32_t count)
{
	struct patience_anchor *anchors = p->anchors;
	uint32_t piles = 0, at;

	for (uint32_t n = 0; n < count; n++) {
		uint32_t low = 0, high = piles;

		/* The first pile whose top does not come before this one. */
		while (low < high) {
			uint32_t mid = low + (high - low) / 2;

			if (anchors[p->piles[mid]].j < anchors[n].j)
				low = mid + 1;
			else
				high = mid;
		}
		anchors[n].before = low ? p->piles[low - 1] + 1 : 0;
		p->piles[low] = n;
		piles += low == piles;
	}
	if (!piles)
		return 0;
	/* Walk back along the sequence, then pack it. */
	at = p->piles[piles - 1] + 1;
	for (uint32_t n = piles; n-- > 0; at = anchors[at - 1].before)
		p->piles[n] = at - 1;
	for (uint32_t n = 0; n < piles; n++)
		anchors[n] = anchors[p->piles[n]];
	return piles;
}

/* Pushes what lies between the anchors, after growing these both ways. */
static int patience_gaps(struct patience *p, struct engine_stack *stack,
			 struct engine_region rest, uint32_t count)
{
	for (uint32_t n = 0; n <= count; n++) {
		struct engine_region gap = rest;

		if (n < count) {
			gap.ahi = p->anchors[n].i;
			gap.bhi = p->anchors[n].j;
			while (gap.ahi > rest.alo && gap.bhi > rest.blo &&
			       p->a[gap.ahi - 1] == p->b[gap.bhi - 1])
				gap.ahi--, gap.bhi--;
		}
		while (gap.alo < gap.ahi && gap.blo < gap.bhi &&
		       p->a[gap.alo] == p->b[gap.blo])
			gap.alo++, gap.blo++;
		if ((gap.alo < gap.ahi || gap.blo < gap.bhi) &&
		    engine_push(p->engine, stack, gap))
			return -1;
		if (n == count)
			break;
		while (n + 1 < count &&
		       p->anchors[n + 1].i == p->anchors[n].i + 1 &&
		       p->anchors[n + 1].j == p->anchors[n].j + 1)
			n++;
		rest.alo = p->anchors[n].i + 1;
		rest.blo = p->anchors[n].j + 1;
	}
	return 0;
}

static int patience_split(struct patience *p, struct engine_stack *stack,
			  struct engine_region r)
{
	uint32_t count;
	bool common;

	if (r.alo == r.ahi || r.blo == r.bhi) {
		engine_mark(p->engine, r);
		return 0;
	}
	p->engine->steps += (r.ahi - r.alo) + (r.bhi - r.blo);
	if (engine_spent(p->engine))
		return myers_run(p->engine, r);
	count = patience_anchors(p, &r, &common);
	if (!common) {
		engine_mark(p->engine, r);
		return 0;
	}
	if (!count)
		return myers_run(p->engine, r);
	return patience_gaps(p, stack, r, patience_sort(p, count));
}

int patience_run(struct engine *engine)
{
	struct engine_stack stack = {0};
	struct patience p = {.engine = engine, .a = engine->a, .b = engine->b};

	p.anchors = engine_alloc(engine, engine->na, sizeof(*p.anchors));
	p.piles = engine_alloc(engine, engine->na, sizeof(*p.piles));
	p.place = engine_alloc(engine, engine->id_count, sizeof(*p.place));
	if (!p.anchors || !p.piles || !p.place || engine_counts(engine) ||
	    engine_push(engine, &stack, engine_whole(engine)))
		return -1;
	while (stack.count)
		if (patience_split(&p, &stack, stack.items[--stack.count]))
			return -1;
	return 0;
}
