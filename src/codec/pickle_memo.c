/*
 * The pickle reader's stack and memo. The memo is a hash table, because its
 * indexes are chosen by the input: one PUT of ten bytes must not make an array
 * of four thousand million entries.
 */
#include <stdlib.h>

#include "base/text.h"
#include "codec/fail.h"
#include "codec/pickle.h"

int pickle_push(struct pickle_reader *reader, struct value value,
		struct err *err)
{
	if (reader->count == reader->cap) {
		size_t cap = reader->cap ? reader->cap * 2 : 256;
		struct value *stack =
			reader->count <= reader->options->max_values
				? realloc(reader->stack, cap * sizeof(value))
				: NULL;
		if (!stack)
			return fail_limit(err, "values", (int64_t)cap, "size",
					  "the pickle holds too many values");
		reader->stack = stack;
		reader->cap = cap;
	}
	reader->stack[reader->count++] = value;
	return 0;
}

/* Is there as much above the last mark? */
int pickle_need(const struct pickle_reader *reader, size_t count,
		struct err *err)
{
	if (reader->count - pickle_fence(reader) < count)
		return pickle_fail(reader, err,
				   "an opcode finds too little on the stack");
	return 0;
}

static struct pickle_memo *memo_slot(const struct pickle_reader *reader,
				     uint64_t index)
{
	size_t mask = reader->memo_size - 1;
	size_t at = (size_t)((index * reader->memo_factor) >> 20) & mask;

	while (reader->memo[at].index && reader->memo[at].index != index + 1)
		at = (at + 1) & mask;
	return &reader->memo[at];
}

static int memo_grow(struct pickle_reader *reader, struct err *err)
{
	struct pickle_memo *old = reader->memo;
	size_t old_size = reader->memo_size;
	size_t size = old_size ? old_size * 2 : 64;
	struct pickle_memo *memo = calloc(size, sizeof(*memo));

	if (!memo)
		return fail_limit(err, "memory", (int64_t)size, "size",
				  "no memory for the memo");
	reader->memo = memo;
	reader->memo_size = size;
	for (size_t i = 0; i < old_size; i++)
		if (old[i].index)
			*memo_slot(reader, old[i].index - 1) = old[i];
	free(old);
	return 0;
}

static int memo_put(struct pickle_reader *reader, uint64_t index,
		    struct err *err)
{
	if (pickle_need(reader, 1, err))
		return -1;
	if (reader->memo_count * 2 >= reader->memo_size &&
	    memo_grow(reader, err))
		return -1;
	struct pickle_memo *slot = memo_slot(reader, index);
	if (!slot->index)
		reader->memo_count++;
	*slot = (struct pickle_memo){index + 1, *pickle_top(reader, 1)};
	return 0;
}

static int memo_get(struct pickle_reader *reader, uint64_t index,
		    struct err *err)
{
	struct pickle_memo *slot =
		reader->memo_size ? memo_slot(reader, index) : NULL;

	if (!slot || !slot->index)
		return pickle_fail(reader, err,
				   "an opcode fetches a memo entry that does "
				   "not exist");
	reader->doc->shared = true;
	return pickle_push(reader, slot->value, err);
}

/* A memo index written as a line. */
static int read_index(struct pickle_reader *reader, uint64_t *out,
		      struct err *err)
{
	struct slice line = {0};
	int64_t index;

	if (pickle_line(reader, &line, err))
		return -1;
	if (text_int64(line, &index) || index < 0 || index == INT64_MAX)
		return pickle_fail(reader, err, "a memo index is malformed");
	*out = (uint64_t)index;
	return 0;
}

int pickle_op_memo(struct pickle_reader *reader, int op, struct err *err)
{
	static const uint8_t widths[256] = {[OP_BINGET] = 1,
					    [OP_BINPUT] = 1,
					    [OP_LONG_BINGET] = 4,
					    [OP_LONG_BINPUT] = 4};
	uint64_t index = reader->memo_count;
	int r = 0;

	if (widths[op])
		r = cursor_little(&reader->in, widths[op], &index, err);
	else if (op != OP_MEMOIZE)
		r = read_index(reader, &index, err);
	if (r)
		return -1;
	if (op == OP_GET || op == OP_BINGET || op == OP_LONG_BINGET)
		return memo_get(reader, index, err);
	return memo_put(reader, index, err);
}
