/*
 * Start tags, text and comments in the body.
 */
#include "markup/html_tree.h"

static bool is_special(const struct markup_node *node)
{
	return html_has(node, TAG_SPECIAL) ||
	       (node->space == MARKUP_SVG && node->tag == HTML_FOREIGNOBJECT);
}

static void close_p(struct html_builder *b)
{
	if (html_in_scope(b, HTML_P, HTML_SCOPE_BUTTON)) {
		html_body_end_p(b);
	}
}

static void start_list_item(struct html_builder *b,
			    const struct html_token *token)
{
	bool li = token->tag == HTML_LI;

	for (uint32_t i = b->depth; i-- > 0;) {
		const struct markup_node *node = b->stack[i];

		if (li ? node->tag == HTML_LI
		       : node->tag == HTML_DT || node->tag == HTML_DD) {
			html_mode_end(b, (enum html_tag)node->tag);
			break;
		}
		if (is_special(node) && node->tag != HTML_ADDRESS &&
		    node->tag != HTML_DIV && node->tag != HTML_P) {
			break;
		}
	}
	if (html_in_scope(b, HTML_P, HTML_SCOPE_BUTTON)) {
		html_mode_end(b, HTML_P);
	}
	html_insert(b, token);
}

static void start_a(struct html_builder *b, const struct html_token *token)
{
	struct markup_node *old = html_format_tag(b, HTML_A);

	if (old) {
		struct html_token end = html_implied(HTML_TOKEN_END, HTML_A);

		html_format_end(b, &end);
		html_stack_remove(b, html_stack_find(b, old));
		html_format_remove(b, html_format_find(b, old));
	}
	html_format_reopen(b);
	html_insert(b, token);
	html_format_push(b);
}

static void start_formatting(struct html_builder *b,
			     const struct html_token *token)
{
	html_format_reopen(b);
	if (token->tag == HTML_NOBR &&
	    html_in_scope(b, HTML_NOBR, HTML_SCOPE_DEFAULT)) {
		struct html_token end = html_implied(HTML_TOKEN_END, HTML_NOBR);

		html_body_end(b, &end);
		html_format_reopen(b);
	}
	html_insert(b, token);
	html_format_push(b);
}

static bool start_button(struct html_builder *b, const struct html_token *token)
{
	if (html_in_scope(b, HTML_BUTTON, HTML_SCOPE_DEFAULT)) {
		struct html_token end =
			html_implied(HTML_TOKEN_END, HTML_BUTTON);

		html_body_end(b, &end);
		return true;
	}
	html_format_reopen(b);
	html_insert(b, token);
	return false;
}

static void start_form(struct html_builder *b, const struct html_token *token)
{
	if (b->form) {
		return;
	}
	close_p(b);
	b->form = html_insert(b, token);
}

static void start_body(struct html_builder *b, const struct html_token *token)
{
	if (b->depth > 1 && html_is(b->stack[1], HTML_BODY)) {
		html_merge_attrs(b, b->stack[1], token);
	}
}

static void start_select(struct html_builder *b, const struct html_token *token)
{
	html_format_reopen(b);
	html_insert(b, token);
	switch (b->mode) {
	case HTML_MODE_IN_TABLE:
	case HTML_MODE_IN_CAPTION:
	case HTML_MODE_IN_COLUMN_GROUP:
	case HTML_MODE_IN_TABLE_BODY:
	case HTML_MODE_IN_ROW:
	case HTML_MODE_IN_CELL:
		b->mode = HTML_MODE_IN_SELECT_IN_TABLE;
		break;
	default:
		b->mode = HTML_MODE_IN_SELECT;
		break;
	}
}

static void start_table(struct html_builder *b, const struct html_token *token)
{
	if (!b->quirks && html_in_scope(b, HTML_P, HTML_SCOPE_BUTTON)) {
		html_body_end_p(b);
	}
	html_insert(b, token);
	b->mode = HTML_MODE_IN_TABLE;
}

static bool body_start(struct html_builder *b, const struct html_token *token);

/* The old search field, which stands for a small form. */
static void start_isindex(struct html_builder *b)
{
	static struct markup_attr name = {.name = {"name", 4},
					  .value = {"isindex", 7}};
	static const enum html_tag opening[] = {HTML_FORM, HTML_HR, HTML_LABEL};
	struct html_token part;

	if (b->form) {
		return;
	}
	for (int i = 0; i < 3; i++) {
		part = html_implied(HTML_TOKEN_START, opening[i]);
		body_start(b, &part);
	}
	html_format_reopen(b);
	html_insert_text(b, SLICE("This is a searchable index. "
				  "Enter search keywords: "));
	part = html_implied(HTML_TOKEN_START, HTML_INPUT);
	part.attrs = &name;
	part.attr_count = 1;
	body_start(b, &part);
	part = html_implied(HTML_TOKEN_END, HTML_LABEL);
	html_body_end(b, &part);
	part = html_implied(HTML_TOKEN_START, HTML_HR);
	body_start(b, &part);
	part = html_implied(HTML_TOKEN_END, HTML_FORM);
	html_body_end(b, &part);
}

static void start_raw(struct html_builder *b, const struct html_token *token)
{
	switch (token->tag) {
	case HTML_PLAINTEXT:
		close_p(b);
		html_insert(b, token);
		b->tokens.mode = HTML_TEXT_PLAINTEXT;
		break;
	case HTML_TEXTAREA:
		html_mode_text(b, token, HTML_TEXT_RCDATA);
		b->drop_newline = true;
		if (b->limits->html5lib) {
			b->mode = b->original;
		}
		break;
	case HTML_XMP:
		close_p(b);
		html_format_reopen(b);
		html_mode_text(b, token, HTML_TEXT_RAW);
		break;
	default:
		html_mode_text(b, token, HTML_TEXT_RAW);
		break;
	}
}

