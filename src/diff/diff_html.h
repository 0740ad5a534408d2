/*
 * HTML against HTML: with every change marked where it is, or as opcodes over
 * events.
 *
 * DEFAULT MODE, inline. The new document, with what is gone put back in place.
 * Words that came are in <ins>, words that went in <del>; an element that came,
 * went or changed (name or attributes) bears the class tagdiff_inserted,
 * tagdiff_deleted or tagdiff_replaced. A fragment is wrapped in <div
 * class="diff">, a whole document stays one.
 *   - Dropping every del with its content and unwrapping ins gives the text of
 *     the new side; dropping ins and unwrapping del that of the old, white
 *     space aside. Elements that bear tagdiff_deleted are unwrapped (void ones
 *     dropped) to accept the change, those with tagdiff_inserted to reject it.
 *   - ins and del stand only where text may stand, never as a child of ul, tr
 *     and the like. Scripts, styles, select, svg and so on are compared whole;
 *     an old script comes back inert, as text in a code element.
 *   - ins and del of the input stay, with the class tagdiff_source.
 *   - In the head of a document only the new side's elements are marked.
 *
 * compat: mitsuhiko/htmldiff 0.2 to the byte, defects included, but that
 * comments, at which the original crashes, are left out.
 */
#ifndef DIFF_DIFF_HTML_H
#define DIFF_DIFF_HTML_H

#include "cherry/diff.h"

enum diff_markup_output {
	DIFF_MARKUP_INLINE,
	DIFF_MARKUP_OPCODES,
	DIFF_MARKUP_STATS
};

struct diff_markup_options {
	enum diff_markup_output output;
	/* Algorithm, autojunk, budgets. compat uses difflib whatever stands
	 * here, and the original's autojunk is true. */
	struct diff_options engine;
	bool compat;   /* html only */
	bool entities; /* xml only: HTML's named entities are known */
	/* White space: text is compared with runs as one space, and text of
	 * white space alone is left out. Case: of text, comments and values.
	 * Comments are left out. Attributes are compared in any order. compat
	 * ignores all of these, inline always ignores white space. */
	bool ignore_whitespace, ignore_case, ignore_comments,
		ignore_attribute_order;
	bool events; /* fill old_events, new_events */
	/* Bytes of memory for trees and tables; 0: DIFF_MEMORY_DEFAULT. */
	size_t max_memory;
	uint32_t max_depth; /* 0: 256 */
};

/* What came out: the caller releases it, after a failure too. */
struct diff_markup {
	/* inline: the document; opcodes: a JSON array; stats: nothing. */
	struct buf text;
	/* JSON arrays; the items that opcodes count. */
	struct buf old_events, new_events;
	/* For diff_put_summary. Items are events; in html's default mode, but
	 * for opcodes, they are words and elements, and ops is empty. */
	struct diff_result result;
};

/* Empty, with caps for each of the three buffers. */
void diff_markup_init(struct diff_markup *out, size_t max_output);
void diff_markup_release(struct diff_markup *out);

/*
 * Compares two HTML texts, fragments or (if either is one) whole documents.
 * 0, or -1 with ERR_BAD_INPUT or ERR_LIMIT as in markup.h (`field` is "old" or
 * "new" where the fault lies in one side), or ERR_LIMIT "output".
 */
int diff_html(struct slice old_text, struct slice new_text,
	      const struct diff_markup_options *options,
	      struct diff_markup *out, struct err *err) MUST_CHECK;

#endif
