/*
 * The tokens of HTML: text, tags, comments and doctypes, by the standard's
 * tokenizer. Slices borrow from the input or lie in the arena.
 */
#ifndef MARKUP_HTML_TOKEN_H
#define MARKUP_HTML_TOKEN_H

#include "markup/html_tag.h"

enum html_token_kind {
	HTML_TOKEN_END_OF_FILE,
	HTML_TOKEN_TEXT, /* text: one piece, never empty */
	HTML_TOKEN_START,
	HTML_TOKEN_END,
	HTML_TOKEN_COMMENT, /* text */
	HTML_TOKEN_DOCTYPE
};

/* What the text after a start tag is. The tree's builder sets it. */
enum html_text_mode {
	HTML_TEXT_DATA,
	HTML_TEXT_RCDATA,    /* entities, no tags: title, textarea */
	HTML_TEXT_RAW,	     /* neither: style, xmp, iframe */
	HTML_TEXT_SCRIPT,    /* the same with its own idea of comments */
	HTML_TEXT_PLAINTEXT, /* to the end of the input */
	HTML_TEXT_CDATA	     /* to "]]>"; set for one section */
};

struct html_token {
	enum html_token_kind kind;
	enum html_tag tag;
	bool self_closing;
	struct slice name; /* of tags and doctypes, in lower case */
	struct slice text;
	struct markup_attr *attrs;
	uint32_t attr_count;
	bool has_public, has_system, correct;
	struct slice public_id, system_id;
};

struct html_tokens {
	struct arena *arena;
	struct slice text; /* line ends are LF, no NUL */
	size_t pos;
	enum html_text_mode mode;
	struct slice raw_name; /* whose end tag ends text that is not DATA */
	size_t raw_end;	       /* where the last one found begins */
	size_t less;	       /* where the next "<" is, if past pos */
	bool foreign;	       /* the builder is inside SVG or MathML */
	const struct markup_limits *limits;
	struct markup_attr *attrs; /* scratch of limits->attributes */
	struct err *err;
};

/* Begins: checks the input and unifies its line ends. 0, or -1. */
int html_tokens_init(struct html_tokens *tokens, struct arena *arena,
		     struct slice text, const struct markup_limits *limits,
		     struct err *err);

/* The next token. 0, or -1 with the error given at the beginning filled. */
int html_tokens_next(struct html_tokens *tokens, struct html_token *token);

/* --- Parts ---------------------------------------------------------------- */

/* A tag whose name begins at `pos`; `*complete` is false where the input ends
 * inside of it. 0, or -1. */
int html_token_tag(struct html_tokens *tokens, size_t pos, bool end,
		   struct html_token *token, bool *complete);

/* What begins with "<!" or is taken as a comment; `pos` is behind the "<". */
void html_token_declaration(struct html_tokens *tokens, size_t pos,
			    struct html_token *token);
void html_token_bogus(struct html_tokens *tokens, size_t pos,
		      struct html_token *token);

/* The bytes in lower case (ASCII); borrowed where they are. NULL ptr: the
 * arena is full. */
struct slice html_token_lower(struct arena *arena, struct slice name);

/* ERR_LIMIT for a full arena. */
int html_token_no_memory(struct err *err);

static inline bool html_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Is this byte white space in HTML's sense? */
static inline bool html_is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\f' || c == '\r';
}

#endif
