/*
 * What the frames between master and executor hold. Encoders append to a
 * frame_writer; decoders take the body of a frame as hostile bytes: every
 * count and length is checked before use, and trailing bytes are an error.
 *
 * Decoded slices point into the body (or the mapped descriptor); arrays lie in
 * the arena that was passed in.
 */
#ifndef EXEC_MESSAGE_H
#define EXEC_MESSAGE_H

#include <sys/types.h>
#include "base/arena.h"
#include "cherry/task.h"
#include "exec/frame.h"
#include "exec/sandbox.h"

/* Inputs and arguments that are longer than this in sum travel in a sealed
 * memfd beside the frame. */
#define MESSAGE_INLINE_MAX ((size_t)256 << 10)
/* Rows of any list in a message. */
#define MESSAGE_LIST_MAX 65536

/* --- SETUP ---------------------------------------------------------------- */

struct message_setting {
	struct slice task, key, value; /* of [task:NAME] */
};

struct message_secret {
	struct slice name, value;
};

struct message_setup {
	enum task_class class;
	enum sandbox_mode sandbox;
	bool trace;	     /* name a refused system call before dying of it */
	uid_t uid;	     /* for an executor that starts as root; 0: the
				built-in number */
	uint64_t max_reply;  /* bytes of one result with all its outputs;
				0: 64 MB */
	uint64_t max_memory; /* resident; 0: by the class */
	const struct message_setting *settings;
	size_t setting_count;
	const struct message_secret *secrets; /* none for pictures */
	size_t secret_count;
};

int message_setup_put(struct frame_writer *writer,
		      const struct message_setup *setup,
		      struct err *err) MUST_CHECK;
int message_setup_decode(struct slice body, struct arena *arena,
			 struct message_setup *setup,
			 struct err *err) MUST_CHECK;

/* --- READY ---------------------------------------------------------------- */

/* A task of the executor's class that this executor cannot run. */
struct message_unavailable {
	struct slice task, why;
};

struct message_ready {
	pid_t pid;
	enum sandbox_level level;
	struct slice level_text; /* the level in words, for log and status */
	const struct message_unavailable *unavailable;
	size_t unavailable_count;
};

int message_ready_put(struct frame_writer *writer,
		      const struct message_ready *ready,
		      struct err *err) MUST_CHECK;
int message_ready_decode(struct slice body, struct arena *arena,
			 struct message_ready *ready,
			 struct err *err) MUST_CHECK;

/* --- FAILED: why the executor could not start ------------------------------ */

int message_failed_put(struct frame_writer *writer, const struct err *cause,
		       struct err *err) MUST_CHECK;
int message_failed_decode(struct slice body, struct err *cause,
			  struct err *err) MUST_CHECK;

/* --- TASK ----------------------------------------------------------------- */

struct message_output {
	struct slice name;
	enum task_output_kind kind;
	struct slice target;
};

/*
 * A memory file that is filled anew for one task after the other of one
 * executor, so that its pages are not made and given back each time. It is the
 * sender's and that executor's alone, and keeps its length; what is in it lasts
 * until the task that uses it is over.
 */
struct message_region {
	int fd; /* -1: none yet */
	char *map;
	size_t ready;  /* bytes whose pages are there */
	uint64_t user; /* number of the task that uses it; 0: free */
};

void message_region_init(struct message_region *region);
void message_region_release(struct message_region *region);
/* Task `number` is over. */
void message_region_free(struct message_region *region, uint64_t number);
/* Gives its pages back to the system, unless they are in use. */
void message_region_trim(struct message_region *region);

struct message_task {
	uint64_t number; /* the master's, never 0 */
	struct slice task;
	struct slice args; /* text of a JSON object */
	const struct task_input *inputs;
	size_t input_count;
	const struct message_output *outputs;
	size_t output_count;
	struct message_region *region; /* encoding: NULL, or the receiver's */
};

/* Copies the bytes: into the writer, or what is large into the region where it
 * is free and they are not too many, otherwise into a sealed memfd of its own.
 * ERR_LIMIT "frame" if it is too long, ERR_INTERNAL if no memfd could be made. */
int message_task_put(struct frame_writer *writer,
		     const struct message_task *task,
		     struct err *err) MUST_CHECK;

/* The mapping that a decoded task's slices may point into. */
struct message_bulk {
	void *ptr;
	size_t len;
};

/* Takes over frame->fd. `bulk` is to be released after the task, and also
 * after a failure. After ERR_LIMIT (no memory for it here) task->number is
 * known, so that the failure can be answered. */
int message_task_decode(struct frame *frame, struct arena *arena,
			struct message_task *task, struct message_bulk *bulk,
			struct err *err) MUST_CHECK;
void message_bulk_release(struct message_bulk *bulk);

/* --- RESULT --------------------------------------------------------------- */

struct message_result_output {
	bool used;
	struct slice bytes;
};

struct message_result {
	uint64_t number;
	uint64_t ran_ns; /* as the executor measured */
	bool ok;
	bool last;	   /* the executor ends after it */
	struct slice json; /* a JSON object, if ok */
	struct err err;	   /* otherwise: code, message, field, ... */
	const struct message_result_output *outputs; /* as in the task */
	size_t output_count;
};

int message_result_put(struct frame_writer *writer,
		       const struct message_result *result,
		       struct err *err) MUST_CHECK;

/*
 * Checks all that the master relies on: a code that a handler may give, texts
 * without control characters in UTF-8, and `json` a JSON object, so that it
 * can be placed into a reply as it stands.
 */
int message_result_decode(struct slice body, struct arena *arena,
			  struct message_result *result,
			  struct err *err) MUST_CHECK;

/* --- STOP has no body ------------------------------------------------------ */

int message_stop_put(struct frame_writer *writer, struct err *err) MUST_CHECK;

#endif
