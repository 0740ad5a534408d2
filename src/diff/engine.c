/*
 * The engine's frame: checks, memory, dispatch, and opcodes from the flags
 * that an algorithm has set. It knows no algorithm and nothing of documents.
 */
#include "diff/engine.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/json.h"

#define SPREAD_MAX 4 /* ids for each item, before they are numbered anew */

static void *engine_no_memory(struct engine *engine)
{
	err_limit(engine->err, "memory", (int64_t)engine->arena.max,
		  "the comparison needs more than %zu bytes of memory",
		  engine->arena.max);
	return NULL;
}

void *engine_alloc(struct engine *engine, size_t count, size_t size)
{
	void *memory = NULL;

	if (!size || count <= SIZE_MAX / size)
		memory = arena_alloc(&engine->arena, count * size);
	return memory ? memory : engine_no_memory(engine);
}

void *engine_extend(struct engine *engine, void *items, size_t count,
		    size_t *cap, size_t size)
{
	void *more = arena_extend(&engine->arena, items, count, cap, size);

	return more ? more : engine_no_memory(engine);
}

int engine_counts(struct engine *engine)
{
	size_t count = engine->id_count;

	if (engine->a_count)
		return 0;
	engine->a_count = engine_alloc(engine, count * 2, sizeof(uint32_t));
	if (!engine->a_count)
		return -1;
	memset(engine->a_count, 0, count * 2 * sizeof(uint32_t));
	engine->b_count = engine->a_count + count;
	return 0;
}

int engine_push(struct engine *engine, struct engine_stack *stack,
		struct engine_region region)
{
	struct engine_region *items =
		engine_extend(engine, stack->items, stack->count, &stack->cap,
			      sizeof(*items));

	if (!items)
		return -1;
	stack->items = items;
	stack->items[stack->count++] = region;
	return 0;
}

void engine_mark(struct engine *engine, struct engine_region region)
{
	memset(engine->a_changed + region.alo, 1, region.ahi - region.alo);
	memset(engine->b_changed + region.blo, 1, region.bhi - region.blo);
}

/* Where GNU diff starts and ends to look: what both sides begin and end with
 * is left out, but for `horizon` items. */
static struct engine_region engine_trim(const struct engine *engine)
{
	struct engine_region r = engine_whole(engine);
	uint32_t horizon = engine->options->horizon;
	uint32_t prefix = 0, suffix = 0;

	while (prefix < r.ahi && prefix < r.bhi &&
	       engine->a[prefix] == engine->b[prefix])
		prefix++;
	r.alo = r.blo = prefix < horizon ? 0 : prefix - horizon;
	while (suffix < r.ahi - prefix && suffix < r.bhi - prefix &&
	       engine->a[r.ahi - 1 - suffix] == engine->b[r.bhi - 1 - suffix])
		suffix++;
	suffix = suffix < horizon ? 0 : suffix - horizon;
	r.ahi -= suffix;
	r.bhi -= suffix;
	return r;
}

static int engine_dispatch(struct engine *engine)
{
	const struct diff_options *options = engine->options;
	struct engine_region region = engine_whole(engine);
	int result = -1;

	switch (options->algorithm) {
	case DIFF_DIFFLIB:
		return difflib_run(engine);
	case DIFF_MYERS:
		if (options->style == DIFF_STYLE_GNU)
			region = engine_trim(engine);
		result = myers_run(engine, region);
		break;
	case DIFF_HISTOGRAM:
		result = histogram_run(engine);
		break;
	case DIFF_PATIENCE:
		result = patience_run(engine);
		break;
	}
	if (!result && options->style == DIFF_STYLE_GIT)
		slide_git(engine);
	else if (!result && options->style == DIFF_STYLE_GNU)
		slide_gnu(engine, region);
	return result;
}

static uint32_t engine_top(const uint32_t *ids, uint32_t count, uint32_t top)
{
	for (uint32_t i = 0; i < count; i++)
		top = ids[i] > top ? ids[i] : top;
	return top;
}

