/*
 * Unified diffs as GNU diff, git and Python's difflib write them, byte for
 * byte. Which lines differ is not its business.
 */
#include "diff/diff_text.h"

#include <stdio.h>

#include "crypto/digest.h"

#define HEADING_MAX 80 /* bytes, as in git */
#define ABBREVIATED 7  /* digits of a blob id */

struct unified {
	struct buf *out;
	const struct text_pair *pair;
	const struct diff_result *result;
	const struct text_options *options;
	/* The section heading, and up to where lines were searched for it. */
	struct slice heading;
	uint32_t searched;
};

/* --- Header --------------------------------------------------------------- */

static int unified_blob(struct buf *out, struct slice text, struct err *err)
{
	unsigned char digest[DIGEST_MAX];
	char head[32];
	int len = snprintf(head, sizeof(head), "blob %zu", text.len);
	/* The NUL belongs to it. */
	struct slice parts[] = {slice_of(head, (size_t)len + 1), text};
	char hex[DIGEST_MAX * 2 + 1];
	int size = digest_compute("sha1", parts, 2, digest, err);

	if (size < 0)
		return -1;
	for (int n = 0; n < size; n++)
		snprintf(hex + (size_t)n * 2, 3, "%02x", digest[n]);
	buf_add(out, hex, ABBREVIATED);
	return 0;
}

static void unified_label(struct unified *u, const char *mark,
			  struct slice label, struct slice date)
{
	buf_add_text(u->out, mark);
	buf_add_slice(u->out, label);
	if (date.len && u->options->dialect != TEXT_GIT) {
		buf_add_char(u->out, '\t');
		buf_add_slice(u->out, date);
	}
	buf_add_char(u->out, '\n');
}

static int unified_header(struct unified *u, struct err *err)
{
	const struct text_options *options = u->options;
	bool git = options->dialect == TEXT_GIT;
	struct slice old_label = options->old_label;
	struct slice new_label = options->new_label;

	if (!old_label.ptr)
		old_label = git ? SLICE("a/old") : SLICE("old");
	if (!new_label.ptr)
		new_label = git ? SLICE("b/new") : SLICE("new");
	if (git) {
		buf_add_text(u->out, "diff --git ");
		buf_add_slice(u->out, old_label);
		buf_add_char(u->out, ' ');
		buf_add_slice(u->out, new_label);
		buf_add_text(u->out, "\nindex ");
		if (unified_blob(u->out, u->pair->side[DIFF_OLD].text, err))
			return -1;
		buf_add_text(u->out, "..");
		if (unified_blob(u->out, u->pair->side[DIFF_NEW].text, err))
			return -1;
		buf_add_text(u->out, " 100644\n");
	}
	unified_label(u, "--- ", old_label, options->old_date);
	unified_label(u, "+++ ", new_label, options->new_date);
	return 0;
}

/* --- Section headings ----------------------------------------------------- */

/* A line that git takes for the head of a function if nothing else is
 * configured: it begins with a letter, '_' or '$'. */
static bool unified_is_heading(struct slice line)
{
	unsigned char c = line.len ? (unsigned char)line.ptr[0] : 0;

	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
	       c == '$';
}

/* Looks for the nearest heading before `line`; keeps the former one. */
static void unified_find_heading(struct unified *u, uint32_t line)
{
	const struct text_side *old = &u->pair->side[DIFF_OLD];

	for (uint32_t at = line; at-- > u->searched;) {
		struct slice item = text_item(old, at);

		if (!unified_is_heading(item))
			continue;
		if (item.len > HEADING_MAX) {
			item.len = HEADING_MAX;
			/* git may cut a character; the result is text here. */
			while (item.len && (item.ptr[item.len] & 0xc0) == 0x80)
				item.len--;
		}
		while (item.len && strchr(" \t\n\r", item.ptr[item.len - 1]))
			item.len--;
		u->heading = item;
		break;
	}
	u->searched = line;
}

/* --- Hunks ---------------------------------------------------------------- */

static void unified_range(struct buf *out, char mark, uint32_t from,
			  uint32_t to)
{
	uint32_t count = to - from;

	buf_printf(out, "%c%u", mark, count ? from + 1 : from);
	if (count != 1)
		buf_printf(out, ",%u", count);
}

static void unified_line(const struct unified *u, char mark, enum diff_side at,
			 uint32_t line)
{
	struct slice item = text_item(&u->pair->side[at], line);

	buf_add_char(u->out, mark);
	buf_add_slice(u->out, item);
	if (item.ptr[item.len - 1] != '\n' &&
	    u->options->dialect != TEXT_DIFFLIB)
		buf_add_text(u->out, "\n\\ No newline at end of file\n");
}

