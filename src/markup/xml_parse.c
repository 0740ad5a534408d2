/*
 * XML through libxml2's SAX interface. The options are NONET, NOERROR and
 * NOWARNING: whatever else there is expands or loads. HUGE, which lifts limits,
 * is for callers whose own limit on depth is above libxml2's: it is checked
 * here, entities are refused, and the parser does not recurse.
 */
#include "markup/xml_scan.h"

#include <stdio.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#define DEPTH_DEFAULT 256  /* libxml2's own limit */
#define ENDS_MAX      4096 /* namespaces declared by the open elements */
#define NAMES_KEPT    64   /* a power of two */

/* A name that was met: libxml2 gives equal strings as the same pointer. */
struct reader_name {
	const xmlChar *parts[3]; /* local name, prefix, URI */
	struct slice full, written;
};

struct reader {
	struct arena *arena;
	const struct markup_limits *limits;
	const struct xml_scan *scan;
	struct markup_events *events;
	struct err *err;
	xmlParserCtxtPtr parser;
	size_t size;	 /* of events->list */
	size_t text_cap; /* of the open text's copy; 0: none is open */
	uint32_t depth;
	uint32_t *spaces; /* for each depth: how many its element declares */
	struct slice prefixes[ENDS_MAX];
	uint32_t prefix_count;
	struct reader_name names[NAMES_KEPT];
	bool failed;
};

static size_t position(const struct reader *reader)
{
	xmlParserInputPtr input = reader->parser ? reader->parser->input : NULL;
	size_t at = input ? input->consumed + (size_t)(input->cur - input->base)
			  : 0;

	return xml_scan_offset(reader->scan, at);
}

static void stop(struct reader *reader)
{
	reader->failed = true;
	if (reader->parser) {
		xmlStopParser(reader->parser);
	}
}

static void no_memory(struct reader *reader)
{
	err_limit(reader->err, "memory", 0,
		  "the document needs more memory than is allowed");
	stop(reader);
}

/* A copy in the arena; never without ptr, so that "" and absent differ. */
static struct slice keep(struct reader *reader, const xmlChar *text, size_t len)
{
	const char *copy = arena_copy(
		reader->arena, slice_of(text ? (const char *)text : "", len));

	if (!copy) {
		no_memory(reader);
		return SLICE("");
	}
	return slice_of(copy, len);
}

static struct slice keep_text(struct reader *reader, const xmlChar *text)
{
	return keep(reader, text, text ? strlen((const char *)text) : 0);
}

/* The next event, cleared; NULL after a failure. */
static struct markup_event *add(struct reader *reader,
				enum markup_event_kind kind)
{
	struct markup_events *events = reader->events;
	struct markup_event *event, *list;

	if (reader->failed) {
		return NULL;
	}
	if (events->count >= reader->limits->nodes) {
		err_limit(reader->err, "nodes", (int64_t)events->count,
			  "the document has more than %u events",
			  reader->limits->nodes);
		stop(reader);
		return NULL;
	}
	list = arena_extend(reader->arena, events->list, events->count,
			    &reader->size, sizeof(*list));
	if (!list) {
		no_memory(reader);
		return NULL;
	}
	events->list = list;
	event = &events->list[events->count++];
	*event =
		(struct markup_event){.kind = kind, .offset = position(reader)};
	reader->text_cap = 0;
	return event;
}

/* --- Elements ------------------------------------------------------------- */

static void copy_name(struct reader *reader, const xmlChar *const name[3],
		      struct slice *full, struct slice *written)
{
	const char *local = (const char *)name[0];
	const char *prefix = (const char *)name[1];
	const char *uri = (const char *)name[2];
	struct buf text;

