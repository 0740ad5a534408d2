/*
 * Single values of task tables: from JSON (arguments), from text (settings and
 * defaults). What reads whole calls is in cherry/task.h.
 */
#ifndef TASK_TASK_VALUES_H
#define TASK_TASK_VALUES_H

#include "base/json.h"
#include "cherry/task.h"

/* Nesting inside arguments; the whole task is bounded by the same number. */
#define TASK_ARGS_DEPTH 512

/* One value where it was found. */
struct task_found {
	const char *path;	/* "args.format", for messages */
	struct json_span span;	/* the value in place */
	struct json_node *node; /* the same, if it was parsed already */
};

/* Fills `value` from JSON as the row asks. Slices point into the JSON text or
 * the arena. 0, or -1 with ERR_BAD_ARGS and `field`. */
int task_value_read(const struct task_arg *row, const struct task_found *found,
		    struct arena *arena, struct task_value *value,
		    struct err *err);

/* The bytes of `NAME_base64`. */
int task_value_read_base64(const struct task_found *found, struct arena *arena,
			   struct task_value *value, struct err *err);

/* Fills `value` from the text of a setting or default: rows of all types but
 * ARG_BYTES, ARG_JSON and ARG_RAW. `text` must outlive the value. */
int task_value_parse(const struct task_arg *row, const char *path,
		     struct slice text, struct task_value *value,
		     struct err *err);

/* The row's default; everything 0 if it has none. */
void task_value_default(const struct task_arg *row, struct task_value *value);

/* Rows before ARG_END. NULL has none. */
size_t task_table_rows(const struct task_arg *table);

#endif
