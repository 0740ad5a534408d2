/*
 * The loop over the tokens of HTML, and what begins and ends a tree.
 */
#include "base/text.h"
#include "markup/html_tree.h"

/* --- Modes ---------------------------------------------------------------- */

void html_mode_text(struct html_builder *b, const struct html_token *token,
		    enum html_text_mode mode)
{
	html_insert(b, token);
	b->tokens.mode = mode;
	b->tokens.raw_name = token->name;
	b->original = b->mode;
	b->mode = HTML_MODE_TEXT;
}

static bool take_text_mode(struct html_builder *b,
			   const struct html_token *token)
{
	if (token->kind == HTML_TOKEN_TEXT) {
		bool drop = b->drop_newline &&
			    html_is(html_top(b), HTML_TEXTAREA) &&
			    token->text.ptr[0] == '\n';

		b->drop_newline &= !html_is(html_top(b), HTML_TEXTAREA);
		html_insert_text(b, slice_of(token->text.ptr + drop,
					     token->text.len - drop));
		return false;
	}
	html_pop(b);
	b->mode = b->original;
	return token->kind == HTML_TOKEN_END_OF_FILE;
}

static bool end_cell(struct html_builder *b, enum html_tag tag)
{
	if (!html_in_scope(b, tag, HTML_SCOPE_TABLE)) {
		return false;
	}
	html_implied_end(b, tag);
	html_pop_tag(b, tag);
	html_format_clear(b);
	b->mode = HTML_MODE_IN_ROW;
	return true;
}

static bool close_cell(struct html_builder *b)
{
	return end_cell(b, HTML_TD) || end_cell(b, HTML_TH);
}

bool html_cell_text(struct html_builder *b, const struct html_token *token)
{
	if (b->limits->html5lib && token->kind == HTML_TOKEN_TEXT &&
	    html_is_space(token->text.ptr[0])) {
		html_insert_text(b, token->text);
		return false;
	}
	return html_body_mode(b, token);
}

static bool take_in_cell(struct html_builder *b, const struct html_token *token)
{
	bool start = token->kind == HTML_TOKEN_START;

	if (!start && token->kind != HTML_TOKEN_END) {
		return html_cell_text(b, token);
	}
	switch (token->tag) {
	case HTML_TD:
	case HTML_TH:
		if (start) {
			return close_cell(b);
		}
		end_cell(b, token->tag);
		return false;
	case HTML_CAPTION:
	case HTML_COL:
	case HTML_COLGROUP:
		return start && close_cell(b);
	case HTML_BODY:
	case HTML_HTML:
		return start && html_body_mode(b, token);
	case HTML_TABLE:
		if (start) {
			break;
		}
		return html_in_scope(b, HTML_TABLE, HTML_SCOPE_TABLE) &&
		       close_cell(b);
	case HTML_TBODY:
	case HTML_TFOOT:
	case HTML_THEAD:
	case HTML_TR:
		return (start ||
			html_in_scope(b, token->tag, HTML_SCOPE_TABLE)) &&
		       close_cell(b);
	default:
		break;
	}
	return html_body_mode(b, token);
}

bool html_mode_take(struct html_builder *b, const struct html_token *token)
{
	switch (b->mode) {
	case HTML_MODE_INITIAL:
	case HTML_MODE_BEFORE_HTML:
	case HTML_MODE_BEFORE_HEAD:
	case HTML_MODE_IN_HEAD:
	case HTML_MODE_IN_HEAD_NOSCRIPT:
	case HTML_MODE_AFTER_HEAD:
		return html_head_mode(b, token);
	case HTML_MODE_AFTER_BODY:
	case HTML_MODE_AFTER_AFTER_BODY:
		return html_after_mode(b, token);
	case HTML_MODE_IN_BODY:
		return html_body_mode(b, token);
	case HTML_MODE_TEXT:
		return take_text_mode(b, token);
	case HTML_MODE_IN_CELL:
		return take_in_cell(b, token);
	case HTML_MODE_IN_SELECT:
	case HTML_MODE_IN_SELECT_IN_TABLE:
		return html_select_mode(b, token);
	default:
		return html_table_mode(b, token);
	}
}

bool html_mode_end(struct html_builder *b, enum html_tag tag)
{
	struct html_token token = html_implied(HTML_TOKEN_END, tag);

	return html_mode_take(b, &token);
}

void html_mode_reset(struct html_builder *b)
{
	b->mode = HTML_MODE_IN_BODY;
	for (uint32_t i = b->depth; i-- > 1;) {
		if (b->stack[i]->space != MARKUP_HTML) {
			continue;
		}
		switch (b->stack[i]->tag) {
		case HTML_SELECT:
			b->mode = HTML_MODE_IN_SELECT;
			return;
		case HTML_TD:
		case HTML_TH:
			b->mode = HTML_MODE_IN_CELL;
			return;
		case HTML_TR:
			b->mode = HTML_MODE_IN_ROW;
			return;
		case HTML_TBODY:
		case HTML_THEAD:
		case HTML_TFOOT:
			b->mode = HTML_MODE_IN_TABLE_BODY;
			return;
		case HTML_CAPTION:
			b->mode = HTML_MODE_IN_CAPTION;
			return;
		case HTML_COLGROUP:
			b->mode = HTML_MODE_IN_COLUMN_GROUP;
			return;
		case HTML_TABLE:
			b->mode = HTML_MODE_IN_TABLE;
			return;
		case HTML_HEAD:
		case HTML_BODY:
			return;
		default:
			break;
		}
	}
}

/* --- The loop ------------------------------------------------------------- */

