/*
 * The user's programs as tasks: everything about them that needs no loop. The
 * master starts them (spawn.h), drives their pipes and watches their time.
 *
 * Nothing here runs a shell, and nothing reads the environment but
 * program_environment and the search along PATH.
 */
#ifndef EXEC_PROGRAM_H
#define EXEC_PROGRAM_H

#include <sys/types.h>
#include "base/arena.h"
#include "cherry/task.h"

/* --- What is configured ---------------------------------------------------- */

struct program_command {
	char *path;  /* absolute */
	char **argv; /* ends with NULL; argv[0] as it was written */
};

/*
 * Splits `command` into words as a shell does ('...', "...", backslashes),
 * without any expansion: $, *, ~, | and so on are ordinary characters. Finds
 * the program: along PATH if the first word has no slash; below `directory`
 * (NULL: the current one) if it is relative. 0; or -1 with ERR_BAD_ARGS if the
 * text cannot be split, ERR_NOT_FOUND if there is no such program, ERR_REFUSED
 * if it is none that can be run.
 */
int program_command_read(const char *command, const char *directory,
			 struct program_command *out,
			 struct err *err) MUST_CHECK;
void program_command_release(struct program_command *command);

struct program_user {
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t group_count;
	char *name, *home; /* NULL for a number without an account */
};

/*
 * Looks up a user by name or number, with the groups of its account; `group`
 * (NULL: the user's own) takes the place of the first. Without a `user` only
 * the group changes. 0, or -1 with ERR_NOT_FOUND.
 */
int program_user_find(const char *user, const char *group,
		      struct program_user *out, struct err *err) MUST_CHECK;
void program_user_release(struct program_user *user);

/* --- A call ---------------------------------------------------------------- */

struct program_call {
	struct slice id; /* as JSON: a text with its quotes, or a number */
	const char *task;
	const char *queue;
	unsigned attempt;  /* from 1 */
	double deadline;   /* Unix time */
	struct slice args; /* text of a JSON object */
	bool raw;	   /* `args` is the whole payload of a raw queue */
	const struct task_input *inputs;
	size_t input_count;
};

/*
 * The environment of a program: PATH, LANG, LC_ALL, TZ, TMPDIR as ours are;
 * HOME, USER and LOGNAME of `user`, or ours if that is NULL; and CHERRY_ID,
 * CHERRY_TASK, CHERRY_ATTEMPT, CHERRY_QUEUE, CHERRY_DEADLINE of `call` (NULL:
 * none, for `lines`). Nothing else. One block, to be freed with free(). NULL
 * with ERR_BAD_TASK if the id holds a NUL.
 */
char **program_environment(const struct program_user *user,
			   const struct program_call *call, struct err *err);

/*
 * Checks what a built-in task's table would: no member is given twice, at any
 * depth. ERR_BAD_ARGS; ERR_LIMIT "memory" where the arena does not suffice for
 * a tree of the arguments.
 */
int program_args_check(const struct program_call *call, struct arena *arena,
		       struct err *err) MUST_CHECK;

/* A program makes one output, called `output`: others are ERR_BAD_ARGS. */
int program_outputs_check(const struct task_call *call,
			  struct err *err) MUST_CHECK;

/*
 * Appends an object that a program wrote to `result`, which is empty. Where
 * the call asks for the output, the bytes of the object's text `output` or
 * `output_base64` go there, and the member says so. ERR_BAD_ARGS if there is
 * none; ERR_FAILED if it is not base64; ERR_LIMIT.
 */
int program_result_object(struct task_call *call, struct slice object,
			  struct buf *result, struct err *err) MUST_CHECK;

/* --- mode = once ----------------------------------------------------------- */

/*
 * What goes to standard input: the byte string `input` (args.input,
 * args.input_base64 or inputs.input), which then has to be all that is given;
 * else the arguments as JSON; of a raw queue the payload. Points into the call
 * or the arena. ERR_BAD_ARGS with `field`.
 */
int program_input(const struct program_call *call, struct arena *arena,
		  struct slice *input, struct err *err) MUST_CHECK;

/* Standard error of which the reply has the end. */
#define PROGRAM_STDERR_MAX 4096

/* How a program ended, for the reply. */
struct program_end {
	struct err err;	 /* code ERR_NONE: exit status 0 */
	int exit_status; /* -1: none */
	int signal;	 /* 0: none */
	bool retryable;	 /* of ERR_FAILED */
};

/* The wait status of a program that ended by itself, and whether its output
 * was over `max_output`, at which it was ended. */
struct program_end program_end_read(int status, bool overflow,
				    size_t max_output);

/*
 * The result of a program that ended with exit status 0, appended to `result`,
 * which is empty: with `json` the object that it wrote (see
 * program_result_object), else its output as member `output` or in the output
 * of that name. ERR_FAILED if it should be JSON and is not an object;
 * ERR_LIMIT, ERR_BAD_ARGS as task_run. What it wrote may be taken out of its
 * buffer.
 */
int program_result(struct task_call *call, bool json, struct buf *output,
		   struct buf *result, struct err *err) MUST_CHECK;

/* --- mode = lines ---------------------------------------------------------- */

/*
 * Appends {"id","task","args","attempt"} and a newline. `number` is the
 * master's; the line's id is its text. The payload of a raw queue becomes
 * args.input, or args.input_base64 where it is not UTF-8. ERR_BAD_ARGS if the call has inputs,
 * for which a line has no place.
 */
int program_line_put(struct buf *out, uint64_t number,
		     const struct program_call *call,
		     struct err *err) MUST_CHECK;

enum program_line_kind {
	PROGRAM_LINE_RESULT,
	PROGRAM_LINE_ERROR,
	PROGRAM_LINE_PROGRESS /* to be ignored */
};

struct program_line {
	enum program_line_kind kind;
	uint64_t number;     /* of the task; 0: progress */
	struct slice result; /* a JSON object, in the line */
	struct err err;	     /* what the program says */
	bool retryable;	     /* and of ERR_FAILED, whether to try again */
};

/*
 * Reads one line without its newline. -1 with ERR_FAILED if it is no reply, in
 * words for the operator: nothing such a program says can be relied on.
 */
int program_line_read(struct slice line, struct program_line *out,
		      struct err *err) MUST_CHECK;

#endif
