/*
 * libyaml's parser behind a narrower interface.
 */
#ifdef HAVE_YAML

#include "codec/yaml_stream.h"

#include <stdlib.h>
#include <yaml.h>

#include "codec/fail.h"

struct yaml_source {
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event;
	size_t size;
};

struct yaml_source *yaml_source_new(struct slice input)
{
	struct yaml_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	if (!yaml_parser_initialize(&source->parser)) {
		free(source);
		return NULL;
	}
	source->size = input.len;
	yaml_parser_set_encoding(&source->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&source->parser, (const unsigned char *)input.ptr, input.len);
	return source;
}

void yaml_source_free(struct yaml_source *source)
{
	if (!source)
		return;
	if (source->has_event)
		yaml_event_delete(&source->event);
	yaml_parser_delete(&source->parser);
	free(source);
}

/* libyaml's own message; a fault at the end of the input is a cut. */
static int fail_parser(const struct yaml_source *source, struct err *err)
{
	const yaml_parser_t *parser = &source->parser;
	char quoted[120];
	size_t at = parser->error == YAML_READER_ERROR
			    ? parser->problem_offset
			    : parser->problem_mark.index;

	if (parser->error == YAML_MEMORY_ERROR)
		return fail_limit(err, "memory", (int64_t)source->size, "size",
				  "no memory for the document");
	return fail_read(
		err,
		source->size && at >= source->size ? "truncated" : "syntax",
		(int64_t)at, "line %zu: %s", parser->problem_mark.line + 1,
		err_quote(quoted, 110,
			  slice_text(parser->problem ? parser->problem : "")));
}

static struct slice text_of(const yaml_char_t *text)
{
	return slice_text((const char *)text);
}

static void fill_scalar(const yaml_event_t *event, struct yaml_item *item)
{
	item->kind = YAML_ITEM_SCALAR;
	item->text =
		slice_of(event->data.scalar.value, event->data.scalar.length);
	item->tag = text_of(event->data.scalar.tag);
	item->anchor = text_of(event->data.scalar.anchor);
	item->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* False: an event that says nothing. */
static bool fill_item(const yaml_event_t *event, struct yaml_item *item)
{
	switch (event->type) {
	case YAML_STREAM_END_EVENT:
		item->kind = YAML_ITEM_END;
		return true;
	case YAML_DOCUMENT_START_EVENT:
		item->kind = YAML_ITEM_DOCUMENT;
		return true;
	case YAML_ALIAS_EVENT:
		item->kind = YAML_ITEM_ALIAS;
		item->text = text_of(event->data.alias.anchor);
		return true;
	case YAML_SCALAR_EVENT:
		fill_scalar(event, item);
		return true;
	case YAML_SEQUENCE_START_EVENT:
		item->kind = YAML_ITEM_LIST;
		item->tag = text_of(event->data.sequence_start.tag);
		item->anchor = text_of(event->data.sequence_start.anchor);
		return true;
	case YAML_MAPPING_START_EVENT:
		item->kind = YAML_ITEM_MAP;
		item->tag = text_of(event->data.mapping_start.tag);
		item->anchor = text_of(event->data.mapping_start.anchor);
		return true;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		item->kind = YAML_ITEM_CLOSE;
		return true;
	default:
		return false;
	}
}

int yaml_source_next(struct yaml_source *source, struct yaml_item *item,
		     struct err *err)
{
	do {
		if (source->has_event)
			yaml_event_delete(&source->event);
		source->has_event = false;
		if (!yaml_parser_parse(&source->parser, &source->event))
			return fail_parser(source, err);
		source->has_event = true;
		*item = (struct yaml_item){
			.line = source->event.start_mark.line + 1,
			.offset = (int64_t)source->event.start_mark.index};
	} while (!fill_item(&source->event, item));
	return 0;
}

#else

typedef int yaml_stream_is_not_built;

#endif
