/*
 * Reads JSON into values: integers of any length exactly, everything with a
 * fraction or an exponent as the nearest double, lone surrogates kept. The
 * grammar is base's reader; what is here is the values.
 */
#include <math.h>

#include "base/json.h"
#include "codec/build.h"
#include "codec/fail.h"
#include "codec/json.h"

#define GUESSES 32

struct json_decoder {
	struct json_reader reader;
	struct build build;
	struct buf scratch; /* a string without its escapes */
	/* Keys by their place in an object: records are alike, so that the key
	 * at a place is mostly the one that stood there last. */
	struct value_text *guesses[GUESSES];
};

/* The bytes of the string of the last event; valid until the next one. */
static int read_string(struct json_decoder *json, struct slice *out,
		       struct err *err)
{
	const struct json_span *span = &json->reader.span;

	if (!span->escaped) {
		*out = slice_of(span->raw.ptr + 1, span->raw.len - 2);
		return 0;
	}
	buf_clear(&json->scratch);
	if (json_string_decode(span, true, &json->scratch, err))
		return json->scratch.failed ? fail_output(err, &json->scratch)
					    : -1;
	*out = buf_slice(&json->scratch);
	if (!out->ptr)
		out->ptr = "";
	return 0;
}

static bool is_integer(struct slice raw)
{
	for (size_t i = 0; i < raw.len; i++)
		if (raw.ptr[i] == '.' || raw.ptr[i] == 'e' || raw.ptr[i] == 'E')
			return false;
	return true;
}

/*
 * What most numbers are: up to 18 digits, or up to 15 with a point among them.
 * Both the digits and the power of ten are exact doubles then, and their
 * quotient is rounded once, correctly (Clinger, "How to read floating point
 * numbers accurately", 1990).
 */
static bool read_short(struct slice raw, struct value *out)
{
	static const double powers[] = {1e0,  1e1,  1e2,  1e3, 1e4,  1e5,
					1e6,  1e7,  1e8,  1e9, 1e10, 1e11,
					1e12, 1e13, 1e14, 1e15};
	bool negative = *raw.ptr == '-';
	size_t point = 0;
	uint64_t sum = 0;

	if (raw.len - negative > 18)
		return false;
	for (size_t i = negative; i < raw.len; i++) {
		unsigned digit = (unsigned char)raw.ptr[i] - '0';
		if (digit <= 9)
			sum = sum * 10 + digit;
		else if (raw.ptr[i] == '.')
			point = i;
		else
			return false;
	}
	if (!point) {
		*out = value_int(negative ? -(int64_t)sum : (int64_t)sum);
		return true;
	}
	if (raw.len - negative > 16)
		return false;
	double number = (double)sum / powers[raw.len - point - 1];
	*out = value_double(negative ? -number : number);
	return true;
}

static int read_number(struct json_decoder *json, struct value *out,
		       struct err *err)
{
	struct slice raw = json->reader.span.raw;
	int64_t integer;

	if (read_short(raw, out))
		return 0;
	if (json_number_int64(raw, &integer) == 0) {
		*out = value_int(integer);
		return 0;
	}
	if (is_integer(raw)) {
		if (value_decimal(json->build.doc, raw,
				  json->build.options->max_digits, out, err))
			return err_at(err, raw.ptr - json->reader.begin);
		return 0;
	}
	double number = json_number_double(raw);
	if (isinf(number))
		return fail_read(err, "range", raw.ptr - json->reader.begin,
				 "a number is too large for a double");
	*out = value_double(number);
	return 0;
}

static int read_scalar(struct json_decoder *json, struct value *out,
		       struct err *err)
{
	struct slice text;

	switch (json->reader.span.type) {
	case JSON_NULL:
		*out = value_null();
		return 0;
	case JSON_TRUE:
	case JSON_FALSE:
		*out = value_bool(json->reader.span.type == JSON_TRUE);
		return 0;
	case JSON_NUMBER:
		return read_number(json, out, err);
	default:
		if (read_string(json, &text, err))
			return -1;
		return value_text(json->build.doc, VALUE_TEXT, text, out, err);
	}
}

static inline uint64_t load(const char *from, size_t len)
{
	uint64_t word = 0;
	memcpy(&word, from, len);
	return word;
}

/* Equal bytes, without a call for short ones: both ends, which overlap. */
static inline bool is_same(const char *a, const char *b, size_t len)
{
	if (len > 16)
		return memcmp(a, b, len) == 0;
	if (len >= 8)
		return load(a, 8) == load(b, 8) &&
		       load(a + len - 8, 8) == load(b + len - 8, 8);
	if (len >= 4)
		return load(a, 4) == load(b, 4) &&
		       load(a + len - 4, 4) == load(b + len - 4, 4);
	while (len-- > 0)
		if (a[len] != b[len])
			return false;
	return true;
}

static int read_key(struct json_decoder *json, struct value *out,
		    struct err *err)
{
	const struct build *build = &json->build;
	size_t place = (build->count - build_top(build)->start) / 2;
	struct value_text **guess = &json->guesses[place % GUESSES];
	struct slice key;

	if (read_string(json, &key, err))
		return -1;
	if (*guess && (*guess)->len == key.len &&
	    is_same((*guess)->bytes, key.ptr, key.len)) {
		*out = (struct value){.kind = VALUE_TEXT, .text = *guess};
		return 0;
	}
	if (value_key(build->doc, key, out, err))
		return -1;
	*guess = out->text;
	return 0;
}

static int on_end(struct json_decoder *json, struct value *out, struct err *err)
{
	if (!build_close(&json->build, json->build.options->unique, out, err))
		return 0;
	if (err && err->offset < 0)
		err_at(err, json->reader.pos - json->reader.begin);
	return -1;
}

/* One event. 1 at the end of the document. */
static int read_event(struct json_decoder *json, struct err *err)
{
	enum json_event event = json_reader_next(&json->reader, err);
	struct value value;

	switch (event) {
	case JSON_EV_DONE:
		return 1;
	case JSON_EV_BEGIN:
		return build_open(&json->build,
				  json->reader.span.type == JSON_ARRAY
					  ? VALUE_LIST
					  : VALUE_MAP,
				  0, err);
	case JSON_EV_KEY:
		if (read_key(json, &value, err))
			return -1;
		break;
	case JSON_EV_VALUE:
		if (read_scalar(json, &value, err))
			return -1;
		break;
	case JSON_EV_END:
		if (on_end(json, &value, err))
			return -1;
		break;
	default:
		return -1;
	}
	return build_add(&json->build, value, err);
}

int json_decode(const struct codec_options *options, struct slice input,
		struct value_doc *doc, struct codec_found *found,
		struct err *err)
{
	struct json_decoder json;
	int r;

	(void)found;
	memset(json.guesses, 0, sizeof(json.guesses));
	build_init(&json.build, options, doc);
	buf_init(&json.scratch, input.len + 16);
	json_reader_init(&json.reader, input,
			 options->max_depth < JSON_DEPTH_MAX
				 ? options->max_depth
				 : JSON_DEPTH_MAX);
	do
		r = read_event(&json, err);
	while (r == 0);
	if (r == 1)
		doc->root = json.build.items[0];
	else if (err && err->code == ERR_LIMIT && !err->reason[0])
		memcpy(err->reason, "size", sizeof("size"));
	buf_release(&json.scratch);
	build_release(&json.build);
	return r == 1 ? 0 : -1;
}
