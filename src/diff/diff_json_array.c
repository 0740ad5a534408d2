/*
 * Arrays in a patch. The engine says which elements stay (a longest common
 * subsequence, of whole values or of the member that identifies them); equal
 * values among the rest are moved; of what then remains between two that stay,
 * old and new elements are paired so that the patch gets short. All operations
 * of the array are written before anything inside its elements.
 */
#include "diff/diff_json.h"

#define NONE	     DIFF_NO_ID
#define PAIRS_MAX    10000 /* old times new elements; past it in order */
#define REMOVE_BYTES 30
#define ADD_BYTES    30
#define WHOLE_FACTOR 2	/* a patch this much longer than the value ... */
#define WHOLE_SLACK  64 /* ... and this, is not worth it */

enum array_how { ARRAY_ADDED, ARRAY_STAYS, ARRAY_MOVED };

struct array_plan {
	struct json_patch *patch;
	const struct json_work *work;
	const struct json_value *x, *y;
	uint32_t *ids[2];
	uint32_t *to;	/* by old element: its new place, NONE: removed */
	uint32_t *from; /* by new element: its old place, NONE: added */
	uint8_t *how;	/* by new element */
	uint8_t *whole; /* by new element: do not look inside the pair */
	/* How many elements that will move still stand before an old place, as
	 * a Fenwick tree; how many of those before it stay; and the new place
	 * of the next that stays. */
	uint32_t *waiting, *staying, *next_stays;
};

/* --- Who stays ------------------------------------------------------------ */

static uint32_t array_id(const struct json_patch *patch,
			 const struct json_value *element)
{
	const struct json_value *name = NULL;

	if (patch->key != NONE && element->type == JSON_OBJECT)
		name = json_value_member(element, patch->key);
	return name ? name->id : element->id;
}

static int array_alloc(struct array_plan *plan)
{
	struct json_patch *patch = plan->patch;
	size_t p = (size_t)plan->x->count + 2, q = (size_t)plan->y->count + 2;
	uint32_t *words =
		json_patch_alloc(patch, p * 5 + q * 2, sizeof(*words));

	plan->how = json_patch_alloc(patch, q * 2, 1);
	if (!words || !plan->how)
		return -1;
	memset(words, 0, (p * 5 + q * 2) * sizeof(*words));
	memset(plan->how, 0, q * 2);
	plan->whole = plan->how + q;
	plan->ids[0] = words;
	plan->to = words + p;
	plan->waiting = words + p * 2;
	plan->staying = words + p * 3;
	plan->next_stays = words + p * 4;
	plan->ids[1] = words + p * 5;
	plan->from = plan->ids[1] + q;
	for (uint32_t i = 0; i < plan->x->count; i++) {
		plan->ids[0][i] = array_id(patch, &plan->x->children[i]);
		plan->to[i] = NONE;
	}
	for (uint32_t j = 0; j < plan->y->count; j++) {
		plan->ids[1][j] = array_id(patch, &plan->y->children[j]);
		plan->from[j] = NONE;
	}
	return 0;
}

static void array_link(struct array_plan *plan, uint32_t i, uint32_t j,
		       enum array_how how)
{
	plan->to[i] = j;
	plan->from[j] = i;
	plan->how[j] = (uint8_t)how;
}

/* Elements that are on both sides, but not in the common order. */
static void array_moves(struct array_plan *plan, uint32_t *next)
{
	uint32_t *heads = plan->patch->heads;

	for (uint32_t i = plan->x->count; i-- > 0;) {
		if (plan->to[i] != NONE)
			continue;
		next[i] = heads[plan->ids[0][i]];
		heads[plan->ids[0][i]] = i + 1;
	}
	for (uint32_t j = 0; j < plan->y->count; j++) {
		uint32_t i = heads[plan->ids[1][j]];

		if (plan->from[j] != NONE || !i)
			continue;
		heads[plan->ids[1][j]] = next[i - 1];
		array_link(plan, i - 1, j, ARRAY_MOVED);
	}
	for (uint32_t i = 0; i < plan->x->count; i++)
		heads[plan->ids[0][i]] = 0;
}

/* --- Pairs ---------------------------------------------------------------- */

/* What is left of a replaced block: places of old and new elements. */
struct array_block {
	uint32_t *old_at, *new_at;
	uint32_t p, q;
};

static void array_pair(struct array_plan *plan, uint32_t i, uint32_t j)
{
	array_link(plan, i, j, ARRAY_STAYS);
	/* Elements with different names are different things. */
	plan->whole[j] = plan->patch->key != NONE;
}

/* The cheapest pairing in order. cost[i * (q + 1) + j] is that of the elements
 * from i and j on. */
