/*
 * Tables: text and tags that fit no table go before it, missing rows and bodies
 * are supplied.
 */
#include "markup/html_tree.h"

static bool row_group_in_scope(const struct html_builder *b)
{
	return html_in_scope(b, HTML_TBODY, HTML_SCOPE_TABLE) ||
	       html_in_scope(b, HTML_THEAD, HTML_SCOPE_TABLE) ||
	       html_in_scope(b, HTML_TFOOT, HTML_SCOPE_TABLE);
}

/* Closes all down to an element of one of the tags (or the root). */
static void clear_to(struct html_builder *b, const enum html_tag *tags)
{
	while (b->depth > 1) {
		for (int i = 0; tags[i] != HTML_UNKNOWN; i++) {
			if (html_top(b)->tag == tags[i]) {
				return;
			}
		}
		html_pop(b);
	}
}

static const enum html_tag to_table[] = {HTML_TABLE, HTML_UNKNOWN};
static const enum html_tag to_group[] = {HTML_TBODY, HTML_TFOOT, HTML_THEAD,
					 HTML_UNKNOWN};
static const enum html_tag to_row[] = {HTML_TR, HTML_UNKNOWN};

/* The body's rules, but for what would be a child of the table. */
static bool foster(struct html_builder *b, const struct html_token *token)
{
	bool again, before = b->from_table && !b->limits->html5lib;

	b->from_table = true;
	again = html_body_mode(b, token);
	b->from_table = before;
	return again;
}

void html_table_flush(struct html_builder *b)
{
	bool blank = true, drop = b->drop_newline;

	b->drop_newline = drop && !b->limits->html5lib;
	for (uint32_t i = 0; i < b->pending_count; i++) {
		struct slice text = b->pending[i];

		for (size_t k = 0; k < text.len && blank; k++) {
			blank = html_is_space(text.ptr[k]);
		}
	}
	for (uint32_t i = 0; i < b->pending_count && !b->failed; i++) {
		struct html_token token = {.kind = HTML_TOKEN_TEXT,
					   .text = b->pending[i]};

		if (blank) {
			html_insert_text(b, token.text);
		} else {
			foster(b, &token);
		}
	}
	b->pending_count = 0;
	b->drop_newline = drop && (b->limits->html5lib || b->drop_newline);
}

static void table_text(struct html_builder *b, struct slice text)
{
	if (b->pending_count == b->pending_size) {
		uint32_t size = b->pending_size ? b->pending_size * 2 : 16;
		struct slice *list =
			arena_calloc(b->arena, size, sizeof(*list));

		if (!list) {
			html_token_no_memory(b->err);
			html_fail(b);
			return;
		}
		if (b->pending_count) {
			memcpy(list, b->pending,
			       b->pending_count * sizeof(*list));
		}
		b->pending = list;
		b->pending_size = size;
	}
	b->pending[b->pending_count++] = text;
}

static bool end_table(struct html_builder *b)
{
	if (html_in_scope(b, HTML_TABLE, HTML_SCOPE_TABLE)) {
		html_implied_end(b, HTML_UNKNOWN);
		html_pop_tag(b, HTML_TABLE);
		html_mode_reset(b);
	}
	return false;
}

static bool is_hidden(const struct html_token *token)
{
	for (uint32_t i = 0; i < token->attr_count; i++) {
		struct slice value = token->attrs[i].value;

		if (slice_is(token->attrs[i].name, "type")) {
			return value.len == 6 &&
			       !strncasecmp(value.ptr, "hidden", 6);
		}
	}
	return false;
}

