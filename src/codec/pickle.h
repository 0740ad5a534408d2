/*
 * The parts of the pickle codec.
 *
 * Opcodes and their meaning: CPython's Lib/pickletools.py and Modules/_pickle.c.
 */
#ifndef CODEC_PICKLE_H
#define CODEC_PICKLE_H

#include "codec/build.h"

enum pickle_op {
	OP_MARK = '(',
	OP_STOP = '.',
	OP_POP = '0',
	OP_POP_MARK = '1',
	OP_DUP = '2',
	OP_FLOAT = 'F',
	OP_INT = 'I',
	OP_BININT = 'J',
	OP_BININT1 = 'K',
	OP_LONG = 'L',
	OP_BININT2 = 'M',
	OP_NONE = 'N',
	OP_PERSID = 'P',
	OP_BINPERSID = 'Q',
	OP_REDUCE = 'R',
	OP_STRING = 'S',
	OP_BINSTRING = 'T',
	OP_SHORT_BINSTRING = 'U',
	OP_UNICODE = 'V',
	OP_BINUNICODE = 'X',
	OP_APPEND = 'a',
	OP_BUILD = 'b',
	OP_GLOBAL = 'c',
	OP_DICT = 'd',
	OP_EMPTY_DICT = '}',
	OP_APPENDS = 'e',
	OP_GET = 'g',
	OP_BINGET = 'h',
	OP_INST = 'i',
	OP_LONG_BINGET = 'j',
	OP_LIST = 'l',
	OP_EMPTY_LIST = ']',
	OP_OBJ = 'o',
	OP_PUT = 'p',
	OP_BINPUT = 'q',
	OP_LONG_BINPUT = 'r',
	OP_SETITEM = 's',
	OP_TUPLE = 't',
	OP_EMPTY_TUPLE = ')',
	OP_SETITEMS = 'u',
	OP_BINFLOAT = 'G',
	OP_BINBYTES = 'B',
	OP_SHORT_BINBYTES = 'C',
	OP_PROTO = 0x80,
	OP_NEWOBJ = 0x81,
	OP_EXT1 = 0x82,
	OP_EXT2 = 0x83,
	OP_EXT4 = 0x84,
	OP_TUPLE1 = 0x85,
	OP_TUPLE2 = 0x86,
	OP_TUPLE3 = 0x87,
	OP_NEWTRUE = 0x88,
	OP_NEWFALSE = 0x89,
	OP_LONG1 = 0x8a,
	OP_LONG4 = 0x8b,
	OP_SHORT_BINUNICODE = 0x8c,
	OP_BINUNICODE8 = 0x8d,
	OP_BINBYTES8 = 0x8e,
	OP_EMPTY_SET = 0x8f,
	OP_ADDITEMS = 0x90,
	OP_FROZENSET = 0x91,
	OP_NEWOBJ_EX = 0x92,
	OP_STACK_GLOBAL = 0x93,
	OP_MEMOIZE = 0x94,
	OP_FRAME = 0x95,
	OP_BYTEARRAY8 = 0x96,
	OP_NEXT_BUFFER = 0x97,
	OP_READONLY_BUFFER = 0x98
};

#define PICKLE_BATCH	 1000
#define PICKLE_FRAME_MIN 4
#define PICKLE_FRAME_END 65536
#define PICKLE_FRAME_LEN 9 /* of a frame's header */

/*
 * The five names that CPython itself writes for data: never looked up, only
 * recognised. On the reader's stack they are values of the kind PICKLE_NAME,
 * which no container takes and no caller sees.
 */
enum pickle_name {
	NAME_SET,
	NAME_FROZENSET,
	NAME_BYTES,
	NAME_BYTEARRAY,
	NAME_ENCODE,
	NAME_COUNT
};

#define PICKLE_NAME (VALUE_MAP + 1)

struct pickle_reader {
	struct cursor in;
	const unsigned char *frame_end; /* if `framed` */
	bool framed;
	const struct codec_options *options;
	struct value_doc *doc;
	struct buf scratch;
	struct value *stack;
	size_t count, cap;
	size_t *marks;
	size_t mark_count, mark_cap;
	/* Memo: open addressing, `index` + 1 so that 0 is free. */
	struct pickle_memo {
		uint64_t index;
		struct value value;
	} * memo;
	size_t memo_count, memo_size;
	uint64_t memo_factor;
	/* Maps and sets, whose equal keys are settled at the end. */
	struct value *open;
	size_t open_count, open_cap;
	/* Items and bytes that calls may still copy. What is written by a
	 * pickler is copied once at most. */
	uint64_t copies;
};

/* "syntax" at the cursor. */
#define pickle_fail(reader, err, message)                                      \
	fail_read((err), "syntax", cursor_offset(&(reader)->in), "%s",         \
		  (message))

/* Pushes a value on the stack. */
int pickle_push(struct pickle_reader *reader, struct value value,
		struct err *err) MUST_CHECK;

/* The lowest place of the stack that opcodes without a mark may touch. */
static inline size_t pickle_fence(const struct pickle_reader *reader)
{
	return reader->mark_count ? reader->marks[reader->mark_count - 1] : 0;
}

/* Are there as many above the last mark? Else "syntax". */
int pickle_need(const struct pickle_reader *reader, size_t count,
		struct err *err) MUST_CHECK;

static inline struct value *pickle_top(const struct pickle_reader *reader,
				       size_t down)
{
	return &reader->stack[reader->count - down];
}

/* Opcodes of the memo: PUT, GET and their kin. */
int pickle_op_memo(struct pickle_reader *reader, int op,
		   struct err *err) MUST_CHECK;

/* A line without its LF. */
int pickle_line(struct pickle_reader *reader, struct slice *out,
		struct err *err) MUST_CHECK;

/* Opcodes of scalars: text lines, binary numbers of `width` bytes (or behind a
 * length of that many), bytes behind a length of `width` bytes. */
int pickle_op_line(struct pickle_reader *reader, int op,
		   struct err *err) MUST_CHECK;
int pickle_op_binary(struct pickle_reader *reader, int op, size_t width,
		     struct err *err) MUST_CHECK;
int pickle_op_payload(struct pickle_reader *reader, int op, size_t width,
		      struct err *err) MUST_CHECK;

/* `count` values at `items` are all data, no names: else "unsafe". */
int pickle_check_data(const struct pickle_reader *reader,
		      const struct value *items, size_t count,
		      struct err *err) MUST_CHECK;

/* The name of that module as a value of kind PICKLE_NAME, or "unsafe". */
int pickle_find_name(const struct pickle_reader *reader, struct slice module,
		     struct slice name, struct value *out,
		     struct err *err) MUST_CHECK;

/* What the call of a name with a tuple stands for, or "unsafe". */
int pickle_call(struct pickle_reader *reader, struct value name,
		struct value args, struct value *out,
		struct err *err) MUST_CHECK;

/* Remembers a map or set, whose equal keys are settled at the end. */
int pickle_keep_open(struct pickle_reader *reader, struct value value,
		     struct err *err) MUST_CHECK;

int pickle_decode(const struct codec_options *options, struct slice input,
		  struct value_doc *doc, struct codec_found *found,
		  struct err *err);
int pickle_encode(const struct codec_options *options, struct value_doc *doc,
		  struct buf *out, struct err *err);

#endif
