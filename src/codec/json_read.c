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

struct json_decoder {
	struct json_reader reader;
	struct build build;
	struct buf scratch; /* a string without its escapes */
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

static int read_number(struct json_decoder *json, struct value *out,
		       struct err *err)
{
	struct slice raw = json->reader.span.raw;
	int64_t integer;

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
	struct slice key;

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
		if (read_string(json, &key, err) ||
		    value_key(json->build.doc, key, &value, err))
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
