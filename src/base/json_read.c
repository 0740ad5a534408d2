/*
 * The JSON reader: strings, numbers, the pull reader, and what is built on it
 * without a tree: the check of a whole text, and the members of one object.
 *
 * One state machine serves all of them. It holds one bit for each level (is it
 * an object?), so nothing recurses and nothing is allocated.
 */
#include "base/json.h"

#include "base/number.h"
#include "base/scan.h"

/* What may come next. */
enum {
	WANT_VALUE,
	WANT_VALUE_OR_END, /* just after '[' */
	WANT_KEY_OR_END,   /* just after '{' */
	WANT_COLON,	   /* after a key */
	WANT_COMMA_OR_END, /* after a value; at level 0: the end */
	STAY_DONE,
	STAY_FAILED
};

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",	     [JSON_FALSE] = "a boolean",
		[JSON_TRUE] = "a boolean",   [JSON_NUMBER] = "a number",
		[JSON_STRING] = "a text",    [JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object",
	};
	return names[type];
}

/* --- Failures ------------------------------------------------------------- */

static enum json_event fail(struct json_reader *reader, struct err *err,
			    const char *reason, const char *at,
			    const char *message)
{
	reader->state = STAY_FAILED;
	err_reason(err, ERR_BAD_INPUT, reason, "%s", message);
	err_at(err, at - reader->begin);
	return JSON_EV_ERROR;
}

/* Something else stands where `wanted` should, or the text ends there. */
static enum json_event fail_at(struct json_reader *reader, struct err *err,
			       const char *at, const char *wanted)
{
	char quoted[16];
	reader->state = STAY_FAILED;
	if (at >= reader->end) {
		err_reason(err, ERR_BAD_INPUT, "truncated",
			   "JSON: the text ends where %s should be", wanted);
	} else {
		size_t width = scan_character(at, reader->end);
		err_quote(quoted, 8, slice_of(at, width ? width : 1));
		err_reason(err, ERR_BAD_INPUT, "syntax",
			   "JSON: \"%s\" where %s should be, at byte %td",
			   quoted, wanted, at - reader->begin);
	}
	err_at(err, at - reader->begin);
	return JSON_EV_ERROR;
}

static enum json_event fail_depth(struct json_reader *reader, struct err *err)
{
	reader->state = STAY_FAILED;
	err_limit(err, "depth", (int64_t)reader->max_depth + 1,
		  "JSON: nested more than %zu deep", reader->max_depth);
	if (err)
		memcpy(err->reason, "depth", sizeof("depth"));
	err_at(err, reader->pos - reader->begin);
	return JSON_EV_ERROR;
}

/* --- Scalars -------------------------------------------------------------- */

static inline bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline const char *skip_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline const char *skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

static bool is_hex(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Past the escape at `p`, which is a backslash; NULL where it is wrong, with
 * *p at the place. */
static const char *skip_escape(const char **place, const char *end)
{
	const char *p = *place + 1;
	*place = p;
	if (p == end)
		return NULL;
	switch (*p) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return p + 1;
	case 'u':
		for (int i = 1; i <= 4; i++) {
			*place = p + i;
			if (p + i == end || !is_hex(p[i]))
				return NULL;
		}
		return p + 5;
	default:
		return NULL;
	}
}

static enum json_event fail_utf8(struct json_reader *reader, struct err *err,
				 const char *at)
{
	/* A character that is cut off by the end is a cut, not rubbish. */
	size_t left = (size_t)(reader->end - at);
	char probe[4] = {(char)0x80, (char)0x80, (char)0x80, (char)0x80};
	if (left < 4) {
		memcpy(probe, at, left);
		if ((unsigned char)at[0] >= 0xc2 &&
		    scan_character(probe, probe + 4) > left)
			return fail_at(reader, err, reader->end,
				       "the rest of a character");
	}
	return fail(reader, err, "encoding", at, "JSON: not UTF-8");
}

/* The string at `pos`, which is a quote. 0 with `span` set, or -1. */
static inline int read_string(struct json_reader *reader, struct err *err)
{
	const char *p = reader->pos + 1, *end = reader->end;
	reader->span.type = JSON_STRING;
	reader->span.escaped = false;

	for (;;) {
		p = scan_special(p, end);
		if (p == end) {
			fail_at(reader, err, end, "the end of a string");
			return -1;
		}
		if (*p == '"')
			break;
		if (*p == '\\') {
			const char *next = skip_escape(&p, end);
			reader->span.escaped = true;
			if (!next) {
				fail_at(reader, err, p, "an escape");
				return -1;
			}
			p = next;
			continue;
		}
		if ((unsigned char)*p < 0x20) {
			fail(reader, err, "syntax", p,
			     "JSON: a control character in a string");
			return -1;
		}
		do {
			size_t width = scan_character(p, end);
			if (!width) {
				fail_utf8(reader, err, p);
				return -1;
			}
			p += width;
		} while (p < end && (unsigned char)*p >= 0x80);
	}
	p++;
	reader->span.raw = slice_of(reader->pos, (size_t)(p - reader->pos));
	reader->pos = p;
	return 0;
}

