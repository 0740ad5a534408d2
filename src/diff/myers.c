/*
 * Eugene W. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986),
 * in linear space: a search from both ends meets in the middle, which splits a
 * box in two. The bounds are those of git's xdiff and of GNU diff, so that the
 * results are theirs: a search that has become too dear splits where it got
 * furthest; git also takes a good diagonal earlier. Beyond some ten thousands of
 * items both are held to that sooner, so that all searches together stay within
 * n log n: there results can differ from theirs in where they are not minimal.
 *
 * Before that, items without a partner and very frequent ones amid such are
 * left out (prune.c).
 */
#include "diff/engine.h"

#define GIT_COST_MIN	     256
#define GNU_COST_MIN	     4096
#define COST_PER_BIT	     16
#define COARSE_COST	     64 /* once the budget is spent */
#define SNAKE		     20 /* matches in a row that make a good diagonal */
#define HEURISTIC_COST	     256   /* not before */
#define LARGE		     65536 /* diagonals; from there on ... */
#define LARGE_HEURISTIC_COST 64	   /* ... earlier, and for GNU, too */
#define HEURISTIC_GAIN	     4

struct myers_box {
	struct engine_region at;
	bool minimal;
};

/* Kept items, with their places in the engine's sequences. */
struct myers {
	struct engine *engine;
	uint32_t *a, *b, *a_place, *b_place;
	int32_t *memory; /* of the two below */
	/* By diagonal (i - j): how far the searches got in i. */
	int32_t *forward, *backward;
	uint8_t *leave_out; /* of pruning */
	struct myers_box *boxes;
	size_t count, cap;
	int32_t cost_max;
	int32_t heuristic_cost; /* good diagonals are taken from there on */
};

/* One search in a box. */
struct myers_search {
	int32_t alo, ahi, blo, bhi;
	int32_t low, high; /* diagonals of the box */
	int32_t fmid, bmid, fmin, fmax, bmin, bmax;
	bool odd, snake;
	int32_t i, j; /* where to split */
	bool minimal_before, minimal_after;
};

/* --- Search --------------------------------------------------------------- */

static void search_begin(struct myers_search *s, const struct myers *m,
			 const struct engine_region *r)
{
	s->alo = (int32_t)r->alo;
	s->ahi = (int32_t)r->ahi;
	s->blo = (int32_t)r->blo;
	s->bhi = (int32_t)r->bhi;
	s->low = s->alo - s->bhi;
	s->high = s->ahi - s->blo;
	s->fmid = s->fmin = s->fmax = s->alo - s->blo;
	s->bmid = s->bmin = s->bmax = s->ahi - s->bhi;
	s->odd = (s->fmid - s->bmid) & 1;
	m->forward[s->fmid] = s->alo;
	m->backward[s->bmid] = s->ahi;
}

static bool search_meet(struct myers_search *s, int32_t i, int32_t j)
{
	s->i = i;
	s->j = j;
	s->minimal_before = s->minimal_after = true;
	return true;
}

/* One edit more from the front. True where the searches meet. */
static bool search_forward(struct myers_search *s, const struct myers *m)
{
	int32_t *reach = m->forward;
	const uint32_t *a = m->a, *b = m->b;
	uint64_t work = 0;

	if (s->fmin > s->low)
		reach[--s->fmin - 1] = -1;
	else
		s->fmin++;
	if (s->fmax < s->high)
		reach[++s->fmax + 1] = -1;
	else
		s->fmax--;
	for (int32_t d = s->fmax; d >= s->fmin; d -= 2) {
		int32_t below = reach[d - 1], above = reach[d + 1];
		int32_t i = below >= above ? below + 1 : above;
		int32_t j = i - d, from = i;

		while (i < s->ahi && j < s->bhi && a[i] == b[j])
			i++, j++;
		s->snake |= i - from > SNAKE;
		work += (uint64_t)(i - from) + 1;
		reach[d] = i;
		if (s->odd && s->bmin <= d && d <= s->bmax &&
		    m->backward[d] <= i) {
			m->engine->steps += work;
			return search_meet(s, i, j);
		}
	}
	m->engine->steps += work;
	return false;
}