static bool start_in_table(struct html_builder *b,
			   const struct html_token *token)
{
	switch (token->tag) {
	case HTML_CAPTION:
		clear_to(b, to_table);
		html_format_mark(b);
		html_insert(b, token);
		b->mode = HTML_MODE_IN_CAPTION;
		return false;
	case HTML_COLGROUP:
	case HTML_COL:
		clear_to(b, to_table);
		b->mode = HTML_MODE_IN_COLUMN_GROUP;
		if (token->tag == HTML_COL) {
			html_insert_tag(b, HTML_COLGROUP);
			return true;
		}
		html_insert(b, token);
		return false;
	case HTML_TBODY:
	case HTML_TFOOT:
	case HTML_THEAD:
		clear_to(b, to_table);
		html_insert(b, token);
		b->mode = HTML_MODE_IN_TABLE_BODY;
		return false;
	case HTML_TD:
	case HTML_TH:
	case HTML_TR:
		clear_to(b, to_table);
		html_insert_tag(b, HTML_TBODY);
		b->mode = HTML_MODE_IN_TABLE_BODY;
		return true;
	case HTML_TABLE:
		html_mode_end(b, HTML_TABLE);
		return !b->fragment;
	case HTML_STYLE:
	case HTML_SCRIPT:
		return html_head_in(b, token);
	case HTML_INPUT:
		if (!is_hidden(token)) {
			break;
		}
		html_insert_void(b, token);
		return false;
	case HTML_FORM:
		if (!b->form) {
			b->form = html_insert(b, token);
			html_pop(b);
		}
		return false;
	default:
		break;
	}
	return foster(b, token);
}

static bool end_in_table(struct html_builder *b, const struct html_token *token)
{
	switch (token->tag) {
	case HTML_TABLE:
		return end_table(b);
	case HTML_BODY:
	case HTML_CAPTION:
	case HTML_COL:
	case HTML_COLGROUP:
	case HTML_HTML:
	case HTML_TBODY:
	case HTML_TD:
	case HTML_TFOOT:
	case HTML_TH:
	case HTML_THEAD:
	case HTML_TR:
		return false;
	default:
		return foster(b, token);
	}
}

static bool take_in_table(struct html_builder *b,
			  const struct html_token *token)
{
	switch (token->kind) {
	case HTML_TOKEN_TEXT:
		table_text(b, token->text);
		return false;
	case HTML_TOKEN_COMMENT:
		html_insert_comment(b, token->text, html_top(b));
		return false;
	case HTML_TOKEN_START:
		return start_in_table(b, token);
	case HTML_TOKEN_END:
		return end_in_table(b, token);
	default:
		return false;
	}
}

/* --- Caption and columns -------------------------------------------------- */

static bool ends_caption(const struct html_token *token)
{
	bool start = token->kind == HTML_TOKEN_START;

	return (token->kind == HTML_TOKEN_END && token->tag == HTML_TABLE) ||
	       (start &&
		(token->tag == HTML_CAPTION || token->tag == HTML_COL ||
		 token->tag == HTML_COLGROUP || token->tag == HTML_TBODY ||
		 token->tag == HTML_TD || token->tag == HTML_TFOOT ||
		 token->tag == HTML_TH || token->tag == HTML_THEAD ||
		 token->tag == HTML_TR));
}

static bool end_caption(struct html_builder *b)
{
	if (!html_in_scope(b, HTML_CAPTION, HTML_SCOPE_TABLE)) {
		return false;
	}
	html_implied_end(b, HTML_UNKNOWN);
	html_pop_tag(b, HTML_CAPTION);
	html_format_clear(b);
	b->mode = HTML_MODE_IN_TABLE;
	return true;
}

static bool take_in_caption(struct html_builder *b,
			    const struct html_token *token)
{
	if (ends_caption(token)) {
		return end_caption(b);
	}
	if (token->kind == HTML_TOKEN_END) {
		switch (token->tag) {
		case HTML_CAPTION:
			end_caption(b);
			return false;
		case HTML_BODY:
		case HTML_COL:
		case HTML_COLGROUP:
		case HTML_HTML:
		case HTML_TBODY:
		case HTML_TD:
		case HTML_TFOOT:
		case HTML_TH:
		case HTML_THEAD:
		case HTML_TR:
			return false;
		default:
			break;
		}
	}
	return html_cell_text(b, token);
}

static bool take_in_columns(struct html_builder *b,
			    const struct html_token *token)
{
	bool start = token->kind == HTML_TOKEN_START;

	if (token->kind == HTML_TOKEN_COMMENT) {
		html_insert_comment(b, token->text, html_top(b));
		return false;
	}
	if (token->kind == HTML_TOKEN_TEXT &&
	    html_is_space(token->text.ptr[0])) {
		html_insert_text(b, token->text);
		return false;
	}
	if (start && token->tag == HTML_COL) {
		html_insert_void(b, token);
		return false;
	}
	if (token->kind == HTML_TOKEN_DOCTYPE ||
	    (start && token->tag == HTML_HTML) ||
	    (token->kind == HTML_TOKEN_END && token->tag == HTML_COL)) {
		return false;
	}
	html_pop(b);
	b->mode = HTML_MODE_IN_TABLE;
	return !(token->kind == HTML_TOKEN_END && token->tag == HTML_COLGROUP);
}

