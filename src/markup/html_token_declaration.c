/*
 * Comments, doctypes, and what the standard takes for a comment because it
 * fits nothing else.
 */
#include "markup/html_token.h"

static struct slice rest_at(const struct html_tokens *tokens, size_t pos)
{
	return slice_of(tokens->text.ptr + pos, tokens->text.len - pos);
}

void html_token_bogus(struct html_tokens *tokens, size_t pos,
		      struct html_token *token)
{
	struct slice text = rest_at(tokens, pos);
	const char *end = text.len ? memchr(text.ptr, '>', text.len) : NULL;

	token->kind = HTML_TOKEN_COMMENT;
	token->text =
		slice_of(text.ptr, end ? (size_t)(end - text.ptr) : text.len);
	tokens->pos = pos + token->text.len + (end ? 1 : 0);
}

/* How much of the text that ran into the end of the input is the comment's:
 * dashes that might have begun its end are not. */
static size_t unclosed_length(struct slice text)
{
	size_t len = text.len;

	if (len >= 3 && !memcmp(text.ptr + len - 3, "--!", 3)) {
		return len - 3;
	}
	for (int i = 0; i < 2 && len && text.ptr[len - 1] == '-'; i++) {
		len--;
	}
	return len;
}

static void read_comment(struct html_tokens *tokens, size_t pos,
			 struct html_token *token)
{
	struct slice text = rest_at(tokens, pos);
	const char *at = text.ptr, *end = text.ptr + text.len;

	token->kind = HTML_TOKEN_COMMENT;
	token->text = slice_of(text.ptr, 0);
	if (slice_starts(text, SLICE(">")) || slice_starts(text, SLICE("->"))) {
		tokens->pos = pos + (text.ptr[0] == '>' ? 1 : 2);
		return;
	}
	while ((at = memmem(at, (size_t)(end - at), "--", 2)) != NULL) {
		struct slice tail = {at + 2, (size_t)(end - at) - 2};
		bool bang = slice_starts(tail, SLICE("!>"));

		if (bang || slice_starts(tail, SLICE(">"))) {
			token->text.len = (size_t)(at - text.ptr);
			tokens->pos = pos + token->text.len + (bang ? 4 : 3);
			return;
		}
		at++;
	}
	token->text.len = unclosed_length(text);
	tokens->pos = tokens->text.len;
}

static bool starts_word(struct slice text, const char *word)
{
	size_t len = strlen(word);

	return text.len >= len && !strncasecmp(text.ptr, word, len);
}

static void skip_space(const struct html_tokens *tokens, size_t *pos)
{
	while (*pos < tokens->text.len &&
	       html_is_space(tokens->text.ptr[*pos])) {
		(*pos)++;
	}
}

/* A quoted identifier, if there is one. */
static bool read_quoted(const struct html_tokens *tokens, size_t *pos,
			struct html_token *token, struct slice *id)
{
	struct slice text;
	size_t len = 0;
	char quote;

	skip_space(tokens, pos);
	text = rest_at(tokens, *pos);
	if (!text.len || (text.ptr[0] != '"' && text.ptr[0] != '\'')) {
		return false;
	}
	quote = text.ptr[0];
	text = slice_of(text.ptr + 1, text.len - 1);
	while (len < text.len && text.ptr[len] != quote &&
	       text.ptr[len] != '>') {
		len++;
	}
	*id = slice_of(text.ptr, len);
	token->correct &= len < text.len && text.ptr[len] == quote;
	*pos += 1 + len + (len < text.len && text.ptr[len] == quote);
	return true;
}

static void read_ids(const struct html_tokens *tokens, size_t *pos,
		     struct html_token *token)
{
	struct slice text = rest_at(tokens, *pos);
	bool public = starts_word(text, "public");

	if (!public && !starts_word(text, "system")) {
		token->correct &= text.len && text.ptr[0] == '>';
		return;
	}
	*pos += 6;
	if (public) {
		token->has_public =
			read_quoted(tokens, pos, token, &token->public_id);
		token->correct &= token->has_public;
		if (!token->has_public) {
			return;
		}
	}
	token->has_system = read_quoted(tokens, pos, token, &token->system_id);
	token->correct &= token->has_system || public;
}

static void read_doctype(struct html_tokens *tokens, size_t pos,
			 struct html_token *token)
{
	size_t begin;

	skip_space(tokens, &pos);
	begin = pos;
	while (pos < tokens->text.len && tokens->text.ptr[pos] != '>' &&
	       !html_is_space(tokens->text.ptr[pos])) {
		pos++;
	}
	token->kind = HTML_TOKEN_DOCTYPE;
	token->name = html_token_lower(
		tokens->arena, slice_of(tokens->text.ptr + begin, pos - begin));
	token->correct = token->name.len > 0;
	skip_space(tokens, &pos);
	read_ids(tokens, &pos, token);
	while (pos < tokens->text.len && tokens->text.ptr[pos] != '>') {
		pos++;
	}
	token->correct &= pos < tokens->text.len;
	tokens->pos = pos + (pos < tokens->text.len);
}

void html_token_declaration(struct html_tokens *tokens, size_t pos,
			    struct html_token *token)
{
	struct slice text = rest_at(tokens, pos + 1);

	if (slice_starts(text, SLICE("--"))) {
		read_comment(tokens, pos + 3, token);
	} else if (starts_word(text, "doctype")) {
		read_doctype(tokens, pos + 8, token);
	} else if (tokens->foreign && slice_starts(text, SLICE("[CDATA["))) {
		tokens->pos = pos + 8;
		tokens->mode = HTML_TEXT_CDATA;
		token->kind = HTML_TOKEN_END_OF_FILE;
	} else {
		html_token_bogus(tokens, pos + 1, token);
	}
}
