/*
 * Lines that were replaced, side by side: which old line became which new one
 * (by the words that they share, in order), and what changed within a line.
 */
#include "diff/diff_text.h"

#include <stdlib.h>

#include "base/text.h"

#define PAIR_CELLS_MAX 10000 /* lines times lines; past it no search */
#define PAIR_LEAST     300   /* per mille of similarity */

/* --- Words ---------------------------------------------------------------- */

static size_t pair_class(uint32_t code)
{
	if (text_is_space(code))
		return 0;
	if (code >= 0x80 || code == '_' || (code >= '0' && code <= '9') ||
	    ((code | 0x20) >= 'a' && (code | 0x20) <= 'z'))
		return 1;
	return 2;
}

/* The first token: a word, white space, or one other character. */
static struct slice pair_token(struct slice text)
{
	size_t pos = 0, end, class;

	class = pair_class((uint32_t)utf8_next(text, &pos));
	for (end = pos; class != 2 && pos < text.len; end = pos)
		if (pair_class((uint32_t)utf8_next(text, &pos)) != class)
			break;
	return slice_of(text.ptr, end);
}

struct pair_words {
	struct diff_seq seq[2];
	struct slice *tokens[2];
	struct diff_interner *names;
};

static int pair_words_side(struct arena *arena, struct slice line,
			   struct pair_words *words, int side)
{
	struct slice rest = line;
	uint32_t *ids;
	size_t count = 0;

	while (rest.len) {
		struct slice token = pair_token(rest);

		rest = slice_of(rest.ptr + token.len, rest.len - token.len);
		count++;
	}
	words->tokens[side] = arena_alloc(arena, count * sizeof(struct slice));
	ids = arena_alloc(arena, count * sizeof(*ids));
	if (!words->tokens[side] || !ids)
		return -1;
	rest = line;
	for (size_t n = 0; n < count; n++) {
		struct slice token = pair_token(rest);

		rest = slice_of(rest.ptr + token.len, rest.len - token.len);
		words->tokens[side][n] = token;
		ids[n] = diff_intern(words->names, token);
		if (ids[n] == DIFF_NO_ID)
			return -1;
	}
	words->seq[side] = (struct diff_seq){ids, count};
	return 0;
}

static struct slice pair_piece(const struct slice *tokens, uint32_t from,
			       uint32_t to)
{
	if (from == to)
		return SLICE("");
	return slice_of(tokens[from].ptr,
			(size_t)(tokens[to - 1].ptr + tokens[to - 1].len -
				 tokens[from].ptr));
}

int diff_pair_words(const struct diff_refine *refine,
		    const struct slice line[2], diff_piece_cb *on_piece,
		    void *arg)
{
	struct diff_options options = DIFF_OPTIONS_INIT;
	size_t most = refine->engine->max_memory ? refine->engine->max_memory
						 : DIFF_MEMORY_DEFAULT;
	struct pair_words words = {.names = diff_interner_new(most)};
	struct diff_result result = {0};
	int status = -1;

	options.max_memory = most;
	options.max_work = diff_work_left(refine->engine, refine->result->work);
	if (words.names &&
	    !pair_words_side(refine->arena, line[0], &words, 0) &&
	    !pair_words_side(refine->arena, line[1], &words, 1))
		status = diff_run(&words.seq[0], &words.seq[1], &options,
				  &result, NULL);
	if (!status) {
		refine->result->work += result.work;
		refine->result->exact &= result.exact;
	}
	for (size_t n = 0; !status && n < result.op_count; n++) {
		const struct diff_op *op = &result.ops[n];

		on_piece(arg, op->tag == DIFF_EQUAL,
			 pair_piece(words.tokens[0], op->i1, op->i2),
			 pair_piece(words.tokens[1], op->j1, op->j2));
	}
	diff_result_release(&result);
	diff_interner_free(words.names);
	return status;
}

/* --- Lines ---------------------------------------------------------------- */

/* A line as the sorted hashes of its words. */
struct pair_line {
	uint32_t *words;
	uint32_t count;
};

