/*
 * The arguments of diff: the table, and which of them go together. What a
 * format or output has no use for is an error that names it.
 */
#include "task/task_diff.h"

#include <stdio.h>

#define NAME_MAX_LEN 32

const struct task_arg task_diff_args[] = {
	[DIFF_ARG_OLD] = {.name = "old",
			  .type = ARG_BYTES_JSON,
			  .required = true,
			  .help = "the old side; json and list: text of JSON, "
				  "or any value but a string in place"},
	[DIFF_ARG_NEW] = {.name = "new",
			  .type = ARG_BYTES_JSON,
			  .required = true,
			  .help = "the new side"},
	[DIFF_ARG_FORMAT] = {.name = "format",
			     .type = ARG_CHOICE,
			     .fallback = "text",
			     .choices = "text html xml json list",
			     .help = "what both sides are"},
	[DIFF_ARG_OUTPUT] =
		{.name = "output",
		 .type = ARG_CHOICE,
		 .choices = "unified opcodes inline side_by_side stats patch "
			    "merge_patch",
		 .help = "text: unified (default), opcodes, inline, "
			 "side_by_side, stats; html: inline, opcodes, stats; "
			 "xml: opcodes, inline, stats; json: patch, "
			 "merge_patch, opcodes, stats; list: opcodes, stats"},
	[DIFF_ARG_UNIT] = {.name = "unit",
			   .type = ARG_CHOICE,
			   .fallback = "line",
			   .choices = "line word char grapheme",
			   .help = "text: what is compared; a word has the "
				   "white space before it"},
	[DIFF_ARG_ALGORITHM] =
		{.name = "algorithm",
		 .type = ARG_CHOICE,
		 .choices = "difflib myers histogram patience",
		 .help = "default: histogram for text and json, difflib for "
			 "the others; a unified diff: what its dialect's "
			 "program uses"},
	[DIFF_ARG_AUTOJUNK] = {.name = "autojunk",
			       .type = ARG_BOOL,
			       .help = "difflib: frequent items start no "
				       "match; default true for text and list, "
				       "false for html and xml"},
	[DIFF_ARG_JUNK] = {.name = "junk",
			   .type = ARG_JSON,
			   .help = "list, difflib: array of values that start "
				   "no match"},
	[DIFF_ARG_CONTEXT] = {.name = "context",
			      .type = ARG_INTEGER,
			      .fallback = "3",
			      .max = 1 << 30,
			      .help = "lines around a change; side_by_side "
				      "shows all lines without it"},
	[DIFF_ARG_OLD_LABEL] = {.name = "old_label",
				.type = ARG_TEXT,
				.help = "name of the old side in the header"},
	[DIFF_ARG_NEW_LABEL] = {.name = "new_label",
				.type = ARG_TEXT,
				.help = "name of the new side in the header"},
	[DIFF_ARG_OLD_DATE] = {.name = "old_date",
			       .type = ARG_TEXT,
			       .help = "its date; git's header has none"},
	[DIFF_ARG_NEW_DATE] = {.name = "new_date",
			       .type = ARG_TEXT,
			       .help = "its date; git's header has none"},
	[DIFF_ARG_DIALECT] = {.name = "dialect",
			      .type = ARG_CHOICE,
			      .fallback = "gnu",
			      .choices = "gnu git difflib",
			      .help = "unified: whose form it has"},
	[DIFF_ARG_ENTITIES] = {.name = "entities",
			       .type = ARG_BOOL,
			       .fallback = "true",
			       .help = "xml: HTML's named entities are known"},
	[DIFF_ARG_COMPAT] = {.name = "compat",
			     .type = ARG_CHOICE,
			     .choices = "htmldiff",
			     .help = "html: reproduce this program, its "
				     "defects included"},
	[DIFF_ARG_IGNORE] = {.name = "ignore",
			     .type = ARG_CHOICES,
			     .choices = "whitespace case blank_lines comments "
					"attribute_order",
			     .help = "differences that do not count; text: the "
				     "first three, html and xml: all but "
				     "blank_lines"},
	[DIFF_ARG_ARRAYS] = {.name = "arrays",
			     .type = ARG_TEXT,
			     .fallback = "lcs",
			     .help = "json: lcs, or the member that identifies "
				     "an element"},
	[DIFF_ARG_MAX_WORK] = {.name = "max_work",
			       .type = ARG_INTEGER,
			       .fallback = "2000000000",
			       .min = 1,
			       .max = 9007199254740992.0,
			       .help = "steps; past them the result is coarser "
				       "and says \"exact\":false"},
	[DIFF_ARG_EVENTS] =
		{.name = "events",
		 .type = ARG_BOOL,
		 .fallback = "false",
		 .help = "xml, html: add old_events and new_events"},
	[DIFF_ARG_COUNT] = {.type = ARG_END},
};

