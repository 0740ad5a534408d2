/*
 * The way in for XML.
 */
#include "diff/diff_xml.h"

#include <stdio.h>

#include "diff/diff_html_events.h"
#include "diff/diff_html_merge.h"

static int blame(struct err *err, const char *side)
{
	if (err) {
		snprintf(err->field, sizeof(err->field), "%s", side);
	}
	return -1;
}

static int compare(struct arena *arena, struct markup_events events[2],
		   const struct diff_markup_options *options,
		   struct diff_markup *out, struct err *err)
{
	bool inline_wanted = options->output == DIFF_MARKUP_INLINE;
	struct markup_node *root[2];

	for (int i = 0; i < 2; i++) {
		/* Before anything is dropped: nothing shall miss from it. */
		root[i] = inline_wanted ? markup_xml_build(arena, &events[i])
					: NULL;
		if (inline_wanted && !root[i]) {
			return diff_events_no_memory(err);
		}
		if (diff_events_filter(arena, &events[i], options, err)) {
			return -1;
		}
	}
	if (options->events &&
	    (diff_events_put(&out->old_events, &events[0]) ||
	     diff_events_put(&out->new_events, &events[1]))) {
		return diff_events_no_room(&out->new_events, err);
	}
	if (inline_wanted) {
		return diff_xml_merge(arena, root, options, out, err);
	}
	return diff_events_compare(arena, &events[0], &events[1], options, out,
				   err);
}

int diff_xml(struct slice old_text, struct slice new_text,
	     const struct diff_markup_options *options, struct diff_markup *out,
	     struct err *err)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	const struct slice text[2] = {old_text, new_text};
	struct markup_events events[2];
	struct arena arena;
	int r = 0;

	arena_init(&arena, options->max_memory ? options->max_memory
					       : DIFF_MEMORY_DEFAULT);
	if (options->max_depth) {
		limits.depth = options->max_depth;
	}
	for (int i = 0; i < 2 && !r; i++) {
		r = markup_xml_events(&arena, text[i], options->entities,
				      &limits, &events[i], err);
		if (r) {
			blame(err, i ? "new" : "old");
		}
	}
	r = r ? r : compare(&arena, events, options, out, err);
	arena_release(&arena);
	return r;
}
