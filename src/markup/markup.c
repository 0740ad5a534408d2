/*
 * What all trees have in common: finding attributes, walking, positions.
 */
#include "markup/markup.h"

#include <libxml/parser.h>

static xmlParserInputPtr load_nothing(const char *url, const char *id,
				      xmlParserCtxtPtr parser)
{
	(void)url;
	(void)id;
	(void)parser;
	return NULL;
}

void markup_init(void)
{
	static bool ready;

	if (!ready) {
		ready = true;
		xmlInitParser();
		xmlSetExternalEntityLoader(load_nothing);
	}
}

const struct markup_attr *markup_attr(const struct markup_node *node,
				      const char *name)
{
	for (uint32_t i = 0; i < node->attr_count; i++) {
		if (slice_is(node->attrs[i].name, name)) {
			return &node->attrs[i];
		}
	}
	return NULL;
}

const struct markup_attr *markup_event_attr(const struct markup_event *event,
					    const char *name)
{
	for (uint32_t i = 0; i < event->attr_count; i++) {
		if (slice_is(event->attrs[i].name, name)) {
			return &event->attrs[i];
		}
	}
	return NULL;
}

struct markup_node *markup_next_skip(const struct markup_node *root,
				     const struct markup_node *node)
{
	for (; node && node != root; node = node->parent) {
		if (node->next) {
			return node->next;
		}
	}
	return NULL;
}

struct markup_node *markup_next(const struct markup_node *root,
				const struct markup_node *node)
{
	return node->child ? node->child : markup_next_skip(root, node);
}

void markup_position(struct slice text, size_t offset, size_t *line,
		     size_t *column)
{
	*line = *column = 1;
	for (size_t i = 0; i < offset && i < text.len; i++) {
		if (text.ptr[i] == '\n') {
			(*line)++;
			*column = 1;
		} else if ((text.ptr[i] & 0xc0) != 0x80) {
			(*column)++;
		}
	}
}
