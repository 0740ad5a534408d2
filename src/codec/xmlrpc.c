/*
 * XML-RPC's values, written as Python's xmlrpc.client.dumps writes one
 * parameter (with nil). Read: params alone, or inside of methodCall or
 * methodResponse, with exactly one parameter. Dates are refused.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "base/text.h"
#include "codec/codecs.h"
#include "codec/decimal.h"
#include "codec/fail.h"
#include "codec/walk.h"
#include "codec/xml.h"

#define FORMAT	    "xmlrpc"
#define LINE_BASE64 57 /* bytes of a line of base64 */

/* --- Reading -------------------------------------------------------------- */

/* A scalar whose element has just begun. */
static int read_scalar(struct xml_reader *xml, struct slice name,
		       struct value *out, struct err *err)
{
	static const char *const names[] = {"string",  "int",	 "i4",
					    "i8",      "double", "base64",
					    "boolean", "nil"};
	struct slice text = {0};
	size_t i = 0;

	while (i < 8 && !slice_is(name, names[i]))
		i++;
	if (slice_is(name, "dateTime.iso8601"))
		return fail_read(err, "type", -1, "a date cannot be read");
	if (i == 8)
		return xml_fail(xml, err, "an element is no value's type");
	if (xml_take_text(xml, names[i], &text, err))
		return -1;
	switch (i) {
	case 0:
		return value_text(xml->build.doc, VALUE_TEXT, text, out, err);
	case 1:
	case 2:
	case 3:
		return xml_read_integer(xml, text, out, err);
	case 4:
		return xml_read_double(xml, text, out, err);
	case 5:
		return xml_read_base64(xml, text, out, err);
	case 6:
		if (!slice_is(text, "0") && !slice_is(text, "1"))
			return xml_fail(xml, err,
					"a boolean is neither 0 nor 1");
		*out = value_bool(*text.ptr == '1');
		return 0;
	default:
		if (text.len)
			return xml_fail(xml, err, "nil has text in it");
		*out = value_null();
		return 0;
	}
}

/* Text without a type is a string; white space before a type is nothing. */
static bool is_bare(const struct xml_reader *xml)
{
	size_t at = xml->at;

	while (at < xml->events.count &&
	       xml->events.list[at].kind != MARKUP_EV_START &&
	       xml->events.list[at].kind != MARKUP_EV_END)
		at++;
	return at < xml->events.count &&
	       xml->events.list[at].kind == MARKUP_EV_END;
}

/* Behind <value>: a value up to its end tag, or the beginning (1) of a
 * container. */
static int read_value(struct xml_reader *xml, struct value *out,
		      struct err *err)
{
	struct slice text = {0};

	if (is_bare(xml))
		return xml_take_text(xml, "value", &text, err) ||
				       value_text(xml->build.doc, VALUE_TEXT,
						  text, out, err)
			       ? -1
			       : 0;
	const struct markup_event *event = xml_peek(xml);
	if (!event || event->kind != MARKUP_EV_START)
		return xml_fail(xml, err, "a value mixes text and elements");
	xml->at++;
	if (slice_is(event->name, "array"))
		return xml_need_start(xml, "data", err) ||
				       build_open(&xml->build, VALUE_LIST, 0,
						  err)
			       ? -1
			       : 1;
	if (slice_is(event->name, "struct"))
		return build_open(&xml->build, VALUE_MAP, 0, err) ? -1 : 1;
	if (read_scalar(xml, event->name, out, err))
		return -1;
	return xml_need_end(xml, "value", err);
}

static int read_key(struct xml_reader *xml, struct value *out, struct err *err)
{
	struct slice text = {0};

	if (xml_need_start(xml, "member", err) ||
	    xml_need_start(xml, "name", err) ||
	    xml_take_text(xml, "name", &text, err))
		return -1;
	return value_key(xml->build.doc, text, out, err);
}

static int close_top(struct xml_reader *xml, bool map, struct value *out,
		     struct err *err)
{
	if ((!map && xml_need_end(xml, "array", err)) ||
	    xml_need_end(xml, "value", err))
		return -1;
	return build_close(&xml->build, false, out, err);
}

