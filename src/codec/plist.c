/*
 * XML property lists, written as Python's plistlib writes them. Dates are
 * refused: no other format has anything to put them in.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "base/text.h"
#include "codec/codecs.h"
#include "codec/decimal.h"
#include "codec/fail.h"
#include "codec/walk.h"
#include "codec/xml.h"

#define FORMAT	 "plist"
#define LINE_MAX 76 /* characters of a line of data */
#define LINE_MIN 16

/* --- Reading -------------------------------------------------------------- */

/* A scalar whose element has just begun. */
static int read_scalar(struct xml_reader *xml, struct slice name,
		       struct value *out, struct err *err)
{
	static const char *const names[] = {"string", "integer", "real",
					    "data",   "true",	 "false"};
	struct value_doc *doc = xml->build.doc;
	struct slice text = {0};
	size_t i = 0;

	while (i < 6 && !slice_is(name, names[i]))
		i++;
	if (slice_is(name, "date"))
		return fail_read(err, "type", -1, "a date cannot be read");
	if (i == 6)
		return xml_fail(xml, err, "an element is no property's");
	if (xml_take_text(xml, names[i], &text, err))
		return -1;
	switch (i) {
	case 0:
		return value_text(doc, VALUE_TEXT, text, out, err);
	case 1:
		return xml_read_integer(xml, text, out, err);
	case 2:
		return xml_read_double(xml, text, out, err);
	case 3:
		return xml_read_base64(xml, text, out, err);
	default:
		if (text.len)
			return xml_fail(xml, err, "a boolean has text in it");
		*out = value_bool(i == 4);
		return 0;
	}
}

/* One element: a value, or the beginning (1) of a container. */
static int read_value(struct xml_reader *xml, struct value *out,
		      struct err *err)
{
	const struct markup_event *event = xml_peek(xml);

	if (!event || event->kind != MARKUP_EV_START)
		return xml_fail(xml, err, "a property is missing");
	xml->at++;
	if (slice_is(event->name, "array"))
		return build_open(&xml->build, VALUE_LIST, 0, err) ? -1 : 1;
	if (slice_is(event->name, "dict"))
		return build_open(&xml->build, VALUE_MAP, 0, err) ? -1 : 1;
	return read_scalar(xml, event->name, out, err);
}

static int read_key(struct xml_reader *xml, struct value *out, struct err *err)
{
	struct slice text = {0};

	if (xml_need_start(xml, "key", err) ||
	    xml_take_text(xml, "key", &text, err))
		return -1;
	return value_key(xml->build.doc, text, out, err);
}

/* What comes next in the container on top. */
static int read_next(struct xml_reader *xml, struct value *out, struct err *err)
{
	const struct build *build = &xml->build;

	if (!build->depth)
		return read_value(xml, out, err);
	bool map = build_top(build)->kind == VALUE_MAP;
	bool key = map && (build->count - build_top(build)->start) % 2 == 0;
	if ((!map || key) && xml_take_end(xml, map ? "dict" : "array"))
		return build_close(&xml->build, false, out, err);
	return key ? read_key(xml, out, err) : read_value(xml, out, err);
}

static int read_all(struct xml_reader *xml, struct err *err)
{
	struct value value = value_null();
	int r;

	if (xml_need_start(xml, "plist", err))
		return -1;
	do {
		r = read_next(xml, &value, err);
		if (r == 0)
			r = build_add(&xml->build, value, err);
	} while (r == 1 || (r == 0 && xml->build.depth));
	return r ? -1 : xml_need_end(xml, "plist", err);
}

static int plist_decode(const struct codec_options *options, struct slice input,
			struct value_doc *doc, struct codec_found *found,
			struct err *err)
{
	struct xml_reader xml;

	(void)found;
	int r = xml_reader_init(&xml, options, input, 1, doc, err);
	if (!r)
		r = read_all(&xml, err);
	if (!r)
		doc->root = xml.build.items[0];
	xml_reader_release(&xml);
	return r;
}

/* --- Writing -------------------------------------------------------------- */

struct plist_writer {
	struct buf *out;
	struct walk walk;
};

static void put_indent(struct plist_writer *plist)
{
	for (size_t i = 0; i < plist->walk.depth; i++)
		buf_add_char(plist->out, '\t');
}

static void put_line(struct plist_writer *plist, const char *line)
{
	put_indent(plist);
	buf_add_text(plist->out, line);
	buf_add_char(plist->out, '\n');
}

static void put_element(struct plist_writer *plist, const char *name,
			struct slice text)
{
	put_indent(plist);
	buf_printf(plist->out, "<%s>", name);
	xml_put_text(plist->out, text);
	buf_printf(plist->out, "</%s>\n", name);
}

