/*
 * Pages made at random, and edited copies of them: by words, by elements, and
 * (broken) by tags that end up anywhere.
 */
#ifndef TESTS_HTML_RANDOM_H
#define TESTS_HTML_RANDOM_H

#include "diff_case.h"

static inline void html_words(struct random *r, struct buf *out)
{
	static const char *const words[] = {"the",
					    "a",
					    "of",
					    "cat",
					    "house",
					    "red",
					    "blue",
					    "one",
					    "two",
					    "three",
					    "na\xc3\xafve",
					    "&amp;",
					    "&lt;b",
					    "&nbsp;",
					    "\xe6\x97\xa5\xe6\x9c\xac"};

	for (uint32_t n = 1 + random_below(r, 7); n > 0; n--)
		buf_printf(out, "%s%s", words[random_below(r, 15)],
			   n > 1 ? " " : "");
}

static inline void html_inline(struct random *r, int depth, struct buf *out)
{
	static const char *const tags[] = {"b",	   "i",	   "em",  "code",
					   "span", "font", "sub", "label"};
	static const char *const atoms[] = {
		"<br>",
		"<img src=1>",
		"<img src=2>",
		"<i class=icon></i>",
		"<input value=1>",
		"<wbr>",
		"<!-- c -->",
		"<select><option>q<option>z</select>",
		"<script>var x = 1 < 2;</script>",
		"<svg viewbox=0><text>s</text></svg>",
		"<textarea>\n t</textarea>"};
	uint32_t what = random_below(r, 20);
	const char *tag = tags[random_below(r, 8)];

	if (what < 11 || depth > 3) {
		html_words(r, out);
	} else if (what < 16) {
		buf_printf(out, "<%s%s>", tag,
			   random_below(r, 3) ? "" : " class=k");
		html_inline(r, depth + 1, out);
		if (random_below(r, 2))
			html_inline(r, depth + 1, out);
		buf_printf(out, "</%s>", tag);
	} else if (what == 16 && !depth) {
		buf_printf(out, "<a href=%u>", random_below(r, 3));
		html_words(r, out);
		buf_add_text(out, "</a>");
	} else {
		buf_add_text(out, atoms[random_below(r, 11)]);
	}
	if (random_below(r, 4))
		buf_add_char(out, random_below(r, 3) ? ' ' : '\n');
}

static inline void html_line(struct random *r, struct buf *out)
{
	for (uint32_t n = 1 + random_below(r, 3); n > 0; n--)
		html_inline(r, 0, out);
}

static inline void html_block(struct random *r, int depth, struct buf *out);

static inline void html_table(struct random *r, int depth, struct buf *out)
{
	buf_add_text(out,
		     random_below(r, 4)
			     ? "<table>"
			     : "<table><colgroup><col width=1></colgroup>");
	for (uint32_t n = 1 + random_below(r, 4); n > 0; n--) {
		buf_add_text(out, "<tr>");
		for (uint32_t k = 1 + random_below(r, 3); k > 0; k--) {
			const char *cell = random_below(r, 4) ? "td" : "th";

			buf_printf(out, "<%s>", cell);
			if (depth < 2 && !random_below(r, 6))
				html_block(r, depth + 1, out);
			else if (random_below(r, 5))
				html_line(r, out);
			buf_printf(out, "</%s>", cell);
		}
		buf_add_text(out, "</tr>\n");
	}
	buf_add_text(out, "</table>");
}

static inline void html_list(struct random *r, int depth, struct buf *out)
{
	const char *tag = random_below(r, 2) ? "ul" : "ol";

	buf_printf(out, "<%s>\n", tag);
	for (uint32_t n = random_below(r, 5); n > 0; n--) {
		buf_add_text(out, "<li>");
		html_line(r, out);
		if (depth < 3 && !random_below(r, 4))
			html_block(r, depth + 1, out);
		buf_add_text(out, "</li>\n");
	}
	buf_printf(out, "</%s>", tag);
}

