/*
 * Extended grapheme clusters (UAX #29, rules GB1 to GB999 as of the version of
 * unicode_table.h; without GB9c) and simple lower case.
 */
#include "diff/diff_text.h"

#include "base/text.h"
#include "diff/unicode_table.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define HANGUL_FIRST  0xac00u
#define HANGUL_LAST   0xd7a3u
#define HANGUL_TRAILS 28

static enum unicode_break grapheme_class(uint32_t code)
{
	size_t low = 0, high = COUNT(unicode_breaks);

	if (code < 0x80) {
		if (code >= 0x20 && code != 0x7f)
			return BREAK_OTHER;
		return code == '\r'   ? BREAK_CR
		       : code == '\n' ? BREAK_LF
				      : BREAK_CONTROL;
	}
	if (code == 0x200d)
		return BREAK_JOINER;
	if (code >= HANGUL_FIRST && code <= HANGUL_LAST)
		return (code - HANGUL_FIRST) % HANGUL_TRAILS ? BREAK_LVT
							     : BREAK_LV;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (code > unicode_breaks[mid].last)
			low = mid + 1;
		else if (code < unicode_breaks[mid].first)
			high = mid;
		else
			return (enum unicode_break)unicode_breaks[mid].value;
	}
	return BREAK_OTHER;
}

static bool grapheme_is_control(enum unicode_break class)
{
	return class == BREAK_CR || class == BREAK_LF || class == BREAK_CONTROL;
}

/* What of the cluster so far matters for the next character. */
struct grapheme_state {
	enum unicode_break last;
	bool picture;	/* a pictograph, then only extenders ... */
	bool joined;	/* ... and a joiner last */
	bool half_flag; /* an odd number of regional indicators */
};

/* Is there no break between the cluster and a character of `next`? */
static bool grapheme_joins(const struct grapheme_state *state,
			   enum unicode_break next)
{
	switch (state->last) {
	case BREAK_CR:
		return next == BREAK_LF;
	case BREAK_LF:
	case BREAK_CONTROL:
		return false;
	case BREAK_LEAD:
		if (next == BREAK_LEAD || next == BREAK_VOWEL ||
		    next == BREAK_LV || next == BREAK_LVT)
			return true;
		break;
	case BREAK_LV:
	case BREAK_VOWEL:
		if (next == BREAK_VOWEL || next == BREAK_TRAIL)
			return true;
		break;
	case BREAK_LVT:
	case BREAK_TRAIL:
		if (next == BREAK_TRAIL)
			return true;
		break;
	case BREAK_PREPEND:
		return !grapheme_is_control(next);
	case BREAK_REGION:
		if (next == BREAK_REGION && state->half_flag)
			return true;
		break;
	case BREAK_JOINER:
		if (next == BREAK_PICTURE && state->joined)
			return true;
		break;
	default:
		break;
	}
	return next == BREAK_EXTEND || next == BREAK_JOINER ||
	       next == BREAK_SPACING;
}

static void grapheme_add(struct grapheme_state *state, enum unicode_break next)
{
	state->joined = state->picture && next == BREAK_JOINER;
	if (next == BREAK_PICTURE)
		state->picture = true;
	else if (next != BREAK_EXTEND && next != BREAK_JOINER)
		state->picture = false;
	state->half_flag = next == BREAK_REGION && !state->half_flag;
	state->last = next;
}

size_t diff_grapheme(struct slice text)
{
	struct grapheme_state state = {0};
	size_t pos = 0, end;

	/* The common case: ASCII before ASCII that is no CR. */
	if (text.len > 1 && !((text.ptr[0] | text.ptr[1]) & 0x80) &&
	    text.ptr[0] != '\r')
		return 1;
	grapheme_add(&state, grapheme_class((uint32_t)utf8_next(text, &pos)));
	for (end = pos; pos < text.len; end = pos) {
		enum unicode_break next =
			grapheme_class((uint32_t)utf8_next(text, &pos));

		if (!grapheme_joins(&state, next))
			break;
		grapheme_add(&state, next);
	}
	return end;
}

uint32_t diff_lower(uint32_t code)
{
	size_t low = 0, high = COUNT(unicode_lower);

	if (code < 0x80)
		return code >= 'A' && code <= 'Z' ? code + 32 : code;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (code > unicode_lower[mid].last)
			low = mid + 1;
		else if (code < unicode_lower[mid].first)
			high = mid;
		else if ((code - unicode_lower[mid].first) %
			 unicode_lower[mid].step)
			return code;
		else
			return code + (uint32_t)unicode_lower[mid].delta;
	}
	return code;
}
