/*
 * Cuts text into lines, words, code points or grapheme clusters and interns
 * them. The items of a side, one after the other, are always its whole text.
 *
 * Lines end at LF alone; CR and form feed belong to their line. A word has the
 * white space before it (as in mitsuhiko's htmldiff); white space at the very
 * end is an item.
 */
#include "diff/diff_text.h"

#include "base/text.h"

bool text_is_space(uint32_t code)
{
	if (code < 0x80)
		return code == ' ' || (code >= 0x09 && code <= 0x0d) ||
		       (code >= 0x1c && code <= 0x1f);
	return code == 0x85 || code == 0xa0 || code == 0x1680 ||
	       (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
	       code == 0x2029 || code == 0x202f || code == 0x205f ||
	       code == 0x3000;
}

bool text_is_blank(struct slice item)
{
	size_t pos = 0;

	while (pos < item.len)
		if (!text_is_space((uint32_t)utf8_next(item, &pos)))
			return false;
	return true;
}

/* --- Cutting -------------------------------------------------------------- */

static size_t split_line(struct slice text)
{
	const char *end = memchr(text.ptr, '\n', text.len);

	return end ? (size_t)(end - text.ptr) + 1 : text.len;
}

static size_t split_char(struct slice text)
{
	size_t pos = 0;

	utf8_next(text, &pos);
	return pos;
}

static size_t split_word(struct slice text)
{
	size_t pos = 0, end = 0;
	bool word = false;

	while (pos < text.len) {
		bool space = text_is_space((uint32_t)utf8_next(text, &pos));

		if (space && word)
			break;
		word |= !space;
		end = pos;
	}
	return end;
}

typedef size_t split_cut(struct slice text);

static split_cut *const split_cuts[] = {
	[TEXT_LINE] = split_line,
	[TEXT_WORD] = split_word,
	[TEXT_CHAR] = split_char,
	[TEXT_GRAPHEME] = diff_grapheme,
};

static int split_memory(struct err *err, const struct arena *arena)
{
	return err_limit(err, "memory", (int64_t)arena->max,
			 "the text needs more than %zu bytes of memory",
			 arena->max);
}

/* Notes where items start, and where the last one ends. The array grows with
 * what is found; the estimate fits lines and words of ordinary length. */
static int split_starts(struct arena *arena, split_cut *cut,
			struct text_side *side)
{
	size_t cap = side->text.len / 16 + 64, at = 0;
	uint32_t *starts = arena_alloc(arena, cap * sizeof(*starts));

	side->count = 0;
	while (starts && at < side->text.len) {
		starts[side->count++] = (uint32_t)at;
		at += cut(slice_of(side->text.ptr + at, side->text.len - at));
		starts = arena_extend(arena, starts, side->count, &cap,
				      sizeof(*starts));
	}
	if (!starts)
		return -1;
	starts[side->count] = (uint32_t)at;
	side->starts = starts;
	return 0;
}

/* --- Interning ------------------------------------------------------------ */

/* What the item is compared as: without white space, or in lower case. */
static struct slice split_key(struct arena *arena, struct slice item,
			      const struct text_options *options)
{
	/* Lower case has at most 3/2 of the bytes: two become three. */
	char *key = arena_alloc(arena, item.len * 2);
	size_t len = 0, pos = 0;

	if (!key)
		return (struct slice){NULL, 0};
	while (pos < item.len) {
		uint32_t code = (uint32_t)utf8_next(item, &pos);

		if (options->ignore_whitespace && text_is_space(code))
			continue;
		if (options->ignore_case)
			code = diff_lower(code);
		len += utf8_put(key + len, code);
	}
	return slice_of(key, len);
}

static int split_side(struct arena *arena, const struct text_options *options,
		      struct text_pair *pair, struct text_side *side)
{
	if (split_starts(arena, split_cuts[options->unit], side))
		return -1;
	side->ids =
		arena_alloc(arena, (size_t)side->count * sizeof(*side->ids));
	if (!side->ids)
		return -1;
	if (!options->ignore_whitespace && !options->ignore_case)
		return diff_intern_many(pair->names, side->text, side->starts,
					side->count, side->ids);
	for (uint32_t n = 0; n < side->count; n++) {
		struct slice key =
			split_key(arena, text_item(side, n), options);

		if (!key.ptr)
			return -1;
		side->ids[n] = diff_intern(pair->names, key);
		if (side->ids[n] == DIFF_NO_ID)
			return -1;
	}
	return 0;
}

int diff_split(struct arena *arena, const struct slice text[2],
	       const struct text_options *options, struct text_pair *pair,
	       struct err *err)
{
	pair->names = diff_interner_new(arena->max);
	if (!pair->names)
		return split_memory(err, arena);
	for (int n = 0; n < 2; n++) {
		pair->side[n].text = text[n];
		if (text[n].len > UINT32_MAX)
			return err_limit(err, "bytes", (int64_t)text[n].len,
					 "a text of %zu bytes is too long",
					 text[n].len);
		if (split_side(arena, options, pair, &pair->side[n]))
			return split_memory(err, arena);
	}
	return 0;
}