static void take(struct html_builder *b, const struct html_token *token)
{
	bool again = true;

	if (b->pending_count && token->kind != HTML_TOKEN_TEXT) {
		html_table_flush(b);
	}
	while (again && !b->failed) {
		again = html_foreign_wants(b, token)
				? html_foreign_take(b, token)
				: html_mode_take(b, token);
	}
}

/* Leading white space is a token of its own where it counts. */
static void take_text(struct html_builder *b, struct html_token *token)
{
	struct slice text = token->text;
	size_t blank = 0;

	if (b->mode <= HTML_MODE_IN_COLUMN_GROUP || b->drop_newline ||
	    b->limits->html5lib) {
		while (blank < text.len && html_is_space(text.ptr[blank])) {
			blank++;
		}
	}
	if (blank) {
		token->text.len = blank;
		take(b, token);
	}
	if (blank < text.len && !b->failed) {
		token->text = slice_of(text.ptr + blank, text.len - blank);
		take(b, token);
	}
}

static int run(struct html_builder *b)
{
	struct html_token token;

	do {
		b->tokens.foreign =
			b->depth && html_top(b)->space != MARKUP_HTML;
		if (html_tokens_next(&b->tokens, &token)) {
			return -1;
		}
		if (token.kind == HTML_TOKEN_TEXT) {
			take_text(b, &token);
		} else {
			take(b, &token);
		}
		if (b->failed) {
			return -1;
		}
	} while (token.kind != HTML_TOKEN_END_OF_FILE);
	return 0;
}

/* Texts that misnesting has brought side by side become one. 0, or -1. */
static int join_texts(struct html_builder *b)
{
	struct markup_node *node = b->document, *next;

	while (node) {
		next = node->next;
		if (node->kind != MARKUP_TEXT || !next ||
		    next->kind != MARKUP_TEXT) {
			node = markup_next(b->document, node);
			continue;
		}
		char *copy =
			arena_alloc(b->arena, node->text.len + next->text.len);
		if (!copy) {
			return html_token_no_memory(b->err);
		}
		memcpy(copy, node->text.ptr, node->text.len);
		memcpy(copy + node->text.len, next->text.ptr, next->text.len);
		node->text = slice_of(copy, node->text.len + next->text.len);
		html_detach(next);
	}
	return 0;
}

static int check_input(struct slice text, const struct markup_limits *limits,
		       struct err *err)
{
	size_t bad = utf8_check(text);
	const char *nul = text.len ? memchr(text.ptr, 0, text.len) : NULL;

	if (text.len > limits->length) {
		return err_limit(err, "length", (int64_t)text.len,
				 "the document is longer than %zu bytes",
				 limits->length);
	}
	if (bad < text.len) {
		err_reason(err, ERR_BAD_INPUT, "encoding",
			   "the document is not UTF-8 at byte %zu", bad);
		return err_at(err, (int64_t)bad);
	}
	if (nul) {
		err_reason(err, ERR_BAD_INPUT, "control",
			   "the document holds a NUL at byte %zu",
			   (size_t)(nul - text.ptr));
		return err_at(err, nul - text.ptr);
	}
	return 0;
}

static struct html_builder *builder_new(struct arena *arena, struct slice text,
					const struct markup_limits *limits,
					struct err *err)
{
	struct html_builder *b;

	if (check_input(text, limits, err)) {
		return NULL;
	}
	b = arena_calloc(arena, 1, sizeof(*b));
	if (b) {
		b->stack = arena_calloc(arena, (size_t)limits->depth + 2,
					sizeof(void *));
	}
	if (!b || !b->stack) {
		html_token_no_memory(err);
		return NULL;
	}
	b->arena = arena;
	b->limits = limits;
	b->err = err;
	return html_tokens_init(&b->tokens, arena, text, limits, err) ? NULL
								      : b;
}

struct markup_node *markup_html_fragment(struct arena *arena, struct slice text,
					 const struct markup_limits *limits,
					 struct err *err)
{
	struct html_builder *b = builder_new(arena, text, limits, err);
	struct html_token root = html_implied(HTML_TOKEN_START, HTML_HTML);

	if (!b) {
		return NULL;
	}
	b->fragment = true;
	b->mode = HTML_MODE_IN_BODY;
	b->document = html_element(b, &root, MARKUP_HTML);
	html_push(b, b->document);
	if (b->failed || run(b) || join_texts(b)) {
		return NULL;
	}
	b->document->tag = HTML_DIV;
	b->document->name = SLICE("div");
	return b->document;
}

struct markup_node *markup_html_document(struct arena *arena, struct slice text,
					 const struct markup_limits *limits,
					 struct err *err)
{
	struct html_builder *b = builder_new(arena, text, limits, err);

	if (!b) {
		return NULL;
	}
	b->document = html_node(b, MARKUP_DOCUMENT);
	if (b->failed || run(b) || join_texts(b)) {
		return NULL;
	}
	return b->document;
}

bool markup_html_is_document(struct slice text)
{
	static const char *const begins[] = {"<!doctype", "<html", "<head",
					     "<body"};

	while (text.len) {
		size_t skip = 1;

		if (slice_starts(text, SLICE("<!--"))) {
			const char *end =
				memmem(text.ptr + 4, text.len - 4, "-->", 3);

			skip = end ? (size_t)(end + 3 - text.ptr) : text.len;
		} else if (slice_starts(text, SLICE("\xef\xbb\xbf"))) {
			skip = 3;
		} else if (!html_is_space(text.ptr[0])) {
			break;
		}
		text.ptr += skip;
		text.len -= skip;
	}
	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++) {
		size_t len = strlen(begins[i]);

		if (text.len > len && !strncasecmp(text.ptr, begins[i], len) &&
		    !html_is_letter(text.ptr[len])) {
			return true;
		}
	}
	return false;
}
