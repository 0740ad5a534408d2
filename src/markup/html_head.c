/*
 * The modes before the body begins and after it has ended.
 */
#include "markup/html_tree.h"

static bool token_is(const struct html_token *token, enum html_token_kind kind,
		     enum html_tag tag)
{
	return token->kind == kind && token->tag == tag;
}

static bool is_space(const struct html_token *token)
{
	return token->kind == HTML_TOKEN_TEXT &&
	       html_is_space(token->text.ptr[0]);
}

/* The end tags that imply what is missing before them. */
static bool ends_implied(const struct html_token *token)
{
	return token->tag == HTML_HEAD || token->tag == HTML_BODY ||
	       token->tag == HTML_HTML || token->tag == HTML_BR;
}

/* --- Before html ---------------------------------------------------------- */

static bool starts_any(struct slice id, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(list[i]);

		if (id.len >= len && !strncasecmp(id.ptr, list[i], len)) {
			return true;
		}
	}
	return false;
}

/* Whether the page is rendered as before standards; it decides whether a table
 * ends a paragraph. The identifiers in use, not the standard's whole list. */
static bool doctype_quirks(const struct html_token *token)
{
	static const char *const old[] = {
		"-//ietf//dtd html",
		"-//w3c//dtd html 3",
		"-//w3c//dtd html 4.0 ",
		"-//w3c//dtd html experimental",
		"-//w3c//dtd w3 html",
		"-//w3o//dtd w3 html",
		"-//netscape comm. corp.//dtd",
		"-//microsoft//dtd internet explorer",
		"-//softquad",
		"-//sun microsystems corp.//dtd hotjava",
		"-//webtechs//dtd mozilla html",
		"-//metrius//",
		"-//as//dtd html 3",
		"-//advasoft ltd//",
		"-//o'reilly and associates//",
		"-//spyglass//",
		"-//sq//dtd html 2",
		"+//silmaril//dtd html pro",
		"-/w3c/dtd html 4.0 transitional/en",
		"html",
	};
	static const char *const unless_system[] = {
		"-//w3c//dtd html 4.01 frameset//",
		"-//w3c//dtd html 4.01 transitional//",
	};

	return !token->correct || !slice_is(token->name, "html") ||
	       starts_any(token->public_id, old, sizeof(old) / sizeof(*old)) ||
	       (!token->has_system &&
		starts_any(token->public_id, unless_system, 2));
}

static void insert_doctype(struct html_builder *b,
			   const struct html_token *token)
{
	struct markup_node *node = html_node(b, MARKUP_DOCTYPE);

	if (node) {
		node->name = token->name;
		node->has_public = token->has_public;
		node->has_system = token->has_system;
		node->public_id = token->public_id;
		node->system_id = token->system_id;
		html_attach(b->document, node, NULL);
	}
}

static bool take_initial(struct html_builder *b, const struct html_token *token)
{
	if (is_space(token)) {
		return false;
	}
	if (token->kind == HTML_TOKEN_COMMENT) {
		html_insert_comment(b, token->text, b->document);
		return false;
	}
	b->mode = HTML_MODE_BEFORE_HTML;
	if (token->kind != HTML_TOKEN_DOCTYPE) {
		b->quirks = true;
		return true;
	}
	insert_doctype(b, token);
	b->quirks = doctype_quirks(token);
	return false;
}

static bool take_before_html(struct html_builder *b,
			     const struct html_token *token)
{
	struct markup_node *html;
	struct html_token implied;

	if (is_space(token) || token->kind == HTML_TOKEN_DOCTYPE ||
	    (token->kind == HTML_TOKEN_END && !ends_implied(token))) {
		return false;
	}
	if (token->kind == HTML_TOKEN_COMMENT) {
		html_insert_comment(b, token->text, b->document);
		return false;
	}
	implied = html_implied(HTML_TOKEN_START, HTML_HTML);
	html = html_element(b, &implied, MARKUP_HTML);
	if (html) {
		html_attach(b->document, html, NULL);
		html_push(b, html);
	}
	b->mode = HTML_MODE_BEFORE_HEAD;
	return true;
}

