/*
 * Byte strings, and the calls by which old protocols write what they have no
 * opcode for: set([..]), frozenset([..]), bytes(), bytearray(b"..") and
 * _codecs.encode("..", "latin1").
 */
#include <stdio.h>
#include <stdlib.h>

#include "codec/pickle_writer.h"

int pickle_save_name(struct pickle_writer *writer, enum pickle_name name)
{
	static const char *const names[] = {"set", "frozenset", "bytes",
					    "bytearray", "encode"};
	const char *module = name == NAME_ENCODE     ? "_codecs"
			     : writer->protocol >= 3 ? "builtins"
						     : "__builtin__";

	frame_boundary(writer);
	if (writer->names[name])
		return pickle_get(writer, writer->names[name] - 1);
	if (writer->protocol >= 4) {
		if (pickle_put_text(writer, slice_text(module)) ||
		    pickle_memoize(writer, NULL))
			return -1;
		frame_boundary(writer);
		if (pickle_put_text(writer, slice_text(names[name])) ||
		    pickle_memoize(writer, NULL) ||
		    put_op(writer, OP_STACK_GLOBAL))
			return -1;
	} else {
		char line[64];
		int len = snprintf(line, sizeof(line), "c%s\n%s\n", module,
				   names[name]);
		if (put(writer, line, (size_t)len))
			return -1;
	}
	return pickle_memoize(writer, &writer->names[name]);
}

/* The arguments of a call: `count` values follow in between. */
int pickle_args_begin(struct pickle_writer *writer)
{
	frame_boundary(writer);
	return writer->protocol < 2 ? put_op(writer, OP_MARK) : 0;
}

int pickle_args_end(struct pickle_writer *writer, int count)
{
	int op = writer->protocol < 2 ? OP_TUPLE : OP_TUPLE1 + count - 1;
	if (put_op(writer, op) || pickle_memoize(writer, NULL))
		return -1;
	return put_op(writer, OP_REDUCE);
}

static int call_without_args(struct pickle_writer *writer,
			     enum pickle_name name)
{
	if (pickle_save_name(writer, name))
		return -1;
	frame_boundary(writer);
	if (put(writer, writer->protocol ? ")" : "(t",
		writer->protocol ? 1 : 2))
		return -1;
	return put_op(writer, OP_REDUCE);
}

/* The bytes as text of the same code points. Caller frees. */
static char *latin1_text(struct slice bytes, size_t *len)
{
	char *text = malloc(bytes.len * 2 + 1);
	char *to = text;

	for (size_t i = 0; text && i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.ptr[i];
		if (c >= 0x80)
			*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c);
	}
	*len = (size_t)(to - text);
	return text;
}

/* _codecs.encode(text, 'latin1') */
static int call_encode(struct pickle_writer *writer, struct slice bytes)
{
	static const char codec[] = "latin1";
	struct slice text;
	int r = -1;

	if (pickle_save_name(writer, NAME_ENCODE) || pickle_args_begin(writer))
		return -1;
	char *copy = latin1_text(bytes, &text.len);
	if (!copy) {
		writer->out->failed = true;
		return -1;
	}
	text.ptr = copy;
	int single = pickle_single_text(text);
	if (single >= 0)
		r = pickle_save_single(writer, text, single);
	else if (pickle_put_text(writer, text) == 0)
		r = pickle_memoize(writer, NULL);
	free(copy);
	if (r)
		return -1;
	if (writer->latin1)
		r = pickle_get(writer, writer->latin1 - 1);
	else if ((r = pickle_put_text(writer, slice_text(codec))) == 0)
		r = pickle_memoize(writer, &writer->latin1);
	return r ? -1 : pickle_args_end(writer, 2);
}

/* A byte string without its memo entry. */
static int put_bytes(struct pickle_writer *writer, struct slice bytes)
{
	if (writer->protocol < 3)
		return bytes.len ? call_encode(writer, bytes)
				 : call_without_args(writer, NAME_BYTES);
	if (bytes.len < 256)
		return pickle_put_payload(writer, OP_SHORT_BINBYTES, 1, bytes);
	return pickle_put_payload(writer, OP_BINBYTES, 4, bytes);
}

int pickle_save_bytes(struct pickle_writer *writer, struct value_text *node)
{
	struct slice bytes = {node->bytes, node->len};

	if (bytes.len <= 1) {
		uint32_t *single =
			&writer->bytes[bytes.len ? (unsigned char)*bytes.ptr + 1
						 : 0];
		if (*single)
			return pickle_get(writer, *single - 1);
		return put_bytes(writer, bytes) ||
				       pickle_memoize(writer, single)
			       ? -1
			       : 0;
	}
	if (is_marked(writer, node->mark))
		return pickle_get_mark(writer, node->mark);
	if (put_bytes(writer, bytes))
		return -1;
	return pickle_memoize_mark(writer, &node->mark);
}

int pickle_save_bytearray(struct pickle_writer *writer, struct value_text *node)
{
	struct slice bytes = {node->bytes, node->len};

	if (is_marked(writer, node->mark))
		return pickle_get_mark(writer, node->mark);
	if (writer->protocol >= 5) {
		if (pickle_put_payload(writer, OP_BYTEARRAY8, 8, bytes))
			return -1;
	} else if (!bytes.len) {
		if (call_without_args(writer, NAME_BYTEARRAY))
			return -1;
	} else {
		if (pickle_save_name(writer, NAME_BYTEARRAY) ||
		    pickle_args_begin(writer))
			return -1;
		frame_boundary(writer);
		if (put_bytes(writer, bytes) || pickle_memoize(writer, NULL) ||
		    pickle_args_end(writer, 1))
			return -1;
	}
	return pickle_memoize_mark(writer, &node->mark);
}