static void unified_lines(const struct unified *u, char mark, enum diff_side at,
			  uint32_t from, uint32_t to)
{
	for (uint32_t line = from; line < to; line++)
		unified_line(u, mark, at, line);
}

/* Lines that count as equal may differ if something is ignored: GNU diff and
 * difflib show the old ones, git the new ones. */
static void unified_equal(const struct unified *u, const struct diff_op *op,
			  uint32_t from, uint32_t to)
{
	if (u->options->dialect == TEXT_GIT)
		unified_lines(u, ' ', DIFF_NEW, op->j1 + (from - op->i1),
			      op->j1 + (to - op->i1));
	else
		unified_lines(u, ' ', DIFF_OLD, from, to);
}

/* The hunk of the changes from ops[first] to ops[last]. */
static void unified_hunk(struct unified *u, size_t first, size_t last)
{
	const struct diff_op *ops = u->result->ops;
	uint32_t n = u->options->context;
	uint32_t before = 0, after = 0;

	if (first > 0) {
		before = ops[first - 1].i2 - ops[first - 1].i1;
		before = before < n ? before : n;
	}
	if (last + 1 < u->result->op_count) {
		after = ops[last + 1].i2 - ops[last + 1].i1;
		after = after < n ? after : n;
	}
	buf_add_text(u->out, "@@ ");
	unified_range(u->out, '-', ops[first].i1 - before,
		      ops[last].i2 + after);
	buf_add_char(u->out, ' ');
	unified_range(u->out, '+', ops[first].j1 - before,
		      ops[last].j2 + after);
	buf_add_text(u->out, " @@");
	if (u->options->dialect == TEXT_GIT) {
		unified_find_heading(u, ops[first].i1 - before);
		if (u->heading.len) {
			buf_add_char(u->out, ' ');
			buf_add_slice(u->out, u->heading);
		}
	}
	buf_add_char(u->out, '\n');
	if (before)
		unified_equal(u, &ops[first - 1], ops[first].i1 - before,
			      ops[first].i1);
	for (size_t at = first; at <= last; at++) {
		if (ops[at].tag == DIFF_EQUAL) {
			unified_equal(u, &ops[at], ops[at].i1, ops[at].i2);
			continue;
		}
		unified_lines(u, '-', DIFF_OLD, ops[at].i1, ops[at].i2);
		unified_lines(u, '+', DIFF_NEW, ops[at].j1, ops[at].j2);
	}
	if (after)
		unified_equal(u, &ops[last + 1], ops[last].i2,
			      ops[last].i2 + after);
}

/* A change of blank lines alone, and these are ignored. */
static bool unified_trivial(const struct unified *u, const struct diff_op *op)
{
	if (!u->options->ignore_blank_lines)
		return false;
	for (uint32_t i = op->i1; i < op->i2; i++)
		if (!text_is_blank(text_item(&u->pair->side[DIFF_OLD], i)))
			return false;
	for (uint32_t j = op->j1; j < op->j2; j++)
		if (!text_is_blank(text_item(&u->pair->side[DIFF_NEW], j)))
			return false;
	return true;
}

/*
 * The last change that belongs into one hunk with ops[first]: changes lie
 * together if no more than twice the context is between them (less than the
 * context, if one is trivial, as in GNU diff). *show: not all are trivial.
 */
static size_t unified_group(const struct unified *u, size_t first, bool *show)
{
	const struct diff_op *ops = u->result->ops;
	uint64_t context = u->options->context;
	bool trivial = unified_trivial(u, &ops[first]);
	size_t last = first;

	*show = !trivial;
	while (last + 2 < u->result->op_count) {
		bool next = unified_trivial(u, &ops[last + 2]);
		uint64_t least = trivial || next ? context : 2 * context + 1;

		if (ops[last + 1].i2 - ops[last + 1].i1 >= least)
			break;
		trivial = next;
		*show |= !next;
		last += 2;
	}
	return last;
}

int diff_unified(struct buf *out, const struct text_pair *pair,
		 const struct diff_result *result,
		 const struct text_options *options, struct err *err)
{
	struct unified u = {out, pair, result, options, {NULL, 0}, 0};
	size_t at = 0, last;
	bool any = false, show;

	/* Changes and equal runs alternate. */
	if (result->op_count && result->ops[0].tag == DIFF_EQUAL)
		at = 1;
	for (; at < result->op_count; at = last + 2) {
		last = unified_group(&u, at, &show);
		if (!show)
			continue;
		if (!any && unified_header(&u, err))
			return -1;
		any = true;
		unified_hunk(&u, at, last);
	}
	return 0;
}