static inline enum json_event read_number(struct json_reader *reader,
					  struct err *err)
{
	const char *end = reader->end;
	const char *p = reader->pos;
	const char *digits;

	if (*p == '-')
		p++;
	digits = p;
	p = skip_digits(p, end);
	if (p == digits)
		return fail_at(reader, err, p, "a digit");
	if (*digits == '0' && p - digits > 1)
		return fail(reader, err, "syntax", digits,
			    "JSON: a number begins with 0");
	if (p < end && *p == '.') {
		digits = ++p;
		p = skip_digits(p, end);
		if (p == digits)
			return fail_at(reader, err, p, "a digit");
	}
	if (p < end && (*p | 0x20) == 'e') {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		digits = p;
		p = skip_digits(p, end);
		if (p == digits)
			return fail_at(reader, err, p, "a digit");
	}
	reader->span.type = JSON_NUMBER;
	reader->span.escaped = false;
	reader->span.raw = slice_of(reader->pos, (size_t)(p - reader->pos));
	reader->pos = p;
	return JSON_EV_VALUE;
}

static enum json_event read_word(struct json_reader *reader, struct err *err,
				 enum json_type type, struct slice word)
{
	const char *p = reader->pos;
	for (size_t i = 0; i < word.len; i++)
		if (p + i == reader->end || p[i] != word.ptr[i])
			return fail_at(reader, err, p + i, word.ptr);
	reader->span.type = type;
	reader->span.escaped = false;
	reader->span.raw = slice_of(p, word.len);
	reader->pos = p + word.len;
	return JSON_EV_VALUE;
}

/* --- The machine ---------------------------------------------------------- */

void json_reader_init(struct json_reader *reader, struct slice text,
		      size_t max_depth)
{
	/* The bits of the levels are set when a level is entered. */
	reader->begin = text.len ? text.ptr : "";
	reader->pos = reader->begin;
	reader->end = reader->begin + text.len;
	reader->depth = 0;
	reader->max_depth =
		max_depth < JSON_DEPTH_MAX ? max_depth : JSON_DEPTH_MAX;
	reader->state = WANT_VALUE;
}

static inline bool in_object(const struct json_reader *reader)
{
	size_t level = reader->depth - 1;
	return reader->objects[level / 64] >> level % 64 & 1;
}

static inline enum json_event enter(struct json_reader *reader, bool object,
				    struct err *err)
{
	size_t level = reader->depth;
	uint64_t bit = (uint64_t)1 << level % 64;

	if (level >= reader->max_depth)
		return fail_depth(reader, err);
	if (object)
		reader->objects[level / 64] |= bit;
	else
		reader->objects[level / 64] &= ~bit;
	reader->depth++;
	reader->span.type = object ? JSON_OBJECT : JSON_ARRAY;
	reader->span.escaped = false;
	reader->span.raw = slice_of(reader->pos++, 1);
	reader->state = object ? WANT_KEY_OR_END : WANT_VALUE_OR_END;
	return JSON_EV_BEGIN;
}

static inline enum json_event leave(struct json_reader *reader)
{
	reader->span.type = in_object(reader) ? JSON_OBJECT : JSON_ARRAY;
	reader->span.escaped = false;
	reader->span.raw = slice_of(reader->pos++, 1);
	reader->depth--;
	reader->state = WANT_COMMA_OR_END;
	return JSON_EV_END;
}

/* The value that begins at `pos`. */
static inline enum json_event read_value(struct json_reader *reader,
					 struct err *err)
{
	if (reader->pos == reader->end)
		return fail_at(reader, err, reader->pos, "a value");
	reader->state = WANT_COMMA_OR_END;
	switch (*reader->pos) {
	case '"':
		return read_string(reader, err) ? JSON_EV_ERROR : JSON_EV_VALUE;
	case '{':
		return enter(reader, true, err);
	case '[':
		return enter(reader, false, err);
	case 't':
		return read_word(reader, err, JSON_TRUE, SLICE("true"));
	case 'f':
		return read_word(reader, err, JSON_FALSE, SLICE("false"));
	case 'n':
		return read_word(reader, err, JSON_NULL, SLICE("null"));
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return read_number(reader, err);
	default:
		return fail_at(reader, err, reader->pos, "a value");
	}
}

static inline enum json_event read_key(struct json_reader *reader,
				       struct err *err)
{
	if (reader->pos == reader->end || *reader->pos != '"')
		return fail_at(reader, err, reader->pos,
			       "a member's name in quotes");
	if (read_string(reader, err))
		return JSON_EV_ERROR;
	reader->state = WANT_COLON;
	return JSON_EV_KEY;
}

