/*
 * Text diffs: options to engine options, then cut, compare, write. The cutting
 * and each output have files of their own.
 */
#include "diff/diff_text.h"

#include <stdlib.h>

#define GIT_TAIL_BLOCK 1024

/* git's xdiff knows these as white space, whatever the locale. */
static bool text_is_git_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

#define INDENT_MAX 200

static int text_on_indent(void *arg, enum diff_side side, size_t index)
{
	const struct text_pair *pair = arg;
	struct slice line = text_item(&pair->side[side], index);
	int columns = 0;

	for (size_t n = 0; n < line.len; n++) {
		if (!text_is_git_space(line.ptr[n]))
			return columns;
		if (line.ptr[n] == ' ')
			columns++;
		else if (line.ptr[n] == '\t')
			columns += 8 - columns % 8;
		if (columns >= INDENT_MAX)
			return INDENT_MAX;
	}
	return DIFF_INDENT_BLANK;
}

/*
 * Without context git compares without the common tail, in blocks of bytes, so
 * that runs cannot slide into it. Returns how many lines that takes off.
 */
static uint32_t text_git_tail(const struct text_pair *pair)
{
	const struct text_side *old = &pair->side[DIFF_OLD];
	struct slice a = old->text, b = pair->side[DIFF_NEW].text;
	size_t least = a.len < b.len ? a.len : b.len, tail = 0;
	uint32_t lines = 0;

	while (tail + GIT_TAIL_BLOCK <= least &&
	       !memcmp(a.ptr + a.len - tail - GIT_TAIL_BLOCK,
		       b.ptr + b.len - tail - GIT_TAIL_BLOCK, GIT_TAIL_BLOCK))
		tail += GIT_TAIL_BLOCK;
	/* Up to the end of the line that the tail begins in is compared. */
	while (lines < old->count &&
	       old->starts[old->count - lines - 1] >= a.len - tail + 1)
		lines++;
	return lines;
}

static struct diff_options text_engine(const struct text_options *options,
				       struct text_pair *pair)
{
	struct diff_options engine = options->engine;
	bool unified = options->output == TEXT_UNIFIED;

	if (options->unit != TEXT_LINE)
		return engine;
	engine.style = DIFF_STYLE_GIT;
	if (unified && options->dialect == TEXT_GNU)
		engine.style = DIFF_STYLE_GNU;
	engine.horizon = options->context;
	engine.indent = text_on_indent;
	engine.indent_arg = pair;
	return engine;
}

/* Makes room for what was cut off as equal at the end. */
static int text_add_tail(struct diff_result *result, uint32_t lines,
			 struct err *err)
{
	struct diff_op *last =
		result->op_count ? &result->ops[result->op_count - 1] : NULL;
	struct diff_op tail = {DIFF_EQUAL, 0, lines, 0, lines};
	struct diff_op *ops;

	if (!lines)
		return 0;
	result->matches += lines;
	if (last && last->tag == DIFF_EQUAL) {
		last->i2 += lines;
		last->j2 += lines;
		return 0;
	}
	if (last) {
		tail = (struct diff_op){DIFF_EQUAL, last->i2, last->i2 + lines,
					last->j2, last->j2 + lines};
	}
	ops = realloc(result->ops, (result->op_count + 1) * sizeof(*ops));
	if (!ops)
		return err_limit(err, "memory", lines, "no memory");
	result->ops = ops;
	ops[result->op_count++] = tail;
	return 0;
}

static int text_compare(struct text_pair *pair,
			const struct text_options *options,
			struct diff_result *result, struct err *err)
{
	const struct text_side *side = pair->side;
	struct diff_options engine = text_engine(options, pair);
	uint32_t tail = 0;
	struct diff_seq seq[2];