/* --- What goes together --------------------------------------------------- */

#define FOR(format) (1u << FORMAT_##format)
#define OUT(output) (1u << OUTPUT_##output)

/* Formats and, for text, outputs that an argument is for; 0: all. */
static const struct {
	unsigned formats, outputs;
} diff_uses[DIFF_ARG_COUNT] = {
	[DIFF_ARG_UNIT] = {FOR(TEXT), 0},
	[DIFF_ARG_JUNK] = {FOR(LIST), 0},
	[DIFF_ARG_CONTEXT] = {FOR(TEXT), OUT(UNIFIED) | OUT(SIDE_BY_SIDE)},
	[DIFF_ARG_OLD_LABEL] = {FOR(TEXT), OUT(UNIFIED) | OUT(SIDE_BY_SIDE)},
	[DIFF_ARG_NEW_LABEL] = {FOR(TEXT), OUT(UNIFIED) | OUT(SIDE_BY_SIDE)},
	[DIFF_ARG_OLD_DATE] = {FOR(TEXT), OUT(UNIFIED)},
	[DIFF_ARG_NEW_DATE] = {FOR(TEXT), OUT(UNIFIED)},
	[DIFF_ARG_DIALECT] = {FOR(TEXT), OUT(UNIFIED)},
	[DIFF_ARG_ENTITIES] = {FOR(XML), 0},
	[DIFF_ARG_COMPAT] = {FOR(HTML), 0},
	[DIFF_ARG_IGNORE] = {FOR(TEXT) | FOR(HTML) | FOR(XML), 0},
	[DIFF_ARG_ARRAYS] = {FOR(JSON), 0},
	[DIFF_ARG_EVENTS] = {FOR(HTML) | FOR(XML), 0},
};

static const struct {
	enum diff_output first; /* the default */
	unsigned outputs, ignore;
	enum diff_algorithm algorithm;
	bool autojunk;
} diff_formats[FORMAT_COUNT] = {
	[FORMAT_TEXT] = {OUTPUT_UNIFIED,
			 OUT(UNIFIED) | OUT(OPCODES) | OUT(INLINE) |
				 OUT(SIDE_BY_SIDE) | OUT(STATS),
			 IGNORE_WHITESPACE | IGNORE_CASE | IGNORE_BLANK_LINES,
			 DIFF_HISTOGRAM, true},
	[FORMAT_HTML] = {OUTPUT_INLINE, OUT(INLINE) | OUT(OPCODES) | OUT(STATS),
			 IGNORE_WHITESPACE | IGNORE_CASE | IGNORE_COMMENTS |
				 IGNORE_ATTRIBUTE_ORDER,
			 DIFF_DIFFLIB, false},
	[FORMAT_XML] = {OUTPUT_OPCODES, OUT(OPCODES) | OUT(INLINE) | OUT(STATS),
			IGNORE_WHITESPACE | IGNORE_CASE | IGNORE_COMMENTS |
				IGNORE_ATTRIBUTE_ORDER,
			DIFF_DIFFLIB, false},
	[FORMAT_JSON] = {OUTPUT_PATCH,
			 OUT(PATCH) | OUT(MERGE_PATCH) | OUT(OPCODES) |
				 OUT(STATS),
			 0, DIFF_HISTOGRAM, true},
	[FORMAT_LIST] = {OUTPUT_OPCODES, OUT(OPCODES) | OUT(STATS), 0,
			 DIFF_DIFFLIB, true},
};

/* The n-th word of a row's choices. */
static const char *choice_name(enum diff_arg row, unsigned at,
			       char out[NAME_MAX_LEN])
{
	const char *word = task_diff_args[row].choices;

	while (at-- > 0)
		word += strcspn(word, " ") + 1;
	snprintf(out, NAME_MAX_LEN, "%.*s", (int)strcspn(word, " "), word);
	return out;
}

