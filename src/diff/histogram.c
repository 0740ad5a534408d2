/*
 * Histogram diff, JGit's refinement of patience (Shawn Pearce), with the rules
 * of git's port: split at the longest common run among those with the rarest
 * item; items that occur more than 64 times do not count, and where only such
 * are common, Myers' algorithm takes over.
 *
 * Each split counts the rest again, which is quadratic where every split takes
 * off little. So the counted items have a budget; past it Myers takes over,
 * too. It is generous enough that inputs of ordinary shape never meet it.
 */
#include "diff/engine.h"

#define CHAIN_MAX     64
#define BUDGET_ITEM   16
#define BUDGET_ALWAYS (1 << 19)

struct histogram {
	struct engine *engine;
	const uint32_t *a, *b;
	uint32_t *first; /* by id: its first place in a's region, plus one */
	uint32_t *next;	 /* by place in a: the next one of the same id, + 1 */
	uint32_t *count; /* by id: in a's region */
	uint64_t budget;
};

/* Common run: a[i..i+size) and b[j..). */
struct histogram_run {
	uint32_t i, j, size;
	uint32_t rarest; /* how often its rarest item occurs in a's region */
};

static void histogram_index(struct histogram *h, const struct engine_region *r)
{
	for (uint32_t i = r->ahi; i-- > r->alo;) {
		uint32_t id = h->a[i];

		h->next[i] = h->first[id];
		h->first[id] = i + 1;
		h->count[id]++;
	}
}

static void histogram_clear(struct histogram *h, const struct engine_region *r)
{
	for (uint32_t i = r->alo; i < r->ahi; i++)
		h->first[h->a[i]] = h->count[h->a[i]] = 0;
}

/* The run around a[i], b[j]. */
static struct histogram_run histogram_grow(const struct histogram *h,
					   const struct engine_region *r,
					   uint32_t i, uint32_t j)
{
	struct histogram_run run = {i, j, 1, h->count[h->a[i]]};

	while (run.i > r->alo && run.j > r->blo &&
	       h->a[run.i - 1] == h->b[run.j - 1]) {
		uint32_t count = h->count[h->a[--run.i]];

		run.j--;
		run.size++;
		run.rarest = count < run.rarest ? count : run.rarest;
	}
	while (run.i + run.size < r->ahi && run.j + run.size < r->bhi &&
	       h->a[run.i + run.size] == h->b[run.j + run.size]) {
		uint32_t count = h->count[h->a[run.i + run.size++]];

		run.rarest = count < run.rarest ? count : run.rarest;
	}
	return run;
}

static void histogram_spend(struct histogram *h, uint64_t work)
{
	h->budget -= h->budget < work ? h->budget : work;
	h->engine->steps += work;
}

/* Tries every place of b[j]'s item in a. Returns the next j to look at. */
static uint32_t histogram_try(struct histogram *h,
			      const struct engine_region *r, uint32_t j,
			      struct histogram_run *best)
{
	uint32_t id = h->b[j], go_on = j + 1;
	uint32_t place = h->first[id];

	if (h->count[id] > best->rarest)
		return go_on;
	while (place) {
		struct histogram_run run = histogram_grow(h, r, place - 1, j);

		histogram_spend(h, run.size);
		if (go_on < run.j + run.size)
			go_on = run.j + run.size;
		if (run.size > best->size || run.rarest < best->rarest)
			*best = run;
		/* The next place that this run does not cover. */
		while (place && place <= run.i + run.size)
			place = h->next[place - 1];
	}
	return go_on;
}

/*
 * The run to split at: 1 with `best`; 0 if nothing is common; -1 if what is
 * common is too frequent.
 */
static int histogram_find(struct histogram *h, const struct engine_region *r,
			  struct histogram_run *best)
{
	uint64_t work = (r->ahi - r->alo) + (uint64_t)(r->bhi - r->blo);
	bool common = false;

	/* As git has it, a single item with just this count is not taken. */
	*best = (struct histogram_run){0, 0, 1, CHAIN_MAX + 1};
	histogram_spend(h, work);
	histogram_index(h, r);
	for (uint32_t j = r->blo; j < r->bhi;) {
		common |= h->count[h->b[j]] > 0;
		j = histogram_try(h, r, j, best);
	}
	histogram_clear(h, r);
	if (common && best->rarest > CHAIN_MAX)
		return -1;
	return common ? 1 : 0;
}

static int histogram_split(struct histogram *h, struct engine_stack *stack,
			   struct engine_region r)
{
	struct histogram_run run;
	struct engine_region before = r, after = r;
	int found;

	if (r.alo == r.ahi || r.blo == r.bhi) {
		engine_mark(h->engine, r);
		return 0;
	}
	if (!h->budget || engine_spent(h->engine))
		return myers_run(h->engine, r);
	found = histogram_find(h, &r, &run);
	if (found < 0)
		return myers_run(h->engine, r);
	if (!found) {
		engine_mark(h->engine, r);
		return 0;
	}
	before.ahi = run.i;
	before.bhi = run.j;
	after.alo = run.i + run.size;
	after.blo = run.j + run.size;
	if (engine_push(h->engine, stack, after))
		return -1;
	return engine_push(h->engine, stack, before);
}

int histogram_run(struct engine *engine)
{
	struct engine_stack stack = {0};
	size_t ids = engine->id_count;
	struct histogram h = {
		.engine = engine,
		.a = engine->a,
		.b = engine->b,
		.budget = BUDGET_ITEM * ((uint64_t)engine->na + engine->nb) +
			  BUDGET_ALWAYS};

	h.first = engine_alloc(engine, ids * 2, sizeof(*h.first));
	h.next = engine_alloc(engine, engine->na, sizeof(*h.next));
	if (!h.first || !h.next)
		return -1;
	memset(h.first, 0, ids * 2 * sizeof(*h.first));
	h.count = h.first + ids;
	if (engine_push(engine, &stack, engine_whole(engine)))
		return -1;
	while (stack.count)
		if (histogram_split(&h, &stack, stack.items[--stack.count]))
			return -1;
	return 0;
}
