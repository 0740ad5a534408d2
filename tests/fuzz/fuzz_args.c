/*
 * Arguments by a table of every type: what is taken is within its bounds, what
 * is refused says which member and why.
 */
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "cherry/task.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum row {
	TEXT,
	FLAG,
	COUNT,
	RATIO,
	FORMAT,
	IGNORE,
	OLD,
	DATA,
	TREE,
	RAW,
	ALL
};

static const struct task_arg table[] = {
	{.name = "text", .type = ARG_TEXT},
	{.name = "flag", .type = ARG_BOOL},
	{.name = "count", .type = ARG_INTEGER, .min = 1, .max = 100},
	{.name = "ratio", .type = ARG_NUMBER},
	{.name = "format",
	 .type = ARG_CHOICE,
	 .fallback = "html",
	 .choices = "text html xml"},
	{.name = "ignore", .type = ARG_CHOICES, .choices = "case space"},
	{.name = "old", .type = ARG_BYTES},
	{.name = "data", .type = ARG_BYTES_JSON},
	{.name = "tree", .type = ARG_JSON},
	{.name = "raw", .type = ARG_RAW},
	{.type = ARG_END},
};

static void must(int truth)
{
	if (!truth)
		abort();
}

static void check_values(const struct task_value *v)
{
	must(utf8_check(v[TEXT].text) == v[TEXT].text.len);
	must(v[FLAG].integer == 0 || v[FLAG].integer == 1);
	must(!v[COUNT].given ||
	     (v[COUNT].integer >= 1 && v[COUNT].integer <= 100));
	must(isfinite(v[RATIO].number));
	must(v[FORMAT].integer >= 0 && v[FORMAT].integer < 3);
	must(v[IGNORE].bits < 4);
	must(!v[TREE].given || v[TREE].node);
	must(!v[RAW].given || v[RAW].raw.len);
	must(!v[DATA].raw.len || v[DATA].node);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct task_input input = {SLICE("old"), SLICE("x")};
	struct task_value values[ALL];
	struct err err = ERR_INIT;
	struct arena arena;
	struct task_call call = {
		.args = slice_of(bytes, len),
		.inputs = &input,
		.input_count = len & 1,
		.arena = &arena,
	};

	arena_init(&arena, 1 << 20);
	if (task_args_read(table, &call, values, &err) == 0) {
		check_values(values);
	} else {
		must(err.code == ERR_BAD_ARGS || err.code == ERR_LIMIT);
		must(err.message[0]);
		must(err.code == ERR_LIMIT || err.field[0]);
		must(utf8_check(slice_text(err.message)) ==
		     strlen(err.message));
		must(utf8_check(slice_text(err.field)) == strlen(err.field));
	}
	arena_release(&arena);
	return 0;
}