/* "a, b or c" of the choices in the mask. */
static const char *choice_names(enum diff_arg row, unsigned mask, char *out,
				size_t size)
{
	char name[NAME_MAX_LEN];
	size_t len = 0;

	out[0] = '\0';
	for (unsigned n = 0; mask >> n; n++) {
		const char *between = mask >> n == 1 ? " or " : ", ";

		if (!(mask >> n & 1) || len >= size)
			continue;
		len += (size_t)snprintf(out + len, size - len, "%s%s",
					len ? between : "",
					choice_name(row, n, name));
	}
	return out;
}

static const char *arg_path(enum diff_arg row, char out[NAME_MAX_LEN])
{
	snprintf(out, NAME_MAX_LEN, "args.%s", task_diff_args[row].name);
	return out;
}

/* ERR_BAD_ARGS of the row; the message, a literal, gets its path in front. */
#define BAD_ARG(err, row, format, ...)                                         \
	err_field(err, ERR_BAD_ARGS, arg_path(row, path), "%s: " format, path, \
		  __VA_ARGS__)

static int check_uses(const struct diff_call *diff, struct err *err)
{
	char names[128], path[NAME_MAX_LEN], name[NAME_MAX_LEN];

	for (enum diff_arg row = 0; row < DIFF_ARG_COUNT; row++) {
		unsigned formats = diff_uses[row].formats;
		unsigned outputs = diff_uses[row].outputs;

		if (!diff->values[row].given)
			continue;
		if (formats && !(formats & 1u << diff->format))
			return BAD_ARG(err, row, "only for %s, not for %s",
				       choice_names(DIFF_ARG_FORMAT, formats,
						    names, sizeof(names)),
				       choice_name(DIFF_ARG_FORMAT,
						   diff->format, name));
		if (outputs && !(outputs & 1u << diff->output))
			return BAD_ARG(err, row,
				       "only for the output %s, not for %s",
				       choice_names(DIFF_ARG_OUTPUT, outputs,
						    names, sizeof(names)),
				       choice_name(DIFF_ARG_OUTPUT,
						   diff->output, name));
	}
	return 0;
}

static int check_output(struct diff_call *diff, struct err *err)
{
	const struct task_value *value = &diff->values[DIFF_ARG_OUTPUT];
	unsigned outputs = diff_formats[diff->format].outputs;
	char names[128], path[NAME_MAX_LEN], name[NAME_MAX_LEN],
		format[NAME_MAX_LEN];

	diff->output = diff_formats[diff->format].first;
	if (value->given)
		diff->output = (enum diff_output)value->integer;
	if (outputs & 1u << diff->output)
		return 0;
	return BAD_ARG(
		err, DIFF_ARG_OUTPUT, "\"%s\" is not one of %s, as %s has them",
		choice_name(DIFF_ARG_OUTPUT, diff->output, name),
		choice_names(DIFF_ARG_OUTPUT, outputs, names, sizeof(names)),
		choice_name(DIFF_ARG_FORMAT, diff->format, format));
}

static int check_ignore(const struct diff_call *diff, struct err *err)
{
	unsigned allowed = diff_formats[diff->format].ignore;
	unsigned extra =
		(unsigned)diff->values[DIFF_ARG_IGNORE].bits & ~allowed;
	char names[128], path[NAME_MAX_LEN], format[NAME_MAX_LEN];

	if (!extra)
		return 0;
	return BAD_ARG(err, DIFF_ARG_IGNORE, "%s cannot be ignored in %s",
		       choice_names(DIFF_ARG_IGNORE, extra & -extra, names,
				    sizeof(names)),
		       choice_name(DIFF_ARG_FORMAT, diff->format, format));
}

static int check_unit(const struct diff_call *diff, struct err *err)
{
	char path[NAME_MAX_LEN];
	int64_t unit = diff->values[DIFF_ARG_UNIT].integer;

	if (diff->format != FORMAT_TEXT || unit == 0)
		return 0;
	if (diff->output == OUTPUT_UNIFIED ||
	    diff->output == OUTPUT_SIDE_BY_SIDE)
		return BAD_ARG(err, DIFF_ARG_UNIT,
			       "%s is made of lines; ask for the output "
			       "opcodes, inline or stats",
			       diff->output == OUTPUT_UNIFIED
				       ? "a unified diff"
				       : "a table side by side");
	if (diff->values[DIFF_ARG_IGNORE].bits & IGNORE_BLANK_LINES)
		return BAD_ARG(err, DIFF_ARG_IGNORE,
			       "%s is only for the unit line", "blank_lines");
	return 0;
}

