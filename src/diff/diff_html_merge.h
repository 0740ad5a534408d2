/*
 * Two trees made one: the new one, with what is gone put back and every change
 * marked.
 */
#ifndef DIFF_DIFF_HTML_MERGE_H
#define DIFF_DIFF_HTML_MERGE_H

#include "diff/diff_html_events.h"

/* HTML's default mode and XML's inline mode: see diff_html.h and diff_xml.h.
 * The trees' `index` is used. Fills `out->text` (not for stats) and the figures
 * of `out->result`. 0, or -1. */
int diff_html_merge(struct arena *arena, struct markup_node *const root[2],
		    const struct diff_markup_options *options,
		    struct diff_markup *out, struct err *err);
int diff_xml_merge(struct arena *arena, struct markup_node *const root[2],
		   const struct diff_markup_options *options,
		   struct diff_markup *out, struct err *err);

#endif
