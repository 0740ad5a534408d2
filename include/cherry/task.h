/*
 * The contract of a built-in task. A handler gets arguments and bytes, and
 * gives a JSON object and bytes; it knows nothing of Redis, of the event loop
 * or of the process it runs in.
 *
 * To add a task: write src/task/task_NAME.c with a table of its arguments, a
 * `run` function and one `const struct task task_NAME`; list it in the array
 * of src/task/task.c; give it cases under tests/. The checks, the messages,
 * `cherry tasks NAME` and the manual come from the table.
 */
#ifndef CHERRY_TASK_H
#define CHERRY_TASK_H

#include "cherry/buf.h"
#include "cherry/err.h"

struct arena;
struct json_node;
struct task_settings;

/* --- Arguments ------------------------------------------------------------ */

enum task_arg_type {
	ARG_END,
	ARG_TEXT,    /* -> text, valid UTF-8 */
	ARG_BOOL,    /* -> integer 0 or 1 */
	ARG_INTEGER, /* -> integer within min..max */
	ARG_NUMBER,  /* -> number within min..max, finite */
	ARG_CHOICE,  /* -> text, and integer: its place in `choices` from 0 */
	ARG_CHOICES, /* an array of choices -> bits: bit i for choice i */
	ARG_BYTES,   /* args.NAME, args.NAME_base64 or inputs.NAME -> text */
	ARG_BYTES_JSON, /* the same; args.NAME that is no string -> raw */
	ARG_JSON,	/* any value, read with unique keys -> node and raw */
	ARG_RAW,	/* any value -> raw; nobody has looked for equal keys */
	ARG_SIZE	/* settings only: "16M" -> integer */
};

/* One argument or one setting: everything about it that is not code. */
struct task_arg {
	const char *name;
	enum task_arg_type type;
	const char *fallback; /* default as text; NULL: none */
	const char *choices;  /* "text html xml": ARG_CHOICE, ARG_CHOICES */
	double min, max;      /* ARG_INTEGER, ARG_NUMBER: both 0 is no range */
	bool required;
	const char *help; /* one line */
};

/* What was given for one row of the table, in the table's order. Slices live
 * as long as the call. */
struct task_value {
	bool given; /* false: the default stands here */
	struct slice text;
	struct slice raw;
	int64_t integer;
	double number;
	uint64_t bits;
	struct json_node *node;
};

/* --- A call --------------------------------------------------------------- */

struct task_input {
	struct slice name;
	struct slice bytes;
};

enum task_output_kind { TASK_OUTPUT_KEY, TASK_OUTPUT_FILE };

/* A byte string of the result that shall not travel in the reply. The handler
 * fills `bytes`; who stores it and where is not its business. */
struct task_output {
	struct slice name;
	enum task_output_kind kind;
	struct slice target; /* the key, or the path */
	struct buf bytes;
	bool used;
};

struct task_call {
	struct slice args; /* text of a JSON object */
	const struct task_input *inputs;
	size_t input_count;
	struct task_output *outputs;
	size_t output_count;
	const struct task_settings *settings;
	struct arena *arena; /* freed after the call */
	/* Answers with `err` (a code that a handler may give) and ends the
	 * process, for a handler that cannot be brought to return. From any
	 * thread, while the handler's own does nothing but work; does not come
	 * back. NULL where there is no such way. */
	void (*give_up)(void *give_up_arg, const struct err *err);
	void *give_up_arg;
};

/* --- A task --------------------------------------------------------------- */

/* Executors of a class run the tasks of that class and no others. */
enum task_class {
	TASK_CLASS_CORE,  /* documents and values; holds the signing keys */
	TASK_CLASS_IMAGE, /* decodes pictures; holds no keys */
	TASK_CLASS_COUNT
};

struct task {
	const char *name;
	const char *summary; /* one line */
	enum task_class class;
	const struct task_arg *args;	 /* ends with ARG_END */
	const struct task_arg *settings; /* of [task:NAME]; may be NULL */
	/*
	 * Runs one call: appends the members of the result to `result`, which
	 * holds "{" already and gets "}" afterwards (json_put_key and the like
	 * place the commas). 0, or -1 with `err`.
	 */
	int (*run)(struct task_call *call, struct buf *result, struct err *err);
	/* Loads and touches whatever a later call may need to open; called once
	 * before the sandbox closes. NULL: nothing. 0, or -1. */
	int (*warm)(const struct task_settings *settings, struct err *err);
	/* Why this build or machine cannot run it, or NULL if it can. May be
	 * NULL as a whole. */
	const char *(*unavailable)(void);
};

/* All tasks, in the order of the manual; NULL at the end. */
extern const struct task *const task_table[];

/* The task of that name, or NULL. */
const struct task *task_find(struct slice name);

/*
 * Checks a call's arguments against the task's table and fills `values`, one
 * for each row. ERR_BAD_ARGS with `field` ("args.format") where a member is
 * unknown, missing, given twice, of the wrong type or out of range. Inputs
 * that are no ARG_BYTES of the table are refused too.
 */
int task_args_read(const struct task_arg *table, struct task_call *call,
		   struct task_value *values, struct err *err) MUST_CHECK;

/* The same for an object inside the arguments; `path` is its own name, such as
 * "args.signer", and begins the fields in messages. No ARG_BYTES. */
int task_args_read_node(const struct task_arg *table, struct arena *arena,
			const struct json_node *object, const char *path,
			struct task_value *values, struct err *err) MUST_CHECK;

/*
 * Runs a call of the task: `result` (empty) gets the whole JSON object. Says
 * ERR_UNSUPPORTED if the task is unavailable, ERR_BAD_ARGS if an output was
 * named that the task does not make, ERR_LIMIT "reply" if `result` is full.
 */
int task_run(const struct task *task, struct task_call *call,
	     struct buf *result, struct err *err) MUST_CHECK;

/* --- Results -------------------------------------------------------------- */

/* The output of that name, or NULL if the bytes belong into the reply. */
struct task_output *task_output_find(struct task_call *call, struct slice name);

/* Appends `"key":K` or `"file":F`. */
int task_output_put_target(struct buf *result, const struct task_output *out);

/*
 * Appends a byte string as member `member`: as text where it is UTF-8 (else
 * as base64 in `member`_base64), or, if there is an output of the member's
 * name, hands the bytes to that and writes {"key":K,"bytes":N}.
 */
int task_put_bytes(struct task_call *call, struct buf *result,
		   const char *member, struct slice bytes, struct err *err);
/* The same for many bytes: an output takes the buffer as it is, and leaves an
 * empty one. */
int task_put_buffer(struct task_call *call, struct buf *result,
		    const char *member, struct buf *bytes, struct err *err);

/* --- Settings ------------------------------------------------------------- */

/* The value of a setting of a task's own table, checked when the executor
 * started: `task_setting(s, &task_thumbnail, "max_pixels")`. Never NULL for a
 * name in the table. */
const struct task_value *task_setting(const struct task_settings *settings,
				      const struct task *task,
				      const char *name);

/* Checks one setting as the executor will when it starts: ERR_BAD_ARGS with
 * `field` ("task:thumbnail.max_pixels"). For `cherry config check`. */
int task_setting_check(const struct task *task, struct slice key,
		       struct slice value, struct err *err);

/* The secret of that name from [secrets]; false if there is none. */
bool task_secret(const struct task_settings *settings, struct slice name,
		 struct slice *secret);

#endif
