/*
 * The value model of serialize: what every format is read into and written
 * from. It holds more than any one format does (integers of any length, text
 * with lone surrogates, tuples, sets, keys of any scalar kind, shared and even
 * cyclic nodes), so that a loss can only happen where a format is written, and
 * is noticed there.
 *
 * A `struct value` is a small handle, passed by value. Scalars lie in it; text
 * and containers are nodes in the document's arena, and two handles with the
 * same node are the same object (what Python's `is` says of them, which decides
 * the bytes of a pickle). Everything is freed with the arena, at once.
 *
 * Nothing here recurses: depth is bounded by limits, not by the C stack.
 */
#ifndef CHERRY_VALUE_H
#define CHERRY_VALUE_H

#include "cherry/buf.h"
#include "cherry/err.h"

struct arena;

enum value_kind {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,	 /* fits int64 */
	VALUE_BIG,	 /* any other integer, as decimal text */
	VALUE_DOUBLE,	 /* binary64, with nan, the infinities and -0.0 */
	VALUE_TEXT,	 /* UTF-8, in which lone surrogates are let through */
	VALUE_BYTES,	 /* a byte string */
	VALUE_BYTEARRAY, /* Python's mutable one */
	VALUE_LIST,
	VALUE_TUPLE,
	VALUE_SET,
	VALUE_FROZENSET,
	VALUE_MAP /* ordered; items are key, value, key, value ... */
};

/* Bytes of a text, a byte string or the digits of a VALUE_BIG. */
struct value_text {
	uint32_t len;
	uint32_t mark; /* scratch of whoever walks the document */
	char bytes[];  /* and a NUL that is not counted */
};

/* Items of a container. */
struct value_seq {
	struct value *items;
	uint32_t count; /* handles in `items`: twice the pairs of a map */
	uint32_t cap;
	uint32_t mark; /* scratch, as above */
	/* Tuple, frozenset: agrees with value_equal; 0 if it cannot be a key. */
	uint64_t hash;
};

struct value {
	uint8_t kind; /* enum value_kind */
	union {
		bool boolean;
		int64_t integer;
		double number;
		struct value_text *text; /* BIG, TEXT, BYTES, BYTEARRAY */
		struct value_seq *seq;	 /* LIST to MAP */
	};
};

#define VALUE_RECENT 64 /* keys that are found again fast */

/*
 * A document: a root and the memory of its nodes. `arena` belongs to the
 * caller and outlives the document; several may share one.
 */
struct value_doc {
	struct arena *arena;
	struct value root;
	/* Some node may stand in several places: set by readers of formats
	 * that have references, which then call value_measure. */
	bool shared;
	bool cyclic; /* found by value_measure */
	/* What is shared stands for copies: a writer that could keep it shared
	 * writes copies too. */
	bool copied;
	/* Found by value_measure: values as they are, values and bytes if every
	 * shared node were copied (saturating). */
	uint64_t own_values;
	uint64_t expanded_values, expanded_bytes;
	uint32_t marks; /* marks up to this one have been used */
	/* Keys that are text do not all come from value_key: equal ones may be
	 * several nodes. */
	bool loose_keys;
	char *slab, *slab_end; /* memory for small nodes */
	/* Equal keys, by content: what value_key gave out. */
	struct value_text **keys;
	uint32_t key_count, key_size;
	/* Some of them, found without a hash of the whole key. */
	struct value_text *recent[VALUE_RECENT];
};

/* An empty document (null) in the arena. Allocates nothing yet. */
void value_doc_init(struct value_doc *doc, struct arena *arena);

/* --- Making values --------------------------------------------------------
 *
 * Functions that allocate return -1 when the arena is full, and fill `err`
 * (ERR_LIMIT, reason "size").
 */
static inline struct value value_null(void)
{
	return (struct value){.kind = VALUE_NULL};
}

static inline struct value value_bool(bool boolean)
{
	return (struct value){.kind = VALUE_BOOL, .boolean = boolean};
}

static inline struct value value_int(int64_t integer)
{
	return (struct value){.kind = VALUE_INT, .integer = integer};
}