static void array_pair_search(struct array_plan *plan,
			      const struct array_block *block, uint64_t *cost)
{
	uint32_t p = block->p, q = block->q;
	size_t width = (size_t)q + 1;
	const struct json_value *old = plan->x->children;
	const struct json_value *new = plan->y->children;

	for (uint32_t i = p + 1; i-- > 0;) {
		for (uint32_t j = q + 1; j-- > 0;) {
			uint64_t *at = cost + i * width + j, best = UINT64_MAX;
			uint64_t other;

			if (i == p && j == q) {
				*at = 0;
				continue;
			}
			if (i < p)
				best = at[width] + REMOVE_BYTES;
			if (j < q) {
				const struct json_value *y =
					&new[block->new_at[j]];

				other = at[1] + ADD_BYTES + y->node->raw.len;
				best = other < best ? other : best;
			}
			if (i < p && j < q) {
				other = at[width + 1] +
					json_patch_estimate(
						&old[block->old_at[i]],
						&new[block->new_at[j]]);
				best = other <= best ? other : best;
			}
			*at = best;
		}
	}
}

static void array_pair_walk(struct array_plan *plan,
			    const struct array_block *block,
			    const uint64_t *cost)
{
	size_t width = (size_t)block->q + 1;
	uint32_t i = 0, j = 0;

	while (i < block->p && j < block->q) {
		const uint64_t *at = cost + i * width + j;
		const struct json_value *x =
			&plan->x->children[block->old_at[i]];
		const struct json_value *y =
			&plan->y->children[block->new_at[j]];

		if (*at == at[width + 1] + json_patch_estimate(x, y))
			array_pair(plan, block->old_at[i++],
				   block->new_at[j++]);
		else if (*at == at[width] + REMOVE_BYTES)
			i++;
		else
			j++;
	}
}

static int array_block(struct array_plan *plan, const struct diff_op *op,
		       struct array_block *block)
{
	uint64_t *cost;

	block->p = block->q = 0;
	for (uint32_t i = op->i1; i < op->i2; i++)
		if (plan->to[i] == NONE)
			block->old_at[block->p++] = i;
	for (uint32_t j = op->j1; j < op->j2; j++)
		if (plan->from[j] == NONE)
			block->new_at[block->q++] = j;
	if ((uint64_t)block->p * block->q > PAIRS_MAX) {
		for (uint32_t n = 0; n < block->p && n < block->q; n++)
			array_pair(plan, block->old_at[n], block->new_at[n]);
		return 0;
	}
	if (!block->p || !block->q)
		return 0;
	cost = json_patch_alloc(plan->patch,
				((size_t)block->p + 1) * (block->q + 1),
				sizeof(*cost));
	if (!cost)
		return -1;
	array_pair_search(plan, block, cost);
	array_pair_walk(plan, block, cost);
	return 0;
}

static int array_match(struct array_plan *plan,
		       const struct diff_result *result)
{
	size_t p = plan->x->count, q = plan->y->count;
	uint32_t *scratch =
		json_patch_alloc(plan->patch, p * 2 + q, sizeof(*scratch));
	struct array_block block;

	if (!scratch)
		return -1;
	for (size_t n = 0; n < result->op_count; n++) {
		const struct diff_op *op = &result->ops[n];

		for (uint32_t i = op->i1; op->tag == DIFF_EQUAL && i < op->i2;
		     i++)
			array_link(plan, i, op->j1 + (i - op->i1), ARRAY_STAYS);
	}
	array_moves(plan, scratch);
	block.old_at = scratch + p;
	block.new_at = scratch + p * 2;
	for (size_t n = 0; n < result->op_count; n++)
		if (result->ops[n].tag == DIFF_REPLACE &&
		    array_block(plan, &result->ops[n], &block))
			return -1;
	return 0;
}

/* --- Operations ----------------------------------------------------------- */

static void waiting_add(struct array_plan *plan, uint32_t at, uint32_t step)
{
	for (uint32_t n = at + 1; n <= plan->x->count; n += n & -n)
		plan->waiting[n] += step;
}

/* How many wait before the old place. */
static uint32_t waiting_before(const struct array_plan *plan, uint32_t at)
{
	uint32_t sum = 0;

	for (uint32_t n = at; n > 0; n -= n & -n)
		sum += plan->waiting[n];
	return sum;
}

static const struct json_path *array_path(const struct array_plan *plan,
					  uint32_t index)
{
	return json_patch_path(plan->patch, plan->work->path, NULL, index);
}

/* From the end, so that the indexes of the others are not touched. */
static int array_removals(struct array_plan *plan)
{
	for (uint32_t i = plan->x->count; i-- > 0;) {
		const struct json_path *path;

		if (plan->to[i] != NONE)
			continue;
		path = array_path(plan, i);
		if (!path)
			return -1;
		json_patch_remove(plan->patch, path, &plan->x->children[i]);
	}
	return 0;
}

/*
 * Where the old element i, which waits, stands now. All new elements up to j
 * are in place, the last of them that stayed from old place `passed` - 1.
 */
