/*
 * Old and new text side by side, as an HTML table without styles:
 *
 *	<table class="diff">
 *	<thead> the labels, where given
 *	<tbody>, one for each stretch of lines that is shown, with rows of class
 *	  diff_equal, diff_replace, diff_delete, diff_insert and four cells:
 *	  number and text of the old line, number and text of the new one.
 *
 * Within lines that replace each other, <del> and <ins> mark the words. Line
 * ends are not shown; that the last one is missing is marked by an empty
 * <span class="diff_no_newline">.
 */
#include "diff/diff_text.h"

struct side_table {
	struct diff_refine refine;
	const struct text_pair *pair;
	const struct text_options *options;
	struct buf *out;
	bool open; /* a tbody */
};

/* Both cells of a row while its pieces come in. */
struct side_cells {
	struct buf *out;
	enum diff_side side;
};

static void side_mark(struct buf *out, enum diff_side side, struct slice text)
{
	const char *tag = side == DIFF_OLD ? "del" : "ins";

	if (!text.len)
		return;
	buf_printf(out, "<%s>", tag);
	diff_put_escaped(out, text);
	buf_printf(out, "</%s>", tag);
}

static void side_on_piece(void *arg, bool equal, struct slice old_piece,
			  struct slice new_piece)
{
	struct side_cells *cells = arg;
	struct slice piece = cells->side == DIFF_OLD ? old_piece : new_piece;

	if (equal)
		diff_put_escaped(cells->out, piece);
	else
		side_mark(cells->out, cells->side, piece);
}

static struct slice side_line(const struct side_table *t, enum diff_side side,
			      uint32_t at, bool *ended)
{
	struct slice line = text_item(&t->pair->side[side], at);

	*ended = line.len && line.ptr[line.len - 1] == '\n';
	if (*ended)
		line.len--;
	return line;
}

/* Number and text of one line; empty cells for DIFF_NO_ID. `other` is the line
 * that it replaces or that replaces it. */
static int side_cell(const struct side_table *t, enum diff_side side,
		     const uint32_t at[2], enum diff_tag tag)
{
	struct side_cells cells = {t->out, side};
	struct slice line[2];
	bool ended[2];
	int status = 0;

	if (at[side] == DIFF_NO_ID) {
		buf_add_text(t->out, "<td></td><td></td>");
		return 0;
	}
	line[side] = side_line(t, side, at[side], &ended[side]);
	buf_printf(t->out, "<td>%u</td><td>", at[side] + 1);
	if (tag == DIFF_EQUAL) {
		diff_put_escaped(t->out, line[side]);
	} else if (at[!side] == DIFF_NO_ID) {
		side_mark(t->out, side, line[side]);
	} else {
		line[!side] = side_line(t, !side, at[!side], &ended[!side]);
		status = diff_pair_words(&t->refine, line, side_on_piece,
					 &cells);
	}
	if (!ended[side])
		buf_add_text(t->out, "<span class=\"diff_no_newline\"></span>");
	buf_add_text(t->out, "</td>");
	return status;
}

static int side_row(struct side_table *t, uint32_t i, uint32_t j,
		    enum diff_tag tag)
{
	const uint32_t at[2] = {i, j};

	if (!t->open)
		buf_add_text(t->out, "<tbody>\n");
	t->open = true;
	if (tag != DIFF_EQUAL)
		tag = i == DIFF_NO_ID	? DIFF_INSERT
		      : j == DIFF_NO_ID ? DIFF_DELETE
					: DIFF_REPLACE;
	buf_printf(t->out, "<tr class=\"diff_%s\">", diff_tag_name(tag));
	if (side_cell(t, DIFF_OLD, at, tag) || side_cell(t, DIFF_NEW, at, tag))
		return -1;
	buf_add_text(t->out, "</tr>\n");
	return 0;
}

static void side_close(struct side_table *t)
{
	if (t->open)
		buf_add_text(t->out, "</tbody>\n");
	t->open = false;
}

/* An equal run: all of it, or what lies near a change. */
static int side_equal(struct side_table *t, const struct diff_result *result,
		      size_t n)
{
	const struct diff_op *op = &result->ops[n];
	uint32_t count = op->i2 - op->i1, context = t->options->context;
	/* With blank lines ignored, one side can be shorter. */
	uint32_t other = op->j2 - op->j1;
	uint32_t rows = count > other ? count : other;

	for (uint32_t at = 0; at < rows; at++) {
		bool near = (n > 0 && at < context) ||
			    (n + 1 < result->op_count && rows - at <= context);

		if (!near && context != UINT32_MAX) {
			side_close(t);
			continue;
		}
		if (side_row(t, at < count ? op->i1 + at : DIFF_NO_ID,
			     at < other ? op->j1 + at : DIFF_NO_ID, DIFF_EQUAL))
			return -1;
	}
	return 0;
}

static int side_change(struct side_table *t, const struct diff_op *op)
{
	size_t count;
	struct diff_row *rows =
		diff_pair_lines(t->refine.arena, t->pair, op, &count);

	if (!rows)
		return -1;
	for (size_t n = 0; n < count; n++)
		if (side_row(t, rows[n].i, rows[n].j, op->tag))
			return -1;
	return 0;
}

static void side_head(struct side_table *t)
{
	const struct text_options *options = t->options;

	buf_add_text(t->out, "<table class=\"diff\">\n");
	if (!options->old_label.ptr && !options->new_label.ptr)
		return;
	buf_add_text(t->out, "<thead><tr><th colspan=\"2\">");
	diff_put_escaped(t->out, options->old_label);
	buf_add_text(t->out, "</th><th colspan=\"2\">");
	diff_put_escaped(t->out, options->new_label);
	buf_add_text(t->out, "</th></tr></thead>\n");
}

int diff_side(struct arena *arena, const struct text_pair *pair,
	      struct diff_result *result, const struct text_options *options,
	      struct buf *out)
{
	struct side_table t = {.refine = {arena, &options->engine, result},
			       .pair = pair,
			       .options = options,
			       .out = out};

	side_head(&t);
	for (size_t n = 0; n < result->op_count && !out->failed; n++) {
		const struct diff_op *op = &result->ops[n];
		int status = op->tag == DIFF_EQUAL ? side_equal(&t, result, n)
						   : side_change(&t, op);

		if (status)
			return -1;
	}
	side_close(&t);
	return buf_add_text(out, "</table>\n");
}
