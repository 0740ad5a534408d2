/*
 * The way in for HTML: parses both sides and hands them to compat mode, to the
 * comparison of events, or to the default mode.
 */
#include "diff/diff_html.h"

#include <stdio.h>

#include "diff/diff_html_compat.h"
#include "diff/diff_html_merge.h"

void diff_markup_init(struct diff_markup *out, size_t max_output)
{
	*out = (struct diff_markup){.result.exact = true};
	buf_init(&out->text, max_output);
	buf_init(&out->old_events, max_output);
	buf_init(&out->new_events, max_output);
}

void diff_markup_release(struct diff_markup *out)
{
	buf_release(&out->text);
	buf_release(&out->old_events);
	buf_release(&out->new_events);
	diff_result_release(&out->result);
}

/* Names the side at fault. */
static int blame(struct err *err, const char *side)
{
	if (err) {
		snprintf(err->field, sizeof(err->field), "%s", side);
	}
	return -1;
}

static int put_events(struct diff_markup *out,
		      const struct markup_events *old_events,
		      const struct markup_events *new_events, struct err *err)
{
	if (diff_events_put(&out->old_events, old_events)) {
		return diff_events_no_room(&out->old_events, err);
	}
	if (diff_events_put(&out->new_events, new_events)) {
		return diff_events_no_room(&out->new_events, err);
	}
	return 0;
}

static int run_compat(struct arena *arena, const struct slice text[2],
		      const struct markup_limits *limits,
		      const struct diff_markup_options *options,
		      struct diff_markup *out, struct err *err)
{
	struct diff_markup_options plain = *options;
	struct markup_events events[2];

	plain.ignore_case = plain.ignore_whitespace = false;
	plain.ignore_comments = plain.ignore_attribute_order = false;
	plain.engine.algorithm = DIFF_DIFFLIB;
	for (int i = 0; i < 2; i++) {
		if (diff_html_compat_events(arena, text[i], limits, &events[i],
					    err)) {
			return blame(err, i ? "new" : "old");
		}
	}
	if (options->events && put_events(out, &events[0], &events[1], err)) {
		return -1;
	}
	if (options->output == DIFF_MARKUP_INLINE) {
		return diff_html_compat(arena, &events[0], &events[1], &plain,
					out, err);
	}
	return diff_events_compare(arena, &events[0], &events[1], &plain, out,
				   err);
}

static int parse_sides(struct arena *arena, const struct slice text[2],
		       const struct markup_limits *limits,
		       struct markup_node *root[2], struct err *err)
{
	bool whole = markup_html_is_document(text[0]) ||
		     markup_html_is_document(text[1]);

	for (int i = 0; i < 2; i++) {
		root[i] = whole ? markup_html_document(arena, text[i], limits,
						       err)
				: markup_html_fragment(arena, text[i], limits,
						       err);
		if (!root[i]) {
			return blame(err, i ? "new" : "old");
		}
	}
	return 0;
}

static int run_default(struct arena *arena, const struct slice text[2],
		       const struct markup_limits *limits,
		       const struct diff_markup_options *options,
		       struct diff_markup *out, struct err *err)
{
	bool opcodes = options->output == DIFF_MARKUP_OPCODES;
	struct markup_events events[2];
	struct markup_node *root[2];

	if (parse_sides(arena, text, limits, root, err)) {
		return -1;
	}
	for (int i = 0; i < 2 && (opcodes || options->events); i++) {
		if (diff_events_from_html(arena, root[i], &events[i], err) ||
		    diff_events_filter(arena, &events[i], options, err)) {
			return -1;
		}
	}
	if (options->events && put_events(out, &events[0], &events[1], err)) {
		return -1;
	}
	if (!opcodes) {
		return diff_html_merge(arena, root, options, out, err);
	}
	return diff_events_compare(arena, &events[0], &events[1], options, out,
				   err);
}

int diff_html(struct slice old_text, struct slice new_text,
	      const struct diff_markup_options *options,
	      struct diff_markup *out, struct err *err)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	const struct slice text[2] = {old_text, new_text};
	struct arena arena;
	int r;

	arena_init(&arena, options->max_memory ? options->max_memory
					       : DIFF_MEMORY_DEFAULT);
	if (options->max_depth) {
		limits.depth = options->max_depth;
	}
	r = options->compat
		    ? run_compat(&arena, text, &limits, options, out, err)
		    : run_default(&arena, text, &limits, options, out, err);
	return diff_events_end(r, &arena, err);
}