static bool take_before_head(struct html_builder *b,
			     const struct html_token *token)
{
	if (is_space(token) || token->kind == HTML_TOKEN_DOCTYPE ||
	    (token->kind == HTML_TOKEN_END && !ends_implied(token))) {
		return false;
	}
	if (token->kind == HTML_TOKEN_COMMENT) {
		html_insert_comment(b, token->text, html_top(b));
		return false;
	}
	if (token_is(token, HTML_TOKEN_START, HTML_HTML)) {
		html_merge_attrs(b, b->stack[0], token);
		return false;
	}
	b->mode = HTML_MODE_IN_HEAD;
	if (token_is(token, HTML_TOKEN_START, HTML_HEAD)) {
		b->head = html_insert(b, token);
		return false;
	}
	b->head = html_insert_tag(b, HTML_HEAD);
	return true;
}

/* --- In the head ---------------------------------------------------------- */

bool html_head_in(struct html_builder *b, const struct html_token *token)
{
	switch (token->tag) {
	case HTML_TITLE:
		html_mode_text(b, token, HTML_TEXT_RCDATA);
		break;
	case HTML_STYLE:
	case HTML_NOFRAMES:
		html_mode_text(b, token, HTML_TEXT_RAW);
		break;
	case HTML_SCRIPT:
		html_mode_text(b, token, HTML_TEXT_SCRIPT);
		break;
	default:
		html_insert_void(b, token);
		break;
	}
	return false;
}

static bool head_start(struct html_builder *b, const struct html_token *token)
{
	if (token->tag == HTML_HTML) {
		html_merge_attrs(b, b->stack[0], token);
		return false;
	}
	if (token->tag == HTML_HEAD) {
		return false;
	}
	if (token->tag == HTML_NOSCRIPT) {
		html_insert(b, token);
		b->mode = HTML_MODE_IN_HEAD_NOSCRIPT;
		return false;
	}
	if (token->tag == HTML_NOFRAMES ||
	    (html_tag_flags(token->tag) & TAG_IN_HEAD)) {
		return html_head_in(b, token);
	}
	html_pop(b);
	b->mode = HTML_MODE_AFTER_HEAD;
	return true;
}

static bool take_in_head(struct html_builder *b, const struct html_token *token)
{
	switch (token->kind) {
	case HTML_TOKEN_START:
		return head_start(b, token);
	case HTML_TOKEN_COMMENT:
		html_insert_comment(b, token->text, html_top(b));
		return false;
	case HTML_TOKEN_DOCTYPE:
		return false;
	case HTML_TOKEN_TEXT:
		if (is_space(token)) {
			html_insert_text(b, token->text);
			return false;
		}
		break;
	case HTML_TOKEN_END:
		if (!ends_implied(token)) {
			return false;
		}
		break;
	case HTML_TOKEN_END_OF_FILE:
		break;
	}
	html_pop(b);
	b->mode = HTML_MODE_AFTER_HEAD;
	return !token_is(token, HTML_TOKEN_END, HTML_HEAD);
}

static bool noscript_keeps(const struct html_token *token)
{
	switch (token->tag) {
	case HTML_BASEFONT:
	case HTML_BGSOUND:
	case HTML_LINK:
	case HTML_META:
	case HTML_NOFRAMES:
	case HTML_STYLE:
		return true;
	default:
		return false;
	}
}