/* The ids of one side by the table: a slot has an id and what it is now. */
static void engine_renumber_side(struct engine *engine, const uint32_t *ids,
				 uint32_t count, uint32_t (*slots)[2],
				 unsigned shift, uint32_t *out)
{
	uint64_t factor = hash_seed() | 1;
	size_t mask = ((size_t)1 << (64 - shift)) - 1;

	for (uint32_t i = 0; i < count; i++) {
		size_t at = ids[i] * factor >> shift;

		while (slots[at][1] && slots[at][0] != ids[i])
			at = (at + 1) & mask;
		if (!slots[at][1]) {
			slots[at][0] = ids[i];
			slots[at][1] = ++engine->id_count;
		}
		out[i] = slots[at][1] - 1;
	}
}

/* Numbers the ids anew, so that a small part of a large document does not take
 * memory, and the time to clear it, for all ids of the document. */
static int engine_renumber(struct engine *engine)
{
	size_t total = (size_t)engine->na + engine->nb;
	unsigned shift = 64 - 4;
	uint32_t(*slots)[2], *ids;

	while (((size_t)1 << (64 - shift)) < total * 2)
		shift--;
	slots = engine_alloc(engine, (size_t)1 << (64 - shift), sizeof(*slots));
	ids = engine_alloc(engine, total, sizeof(*ids));
	if (!slots || !ids)
		return -1;
	memset(slots, 0, ((size_t)1 << (64 - shift)) * sizeof(*slots));
	engine->id_count = 0;
	engine_renumber_side(engine, engine->a, engine->na, slots, shift, ids);
	engine_renumber_side(engine, engine->b, engine->nb, slots, shift,
			     ids + engine->na);
	engine->a = ids;
	engine->b = ids + engine->na;
	return 0;
}

static int engine_prepare(struct engine *engine)
{
	size_t total = (size_t)engine->na + engine->nb;
	uint32_t top = engine_top(engine->a, engine->na, 0);

	engine->id_count = engine_top(engine->b, engine->nb, top) + 1;
	engine->steps = total;
	if (engine->id_count / SPREAD_MAX > total && !engine->options->junk &&
	    engine_renumber(engine))
		return -1;
	engine->a_changed = engine_alloc(engine, total + 4, 1);
	if (!engine->a_changed)
		return -1;
	memset(engine->a_changed, 0, total + 4);
	engine->a_changed++;
	engine->b_changed = engine->a_changed + engine->na + 2;
	return 0;
}

/* --- Opcodes -------------------------------------------------------------- */

/* The next opcode at (op->i2, op->j2); false at the end of both sides. */
static bool engine_next(const struct engine *engine, struct diff_op *op)
{
	uint32_t i = op->i2, j = op->j2;
	const uint8_t *ac = engine->a_changed, *bc = engine->b_changed;

	op->i1 = i;
	op->j1 = j;
	while (i < engine->na && j < engine->nb && !ac[i] && !bc[j])
		i++, j++;
	op->tag = DIFF_EQUAL;
	if (i == op->i1) {
		while (i < engine->na && ac[i])
			i++;
		while (j < engine->nb && bc[j])
			j++;
		op->tag = i == op->i1	? DIFF_INSERT
			  : j == op->j1 ? DIFF_DELETE
					: DIFF_REPLACE;
	}
	op->i2 = i;
	op->j2 = j;
	return op->i1 < i || op->j1 < j;
}

static void engine_count(struct diff_result *result, const struct diff_op *op)
{
	size_t gone = op->i2 - op->i1, come = op->j2 - op->j1;
	size_t both = gone < come ? gone : come;

	if (op->tag == DIFF_EQUAL) {
		result->matches += gone;
		return;
	}
	result->replaced += both;
	result->deleted += gone - both;
	result->inserted += come - both;
}