	*written = keep_text(reader, name[0]);
	*full = *written;
	buf_init(&text, reader->limits->length + 16);
	if (prefix) {
		buf_printf(&text, "%s:%s", prefix, local);
		*written = keep(reader, (const xmlChar *)text.ptr, text.len);
		buf_clear(&text);
	}
	if (uri) {
		buf_printf(&text, "{%s}%s", uri, local);
		*full = keep(reader, (const xmlChar *)text.ptr, text.len);
	}
	buf_release(&text);
}

/* "{uri}local", and "prefix:local" as written. Most names come again soon. */
static void keep_name(struct reader *reader, const xmlChar *const name[3],
		      struct slice *full, struct slice *written)
{
	uintptr_t mixed = (uintptr_t)name[0] ^ (uintptr_t)name[1] >> 3 ^
			  (uintptr_t)name[2] >> 7;
	struct reader_name *kept =
		&reader->names[(mixed ^ mixed >> 6) % NAMES_KEPT];

	if (!kept->full.ptr ||
	    memcmp(kept->parts, name, sizeof(kept->parts)) != 0) {
		memcpy(kept->parts, name, sizeof(kept->parts));
		copy_name(reader, name, &kept->full, &kept->written);
	}
	*full = kept->full;
	*written = kept->written;
}

static void add_spaces(struct reader *reader, int count, const xmlChar **list)
{
	for (int i = 0; i < count; i++) {
		struct slice prefix = keep_text(reader, list[2 * i]);
		const xmlChar *uri = list[2 * i + 1];
		struct markup_event *event = add(reader, MARKUP_EV_START_NS);

		if (!event) {
			return;
		}
		event->name = prefix;
		event->has_text = uri && *uri;
		event->text = keep_text(reader, uri);
		if (reader->prefix_count == ENDS_MAX) {
			err_limit(reader->err, "nodes", ENDS_MAX,
				  "more than %d namespaces are declared at "
				  "one place",
				  ENDS_MAX);
			stop(reader);
			return;
		}
		reader->prefixes[reader->prefix_count++] = prefix;
	}
}

/* A value as it is meant: libxml2 leaves each "&" in it as "&#38;". */
static struct slice keep_value(struct reader *reader, const xmlChar *begin,
			       const xmlChar *end)
{
	struct slice value = keep(reader, begin, (size_t)(end - begin));
	char *out = (char *)(uintptr_t)value.ptr;
	size_t len = 0;

	for (size_t i = 0; value.len && i < value.len; i++) {
		out[len++] = value.ptr[i];
		if (slice_starts(slice_of(value.ptr + i, value.len - i),
				 SLICE("&#38;"))) {
			i += 4;
		}
	}
	return slice_of(out, len);
}

/* libxml2 gives five pointers an attribute: local name, prefix, URI, and the
 * beginning and end of the value. */
static struct markup_attr *keep_attrs(struct reader *reader, int count,
				      const xmlChar **list)
{
	struct markup_attr *attrs =
		arena_calloc(reader->arena, (size_t)count, sizeof(*attrs));

	if (!attrs) {
		no_memory(reader);
		return NULL;
	}
	for (int i = 0; i < count && !reader->failed; i++) {
		const xmlChar *const *row = list + 5 * i;
		const xmlChar *const name[3] = {row[0], row[1], row[2]};

		keep_name(reader, name, &attrs[i].name, &attrs[i].qname);
		attrs[i].value = keep_value(reader, row[3], row[4]);
	}
	return attrs;
}

static void on_start(void *arg, const xmlChar *local, const xmlChar *prefix,
		     const xmlChar *uri, int space_count,
		     const xmlChar **spaces, int attr_count, int defaulted,
		     const xmlChar **attrs)
{
	struct reader *reader = arg;
	const xmlChar *const name[3] = {local, prefix, uri};
	struct markup_event *event;
	struct markup_attr *list = NULL;

	(void)defaulted;
	if (++reader->depth > reader->limits->depth) {
		err_limit(reader->err, "depth", reader->depth,
			  "elements are nested more than %u deep",
			  reader->limits->depth);
		stop(reader);
		return;
	}
	reader->spaces[reader->depth] = (uint32_t)space_count;
	add_spaces(reader, space_count, spaces);
	if (attr_count > 0 && !reader->failed) {
		list = keep_attrs(reader, attr_count, attrs);
	}
	event = add(reader, MARKUP_EV_START);
	if (event) {
		event->attrs = list;
		event->attr_count = (uint32_t)attr_count;
		keep_name(reader, name, &event->name, &event->qname);
	}
}

