/*
 * Events of an XML document for the formats made of it, and escaping. The
 * parser is src/markup's.
 */
#include "codec/xml.h"

#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "codec/fail.h"
#include "codec/float.h"

#define EVENT_MEMORY ((size_t)256 << 20)

/* The parser's reasons are more than a codec's classes. */
static int wrap_error(struct err *err)
{
	const char *class = NULL;

	if (!err)
		return -1;
	if (err->code == ERR_LIMIT)
		class = strcmp(err->limit, "depth") ? "size" : "depth";
	else if (!strcmp(err->reason, "entities"))
		class = "unsafe";
	else if (!strcmp(err->reason, "control"))
		class = "syntax";
	if (class)
		memcpy(err->reason, class, strlen(class) + 1);
	return -1;
}

int xml_reader_init(struct xml_reader *xml, const struct codec_options *options,
		    struct slice input, size_t levels, struct value_doc *doc,
		    struct err *err)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	size_t depth = (options->max_depth + 2) * levels + 4;

	*xml = (struct xml_reader){.size = input.len};
	arena_init(&xml->arena, EVENT_MEMORY);
	build_init(&xml->build, options, doc);
	buf_init(&xml->scratch, input.len + 16);
	limits.depth = (uint32_t)depth;
	if (!input.len)
		return fail_read(err, "truncated", 0, "the input is empty");
	if (markup_xml_events(&xml->arena, input, false, &limits, &xml->events,
			      err))
		return wrap_error(err);
	return 0;
}

void xml_reader_release(struct xml_reader *xml)
{
	arena_release(&xml->arena);
	buf_release(&xml->scratch);
	build_release(&xml->build);
}

int xml_fail(const struct xml_reader *xml, struct err *err, const char *message)
{
	size_t offset = xml->at < xml->events.count
				? xml->events.list[xml->at].offset
				: xml->size;
	return fail_read(err, "syntax", (int64_t)offset, "%s", message);
}

static bool is_blank(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!memchr(" \t\r\n", text.ptr[i], 4))
			return false;
	return true;
}

const struct markup_event *xml_peek(struct xml_reader *xml)
{
	for (; xml->at < xml->events.count; xml->at++) {
		const struct markup_event *event = &xml->events.list[xml->at];
		if (event->kind == MARKUP_EV_START ||
		    event->kind == MARKUP_EV_END ||
		    (event->kind == MARKUP_EV_TEXT && !is_blank(event->text)))
			return event;
	}
	return NULL;
}

static bool take(struct xml_reader *xml, enum markup_event_kind kind,
		 const char *name)
{
	const struct markup_event *event = xml_peek(xml);

	if (!event || event->kind != kind || !slice_is(event->name, name))
		return false;
	xml->at++;
	return true;
}

bool xml_take_start(struct xml_reader *xml, const char *name)
{
	return take(xml, MARKUP_EV_START, name);
}

bool xml_take_end(struct xml_reader *xml, const char *name)
{
	return take(xml, MARKUP_EV_END, name);
}

static int fail_need(struct xml_reader *xml, const char *slash,
		     const char *name, struct err *err)
{
	char message[80];

	snprintf(message, sizeof(message), "<%s%s> is missing", slash, name);
	return xml_fail(xml, err, message);
}

int xml_need_start(struct xml_reader *xml, const char *name, struct err *err)
{
	return xml_take_start(xml, name) ? 0 : fail_need(xml, "", name, err);
}

int xml_need_end(struct xml_reader *xml, const char *name, struct err *err)
{
	return xml_take_end(xml, name) ? 0 : fail_need(xml, "/", name, err);
}

int xml_take_text(struct xml_reader *xml, const char *name, struct slice *out,
		  struct err *err)
{
	buf_clear(&xml->scratch);
	for (; xml->at < xml->events.count; xml->at++) {
		const struct markup_event *event = &xml->events.list[xml->at];
		if (event->kind == MARKUP_EV_START)
			return xml_fail(xml, err,
					"an element stands where only text "
					"may");
		if (event->kind == MARKUP_EV_TEXT)
			buf_add_slice(&xml->scratch, event->text);
		if (event->kind == MARKUP_EV_END)
			break;
	}
	if (xml->scratch.failed)
		return fail_output(err, &xml->scratch);
	*out = slice_of(xml->scratch.len ? xml->scratch.ptr : "",
			xml->scratch.len);
	return xml_need_end(xml, name, err);
}

static struct slice trim(struct slice text)
{
	while (text.len && memchr(" \t\r\n", *text.ptr, 4))
		text = slice_of(text.ptr + 1, text.len - 1);
	while (text.len && memchr(" \t\r\n", text.ptr[text.len - 1], 4))
		text.len--;
	return text;
}

int xml_read_integer(struct xml_reader *xml, struct slice text,
		     struct value *out, struct err *err)
{
	return value_decimal(xml->build.doc, trim(text),
			     xml->build.options->max_digits, out, err);
}

int xml_read_double(struct xml_reader *xml, struct slice text,
		    struct value *out, struct err *err)
{
	double number;

	text = trim(text);
	if (float_parse(text, &number))
		return xml_fail(xml, err, "a number is malformed");
	char last = text.ptr[text.len - 1];
	if (isinf(number) && ((last >= '0' && last <= '9') || last == '.'))
		return fail_read(err, "range", -1,
				 "a number is too large for a double");
	*out = value_double(number);
	return 0;
}

int xml_read_base64(struct xml_reader *xml, struct slice text,
		    struct value *out, struct err *err)
{
	struct buf plain, bytes;

	buf_init(&plain, text.len + 1);
	buf_init(&bytes, text.len + 1);
	for (size_t i = 0; i < text.len; i++)
		if (!memchr(" \t\r\n", text.ptr[i], 4))
			buf_add_char(&plain, text.ptr[i]);
	int r = base64_decode(&bytes, buf_slice(&plain), NULL)
			? xml_fail(xml, err, "the data is not base64")
			: value_text(xml->build.doc, VALUE_BYTES,
				     buf_slice(&bytes), out, err);
	buf_release(&plain);
	buf_release(&bytes);
	return r;
}

bool xml_is_text(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
			return false;
		/* U+FFFE and U+FFFF are no characters of XML. */
		if (c == 0xef && i + 2 < text.len &&
		    (unsigned char)text.ptr[i + 1] == 0xbf &&
		    (unsigned char)text.ptr[i + 2] >= 0xbe)
			return false;
	}
	return true;
}

int xml_put_text(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len;) {
		size_t run = i;
		while (run < text.len && !memchr("&<>\r", text.ptr[run], 4))
			run++;
		buf_add(out, text.ptr + i, run - i);
		i = run;
		if (i == text.len)
			break;
		char c = text.ptr[i++];
		buf_add_text(out, c == '&'   ? "&amp;"
				  : c == '<' ? "&lt;"
				  : c == '>' ? "&gt;"
					     : "&#13;");
	}
	return out->failed ? -1 : 0;
}
