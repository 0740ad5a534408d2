/*
 * The task that compares documents: its arguments as one call has them. One
 * header for task_diff.c, task_diff_args.c and task_diff_formats.c.
 */
#ifndef TASK_TASK_DIFF_H
#define TASK_TASK_DIFF_H

#include "cherry/diff.h"
#include "cherry/task.h"

extern const struct task task_diff;

/* In the order of the choices of `format` and `output`. */
enum diff_format {
	FORMAT_TEXT,
	FORMAT_HTML,
	FORMAT_XML,
	FORMAT_JSON,
	FORMAT_LIST,
	FORMAT_COUNT
};
enum diff_output {
	OUTPUT_UNIFIED,
	OUTPUT_OPCODES,
	OUTPUT_INLINE,
	OUTPUT_SIDE_BY_SIDE,
	OUTPUT_STATS,
	OUTPUT_PATCH,
	OUTPUT_MERGE_PATCH,
	OUTPUT_COUNT
};
/* Bits of `ignore`, in the order of its choices. */
enum diff_ignore {
	IGNORE_WHITESPACE = 1,
	IGNORE_CASE = 2,
	IGNORE_BLANK_LINES = 4,
	IGNORE_COMMENTS = 8,
	IGNORE_ATTRIBUTE_ORDER = 16
};

/* Rows of task_diff_args. */
enum diff_arg {
	DIFF_ARG_OLD,
	DIFF_ARG_NEW,
	DIFF_ARG_FORMAT,
	DIFF_ARG_OUTPUT,
	DIFF_ARG_UNIT,
	DIFF_ARG_ALGORITHM,
	DIFF_ARG_AUTOJUNK,
	DIFF_ARG_JUNK,
	DIFF_ARG_CONTEXT,
	DIFF_ARG_OLD_LABEL,
	DIFF_ARG_NEW_LABEL,
	DIFF_ARG_OLD_DATE,
	DIFF_ARG_NEW_DATE,
	DIFF_ARG_DIALECT,
	DIFF_ARG_ENTITIES,
	DIFF_ARG_COMPAT,
	DIFF_ARG_IGNORE,
	DIFF_ARG_ARRAYS,
	DIFF_ARG_MAX_WORK,
	DIFF_ARG_EVENTS,
	DIFF_ARG_COUNT
};

extern const struct task_arg task_diff_args[];

/* One call with its arguments checked. */
struct diff_call {
	struct task_call *call;
	struct task_value values[DIFF_ARG_COUNT];
	enum diff_format format;
	enum diff_output output;
	struct diff_options engine; /* algorithm, autojunk, budget, memory */
	size_t max_bytes;	    /* of one side */
};

/* Reads the arguments and checks that they go together. 0, or -1 with
 * ERR_BAD_ARGS and the field. */
int task_diff_read(struct task_call *call, struct diff_call *diff,
		   struct err *err);

/* A side that must be text: valid UTF-8, not too long. 0, or -1. */
int task_diff_read_text(const struct diff_call *diff, enum diff_arg row,
			struct slice *text, struct err *err);

/* Appends the members of the result. 0, or -1. */
int task_diff_text(const struct diff_call *diff, struct buf *result,
		   struct err *err);
int task_diff_json(const struct diff_call *diff, struct buf *result,
		   struct err *err);
int task_diff_list(const struct diff_call *diff, struct buf *result,
		   struct err *err);
int task_diff_html(const struct diff_call *diff, struct buf *result,
		   struct err *err);
int task_diff_xml(const struct diff_call *diff, struct buf *result,
		  struct err *err);

#endif
