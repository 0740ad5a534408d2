/*
 * Text diffs: whatever the two texts are, the unified diff applied to the old
 * one gives the new one, and the inline diff can be accepted and rejected. The
 * first byte chooses unit, algorithm and the like, the second where the old
 * text ends.
 */
#include <stdlib.h>

#include "base/text.h"
#include "diff/diff_text.h"
#include "diff_apply.h"

#define OUTPUT_MAX ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void check_unified(const struct slice text[2],
			  const struct text_options *options,
			  const struct buf *out)
{
	struct buf made;

	if (options->dialect == TEXT_DIFFLIB)
		return;
	buf_init(&made, OUTPUT_MAX);
	must(apply_unified(buf_slice(out), text[0], &made));
	must(slice_equal(buf_slice(&made), text[1]));
	buf_release(&made);
}

static void check_inline(const struct slice text[2], const struct buf *out)
{
	struct buf made;

	buf_init(&made, OUTPUT_MAX);
	for (int accept = 0; accept < 2; accept++) {
		buf_clear(&made);
		must(apply_inline(buf_slice(out), accept, &made));
		must(slice_equal(buf_slice(&made), text[accept]));
	}
	buf_release(&made);
}

static void check(const struct slice text[2],
		  const struct text_options *options)
{
	struct diff_result result;
	struct err err = ERR_INIT;
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	must(!diff_text(text[0], text[1], options, &out, &result, &err));
	must(result.ratio >= 0 && result.ratio <= 1);
	/* Where all is equal, nothing is written. */
	must(!slice_equal(text[0], text[1]) || result.ratio == 1);
	if (options->output == TEXT_UNIFIED)
		check_unified(text, options, &out);
	else if (options->output == TEXT_INLINE)
		check_inline(text, &out);
	diff_result_release(&result);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct text_options options = {.context = 3};
	struct slice text[2], rest;
	size_t cut;

	if (len < 2)
		return 0;
	rest = slice_of(bytes + 2, len - 2);
	cut = rest.len * bytes[1] / 256;
	text[0] = slice_of(rest.ptr, cut);
	text[1] = slice_of(rest.ptr + cut, rest.len - cut);
	if (utf8_check(text[0]) != text[0].len ||
	    utf8_check(text[1]) != text[1].len)
		return 0;
	options.context = bytes[0] & 3;
	options.engine.algorithm = (enum diff_algorithm)(bytes[0] >> 2 & 3);
	options.engine.autojunk = bytes[0] & 16;
	options.engine.max_work = bytes[0] & 32 ? 100 : 0;
	options.dialect = bytes[0] & 64 ? TEXT_GIT : TEXT_GNU;
	check(text, &options);
	options.output = TEXT_SIDE_BY_SIDE;
	check(text, &options);
	options.output = TEXT_INLINE;
	for (int unit = TEXT_LINE; unit <= TEXT_GRAPHEME; unit++) {
		options.unit = (enum text_unit)unit;
		check(text, &options);
	}
	return 0;
}
