/*
 * What readers share: waiting values, open containers, and bytes.
 */
#include "codec/build.h"

#include <stdlib.h>

#include "base/text.h"
#include "codec/fail.h"

void build_init(struct build *build, const struct codec_options *options,
		struct value_doc *doc)
{
	*build = (struct build){.doc = doc, .options = options};
}

void build_release(struct build *build)
{
	free(build->items);
	free(build->levels);
	*build = (struct build){.doc = build->doc, .options = build->options};
}

int build_open(struct build *build, enum value_kind kind, uint64_t left,
	       struct err *err)
{
	if (build->depth == build->options->max_depth)
		return fail_depth(err, build->options->max_depth);
	if (build->depth == build->level_cap) {
		size_t cap = build->level_cap ? build->level_cap * 2 : 32;
		struct build_level *levels =
			realloc(build->levels, cap * sizeof(*levels));
		if (!levels)
			return fail_depth(err, build->level_cap);
		build->levels = levels;
		build->level_cap = cap;
	}
	build->levels[build->depth++] = (struct build_level){
		.start = build->count, .left = left, .kind = (uint8_t)kind};
	return 0;
}

static int fail_values(const struct build *build, struct err *err)
{
	return fail_limit(err, "values", (int64_t)build->values, "size",
			  "the input holds more than %llu values",
			  (unsigned long long)build->options->max_values);
}

int build_grow(struct build *build, struct err *err)
{
	size_t cap = build->cap ? build->cap * 2 : 256;
	if (build->values + build->count > build->options->max_values)
		return fail_values(build, err);
	struct value *items = realloc(build->items, cap * sizeof(*items));
	if (!items)
		return fail_values(build, err);
	build->items = items;
	build->cap = cap;
	return 0;
}

int build_close(struct build *build, bool unique, struct value *out,
		struct err *err)
{
	struct build_level *top = build_top(build);
	size_t count = build->count - top->start;
	enum value_kind kind = (enum value_kind)top->kind;

	build->values += count;
	if (build->values > build->options->max_values || count > INT32_MAX)
		return fail_values(build, err);
	if (value_seq_of(build->doc, kind,
			 count ? build->items + top->start : NULL,
			 (uint32_t)count, out, err))
		return -1;
	if ((kind == VALUE_MAP || kind == VALUE_SET) && count > 1 &&
	    value_settle(build->doc, kind, out->seq, unique, err))
		return -1;
	build->count = top->start;
	build->depth--;
	return 0;
}

void cursor_set_end(const struct cursor *cursor, struct err *err)
{
	(void)fail_read(err, "truncated", cursor->end - cursor->begin,
			"the input ends inside a value");
}

int cursor_big(struct cursor *cursor, size_t len, uint64_t *out,
	       struct err *err)
{
	uint64_t sum = 0;

	if (len > cursor_left(cursor))
		return cursor_fail_end(cursor, err);
	for (size_t i = 0; i < len; i++)
		sum = sum << 8 | cursor->at[i];
	cursor->at += len;
	*out = sum;
	return 0;
}

int cursor_little(struct cursor *cursor, size_t len, uint64_t *out,
		  struct err *err)
{
	uint64_t sum = 0;

	if (len > cursor_left(cursor))
		return cursor_fail_end(cursor, err);
	for (size_t i = len; i-- > 0;)
		sum = sum << 8 | cursor->at[i];
	cursor->at += len;
	*out = sum;
	return 0;
}

int cursor_check_text(const struct cursor *cursor, struct slice text,
		      bool surrogates, struct err *err)
{
	size_t from = 0;

	for (;;) {
		struct slice rest = {text.ptr + from, text.len - from};
		size_t bad = utf8_check(rest);
		if (bad == rest.len)
			return 0;
		const unsigned char *at = (const unsigned char *)rest.ptr + bad;
		if (!surrogates || rest.len - bad < 3 || at[0] != 0xed ||
		    at[1] < 0xa0 || at[1] > 0xbf || (at[2] & 0xc0) != 0x80)
			return fail_read(err, "encoding", at - cursor->begin,
					 "text is not valid UTF-8");
		from += bad + 3;
	}
}
