/*
 * What the parts of the merge share. Both trees are cut into tokens: words,
 * elements without text (img, br), elements compared whole (script, select),
 * and a placeholder for elements that hold nothing. Tokens of one block are a
 * leaf: a line of text. The parts, in the order in which they run:
 *
 *	diff_html_flatten.c	trees to tokens and leaves
 *	diff_html_align.c	which tokens are the same ("mates")
 *	diff_html_match.c	which blocks are the same
 *	diff_html_format.c	which formatting is
 *	diff_html_place.c	where among the new side's events what is gone
 *				comes back
 *	diff_html_emit.c	writing; diff_html_head.c: the head of a
 *				document; diff_html_write.c: tags and text
 *	diff_html_merge.c	all of it, and the figures
 */
#ifndef DIFF_DIFF_HTML_MODEL_H
#define DIFF_DIFF_HTML_MODEL_H

#include "diff/diff_html_merge.h"

#define MERGE_NONE UINT32_MAX

enum merge_kind {
	MERGE_WORD,
	MERGE_VOID,  /* an element without content */
	MERGE_WHOLE, /* an element compared with all that is in it */
	MERGE_EMPTY  /* nothing, within an element that holds nothing else */
};

struct merge_token {
	uint8_t kind; /* enum merge_kind */
	bool bare;    /* there is no text in it */
	bool changed; /* its mate is another one of the same tag */
	uint32_t id;
	uint32_t leaf;
	uint32_t mate;	    /* index on the other side, MERGE_NONE */
	struct slice space; /* white space before a word, in its text node */
	struct slice text;  /* the word */
	const struct markup_node *node; /* text node, or the element */
	/* New side: formatting that it had on the old side and has no more. */
	const struct markup_node *const *lost;
	uint32_t lost_count;
};

struct merge_leaf {
	uint32_t first, count; /* tokens */
	const struct markup_node *block;
};

enum merge_mark {
	MERGE_SAME,
	MERGE_INSERTED,
	MERGE_REPLACED,
	MERGE_DELETED,
	MERGE_SOURCE /* an ins or del of the input's own */
};

struct merge_element {
	const struct markup_node *mate;
	/* New side, formatting: what it was to the words in it that stayed. */
	bool was_same, was_other, was_missing;
	bool rearranged; /* its line was joined, or lost a wrapper */
	bool reported;	 /* old side: that loss has been marked */
	bool is_token;
};

struct merge_side {
	const struct markup_node *root;
	struct merge_token *tokens;
	uint32_t *ids; /* of the tokens */
	uint32_t token_count;
	size_t token_size;
	struct merge_leaf *leaves;
	uint32_t leaf_count;
	size_t leaf_size;
	struct merge_element *elements; /* by node->index */
	uint32_t node_count;
	uint32_t element_count; /* that are no tokens, without the root */
};

enum merge_event_kind { MERGE_OPEN, MERGE_CLOSE, MERGE_TOKEN, MERGE_OTHER };

/* The new side in document order. */
struct merge_event {
	enum merge_event_kind kind;
	uint32_t token;
	struct slice space; /* MERGE_OTHER with a text node: white space */
	const struct markup_node *node;
	/* Deleted tokens that come before this event: a chain through
	 * merge.next_deleted. */
	uint32_t deleted, last_deleted;
};

struct merge {
	bool xml;
	struct arena *arena;
	const struct diff_markup_options *options;
	struct merge_side old_side, new_side;
	struct diff_interner *names;
	struct merge_event *events; /* one more than event_count: the end */
	uint32_t event_count;
	uint32_t *token_event;	/* new token -> its event */
	uint32_t *next_deleted; /* old token -> the next at the same place */
	bool exact;
	uint64_t work; /* steps of all comparisons so far */
	struct err *err;
};

static inline struct merge_element *merge_element(
	const struct merge_side *side, const struct markup_node *node)
{
	return &side->elements[node->index];
}

/* The element that a token is a child of (or fills). */
static inline const struct markup_node *merge_container(
	const struct merge_token *token)
{
	return token->kind == MERGE_EMPTY ? token->node : token->node->parent;
}

/* --- diff_html_flatten.c -------------------------------------------------- */

int merge_flatten(struct merge *merge, struct merge_side *side);
/* Groups of html_tag.h; XML has none but that all elements are blocks. */
uint32_t merge_flags(const struct merge *merge, const struct markup_node *node);
/* Name and attributes (and content), as bytes that stand for them. */
struct slice merge_key(struct merge *merge, const struct markup_node *node,
		       bool deep);
/* Same name and attributes, in any order. */
bool merge_same_tag(const struct markup_node *x, const struct markup_node *y);
bool merge_same_name(const struct markup_node *x, const struct markup_node *y);

/* --- diff_html_align.c ---------------------------------------------------- */

int merge_align(struct merge *merge);

/* --- diff_html_match.c ---------------------------------------------------- */

int merge_match(struct merge *merge);
enum merge_mark merge_mark_of(const struct merge *merge,
			      const struct markup_node *node);

/* --- diff_html_format.c --------------------------------------------------- */

int merge_match_formats(struct merge *merge);
void merge_match_places(struct merge *merge);

/* --- diff_html_place.c ---------------------------------------------------- */

int merge_place(struct merge *merge);
/* The element within which what comes before the event is written. */
const struct markup_node *merge_top(const struct merge *merge, uint32_t event);

/* --- diff_html_fit.c ------------------------------------------------------ */

/* May an element like `child` stand in `parent`, by the parser's rules as well
 * as by good taste? */
bool merge_fits(const struct merge *merge, const struct markup_node *parent,
		const struct markup_node *child);
/* May text, and marks, stand in it? */
bool merge_holds_text(const struct merge *merge,
		      const struct markup_node *parent);
/* The tags that must be opened for text to stand in it; the names, innermost
 * last. */
uint32_t merge_wrappers(const struct merge *merge,
			const struct markup_node *parent, const char *names[3]);
/* Would this element, opened below `top`, close one that is open? */
bool merge_clashes(const struct merge *merge, const struct markup_node *top,
		   const struct markup_node *child);

/* --- diff_html_emit.c ----------------------------------------------------- */

void merge_emit(struct merge *merge, struct buf *out);

/* --- diff_html_write.c ---------------------------------------------------- */

struct merge_writer {
	struct buf *out;
	bool xml;
	bool after_pre;	    /* a newline here would be dropped */
	bool default_space; /* xml: the new side declares one somewhere */
	const char *prefix; /* xml: of the marks */
};

void merge_write_text(struct merge_writer *writer, struct slice text);
void merge_write_start(struct merge_writer *writer,
		       const struct markup_node *node, enum merge_mark mark);
void merge_write_end(struct merge_writer *writer,
		     const struct markup_node *node);
/* "<ins>" and the like; `close`: "</ins>". `mark`: with its class. */
void merge_write_tag(struct merge_writer *writer, const char *name, bool close,
		     enum merge_mark mark);
/* An element with all that is in it. */
void merge_write_whole(struct merge_writer *writer,
		       const struct markup_node *node, enum merge_mark mark);
/* A comment, instruction or doctype. */
void merge_write_other(struct merge_writer *writer,
		       const struct markup_node *node);

/* --- diff_html_head.c ----------------------------------------------------- */

/* Matches what is in the heads. HTML only, like the next. */
int merge_match_head(struct merge *merge);
/* Adds the heads and the elements in them to the counts. */
void merge_count_head(const struct merge *merge, struct diff_result *result);
/* The new side's head, each element in it marked. */
void merge_write_head(struct merge *merge, struct merge_writer *writer,
		      const struct markup_node *head);

#endif