static int engine_finish(struct engine *engine, struct diff_result *result)
{
	struct diff_op op = {0};
	size_t total = (size_t)engine->na + engine->nb, count = 0;

	while (engine_next(engine, &op))
		count++;
	if (count) {
		result->ops = malloc(count * sizeof(*result->ops));
		if (!result->ops)
			return err_limit(engine->err, "memory",
					 (int64_t)(count * sizeof(op)),
					 "no memory for %zu opcodes", count);
	}
	op = (struct diff_op){0};
	while (engine_next(engine, &op)) {
		result->ops[result->op_count++] = op;
		engine_count(result, &op);
	}
	result->ratio =
		total ? 2.0 * (double)result->matches / (double)total : 1.0;
	result->work = engine->steps;
	result->exact = !engine_spent(engine);
	return 0;
}

uint64_t diff_work_left(const struct diff_options *options, uint64_t spent)
{
	uint64_t all =
		options->max_work ? options->max_work : DIFF_WORK_DEFAULT;

	return spent < all ? all - spent : 1;
}

int diff_run(const struct diff_seq *old_seq, const struct diff_seq *new_seq,
	     const struct diff_options *options, struct diff_result *result,
	     struct err *err)
{
	size_t longer = old_seq->count > new_seq->count ? old_seq->count
							: new_seq->count;
	struct engine engine = {
		.options = options,
		.a = old_seq->ids,
		.b = new_seq->ids,
		.na = (uint32_t)old_seq->count,
		.nb = (uint32_t)new_seq->count,
		.max_work = diff_work_left(options, 0),
		.err = err,
	};
	int status;

	memset(result, 0, sizeof(*result));
	if (longer > DIFF_ITEMS_MAX)
		return err_limit(err, "items", (int64_t)longer,
				 "a side has %zu items, more than %u", longer,
				 DIFF_ITEMS_MAX);
	arena_init(&engine.arena, options->max_memory ? options->max_memory
						      : DIFF_MEMORY_DEFAULT);
	status = engine_prepare(&engine);
	if (!status)
		status = engine_dispatch(&engine);
	if (!status)
		status = engine_finish(&engine, result);
	arena_release(&engine.arena);
	if (status)
		diff_result_release(result);
	return status;
}

void diff_result_release(struct diff_result *result)
{
	free(result->ops);
	memset(result, 0, sizeof(*result));
}

/* --- Results as JSON ------------------------------------------------------ */

const char *diff_tag_name(enum diff_tag tag)
{
	static const char *const names[] = {"equal", "replace", "delete",
					    "insert"};

	return names[tag];
}

/* Longer than any opcode as text. */
#define OPCODE_TEXT_MAX 64

/* Writes ",N"; returns where it ends. */
static char *engine_put_number(char *at, uint32_t number)
{
	char digits[10];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	*at++ = ',';
	while (count)
		*at++ = digits[--count];
	return at;
}

int diff_put_opcodes(struct buf *out, const struct diff_result *result)
{
	buf_add_char(out, '[');
	for (size_t n = 0; n < result->op_count; n++) {
		const struct diff_op *op = &result->ops[n];
		char text[OPCODE_TEXT_MAX] = ",[\"", *at = text + 3;
		const char *name = diff_tag_name(op->tag);
		size_t len = strlen(name);

		memcpy(at, name, len);
		at += len;
		*at++ = '"';
		at = engine_put_number(at, op->i1);
		at = engine_put_number(at, op->i2);
		at = engine_put_number(at, op->j1);
		at = engine_put_number(at, op->j2);
		*at++ = ']';
		buf_add(out, text + !n, (size_t)(at - text) - !n);
	}
	return buf_add_char(out, ']');
}

int diff_put_summary(struct buf *out, const struct diff_result *result)
{
	json_put_key(out, "ratio");
	json_put_double(out, result->ratio);
	json_put_key(out, "stats");
	buf_printf(out,
		   "{\"equal\":%zu,\"deleted\":%zu,\"inserted\":%zu,"
		   "\"replaced\":%zu}",
		   result->matches, result->deleted, result->inserted,
		   result->replaced);
	json_put_key(out, "exact");
	return buf_add_text(out, result->exact ? "true" : "false");
}