static void on_end(void *arg, const xmlChar *local, const xmlChar *prefix,
		   const xmlChar *uri)
{
	struct reader *reader = arg;
	const xmlChar *const name[3] = {local, prefix, uri};
	struct markup_event *event = add(reader, MARKUP_EV_END);

	if (!event) {
		return;
	}
	keep_name(reader, name, &event->name, &event->qname);
	for (uint32_t i = reader->spaces[reader->depth--]; i-- > 0;) {
		struct slice last = reader->prefixes[--reader->prefix_count];

		event = add(reader, MARKUP_EV_END_NS);
		if (event) {
			event->name = last;
		}
	}
}

/* --- The rest ------------------------------------------------------------- */

static void on_text(void *arg, const xmlChar *text, int len)
{
	struct reader *reader = arg;
	struct markup_events *events = reader->events;
	struct markup_event *last =
		events->count ? &events->list[events->count - 1] : NULL;
	size_t more = (size_t)len, need;
	char *copy;

	if (reader->failed || !more) {
		return;
	}
	if (!last || last->kind != MARKUP_EV_TEXT) {
		last = add(reader, MARKUP_EV_TEXT);
	}
	if (!last) {
		return;
	}
	need = last->text.len + more;
	copy = (char *)(uintptr_t)last->text.ptr;
	if (need > reader->text_cap || !copy) {
		reader->text_cap = last->text.len ? need * 2 : need;
		copy = arena_alloc(reader->arena, reader->text_cap);
		if (!copy) {
			no_memory(reader);
			return;
		}
		if (last->text.ptr) {
			memcpy(copy, last->text.ptr, last->text.len);
		}
	}
	memcpy(copy + last->text.len, text, more);
	last->text = slice_of(copy, need);
	last->has_text = true;
}

static void on_cdata(void *arg, const xmlChar *text, int len)
{
	struct reader *reader = arg;

	add(reader, MARKUP_EV_START_CDATA);
	on_text(reader, text, len);
	add(reader, MARKUP_EV_END_CDATA);
}

static void on_comment(void *arg, const xmlChar *text)
{
	struct reader *reader = arg;
	struct markup_event *event = add(reader, MARKUP_EV_COMMENT);

	if (event) {
		event->text = keep_text(reader, text);
	}
}

static void on_instruction(void *arg, const xmlChar *target,
			   const xmlChar *data)
{
	struct reader *reader = arg;
	struct markup_event *event = add(reader, MARKUP_EV_PI);

	if (event) {
		event->name = keep_text(reader, target);
		event->text = keep_text(reader, data);
	}
}

static void on_doctype(void *arg, const xmlChar *name, const xmlChar *public_id,
		       const xmlChar *system_id)
{
	struct reader *reader = arg;
	struct markup_event *event = add(reader, MARKUP_EV_DOCTYPE);

	if (event) {
		event->name = keep_text(reader, name);
		event->has_text = public_id != NULL;
		event->text = keep_text(reader, public_id);
		event->has_extra = system_id != NULL;
		event->extra = keep_text(reader, system_id);
	}
}

static void on_entity(void *arg, const xmlChar *name, int type,
		      const xmlChar *public_id, const xmlChar *system_id,
		      xmlChar *content)
{
	struct reader *reader = arg;

	(void)name;
	(void)type;
	(void)public_id;
	(void)system_id;
	(void)content;
	if (!reader->failed) {
		err_reason(
			reader->err, ERR_BAD_INPUT, "entities",
			"the document declares entities, which is not allowed");
		stop(reader);
	}
}

