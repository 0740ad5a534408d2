/*
 * All runs of a part at once: lists its maximal runs, from a length on, in one
 * scan and takes them by length. A run that is whole in one open region is the
 * longest of that region; one that a match has cut since is clipped to what is
 * open and put back. Takes pairs times a logarithm for all matches together, so
 * it is for parts with few pairs of equal items, or of equal grams of that
 * length.
 */
#include "diff/difflib.h"

#define CLOSED UINT32_MAX

struct heap_run {
	uint32_t i, j, size;
};

struct difflib_heap {
	struct difflib *d;
	const struct engine_region *whole;
	uint32_t least; /* shorter runs are not looked at */
	struct heap_run *runs;
	size_t count, cap;
	uint32_t *label; /* by row: its open region, or CLOSED */
	struct engine_region *regions;
	size_t region_count, region_cap;
};

/* --- Heap ----------------------------------------------------------------- */

/* Longest first, then first in a, then first in b. */
static bool run_before(const struct heap_run *x, const struct heap_run *y)
{
	if (x->size != y->size)
		return x->size > y->size;
	return x->i != y->i ? x->i < y->i : x->j < y->j;
}

static void heap_sink(struct difflib_heap *h, size_t at)
{
	struct heap_run run = h->runs[at];

	for (;;) {
		size_t child = at * 2 + 1;

		if (child + 1 < h->count &&
		    run_before(&h->runs[child + 1], &h->runs[child]))
			child++;
		if (child >= h->count || !run_before(&h->runs[child], &run))
			break;
		h->runs[at] = h->runs[child];
		at = child;
	}
	h->runs[at] = run;
}

static void heap_pop(struct difflib_heap *h)
{
	h->runs[0] = h->runs[--h->count];
	if (h->count)
		heap_sink(h, 0);
}

static int heap_add(struct difflib_heap *h, struct heap_run run)
{
	struct heap_run *runs = engine_extend(h->d->engine, h->runs, h->count,
					      &h->cap, sizeof(*runs));

	if (!runs)
		return -1;
	h->runs = runs;
	h->runs[h->count++] = run;
	return 0;
}

