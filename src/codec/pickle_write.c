/*
 * Writes pickles, protocols 0 to 5, byte for byte as CPython's C pickler does:
 * its memo, its batches of a thousand, its frames (Modules/_pickle.c).
 *
 * What is one object to Python decides what is written once and fetched from
 * the memo later. Here that is: one node; the empty text and one-character
 * text up to U+00FF, empty and one-byte byte strings wherever they stand, which
 * CPython keeps single.
 */
#include <stdlib.h>

#include "codec/codecs.h"
#include "codec/fail.h"
#include "codec/pickle_writer.h"

static int level_push(struct pickle_writer *writer, struct value value,
		      bool call, struct err *err)
{
	if (writer->depth == writer->max_depth)
		return fail_depth(err, writer->max_depth);
	if (writer->depth == writer->cap) {
		size_t cap = writer->cap ? writer->cap * 2 : 32;
		struct level *levels =
			realloc(writer->levels, cap * sizeof(*levels));
		if (!levels)
			return fail_depth(err, writer->cap);
		writer->levels = levels;
		writer->cap = cap;
	}
	writer->levels[writer->depth++] = (struct level){
		.items = value.seq->items,
		.seq = value.seq,
		.count = value.seq->count,
		.kind = value.kind,
		.call = call,
	};
	return 0;
}

/* set([..]) and frozenset([..]) up to the list's items. */
static int open_call(struct pickle_writer *writer, struct value value,
		     struct err *err)
{
	if (pickle_save_name(writer, value.kind == VALUE_SET
					     ? NAME_SET
					     : NAME_FROZENSET) ||
	    pickle_args_begin(writer))
		return -1;
	if (put(writer, writer->protocol ? "]" : "(l",
		writer->protocol ? 1 : 2) ||
	    pickle_memoize(writer, NULL))
		return -1;
	return level_push(writer, value, true, err);
}

/* Lists, maps and sets are entered in the memo before their items. */
static int open_mutable(struct pickle_writer *writer, struct value value,
			struct err *err)
{
	static const char *const opens[] = {
		[VALUE_LIST] = "(l", [VALUE_MAP] = "(d", [VALUE_SET] = ""};
	int r;

	if (writer->protocol == 0)
		r = put(writer, opens[value.kind], 2);
	else
		r = put_op(writer, value.kind == VALUE_LIST  ? OP_EMPTY_LIST
				   : value.kind == VALUE_MAP ? OP_EMPTY_DICT
							     : OP_EMPTY_SET);
	if (r || pickle_memoize_mark(writer, &value.seq->mark))
		return -1;
	return level_push(writer, value, false, err);
}

static int open_seq(struct pickle_writer *writer, struct value value,
		    struct err *err)
{
	if (is_marked(writer, value.seq->mark) && !writer->doc->copied)
		return pickle_get_mark(writer, value.seq->mark);
	switch (value.kind) {
	case VALUE_TUPLE:
		if (!value.seq->count)
			return put(writer, writer->protocol ? ")" : "(t",
				   writer->protocol ? 1 : 2);
		if ((writer->protocol < 2 || value.seq->count > 3) &&
		    put_op(writer, OP_MARK))
			return -1;
		return level_push(writer, value, false, err);
	case VALUE_FROZENSET:
		if (writer->protocol < 4)
			return open_call(writer, value, err);
		return put_op(writer, OP_MARK) ||
				       level_push(writer, value, false, err)
			       ? -1
			       : 0;
	case VALUE_SET:
		if (writer->protocol < 4)
			return open_call(writer, value, err);
		return open_mutable(writer, value, err);
	default:
		return open_mutable(writer, value, err);
	}
}

static int save_value(struct pickle_writer *writer, struct value value,
		      struct err *err)
{
	frame_boundary(writer);
	switch (value.kind) {
	case VALUE_NULL:
		return put_op(writer, OP_NONE);
	case VALUE_BOOL:
		return pickle_put_bool(writer, value.boolean);
	case VALUE_INT:
		return pickle_put_int(writer, value.integer);
	case VALUE_BIG:
		return pickle_put_bigint(writer, value_bytes(value), err);
	case VALUE_DOUBLE:
		return pickle_put_double(writer, value.number);
	case VALUE_TEXT:
		return pickle_save_text(writer, value.text);
	case VALUE_BYTES:
		return pickle_save_bytes(writer, value.text);
	case VALUE_BYTEARRAY:
		return pickle_save_bytearray(writer, value.text);
	default:
		return open_seq(writer, value, err);
	}
}