static bool take_in_noscript(struct html_builder *b,
			     const struct html_token *token)
{
	bool start = token->kind == HTML_TOKEN_START;

	if (is_space(token) || token->kind == HTML_TOKEN_COMMENT ||
	    token->kind == HTML_TOKEN_DOCTYPE) {
		return take_in_head(b, token);
	}
	if (start && token->tag == HTML_HTML) {
		html_merge_attrs(b, b->stack[0], token);
		return false;
	}
	if (start && noscript_keeps(token)) {
		return html_head_in(b, token);
	}
	if ((start &&
	     (token->tag == HTML_HEAD || token->tag == HTML_NOSCRIPT)) ||
	    (token->kind == HTML_TOKEN_END && token->tag != HTML_NOSCRIPT &&
	     token->tag != HTML_BR)) {
		return false;
	}
	html_pop(b);
	b->mode = HTML_MODE_IN_HEAD;
	return !token_is(token, HTML_TOKEN_END, HTML_NOSCRIPT);
}

/* Elements of the head that come behind it still go into it. */
static bool late_head(struct html_builder *b, const struct html_token *token)
{
	html_push(b, b->head);
	html_head_in(b, token);
	html_stack_remove(b, html_stack_find(b, b->head));
	return false;
}

static bool take_after_head(struct html_builder *b,
			    const struct html_token *token)
{
	if (is_space(token)) {
		html_insert_text(b, token->text);
		return false;
	}
	if (token->kind == HTML_TOKEN_COMMENT) {
		html_insert_comment(b, token->text, html_top(b));
		return false;
	}
	if (token->kind == HTML_TOKEN_DOCTYPE ||
	    token_is(token, HTML_TOKEN_START, HTML_HEAD) ||
	    (token->kind == HTML_TOKEN_END &&
	     (!ends_implied(token) || token->tag == HTML_HEAD))) {
		return false;
	}
	if (token->kind == HTML_TOKEN_START) {
		if (token->tag == HTML_HTML) {
			html_merge_attrs(b, b->stack[0], token);
			return false;
		}
		if (token->tag == HTML_BODY) {
			html_insert(b, token);
			b->mode = HTML_MODE_IN_BODY;
			return false;
		}
		if (token->tag != HTML_COMMAND &&
		    (token->tag == HTML_NOFRAMES ||
		     (html_tag_flags(token->tag) & TAG_IN_HEAD))) {
			return late_head(b, token);
		}
	}
	html_insert_tag(b, HTML_BODY);
	b->mode = HTML_MODE_IN_BODY;
	return true;
}

bool html_head_mode(struct html_builder *b, const struct html_token *token)
{
	switch (b->mode) {
	case HTML_MODE_INITIAL:
		return take_initial(b, token);
	case HTML_MODE_BEFORE_HTML:
		return take_before_html(b, token);
	case HTML_MODE_BEFORE_HEAD:
		return take_before_head(b, token);
	case HTML_MODE_IN_HEAD:
		return take_in_head(b, token);
	case HTML_MODE_IN_HEAD_NOSCRIPT:
		return take_in_noscript(b, token);
	default:
		return take_after_head(b, token);
	}
}

/* --- After the body ------------------------------------------------------- */

bool html_after_mode(struct html_builder *b, const struct html_token *token)
{
	bool after_html = b->mode == HTML_MODE_AFTER_AFTER_BODY;

	switch (token->kind) {
	case HTML_TOKEN_END_OF_FILE:
	case HTML_TOKEN_DOCTYPE:
		return false;
	case HTML_TOKEN_COMMENT:
		html_insert_comment(b, token->text,
				    after_html ? b->document : b->stack[0]);
		return false;
	case HTML_TOKEN_TEXT:
		if (is_space(token)) {
			if (after_html) {
				html_format_reopen(b);
			}
			html_insert_text(b, token->text);
			return false;
		}
		break;
	case HTML_TOKEN_START:
		if (token->tag == HTML_HTML) {
			html_merge_attrs(b, b->stack[0], token);
			return false;
		}
		break;
	case HTML_TOKEN_END:
		if (token->tag == HTML_HTML && !after_html) {
			b->mode = HTML_MODE_AFTER_AFTER_BODY;
			return false;
		}
		break;
	}
	b->mode = HTML_MODE_IN_BODY;
	return true;
}
