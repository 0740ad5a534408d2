/*
 * htmldiff 0.2 by Armin Ronacher, reproduced to the byte.
 */
#ifndef DIFF_DIFF_HTML_COMPAT_H
#define DIFF_DIFF_HTML_COMPAT_H

#include "diff/diff_html_events.h"

/* The events of a fragment as the original sees them: its parser's tree
 * builder loses elements that stood before a table in the outermost place, and
 * comments, at which it crashes, are left out. */
int diff_html_compat_events(struct arena *arena, struct slice text,
			    const struct markup_limits *limits,
			    struct markup_events *events, struct err *err);

/* Compares two such sequences; appends what the original returns to
 * `out->text` and fills `out->result`. 0, or -1. */
int diff_html_compat(struct arena *arena, struct markup_events *old_events,
		     struct markup_events *new_events,
		     const struct diff_markup_options *options,
		     struct diff_markup *out, struct err *err);

/* Writes events as Genshi's HTMLSerializer does. */
void diff_html_genshi(struct buf *out, const struct markup_events *events);

#endif
