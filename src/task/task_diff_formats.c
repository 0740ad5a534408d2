/*
 * diff for each kind of document: from checked arguments to the call of
 * src/diff and to the members of the result.
 */
#include "task/task_diff.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "diff/diff_json.h"
#include "diff/diff_text.h"

#define JSON_DEPTH 1000

static const char *side_name(enum diff_arg row)
{
	return row == DIFF_ARG_OLD ? "old" : "new";
}

/* --- Inputs --------------------------------------------------------------- */

/* The side that an error is about, and the place in it. */
static int at_side(struct err *err, enum diff_arg row, int64_t offset)
{
	snprintf(err->field, sizeof(err->field), "%s", side_name(row));
	return err_at(err, offset);
}

static int check_length(const struct diff_call *diff, enum diff_arg row,
			size_t len, struct err *err)
{
	if (len <= diff->max_bytes)
		return 0;
	err_limit(err, "bytes", (int64_t)len, "%s: %zu bytes, more than %zu",
		  side_name(row), len, diff->max_bytes);
	return at_side(err, row, -1);
}

int task_diff_read_text(const struct diff_call *diff, enum diff_arg row,
			struct slice *text, struct err *err)
{
	const struct task_value *value = &diff->values[row];
	char field[16];
	size_t fault;

	snprintf(field, sizeof(field), "args.%s", side_name(row));
	if (value->raw.ptr)
		return err_field(err, ERR_BAD_ARGS, field,
				 "%s: a string is needed; values are for the "
				 "formats json and list",
				 field);
	*text = value->text;
	if (check_length(diff, row, text->len, err))
		return -1;
	fault = utf8_check(*text);
	if (fault == text->len)
		return 0;
	err_reason(err, ERR_BAD_INPUT, "encoding",
		   "%s: not UTF-8 from byte %zu on", side_name(row), fault);
	return at_side(err, row, (int64_t)fault);
}

/* What is wrong with the JSON of a side. In place it is an argument, as bytes
 * it is input. */
static int bad_value(const struct diff_call *diff, enum diff_arg row,
		     const struct err *cause, struct err *err)
{
	char field[16];

	snprintf(field, sizeof(field), "args.%s", side_name(row));
	if (diff->values[row].raw.ptr && cause->code != ERR_LIMIT) {
		err_field(err, ERR_BAD_ARGS, field, "%s: %s", field,
			  cause->message);
		return err_at(err, cause->offset);
	}
	if (cause->code == ERR_LIMIT)
		err_limit(err, cause->limit, cause->value, "%s: %s",
			  side_name(row), cause->message);
	else
		err_reason(err, ERR_BAD_INPUT, cause->reason, "%s: %s",
			   side_name(row), cause->message);
	return at_side(err, row, cause->offset);
}

static struct json_node *read_value(const struct diff_call *diff,
				    enum diff_arg row, struct err *err)
{
	const struct task_value *value = &diff->values[row];
	struct slice text = value->raw.ptr ? value->raw : value->text;
	struct err cause = ERR_INIT;
	struct json_node *node;

	if (check_length(diff, row, text.len, err))
		return NULL;
	node = json_parse(diff->call->arena, text, JSON_DEPTH, true, &cause);
	if (!node)
		bad_value(diff, row, &cause, err);
	return node;
}

static struct json_node *read_array(const struct diff_call *diff,
				    enum diff_arg row, struct err *err)
{
	struct json_node *node = read_value(diff, row, err);
	struct err cause = {.reason = "type", .offset = -1};

	if (!node || node->type == JSON_ARRAY)
		return node;
	snprintf(cause.message, sizeof(cause.message),
		 "an array is needed, not %s", json_type_name(node->type));
	bad_value(diff, row, &cause, err);
	return NULL;
}

/* --- Results -------------------------------------------------------------- */

static int put_result(struct buf *out, struct diff_result *result)
{
	diff_put_summary(out, result);
	diff_result_release(result);
	return out->failed ? -1 : 0;
}

/* --- Text ----------------------------------------------------------------- */

