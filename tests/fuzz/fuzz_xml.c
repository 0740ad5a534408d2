/*
 * XML: two documents, apart by a NUL. What is refused says why; the marked
 * document is well formed and has both texts in it.
 */
#include <stdlib.h>

#include "diff/diff_xml.h"
#include "markup_check.h"

#define MEMORY ((size_t)256 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void side_text(struct slice text, bool entities, struct buf *out)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	struct markup_events events;
	struct arena arena;

	limits.depth = 512;
	arena_init(&arena, MEMORY);
	must(markup_xml_events(&arena, text, entities, &limits, &events,
			       NULL) == 0);
	check_tree_text(markup_xml_build(&arena, &events), out);
	arena_release(&arena);
}

static void check_inline(const struct slice text[2],
			 const struct diff_markup *out)
{
	struct buf want[2], again;
	struct checker c;

	for (int i = 0; i < 2; i++) {
		buf_init(&want[i], MEMORY);
		side_text(text[i], true, &want[i]);
	}
	buf_init(&again, MEMORY);
	side_text(buf_slice(&out->text), false, &again);
	if (!memmem(text[0].ptr, text[0].len, "diff", 4) &&
	    !memmem(text[1].ptr, text[1].len, "diff", 4)) {
		checker_run(&c, buf_slice(&out->text), true);
		must(slice_equal(buf_slice(&c.accepted), buf_slice(&want[1])));
		must(slice_equal(buf_slice(&c.rejected), buf_slice(&want[0])));
		checker_release(&c);
	}
	buf_release(&again);
	for (int i = 0; i < 2; i++)
		buf_release(&want[i]);
}

static void run(const struct slice text[2], enum diff_markup_output output)
{
	struct diff_markup_options options = {
		.output = output, .entities = true, .events = true};
	struct err err = ERR_INIT;
	struct diff_markup out;

	diff_markup_init(&out, MEMORY);
	if (diff_xml(text[0], text[1], &options, &out, &err)) {
		must(err.code == ERR_BAD_INPUT || err.code == ERR_LIMIT);
		must(err.message[0]);
		must(err.offset < (int64_t)(text[0].len + text[1].len + 1));
	} else if (output == DIFF_MARKUP_INLINE) {
		check_inline(text, &out);
	}
	diff_markup_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const uint8_t *cut = len ? memchr(bytes, 0, len) : NULL;
	size_t first = cut ? (size_t)(cut - bytes) : len;
	const struct slice text[2] = {slice_of(bytes, first),
				      slice_of(bytes + first + (cut ? 1 : 0),
					       len - first - (cut ? 1 : 0))};

	run(text, DIFF_MARKUP_INLINE);
	run(text, DIFF_MARKUP_OPCODES);
	return 0;
}