/* One edit more from the back. */
static bool search_backward(struct myers_search *s, const struct myers *m)
{
	int32_t *reach = m->backward;
	const uint32_t *a = m->a, *b = m->b;
	uint64_t work = 0;

	if (s->bmin > s->low)
		reach[--s->bmin - 1] = INT32_MAX;
	else
		s->bmin++;
	if (s->bmax < s->high)
		reach[++s->bmax + 1] = INT32_MAX;
	else
		s->bmax--;
	for (int32_t d = s->bmax; d >= s->bmin; d -= 2) {
		int32_t below = reach[d - 1], above = reach[d + 1];
		int32_t i = below < above ? below : above - 1;
		int32_t j = i - d, from = i;

		while (i > s->alo && j > s->blo && a[i - 1] == b[j - 1])
			i--, j--;
		s->snake |= from - i > SNAKE;
		work += (uint64_t)(from - i) + 1;
		reach[d] = i;
		if (!s->odd && s->fmin <= d && d <= s->fmax &&
		    i <= m->forward[d]) {
			m->engine->steps += work;
			return search_meet(s, i, j);
		}
	}
	m->engine->steps += work;
	return false;
}

/* Do SNAKE items match from (i, j) on? */
static bool search_is_snake(const struct myers *m, int32_t i, int32_t j)
{
	for (int32_t k = 0; k < SNAKE; k++)
		if (m->a[i + k] != m->b[j + k])
			return false;
	return true;
}

/* The diagonal of the front search that gained most for its cost and ends in
 * a snake, if it gained enough. */
static bool search_good_forward(struct myers_search *s, const struct myers *m,
				int32_t cost)
{
	int32_t best = 0;

	for (int32_t d = s->fmax; d >= s->fmin; d -= 2) {
		int32_t away = d > s->fmid ? d - s->fmid : s->fmid - d;
		int32_t i = m->forward[d], j = i - d;
		int32_t gain = (i - s->alo) + (j - s->blo) - away;

		if (gain <= HEURISTIC_GAIN * cost || gain <= best ||
		    i < s->alo + SNAKE || i >= s->ahi || j < s->blo + SNAKE ||
		    j >= s->bhi || !search_is_snake(m, i - SNAKE, j - SNAKE))
			continue;
		best = gain;
		s->i = i;
		s->j = j;
	}
	s->minimal_before = true;
	s->minimal_after = false;
	return best > 0;
}

static bool search_good_backward(struct myers_search *s, const struct myers *m,
				 int32_t cost)
{
	int32_t best = 0;

	for (int32_t d = s->bmax; d >= s->bmin; d -= 2) {
		int32_t away = d > s->bmid ? d - s->bmid : s->bmid - d;
		int32_t i = m->backward[d], j = i - d;
		int32_t gain = (s->ahi - i) + (s->bhi - j) - away;

		if (gain <= HEURISTIC_GAIN * cost || gain <= best ||
		    i <= s->alo || i > s->ahi - SNAKE || j <= s->blo ||
		    j > s->bhi - SNAKE || !search_is_snake(m, i, j))
			continue;
		best = gain;
		s->i = i;
		s->j = j;
	}
	s->minimal_before = false;
	s->minimal_after = true;
	return best > 0;
}

/* Splits where either search got furthest. */
static void search_furthest(struct myers_search *s, const struct myers *m)
{
	int32_t front = -1, front_i = 0, back = INT32_MAX, back_i = 0;

	for (int32_t d = s->fmax; d >= s->fmin; d -= 2) {
		int32_t i = m->forward[d] < s->ahi ? m->forward[d] : s->ahi;

		i = i - d > s->bhi ? s->bhi + d : i;
		if (front < i + i - d) {
			front = i + i - d;
			front_i = i;
		}
	}
	for (int32_t d = s->bmax; d >= s->bmin; d -= 2) {
		int32_t i = m->backward[d] > s->alo ? m->backward[d] : s->alo;

		i = i - d < s->blo ? s->blo + d : i;
		if (i + i - d < back) {
			back = i + i - d;
			back_i = i;
		}
	}
	s->minimal_before = s->ahi + s->bhi - back < front - (s->alo + s->blo);
	s->minimal_after = !s->minimal_before;
	s->i = s->minimal_before ? front_i : back_i;
	s->j = (s->minimal_before ? front : back) - s->i;
}

