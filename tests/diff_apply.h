/*
 * What the outputs of text diffs promise, as functions: a unified diff applied
 * to the old text, and an inline diff with its changes accepted or rejected.
 * Independent of the code under test.
 */
#ifndef TESTS_DIFF_APPLY_H
#define TESTS_DIFF_APPLY_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "cherry/buf.h"

/* --- Unified -------------------------------------------------------------- */

struct apply {
	struct slice patch, old_text;
	struct buf *out;
	unsigned long line; /* lines of the old text taken so far */
	struct slice last;  /* line of the patch in hand, without newline */
};

static inline bool apply_line(struct apply *a)
{
	const char *end;

	if (!a->patch.len)
		return false;
	end = memchr(a->patch.ptr, '\n', a->patch.len);
	a->last = slice_of(a->patch.ptr,
			   end ? (size_t)(end - a->patch.ptr) : a->patch.len);
	a->patch.ptr += a->last.len + (end ? 1 : 0);
	a->patch.len -= a->last.len + (end ? 1 : 0);
	return true;
}

/* Takes a line of the old text: it must be `want` unless that is NULL. */
static inline bool apply_take(struct apply *a, const struct slice *want,
			      bool copy)
{
	const char *end =
		a->old_text.len ? memchr(a->old_text.ptr, '\n', a->old_text.len)
				: NULL;
	size_t len =
		end ? (size_t)(end - a->old_text.ptr) + 1 : a->old_text.len;

	if (!len || (want && (want->len != len - (end ? 1 : 0) ||
			      memcmp(want->ptr, a->old_text.ptr, want->len))))
		return false;
	if (copy)
		buf_add(a->out, a->old_text.ptr, len);
	a->old_text = slice_of(a->old_text.ptr + len, a->old_text.len - len);
	a->line++;
	return true;
}

static inline bool apply_range(const char **at, char mark, unsigned long *from,
			       unsigned long *count)
{
	char *end;

	if (**at != mark)
		return false;
	*from = strtoul(*at + 1, &end, 10);
	*count = 1;
	if (*end == ',')
		*count = strtoul(end + 1, &end, 10);
	*at = *end == ' ' ? end + 1 : end;
	return true;
}

static inline bool apply_hunk(struct apply *a)
{
	unsigned long from, count, new_from, new_count;
	char head[80];
	const char *at = head + 3;

	snprintf(head, sizeof(head), "%.*s", (int)a->last.len, a->last.ptr);
	if (strncmp(head, "@@ ", 3) != 0 ||
	    !apply_range(&at, '-', &from, &count) ||
	    !apply_range(&at, '+', &new_from, &new_count))
		return false;
	from -= count ? 1 : 0;
	while (a->line < from)
		if (!apply_take(a, NULL, true))
			return false;
	while (count || new_count) {
		struct slice line;
		char mark;

		if (!apply_line(a) || !a->last.len)
			return false;
		mark = a->last.ptr[0];
		line = slice_of(a->last.ptr + 1, a->last.len - 1);
		if (mark == '\\') {
			/* The line before has no newline. */
			if (!a->out->len)
				continue;
			continue;
		}
		if (mark != '+' &&
		    (!count-- || !apply_take(a, &line, mark == ' ')))
			return false;
		if (mark != '-' && !new_count--)
			return false;
		if (mark == '+') {
			bool bare = a->patch.len && a->patch.ptr[0] == '\\';

			buf_add_slice(a->out, line);
			if (!bare)
				buf_add_char(a->out, '\n');
		}
	}
	return true;
}

/* Appends the new text. False if the patch does not fit the old text. */
static inline bool apply_unified(struct slice patch, struct slice old_text,
				 struct buf *out)
{
	struct apply a = {patch, old_text, out, 0, {NULL, 0}};

	while (apply_line(&a)) {
		if (a.last.len < 2 || memcmp(a.last.ptr, "@@", 2) != 0) {
			/* Headers, and the marker of the line before. */
			continue;
		}
		if (!apply_hunk(&a))
			return false;
	}
	while (a.old_text.len)
		if (!apply_take(&a, NULL, true))
			return false;
	return true;
}

/* --- Inline --------------------------------------------------------------- */

static inline bool apply_mark(struct slice *html, const char *mark)
{
	size_t len = strlen(mark);

	if (html->len < len || memcmp(html->ptr, mark, len) != 0)
		return false;
	*html = slice_of(html->ptr + len, html->len - len);
	return true;
}

/* The text of an inline diff with del dropped (accept) or ins dropped. False
 * if it is not well-formed. */
static inline bool apply_inline(struct slice html, bool accept, struct buf *out)
{
	static const struct {
		const char *name, *text;
	} entities[] = {{"&amp;", "&"},
			{"&lt;", "<"},
			{"&gt;", ">"},
			{"&quot;", "\""},
			{"&#13;", "\r"}};
	bool del = false, ins = false;

	while (html.len) {
		size_t n;

		if (!del && !ins && apply_mark(&html, "<del>"))
			del = true;
		else if (!del && !ins && apply_mark(&html, "<ins>"))
			ins = true;
		else if (del && apply_mark(&html, "</del>"))
			del = false;
		else if (ins && apply_mark(&html, "</ins>"))
			ins = false;
		else if (*html.ptr == '<' || *html.ptr == '>')
			return false;
		else if (*html.ptr == '&') {
			for (n = 0; n < 5; n++)
				if (apply_mark(&html, entities[n].name))
					break;
			if (n == 5)
				return false;
			if (accept ? !del : !ins)
				buf_add_text(out, entities[n].text);
		} else {
			if (accept ? !del : !ins)
				buf_add_char(out, *html.ptr);
			html = slice_of(html.ptr + 1, html.len - 1);
		}
	}
	return !del && !ins;
}

#endif
