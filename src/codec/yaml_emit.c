/*
 * YAML's scalars in four styles, folded at 80 columns, as PyYAML writes them.
 */
#include "codec/yaml_emit.h"

#include <stdio.h>

#include "base/text.h"

#define BEST_WIDTH 80
#define NO_CHAR	   UINT32_MAX /* behind the end */

void yaml_emit_init(struct yaml_emit *emit, struct buf *out)
{
	*emit = (struct yaml_emit){
		.out = out, .whitespace = true, .indention = true};
}

/* The character at `at` and where the next one begins. */
static uint32_t char_at(struct slice text, size_t at, size_t *next)
{
	*next = at + 1;
	if (at >= text.len)
		return NO_CHAR;
	if ((unsigned char)text.ptr[at] < 0x80)
		return (unsigned char)text.ptr[at];
	*next = at;
	int32_t code = utf8_next(text, next);
	return code < 0 ? 0xfffd : (uint32_t)code;
}

static bool is_break(uint32_t c)
{
	return c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

static bool is_blank(uint32_t c)
{
	return c == NO_CHAR || c == 0 || c == ' ' || c == '\t' || c == '\r' ||
	       is_break(c);
}

/* U+0085 is a line break of YAML 1.1 and would come back as another one, which
 * PyYAML does not mind: here it is escaped. */
static bool is_printable(uint32_t c)
{
	if (c == '\n' || (c >= 0x20 && c <= 0x7e))
		return true;
	return ((c >= 0xa0 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd) ||
		(c >= 0x10000 && c < 0x10ffff)) &&
	       c != 0xfeff;
}

static bool is_in(uint32_t c, const char *set)
{
	return c && c < 0x80 && strchr(set, (int)c);
}

/* Would the character, where it stands, be an indicator in block context? */
static bool is_indicator(uint32_t c, bool first, bool before, bool after)
{
	if (first)
		return is_in(c, "#,[]{}&*!|>'\"%@`") ||
		       (is_in(c, "?:-") && after);
	return (c == ':' && after) || (c == '#' && before);
}

struct yaml_analysis yaml_emit_analyze(struct slice text)
{
	bool indicators = slice_starts(text, SLICE("---")) ||
			  slice_starts(text, SLICE("..."));
	bool special = false, breaks = false, edge = false;
	bool break_space = false, space_break = false;
	uint32_t previous = NO_CHAR;
	size_t length = 0;

	if (!text.len)
		return (struct yaml_analysis){
			.empty = true, .plain = true, .single = true};
	for (size_t at = 0, next, after; at < text.len; at = next) {
		uint32_t c = char_at(text, at, &next);
		indicators =
			indicators ||
			is_indicator(c, at == 0, is_blank(previous),
				     is_blank(char_at(text, next, &after)));
		special = special || !is_printable(c);
		breaks = breaks || is_break(c);
		edge = edge || ((c == ' ' || is_break(c)) &&
				(at == 0 || next >= text.len));
		break_space =
			break_space || (c == ' ' && at && is_break(previous));
		space_break = space_break || (is_break(c) && previous == ' ');
		previous = c;
		length++;
	}
	bool double_only = space_break || special;
	return (struct yaml_analysis){
		.multiline = breaks,
		.plain = !edge && !break_space && !double_only && !breaks &&
			 !indicators,
		.single = !break_space && !double_only,
		.length = length,
	};
}

void yaml_emit_break(struct yaml_emit *emit)
{
	buf_add_char(emit->out, '\n');
	emit->whitespace = true;
	emit->indention = true;
	emit->column = 0;
}

void yaml_emit_indent(struct yaml_emit *emit)
{
	if (!emit->indention || emit->column > emit->indent ||
	    (emit->column == emit->indent && !emit->whitespace))
		yaml_emit_break(emit);
	if (emit->column < emit->indent)
		emit->whitespace = true;
	for (; emit->column < emit->indent; emit->column++)
		buf_add_char(emit->out, ' ');
}

void yaml_emit_indicator(struct yaml_emit *emit, const char *indicator,
			 bool need_whitespace, bool whitespace, bool indention)
{
	if (!emit->whitespace && need_whitespace) {
		buf_add_char(emit->out, ' ');
		emit->column++;
	}
	buf_add_text(emit->out, indicator);
	emit->whitespace = whitespace;
	emit->indention = emit->indention && indention;
	emit->column += strlen(indicator);
	emit->open_ended = false;
}

static void put_run(struct yaml_emit *emit, struct slice text, size_t from,
		    size_t to, size_t chars)
{
	buf_add(emit->out, text.ptr + from, to - from);
	emit->column += chars;
}

/* Line breaks within quotes: one more than there are, since one is folded. */
static void put_breaks(struct yaml_emit *emit, struct slice text, size_t from,
		       size_t to)
{
	size_t next;

	if (text.ptr[from] == '\n')
		yaml_emit_break(emit);
	for (size_t at = from; at < to; at = next) {
		if (char_at(text, at, &next) == '\n') {
			yaml_emit_break(emit);
			continue;
		}
		buf_add(emit->out, text.ptr + at, next - at);
		emit->whitespace = true;
		emit->indention = true;
		emit->column = 0;
	}
	yaml_emit_indent(emit);
}

/* Plain and single quoted text: words, spaces at which a line may end, line
 * breaks. */
static void put_words(struct yaml_emit *emit, struct slice text, bool quoted,
		      bool split)
{
	bool spaces = false, breaks = false;
	size_t start = 0, chars = 0, next;

	for (size_t end = 0; end <= text.len; end = next) {
		uint32_t c = char_at(text, end, &next);
		if (spaces && c != ' ') {
			bool inner = !quoted || (start && end != text.len);
			if (start + 1 == end && emit->column > BEST_WIDTH &&
			    split && inner) {
				yaml_emit_indent(emit);
				emit->whitespace =
					quoted ? emit->whitespace : false;
				emit->indention =
					quoted ? emit->indention : false;
			} else {
				put_run(emit, text, start, end, end - start);
			}
			start = end;
			chars = 0;
		} else if (breaks && !is_break(c)) {
			put_breaks(emit, text, start, end);
			start = end;
			chars = 0;
		} else if (!spaces && !breaks &&
			   (c == NO_CHAR || c == ' ' || is_break(c) ||
			    (quoted && c == '\''))) {
			put_run(emit, text, start, end, chars);
			start = end;
			chars = 0;
		}
		if (quoted && c == '\'') {
			buf_add(emit->out, "''", 2);
			emit->column += 2;
			start = next;
			chars = 0;
		} else {
			chars++;
		}
		spaces = c == ' ';
		breaks = is_break(c);
	}
}

/* The escape of a character in double quotes. */
static size_t escape_of(uint32_t c, char out[12])
{
	static const struct {
		uint32_t code;
		char name;
	} names[] = {{0, '0'},	  {7, 'a'},	 {8, 'b'},     {9, 't'},
		     {10, 'n'},	  {11, 'v'},	 {12, 'f'},    {13, 'r'},
		     {27, 'e'},	  {'"', '"'},	 {'\\', '\\'}, {0x85, 'N'},
		     {0xa0, '_'}, {0x2028, 'L'}, {0x2029, 'P'}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == c)
			return (size_t)snprintf(out, 12, "\\%c", names[i].name);
	return (size_t)snprintf(out, 12,
				c <= 0xff     ? "\\x%02X"
				: c <= 0xffff ? "\\u%04X"
					      : "\\U%08X",
				c);
}

static bool needs_escape(uint32_t c)
{
	if (c == '"' || c == '\\' || c == 0x2028 || c == 0x2029 || c == 0xfeff)
		return true;
	return !((c >= 0x20 && c <= 0x7e) || (c >= 0xa0 && c <= 0xd7ff) ||
		 (c >= 0xe000 && c <= 0xfffd));
}

static void put_double(struct yaml_emit *emit, struct slice text, bool split)
{
	size_t start = 0, chars = 0, next;
	char escape[12];

	yaml_emit_indicator(emit, "\"", true, false, false);
	for (size_t end = 0; end <= text.len; end = next) {
		uint32_t c = char_at(text, end, &next);
		bool escaped = c == NO_CHAR || needs_escape(c);
		if (escaped) {
			put_run(emit, text, start, end, chars);
			start = end;
			chars = 0;
		}
		if (escaped && c != NO_CHAR) {
			size_t len = escape_of(c, escape);
			buf_add(emit->out, escape, len);
			emit->column += len;
			start = next;
		}
		if (split && end && next < text.len &&
		    (c == ' ' || start >= end) &&
		    /* An escape lies one behind, as PyYAML counts. */
		    emit->column + chars > BEST_WIDTH + (start > end)) {
			if (start < end) {
				put_run(emit, text, start, end, chars);
				start = end;
				chars = 0;
			}
			buf_add_char(emit->out, '\\');
			emit->column++;
			yaml_emit_indent(emit);
			emit->whitespace = false;
			emit->indention = false;
			if (text.ptr[start] == ' ') {
				buf_add_char(emit->out, '\\');
				emit->column++;
			}
		}
		if (start <= end)
			chars++;
	}
	yaml_emit_indicator(emit, "\"", false, false, false);
}

static void put_literal(struct yaml_emit *emit, struct slice text)
{
	yaml_emit_indicator(emit, "|", true, false, false);
	yaml_emit_break(emit);
	for (size_t at = 0; at < text.len;) {
		const char *end = memchr(text.ptr + at, '\n', text.len - at);
		size_t len =
			end ? (size_t)(end - text.ptr) - at : text.len - at;
		yaml_emit_indent(emit);
		put_run(emit, text, at, at + len, len);
		yaml_emit_break(emit);
		at += len + 1;
	}
}

void yaml_emit_scalar(struct yaml_emit *emit, struct slice text,
		      enum yaml_emit_style style, bool split)
{
	switch (style) {
	case YAML_EMIT_PLAIN:
		if (!text.len)
			return;
		if (!emit->whitespace) {
			buf_add_char(emit->out, ' ');
			emit->column++;
		}
		emit->whitespace = false;
		emit->indention = false;
		put_words(emit, text, false, split);
		return;
	case YAML_EMIT_SINGLE:
		yaml_emit_indicator(emit, "'", true, false, false);
		put_words(emit, text, true, split);
		yaml_emit_indicator(emit, "'", false, false, false);
		return;
	case YAML_EMIT_DOUBLE:
		put_double(emit, text, split);
		return;
	default:
		put_literal(emit, text);
	}
}