static enum json_event read_end(struct json_reader *reader, struct err *err)
{
	if (reader->pos != reader->end)
		return fail(reader, err, "trailing", reader->pos,
			    "JSON: something follows the value");
	reader->state = STAY_DONE;
	return JSON_EV_DONE;
}

/* After a value inside an array or object. */
static inline enum json_event read_on(struct json_reader *reader,
				      struct err *err)
{
	bool object = in_object(reader);
	char closer = object ? '}' : ']';
	if (reader->pos < reader->end && *reader->pos == closer)
		return leave(reader);
	if (reader->pos == reader->end || *reader->pos != ',')
		return fail_at(reader, err, reader->pos,
			       object ? "a comma or }" : "a comma or ]");
	reader->pos = skip_space(reader->pos + 1, reader->end);
	return object ? read_key(reader, err) : read_value(reader, err);
}

static inline __attribute__((always_inline)) enum json_event next(
	struct json_reader *reader, struct err *err)
{
	const char *end = reader->end;
	reader->pos = skip_space(reader->pos, end);
	switch (reader->state) {
	case WANT_COMMA_OR_END:
		if (reader->depth == 0)
			return read_end(reader, err);
		return read_on(reader, err);
	case WANT_COLON:
		if (reader->pos == end || *reader->pos != ':')
			return fail_at(reader, err, reader->pos, "a colon");
		reader->pos = skip_space(reader->pos + 1, end);
		return read_value(reader, err);
	case WANT_KEY_OR_END:
		if (reader->pos < end && *reader->pos == '}')
			return leave(reader);
		return read_key(reader, err);
	case WANT_VALUE_OR_END:
		if (reader->pos < end && *reader->pos == ']')
			return leave(reader);
		return read_value(reader, err);
	case WANT_VALUE:
		return read_value(reader, err);
	case STAY_DONE:
		return JSON_EV_DONE;
	default:
		err_set(err, ERR_INTERNAL, "JSON: read on after a failure");
		return JSON_EV_ERROR;
	}
}

enum json_event json_reader_next(struct json_reader *reader, struct err *err)
{
	return next(reader, err);
}

/* --- Without a tree ------------------------------------------------------- */

/* Reads the value that the reader is about to begin, whole. */
static int read_whole(struct json_reader *reader, struct json_span *span,
		      struct err *err)
{
	size_t depth = reader->depth;
	enum json_event event = next(reader, err);
	*span = reader->span;
	while (event != JSON_EV_ERROR && reader->depth > depth)
		event = next(reader, err);
	if (event == JSON_EV_ERROR)
		return -1;
	span->raw.len = (size_t)(reader->pos - span->raw.ptr);
	return 0;
}

int json_check(struct slice text, size_t max_depth, struct json_span *span,
	       struct err *err)
{
	struct json_reader reader;
	json_reader_init(&reader, text, max_depth);
	if (read_whole(&reader, span, err))
		return -1;
	return json_reader_next(&reader, err) == JSON_EV_DONE ? 0 : -1;
}

int json_members_init(struct json_members *it, struct slice text,
		      size_t max_depth, struct err *err)
{
	if (!text.len)
		text.ptr = "";
	const char *end = text.ptr + text.len;
	const char *p = skip_space(text.ptr, end);

	*it = (struct json_members){.text = text, .max_depth = max_depth};
	it->pos = (size_t)(p - text.ptr);
	it->first = true;
	if (p < end && *p == '{' && max_depth > 0)
		return 0;
	/* Broken, or good JSON of another kind: say which. */
	struct json_span span;
	if (json_check(text, max_depth, &span, err))
		return -1;
	err_reason(err, ERR_BAD_INPUT, "syntax", "JSON: %s, not an object",
		   json_type_name(span.type));
	return err_at(err, (int64_t)it->pos);
}

int json_members_next(struct json_members *it, struct json_member *member,
		      struct err *err)
{
	struct json_reader reader;
	if (it->done)
		return 0;
	/* Takes up the reading where it was left: inside the object, at level
	 * 1, after its brace or after a member. */
	json_reader_init(&reader, it->text, it->max_depth);
	reader.pos = it->text.ptr + it->pos;
	reader.objects[0] = 1;
	if (it->first) {
		reader.pos++;
		reader.state = WANT_KEY_OR_END;
		it->first = false;
	} else {
		reader.state = WANT_COMMA_OR_END;
	}
	reader.depth = 1;

	enum json_event event = json_reader_next(&reader, err);
	if (event == JSON_EV_END)
		event = json_reader_next(&reader, err);
	if (event == JSON_EV_ERROR || event == JSON_EV_DONE) {
		it->done = true;
		return event == JSON_EV_DONE ? 0 : -1;
	}
	struct slice raw = reader.span.raw;
	member->key = slice_of(raw.ptr + 1, raw.len - 2);
	member->key_escaped = reader.span.escaped;
	if (read_whole(&reader, &member->value, err)) {
		it->done = true;
		return -1;
	}
	it->pos = (size_t)(reader.pos - it->text.ptr);
	return 1;
}
