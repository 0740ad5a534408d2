/*
 * XML's events put together to a tree.
 */
#include "markup/markup.h"

struct grower {
	struct arena *arena;
	struct markup_node *root, *parent;
	/* Namespaces that the next element declares. */
	const struct markup_event *spaces;
	uint32_t space_count;
	bool cdata;
};

static struct markup_node *grow(struct grower *g, enum markup_kind kind,
				const struct markup_event *event)
{
	struct markup_node *node = arena_calloc(g->arena, 1, sizeof(*node));

	if (!node) {
		return NULL;
	}
	node->kind = kind;
	node->name = event->name;
	node->text = event->text;
	node->offset = event->offset;
	node->parent = g->parent;
	node->prev = g->parent->last;
	if (node->prev) {
		node->prev->next = node;
	} else {
		g->parent->child = node;
	}
	g->parent->last = node;
	return node;
}

static int grow_element(struct grower *g, const struct markup_event *event)
{
	struct markup_node *node = grow(g, MARKUP_ELEMENT, event);
	struct markup_attr *spaces;

	if (!node) {
		return -1;
	}
	node->qname = event->qname;
	node->attrs = event->attrs;
	node->attr_count = event->attr_count;
	g->parent = node;
	if (!g->space_count) {
		return 0;
	}
	spaces = arena_calloc(g->arena, g->space_count, sizeof(*spaces));
	if (!spaces) {
		return -1;
	}
	for (uint32_t i = 0; i < g->space_count; i++) {
		spaces[i].name = g->spaces[i].name;
		spaces[i].value = g->spaces[i].text;
	}
	node->spaces = spaces;
	node->space_count = g->space_count;
	g->space_count = 0;
	return 0;
}

static int grow_doctype(struct grower *g, const struct markup_event *event)
{
	struct markup_node *node = grow(g, MARKUP_DOCTYPE, event);

	if (!node) {
		return -1;
	}
	node->text = SLICE("");
	node->has_public = event->has_text;
	node->public_id = event->text;
	node->has_system = event->has_extra;
	node->system_id = event->extra;
	return 0;
}

static int take(struct grower *g, const struct markup_event *event)
{
	switch (event->kind) {
	case MARKUP_EV_START:
		return grow_element(g, event);
	case MARKUP_EV_END:
		g->parent = g->parent->parent;
		return 0;
	case MARKUP_EV_TEXT:
		return grow(g, g->cdata ? MARKUP_CDATA : MARKUP_TEXT, event)
			       ? 0
			       : -1;
	case MARKUP_EV_COMMENT:
		return grow(g, MARKUP_COMMENT, event) ? 0 : -1;
	case MARKUP_EV_PI:
		return grow(g, MARKUP_PI, event) ? 0 : -1;
	case MARKUP_EV_START_NS:
		g->spaces = g->space_count++ ? g->spaces : event;
		return 0;
	case MARKUP_EV_START_CDATA:
	case MARKUP_EV_END_CDATA:
		g->cdata = event->kind == MARKUP_EV_START_CDATA;
		return 0;
	case MARKUP_EV_DOCTYPE:
		return grow_doctype(g, event);
	case MARKUP_EV_END_NS:
	case MARKUP_EV_XML_DECL:
		break;
	}
	return 0;
}

struct markup_node *markup_xml_build(struct arena *arena,
				     const struct markup_events *events)
{
	struct grower g = {.arena = arena};

	g.root = g.parent = arena_calloc(arena, 1, sizeof(*g.root));
	for (size_t i = 0; g.root && i < events->count; i++) {
		if (take(&g, &events->list[i])) {
			return NULL;
		}
	}
	return g.root;
}

struct markup_node *markup_xml_tree(struct arena *arena, struct slice text,
				    const struct markup_limits *limits,
				    struct err *err)
{
	struct markup_events events;
	struct markup_node *root;

	if (markup_xml_events(arena, text, false, limits, &events, err)) {
		return NULL;
	}
	root = markup_xml_build(arena, &events);
	if (!root) {
		err_limit(err, "memory", 0,
			  "the document needs more memory than is allowed");
	}
	return root;
}
