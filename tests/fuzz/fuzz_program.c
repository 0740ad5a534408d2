/*
 * What a program says and how it is configured: replies of `lines` programs,
 * commands, and standard input found among arguments. A reply that is taken
 * must be fit to be repeated.
 */
#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"
#include "exec/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void must(int truth)
{
	if (!truth)
		abort();
}

static void must_be_plain(const char *text)
{
	must(utf8_check(slice_text(text)) == strlen(text));
	must(!strpbrk(text, "\n\r\t\x01\x1f"));
}

static void try_line(struct slice text)
{
	struct program_line line;
	struct json_span span;
	struct err err = ERR_INIT;

	if (program_line_read(text, &line, &err)) {
		must(err.code == ERR_FAILED);
		must_be_plain(err.message);
		return;
	}
	must((line.number > 0) == (line.kind != PROGRAM_LINE_PROGRESS));
	if (line.kind == PROGRAM_LINE_RESULT) {
		must(json_check(line.result, 600, &span, NULL) == 0);
		must(span.type == JSON_OBJECT);
	} else if (line.kind == PROGRAM_LINE_ERROR) {
		must(line.err.code != ERR_NONE && line.err.message[0]);
		must_be_plain(line.err.message);
		must_be_plain(line.err.field);
		must_be_plain(line.err.reason);
		must_be_plain(line.err.limit);
	}
}

/* A line that goes out is one line, and a JSON object. */
static void try_put(struct slice args, struct arena *arena)
{
	struct program_call call = {
		.id = SLICE("1"),
		.task = "t",
		.queue = "q",
		.args = args,
	};
	struct json_span span;
	struct slice input;
	struct buf out;

	call.raw =
		json_check(args, 500, &span, NULL) || span.type != JSON_OBJECT;
	buf_init(&out, 1 << 20);
	if (program_line_put(&out, 9, &call, NULL) == 0) {
		must(memchr(out.ptr, '\n', out.len) == out.ptr + out.len - 1);
		must(json_check(buf_slice(&out), 600, &span, NULL) == 0);
	}
	buf_release(&out);
	if (program_input(&call, arena, &input, NULL) == 0)
		must(input.len <= args.len);
}

static void try_command(struct slice text)
{
	struct program_command command;
	char *copy = strndup(text.ptr, text.len);

	if (program_command_read(copy, "/", &command, NULL) == 0) {
		must(command.path[0] == '/' && command.argv[0][0]);
		program_command_release(&command);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice text = slice_of(bytes, len);
	struct arena arena;

	if (!len)
		return 0;
	setenv("PATH", "/usr/bin:/bin", 1);
	arena_init(&arena, 1 << 20);
	try_line(text);
	try_put(text, &arena);
	try_command(text);
	arena_release(&arena);
	return 0;
}