static uint32_t array_where(const struct array_plan *plan, uint32_t i,
			    uint32_t j, uint32_t passed)
{
	uint32_t before = waiting_before(plan, i);

	if (i >= passed)
		return before + j + plan->staying[i] - plan->staying[passed];
	/* New elements were put right behind the one before them, so all up
	 * to the next that stayed stand before i. */
	return before + plan->next_stays[i];
}

/* Brings the new element j, which did not stay, into its place. */
static int array_place(struct array_plan *plan, uint32_t j, uint32_t passed)
{
	uint32_t i = plan->from[j];
	const struct json_path *path, *from = NULL;
	const struct json_value *value = &plan->y->children[j];

	if (i != NONE) {
		from = array_path(plan, array_where(plan, i, j, passed));
		if (!from)
			return -1;
		waiting_add(plan, i, UINT32_MAX);
	}
	path = array_path(plan, j + waiting_before(plan, passed));
	if (!path)
		return -1;
	if (!from)
		json_patch_add(plan->patch, path, value);
	else if (from->index != path->index)
		json_patch_move(plan->patch, from, path);
	return 0;
}

static int array_write(struct array_plan *plan)
{
	uint32_t passed = 0, next = 0;

	if (array_removals(plan))
		return -1;
	for (uint32_t i = plan->x->count; i-- > 0;) {
		plan->next_stays[i] = next;
		if (plan->to[i] != NONE &&
		    plan->how[plan->to[i]] == ARRAY_STAYS)
			next = plan->to[i];
	}
	for (uint32_t i = 0; i < plan->x->count; i++) {
		bool stays = plan->to[i] != NONE &&
			     plan->how[plan->to[i]] == ARRAY_STAYS;

		plan->staying[i + 1] = plan->staying[i] + stays;
		if (plan->to[i] != NONE && !stays)
			waiting_add(plan, i, 1);
	}
	for (uint32_t j = 0; j < plan->y->count; j++) {
		if (plan->how[j] == ARRAY_STAYS)
			passed = plan->from[j] + 1;
		else if (array_place(plan, j, passed))
			return -1;
	}
	return 0;
}

/* An element that is the same on both sides. One that moved is gone where it
 * stood and new where it stands. */
static void array_count(struct array_plan *plan, uint32_t j, uint64_t leaves)
{
	struct diff_result *result = plan->patch->result;

	if (plan->how[j] == ARRAY_STAYS) {
		result->matches += leaves;
	} else {
		result->deleted += leaves;
		result->inserted += leaves;
	}
}

/* Everything inside the elements that were kept or moved. */
static int array_inside(struct array_plan *plan)
{
	for (uint32_t j = 0; j < plan->y->count; j++) {
		const struct json_value *x, *y = &plan->y->children[j];
		const struct json_path *path;

		if (plan->from[j] == NONE)
			continue;
		x = &plan->x->children[plan->from[j]];
		if (x->id == y->id) {
			array_count(plan, j, x->leaves);
			continue;
		}
		path = array_path(plan, j);
		if (!path ||
		    json_patch_push(
			    plan->patch,
			    (struct json_work){x, y, path, plan->whole[j]}))
			return -1;
	}
	return 0;
}

/* About how many bytes the plan takes. */
static uint64_t array_bytes(const struct array_plan *plan)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < plan->x->count; i++)
		bytes += plan->to[i] == NONE ? REMOVE_BYTES : 0;
	for (uint32_t j = 0; j < plan->y->count; j++) {
		const struct json_value *y = &plan->y->children[j];

		if (plan->how[j] == ARRAY_ADDED)
			bytes += ADD_BYTES + y->node->raw.len;
		else if (plan->how[j] == ARRAY_MOVED)
			bytes += REMOVE_BYTES + ADD_BYTES;
		else
			bytes += json_patch_estimate(
				&plan->x->children[plan->from[j]], y);
	}
	return bytes;
}

int json_patch_array(struct json_patch *patch, const struct json_work *work)
{
	struct array_plan plan = {
		.patch = patch,
		.work = work,
		.x = work->old_value,
		.y = work->new_value,
	};
	struct diff_options options = patch->options->engine;
	struct diff_result result = {0};
	struct diff_seq seq[2];
	int status;

	if (array_alloc(&plan))
		return -1;
	seq[0] = (struct diff_seq){plan.ids[0], plan.x->count};
	seq[1] = (struct diff_seq){plan.ids[1], plan.y->count};
	options.max_work = diff_work_left(&options, patch->result->work);
	if (diff_run(&seq[0], &seq[1], &options, &result, patch->err))
		return -1;
	patch->result->exact &= result.exact;
	patch->result->work += result.work;
	status = array_match(&plan, &result);
	diff_result_release(&result);
	if (status)
		return -1;
	if (patch->key == NONE &&
	    array_bytes(&plan) >
		    WHOLE_FACTOR * plan.y->node->raw.len + WHOLE_SLACK) {
		json_patch_replace(patch, work->path, plan.x, plan.y);
		return 0;
	}
	json_patch_count_empty(patch, work);
	if (array_write(&plan))
		return -1;
	return array_inside(&plan);
}
