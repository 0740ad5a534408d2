/*
 * The tokenizer: text in its kinds. Tags are in html_token_tag.c, comments and
 * doctypes in html_token_declaration.c. It reports no parse errors: whatever is
 * UTF-8 has a meaning in HTML.
 */
#include "markup/html_token.h"

#include "base/text.h"
#include "markup/html_entity.h"

int html_token_no_memory(struct err *err)
{
	return err_limit(err, "memory", 0,
			 "the document needs more memory than is allowed");
}

struct slice html_token_lower(struct arena *arena, struct slice name)
{
	char *copy;
	size_t i = 0;

	while (i < name.len && !(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z')) {
		i++;
	}
	if (i == name.len) {
		return name;
	}
	copy = arena_copy(arena, name);
	for (; copy && i < name.len; i++) {
		if (copy[i] >= 'A' && copy[i] <= 'Z') {
			copy[i] = (char)(copy[i] + 32);
		}
	}
	return slice_of(copy, name.len);
}

/* CR LF and CR become LF. NULL ptr: the arena is full. */
static struct slice unify_lines(struct arena *arena, struct slice text)
{
	char *copy;
	size_t len = 0;

	if (!text.len || !memchr(text.ptr, '\r', text.len)) {
		return text;
	}
	copy = arena_alloc(arena, text.len);
	for (size_t i = 0; copy && i < text.len; i++) {
		if (text.ptr[i] != '\r') {
			copy[len++] = text.ptr[i];
		} else if (i + 1 == text.len || text.ptr[i + 1] != '\n') {
			copy[len++] = '\n';
		}
	}
	return slice_of(copy, len);
}

int html_tokens_init(struct html_tokens *tokens, struct arena *arena,
		     struct slice text, const struct markup_limits *limits,
		     struct err *err)
{
	*tokens = (struct html_tokens){
		.arena = arena, .limits = limits, .err = err};
	if (text.len >= 3 && !memcmp(text.ptr, "\xef\xbb\xbf", 3)) {
		text.ptr += 3;
		text.len -= 3;
	}
	tokens->text = unify_lines(arena, text);
	tokens->attrs = arena_calloc(arena, (size_t)limits->attributes + 1,
				     sizeof(*tokens->attrs));
	if ((text.len && !tokens->text.ptr) || !tokens->attrs) {
		return html_token_no_memory(err);
	}
	return 0;
}

static struct slice rest(const struct html_tokens *tokens)
{
	return slice_of(tokens->text.ptr + tokens->pos,
			tokens->text.len - tokens->pos);
}

static int take_text(struct html_tokens *tokens, struct html_token *token,
		     size_t len)
{
	token->kind = HTML_TOKEN_TEXT;
	token->text = slice_of(tokens->text.ptr + tokens->pos, len);
	tokens->pos += len;
	return 0;
}

/* Where the next "<" behind the present place is, or the end. It is looked for
 * once, however many pieces the text until there has. */
static size_t next_less(struct html_tokens *tokens)
{
	size_t from = tokens->pos + 1, end = tokens->text.len;
	const char *at;

	if (tokens->less < from) {
		at = memchr(tokens->text.ptr + from, '<', end - from);
		tokens->less = at ? (size_t)(at - tokens->text.ptr) : end;
	}
	return tokens->less < end ? tokens->less : end;
}

/* Text up to the next "<" or "&", or what a reference stands for. */
static int next_text(struct html_tokens *tokens, struct html_token *token)
{
	struct slice text = rest(tokens);
	char out[HTML_ENTITY_MAX];
	size_t len, used;
	const char *stop;

	if (text.ptr[0] == '&') {
		used = html_entity_decode(text, false, out, &len);
		if (!used) {
			return take_text(tokens, token, 1);
		}
		tokens->pos += used;
		token->kind = HTML_TOKEN_TEXT;
		token->text = slice_of(
			arena_copy(tokens->arena, slice_of(out, len)), len);
		return token->text.ptr ? 0 : html_token_no_memory(tokens->err);
	}
	len = next_less(tokens) - tokens->pos;
	stop = memchr(text.ptr + 1, '&', len - 1);
	return take_text(tokens, token, stop ? (size_t)(stop - text.ptr) : len);
}

/* Does `text` begin with the name in any case, and end there as tags do? */
static bool name_ends(struct slice text, const char *name)
{
	size_t len = strlen(name);

	if (text.len <= len) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		char c = text.ptr[i];

		if (c != name[i] && c + 32 != name[i]) {
			return false;
		}
	}
	return html_is_space(text.ptr[len]) || text.ptr[len] == '/' ||
	       text.ptr[len] == '>';
}

/* Is this "</" and the tag that ends the present text? */
static bool is_raw_end(const struct html_tokens *tokens, struct slice text)
{
	char name[16];

	if (text.len < 3 || text.ptr[1] != '/' ||
	    tokens->raw_name.len >= sizeof(name)) {
		return false;
	}
	memcpy(name, tokens->raw_name.ptr, tokens->raw_name.len);
	name[tokens->raw_name.len] = '\0';
	return name_ends(slice_of(text.ptr + 2, text.len - 2), name);
}

enum script_state { SCRIPT_PLAIN, SCRIPT_ESCAPED, SCRIPT_DOUBLE };