/* A tuple whose items led back to itself is in the memo by now: its items are
 * dropped and it is fetched from there. */
static int close_tuple(struct pickle_writer *writer, const struct level *level)
{
	bool marked = writer->protocol < 2 || level->count > 3;

	if (is_marked(writer, level->seq->mark) && !writer->doc->copied) {
		if (marked && writer->protocol > 0) {
			if (put_op(writer, OP_POP_MARK))
				return -1;
		} else {
			for (uint32_t i = 0; i < level->count + marked; i++)
				if (put_op(writer, OP_POP))
					return -1;
		}
		return pickle_get_mark(writer, level->seq->mark);
	}
	if (put_op(writer,
		   marked ? OP_TUPLE : OP_TUPLE1 + (int)level->count - 1))
		return -1;
	return pickle_memoize_mark(writer, &level->seq->mark);
}

static int close_level(struct pickle_writer *writer)
{
	const struct level *level = &writer->levels[--writer->depth];

	if (level->call) {
		if (pickle_args_end(writer, 1))
			return -1;
		return pickle_memoize_mark(writer, &level->seq->mark);
	}
	if (level->kind == VALUE_TUPLE)
		return close_tuple(writer, level);
	if (level->kind == VALUE_FROZENSET) {
		if (put_op(writer, OP_FROZENSET))
			return -1;
		return pickle_memoize_mark(writer, &level->seq->mark);
	}
	return 0;
}

/*
 * What stands before and after items. A list of one item, or a map of one
 * pair, has an opcode of its own; protocol 0 has no other. The rest goes in
 * batches. After a full last batch a map or a set gets an empty one, because
 * CPython finds out only then that it is through; a list does not.
 */
static int put_between(struct pickle_writer *writer, struct level *level)
{
	bool list = level->kind == VALUE_LIST || level->call;
	uint32_t step = level->kind == VALUE_MAP ? 2 : 1;
	uint32_t items = level->count / step;
	uint32_t done = level->at / step;
	bool single =
		writer->protocol == 0 || (items == 1 && (list || step == 2));

	if (level->at % step || !items)
		return 0;
	if (single)
		return done ? put_op(writer, list ? OP_APPEND : OP_SETITEM) : 0;
	int end = list ? OP_APPENDS : step == 2 ? OP_SETITEMS : OP_ADDITEMS;
	bool full = done % PICKLE_BATCH == 0;
	if (done && (full || done == items) && put_op(writer, end))
		return -1;
	if (full && done == items && !list)
		return put_op(writer, OP_MARK) || put_op(writer, end) ? -1 : 0;
	return full && done < items ? put_op(writer, OP_MARK) : 0;
}

/* Closes what is through. 1 with the next value, 0 at the end. */
static int next_value(struct pickle_writer *writer, struct value *value)
{
	while (writer->depth) {
		struct level *level = &writer->levels[writer->depth - 1];
		if ((level->call || (level->kind != VALUE_TUPLE &&
				     level->kind != VALUE_FROZENSET)) &&
		    put_between(writer, level))
			return -1;
		if (level->at < level->count) {
			*value = level->items[level->at++];
			return 1;
		}
		if (close_level(writer))
			return -1;
	}
	return 0;
}

int pickle_encode(const struct codec_options *options, struct value_doc *doc,
		  struct buf *out, struct err *err)
{
	struct pickle_writer writer = {
		.out = out,
		.doc = doc,
		.protocol = options->protocol,
		.frame = NO_FRAME,
		.max_depth = options->max_depth,
		.base = doc->marks,
	};
	struct value value = doc->root;
	int r = 1;

	if (writer.protocol >= 2)
		put_number(&writer, OP_PROTO, (uint64_t)writer.protocol, 1);
	writer.framing = writer.protocol >= 4;
	while (r == 1) {
		r = save_value(&writer, value, err);
		if (!r)
			r = next_value(&writer, &value);
	}
	if (!r)
		r = put_op(&writer, OP_STOP);
	pickle_frame_end(&writer);
	free(writer.levels);
	doc->marks += writer.memo;
	return r;
}

const struct codec codec_pickle = {
	.name = "pickle",
	.summary = "Python's pickle, protocols 0 to 5, data only",
	.decode = pickle_decode,
	.encode = pickle_encode,
	.shares = true,
};
