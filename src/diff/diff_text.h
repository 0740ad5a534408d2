/*
 * Text against text: cut into items, compared by the engine, written in one of
 * several outputs. One header for the files diff_split.c, diff_unified.c,
 * diff_inline.c, diff_side.c, diff_pair.c and diff_text.c, which ties them
 * together.
 */
#ifndef DIFF_DIFF_TEXT_H
#define DIFF_DIFF_TEXT_H

#include "base/arena.h"
#include "cherry/diff.h"

/* In the order of the task's argument tables. */
enum text_unit { TEXT_LINE, TEXT_WORD, TEXT_CHAR, TEXT_GRAPHEME };
enum text_output {
	TEXT_UNIFIED,
	TEXT_OPCODES,
	TEXT_INLINE,
	TEXT_SIDE_BY_SIDE,
	TEXT_STATS
};
enum text_dialect { TEXT_GNU, TEXT_GIT, TEXT_DIFFLIB };

struct text_options {
	enum text_unit unit;
	enum text_output output;
	enum text_dialect dialect;
	struct diff_options engine; /* style and indent need not be set */
	/* Lines around a change; for side by side UINT32_MAX shows all. */
	uint32_t context;
	struct slice old_label, new_label; /* no ptr: the default */
	struct slice old_date, new_date;   /* empty: none */
	bool ignore_whitespace, ignore_case, ignore_blank_lines;
};

/* One side, cut into items. */
struct text_side {
	struct slice text;
	uint32_t *starts; /* count + 1 offsets */
	uint32_t *ids;
	uint32_t count;
};

struct text_pair {
	struct text_side side[2];
	struct diff_interner *names;
};

static inline struct slice text_item(const struct text_side *side, size_t at)
{
	return slice_of(side->text.ptr + side->starts[at],
			side->starts[at + 1] - side->starts[at]);
}

/* Items from up to (not with) to, as one piece of text. */
static inline struct slice text_items(const struct text_side *side, size_t from,
				      size_t to)
{
	return slice_of(side->text.ptr + side->starts[from],
			side->starts[to] - side->starts[from]);
}

/*
 * Compares. Both texts are valid UTF-8 below 4 GB. Appends the diff to `out`
 * (nothing for stats; for opcodes a JSON array) and fills `result`, which the
 * caller releases. With ignore_blank_lines, changes of blank lines alone are
 * not in the statistics, and count as equal in opcodes (whose two lengths can
 * then differ). 0, or -1 with ERR_LIMIT ("memory", "items", "output").
 */
int diff_text(struct slice old_text, struct slice new_text,
	      const struct text_options *options, struct buf *out,
	      struct diff_result *result, struct err *err) MUST_CHECK;

/* --- Parts ---------------------------------------------------------------- */

/* Is the item white space alone (a line end included)? */
bool text_is_blank(struct slice item);

/* Is it white space, as Python's str.isspace? */
bool text_is_space(uint32_t code);

/* The simple lower case of a code point, as Python's str.lower where that is
 * one character; used to ignore case. */
uint32_t diff_lower(uint32_t code);

/* The length in bytes of the extended grapheme cluster (UAX #29) that `text`,
 * not empty and valid UTF-8, begins with. */
size_t diff_grapheme(struct slice text);

/* Cuts both sides and interns the items. 0, or -1 with ERR_LIMIT. */
int diff_split(struct arena *arena, const struct slice text[2],
	       const struct text_options *options, struct text_pair *pair,
	       struct err *err);

/* The unified diff; nothing where all is equal. */
int diff_unified(struct buf *out, const struct text_pair *pair,
		 const struct diff_result *result,
		 const struct text_options *options, struct err *err);

/* HTML: the whole text, escaped, with <del> and <ins>. What it takes to compare
 * words goes into the result. */
int diff_inline(struct arena *arena, const struct text_pair *pair,
		struct diff_result *result, const struct text_options *options,
		struct buf *out);

/* HTML: a table of two columns; the same. */
int diff_side(struct arena *arena, const struct text_pair *pair,
	      struct diff_result *result, const struct text_options *options,
	      struct buf *out);

/* A row of a replaced block: a line of each side, DIFF_NO_ID for none. */
struct diff_row {
	uint32_t i, j;
};

/*
 * Pairs the lines of a replaced block by similarity of their words, in order.
 * Rows, from the arena, cover both sides; NULL if memory is short.
 */
struct diff_row *diff_pair_lines(struct arena *arena,
				 const struct text_pair *pair,
				 const struct diff_op *op, size_t *count);

/* For diff_pair_words: the budgets, and the result that its steps count for
 * and that says whether they were enough. */
struct diff_refine {
	struct arena *arena;
	const struct diff_options *engine;
	struct diff_result *result;
};

/* What changed between two lines, word by word. The callback gets pieces in
 * order; both empty never. 0, or -1 if memory is short. */
typedef void diff_piece_cb(void *arg, bool equal, struct slice old_piece,
			   struct slice new_piece);
int diff_pair_words(const struct diff_refine *refine,
		    const struct slice line[2], diff_piece_cb *on_piece,
		    void *arg);

/* Appends the text with & < > " escaped, and carriage returns, which HTML
 * would drop. */
void diff_put_escaped(struct buf *out, struct slice text);

#endif