/* What comes next in the container on top. */
static int read_next(struct xml_reader *xml, struct value *out, struct err *err)
{
	const struct build *build = &xml->build;

	if (build->depth) {
		bool map = build_top(build)->kind == VALUE_MAP;
		bool key = (build->count - build_top(build)->start) % 2 == 0;
		/* A member ends with its value, which has been added. */
		if (map && key && build->count > build_top(build)->start &&
		    build_top(build)->left == 1) {
			if (xml_need_end(xml, "member", err))
				return -1;
			build_top(build)->left = 0;
		}
		if ((!map || key) && xml_take_end(xml, map ? "struct" : "data"))
			return close_top(xml, map, out, err);
		if (map && key) {
			build_top(build)->left = 1;
			return read_key(xml, out, err);
		}
	}
	if (xml_need_start(xml, "value", err))
		return -1;
	return read_value(xml, out, err);
}

static int read_root(struct xml_reader *xml, struct err *err)
{
	struct value value = value_null();
	int r;

	if (xml_need_start(xml, "params", err) ||
	    xml_need_start(xml, "param", err))
		return -1;
	do {
		r = read_next(xml, &value, err);
		if (r == 0)
			r = build_add(&xml->build, value, err);
	} while (r == 1 || (r == 0 && xml->build.depth));
	if (r || xml_need_end(xml, "param", err))
		return -1;
	return xml_need_end(xml, "params", err);
}

static int read_all(struct xml_reader *xml, struct err *err)
{
	struct slice text = {0};

	if (xml_take_start(xml, "methodCall")) {
		if (xml_need_start(xml, "methodName", err) ||
		    xml_take_text(xml, "methodName", &text, err) ||
		    read_root(xml, err))
			return -1;
		return xml_need_end(xml, "methodCall", err);
	}
	if (xml_take_start(xml, "methodResponse")) {
		if (read_root(xml, err))
			return -1;
		return xml_need_end(xml, "methodResponse", err);
	}
	return read_root(xml, err);
}

static int xmlrpc_decode(const struct codec_options *options,
			 struct slice input, struct value_doc *doc,
			 struct codec_found *found, struct err *err)
{
	struct xml_reader xml;

	(void)found;
	int r = xml_reader_init(&xml, options, input, 3, doc, err);
	if (!r)
		r = read_all(&xml, err);
	if (!r)
		doc->root = xml.build.items[0];
	xml_reader_release(&xml);
	return r;
}

/* --- Writing -------------------------------------------------------------- */

struct xmlrpc_writer {
	const struct codec_options *options;
	struct buf *out;
	struct walk walk;
};

static int put_text(struct xmlrpc_writer *xmlrpc, struct slice text,
		    struct err *err)
{
	if (text_has_surrogate(text))
		return walk_fail_surrogate(&xmlrpc->walk, err, FORMAT);
	if (!xml_is_text(text))
		return walk_fail(&xmlrpc->walk, err, "encoding",
				 "text with control characters cannot be "
				 "written as xmlrpc");
	return xml_put_text(xmlrpc->out, text);
}

static int put_integer(struct xmlrpc_writer *xmlrpc, struct value value,
		       struct err *err)
{
	if (value.kind != VALUE_INT || value.integer < INT32_MIN ||
	    value.integer > INT32_MAX)
		return walk_fail_range(&xmlrpc->walk, err,
				       "an integer past 32 bits", FORMAT);
	return buf_printf(xmlrpc->out, "<value><int>%d</int></value>\n",
			  (int)value.integer);
}

/* nan and the infinities are no numbers of XML-RPC; Python writes them. */
static int put_double(struct xmlrpc_writer *xmlrpc, double number,
		      struct err *err)
{
	char text[DOUBLE_TEXT_MAX];

	if (!isfinite(number) && !xmlrpc->options->lossy)
		return walk_fail_range(&xmlrpc->walk, err,
				       isnan(number) ? "nan" : "an infinity",
				       FORMAT);
	double_repr(number, text);
	return buf_printf(xmlrpc->out, "<value><double>%s</double></value>\n",
			  text);
}