static inline struct value value_double(double number)
{
	return (struct value){.kind = VALUE_DOUBLE, .number = number};
}

/* An unsigned integer: VALUE_INT where it fits. */
int value_uint(struct value_doc *doc, uint64_t integer, struct value *out,
	       struct err *err) MUST_CHECK;

/*
 * An integer from decimal text: an optional '-' or '+', then digits; leading
 * zeros are allowed and dropped. More than `max_digits` digits is ERR_LIMIT,
 * anything else than digits ERR_BAD_INPUT "syntax".
 */
int value_decimal(struct value_doc *doc, struct slice text, size_t max_digits,
		  struct value *out, struct err *err) MUST_CHECK;

/*
 * A node of `kind` (VALUE_TEXT, VALUE_BYTES, VALUE_BYTEARRAY) with a copy of
 * the bytes. Whether a text's bytes are UTF-8 is the caller's business.
 */
int value_text(struct value_doc *doc, enum value_kind kind, struct slice bytes,
	       struct value *out, struct err *err) MUST_CHECK;

/* The same for a map's key that is text: equal keys become one node. */
int value_key(struct value_doc *doc, struct slice bytes, struct value *out,
	      struct err *err) MUST_CHECK;

/* A list, set or map with room for `cap` handles and none in it. */
int value_seq(struct value_doc *doc, enum value_kind kind, uint32_t cap,
	      struct value *out, struct err *err) MUST_CHECK;

/*
 * A container with a copy of `count` handles (a map: key, value, ...). Tuples
 * and frozensets are made here, whole, so that they can hash themselves: what
 * is in them exists already.
 */
int value_seq_of(struct value_doc *doc, enum value_kind kind,
		 const struct value *items, uint32_t count, struct value *out,
		 struct err *err) MUST_CHECK;

/* Appends handles; a map takes its keys and values in turn. */
int value_extend(struct value_doc *doc, struct value_seq *seq,
		 const struct value *items, uint32_t count,
		 struct err *err) MUST_CHECK;
int value_append(struct value_doc *doc, struct value_seq *seq,
		 struct value item, struct err *err) MUST_CHECK;

/*
 * Settles equal keys of a map or equal items of a set, as a Python dict or set
 * does: the last value wins at the place of the first key; 1, 1.0 and true are
 * the same key. With `unique`, equal keys are ERR_BAD_INPUT "duplicate". A key
 * that cannot be one (a list, a map, a set, a bytearray, or a tuple with such
 * a thing inside) is ERR_BAD_INPUT "key".
 */
int value_settle(struct value_doc *doc, enum value_kind kind,
		 struct value_seq *seq, bool unique,
		 struct err *err) MUST_CHECK;

/* --- Looking -------------------------------------------------------------- */

static inline bool value_is_text(struct value value)
{
	return value.kind >= VALUE_TEXT && value.kind <= VALUE_BYTEARRAY;
}

static inline bool value_is_seq(struct value value)
{
	return value.kind >= VALUE_LIST;
}

/* The bytes of a BIG, TEXT, BYTES or BYTEARRAY. */
static inline struct slice value_bytes(struct value value)
{
	return (struct slice){value.text->bytes, value.text->len};
}

/* "a list", "an integer", ... for messages. */
const char *value_kind_name(enum value_kind kind);

/* Does a non-negative integer fit 64 bits? INT and BIG. */
bool value_get_uint(struct value value, uint64_t *out);

/*
 * Equal as Python's == says: 1, 1.0 and true are, nan equals nothing. For what
 * can be a key; lists and maps are equal only to themselves. 1 or 0; -1 where
 * finding out takes too many steps (nodes that share nodes).
 */
int value_equal(struct value a, struct value b);

/* Can it be a key or an item of a set? */
bool value_is_key(struct value value);

/* Hash that agrees with value_equal. */
uint64_t value_hash(struct value value);

/*
 * Walks the document once, however often its nodes are shared: fills `cyclic`
 * and the counts of values and bytes. ERR_LIMIT "depth" (reason "depth")
 * where something nests more than `max_depth` deep.
 */
int value_measure(struct value_doc *doc, size_t max_depth,
		  struct err *err) MUST_CHECK;

#endif
