/*
 * A program's process as both modes have it: pipes, the end of its standard
 * error, its death. Only src/master includes this.
 */
#ifndef MASTER_PROGRAM_PROCESS_H
#define MASTER_PROGRAM_PROCESS_H

#include "master/master_state.h"

struct program_process {
	struct runner runner;
	struct master *master;
	struct master_task_state *task;
	int in, out, error; /* our ends; -1: closed */
	struct loop_io *in_io, *out_io, *error_io;
	struct loop_timer *linger; /* dead, but its pipes are open */
	struct loop_timer *timer;
	struct buf input;   /* what has not been written yet ... */
	struct slice given; /* ... after this, which the job owns */
	size_t written;	    /* of the first of them that is not empty */
	struct buf output;
	char mark[128]; /* in the environment of all that it starts */
	char tail[STDERR_TAIL + 1];
	size_t tail_len;
	bool exited, overflow;
	int status;
	bool close_input; /* once everything has been written */
	/* Bytes of standard output came, or its end (`out` is -1 then). */
	void (*on_output)(struct program_process *process);
	/* It has closed its standard input, and there was more for it. */
	void (*on_deaf)(struct program_process *process);
	/* It is dead, and both its outputs have ended. */
	void (*on_end)(struct program_process *process);
};

/* Starts the task's command with that environment (freed here). 0, or -1 with
 * `err`; the process is to be released in both cases. */
int program_process_start(struct program_process *process,
			  struct master *master, struct master_task_state *task,
			  char **environment, struct err *err);
void program_process_release(struct program_process *process);

/* Writes what there is to write, as far as the pipe takes it. */
void program_process_write(struct program_process *process);

/* Kills it, its group, and what left that. on_end is still to come. */
void program_process_kill(struct program_process *process);

/* The end of its standard error, as text. */
void program_process_tail(const struct program_process *process,
			  struct job_result *result);

/* What a program is told of a job. */
void program_call_fill(const struct job *job, struct program_call *call,
		       struct buf *id);

/* --- program_output.c --------------------------------------------------------- */

/* Refuses outputs that no program makes. */
int program_output_check(struct job *job, struct err *err);
/* All that it wrote, or that as JSON, as the job's result, appended to `result`,
 * and its output where that is to go: then it is taken out of its buffer. */
int program_output_take(struct job *job, bool json, struct buf *output,
			struct buf *result, struct err *err);
/* The same for an object of JSON. */
int program_output_object(struct job *job, struct slice object,
			  struct buf *result, struct err *err);

/* --- program_lines.c ---------------------------------------------------------- */

bool program_lines_has_room(struct job *job);
void program_lines_give(struct master *master, struct job *job);
/* Writes what has been given. */
void program_lines_flush(struct master_task_state *task);
void program_lines_free_all(struct master_task_state *task);
/* No more tasks come: let them end. */
void program_lines_stop(struct master_task_state *task);

/* --- program_once.c ----------------------------------------------------------- */

void program_once_give(struct master *master, struct job *job);
void program_once_free_all(struct master_task_state *task);

#endif
