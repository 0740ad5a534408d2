/*
 * HTML and XML as trees and as streams of events. Nothing of a parser library
 * shows here: nodes and events are plain structs in the caller's arena, their
 * slices borrow from the input or from the arena, so both must outlive them.
 *
 * Input is UTF-8 and nothing else; nothing is ever fetched or opened.
 *
 * HTML is read by an own parser of the WHATWG's rules (as html5lib 1.1 applies
 * them), because libxml2 knows only HTML 4 and cuts deep or long documents
 * without a word. XML is read by libxml2, strictly.
 *
 * Errors, both: ERR_BAD_INPUT with reason "encoding" (not UTF-8; offset) or
 * "control" (NUL; offset); ERR_LIMIT with limit "depth", "attributes",
 * "nodes", "length" or "memory" (the arena is full). XML besides: ERR_BAD_INPUT
 * with reason "syntax" (message with line and column; offset) or "entities"
 * (the document declares entities, which nobody needs and bombs are made of).
 */
#ifndef MARKUP_MARKUP_H
#define MARKUP_MARKUP_H

#include "base/arena.h"
#include "cherry/buf.h"
#include "cherry/err.h"

struct markup_limits {
	uint32_t depth;	     /* elements within each other */
	uint32_t attributes; /* of one tag */
	uint32_t nodes;	     /* elements, texts and so on, or events */
	size_t length;	     /* bytes of input */
	/* HTML: html5lib 1.1's trees where they are not the standard's: text
	 * of a textarea can be bold, list items stay in a row of a table, a
	 * cell's pre keeps its first newline, and `fostered` elements of a fragment are what it then loses. */
	bool html5lib;
};

#define MARKUP_LIMITS_INIT                                                     \
	{                                                                      \
		.depth = 256, .attributes = 1000, .nodes = 8000000,            \
		.length = (size_t)256 << 20                                    \
	}

/*
 * Once for each process, before its sandbox closes and before any thread
 * parses: makes libxml2 ready, and makes it unable to load anything. Parsing
 * calls it too; calling it again does nothing.
 */
void markup_init(void);

/* --- Trees ---------------------------------------------------------------- */

enum markup_kind {
	MARKUP_DOCUMENT, /* root of a whole document */
	MARKUP_ELEMENT,
	MARKUP_TEXT,
	MARKUP_CDATA, /* XML: text that was written as CDATA */
	MARKUP_COMMENT,
	MARKUP_PI,
	MARKUP_DOCTYPE
};

enum markup_space { MARKUP_HTML, MARKUP_SVG, MARKUP_MATHML };

struct markup_attr {
	/* HTML: as written, in lower case; in SVG and MathML in the case that
	 * they want ("viewBox", "xlink:href"). XML: "{uri}local" or "local". */
	struct slice name;
	struct slice value;
	struct slice qname; /* XML: as written, "prefix:local" */
};

struct markup_node {
	enum markup_kind kind;
	enum markup_space space; /* HTML: an element's namespace */
	uint16_t tag;		 /* HTML: see markup/html_tag.h; else 0 */
	uint32_t attr_count;
	struct slice name;  /* element (as attributes' names), PI's target,
					 * doctype's name */
	struct slice qname; /* XML element as written */
	struct slice text;  /* text, comment, PI's data */
	const struct markup_attr *attrs;
	/* XML: the namespaces declared on this element: name is the prefix
	 * ("" for the default), value the URI. */
	const struct markup_attr *spaces;
	uint32_t space_count;
	bool has_public, has_system; /* doctype */
	struct slice public_id, system_id;
	bool fostered; /* HTML: stood in a table where it could not */
	size_t offset; /* XML: where it begins, for messages */
	struct markup_node *parent, *child, *last, *next, *prev;
	uint32_t index;	   /* free for users of the tree */
	uint32_t capacity; /* the parser's */
};

/* The attribute of that name, or NULL. */
const struct markup_attr *markup_attr(const struct markup_node *node,
				      const char *name);

/* The node after `node` in document order within `root`; NULL at the end. */
struct markup_node *markup_next(const struct markup_node *root,
				const struct markup_node *node);
/* The same, but passing over what is below `node`. */
struct markup_node *markup_next_skip(const struct markup_node *root,
				     const struct markup_node *node);

/*
 * A fragment, as if it were put into a div: an element "div" without
 * attributes with the fragment's nodes below it. NULL on failure.
 */
struct markup_node *markup_html_fragment(struct arena *arena, struct slice text,
					 const struct markup_limits *limits,
					 struct err *err);

/* A whole document: a MARKUP_DOCUMENT with doctype, comments and the element
 * html (with head and body) below it. NULL on failure. */
struct markup_node *markup_html_document(struct arena *arena, struct slice text,
					 const struct markup_limits *limits,
					 struct err *err);

/* Is this text a whole document: does it begin with a doctype or with one of
 * the tags html, head, body, after white space and comments? */
bool markup_html_is_document(struct slice text);

/* --- XML ------------------------------------------------------------------ */

enum markup_event_kind {
	MARKUP_EV_START, /* name, attrs */
	MARKUP_EV_END,	 /* name */
	MARKUP_EV_TEXT,	 /* text */
	MARKUP_EV_COMMENT,
	MARKUP_EV_PI,	    /* name, text */
	MARKUP_EV_START_NS, /* name: the prefix, text: the URI */
	MARKUP_EV_END_NS,   /* name */
	MARKUP_EV_START_CDATA,
	MARKUP_EV_END_CDATA,
	MARKUP_EV_XML_DECL, /* name: version, text: encoding, standalone */
	MARKUP_EV_DOCTYPE   /* name, text: public id, extra: system id */
};

struct markup_event {
	enum markup_event_kind kind;
	int standalone;		  /* -1 absent, 0 no, 1 yes */
	bool has_text, has_extra; /* encoding, public id; system id */
	uint32_t attr_count;
	struct slice name;  /* "{uri}local" for tags */
	struct slice qname; /* tags: as written */
	struct slice text, extra;
	const struct markup_attr *attrs;
	size_t offset; /* where in the input, for messages */
};

/* The attribute of that name, or NULL. */
const struct markup_attr *markup_event_attr(const struct markup_event *event,
					    const char *name);

struct markup_events {
	struct markup_event *list;
	size_t count;
};

/*
 * The events of an XML document, as Genshi's XMLParser gives them: adjacent
 * text is one event (not across a CDATA boundary), white space outside the
 * root is none, namespaces begin before and end after their element.
 * With `entities`, HTML's named entities are known as if a document type
 * declared them; all other undeclared names are an error. 0, or -1.
 */
int markup_xml_events(struct arena *arena, struct slice text, bool entities,
		      const struct markup_limits *limits,
		      struct markup_events *events, struct err *err) MUST_CHECK;

/* The same as a tree: a MARKUP_DOCUMENT; NULL on failure. Only the five
 * entities of XML are known. */
struct markup_node *markup_xml_tree(struct arena *arena, struct slice text,
				    const struct markup_limits *limits,
				    struct err *err);

/* A tree from events that stay in the arena. NULL if it is full. */
struct markup_node *markup_xml_build(struct arena *arena,
				     const struct markup_events *events);

/* Line and column (from 1, in characters) of a byte of the input. */
void markup_position(struct slice text, size_t offset, size_t *line,
		     size_t *column);

#endif