static int put_base64(struct buf *out, struct slice bytes)
{
	buf_add_text(out, "<value><base64>\n");
	for (size_t at = 0; at < bytes.len; at += LINE_BASE64) {
		size_t len = bytes.len - at < LINE_BASE64 ? bytes.len - at
							  : LINE_BASE64;
		base64_encode(out, slice_of(bytes.ptr + at, len));
		buf_add_char(out, '\n');
	}
	return buf_add_text(out, "</base64></value>\n");
}

static int put_open(struct xmlrpc_writer *xmlrpc, struct value value,
		    struct err *err)
{
	if (value.kind == VALUE_SET || value.kind == VALUE_FROZENSET)
		return walk_fail_kind(&xmlrpc->walk, err,
				      (enum value_kind)value.kind, FORMAT);
	buf_add_text(xmlrpc->out, value.kind == VALUE_MAP
					  ? "<value><struct>\n"
					  : "<value><array><data>\n");
	return walk_push(&xmlrpc->walk, value, err);
}

static int put_value(struct xmlrpc_writer *xmlrpc, struct value value,
		     struct err *err)
{
	struct buf *out = xmlrpc->out;

	switch (value.kind) {
	case VALUE_NULL:
		return buf_add_text(out, "<value><nil/></value>");
	case VALUE_BOOL:
		return buf_printf(out, "<value><boolean>%d</boolean></value>\n",
				  value.boolean);
	case VALUE_INT:
	case VALUE_BIG:
		return put_integer(xmlrpc, value, err);
	case VALUE_DOUBLE:
		return put_double(xmlrpc, value.number, err);
	case VALUE_TEXT:
		buf_add_text(out, "<value><string>");
		if (put_text(xmlrpc, value_bytes(value), err))
			return -1;
		return buf_add_text(out, "</string></value>\n");
	case VALUE_BYTES:
	case VALUE_BYTEARRAY:
		return put_base64(out, value_bytes(value));
	default:
		return put_open(xmlrpc, value, err);
	}
}

/* Ends what is through, then a member's name. 1 with the next value, 0 at the
 * end. */
static int next_value(struct xmlrpc_writer *xmlrpc, struct value *value,
		      struct err *err)
{
	struct walk *walk = &xmlrpc->walk;
	struct buf *out = xmlrpc->out;

	if (walk->depth && walk_top(walk)->kind == VALUE_MAP &&
	    walk_top(walk)->at && !value_is_seq(*value))
		buf_add_text(out, "</member>\n");
	while (walk->depth && walk_top(walk)->at == walk_top(walk)->count) {
		unsigned kind = walk_top(walk)->kind;
		walk->depth--;
		buf_add_text(out, kind == VALUE_MAP
					  ? "</struct></value>\n"
					  : "</data></array></value>\n");
		if (walk->depth && walk_top(walk)->kind == VALUE_MAP)
			buf_add_text(out, "</member>\n");
	}
	if (!walk->depth)
		return 0;
	struct walk_frame *top = walk_top(walk);
	*value = walk_next(walk);
	if (top->kind != VALUE_MAP)
		return 1;
	if (value->kind != VALUE_TEXT)
		return walk_fail_key(walk, err, (enum value_kind)value->kind,
				     FORMAT);
	buf_add_text(out, "<member>\n<name>");
	if (put_text(xmlrpc, value_bytes(*value), err))
		return -1;
	buf_add_text(out, "</name>\n");
	*value = walk_next(walk);
	return 1;
}

static int xmlrpc_encode(const struct codec_options *options,
			 struct value_doc *doc, struct buf *out,
			 struct err *err)
{
	struct xmlrpc_writer xmlrpc = {.options = options, .out = out};
	struct value value = doc->root;
	int r;

	walk_init(&xmlrpc.walk, options->max_depth);
	buf_add_text(out, "<params>\n<param>\n");
	do {
		r = put_value(&xmlrpc, value, err);
		if (!r)
			r = next_value(&xmlrpc, &value, err);
	} while (r == 1 && !out->failed);
	walk_release(&xmlrpc.walk);
	return r ? -1 : buf_add_text(out, "</param>\n</params>\n");
}

const struct codec codec_xmlrpc = {
	.name = "xmlrpc",
	.summary = "values of XML-RPC",
	.decode = xmlrpc_decode,
	.encode = xmlrpc_encode,
};
