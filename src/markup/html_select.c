/*
 * Select, alone and in a table; and the cells of a table, which end much as
 * select in a table does.
 */
#include "markup/html_tree.h"

static bool in_scope(const struct html_builder *b, enum html_tag tag)
{
	return html_in_scope(b, tag, HTML_SCOPE_TABLE);
}

static void end_select(struct html_builder *b)
{
	if (html_in_scope(b, HTML_SELECT, HTML_SCOPE_SELECT)) {
		html_pop_tag(b, HTML_SELECT);
		html_mode_reset(b);
	}
}

static void pop_if(struct html_builder *b, enum html_tag tag)
{
	if (html_is(html_top(b), tag)) {
		html_pop(b);
	}
}

static bool select_start(struct html_builder *b, const struct html_token *token)
{
	switch (token->tag) {
	case HTML_OPTION:
		pop_if(b, HTML_OPTION);
		html_insert(b, token);
		return false;
	case HTML_OPTGROUP:
		pop_if(b, HTML_OPTION);
		pop_if(b, HTML_OPTGROUP);
		html_insert(b, token);
		return false;
	case HTML_SELECT:
		end_select(b);
		return false;
	case HTML_INPUT:
	case HTML_KEYGEN:
	case HTML_TEXTAREA:
		if (html_in_scope(b, HTML_SELECT, HTML_SCOPE_SELECT)) {
			end_select(b);
			return true;
		}
		return false;
	case HTML_SCRIPT:
		return html_head_in(b, token);
	default:
		return false;
	}
}

static void select_end(struct html_builder *b, const struct html_token *token)
{
	switch (token->tag) {
	case HTML_OPTION:
		pop_if(b, HTML_OPTION);
		break;
	case HTML_OPTGROUP:
		if (b->depth > 1 && html_is(html_top(b), HTML_OPTION) &&
		    html_is(b->stack[b->depth - 2], HTML_OPTGROUP)) {
			html_pop(b);
		}
		pop_if(b, HTML_OPTGROUP);
		break;
	case HTML_SELECT:
		end_select(b);
		break;
	default:
		break;
	}
}

static bool is_table_tag(enum html_tag tag)
{
	switch (tag) {
	case HTML_CAPTION:
	case HTML_TABLE:
	case HTML_TBODY:
	case HTML_TFOOT:
	case HTML_THEAD:
	case HTML_TR:
	case HTML_TD:
	case HTML_TH:
		return true;
	default:
		return false;
	}
}

bool html_select_mode(struct html_builder *b, const struct html_token *token)
{
	if (b->mode == HTML_MODE_IN_SELECT_IN_TABLE &&
	    is_table_tag(token->tag)) {
		if (token->kind == HTML_TOKEN_START ||
		    (token->kind == HTML_TOKEN_END &&
		     in_scope(b, token->tag))) {
			end_select(b);
			return true;
		}
		if (token->kind == HTML_TOKEN_END) {
			return false;
		}
	}
	switch (token->kind) {
	case HTML_TOKEN_TEXT:
		html_insert_text(b, token->text);
		return false;
	case HTML_TOKEN_COMMENT:
		html_insert_comment(b, token->text, html_top(b));
		return false;
	case HTML_TOKEN_START:
		return select_start(b, token);
	case HTML_TOKEN_END:
		select_end(b, token);
		return false;
	default:
		return false;
	}
}