/* Where to split a box whose corners do not match. */
static void myers_split(const struct myers *m, const struct myers_box *box,
			struct myers_search *s)
{
	search_begin(s, m, &box->at);
	for (int32_t cost = 1;; cost++) {
		bool coarse = engine_spent(m->engine);

		s->snake = false;
		if (search_forward(s, m) || search_backward(s, m))
			return;
		if (box->minimal && !coarse)
			continue;
		if (s->snake && cost > m->heuristic_cost &&
		    (search_good_forward(s, m, cost) ||
		     search_good_backward(s, m, cost)))
			return;
		if (cost >= (coarse ? COARSE_COST : m->cost_max)) {
			search_furthest(s, m);
			return;
		}
	}
}

/* --- Boxes ---------------------------------------------------------------- */

static int myers_push(struct myers *m, struct engine_region at, bool minimal)
{
	struct myers_box *boxes = engine_extend(m->engine, m->boxes, m->count,
						&m->cap, sizeof(*boxes));

	if (!boxes)
		return -1;
	m->boxes = boxes;
	m->boxes[m->count++] = (struct myers_box){at, minimal};
	return 0;
}

static int myers_box(struct myers *m, struct myers_box box)
{
	struct engine_region *r = &box.at;
	struct engine *engine = m->engine;
	struct myers_search s;
	struct engine_region before, after;

	while (r->alo < r->ahi && r->blo < r->bhi &&
	       m->a[r->alo] == m->b[r->blo])
		r->alo++, r->blo++, engine->steps++;
	while (r->alo < r->ahi && r->blo < r->bhi &&
	       m->a[r->ahi - 1] == m->b[r->bhi - 1])
		r->ahi--, r->bhi--, engine->steps++;
	if (r->alo == r->ahi || r->blo == r->bhi) {
		for (uint32_t i = r->alo; i < r->ahi; i++)
			engine->a_changed[m->a_place[i]] = 1;
		for (uint32_t j = r->blo; j < r->bhi; j++)
			engine->b_changed[m->b_place[j]] = 1;
		return 0;
	}
	myers_split(m, &box, &s);
	before = after = *r;
	before.ahi = after.alo = (uint32_t)s.i;
	before.bhi = after.blo = (uint32_t)s.j;
	if (myers_push(m, after, s.minimal_after))
		return -1;
	return myers_push(m, before, s.minimal_before);
}

/* --- Set-up --------------------------------------------------------------- */

static struct myers *myers_new(struct engine *engine)
{
	size_t na = (size_t)engine->na + 1, nb = (size_t)engine->nb + 1;
	struct myers *m = engine_alloc(engine, 1, sizeof(*m));

	if (!m)
		return NULL;
	memset(m, 0, sizeof(*m));
	m->engine = engine;
	m->a = engine_alloc(engine, (na + nb) * 2, sizeof(*m->a));
	m->memory = engine_alloc(engine, (na + nb + 4) * 2, sizeof(int32_t));
	m->leave_out = engine_alloc(engine, na + nb, 1);
	if (!m->a || !m->memory || !m->leave_out || engine_counts(engine))
		return NULL;
	m->b = m->a + na;
	m->a_place = m->b + nb;
	m->b_place = m->a_place + na;
	return m;
}

/* How dear one search may become: as in git the square root, about; beyond
 * LARGE growing with the logarithm only. */
