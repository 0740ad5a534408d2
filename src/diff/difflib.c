/*
 * Bit-exact with CPython's difflib.SequenceMatcher (Ratcliff and Obershelp's
 * gestalt matching, with Tim Peters's junk heuristics), without its blow-ups.
 *
 * difflib finds the longest run of a region, splits the region there and goes
 * on with both parts; each search costs the whole region. Here,
 *
 * 1. where few items are equal, all runs are listed once and taken by length
 *    (difflib_heap.c). Where many are, so are all runs from the shortest length
 *    on at which hashed grams (difflib_gram.c) show few pairs; what they leave
 *    is small, and holds shorter runs only;
 * 2. elsewhere a search knows an upper bound: a part holds no longer run than
 *    its parent, and the part on the left only shorter ones, because of equals
 *    the first is taken. The dense scan, difflib's own (a row of run lengths
 *    over b for each item of a), stops at the first run as long as the bound.
 *    Along a chain of parts each row is then scanned once for each length that
 *    occurs, of which there are at most sqrt(2n), mostly a few. It has a
 *    budget;
 * 3. past the budget the length is found by halving, with grams, in n log n;
 *    and the same grams serve all further runs of that length, one look-up for
 *    each row.
 *
 * Common ends are never stripped: that would change the result.
 */
#include "diff/difflib.h"

#define DENSE_BUDGET 8 /* steps for each item of the region */
#define POPULAR_FROM 200
#define SPARSE_FROM  1000 /* smaller parts are not asked for few pairs */

enum { STARTER, JUNK, POPULAR };

static uint32_t difflib_size(const struct engine_region *r)
{
	return (r->ahi - r->alo) + (r->bhi - r->blo);
}

/* --- Tables --------------------------------------------------------------- */

static void difflib_classify(struct difflib *d)
{
	struct engine *engine = d->engine;
	const struct diff_options *options = engine->options;
	uint32_t *counts = engine->b_count;
	uint32_t most = engine->nb / 100 + 1;

	for (uint32_t j = 0; j < engine->nb; j++)
		counts[d->b[j]]++;
	for (uint32_t id = 0; id < engine->id_count; id++) {
		if (options->junk && id < options->junk_count &&
		    options->junk[id])
			d->junk[id] = JUNK;
		else if (options->autojunk && engine->nb >= POPULAR_FROM &&
			 counts[id] > most)
			d->junk[id] = POPULAR;
		else
			d->junk[id] = STARTER;
	}
}

static void difflib_index(struct difflib *d)
{
	struct engine *engine = d->engine;
	uint32_t *counts = engine->b_count;
	uint32_t at = 0;

	for (uint32_t id = 0; id < engine->id_count; id++) {
		d->starts[id] = at;
		if (d->junk[id] == STARTER)
			at += counts[id];
		counts[id] = 0;
	}
	d->starts[engine->id_count] = at;
	for (uint32_t j = 0; j < engine->nb; j++) {
		uint32_t id = d->b[j];

		if (d->junk[id] == STARTER)
			d->places[d->starts[id] + counts[id]++] = j;
	}
	memset(counts, 0, engine->id_count * sizeof(*counts));
}

static int difflib_init(struct difflib *d)
{
	struct engine *engine = d->engine;
	size_t ids = (size_t)engine->id_count + 1, nb = (size_t)engine->nb + 1;

	d->junk = engine_alloc(engine, ids, 1);
	d->starts = engine_alloc(engine, ids, sizeof(*d->starts));
	d->places = engine_alloc(engine, nb, sizeof(*d->places));
	d->cells = engine_alloc(engine, nb, sizeof(*d->cells));
	if (!d->junk || !d->starts || !d->places || !d->cells ||
	    engine_counts(engine))
		return -1;
	memset(d->cells, 0, nb * sizeof(*d->cells));
	difflib_classify(d);
	difflib_index(d);
	return 0;
}

/* --- Dense scan ----------------------------------------------------------- */