static int put_text(struct plist_writer *plist, const char *name,
		    struct slice text, struct err *err)
{
	if (text_has_surrogate(text))
		return walk_fail_surrogate(&plist->walk, err, FORMAT);
	if (!xml_is_text(text))
		return walk_fail(&plist->walk, err, "encoding",
				 "text with control characters cannot be "
				 "written as plist");
	put_element(plist, name, text);
	return 0;
}

/* Lines get shorter with depth: a tab counts as eight. */
static void put_data(struct plist_writer *plist, struct slice bytes)
{
	size_t indent = plist->walk.depth * 8;
	size_t width =
		indent + LINE_MIN < LINE_MAX ? LINE_MAX - indent : LINE_MIN;
	size_t step = width / 4 * 3;

	put_line(plist, "<data>");
	for (size_t at = 0; at < bytes.len; at += step) {
		size_t len = bytes.len - at < step ? bytes.len - at : step;
		put_indent(plist);
		base64_encode(plist->out, slice_of(bytes.ptr + at, len));
		buf_add_char(plist->out, '\n');
	}
	put_line(plist, "</data>");
}

static int put_open(struct plist_writer *plist, struct value value,
		    struct err *err)
{
	bool map = value.kind == VALUE_MAP;

	if (value.kind == VALUE_SET || value.kind == VALUE_FROZENSET)
		return walk_fail_kind(&plist->walk, err,
				      (enum value_kind)value.kind, FORMAT);
	if (!value.seq->count)
		put_line(plist, map ? "<dict/>" : "<array/>");
	else
		put_line(plist, map ? "<dict>" : "<array>");
	return walk_push(&plist->walk, value, err);
}

static int put_integer(struct plist_writer *plist, struct value value,
		       struct err *err)
{
	char digits[DECIMAL_MAX];
	uint64_t n;

	if (value.kind == VALUE_INT) {
		put_element(
			plist, "integer",
			slice_of(digits, decimal_put(digits, value.integer)));
		return 0;
	}
	if (!value_get_uint(value, &n))
		return walk_fail_range(&plist->walk, err,
				       "an integer past 64 bits", FORMAT);
	put_element(plist, "integer", value_bytes(value));
	return 0;
}

static int put_value(struct plist_writer *plist, struct value value,
		     struct err *err)
{
	char text[DOUBLE_TEXT_MAX];

	switch (value.kind) {
	case VALUE_BOOL:
		put_line(plist, value.boolean ? "<true/>" : "<false/>");
		return 0;
	case VALUE_INT:
	case VALUE_BIG:
		return put_integer(plist, value, err);
	case VALUE_DOUBLE:
		put_element(plist, "real",
			    slice_of(text, double_repr(value.number, text)));
		return 0;
	case VALUE_TEXT:
		return put_text(plist, "string", value_bytes(value), err);
	case VALUE_BYTES:
	case VALUE_BYTEARRAY:
		put_data(plist, value_bytes(value));
		return 0;
	case VALUE_NULL:
		return walk_fail_kind(&plist->walk, err, VALUE_NULL, FORMAT);
	default:
		return put_open(plist, value, err);
	}
}

/* Ends what is through, then a key. 1 with the next value, 0 at the end. */
static int next_value(struct plist_writer *plist, struct value *value,
		      struct err *err)
{
	struct walk *walk = &plist->walk;

	while (walk->depth && walk_top(walk)->at == walk_top(walk)->count) {
		struct walk_frame top = *walk_top(walk);
		walk->depth--;
		if (top.count)
			put_line(plist, top.kind == VALUE_MAP ? "</dict>"
							      : "</array>");
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
	if (put_text(plist, "key", value_bytes(*value), err))
		return -1;
	*value = walk_next(walk);
	return 1;
}

static int plist_encode(const struct codec_options *options,
			struct value_doc *doc, struct buf *out, struct err *err)
{
	struct plist_writer plist = {.out = out};
	struct value value = doc->root;
	int r;

	walk_init(&plist.walk, options->max_depth);
	buf_add_text(out,
		     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		     "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
		     "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
		     "<plist version=\"1.0\">\n");
	do {
		r = put_value(&plist, value, err);
		if (!r)
			r = next_value(&plist, &value, err);
	} while (r == 1 && !out->failed);
	walk_release(&plist.walk);
	return r ? -1 : buf_add_text(out, "</plist>\n");
}

const struct codec codec_plist = {
	.name = "plist",
	.summary = "XML property lists, of Apple",
	.decode = plist_decode,
	.encode = plist_encode,
};
