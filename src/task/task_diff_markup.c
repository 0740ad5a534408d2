/*
 * diff for documents with markup: html and xml go the same way, through one of
 * two functions of src/diff.
 */
#include "task/task_diff.h"

#include "base/json.h"
#include "diff/diff_html.h"
#include "diff/diff_xml.h"

typedef int markup_compare(struct slice old_text, struct slice new_text,
			   const struct diff_markup_options *options,
			   struct diff_markup *out, struct err *err);

static struct diff_markup_options markup_options(const struct diff_call *diff)
{
	const struct task_value *values = diff->values;
	uint64_t ignore = values[DIFF_ARG_IGNORE].bits;
	struct diff_markup_options options = {
		.output = DIFF_MARKUP_INLINE,
		.engine = diff->engine,
		.compat = values[DIFF_ARG_COMPAT].given,
		.entities = values[DIFF_ARG_ENTITIES].integer,
		.ignore_whitespace = ignore & IGNORE_WHITESPACE,
		.ignore_case = ignore & IGNORE_CASE,
		.ignore_comments = ignore & IGNORE_COMMENTS,
		.ignore_attribute_order = ignore & IGNORE_ATTRIBUTE_ORDER,
		.events = values[DIFF_ARG_EVENTS].integer,
		.max_memory = diff->engine.max_memory,
	};

	if (diff->output == OUTPUT_OPCODES)
		options.output = DIFF_MARKUP_OPCODES;
	else if (diff->output == OUTPUT_STATS)
		options.output = DIFF_MARKUP_STATS;
	/* What is reproduced has it on. */
	if (options.compat && !values[DIFF_ARG_AUTOJUNK].given)
		options.engine.autojunk = true;
	return options;
}

static int put_markup(const struct diff_call *diff,
		      const struct diff_markup *markup, struct buf *result,
		      struct err *err)
{
	if (diff->output == OUTPUT_INLINE &&
	    task_put_bytes(diff->call, result, "diff", buf_slice(&markup->text),
			   err))
		return -1;
	if (diff->output == OUTPUT_OPCODES) {
		json_put_key(result, "opcodes");
		buf_add_slice(result, buf_slice(&markup->text));
	}
	if (diff->values[DIFF_ARG_EVENTS].integer) {
		json_put_key(result, "old_events");
		buf_add_slice(result, buf_slice(&markup->old_events));
		json_put_key(result, "new_events");
		buf_add_slice(result, buf_slice(&markup->new_events));
	}
	return diff_put_summary(result, &markup->result);
}

static int compare_markup(const struct diff_call *diff, markup_compare *compare,
			  struct buf *result, struct err *err)
{
	struct diff_markup_options options = markup_options(diff);
	struct slice old_text = {NULL, 0}, new_text = {NULL, 0};
	struct diff_markup markup;
	int status;

	if (task_diff_read_text(diff, DIFF_ARG_OLD, &old_text, err) ||
	    task_diff_read_text(diff, DIFF_ARG_NEW, &new_text, err))
		return -1;
	diff_markup_init(&markup, diff->engine.max_memory);
	status = compare(old_text, new_text, &options, &markup, err);
	if (!status)
		status = put_markup(diff, &markup, result, err);
	diff_markup_release(&markup);
	return status;
}

int task_diff_html(const struct diff_call *diff, struct buf *result,
		   struct err *err)
{
	return compare_markup(diff, diff_html, result, err);
}

int task_diff_xml(const struct diff_call *diff, struct buf *result,
		  struct err *err)
{
	return compare_markup(diff, diff_xml, result, err);
}
