/*
 * Reads pickles: an interpreter of the data opcodes over values. It looks up no
 * name and calls nothing; opcodes that would are refused as "unsafe". Frames
 * are bounds, counts are checked before they are used, the memo is a hash table
 * (its indexes are chosen by the input), and depth is measured at the end.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "codec/fail.h"
#include "codec/pickle.h"

/* The values from a place on; the stack may not be there yet. */
static struct value *stack_at(const struct pickle_reader *reader, size_t from)
{
	return reader->stack ? reader->stack + from : NULL;
}

static int push_mark(struct pickle_reader *reader, struct err *err)
{
	/* A level takes two marks at most. */
	if (reader->mark_count > 2 * reader->options->max_depth)
		return fail_depth(err, reader->options->max_depth);
	if (reader->mark_count == reader->mark_cap) {
		size_t cap = reader->mark_cap ? reader->mark_cap * 2 : 64;
		size_t *marks = realloc(reader->marks, cap * sizeof(*marks));
		if (!marks)
			return fail_depth(err, reader->mark_count);
		reader->marks = marks;
		reader->mark_cap = cap;
	}
	reader->marks[reader->mark_count++] = reader->count;
	return 0;
}

/* Takes the last mark; *from is where its values begin, all of them data. */
static int pop_mark(struct pickle_reader *reader, size_t *from, struct err *err)
{
	if (!reader->mark_count)
		return pickle_fail(reader, err, "an opcode finds no mark");
	*from = reader->marks[--reader->mark_count];
	return pickle_check_data(reader, stack_at(reader, *from),
				 reader->count - *from, err);
}

/* --- Containers ----------------------------------------------------------- */

static int push_open(struct pickle_reader *reader, enum value_kind kind,
		     size_t from, struct err *err)
{
	struct value value;

	if (kind == VALUE_MAP && (reader->count - from) % 2)
		return pickle_fail(reader, err, "a map has a key too many");
	if (reader->count - from > INT32_MAX ||
	    value_seq_of(reader->doc, kind, stack_at(reader, from),
			 (uint32_t)(reader->count - from), &value, err))
		return -1;
	reader->count = from;
	if ((kind == VALUE_MAP || kind == VALUE_SET) &&
	    pickle_keep_open(reader, value, err))
		return -1;
	return pickle_push(reader, value, err);
}

/* LIST, DICT, TUPLE, FROZENSET: everything from the last mark on. */
static int op_from_mark(struct pickle_reader *reader, enum value_kind kind,
			struct err *err)
{
	size_t from;

	if (pop_mark(reader, &from, err))
		return -1;
	return push_open(reader, kind, from, err);
}

static int op_tuple(struct pickle_reader *reader, size_t count, struct err *err)
{
	if (pickle_need(reader, count, err) ||
	    pickle_check_data(reader, pickle_top(reader, count), count, err))
		return -1;
	return push_open(reader, VALUE_TUPLE, reader->count - count, err);
}

/* Adds what is from `from` on to the container below it. */
static int add_items(struct pickle_reader *reader, enum value_kind kind,
		     size_t from, struct err *err)
{
	size_t count = reader->count - from;

	if (from <= pickle_fence(reader))
		return pickle_fail(reader, err,
				   "an opcode finds too little on the stack");
	struct value container = reader->stack[from - 1];
	if (container.kind != kind)
		return pickle_fail(
			reader, err,
			"items are added to what does not take them");
	if (kind == VALUE_MAP && count % 2)
		return pickle_fail(reader, err, "a map has a key too many");
	if (pickle_check_data(reader, stack_at(reader, from), count, err) ||
	    value_extend(reader->doc, container.seq, stack_at(reader, from),
			 (uint32_t)count, err))
		return -1;
	reader->count = from;
	return 0;
}

static int op_add_marked(struct pickle_reader *reader, enum value_kind kind,
			 struct err *err)
{
	size_t from;

	if (pop_mark(reader, &from, err))
		return -1;
	return add_items(reader, kind, from, err);
}

static int op_add_one(struct pickle_reader *reader, enum value_kind kind,
		      size_t count, struct err *err)
{
	if (pickle_need(reader, count + 1, err))
		return -1;
	return add_items(reader, kind, reader->count - count, err);
}

