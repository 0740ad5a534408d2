/*
 * cherry run: the same tasks without Redis. One on the command line, or lines
 * of JSON from standard input; replies go out in the order of the input, each
 * as soon as it and all before it are done. Reads no faster than tasks finish.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/log.h"
#include "base/xalloc.h"
#include "cmd/options.h"

#define READ_BYTES 65536
/* Past max_payload a line is only counted: its beginning is enough to refuse
 * it. */
#define LINE_MARGIN 4096

static const struct cmd_option options[] = {
	CMD_CONFIG_OPTIONS,
	{"--concurrency", "N", "executors at work at once"},
	{"--root", "DIR", "where inputs and outputs of files lie (here)"},
	{"--input", "NAME=@FILE", "a byte string for the task; again for more"},
	{"--verbose", NULL, "the worker's log on standard error"},
	{0},
};

struct run {
	struct master *master;
	struct loop_io *io;
	struct buf line;
	size_t max_line;
	uint64_t pushed, written;
	char **replies; /* a ring by number */
	size_t size;
	bool ended, paused, failed;
};

/* --- Replies in order -------------------------------------------------------------- */

static void grow_ring(struct run *run)
{
	size_t size = run->size ? run->size * 2 : 1024;
	char **ring = xcalloc(size, sizeof(char *));
	uint64_t i;

	for (i = run->written; run->size && i < run->pushed; i++)
		ring[i % size] = run->replies[i % run->size];
	free(run->replies);
	run->replies = ring;
	run->size = size;
}

static void write_ready(struct run *run)
{
	while (run->written < run->pushed &&
	       run->replies[run->written % run->size]) {
		char **slot = &run->replies[run->written % run->size];

		puts(*slot);
		free(*slot);
		*slot = NULL;
		run->written++;
	}
	if (fflush(stdout))
		run->failed = true;
}

static void resume(struct run *run);

static bool is_error(struct slice reply)
{
	static const char mark[] = "\"status\":\"error\"";

	return memmem(reply.ptr, reply.len, mark, sizeof(mark) - 1) != NULL;
}

static void on_reply(void *arg, uint64_t token, struct slice reply)
{
	struct run *run = arg;
	char *copy = xcalloc(reply.len + 1, 1);

	memcpy(copy, reply.ptr, reply.len);
	/* The status stands before anything that a producer wrote but its id
	 * and name; those that hold these very words only cost an exit status. */
	run->failed |= is_error(reply);
	run->replies[token % run->size] = copy;
	if (token == run->written)
		write_ready(run);
	resume(run);
}

/* --- Lines in ----------------------------------------------------------------------- */

static void push_task(struct run *run, struct slice payload)
{
	if (run->pushed - run->written == run->size)
		grow_ring(run);
	master_push(run->master, payload, run->pushed++);
}

static void push_line(struct run *run)
{
	struct slice line = buf_slice(&run->line);

	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (line.len)
		push_task(run, line);
	buf_clear(&run->line);
}

static void take_bytes(struct run *run, struct slice bytes)
{
	while (bytes.len) {
		const char *end = memchr(bytes.ptr, '\n', bytes.len);
		size_t len = end ? (size_t)(end - bytes.ptr) : bytes.len;
		size_t room = run->max_line > run->line.len
				      ? run->max_line - run->line.len
				      : 0;

		(void)buf_add(&run->line, bytes.ptr, len < room ? len : room);
		if (!end)
			return;
		push_line(run);
		bytes = slice_of(end + 1, bytes.len - len - 1);
	}
}

static void end_input(struct run *run)
{
	run->ended = true;
	master_loop(run->master)->io_free(run->io);
	run->io = NULL;
	push_line(run);
	master_finish(run->master);
}

static bool is_full(const struct run *run)
{
	return run->pushed - run->written >= master_capacity(run->master) * 4;
}

static void on_input(void *arg, int events)
{
	struct run *run = arg;
	char chunk[READ_BYTES];
	ssize_t got = read(STDIN_FILENO, chunk, sizeof(chunk));

	(void)events;
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		end_input(run);
		return;
	}
	take_bytes(run, slice_of(chunk, (size_t)got));
	if (is_full(run)) {
		run->paused = true;
		master_loop(run->master)->io_set(run->io, 0);
	}
}

static void resume(struct run *run)
{
	if (!run->paused || is_full(run))
		return;
	run->paused = false;
	if (run->io)
		master_loop(run->master)->io_set(run->io, LOOP_READ);
}

/* --- One task from the command line --------------------------------------------------- */

static int put_task(const struct cmd_line *line, struct buf *out)
{
	int status = cmd_put_call(line, out);

	buf_add_char(out, '}');
	return status;
}

/* --- The command ------------------------------------------------------------------------ */

static int run_all(struct run *run, const struct cmd_line *line,
		   struct slice single)
{
	int status;

	if (line->word_count) {
		push_task(run, single);
		run->ended = true;
		master_finish(run->master);
	} else {
		run->io =
			master_loop(run->master)
				->io_new(master_loop(run->master), STDIN_FILENO,
					 LOOP_READ, on_input, run);
	}
	status = master_run(run->master);
	if (run->io)
		master_loop(run->master)->io_free(run->io);
	/* Ended by a signal: what was not answered counts as failed. */
	if (run->written < run->pushed)
		run->failed = true;
	return status ? status : run->failed ? CMD_FAILED : CMD_OK;
}

static int run_master(const struct cmd_line *line, const struct config *config,
		      struct slice single)
{
	struct options filled;
	struct run run = {0};
	struct err err = ERR_INIT;
	const char *root = cmd_value(line, "--root");
	int status;

	options_fill(&filled, config, false);
	if (!cmd_has(line, "--verbose"))
		log_setup(LOG_ERROR, LOG_LOGFMT);
	filled.master.input_root = filled.master.output_root =
		root ? root : ".";
	filled.master.max_input = filled.master.max_payload;
	filled.master.on_reply = on_reply;
	filled.master.arg = &run;
	run.max_line = filled.master.max_payload + LINE_MARGIN;
	buf_init(&run.line, run.max_line);
	grow_ring(&run);
	run.master = master_new(&filled.master, &err);
	if (run.master)
		status = run_all(&run, line, single);
	else
		status = cmd_fail(CMD_CONFIG, "%s", err.message);
	master_free(run.master);
	for (; run.written < run.pushed; run.written++)
		free(run.replies[run.written % run.size]);
	free(run.replies);
	buf_release(&run.line);
	options_release(&filled);
	return status;
}

static int run_run(const struct cmd_line *line)
{
	struct config config;
	struct buf single;
	int status = CMD_CONFIG;

	buf_init(&single, (size_t)1 << 30);
	if (!cmd_config_load(line, &config, true))
		status =
			line->word_count && put_task(line, &single)
				? CMD_USAGE
				: run_master(line, &config, buf_slice(&single));
	buf_release(&single);
	config_release(&config);
	return status;
}

const struct cmd cmd_run = {
	.name = "run",
	.first = "TASK",
	.usage = "[TASK [ARGS]] [--root DIR] [--input NAME=@FILE]... "
		 "[-c FILE]",
	.help = "tasks without Redis: one, or lines of JSON on standard input",
	.options = options,
	.words_max = 2,
	.run = run_run,
};