/* --- Bodies --------------------------------------------------------------- */

static bool end_row_group(struct html_builder *b)
{
	if (!row_group_in_scope(b)) {
		return false;
	}
	clear_to(b, to_group);
	html_pop(b);
	b->mode = HTML_MODE_IN_TABLE;
	return true;
}

static bool start_in_group(struct html_builder *b,
			   const struct html_token *token)
{
	switch (token->tag) {
	case HTML_TR:
		clear_to(b, to_group);
		html_insert(b, token);
		b->mode = HTML_MODE_IN_ROW;
		return false;
	case HTML_TD:
	case HTML_TH:
		clear_to(b, to_group);
		html_insert_tag(b, HTML_TR);
		b->mode = HTML_MODE_IN_ROW;
		return true;
	case HTML_CAPTION:
	case HTML_COL:
	case HTML_COLGROUP:
	case HTML_TBODY:
	case HTML_TFOOT:
	case HTML_THEAD:
		return end_row_group(b);
	default:
		return take_in_table(b, token);
	}
}

static bool take_in_group(struct html_builder *b,
			  const struct html_token *token)
{
	if (token->kind == HTML_TOKEN_START) {
		return start_in_group(b, token);
	}
	if (token->kind == HTML_TOKEN_END) {
		switch (token->tag) {
		case HTML_TBODY:
		case HTML_TFOOT:
		case HTML_THEAD:
			if (html_in_scope(b, token->tag, HTML_SCOPE_TABLE)) {
				end_row_group(b);
			}
			return false;
		case HTML_TABLE:
			return end_row_group(b);
		default:
			break;
		}
	}
	return take_in_table(b, token);
}

/* --- Rows and cells ------------------------------------------------------- */

static bool end_row(struct html_builder *b)
{
	if (!html_in_scope(b, HTML_TR, HTML_SCOPE_TABLE)) {
		return false;
	}
	clear_to(b, to_row);
	html_pop(b);
	b->mode = HTML_MODE_IN_TABLE_BODY;
	return true;
}

static bool row_start(struct html_builder *b, const struct html_token *token)
{
	switch (token->tag) {
	case HTML_TD:
	case HTML_TH:
		clear_to(b, to_row);
		html_insert(b, token);
		b->mode = HTML_MODE_IN_CELL;
		html_format_mark(b);
		return false;
	case HTML_CAPTION:
	case HTML_COL:
	case HTML_COLGROUP:
	case HTML_TBODY:
	case HTML_TFOOT:
	case HTML_THEAD:
	case HTML_TR:
		return end_row(b);
	default:
		return take_in_table(b, token);
	}
}

static bool take_in_row(struct html_builder *b, const struct html_token *token)
{
	if (token->kind == HTML_TOKEN_START) {
		return row_start(b, token);
	}
	if (token->kind != HTML_TOKEN_END) {
		return take_in_table(b, token);
	}
	switch (token->tag) {
	case HTML_TR:
		end_row(b);
		return false;
	case HTML_TABLE:
		return end_row(b);
	case HTML_TBODY:
	case HTML_TFOOT:
	case HTML_THEAD:
		if (html_in_scope(b, token->tag, HTML_SCOPE_TABLE)) {
			end_row(b);
			return true;
		}
		return false;
	default:
		return end_in_table(b, token);
	}
}

bool html_table_mode(struct html_builder *b, const struct html_token *token)
{
	switch (b->mode) {
	case HTML_MODE_IN_CAPTION:
		return take_in_caption(b, token);
	case HTML_MODE_IN_COLUMN_GROUP:
		return take_in_columns(b, token);
	case HTML_MODE_IN_TABLE_BODY:
		return take_in_group(b, token);
	case HTML_MODE_IN_ROW:
		return take_in_row(b, token);
	default:
		return take_in_table(b, token);
	}
}
