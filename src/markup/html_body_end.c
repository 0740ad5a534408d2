/*
 * End tags in the body.
 */
#include "markup/html_tree.h"

static void end_block(struct html_builder *b, const struct html_token *token)
{
	if (token->tag == HTML_PRE) {
		b->drop_newline = false;
	}
	if (!html_in_scope(b, token->tag, HTML_SCOPE_DEFAULT)) {
		return;
	}
	html_implied_end(b, HTML_UNKNOWN);
	html_pop_tag(b, token->tag);
}

static void end_form(struct html_builder *b)
{
	struct markup_node *form = b->form;

	b->form = NULL;
	if (form && html_stack_find(b, form) > 0 &&
	    html_in_scope(b, HTML_FORM, HTML_SCOPE_DEFAULT)) {
		html_implied_end(b, HTML_UNKNOWN);
		html_stack_remove(b, html_stack_find(b, form));
	}
}

void html_body_end_p(struct html_builder *b)
{
	if (!html_in_scope(b, HTML_P, HTML_SCOPE_BUTTON)) {
		html_insert_tag(b, HTML_P);
	}
	html_implied_end(b, HTML_P);
	html_pop_tag(b, HTML_P);
}

static void end_list_item(struct html_builder *b,
			  const struct html_token *token)
{
	if (html_in_scope(b, token->tag,
			  token->tag == HTML_LI ? HTML_SCOPE_LIST
						: HTML_SCOPE_DEFAULT)) {
		html_implied_end(b, token->tag);
		html_pop_tag(b, token->tag);
	}
}

static bool heading_in_scope(const struct html_builder *b)
{
	static const enum html_tag headings[] = {HTML_H1, HTML_H2, HTML_H3,
						 HTML_H4, HTML_H5, HTML_H6};

	for (int i = 0; i < 6; i++) {
		if (html_in_scope(b, headings[i], HTML_SCOPE_DEFAULT)) {
			return true;
		}
	}
	return false;
}

static void end_heading(struct html_builder *b)
{
	if (!heading_in_scope(b)) {
		return;
	}
	html_implied_end(b, HTML_UNKNOWN);
	while (b->depth > 1 && heading_in_scope(b)) {
		bool heading = html_tag_flags((enum html_tag)html_top(b)->tag) &
			       TAG_HEADING;

		html_pop(b);
		if (heading) {
			return;
		}
	}
}

void html_body_end_other(struct html_builder *b, const struct html_token *token)
{
	for (uint32_t i = b->depth; i-- > 0;) {
		const struct markup_node *node = b->stack[i];

		if (slice_equal(node->name, token->name)) {
			html_implied_end(b, token->tag);
			html_pop_node(b, node);
			return;
		}
		if (html_has(node, TAG_SPECIAL) ||
		    (node->space == MARKUP_SVG &&
		     node->tag == HTML_FOREIGNOBJECT)) {
			return;
		}
	}
}

/* Ends body or html. */
static bool end_body(struct html_builder *b, const struct html_token *token)
{
	if (!html_in_scope(b, HTML_BODY, HTML_SCOPE_DEFAULT)) {
		return false;
	}
	b->mode = HTML_MODE_AFTER_BODY;
	return token->tag == HTML_HTML;
}

bool html_body_end(struct html_builder *b, const struct html_token *token)
{
	uint32_t flags = html_tag_flags(token->tag);

	switch (token->tag) {
	case HTML_BODY:
	case HTML_HTML:
		return end_body(b, token);
	case HTML_FORM:
		end_form(b);
		return false;
	case HTML_P:
		html_body_end_p(b);
		return false;
	case HTML_DD:
	case HTML_DT:
	case HTML_LI:
		end_list_item(b, token);
		return false;
	case HTML_APPLET:
	case HTML_MARQUEE:
	case HTML_OBJECT:
		if (html_in_scope(b, token->tag, HTML_SCOPE_DEFAULT)) {
			html_implied_end(b, HTML_UNKNOWN);
			html_pop_tag(b, token->tag);
			html_format_clear(b);
		}
		return false;
	case HTML_BR:
		html_format_reopen(b);
		html_insert_tag(b, HTML_BR);
		html_pop(b);
		return false;
	default:
		break;
	}
	if (flags & TAG_BLOCK_END) {
		end_block(b, token);
	} else if (flags & TAG_HEADING) {
		end_heading(b);
	} else if (flags & TAG_FORMATTING) {
		html_format_end(b, token);
	} else {
		html_body_end_other(b, token);
	}
	return false;
}