/* --- The rest ------------------------------------------------------------- */

static int op_pop(struct pickle_reader *reader, struct err *err)
{
	if (reader->mark_count && reader->count == pickle_fence(reader)) {
		reader->mark_count--;
		return 0;
	}
	if (pickle_need(reader, 1, err))
		return -1;
	reader->count--;
	return 0;
}

static int op_dup(struct pickle_reader *reader, struct err *err)
{
	if (pickle_need(reader, 1, err))
		return -1;
	reader->doc->shared = true;
	return pickle_push(reader, *pickle_top(reader, 1), err);
}

static int op_global(struct pickle_reader *reader, struct err *err)
{
	struct slice module = {0};
	struct slice name = {0};
	struct value value;

	if (pickle_line(reader, &module, err) ||
	    pickle_line(reader, &name, err) ||
	    pickle_find_name(reader, module, name, &value, err))
		return -1;
	return pickle_push(reader, value, err);
}

static int op_stack_global(struct pickle_reader *reader, struct err *err)
{
	struct value value;

	if (pickle_need(reader, 2, err))
		return -1;
	struct value module = *pickle_top(reader, 2);
	struct value name = *pickle_top(reader, 1);
	if (module.kind != VALUE_TEXT || name.kind != VALUE_TEXT)
		return pickle_fail(reader, err, "a name is no text");
	if (pickle_find_name(reader, value_bytes(module), value_bytes(name),
			     &value, err))
		return -1;
	reader->count -= 2;
	return pickle_push(reader, value, err);
}

static int op_reduce(struct pickle_reader *reader, struct err *err)
{
	struct value value;

	if (pickle_need(reader, 2, err) ||
	    pickle_call(reader, *pickle_top(reader, 2), *pickle_top(reader, 1),
			&value, err))
		return -1;
	reader->count -= 2;
	return pickle_push(reader, value, err);
}

static int op_frame(struct pickle_reader *reader, struct err *err)
{
	uint64_t len;

	if (cursor_little(&reader->in, 8, &len, err))
		return -1;
	if (reader->framed)
		return pickle_fail(reader, err,
				   "a frame begins inside another one");
	if (len > cursor_left(&reader->in))
		return cursor_fail_end(&reader->in, err);
	reader->framed = true;
	reader->frame_end = reader->in.at + len;
	return 0;
}

static int op_proto(struct pickle_reader *reader, struct err *err)
{
	uint64_t protocol;

	if (cursor_little(&reader->in, 1, &protocol, err))
		return -1;
	if (protocol > 5)
		return pickle_fail(reader, err, "the protocol is later than 5");
	return 0;
}

static int op_unsafe(const struct pickle_reader *reader, int op,
		     struct err *err)
{
	static const uint8_t known[] = {
		OP_PERSID, OP_BINPERSID, OP_BUILD,	 OP_INST,
		OP_OBJ,	   OP_NEWOBJ,	 OP_EXT1,	 OP_EXT2,
		OP_EXT4,   OP_NEWOBJ_EX, OP_NEXT_BUFFER, OP_READONLY_BUFFER};

	for (size_t i = 0; i < sizeof(known); i++)
		if (known[i] == op)
			return fail_read(err, "unsafe",
					 cursor_offset(&reader->in) - 1,
					 "the pickle makes an object (opcode "
					 "0x%02x)",
					 op);
	return fail_read(err, "syntax", cursor_offset(&reader->in) - 1,
			 "0x%02x is no opcode", op);
}

/* Opcodes that only push a constant or an empty container. */
static int op_constant(struct pickle_reader *reader, int op, struct err *err)
{
	switch (op) {
	case OP_NONE:
		return pickle_push(reader, value_null(), err);
	case OP_NEWTRUE:
	case OP_NEWFALSE:
		return pickle_push(reader, value_bool(op == OP_NEWTRUE), err);
	case OP_EMPTY_LIST:
		return push_open(reader, VALUE_LIST, reader->count, err);
	case OP_EMPTY_TUPLE:
		return push_open(reader, VALUE_TUPLE, reader->count, err);
	case OP_EMPTY_DICT:
		return push_open(reader, VALUE_MAP, reader->count, err);
	default:
		return push_open(reader, VALUE_SET, reader->count, err);
	}
}