/* What the "<" at text[at] changes; true if it ends the script. */
static bool script_less(const struct html_tokens *tokens, struct slice text,
			size_t at, enum script_state *state)
{
	struct slice here = {text.ptr + at, text.len - at};
	struct slice name = {here.ptr + 1, here.len - 1};

	if (is_raw_end(tokens, here)) {
		if (*state != SCRIPT_DOUBLE) {
			return true;
		}
		*state = SCRIPT_ESCAPED;
	} else if (*state == SCRIPT_PLAIN &&
		   slice_starts(here, SLICE("<!--"))) {
		*state = SCRIPT_ESCAPED;
	} else if (*state == SCRIPT_ESCAPED && name_ends(name, "script")) {
		*state = SCRIPT_DOUBLE;
	}
	return false;
}

/* Where the end tag of a script begins: past the end if there is none. */
static size_t script_length(const struct html_tokens *tokens)
{
	struct slice text = rest(tokens);
	enum script_state state = SCRIPT_PLAIN;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '<') {
			if (script_less(tokens, text, i, &state)) {
				return i;
			}
		} else if (text.ptr[i] == '>' && i >= 2 &&
			   text.ptr[i - 1] == '-' && text.ptr[i - 2] == '-') {
			state = SCRIPT_PLAIN;
		}
	}
	return text.len;
}

static size_t raw_length(const struct html_tokens *tokens)
{
	struct slice text = rest(tokens);
	const char *at = text.ptr, *end = text.ptr + text.len;

	for (; (at = memchr(at, '<', (size_t)(end - at))) != NULL; at++) {
		if (is_raw_end(tokens, slice_of(at, (size_t)(end - at)))) {
			return (size_t)(at - text.ptr);
		}
	}
	return text.len;
}

static int next_cdata(struct html_tokens *tokens, struct html_token *token)
{
	struct slice text = rest(tokens);
	const char *end = memmem(text.ptr, text.len, "]]>", 3);

	tokens->mode = HTML_TEXT_DATA;
	take_text(tokens, token, end ? (size_t)(end - text.ptr) : text.len);
	tokens->pos += end ? 3 : 0;
	if (!token->text.len) {
		return html_tokens_next(tokens, token);
	}
	return 0;
}

/* Text that holds no tags; -2 where its end tag is next. */
static int next_raw(struct html_tokens *tokens, struct html_token *token)
{
	size_t len;

	switch (tokens->mode) {
	case HTML_TEXT_CDATA:
		return next_cdata(tokens, token);
	case HTML_TEXT_PLAINTEXT:
		len = rest(tokens).len;
		break;
	default:
		if (tokens->raw_end <= tokens->pos) {
			tokens->raw_end =
				tokens->pos + (tokens->mode == HTML_TEXT_SCRIPT
						       ? script_length(tokens)
						       : raw_length(tokens));
		}
		len = tokens->raw_end - tokens->pos;
		break;
	}
	if (!len) {
		return -2;
	}
	if (tokens->mode == HTML_TEXT_RCDATA) {
		struct slice whole = tokens->text;
		int r;

		tokens->text.len = tokens->pos + len;
		r = next_text(tokens, token);
		tokens->text = whole;
		return r;
	}
	return take_text(tokens, token, len);
}

/* What begins with "<"; -2 where that is a piece of text after all, and -3
 * where nothing came of it. */
static int next_markup(struct html_tokens *tokens, struct html_token *token)
{
	struct slice text = rest(tokens);
	bool complete = true;

	if (text.len < 2) {
		return -2;
	}
	if (html_is_letter(text.ptr[1])) {
		if (html_token_tag(tokens, tokens->pos + 1, false, token,
				   &complete)) {
			return -1;
		}
		return complete ? 0 : -3;
	}
	if (text.ptr[1] == '!') {
		html_token_declaration(tokens, tokens->pos + 1, token);
		return token->kind == HTML_TOKEN_END_OF_FILE ? -3 : 0;
	}
	if (text.ptr[1] == '?') {
		html_token_bogus(tokens, tokens->pos + 1, token);
		return 0;
	}
	if (text.ptr[1] != '/' || text.len == 2) {
		return -2;
	}
	if (html_is_letter(text.ptr[2])) {
		if (html_token_tag(tokens, tokens->pos + 2, true, token,
				   &complete)) {
			return -1;
		}
		return complete ? 0 : -3;
	}
	if (text.ptr[2] == '>') {
		tokens->pos += 3;
		return -3;
	}
	html_token_bogus(tokens, tokens->pos + 2, token);
	return 0;
}

int html_tokens_next(struct html_tokens *tokens, struct html_token *token)
{
	int r;

	do {
		*token = (struct html_token){.correct = true};
		if (tokens->pos >= tokens->text.len) {
			return 0;
		}
		if (tokens->mode != HTML_TEXT_DATA) {
			r = next_raw(tokens, token);
			if (r != -2) {
				return r;
			}
			tokens->mode = HTML_TEXT_DATA;
		}
		if (tokens->text.ptr[tokens->pos] != '<') {
			return next_text(tokens, token);
		}
		r = next_markup(tokens, token);
	} while (r == -3);
	return r == -2 ? next_text(tokens, token) : r;
}