static int heap_push(struct difflib_heap *h, struct heap_run run)
{
	size_t at = h->count;

	if (heap_add(h, run))
		return -1;
	while (at && run_before(&run, &h->runs[(at - 1) / 2])) {
		h->runs[at] = h->runs[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	h->runs[at] = run;
	return 0;
}

/* --- Listing -------------------------------------------------------------- */

/* A pair of items that may start: if a run begins there, walks it. */
static int heap_pair(void *arg, uint32_t i, uint32_t j)
{
	struct difflib_heap *h = arg;
	struct difflib *d = h->d;
	const struct engine_region *r = h->whole;
	struct heap_run run = {i, j, 0};

	d->engine->steps++;
	if (i > r->alo && j > r->blo && d->a[i - 1] == d->b[j - 1] &&
	    !d->junk[d->b[j - 1]])
		return 0;
	while (i + run.size < r->ahi && j + run.size < r->bhi &&
	       d->a[i + run.size] == d->b[j + run.size] &&
	       !d->junk[d->b[j + run.size]])
		run.size++;
	d->engine->steps += run.size;
	return run.size < h->least ? 0 : heap_add(h, run);
}

/* All pairs of equal items. */
static int heap_items(struct difflib_heap *h)
{
	struct difflib *d = h->d;
	const struct engine_region *r = h->whole;

	for (uint32_t i = r->alo; i < r->ahi; i++) {
		uint32_t id = d->a[i], end = d->starts[id + 1];
		uint32_t at =
			difflib_seek(d->places, d->starts[id], end, r->blo);

		for (; at < end && d->places[at] < r->bhi; at++)
			if (heap_pair(h, i, d->places[at]))
				return -1;
	}
	d->engine->steps += r->ahi - r->alo;
	return 0;
}

static int heap_list(struct difflib_heap *h)
{
	if (h->least > 1 ? difflib_gram_pairs(h->d, h->whole, heap_pair, h)
			 : heap_items(h))
		return -1;
	for (size_t at = h->count / 2; at-- > 0;)
		heap_sink(h, at);
	return 0;
}

/* --- Regions -------------------------------------------------------------- */

static void heap_label(struct difflib_heap *h, uint32_t from, uint32_t to,
		       uint32_t label)
{
	h->d->engine->steps += to - from;
	for (uint32_t i = from; i < to; i++)
		h->label[i] = label;
}

static int heap_region(struct difflib_heap *h, struct engine_region region)
{
	struct engine_region *regions =
		engine_extend(h->d->engine, h->regions, h->region_count,
			      &h->region_cap, sizeof(*regions));

	if (!regions)
		return -1;
	h->regions = regions;
	h->regions[h->region_count++] = region;
	return 0;
}

/* Takes the run out of its region: what is before and behind it stays open.
 * Only the shorter of both gets a new label. */
static int heap_split(struct difflib_heap *h, uint32_t label,
		      struct difflib_match m)
{
	struct engine_region before = h->regions[label];
	struct engine_region after = h->regions[label], *shorter = &before;

	difflib_extend(h->d, &before, &m);
	difflib_clear(h->d, &m);
	heap_label(h, m.i, m.i + m.size, CLOSED);
	before.ahi = m.i;
	before.bhi = m.j;
	after.alo = m.i + m.size;
	after.blo = m.j + m.size;
	if (before.ahi - before.alo > after.ahi - after.alo)
		shorter = &after;
	h->regions[label] = shorter == &after ? before : after;
	heap_label(h, shorter->alo, shorter->ahi, (uint32_t)h->region_count);
	return heap_region(h, *shorter);
}

/* The part of the run that lies in the region where it starts, or where it
 * comes to the next open one. True if that is all of it. `rest` is what
 * follows; sizes of 0 are nothing. */
static bool heap_clip(const struct difflib_heap *h, struct heap_run *run,
		      struct heap_run *rest)
{
	struct heap_run whole = *run;
	uint32_t skip = 0, end;
	const struct engine_region *r;

	while (skip < whole.size && h->label[whole.i + skip] == CLOSED)
		skip++;
	rest->size = 0;
	run->size = 0;
	if (skip == whole.size)
		return false;
	r = &h->regions[h->label[whole.i + skip]];
	end = r->ahi - whole.i < whole.size ? r->ahi - whole.i : whole.size;
	*rest = (struct heap_run){whole.i + end, whole.j + end,
				  whole.size - end};
	if (whole.j + skip < r->blo)
		skip = r->blo - whole.j < end ? r->blo - whole.j : end;
	if (whole.j >= r->bhi)
		end = skip;
	else if (end > r->bhi - whole.j)
		end = r->bhi - whole.j > skip ? r->bhi - whole.j : skip;
	*run = (struct heap_run){whole.i + skip, whole.j + skip, end - skip};
	return run->size == whole.size;
}

static int heap_step(struct difflib_heap *h)
{
	struct heap_run run = h->runs[0], rest;

	heap_pop(h);
	h->d->engine->steps += 2;
	if (heap_clip(h, &run, &rest))
		return heap_split(
			h, h->label[run.i],
			(struct difflib_match){run.i, run.j, run.size});
	if (run.size >= h->least && heap_push(h, run))
		return -1;
	return rest.size >= h->least ? heap_push(h, rest) : 0;
}

static struct difflib_heap *heap_new(struct difflib *d)
{
	struct difflib_heap *h = engine_alloc(d->engine, 1, sizeof(*h));

	if (!h)
		return NULL;
	*h = (struct difflib_heap){.d = d};
	h->label = engine_alloc(d->engine, d->engine->na, sizeof(*h->label));
	return h->label ? h : NULL;
}

int difflib_heap(struct difflib *d, const struct difflib_part *part,
		 uint32_t least)
{
	struct difflib_heap *h = d->heap;
	struct difflib_part left = {part->region, least - 1, part->crowded, 0};

	if (!h)
		h = d->heap = heap_new(d);
	if (!h)
		return -1;
	h->whole = &part->region;
	h->least = least;
	h->count = h->region_count = 0;
	if (heap_list(h) || heap_region(h, part->region))
		return -1;
	heap_label(h, part->region.alo, part->region.ahi, 0);
	while (h->count && !engine_spent(d->engine))
		if (heap_step(h))
			return -1;
	for (size_t n = 0; n < h->region_count; n++) {
		left.region = h->regions[n];
		if (difflib_push(d, left))
			return -1;
	}
	return 0;
}