static inline void html_block(struct random *r, int depth, struct buf *out)
{
	static const char *const lines[] = {"p",  "p",	 "p",	   "h1",
					    "h2", "pre", "dl><dt", "address"};
	static const char *const ends[] = {"p",	 "p",	"p",	   "h1",
					   "h2", "pre", "dt></dl", "address"};
	static const char *const boxes[] = {"div", "section", "blockquote"};
	uint32_t what = random_below(r, 16), which = random_below(r, 8);

	if (what < 8 || depth > 3) {
		buf_printf(out, "<%s>", lines[which]);
		html_line(r, out);
		buf_printf(out, "</%s>", ends[which]);
	} else if (what < 10) {
		html_list(r, depth, out);
	} else if (what < 12) {
		html_table(r, depth, out);
	} else if (what == 12) {
		buf_add_text(out, "<hr>");
	} else if (what == 13) {
		html_line(r, out);
	} else {
		const char *box = boxes[random_below(r, 3)];

		buf_printf(out, "<%s>", box);
		for (uint32_t n = 1 + random_below(r, 3); n > 0; n--)
			html_block(r, depth + 1, out);
		buf_printf(out, "</%s>", box);
	}
	if (random_below(r, 2))
		buf_add_char(out, '\n');
}

/* Where the piece at the beginning ends: a tag, a word, white space. */
static inline size_t html_piece(struct slice text)
{
	size_t len = 1;

	if (text.ptr[0] == '<') {
		while (len < text.len && text.ptr[len - 1] != '>')
			len++;
		return len;
	}
	while (len < text.len && text.ptr[len] != '<' &&
	       (text.ptr[len] == ' ') == (text.ptr[0] == ' '))
		len++;
	return len;
}

static inline void html_edit_piece(struct random *r, struct slice piece,
				   bool broken, struct buf *out)
{
	static const char *const strays[] = {"</b>",	   "<i>",   "</p>",
					     "<td>k</td>", "</td>", "<div>",
					     "</ul>",	   "<li>",  "<p>"};

	switch (random_below(r, 6)) {
	case 0: /* words go; tags only where all may break */
		if (!broken && piece.ptr[0] == '<')
			buf_add_slice(out, piece);
		break;
	case 1:
		buf_add_slice(out, piece);
		if (broken)
			buf_add_slice(out, piece);
		break;
	case 2:
		if (broken)
			buf_add_text(out, strays[random_below(r, 9)]);
		buf_add_slice(out, piece);
		break;
	default:
		if (piece.ptr[0] != '<')
			html_words(r, out);
		else
			buf_add_slice(out, piece);
		break;
	}
}

/* A copy with changes. Scripts and the like are left as they are. */
static inline void html_edit(struct random *r, struct slice text, bool broken,
			     struct buf *out)
{
	uint32_t often = random_below(r, 3) ? 30 : 250;

	while (text.len) {
		size_t len = html_piece(text);

		if (random_below(r, 1000) < often)
			html_edit_piece(r, slice_of(text.ptr, len), broken,
					out);
		else
			buf_add(out, text.ptr, len);
		text = slice_of(text.ptr + len, text.len - len);
	}
}

static inline void html_page(struct random *r, struct buf *out)
{
	for (uint32_t n = random_below(r, 7); n > 0; n--)
		html_block(r, 0, out);
}

/* Blocks of one page, some left out, some put in. */
static inline void html_random_pair(struct random *r, bool broken,
				    struct buf *old_text, struct buf *new_text)
{
	struct buf parts[2];

	buf_init(old_text, CASE_MEMORY);
	buf_init(new_text, CASE_MEMORY);
	buf_init(&parts[0], CASE_MEMORY);
	for (uint32_t n = random_below(r, 7); n > 0; n--) {
		uint32_t what = random_below(r, 8);

		buf_clear(&parts[0]);
		html_block(r, 0, &parts[0]);
		if (what != 1)
			buf_add_slice(old_text, buf_slice(&parts[0]));
		if (what > 3)
			html_edit(r, buf_slice(&parts[0]), broken, new_text);
		else if (what != 2)
			buf_add_slice(new_text, buf_slice(&parts[0]));
	}
	if (!random_below(r, 10))
		html_page(r, new_text);
	buf_release(&parts[0]);
}

#endif