/* The first error that makes the document not well-formed ends the parse. */
static void on_error(void *arg, xmlErrorPtr error)
{
	struct reader *reader = arg;
	char message[160];
	size_t len;

	if (reader->failed || error->level == XML_ERR_WARNING) {
		return;
	}
	if (error->level == XML_ERR_ERROR &&
	    error->domain != XML_FROM_NAMESPACE) {
		return;
	}
	snprintf(message, sizeof(message), "%s",
		 error->message ? error->message : "malformed");
	len = strcspn(message, "\n");
	message[len] = '\0';
	xml_scan_fail(reader->scan, position(reader), message, reader->err);
	stop(reader);
}

static int parse(struct reader *reader)
{
	static const xmlSAXHandler handler = {
		.initialized = XML_SAX2_MAGIC,
		.internalSubset = on_doctype,
		.entityDecl = on_entity,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.ignorableWhitespace = on_text,
		.cdataBlock = on_cdata,
		.comment = on_comment,
		.processingInstruction = on_instruction,
		.serror = on_error,
	};
	struct slice text = reader->scan->text;
	int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
	xmlDocPtr document;

	if (reader->limits->depth > DEPTH_DEFAULT)
		options |= XML_PARSE_HUGE;

	reader->parser = xmlNewParserCtxt();
	if (!reader->parser) {
		return err_limit(reader->err, "memory", 0,
				 "no memory for the parser");
	}
	*reader->parser->sax = handler;
	reader->parser->userData = reader;
	document = xmlCtxtReadMemory(reader->parser, text.len ? text.ptr : "",
				     (int)text.len, NULL, "UTF-8", options);
	xmlFreeDoc(document);
	if (!reader->failed &&
	    (!reader->parser->wellFormed || !reader->parser->nsWellFormed)) {
		xml_scan_fail(reader->scan, position(reader),
			      "the document is incomplete or empty",
			      reader->err);
		reader->failed = true;
	}
	xmlFreeParserCtxt(reader->parser);
	return reader->failed ? -1 : 0;
}

/* Room for the events of a document without empty elements: two for each "<",
 * so that the list need not grow. If there is none, it begins small. */
static void make_list(struct reader *reader, struct slice text)
{
	size_t size = 16;

	for (size_t i = 0; i < text.len; i++) {
		size += text.ptr[i] == '<' ? 2 : 0;
	}
	if (size > reader->limits->nodes) {
		size = reader->limits->nodes;
	}
	reader->events->list =
		arena_alloc(reader->arena, size * sizeof(struct markup_event));
	reader->size = reader->events->list ? size : 0;
}

int markup_xml_events(struct arena *arena, struct slice text, bool entities,
		      const struct markup_limits *limits,
		      struct markup_events *events, struct err *err)
{
	struct xml_scan scan;
	struct reader *reader = arena_calloc(arena, 1, sizeof(*reader));
	struct markup_event *event;

	markup_init();
	*events = (struct markup_events){0};
	if (xml_scan(arena, text, entities, limits, &scan, err)) {
		return -1;
	}
	if (reader) {
		reader->spaces = arena_calloc(arena, (size_t)limits->depth + 2,
					      sizeof(*reader->spaces));
	}
	if (!reader || !reader->spaces) {
		return err_limit(err, "memory", 0,
				 "the document needs more memory than is "
				 "allowed");
	}
	reader->arena = arena;
	reader->limits = limits;
	reader->scan = &scan;
	reader->events = events;
	reader->err = err;
	make_list(reader, text);
	if (scan.has_declaration) {
		event = add(reader, MARKUP_EV_XML_DECL);
		if (!event) {
			return -1;
		}
		event->name = scan.version;
		event->has_text = scan.encoding.ptr != NULL;
		event->text = scan.encoding;
		event->standalone = scan.standalone;
	}
	return parse(reader);
}