static int pair_compare(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

static int pair_line(struct arena *arena, struct slice text,
		     struct pair_line *line)
{
	struct slice rest = text;

	line->words = arena_alloc(arena, text.len * sizeof(uint32_t));
	if (!line->words)
		return -1;
	line->count = 0;
	while (rest.len) {
		struct slice token = pair_token(rest);
		uint32_t hash = 2166136261u; /* FNV-1a: the same every run */

		rest = slice_of(rest.ptr + token.len, rest.len - token.len);
		if (text_is_blank(token))
			continue;
		for (size_t n = 0; n < token.len; n++)
			hash = (hash ^ (unsigned char)token.ptr[n]) * 16777619u;
		line->words[line->count++] = hash;
	}
	qsort(line->words, line->count, sizeof(uint32_t), pair_compare);
	return 0;
}

/* Words in common, per mille of all. */
static uint32_t pair_similarity(const struct pair_line *x,
				const struct pair_line *y)
{
	uint32_t m = 0, n = 0, common = 0;

	if (!x->count && !y->count)
		return 1000;
	while (m < x->count && n < y->count) {
		if (x->words[m] == y->words[n]) {
			common++;
			m++;
			n++;
		} else if (x->words[m] < y->words[n]) {
			m++;
		} else {
			n++;
		}
	}
	return (uint32_t)(2000 * (uint64_t)common / (x->count + y->count));
}

static struct pair_line *pair_side(struct arena *arena,
				   const struct text_side *side, uint32_t from,
				   uint32_t count)
{
	struct pair_line *lines =
		arena_alloc(arena, (size_t)count * sizeof(*lines));

	for (uint32_t n = 0; lines && n < count; n++)
		if (pair_line(arena, text_item(side, from + n), &lines[n]))
			return NULL;
	return lines;
}

/* The pairing of greatest total similarity; best[i * (q + 1) + j] is what the
 * lines from i and j on can reach. */
static void pair_search(const struct pair_line *x, uint32_t p,
			const struct pair_line *y, uint32_t q, uint32_t *best)
{
	size_t width = (size_t)q + 1;

	memset(best, 0, ((size_t)p + 1) * width * sizeof(*best));
	for (uint32_t i = p; i-- > 0;) {
		for (uint32_t j = q; j-- > 0;) {
			uint32_t alike = pair_similarity(&x[i], &y[j]);
			uint32_t *at = best + i * width + j;

			*at = at[width] > at[1] ? at[width] : at[1];
			if (alike >= PAIR_LEAST && alike + at[width + 1] > *at)
				*at = alike + at[width + 1];
		}
	}
}

/* Rows along the best path. */
static size_t pair_walk(const struct diff_op *op, const uint32_t *best,
			struct diff_row *rows)
{
	uint32_t p = op->i2 - op->i1, q = op->j2 - op->j1, i = 0, j = 0;
	size_t count = 0, width = (size_t)q + 1;

	while (i < p || j < q) {
		const uint32_t *at = best + i * width + j;
		struct diff_row row = {DIFF_NO_ID, DIFF_NO_ID};

		if (i < p && (j == q || *at == at[width]))
			row.i = op->i1 + i++;
		else if (j < q && (i == p || *at == at[1]))
			row.j = op->j1 + j++;
		else
			row = (struct diff_row){op->i1 + i++, op->j1 + j++};
		rows[count++] = row;
	}
	return count;
}

/* Too many for a search: the n-th beside the n-th. */
static size_t pair_in_order(const struct diff_op *op, struct diff_row *rows)
{
	uint32_t p = op->i2 - op->i1, q = op->j2 - op->j1;
	uint32_t count = p > q ? p : q;

	for (uint32_t n = 0; n < count; n++) {
		rows[n].i = n < p ? op->i1 + n : DIFF_NO_ID;
		rows[n].j = n < q ? op->j1 + n : DIFF_NO_ID;
	}
	return count;
}

struct diff_row *diff_pair_lines(struct arena *arena,
				 const struct text_pair *pair,
				 const struct diff_op *op, size_t *count)
{
	size_t p = op->i2 - op->i1, q = op->j2 - op->j1;
	struct diff_row *rows = arena_alloc(arena, (p + q) * sizeof(*rows));
	struct pair_line *x, *y;
	uint32_t *best;

	if (!rows)
		return NULL;
	if (p * q > PAIR_CELLS_MAX) {
		*count = pair_in_order(op, rows);
		return rows;
	}
	x = pair_side(arena, &pair->side[DIFF_OLD], op->i1, (uint32_t)p);
	y = pair_side(arena, &pair->side[DIFF_NEW], op->j1, (uint32_t)q);
	best = arena_alloc(arena, (p + 1) * (q + 1) * sizeof(*best));
	if (!x || !y || !best)
		return NULL;
	pair_search(x, (uint32_t)p, y, (uint32_t)q, best);
	*count = pair_walk(op, best, rows);
	return rows;
}