/* What an opcode does, and with which parameter. */
enum action {
	DO_UNSAFE,
	DO_CONSTANT,
	DO_LINE,
	DO_BINARY,  /* width of the argument */
	DO_PAYLOAD, /* width of the length */
	DO_MEMO,
	DO_MARKED,  /* kind made of what is above the mark */
	DO_ADD,	    /* kind that takes what is above the mark */
	DO_ADD_ONE, /* kind that takes what is on top */
	DO_TUPLE,   /* items */
	DO_OTHER
};

static const struct {
	uint8_t action, param;
} actions[256] = {
	[OP_NONE] = {DO_CONSTANT, 0},
	[OP_NEWTRUE] = {DO_CONSTANT, 0},
	[OP_NEWFALSE] = {DO_CONSTANT, 0},
	[OP_EMPTY_LIST] = {DO_CONSTANT, 0},
	[OP_EMPTY_TUPLE] = {DO_CONSTANT, 0},
	[OP_EMPTY_DICT] = {DO_CONSTANT, 0},
	[OP_EMPTY_SET] = {DO_CONSTANT, 0},
	[OP_INT] = {DO_LINE, 0},
	[OP_LONG] = {DO_LINE, 0},
	[OP_FLOAT] = {DO_LINE, 0},
	[OP_STRING] = {DO_LINE, 0},
	[OP_UNICODE] = {DO_LINE, 0},
	[OP_BININT] = {DO_BINARY, 4},
	[OP_BININT1] = {DO_BINARY, 1},
	[OP_BININT2] = {DO_BINARY, 2},
	[OP_BINFLOAT] = {DO_BINARY, 8},
	[OP_LONG1] = {DO_BINARY, 1},
	[OP_LONG4] = {DO_BINARY, 4},
	[OP_BINSTRING] = {DO_PAYLOAD, 4},
	[OP_SHORT_BINSTRING] = {DO_PAYLOAD, 1},
	[OP_SHORT_BINUNICODE] = {DO_PAYLOAD, 1},
	[OP_BINUNICODE] = {DO_PAYLOAD, 4},
	[OP_BINUNICODE8] = {DO_PAYLOAD, 8},
	[OP_SHORT_BINBYTES] = {DO_PAYLOAD, 1},
	[OP_BINBYTES] = {DO_PAYLOAD, 4},
	[OP_BINBYTES8] = {DO_PAYLOAD, 8},
	[OP_BYTEARRAY8] = {DO_PAYLOAD, 8},
	[OP_GET] = {DO_MEMO, 0},
	[OP_BINGET] = {DO_MEMO, 0},
	[OP_LONG_BINGET] = {DO_MEMO, 0},
	[OP_PUT] = {DO_MEMO, 0},
	[OP_BINPUT] = {DO_MEMO, 0},
	[OP_LONG_BINPUT] = {DO_MEMO, 0},
	[OP_MEMOIZE] = {DO_MEMO, 0},
	[OP_LIST] = {DO_MARKED, VALUE_LIST},
	[OP_TUPLE] = {DO_MARKED, VALUE_TUPLE},
	[OP_DICT] = {DO_MARKED, VALUE_MAP},
	[OP_FROZENSET] = {DO_MARKED, VALUE_FROZENSET},
	[OP_APPENDS] = {DO_ADD, VALUE_LIST},
	[OP_SETITEMS] = {DO_ADD, VALUE_MAP},
	[OP_ADDITEMS] = {DO_ADD, VALUE_SET},
	[OP_APPEND] = {DO_ADD_ONE, VALUE_LIST},
	[OP_SETITEM] = {DO_ADD_ONE, VALUE_MAP},
	[OP_TUPLE1] = {DO_TUPLE, 1},
	[OP_TUPLE2] = {DO_TUPLE, 2},
	[OP_TUPLE3] = {DO_TUPLE, 3},
	[OP_MARK] = {DO_OTHER, 0},
	[OP_POP] = {DO_OTHER, 0},
	[OP_POP_MARK] = {DO_OTHER, 0},
	[OP_DUP] = {DO_OTHER, 0},
	[OP_GLOBAL] = {DO_OTHER, 0},
	[OP_STACK_GLOBAL] = {DO_OTHER, 0},
	[OP_REDUCE] = {DO_OTHER, 0},
	[OP_FRAME] = {DO_OTHER, 0},
	[OP_PROTO] = {DO_OTHER, 0},
};

