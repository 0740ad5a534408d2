/*
 * HTML: two documents, apart by a NUL. Whatever is UTF-8 is a page; the marked
 * page has its tags in pairs, no mark where none may stand, and both texts in
 * it. The other outputs must at least come to an end.
 */
#include <stdlib.h>

#include "diff/diff_html.h"
#include "markup_check.h"

#define MEMORY ((size_t)256 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void must(bool truth)
{
	if (!truth)
		abort();
}

/* Nothing if the side is refused. */
static bool side_text(struct slice text, bool whole, struct buf *out)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	const struct markup_node *root;
	struct arena arena;

	arena_init(&arena, MEMORY);
	root = whole ? markup_html_document(&arena, text, &limits, NULL)
		     : markup_html_fragment(&arena, text, &limits, NULL);
	if (root)
		check_tree_text(root, out);
	arena_release(&arena);
	return root != NULL;
}

static void check_inline(const struct slice text[2],
			 const struct diff_markup *out)
{
	bool whole = markup_html_is_document(text[0]) ||
		     markup_html_is_document(text[1]);
	struct buf want[2];
	struct checker c;

	for (int i = 0; i < 2; i++) {
		buf_init(&want[i], MEMORY);
		must(side_text(text[i], whole, &want[i]));
	}
	checker_run(&c, buf_slice(&out->text), false);
	if (c.fault[0] ||
	    !slice_equal(buf_slice(&c.accepted), buf_slice(&want[1])) ||
	    !slice_equal(buf_slice(&c.rejected), buf_slice(&want[0]))) {
		fprintf(stderr, "%s\n%.*s\n", c.fault, (int)out->text.len,
			out->text.ptr);
		abort();
	}
	checker_release(&c);
	for (int i = 0; i < 2; i++)
		buf_release(&want[i]);
}

static void run(const struct slice text[2],
		const struct diff_markup_options *options)
{
	struct err err = ERR_INIT;
	struct diff_markup out;

	diff_markup_init(&out, MEMORY);
	if (diff_html(text[0], text[1], options, &out, &err)) {
		must(err.code == ERR_BAD_INPUT || err.code == ERR_LIMIT);
		must(err.message[0]);
	} else if (options->output == DIFF_MARKUP_INLINE && !options->compat) {
		check_inline(text, &out);
	}
	must(out.result.ratio >= 0 && out.result.ratio <= 1);
	diff_markup_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const uint8_t *cut = len ? memchr(bytes, 0, len) : NULL;
	size_t first = cut ? (size_t)(cut - bytes) : len;
	const struct slice text[2] = {slice_of(bytes, first),
				      slice_of(bytes + first + (cut ? 1 : 0),
					       len - first - (cut ? 1 : 0))};

	run(text, &(struct diff_markup_options){0});
	run(text, &(struct diff_markup_options){.compat = true,
						.engine.autojunk = true});
	run(text,
	    &(struct diff_markup_options){.output = DIFF_MARKUP_OPCODES,
					  .events = true,
					  .ignore_whitespace = true,
					  .ignore_case = true,
					  .ignore_comments = true,
					  .ignore_attribute_order = true});
	return 0;
}