static int32_t myers_cost_max(uint64_t diagonals, int32_t least)
{
	int32_t root = 1, logarithm = 0;

	for (uint64_t n = diagonals; n > 0; n >>= 2)
		root *= 2;
	for (uint64_t n = diagonals; n > 0; n >>= 1)
		logarithm++;
	root = root > COST_PER_BIT * logarithm ? COST_PER_BIT * logarithm
					       : root;
	return root < least ? least : root;
}

/* The items of one side that pruning left, packed; the others are changed. */
static uint32_t myers_pack(const uint32_t *ids, uint32_t low, uint32_t high,
			   const uint8_t *leave_out, uint8_t *changed,
			   uint32_t *kept, uint32_t *places)
{
	uint32_t count = 0;

	for (uint32_t i = low; i < high; i++) {
		changed[i] = leave_out[i - low];
		if (changed[i])
			continue;
		kept[count] = ids[i];
		places[count++] = i;
	}
	return count;
}

/* Fills the counts with the ids of the region, or clears them again. */
static void myers_count(struct engine *engine, const struct engine_region *r,
			uint32_t step)
{
	for (uint32_t i = r->alo; i < r->ahi; i++)
		engine->a_count[engine->a[i]] += step;
	for (uint32_t j = r->blo; j < r->bhi; j++)
		engine->b_count[engine->b[j]] += step;
}

static void myers_prune(struct myers *m, struct engine_region *r, bool minimal,
			struct engine_region *box)
{
	struct engine *engine = m->engine;
	const uint32_t *a = engine->a, *b = engine->b;
	uint8_t *a_out = m->leave_out, *b_out;
	struct engine_region counted = *r;
	bool gnu = engine->options->style == DIFF_STYLE_GNU;

	while (!gnu && r->alo < r->ahi && r->blo < r->bhi &&
	       a[r->alo] == b[r->blo])
		r->alo++, r->blo++;
	while (!gnu && r->alo < r->ahi && r->blo < r->bhi &&
	       a[r->ahi - 1] == b[r->bhi - 1])
		r->ahi--, r->bhi--;
	b_out = a_out + (r->ahi - r->alo);
	if (minimal && gnu) {
		memset(a_out, 0, r->ahi - r->alo);
		memset(b_out, 0, r->bhi - r->blo);
	} else {
		myers_count(engine, &counted, 1);
		if (gnu)
			prune_gnu(engine, *r, a_out, b_out);
		else
			prune_git(engine, counted, *r, a_out, b_out);
		myers_count(engine, &counted, UINT32_MAX);
	}
	box->alo = box->blo = 0;
	box->ahi = myers_pack(a, r->alo, r->ahi, a_out, engine->a_changed, m->a,
			      m->a_place);
	box->bhi = myers_pack(b, r->blo, r->bhi, b_out, engine->b_changed, m->b,
			      m->b_place);
}

int myers_run(struct engine *engine, struct engine_region region)
{
	bool gnu = engine->options->style == DIFF_STYLE_GNU;
	bool minimal = engine->options->minimal;
	struct engine_region box;
	struct myers *m = engine->myers;
	int32_t least = gnu ? GNU_COST_MIN : GIT_COST_MIN;
	uint64_t diagonals;

	if (!m)
		m = engine->myers = myers_new(engine);
	if (!m)
		return -1;
	engine->steps += (region.ahi - region.alo) + (region.bhi - region.blo);
	myers_prune(m, &region, minimal, &box);
	diagonals = (uint64_t)box.ahi + box.bhi + 3;
	m->forward = m->memory + box.bhi + 1;
	m->backward = m->forward + diagonals;
	m->cost_max = myers_cost_max(diagonals, least);
	m->heuristic_cost = gnu ? INT32_MAX : HEURISTIC_COST;
	if (diagonals > LARGE)
		m->heuristic_cost = LARGE_HEURISTIC_COST;
	if (myers_push(m, box, minimal))
		return -1;
	while (m->count)
		if (myers_box(m, m->boxes[--m->count]))
			return -1;
	return 0;
}
