/*
 * The whole text with its changes marked, as HTML: escaped, what went in <del>,
 * what came in <ins>, del before ins. Within lines that are alike, only the
 * words that changed are marked. Dropping ins and unwrapping del gives the old
 * text exactly, the other way round the new one.
 *
 * Items that count as equal although something that is ignored differs are
 * shown as in the new text.
 */
#include "diff/diff_text.h"

#include "base/text.h"

void diff_put_escaped(struct buf *out, struct slice text)
{
	size_t from = 0;

	if (!text.len)
		return;
	for (size_t at = 0; at < text.len; at++) {
		const char *name = NULL;

		switch (text.ptr[at]) {
		case '&':
			name = "&amp;";
			break;
		case '<':
			name = "&lt;";
			break;
		case '>':
			name = "&gt;";
			break;
		case '"':
			name = "&quot;";
			break;
		case '\r':
			name = "&#13;";
			break;
		default:
			continue;
		}
		buf_add(out, text.ptr + from, at - from);
		buf_add_text(out, name);
		from = at + 1;
	}
	buf_add(out, text.ptr + from, text.len - from);
}

static void inline_mark(struct buf *out, const char *tag, struct slice text)
{
	if (!text.len)
		return;
	buf_printf(out, "<%s>", tag);
	diff_put_escaped(out, text);
	buf_printf(out, "</%s>", tag);
}

/* How many bytes of white space both begin with. */
static size_t inline_space(struct slice x, struct slice y)
{
	size_t end = 0, pos = 0;

	while (pos < x.len && pos < y.len) {
		if (!text_is_space((uint32_t)utf8_next(x, &pos)) ||
		    pos > y.len ||
		    memcmp(x.ptr + end, y.ptr + end, pos - end) != 0)
			break;
		end = pos;
	}
	return end;
}

/* White space that both sides of a change begin with is no change. */
static void inline_change(struct buf *out, struct slice gone, struct slice come)
{
	size_t shared = inline_space(gone, come);

	diff_put_escaped(out, slice_of(come.ptr, shared));
	inline_mark(out, "del", slice_of(gone.ptr + shared, gone.len - shared));
	inline_mark(out, "ins", slice_of(come.ptr + shared, come.len - shared));
}

static void inline_on_piece(void *arg, bool equal, struct slice gone,
			    struct slice come)
{
	struct buf *out = arg;

	if (equal)
		diff_put_escaped(out, come);
	else
		inline_change(out, gone, come);
}

static int inline_lines(const struct diff_refine *refine,
			const struct text_pair *pair, const struct diff_op *op,
			struct buf *out)
{
	const struct text_side *side = pair->side;
	size_t count;
	struct diff_row *rows =
		diff_pair_lines(refine->arena, pair, op, &count);

	if (!rows)
		return -1;
	for (size_t n = 0; n < count; n++) {
		struct slice line[2] = {{NULL, 0}, {NULL, 0}};

		if (rows[n].i != DIFF_NO_ID)
			line[0] = text_item(&side[DIFF_OLD], rows[n].i);
		if (rows[n].j != DIFF_NO_ID)
			line[1] = text_item(&side[DIFF_NEW], rows[n].j);
		if (!line[0].len || !line[1].len) {
			inline_mark(out, "del", line[0]);
			inline_mark(out, "ins", line[1]);
		} else if (diff_pair_words(refine, line, inline_on_piece,
					   out)) {
			return -1;
		}
	}
	return 0;
}

int diff_inline(struct arena *arena, const struct text_pair *pair,
		struct diff_result *result, const struct text_options *options,
		struct buf *out)
{
	const struct diff_refine refine = {arena, &options->engine, result};

	for (size_t n = 0; n < result->op_count && !out->failed; n++) {
		const struct diff_op *op = &result->ops[n];
		struct slice gone =
			text_items(&pair->side[DIFF_OLD], op->i1, op->i2);
		struct slice come =
			text_items(&pair->side[DIFF_NEW], op->j1, op->j2);

		if (op->tag == DIFF_EQUAL)
			diff_put_escaped(out, come);
		else if (op->tag != DIFF_REPLACE || options->unit != TEXT_LINE)
			inline_change(out, gone, come);
		else if (inline_lines(&refine, pair, op, out))
			return -1;
	}
	return 0;
}
