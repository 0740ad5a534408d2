/*
 * The pickle reader's names and calls. Nothing is ever looked up or called:
 * five names are known as constants, and their calls, with exactly the
 * arguments that CPython's own pickler writes, stand for values.
 */
#include <stdlib.h>
#include "codec/fail.h"
#include "codec/pickle.h"

int pickle_check_data(const struct pickle_reader *reader,
		      const struct value *items, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (items[i].kind == PICKLE_NAME)
			return fail_read(err, "unsafe",
					 cursor_offset(&reader->in),
					 "the pickle holds a name as a value");
	return 0;
}

int pickle_find_name(const struct pickle_reader *reader, struct slice module,
		     struct slice name, struct value *out, struct err *err)
{
	static const char *const builtins[] = {"set", "frozenset", "bytes",
					       "bytearray"};
	char quoted[2][64];

	*out = (struct value){.kind = PICKLE_NAME, .integer = NAME_ENCODE};
	if (slice_is(module, "_codecs") && slice_is(name, "encode"))
		return 0;
	if (slice_is(module, "builtins") || slice_is(module, "__builtin__"))
		for (int i = 0; i < NAME_ENCODE; i++)
			if (slice_is(name, builtins[i])) {
				out->integer = i;
				return 0;
			}
	return fail_read(err, "unsafe", cursor_offset(&reader->in),
			 "the pickle names %s.%s; names are not looked up",
			 err_quote(quoted[0], 60, module),
			 err_quote(quoted[1], 60, name));
}

int pickle_keep_open(struct pickle_reader *reader, struct value value,
		     struct err *err)
{
	if (reader->open_count == reader->open_cap) {
		size_t cap = reader->open_cap ? reader->open_cap * 2 : 64;
		struct value *open = realloc(reader->open, cap * sizeof(*open));
		if (!open)
			return fail_limit(err, "memory", (int64_t)cap, "size",
					  "no memory for the pickle");
		reader->open = open;
		reader->open_cap = cap;
	}
	reader->open[reader->open_count++] = value;
	return 0;
}

static int fail_arguments(const struct pickle_reader *reader, struct err *err)
{
	return fail_read(
		err, "unsafe", cursor_offset(&reader->in),
		"the pickle makes a call that is none of Python's own");
}

/* Takes `count` off what may still be copied: a few bytes that pass one large
 * list to many calls would take quadratic time. */
static int take_copies(struct pickle_reader *reader, uint64_t count,
		       struct err *err)
{
	if (count > reader->copies)
		return fail_limit(err, "copies", (int64_t)count, "size",
				  "the pickle copies its values over and over");
	reader->copies -= count;
	return 0;
}

static int call_set(struct pickle_reader *reader, enum value_kind kind,
		    struct value list, struct value *out, struct err *err)
{
	if (list.kind != VALUE_LIST && list.kind != VALUE_TUPLE)
		return fail_arguments(reader, err);
	if (take_copies(reader, list.seq->count, err) ||
	    value_seq_of(reader->doc, kind, list.seq->items, list.seq->count,
			 out, err))
		return -1;
	return kind == VALUE_SET ? pickle_keep_open(reader, *out, err) : 0;
}

/* bytes([1, 2]), as small integers. */
static int call_bytes_list(struct pickle_reader *reader, enum value_kind kind,
			   const struct value_seq *list, struct value *out,
			   struct err *err)
{
	if (take_copies(reader, list->count, err))
		return -1;
	buf_clear(&reader->scratch);
	for (uint32_t i = 0; i < list->count; i++) {
		struct value item = list->items[i];
		if (item.kind != VALUE_INT || item.integer < 0 ||
		    item.integer > 255)
			return fail_arguments(reader, err);
		buf_add_char(&reader->scratch, (char)item.integer);
	}
	return value_text(reader->doc, kind, buf_slice(&reader->scratch), out,
			  err);
}

/* Text whose code points are bytes. */
static int call_latin1(struct pickle_reader *reader, enum value_kind kind,
		       struct slice text, struct value *out, struct err *err)
{
	if (take_copies(reader, text.len, err))
		return -1;
	buf_clear(&reader->scratch);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c >= 0xc4)
			return fail_read(err, "encoding",
					 cursor_offset(&reader->in),
					 "text that stands for bytes has a "
					 "character above U+00FF");
		if (c >= 0xc0)
			c = (unsigned char)((c & 3) << 6 |
					    (text.ptr[++i] & 0x3f));
		buf_add_char(&reader->scratch, (char)c);
	}
	return value_text(reader->doc, kind, buf_slice(&reader->scratch), out,
			  err);
}

static bool is_latin1(struct value codec)
{
	return codec.kind == VALUE_TEXT &&
	       (slice_is(value_bytes(codec), "latin1") ||
		slice_is(value_bytes(codec), "latin-1"));
}

static int call_bytes(struct pickle_reader *reader, enum value_kind kind,
		      const struct value_seq *args, struct value *out,
		      struct err *err)
{
	struct value first = args->items[0];

	if (args->count == 2) /* as Python 2 writes a bytearray */
		return kind == VALUE_BYTEARRAY && first.kind == VALUE_TEXT &&
				       is_latin1(args->items[1])
			       ? call_latin1(reader, kind, value_bytes(first),
					     out, err)
			       : fail_arguments(reader, err);
	if (first.kind == VALUE_LIST)
		return call_bytes_list(reader, kind, first.seq, out, err);
	if (first.kind != VALUE_BYTES)
		return fail_arguments(reader, err);
	if (take_copies(reader, first.text->len, err))
		return -1;
	return value_text(reader->doc, kind, value_bytes(first), out, err);
}

int pickle_call(struct pickle_reader *reader, struct value name,
		struct value args, struct value *out, struct err *err)
{
	static const enum value_kind kinds[] = {VALUE_SET, VALUE_FROZENSET,
						VALUE_BYTES, VALUE_BYTEARRAY};

	if (name.kind != PICKLE_NAME || args.kind != VALUE_TUPLE ||
	    args.seq->count > 2)
		return fail_arguments(reader, err);
	const struct value *items = args.seq->items;
	uint32_t count = args.seq->count;
	if (name.integer == NAME_ENCODE) {
		if (count != 2 || items[0].kind != VALUE_TEXT ||
		    !is_latin1(items[1]))
			return fail_arguments(reader, err);
		return call_latin1(reader, VALUE_BYTES, value_bytes(items[0]),
				   out, err);
	}
	enum value_kind kind = kinds[name.integer];
	bool set = kind == VALUE_SET || kind == VALUE_FROZENSET;
	if (count == 0 && !set)
		return value_text(reader->doc, kind, SLICE(""), out, err);
	if (count == 0) {
		struct value empty;
		if (value_seq(reader->doc, VALUE_LIST, 0, &empty, err))
			return -1;
		return call_set(reader, kind, empty, out, err);
	}
	if (!set)
		return call_bytes(reader, kind, args.seq, out, err);
	if (count != 1)
		return fail_arguments(reader, err);
	return call_set(reader, kind, items[0], out, err);
}
