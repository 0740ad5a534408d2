/*
 * Documents with markup as sequences of events: how HTML's tree becomes one,
 * what is left out, which events are equal, and how they look as JSON. Used for
 * html and xml alike.
 */
#ifndef DIFF_DIFF_HTML_EVENTS_H
#define DIFF_DIFF_HTML_EVENTS_H

#include "diff/diff_html.h"
#include "markup/markup.h"

/* The wrapper around a fragment is an element "div" that equals no other: its
 * events have this in `standalone`. */
#define DIFF_EVENT_WRAPPER 2

/* The events of an HTML tree; of a fragment with the wrapper's. Names of SVG
 * and MathML are "{uri}local". 0, or -1 with ERR_LIMIT "memory". */
int diff_events_from_html(struct arena *arena, const struct markup_node *root,
			  struct markup_events *events, struct err *err);

/* Drops what the options ignore altogether (comments, text of white space) and
 * joins the texts that have come together. */
int diff_events_filter(struct arena *arena, struct markup_events *events,
		       const struct diff_markup_options *options,
		       struct err *err);

/* Compares both sides. 0 with `result` to be released, or -1. */
int diff_events_run(struct arena *arena, const struct markup_events *old_events,
		    const struct markup_events *new_events,
		    const struct diff_markup_options *options,
		    struct diff_result *result, struct err *err);

/* Appends a JSON array of events. 0, or -1 past the buffer's cap. */
int diff_events_put(struct buf *out, const struct markup_events *events);

/* What opcodes and stats give: `result`, and `text` for opcodes. */
int diff_events_compare(struct arena *arena, struct markup_events *old_events,
			struct markup_events *new_events,
			const struct diff_markup_options *options,
			struct diff_markup *out, struct err *err);

/* Releases the arena of a comparison; an error of memory gets its cap. Returns
 * r. */
int diff_events_end(int r, struct arena *arena, struct err *err);

/* The error of a full arena, and that of a full output. */
int diff_events_no_memory(struct err *err);
int diff_events_no_room(const struct buf *out, struct err *err);

#endif