static int op_other(struct pickle_reader *reader, int op, struct err *err)
{
	switch (op) {
	case OP_MARK:
		return push_mark(reader, err);
	case OP_POP:
		return op_pop(reader, err);
	case OP_POP_MARK:
		if (!reader->mark_count)
			return pickle_fail(reader, err,
					   "an opcode finds no mark");
		reader->count = reader->marks[--reader->mark_count];
		return 0;
	case OP_DUP:
		return op_dup(reader, err);
	case OP_GLOBAL:
		return op_global(reader, err);
	case OP_STACK_GLOBAL:
		return op_stack_global(reader, err);
	case OP_REDUCE:
		return op_reduce(reader, err);
	case OP_FRAME:
		return op_frame(reader, err);
	default:
		return op_proto(reader, err);
	}
}

static int step(struct pickle_reader *reader, int op, struct err *err)
{
	enum value_kind kind = (enum value_kind)actions[op].param;
	size_t param = actions[op].param;

	switch (actions[op].action) {
	case DO_CONSTANT:
		return op_constant(reader, op, err);
	case DO_LINE:
		return pickle_op_line(reader, op, err);
	case DO_BINARY:
		return pickle_op_binary(reader, op, param, err);
	case DO_PAYLOAD:
		return pickle_op_payload(reader, op, param, err);
	case DO_MEMO:
		return pickle_op_memo(reader, op, err);
	case DO_MARKED:
		return op_from_mark(reader, kind, err);
	case DO_ADD:
		return op_add_marked(reader, kind, err);
	case DO_ADD_ONE:
		return op_add_one(reader, kind, kind == VALUE_MAP ? 2 : 1, err);
	case DO_TUPLE:
		return op_tuple(reader, param, err);
	case DO_OTHER:
		return op_other(reader, op, err);
	default:
		return op_unsafe(reader, op, err);
	}
}

/* Everything up to STOP, which has been read then. */
static int run(struct pickle_reader *reader, struct err *err)
{
	struct cursor *in = &reader->in;

	for (;;) {
		if (reader->framed && in->at == reader->frame_end)
			reader->framed = false;
		if (in->at == in->end)
			return cursor_fail_end(in, err);
		int op = *in->at++;
		if (op == OP_STOP)
			return 0;
		if (step(reader, op, err))
			return -1;
		if (reader->framed && in->at > reader->frame_end)
			return pickle_fail(reader, err,
					   "an opcode passes the end of its "
					   "frame");
	}
}

/* What STOP leaves: one value, all maps and sets settled, not too deep. */
static int finish(struct pickle_reader *reader, struct err *err)
{
	if (!reader->stack || reader->count != 1 || reader->mark_count)
		return pickle_fail(reader, err,
				   "the pickle ends with other than one value");
	if (pickle_check_data(reader, reader->stack, 1, err))
		return -1;
	if (cursor_left(&reader->in))
		return fail_read(err, "trailing", cursor_offset(&reader->in),
				 "bytes follow the pickle");
	for (size_t i = 0; reader->open && i < reader->open_count; i++)
		if (value_settle(reader->doc,
				 (enum value_kind)reader->open[i].kind,
				 reader->open[i].seq, false, err))
			return -1;
	reader->doc->root = reader->stack[0];
	return value_measure(reader->doc, reader->options->max_depth, err);
}

int pickle_decode(const struct codec_options *options, struct slice input,
		  struct value_doc *doc, struct codec_found *found,
		  struct err *err)
{
	struct pickle_reader reader = {
		.in = cursor_of(input),
		.options = options,
		.doc = doc,
		.memo_factor = hash_seed() | 1,
		.copies = 4 * (uint64_t)input.len + 64,
	};

	(void)found;
	doc->loose_keys = true;
	buf_init(&reader.scratch, 2 * input.len + 64);
	int r = run(&reader, err);
	if (!r)
		r = finish(&reader, err);
	buf_release(&reader.scratch);
	free(reader.stack);
	free(reader.marks);
	free(reader.memo);
	free(reader.open);
	return r;
}
