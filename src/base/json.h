/*
 * JSON, read exactly (RFC 8259): a validating skipper, a pull reader and a
 * tree. Numbers stay text, strings stay raw until asked for; UTF-8 is checked;
 * nothing recurses; depth is bounded by the caller.
 *
 * Every failure is ERR_BAD_INPUT with reason "syntax", "truncated",
 * "trailing", "encoding", "duplicate" or ERR_LIMIT with limit "depth" (and
 * reason "depth") or "memory", and the offset of the byte. Callers turn
 * the code into their own (bad_json, bad_args).
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/arena.h"
#include "cherry/buf.h"
#include "cherry/err.h"

#define JSON_DEPTH_MAX 10240 /* ceiling of any max_depth below */

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/* "a number", "an object", ... for messages. */
const char *json_type_name(enum json_type type);

/* One value in place. `raw` covers it whole, quotes and brackets included. */
struct json_span {
	enum json_type type;
	bool escaped; /* a string with at least one backslash */
	struct slice raw;
};

/*
 * Checks that `text` is one JSON value (white space around it allowed) nested
 * at most `max_depth` deep, and says where it lies. 0, or -1.
 */
int json_check(struct slice text, size_t max_depth, struct json_span *span,
	       struct err *err);

/* --- Members of one object, without a tree --------------------------------
 *
 *	struct json_members it;
 *	if (json_members_init(&it, text, 512, err)) ...   text is not an object
 *	while ((r = json_members_next(&it, &m, err)) > 0) ...
 *	if (r < 0) ...                                    malformed
 *
 * Values are validated whole. After the last member, what follows the object
 * has been checked to be white space.
 */
struct json_member {
	struct slice key; /* between the quotes, raw */
	bool key_escaped;
	struct json_span value;
};

struct json_members {
	struct slice text;
	size_t pos;
	size_t max_depth;
	bool first;
	bool done;
};

int json_members_init(struct json_members *it, struct slice text,
		      size_t max_depth, struct err *err);
int json_members_next(struct json_members *it, struct json_member *member,
		      struct err *err);

/* --- Pull reader ----------------------------------------------------------
 *
 * Events of one value in document order. The reader checks structure, strings
 * and numbers; after the outermost value ends, JSON_EV_DONE is returned once
 * the rest has been checked to be white space.
 */
enum json_event {
	JSON_EV_ERROR = -1,
	JSON_EV_DONE,
	JSON_EV_VALUE, /* null, bool, number, string: see `span` */
	JSON_EV_KEY,   /* a member's key: `span` is its string */
	JSON_EV_BEGIN, /* span.type is JSON_ARRAY or JSON_OBJECT */
	JSON_EV_END    /* likewise */
};

struct json_reader {
	const char *begin, *pos, *end;
	struct json_span span; /* of the last event */
	size_t depth, max_depth;
	int state;
	uint64_t objects[JSON_DEPTH_MAX / 64]; /* bit: level is an object */
};

/* `text` must outlive the reader. max_depth is at most JSON_DEPTH_MAX. */
void json_reader_init(struct json_reader *reader, struct slice text,
		      size_t max_depth);
enum json_event json_reader_next(struct json_reader *reader, struct err *err);

/* --- Strings and numbers -------------------------------------------------- */

/*
 * Decodes a string span (quotes included in `raw`) and appends it to `out`.
 * A lone surrogate becomes WTF-8 (three bytes) if `surrogates`, else an error
 * of reason "encoding", its offset counted from the opening quote. 0, or -1
 * (`out->failed` tells the cap apart).
 */
int json_string_decode(const struct json_span *span, bool surrogates,
		       struct buf *out, struct err *err);

/* A number span as int64: 0, or -1 if it has a fraction, an exponent or is
 * out of range. "-0" is 0. */
int json_number_int64(struct slice raw, int64_t *out);

/* A number span as the nearest double, whatever the locale; infinities where
 * it is out of range. */
double json_number_double(struct slice raw);

/* --- Tree -----------------------------------------------------------------
 *
 * Nodes and decoded strings lie in the arena; `raw` points into the text,
 * which must outlive the tree. Members keep their order.
 */
struct json_node {
	enum json_type type;
	bool surrogates;	 /* `text` or `key` holds lone surrogates */
	uint32_t count;		 /* children */
	struct slice key;	 /* decoded, if a member of an object */
	struct slice text;	 /* decoded string, or the number as written */
	struct slice raw;	 /* the whole value as written */
	struct json_node *child; /* first */
	struct json_node *next;	 /* sibling */
};

/*
 * Reads one value. With `unique`, a key given twice in one object is an error
 * of reason "duplicate" (offset of the second). NULL on failure.
 */
struct json_node *json_parse(struct arena *arena, struct slice text,
			     size_t max_depth, bool unique, struct err *err);

/* The member of that key, or NULL. Linear. */
struct json_node *json_get(const struct json_node *object, const char *key);

/* --- Writing -------------------------------------------------------------- */

/* Appends `text` as a JSON string. Bytes that are not UTF-8 become U+FFFD,
 * so that what cherry writes is always JSON; check first where that matters. */
int json_put_string(struct buf *out, struct slice text);
int json_put_int(struct buf *out, int64_t value);
/* Shortest digits that read back as the same double; nan and infinities are
 * not JSON: -1, and `failed` sticks. */
int json_put_double(struct buf *out, double value);
/* `"key":`, with a comma first unless the buffer ends in '{' or '['. */
int json_put_key(struct buf *out, const char *key);
/* A comma unless the buffer ends in '{', '[' or ':'. */
int json_put_comma(struct buf *out);

#endif
