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

/* The events of one side, and for inline its tree, which is all that is then
 * left of them unless they are wanted, too. */
static int read_side(struct arena *arena, struct slice text,
		     const struct diff_markup_options *options,
		     struct markup_events *events, struct markup_node **root,
		     struct err *err)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;

	if (options->max_depth) {
		limits.depth = options->max_depth;
	}
	if (markup_xml_events(arena, text, options->entities, &limits, events,
			      err)) {
		return -1;
	}
	if (options->output != DIFF_MARKUP_INLINE) {
		return diff_events_filter(arena, events, options, err);
	}
	/* Before anything is dropped: nothing shall miss from it. */
	*root = markup_xml_build(arena, events);
	if (!*root) {
		return diff_events_no_memory(err);
	}
	if (options->events) {
		return diff_events_filter(arena, events, options, err);
	}
	arena_give_back(arena, events->list);
	return 0;
}

static int compare(struct arena *arena, struct markup_events events[2],
		   struct markup_node *const root[2],
		   const struct diff_markup_options *options,
		   struct diff_markup *out, struct err *err)
{
	if (options->events &&
	    (diff_events_put(&out->old_events, &events[0]) ||
	     diff_events_put(&out->new_events, &events[1]))) {
		return diff_events_no_room(&out->new_events, err);
	}
	if (options->output == DIFF_MARKUP_INLINE) {
		return diff_xml_merge(arena, root, options, out, err);
	}
	return diff_events_compare(arena, &events[0], &events[1], options, out,
				   err);
}

int diff_xml(struct slice old_text, struct slice new_text,
	     const struct diff_markup_options *options, struct diff_markup *out,
	     struct err *err)
{
	const struct slice text[2] = {old_text, new_text};
	struct markup_node *root[2] = {NULL, NULL};
	struct markup_events events[2];
	struct arena arena;
	int r = 0;

	arena_init(&arena, options->max_memory ? options->max_memory
					       : DIFF_MEMORY_DEFAULT);
	for (int i = 0; i < 2 && !r; i++) {
		r = read_side(&arena, text[i], options, &events[i], &root[i],
			      err);
		if (r) {
			blame(err, i ? "new" : "old");
		}
	}
	r = r ? r : compare(&arena, events, root, options, out, err);
	return diff_events_end(r, &arena, err);
}