/* The outputs of text come first in the list of outputs, in its order. */
static struct text_options text_options(const struct diff_call *diff)
{
	const struct task_value *values = diff->values;
	struct text_options options = {
		.unit = (enum text_unit)values[DIFF_ARG_UNIT].integer,
		.output = (enum text_output)diff->output,
		.dialect = (enum text_dialect)values[DIFF_ARG_DIALECT].integer,
		.engine = diff->engine,
		.context = (uint32_t)values[DIFF_ARG_CONTEXT].integer,
		.old_label = values[DIFF_ARG_OLD_LABEL].text,
		.new_label = values[DIFF_ARG_NEW_LABEL].text,
		.old_date = values[DIFF_ARG_OLD_DATE].text,
		.new_date = values[DIFF_ARG_NEW_DATE].text,
	};
	uint64_t ignore = values[DIFF_ARG_IGNORE].bits;

	options.ignore_whitespace = ignore & IGNORE_WHITESPACE;
	options.ignore_case = ignore & IGNORE_CASE;
	options.ignore_blank_lines = ignore & IGNORE_BLANK_LINES;
	if (diff->output == OUTPUT_SIDE_BY_SIDE &&
	    !values[DIFF_ARG_CONTEXT].given)
		options.context = UINT32_MAX;
	return options;
}

int task_diff_text(const struct diff_call *diff, struct buf *result,
		   struct err *err)
{
	struct text_options options = text_options(diff);
	struct diff_result compared;
	struct slice old_text = {NULL, 0}, new_text = {NULL, 0};
	struct buf out;
	int status;

	if (task_diff_read_text(diff, DIFF_ARG_OLD, &old_text, err) ||
	    task_diff_read_text(diff, DIFF_ARG_NEW, &new_text, err))
		return -1;
	buf_init(&out, diff->engine.max_memory);
	status = diff_text(old_text, new_text, &options, &out, &compared, err);
	if (!status && diff->output == OUTPUT_OPCODES) {
		json_put_key(result, "opcodes");
		status = buf_add_slice(result, buf_slice(&out));
	} else if (!status && diff->output != OUTPUT_STATS) {
		status = task_put_bytes(diff->call, result, "diff",
					buf_slice(&out), err);
	}
	buf_release(&out);
	if (!status)
		return put_result(result, &compared);
	diff_result_release(&compared);
	return -1;
}

/* --- Values --------------------------------------------------------------- */

static enum json_output json_output(enum diff_output output)
{
	switch (output) {
	case OUTPUT_MERGE_PATCH:
		return DIFF_JSON_MERGE_PATCH;
	case OUTPUT_OPCODES:
		return DIFF_JSON_OPCODES;
	case OUTPUT_STATS:
		return DIFF_JSON_STATS;
	default:
		return DIFF_JSON_PATCH;
	}
}

int task_diff_json(const struct diff_call *diff, struct buf *result,
		   struct err *err)
{
	static const char *const members[] = {
		[DIFF_JSON_PATCH] = "patch",
		[DIFF_JSON_MERGE_PATCH] = "merge_patch",
		[DIFF_JSON_OPCODES] = "opcodes",
	};
	struct json_options options = {.output = json_output(diff->output),
				       .engine = diff->engine};
	struct slice arrays = diff->values[DIFF_ARG_ARRAYS].text;
	struct diff_result compared;
	struct json_node *old_value, *new_value;

	if (!slice_is(arrays, "lcs"))
		options.key = arrays;
	old_value = read_value(diff, DIFF_ARG_OLD, err);
	new_value = old_value ? read_value(diff, DIFF_ARG_NEW, err) : NULL;
	if (!new_value)
		return -1;
	if (options.output != DIFF_JSON_STATS)
		json_put_key(result, members[options.output]);
	if (diff_json(old_value, new_value, &options, result, &compared, err))
		return -1;
	return put_result(result, &compared);
}

int task_diff_list(const struct diff_call *diff, struct buf *result,
		   struct err *err)
{
	bool opcodes = diff->output == OUTPUT_OPCODES;
	struct json_node *old_array, *new_array;
	struct diff_result compared;

	old_array = read_array(diff, DIFF_ARG_OLD, err);
	new_array = old_array ? read_array(diff, DIFF_ARG_NEW, err) : NULL;
	if (!new_array)
		return -1;
	if (opcodes)
		json_put_key(result, "opcodes");
	if (diff_list(old_array, new_array, diff->values[DIFF_ARG_JUNK].node,
		      &diff->engine, opcodes ? result : NULL, &compared, err))
		return -1;
	return put_result(result, &compared);
}