static void start_block(struct html_builder *b, const struct html_token *token)
{
	close_p(b);
	if (html_tag_flags(token->tag) & TAG_HEADING &&
	    html_has(html_top(b), TAG_HEADING)) {
		html_pop(b);
	}
	html_insert(b, token);
	if (token->tag == HTML_PRE || token->tag == HTML_LISTING) {
		b->drop_newline = true;
	}
}

static void start_image(struct html_builder *b, const struct html_token *token)
{
	struct html_token copy = *token;

	if (token->tag == HTML_IMAGE) {
		copy.tag = HTML_IMG;
		copy.name = SLICE("img");
	}
	html_format_reopen(b);
	html_insert_void(b, &copy);
}

/* Tags whose rule is a group's. */
static bool start_group(struct html_builder *b, const struct html_token *token)
{
	uint32_t flags = html_tag_flags(token->tag);

	if (flags & TAG_IN_HEAD) {
		return html_head_in(b, token);
	}
	if (flags & TAG_FORMATTING) {
		start_formatting(b, token);
	} else if (flags & (TAG_CLOSE_P | TAG_HEADING)) {
		start_block(b, token);
	} else if (!(flags & TAG_MISPLACED)) {
		html_format_reopen(b);
		html_insert(b, token);
	}
	return false;
}

/* Tags of forms, ruby and what is not HTML. */
static bool start_rare(struct html_builder *b, const struct html_token *token)
{
	switch (token->tag) {
	case HTML_FORM:
		start_form(b, token);
		break;
	case HTML_BUTTON:
		return start_button(b, token);
	case HTML_APPLET:
	case HTML_MARQUEE:
	case HTML_OBJECT:
		html_format_reopen(b);
		html_insert(b, token);
		html_format_mark(b);
		break;
	case HTML_ISINDEX:
		start_isindex(b);
		break;
	case HTML_SELECT:
		start_select(b, token);
		break;
	case HTML_RP:
	case HTML_RT:
		if (html_in_scope(b, HTML_RUBY, HTML_SCOPE_DEFAULT)) {
			html_implied_end(b, HTML_UNKNOWN);
		}
		html_insert(b, token);
		break;
	case HTML_OPTION:
	case HTML_OPTGROUP:
		if (html_is(html_top(b), HTML_OPTION)) {
			html_mode_end(b, HTML_OPTION);
		}
		html_format_reopen(b);
		html_insert(b, token);
		break;
	case HTML_MATH:
	case HTML_SVG:
		html_foreign_enter(b, token);
		break;
	default:
		return start_group(b, token);
	}
	return false;
}

static bool body_start(struct html_builder *b, const struct html_token *token)
{
	switch (token->tag) {
	case HTML_HTML:
		if (!b->fragment) {
			html_merge_attrs(b, b->stack[0], token);
		}
		break;
	case HTML_BODY:
		start_body(b, token);
		break;
	case HTML_FRAMESET:
		break;
	case HTML_PRE:
	case HTML_LISTING:
		start_block(b, token);
		break;
	case HTML_LI:
	case HTML_DD:
	case HTML_DT:
		start_list_item(b, token);
		break;
	case HTML_A:
		start_a(b, token);
		break;
	case HTML_PLAINTEXT:
	case HTML_TEXTAREA:
	case HTML_XMP:
	case HTML_IFRAME:
	case HTML_NOEMBED:
	case HTML_NOFRAMES:
		start_raw(b, token);
		break;
	case HTML_TABLE:
		start_table(b, token);
		break;
	case HTML_AREA:
	case HTML_BR:
	case HTML_EMBED:
	case HTML_IMG:
	case HTML_KEYGEN:
	case HTML_WBR:
	case HTML_INPUT:
	case HTML_IMAGE:
		start_image(b, token);
		break;
	case HTML_HR:
		close_p(b);
		html_insert_void(b, token);
		break;
	case HTML_PARAM:
	case HTML_SOURCE:
	case HTML_TRACK:
		html_insert_void(b, token);
		break;
	default:
		return start_rare(b, token);
	}
	return false;
}

/* The first newline of a pre or textarea is not part of it. */
static void body_text(struct html_builder *b, struct slice text)
{
	const struct markup_node *top = html_top(b);

	if (b->drop_newline && html_is_space(text.ptr[0])) {
		b->drop_newline = false;
		if (text.ptr[0] == '\n' && !top->child &&
		    (html_is(top, HTML_PRE) || html_is(top, HTML_LISTING) ||
		     html_is(top, HTML_TEXTAREA))) {
			text.ptr++;
			text.len--;
		}
	}
	if (text.len) {
		html_format_reopen(b);
		html_insert_text(b, text);
	}
}

bool html_body_mode(struct html_builder *b, const struct html_token *token)
{
	switch (token->kind) {
	case HTML_TOKEN_TEXT:
		body_text(b, token->text);
		return false;
	case HTML_TOKEN_COMMENT:
		html_insert_comment(b, token->text, html_top(b));
		return false;
	case HTML_TOKEN_START:
		return body_start(b, token);
	case HTML_TOKEN_END:
		return html_body_end(b, token);
	default:
		return false;
	}
}
