/*
 * Tags and their attributes. Of two attributes of one name the first counts;
 * what an end tag has of them is read over.
 */
#include "markup/html_token.h"

#include "markup/html_entity.h"

static char peek(const struct html_tokens *tokens)
{
	return tokens->pos < tokens->text.len ? tokens->text.ptr[tokens->pos]
					      : '\0';
}

static void skip_space(struct html_tokens *tokens)
{
	while (html_is_space(peek(tokens))) {
		tokens->pos++;
	}
}

static struct slice since(const struct html_tokens *tokens, size_t begin)
{
	return slice_of(tokens->text.ptr + begin, tokens->pos - begin);
}

/* The value with its references decoded; borrowed where there are none. */
static struct slice decode(struct html_tokens *tokens, struct slice raw)
{
	char *out;
	size_t len = 0;

	if (!raw.len || !memchr(raw.ptr, '&', raw.len)) {
		return raw;
	}
	/* The worst reference, "&nGt;", stands for six bytes. */
	out = arena_alloc(tokens->arena, raw.len * 2);
	for (size_t i = 0; out && i < raw.len;) {
		size_t put = 0, used = 0;

		if (raw.ptr[i] == '&') {
			char code[HTML_ENTITY_MAX];

			used = html_entity_decode(
				slice_of(raw.ptr + i, raw.len - i), true, code,
				&put);
			memcpy(out + len, code, used ? put : 0);
		}
		if (!used) {
			out[len] = raw.ptr[i];
			put = used = 1;
		}
		len += put;
		i += used;
	}
	return slice_of(out, len);
}

static struct slice read_value(struct html_tokens *tokens)
{
	char quote = peek(tokens);
	size_t begin;

	if (quote == '"' || quote == '\'') {
		struct slice raw;

		begin = ++tokens->pos;
		while (tokens->pos < tokens->text.len &&
		       tokens->text.ptr[tokens->pos] != quote) {
			tokens->pos++;
		}
		raw = since(tokens, begin);
		tokens->pos += tokens->pos < tokens->text.len;
		return decode(tokens, raw);
	}
	begin = tokens->pos;
	while (tokens->pos < tokens->text.len && peek(tokens) != '>' &&
	       !html_is_space(peek(tokens))) {
		tokens->pos++;
	}
	return decode(tokens, since(tokens, begin));
}

static bool is_known(const struct html_tokens *tokens, uint32_t count,
		     struct slice name)
{
	for (uint32_t i = 0; i < count; i++) {
		if (slice_equal(tokens->attrs[i].name, name)) {
			return true;
		}
	}
	return false;
}

/* One attribute into the scratch. 0, or -1. */
static int read_attr(struct html_tokens *tokens, uint32_t *count)
{
	struct markup_attr attr = {.value = {"", 0}};
	size_t begin = tokens->pos++; /* a "=" may be the first character */
	char c;

	while (tokens->pos < tokens->text.len && (c = peek(tokens)) != '=' &&
	       c != '>' && c != '/' && !html_is_space(c)) {
		tokens->pos++;
	}
	attr.name = html_token_lower(tokens->arena, since(tokens, begin));
	skip_space(tokens);
	if (peek(tokens) == '=') {
		tokens->pos++;
		skip_space(tokens);
		attr.value = read_value(tokens);
	}
	if (!attr.name.ptr || !attr.value.ptr) {
		return html_token_no_memory(tokens->err);
	}
	if (is_known(tokens, *count, attr.name)) {
		return 0;
	}
	if (*count == tokens->limits->attributes) {
		return err_limit(tokens->err, "attributes", (int64_t)*count + 1,
				 "a tag has more than %u attributes",
				 tokens->limits->attributes);
	}
	tokens->attrs[(*count)++] = attr;
	return 0;
}

static int read_attrs(struct html_tokens *tokens, struct html_token *token,
		      bool *complete)
{
	uint32_t count = 0;
	size_t size;

	*complete = false;
	for (;;) {
		skip_space(tokens);
		if (tokens->pos >= tokens->text.len) {
			return 0;
		}
		if (peek(tokens) == '>') {
			break;
		}
		if (peek(tokens) == '/') {
			tokens->pos++;
			token->self_closing = peek(tokens) == '>';
			continue;
		}
		if (read_attr(tokens, &count)) {
			return -1;
		}
	}
	tokens->pos++;
	*complete = true;
	size = count * sizeof(*token->attrs);
	token->attr_count = count;
	token->attrs = count ? arena_alloc(tokens->arena, size) : NULL;
	if (count && !token->attrs) {
		return html_token_no_memory(tokens->err);
	}
	if (count) {
		memcpy(token->attrs, tokens->attrs, size);
	}
	return 0;
}

int html_token_tag(struct html_tokens *tokens, size_t pos, bool end,
		   struct html_token *token, bool *complete)
{
	struct slice name;
	char c;

	tokens->pos = pos;
	while (tokens->pos < tokens->text.len && (c = peek(tokens)) != '>' &&
	       c != '/' && !html_is_space(c)) {
		tokens->pos++;
	}
	name = html_token_lower(tokens->arena, since(tokens, pos));
	if (!name.ptr) {
		return html_token_no_memory(tokens->err);
	}
	token->kind = end ? HTML_TOKEN_END : HTML_TOKEN_START;
	token->name = name;
	token->tag = html_tag_find(name);
	return read_attrs(tokens, token, complete);
}