/* What is reproduced has its own algorithm and ignores nothing. */
static int check_compat(const struct diff_call *diff, struct err *err)
{
	char path[NAME_MAX_LEN];
	const struct task_value *algorithm = &diff->values[DIFF_ARG_ALGORITHM];

	if (!diff->values[DIFF_ARG_COMPAT].given)
		return 0;
	if (algorithm->given && algorithm->integer != DIFF_DIFFLIB)
		return BAD_ARG(err, DIFF_ARG_ALGORITHM,
			       "compat is only for the algorithm %s",
			       "difflib");
	if (diff->values[DIFF_ARG_IGNORE].bits)
		return BAD_ARG(err, DIFF_ARG_IGNORE, "not with %s", "compat");
	return 0;
}

/* A line end in a header would make something else of the diff. (git's header
 * has no dates: there they are left out.) */
static int check_labels(const struct diff_call *diff, struct err *err)
{
	char path[NAME_MAX_LEN];

	for (enum diff_arg row = DIFF_ARG_OLD_LABEL; row <= DIFF_ARG_NEW_DATE;
	     row++) {
		struct slice text = diff->values[row].text;

		for (size_t n = 0; n < text.len; n++)
			if (!text.ptr[n] || text.ptr[n] == '\n' ||
			    text.ptr[n] == '\r')
				return BAD_ARG(err, row, "%s must not be in it",
					       text.ptr[n] ? "line ends"
							   : "NUL");
	}
	return 0;
}

/* The algorithm: what was asked for; else a unified diff takes what its
 * dialect's program uses, and everything else what its format has. */
static enum diff_algorithm diff_algorithm(const struct diff_call *diff)
{
	/* In the order of the choices of `dialect`. */
	static const enum diff_algorithm own[] = {DIFF_MYERS, DIFF_MYERS,
						  DIFF_DIFFLIB};

	if (diff->values[DIFF_ARG_ALGORITHM].given)
		return (enum diff_algorithm)diff->values[DIFF_ARG_ALGORITHM]
			.integer;
	if (diff->output == OUTPUT_UNIFIED)
		return own[diff->values[DIFF_ARG_DIALECT].integer];
	return diff_formats[diff->format].algorithm;
}

static int check_engine(struct diff_call *diff, struct err *err)
{
	char path[NAME_MAX_LEN];
	const struct task_value *autojunk = &diff->values[DIFF_ARG_AUTOJUNK];
	struct diff_options *engine = &diff->engine;

	engine->algorithm = diff_algorithm(diff);
	engine->autojunk = autojunk->given
				   ? autojunk->integer != 0
				   : diff_formats[diff->format].autojunk;
	engine->max_work = (uint64_t)diff->values[DIFF_ARG_MAX_WORK].integer;
	for (enum diff_arg row = DIFF_ARG_AUTOJUNK; row <= DIFF_ARG_JUNK; row++)
		if (diff->values[row].given &&
		    engine->algorithm != DIFF_DIFFLIB)
			return BAD_ARG(err, row, "only for the algorithm %s",
				       "difflib");
	if (diff->values[DIFF_ARG_JUNK].given &&
	    diff->values[DIFF_ARG_JUNK].raw.ptr[0] != '[')
		return BAD_ARG(err, DIFF_ARG_JUNK, "%s is needed", "an array");
	return 0;
}

int task_diff_read(struct task_call *call, struct diff_call *diff,
		   struct err *err)
{
	memset(diff, 0, sizeof(*diff));
	diff->call = call;
	if (task_args_read(task_diff_args, call, diff->values, err))
		return -1;
	diff->format = (enum diff_format)diff->values[DIFF_ARG_FORMAT].integer;
	diff->max_bytes =
		(size_t)task_setting(call->settings, &task_diff, "max_bytes")
			->integer;
	diff->engine.max_memory =
		(size_t)task_setting(call->settings, &task_diff, "max_memory")
			->integer;
	if (check_output(diff, err) || check_uses(diff, err) ||
	    check_ignore(diff, err) || check_unit(diff, err) ||
	    check_labels(diff, err) || check_compat(diff, err))
		return -1;
	return check_engine(diff, err);
}