	if (options->output == TEXT_UNIFIED && options->dialect == TEXT_GIT &&
	    !options->context)
		tail = text_git_tail(pair);
	for (int n = 0; n < 2; n++) {
		/* What is cut off is off for the heuristics, too. */
		pair->side[n].count -= tail;
		seq[n] = (struct diff_seq){side[n].ids, side[n].count};
	}
	if (diff_run(&seq[0], &seq[1], &engine, result, err))
		return -1;
	pair->side[0].count += tail;
	pair->side[1].count += tail;
	if (text_add_tail(result, tail, err))
		return -1;
	if (tail) {
		size_t total = (size_t)side[0].count + side[1].count;

		result->ratio = 2.0 * (double)result->matches / (double)total;
	}
	return 0;
}

/* --- Blank lines ---------------------------------------------------------- */

static bool text_all_blank(const struct text_side *side, uint32_t from,
			   uint32_t to)
{
	for (; from < to; from++)
		if (!text_is_blank(text_item(side, from)))
			return false;
	return true;
}

/* Changes of blank lines alone become equal; neighbours join. */
static void text_ignore_blank(const struct text_pair *pair,
			      struct diff_result *result)
{
	size_t kept = 0, total = 0;

	result->matches = result->deleted = 0;
	result->inserted = result->replaced = 0;
	for (size_t n = 0; n < result->op_count; n++) {
		struct diff_op op = result->ops[n];
		uint32_t gone = op.i2 - op.i1, come = op.j2 - op.j1;
		uint32_t both = gone < come ? gone : come;

		if (op.tag == DIFF_EQUAL) {
			result->matches += gone;
			total += (size_t)gone + come;
		} else if (text_all_blank(&pair->side[0], op.i1, op.i2) &&
			   text_all_blank(&pair->side[1], op.j1, op.j2)) {
			op.tag = DIFF_EQUAL;
		} else {
			result->replaced += both;
			result->deleted += gone - both;
			result->inserted += come - both;
			total += (size_t)gone + come;
		}
		if (kept && op.tag == DIFF_EQUAL &&
		    result->ops[kept - 1].tag == DIFF_EQUAL) {
			result->ops[kept - 1].i2 = op.i2;
			result->ops[kept - 1].j2 = op.j2;
		} else {
			result->ops[kept++] = op;
		}
	}
	result->op_count = kept;
	result->ratio =
		total ? 2.0 * (double)result->matches / (double)total : 1.0;
}

/* --- Output --------------------------------------------------------------- */

static int text_write(struct arena *arena, const struct text_pair *pair,
		      const struct text_options *options, struct buf *out,
		      struct diff_result *result, struct err *err)
{
	int status = 0;

	/* A unified diff looks at blank lines itself: shown in passing. */
	if (options->output == TEXT_UNIFIED &&
	    diff_unified(out, pair, result, options, err))
		return -1;
	if (options->ignore_blank_lines)
		text_ignore_blank(pair, result);
	if (options->output == TEXT_OPCODES)
		diff_put_opcodes(out, result);
	else if (options->output == TEXT_INLINE)
		status = diff_inline(arena, pair, result, options, out);
	else if (options->output == TEXT_SIDE_BY_SIDE)
		status = diff_side(arena, pair, result, options, out);
	if (out->failed)
		return err_limit(err, "output", (int64_t)out->max,
				 "the diff is longer than %zu bytes", out->max);
	if (status)
		return err_limit(err, "memory", (int64_t)arena->max,
				 "the diff needs more than %zu bytes of memory",
				 arena->max);
	return 0;
}

int diff_text(struct slice old_text, struct slice new_text,
	      const struct text_options *options, struct buf *out,
	      struct diff_result *result, struct err *err)
{
	const struct slice text[2] = {old_text.len ? old_text : SLICE(""),
				      new_text.len ? new_text : SLICE("")};
	struct text_pair pair = {.names = NULL};
	struct arena arena;
	int status;

	memset(result, 0, sizeof(*result));
	arena_init(&arena, options->engine.max_memory
				   ? options->engine.max_memory
				   : DIFF_MEMORY_DEFAULT);
	status = diff_split(&arena, text, options, &pair, err);
	if (!status)
		status = text_compare(&pair, options, result, err);
	if (!status)
		status = text_write(&arena, &pair, options, out, result, err);
	if (status)
		diff_result_release(result);
	diff_interner_free(pair.names);
	arena_release(&arena);
	return status;
}