uint32_t difflib_seek(const uint32_t *places, uint32_t low, uint32_t high,
		      uint32_t least)
{
	if (low == high || places[low] >= least)
		return low;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (places[mid] < least)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * One row: item i of a against all of its places in b. Updates `best`; returns
 * the longest run that ends in this row, or the bound as soon as it is met.
 */
static uint32_t difflib_row(struct difflib *d, const struct difflib_part *part,
			    uint32_t i, struct difflib_match *best,
			    uint64_t *work)
{
	uint32_t id = d->a[i], row = ++d->row, longest = 0;
	uint32_t end = d->starts[id + 1];
	uint32_t at =
		difflib_seek(d->places, d->starts[id], end, part->region.blo);
	/* What stood at the place written last: the row is updated in place. */
	struct difflib_cell before = {0};
	uint32_t before_at = UINT32_MAX;

	*work += 1;
	for (; at < end && d->places[at] < part->region.bhi; at++) {
		uint32_t j = d->places[at], size = 1;
		struct difflib_cell left = {0};

		if (j > part->region.blo)
			left = j - 1 == before_at ? before : d->cells[j - 1];
		if (left.row == row - 1)
			size = left.size + 1;
		before = d->cells[j];
		before_at = j;
		d->cells[j] = (struct difflib_cell){row, size};
		*work += 1;
		if (size > best->size)
			*best = (struct difflib_match){i + 1 - size,
						       j + 1 - size, size};
		longest = size > longest ? size : longest;
		if (size == part->bound)
			break;
	}
	return longest;
}

/* True if it came to an end: `best` is the answer. False past the budget:
 * best->size is the length of some run. */
static bool difflib_dense(struct difflib *d, struct difflib_part *part,
			  struct difflib_match *best)
{
	const struct engine_region *r = &part->region;
	uint64_t budget = DENSE_BUDGET * ((uint64_t)difflib_size(r) + 8);
	uint64_t work = part->scanned;
	bool done = true;

	*best = (struct difflib_match){r->alo, r->blo, 0};
	if (d->row > UINT32_MAX - 4 - (r->ahi - r->alo)) {
		memset(d->cells, 0, d->engine->nb * sizeof(*d->cells));
		d->row = 0;
	}
	d->row++; /* so that no cell of an earlier scan is the row before */
	for (uint32_t i = r->alo; i < r->ahi; i++) {
		uint32_t longest = difflib_row(d, part, i, best, &work);

		if (best->size == part->bound ||
		    longest + (r->ahi - i - 1) <= best->size)
			break;
		if (work > budget) {
			done = false;
			break;
		}
	}
	d->engine->steps += work - part->scanned;
	part->scanned = done ? work : 0;
	return done;
}

/* --- One match ------------------------------------------------------------ */

void difflib_extend(const struct difflib *d, const struct engine_region *r,
		    struct difflib_match *m)
{
	for (int pass = 0; pass < 2; pass++) {
		while (m->i > r->alo && m->j > r->blo &&
		       d->a[m->i - 1] == d->b[m->j - 1] &&
		       (d->junk[d->b[m->j - 1]] == JUNK) == pass) {
			m->i--;
			m->j--;
			m->size++;
		}
		while (m->i + m->size < r->ahi && m->j + m->size < r->bhi &&
		       d->a[m->i + m->size] == d->b[m->j + m->size] &&
		       (d->junk[d->b[m->j + m->size]] == JUNK) == pass)
			m->size++;
	}
}

int difflib_push(struct difflib *d, struct difflib_part part)
{
	uint32_t rows = part.region.ahi - part.region.alo;
	uint32_t columns = part.region.bhi - part.region.blo;
	struct difflib_part *parts;

	if (!rows || !columns)
		return 0;
	part.bound = part.bound > rows ? rows : part.bound;
	part.bound = part.bound > columns ? columns : part.bound;
	parts = engine_extend(d->engine, d->parts, d->count, &d->cap,
			      sizeof(*parts));
	if (!parts)
		return -1;
	d->parts = parts;
	d->parts[d->count++] = part;
	return 0;
}

void difflib_clear(struct difflib *d, const struct difflib_match *m)
{
	memset(d->engine->a_changed + m->i, 0, m->size);
	memset(d->engine->b_changed + m->j, 0, m->size);
}

/*
 * Takes the match (a run, or nothing) out of the part: extends it, clears its
 * flags, puts what is before it on the list, and leaves what follows it in
 * `part`. 1, 0 if nothing matched at all, -1 on error.
 */
static int difflib_take(struct difflib *d, struct difflib_part *part,
			struct difflib_match m)
{
	uint32_t run = m.size;
	struct difflib_part before = *part;

	difflib_extend(d, &part->region, &m);
	d->engine->steps += m.size - run + 1;
	if (!m.size)
		return 0;
	difflib_clear(d, &m);
	before.region.ahi = m.i;
	before.region.bhi = m.j;
	before.bound = run ? run - 1 : 0;
	part->region.alo = m.i + m.size;
	part->region.blo = m.j + m.size;
	part->bound = run;
	/* The larger one is what the scans were of. */
	if (difflib_size(&before.region) > difflib_size(&part->region))
		part->scanned = 0;
	else
		before.scanned = 0;
	if (difflib_push(d, before))
		return -1;
	return 1;
}

/* --- Parts ---------------------------------------------------------------- */

/* A part whose budget for the dense scan is spent: all runs of its greatest
 * length, one after the other. */
static int difflib_part_grams(struct difflib *d, struct difflib_part part,
			      uint32_t known)
{
	struct difflib_match match;
	uint32_t size;
	int status;

	if (difflib_gram_find(d, &part, known, &match))
		return -1;
	size = match.size;
	if (!size)
		match = (struct difflib_match){part.region.alo, part.region.blo,
					       0};
	while ((status = difflib_take(d, &part, match)) > 0) {
		if (!size)
			return difflib_push(d, part);
		difflib_gram_next(d, &part.region, &match);
		if (!match.size) {
			part.bound = size - 1;
			return difflib_push(d, part);
		}
	}
	return status;
}

/*
 * The length from which on the part has few enough runs to list them all; 0 if
 * there is none. Where there are too many of shorter ones, its own parts are
 * asked again only once they are half as large.
 */
static int difflib_least(struct difflib *d, struct difflib_part *part,
			 uint32_t *least)
{
	const struct engine_region *r = &part->region;
	uint32_t size = difflib_size(r);
	uint32_t i = r->alo, crowded = 0;
	uint64_t pairs = 0;

	*least = 0;
	if (size < SPARSE_FROM || size > part->crowded / 2)
		return 0;
	for (; i < r->ahi && pairs <= size; i++)
		pairs += d->starts[d->a[i] + 1] - d->starts[d->a[i]];
	d->engine->steps += i - r->alo;
	if (pairs <= size)
		*least = 1;
	else if (difflib_gram_least(d, part, size, least, &crowded))
		return -1;
	part->crowded = !*least || crowded + 1 == *least ? size : UINT32_MAX;
	return 0;
}

static int difflib_part(struct difflib *d, struct difflib_part part)
{
	struct difflib_match match = {part.region.alo, part.region.blo, 0};
	uint32_t least = 0;
	int status;

	if (part.bound && difflib_least(d, &part, &least))
		return -1;
	if (least)
		return difflib_heap(d, &part, least);
	if (part.bound && !difflib_dense(d, &part, &match))
		return difflib_part_grams(d, part, match.size);
	status = difflib_take(d, &part, match);
	return status > 0 ? difflib_push(d, part) : status;
}

int difflib_run(struct engine *engine)
{
	struct difflib d = {.engine = engine, .a = engine->a, .b = engine->b};

	engine_mark(engine, engine_whole(engine));
	if (difflib_init(&d) ||
	    difflib_push(&d, (struct difflib_part){engine_whole(engine),
						   UINT32_MAX, UINT32_MAX, 0}))
		return -1;
	while (d.count) {
		struct difflib_part part = d.parts[--d.count];

		if (engine_spent(engine)) {
			/* The rest is done coarsely. */
			memset(engine->a_changed + part.region.alo, 0,
			       part.region.ahi - part.region.alo);
			memset(engine->b_changed + part.region.blo, 0,
			       part.region.bhi - part.region.blo);
			if (myers_run(engine, part.region))
				return -1;
		} else if (difflib_part(&d, part)) {
			return -1;
		}
	}
	return 0;
}
