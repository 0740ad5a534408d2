/*
 * The builder of HTML's trees: what its files share. Tokens go through the
 * insertion modes of the standard as html5lib 1.1 has them (no template, no
 * framesets), so that the trees are the same.
 *
 *	html_tree.c	nodes, the stack of open elements, scopes
 *	html_format.c	formatting elements: reopening, the adoption agency
 *	html_head.c	the modes before and after the body
 *	html_body.c	start tags in the body; html_body_end.c: end tags
 *	html_table.c	tables; html_select.c: select
 *	html_foreign.c	SVG and MathML
 *	html_parse.c	the loop over the tokens, and the entry points
 *
 * A failure (a limit) sets `failed` and the error; the loop then stops.
 */
#ifndef MARKUP_HTML_TREE_H
#define MARKUP_HTML_TREE_H

#include "markup/html_token.h"

enum html_mode {
	HTML_MODE_INITIAL,
	HTML_MODE_BEFORE_HTML,
	HTML_MODE_BEFORE_HEAD,
	HTML_MODE_IN_HEAD,
	HTML_MODE_IN_HEAD_NOSCRIPT,
	HTML_MODE_AFTER_HEAD,
	HTML_MODE_AFTER_BODY,
	HTML_MODE_AFTER_AFTER_BODY,
	HTML_MODE_IN_COLUMN_GROUP, /* all up to here split off white space */
	HTML_MODE_IN_BODY,
	HTML_MODE_TEXT,
	HTML_MODE_IN_TABLE,
	HTML_MODE_IN_CAPTION,
	HTML_MODE_IN_TABLE_BODY,
	HTML_MODE_IN_ROW,
	HTML_MODE_IN_CELL,
	HTML_MODE_IN_SELECT,
	HTML_MODE_IN_SELECT_IN_TABLE
};

enum html_scope {
	HTML_SCOPE_DEFAULT,
	HTML_SCOPE_BUTTON,
	HTML_SCOPE_LIST,
	HTML_SCOPE_TABLE,
	HTML_SCOPE_SELECT
};

#define HTML_FORMAT_MAX 1024

struct html_builder {
	struct arena *arena;
	const struct markup_limits *limits;
	struct html_tokens tokens;
	enum html_mode mode, original;
	bool fragment, quirks, failed;
	bool drop_newline; /* a pre or textarea has just begun */
	bool from_table;   /* what fits no table goes before it */
	struct markup_node *document;
	struct markup_node **stack; /* limits->depth + 1 open elements */
	uint32_t depth;
	struct markup_node *format[HTML_FORMAT_MAX]; /* NULL: a marker */
	uint32_t format_count;
	struct markup_node *head, *form;
	struct slice *pending; /* text in a table, not yet placed */
	uint32_t pending_count, pending_size;
	uint32_t nodes;
	struct err *err;
};

/* --- html_tree.c ---------------------------------------------------------- */

static inline struct markup_node *html_top(const struct html_builder *b)
{
	return b->stack[b->depth - 1];
}

static inline bool html_is(const struct markup_node *node, enum html_tag tag)
{
	return node->space == MARKUP_HTML && node->tag == tag;
}

static inline bool html_has(const struct markup_node *node, uint32_t flags)
{
	return node->space == MARKUP_HTML &&
	       (html_tag_flags((enum html_tag)node->tag) & flags);
}

/* Takes the error as set. */
void html_fail(struct html_builder *b);

/* A node of its own; NULL after a failure, as with all that make nodes. */
struct markup_node *html_node(struct html_builder *b, enum markup_kind kind);
/* An element as the token says; its copy without children. */
struct markup_node *html_element(struct html_builder *b,
				 const struct html_token *token,
				 enum markup_space space);
struct markup_node *html_clone(struct html_builder *b,
			       const struct markup_node *node);

/* Moves among parents; `before` NULL: at the end. */
void html_detach(struct markup_node *node);
void html_attach(struct markup_node *parent, struct markup_node *node,
		 struct markup_node *before);

/* Where a child that fits no table goes. */
void html_foster_place(const struct html_builder *b,
		       struct markup_node **parent,
		       struct markup_node **before);

