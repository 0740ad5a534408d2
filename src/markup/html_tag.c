/*
 * The table of HTML's tags. A name is found through a small hash table that is
 * filled at its first use.
 */
#include "markup/html_tag.h"

#include "base/hash.h"

struct tag_row {
	const char *name;
	uint32_t flags;
};

#define TAG_ROW(id, name, flags) {name, flags},
static const struct tag_row tag_rows[HTML_TAG_COUNT] = {{"", 0},
							HTML_TAGS(TAG_ROW)};
#undef TAG_ROW

#define SLOTS 1024

static uint8_t slots[SLOTS];
static bool slots_ready;
_Static_assert(HTML_TAG_COUNT < 256, "a slot holds one byte");

static uint32_t slot_of(struct slice name)
{
	uint32_t hash = 2166136261u; /* FNV-1a: names here are a few bytes */

	for (size_t i = 0; i < name.len; i++) {
		hash = (hash ^ (unsigned char)name.ptr[i]) * 16777619u;
	}
	return (hash ^ (hash >> 15)) % SLOTS;
}

static void slots_fill(void)
{
	for (unsigned i = 1; i < HTML_TAG_COUNT; i++) {
		uint32_t at = slot_of(slice_text(tag_rows[i].name));

		while (slots[at]) {
			at = (at + 1) % SLOTS;
		}
		slots[at] = (uint8_t)i;
	}
	slots_ready = true;
}

enum html_tag html_tag_find(struct slice name)
{
	if (!slots_ready) {
		slots_fill();
	}
	if (name.len > 16) {
		return HTML_UNKNOWN;
	}
	for (uint32_t at = slot_of(name); slots[at]; at = (at + 1) % SLOTS) {
		if (slice_is(name, tag_rows[slots[at]].name)) {
			return (enum html_tag)slots[at];
		}
	}
	return HTML_UNKNOWN;
}

const char *html_tag_name(enum html_tag tag)
{
	return tag_rows[tag].name;
}

uint32_t html_tag_flags(enum html_tag tag)
{
	return tag_rows[tag].flags;
}