void html_push(struct html_builder *b, struct markup_node *node);
void html_pop(struct html_builder *b);
/* Pops up to and with the topmost element of that tag, which is open. */
void html_pop_tag(struct html_builder *b, enum html_tag tag);
/* Pops up to and with that node, which is open. */
void html_pop_node(struct html_builder *b, const struct markup_node *node);
/* The place in the stack, -1 if it is not open. */
int html_stack_find(const struct html_builder *b,
		    const struct markup_node *node);
void html_stack_remove(struct html_builder *b, int at);

/* Makes an element at the present place and opens it. */
struct markup_node *html_insert(struct html_builder *b,
				const struct html_token *token);
struct markup_node *html_insert_space(struct html_builder *b,
				      const struct html_token *token,
				      enum markup_space space);
/* The same for an element that has nothing but its name. */
struct markup_node *html_insert_tag(struct html_builder *b, enum html_tag tag);
/* The same, not left open. */
void html_insert_void(struct html_builder *b, const struct html_token *token);
void html_insert_text(struct html_builder *b, struct slice text);
void html_insert_comment(struct html_builder *b, struct slice text,
			 struct markup_node *parent);

bool html_in_scope(const struct html_builder *b, enum html_tag tag,
		   enum html_scope scope);
/* Closes what an end tag implies, but elements of `except`. */
void html_implied_end(struct html_builder *b, enum html_tag except);

/* A token that was not there. */
struct html_token html_implied(enum html_token_kind kind, enum html_tag tag);

/* Adds the attributes that the node does not have. */
void html_merge_attrs(struct html_builder *b, struct markup_node *node,
		      const struct html_token *token);

/* --- html_format.c -------------------------------------------------------- */

int html_format_find(const struct html_builder *b,
		     const struct markup_node *node);
/* The last formatting element of that tag up to the last marker, or NULL. */
struct markup_node *html_format_tag(const struct html_builder *b,
				    enum html_tag tag);
/* Makes the topmost element one of them. */
void html_format_push(struct html_builder *b);
void html_format_mark(struct html_builder *b);
void html_format_remove(struct html_builder *b, int at);
/* Forgets all up to and with the last marker. */
void html_format_clear(struct html_builder *b);
void html_format_reopen(struct html_builder *b);
/* The end tag of a formatting element. */
void html_format_end(struct html_builder *b, const struct html_token *token);

/* --- The modes ------------------------------------------------------------
 *
 * Each takes a token and says whether it is to be taken again, in the mode
 * that is the builder's then.
 */
bool html_head_mode(struct html_builder *b, const struct html_token *token);
bool html_head_in(struct html_builder *b, const struct html_token *token);
bool html_after_mode(struct html_builder *b, const struct html_token *token);
bool html_body_mode(struct html_builder *b, const struct html_token *token);
bool html_body_end(struct html_builder *b, const struct html_token *token);
void html_body_end_p(struct html_builder *b);
void html_body_end_other(struct html_builder *b,
			 const struct html_token *token);
/* Text and the like in a cell or caption: html5lib reopens no formatting for
 * white space there, and keeps the first newline of a pre. */
bool html_cell_text(struct html_builder *b, const struct html_token *token);
bool html_table_mode(struct html_builder *b, const struct html_token *token);
void html_table_flush(struct html_builder *b);
bool html_select_mode(struct html_builder *b, const struct html_token *token);

/* The handler of the present mode. */
bool html_mode_take(struct html_builder *b, const struct html_token *token);
/* An end tag that was not there, in the present mode. */
bool html_mode_end(struct html_builder *b, enum html_tag tag);
/* The mode that fits the open elements. */
void html_mode_reset(struct html_builder *b);
/* Opens an element whose text is of that mode. */
void html_mode_text(struct html_builder *b, const struct html_token *token,
		    enum html_text_mode mode);

/* --- html_foreign.c ------------------------------------------------------- */

/* Is this token, at the present place, one of SVG or MathML? */
bool html_foreign_wants(const struct html_builder *b,
			const struct html_token *token);
bool html_foreign_take(struct html_builder *b, const struct html_token *token);
/* The start tags svg and math. */
void html_foreign_enter(struct html_builder *b, const struct html_token *token);

#endif
