/*
 * The look before parsing. It knows just enough of XML to tell tags, comments,
 * CDATA, instructions and the document type apart; whether they are well formed
 * is libxml2's business.
 */
#include "markup/xml_scan.h"

#include <stdio.h>

#include "base/text.h"
#include "markup/html_entity.h"

struct scanner {
	struct xml_scan *scan;
	struct arena *arena;
	const struct markup_limits *limits;
	struct err *err;
	struct slice in; /* what is left of the input to look at */
	size_t base;	 /* where that began in the input */
	size_t pos;
	bool entities;
	char *out; /* the rewritten text, once there is something to rewrite */
	size_t out_len, copied;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int no_memory(struct err *err)
{
	return err_limit(err, "memory", 0,
			 "the document needs more memory than is allowed");
}

int xml_scan_fail(const struct xml_scan *scan, size_t offset,
		  const char *message, struct err *err)
{
	size_t line, column;
	char quoted[204];

	markup_position(scan->input, offset, &line, &column);
	err_reason(err, ERR_BAD_INPUT, "syntax",
		   "not well-formed XML at line %zu, column %zu: %s", line,
		   column, err_quote(quoted, 200, slice_text(message)));
	return err_at(err, (int64_t)offset);
}

size_t xml_scan_offset(const struct xml_scan *scan, size_t at)
{
	size_t low = 0, high = scan->shift_count;

	while (high - low > 1) {
		size_t mid = (low + high) / 2;

		if (scan->shifts[mid].at <= at) {
			low = mid;
		} else {
			high = mid;
		}
	}
	return at + scan->shifts[low].delta;
}

static int add_shift(struct scanner *s, size_t at, size_t delta)
{
	struct xml_scan *scan = s->scan;

	if (scan->shift_count == scan->shift_size) {
		size_t size = scan->shift_size ? scan->shift_size * 2 : 8;
		struct xml_shift *list =
			arena_calloc(s->arena, size, sizeof(*list));

		if (!list) {
			return no_memory(s->err);
		}
		if (scan->shift_count) {
			memcpy(list, scan->shifts,
			       scan->shift_count * sizeof(*list));
		}
		scan->shifts = list;
		scan->shift_size = size;
	}
	scan->shifts[scan->shift_count++] = (struct xml_shift){at, delta};
	return 0;
}

/* --- Declaration ---------------------------------------------------------- */

static void skip_space(struct slice *text)
{
	while (text->len && is_space(text->ptr[0])) {
		text->ptr++;
		text->len--;
	}
}

/* `name = "value"`, if that is next after white space. */
static bool take_pseudo(struct slice *text, const char *name,
			struct slice *value)
{
	struct slice rest = *text;
	const char *end;

	skip_space(&rest);
	if (rest.ptr == text->ptr || !slice_starts(rest, slice_text(name))) {
		return false;
	}
	rest.ptr += strlen(name);
	rest.len -= strlen(name);
	skip_space(&rest);
	if (!rest.len || rest.ptr[0] != '=') {
		return false;
	}
	rest.ptr++;
	rest.len--;
	skip_space(&rest);
	if (!rest.len || (rest.ptr[0] != '"' && rest.ptr[0] != '\'')) {
		return false;
	}
	end = memchr(rest.ptr + 1, rest.ptr[0], rest.len - 1);
	if (!end) {
		return false;
	}
	*value = slice_of(rest.ptr + 1, (size_t)(end - rest.ptr) - 1);
	text->len -= (size_t)(end + 1 - text->ptr);
	text->ptr = end + 1;
	return true;
}

static bool encoding_fits(struct slice name)
{
	static const char *const wide[] = {"utf-16",	    "utf-32", "ucs-",
					   "iso-10646-ucs", "utf16",  "utf32"};
	bool valid = name.len && ((name.ptr[0] | 32) >= 'a') &&
		     ((name.ptr[0] | 32) <= 'z');

	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++) {
		size_t len = strlen(wide[i]);

		if (name.len >= len && !strncasecmp(name.ptr, wide[i], len)) {
			return false;
		}
	}
	return valid;
}

static bool version_valid(struct slice version)
{
	if (version.len < 3 || memcmp(version.ptr, "1.", 2) != 0) {
		return false;
	}
	for (size_t i = 2; i < version.len; i++) {
		if (version.ptr[i] < '0' || version.ptr[i] > '9') {
			return false;
		}
	}
	return true;
}

/* Takes the declaration off. The bytes are UTF-8 whatever it says. */
static int scan_declaration(struct scanner *s)
{
	struct xml_scan *scan = s->scan;
	struct slice text = s->in, alone = {NULL, 0};
	size_t used;

	if (!slice_starts(text, SLICE("<?xml")) || text.len < 6 ||
	    !is_space(text.ptr[5])) {
		return 0;
	}
	text.ptr += 5;
	text.len -= 5;
	if (!take_pseudo(&text, "version", &scan->version) ||
	    !version_valid(scan->version)) {
		return xml_scan_fail(scan, s->base,
				     "the XML declaration has no version 1.x",
				     s->err);
	}
	if (take_pseudo(&text, "encoding", &scan->encoding) &&
	    !encoding_fits(scan->encoding)) {
		return xml_scan_fail(scan, s->base,
				     "the declared encoding is not that of the "
				     "text, which is UTF-8",
				     s->err);
	}
	if (take_pseudo(&text, "standalone", &alone)) {
		scan->standalone = slice_is(alone, "yes");
		if (!scan->standalone && !slice_is(alone, "no")) {
			alone.ptr = NULL;
			text.len = 0;
		}
	}
	skip_space(&text);
	if (!slice_starts(text, SLICE("?>"))) {
		return xml_scan_fail(scan, s->base, "malformed XML declaration",
				     s->err);
	}
	scan->has_declaration = true;
	used = (size_t)(text.ptr + 2 - s->in.ptr);
	s->in = slice_of(s->in.ptr + used, s->in.len - used);
	s->base += used;
	return 0;
}

/* --- Entities ------------------------------------------------------------- */

static bool is_predefined(struct slice name)
{
	return slice_is(name, "lt") || slice_is(name, "gt") ||
	       slice_is(name, "amp") || slice_is(name, "quot") ||
	       slice_is(name, "apos");
}

static bool is_name_byte(char c)
{
	return (c & 0x80) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == ':' || c == '-' ||
	       c == '.';
}

/* Copies what has been looked at but not copied, up to `upto`. */
static void copy_upto(struct scanner *s, size_t upto)
{
	memcpy(s->out + s->out_len, s->in.ptr + s->copied, upto - s->copied);
	s->out_len += upto - s->copied;
	s->copied = upto;
}

/* Writes the reference of `len` bytes at `pos` as a number. */
static int rewrite(struct scanner *s, size_t len, uint32_t code)
{
	if (!s->out) {
		/* "&Mu;" (4 bytes) becomes "&#x39c;" (7), the worst. */
		s->out = arena_alloc(s->arena, s->in.len * 2 + 16);
		if (!s->out) {
			return no_memory(s->err);
		}
	}
	copy_upto(s, s->pos);
	s->out_len += (size_t)sprintf(s->out + s->out_len, "&#x%x;", code);
	s->copied = s->pos + len;
	return add_shift(s, s->out_len, s->base + s->copied - s->out_len);
}

static int scan_reference(struct scanner *s)
{
	struct slice name = {s->in.ptr + s->pos + 1, 0};
	uint32_t code;
	char message[80];

	while (s->pos + 1 + name.len < s->in.len &&
	       is_name_byte(name.ptr[name.len])) {
		name.len++;
	}
	if (!name.len || s->pos + 1 + name.len == s->in.len ||
	    name.ptr[name.len] != ';' || is_predefined(name)) {
		s->pos += 1 + name.len;
		return 0;
	}
	code = s->entities ? html_entity_code(name) : 0;
	if (!code) {
		char quoted[44];

		snprintf(message, sizeof(message), "undefined entity &%s;",
			 err_quote(quoted, 40, name));
		return xml_scan_fail(s->scan, s->base + s->pos, message,
				     s->err);
	}
	if (rewrite(s, name.len + 2, code)) {
		return -1;
	}
	s->pos += name.len + 2;
	return 0;
}

/* --- Markup --------------------------------------------------------------- */

/* Moves behind the next `end`, or to the end of the input. */
static void skip_past(struct scanner *s, const char *end)
{
	const char *at = memmem(s->in.ptr + s->pos, s->in.len - s->pos, end,
				strlen(end));

	s->pos = at ? (size_t)(at - s->in.ptr) + strlen(end) : s->in.len;
}

static bool here(const struct scanner *s, const char *text)
{
	size_t len = strlen(text);

	return s->in.len - s->pos >= len &&
	       !memcmp(s->in.ptr + s->pos, text, len);
}

static int entities_declared(const struct scanner *s)
{
	err_reason(s->err, ERR_BAD_INPUT, "entities",
		   "the document declares entities, which is not allowed");
	return err_at(s->err, (int64_t)(s->base + s->pos));
}

static int scan_doctype(struct scanner *s)
{
	int depth = 0;
	char c;

	for (; s->pos < s->in.len; s->pos++) {
		c = s->in.ptr[s->pos];
		if (c == '"' || c == '\'') {
			s->pos++;
			skip_past(s, c == '"' ? "\"" : "'");
			s->pos--;
		} else if (here(s, "<!--")) {
			s->pos += 4;
			skip_past(s, "-->");
			s->pos--;
		} else if (here(s, "<?")) {
			skip_past(s, "?>");
			s->pos--;
		} else if (here(s, "<!ENTITY")) {
			return entities_declared(s);
		} else if (c == '[') {
			depth++;
		} else if (c == ']') {
			depth--;
		} else if (c == '>' && depth <= 0) {
			s->pos++;
			return 0;
		}
	}
	return 0;
}

static int scan_tag(struct scanner *s)
{
	uint32_t attributes = 0;
	char quote = '\0', c;

	while (s->pos < s->in.len) {
		c = s->in.ptr[s->pos];
		if (quote && c == '&') {
			if (scan_reference(s)) {
				return -1;
			}
			continue;
		}
		if (quote) {
			quote = c == quote ? '\0' : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
			if (++attributes > s->limits->attributes) {
				return err_limit(
					s->err, "attributes", attributes,
					"a tag has more than %u attributes",
					s->limits->attributes);
			}
		} else if (c == '>') {
			break;
		}
		s->pos++;
	}
	return 0;
}

static int scan_markup(struct scanner *s)
{
	if (here(s, "<!--")) {
		s->pos += 4;
		skip_past(s, "-->");
	} else if (here(s, "<![CDATA[")) {
		skip_past(s, "]]>");
	} else if (here(s, "<?")) {
		skip_past(s, "?>");
	} else if (here(s, "<!")) {
		return scan_doctype(s);
	} else {
		s->pos++;
		return scan_tag(s);
	}
	return 0;
}

static int scan_all(struct scanner *s)
{
	while (s->pos < s->in.len) {
		char c = s->in.ptr[s->pos];
		int r = 0;

		if (c == '<') {
			r = scan_markup(s);
		} else if (c == '&') {
			r = scan_reference(s);
		} else {
			s->pos++;
		}
		if (r) {
			return -1;
		}
	}
	return 0;
}

static int check_input(const struct xml_scan *scan,
		       const struct markup_limits *limits, struct err *err)
{
	struct slice input = scan->input;
	size_t bad = utf8_check(input);
	const char *nul;

	if (input.len > limits->length || input.len > INT32_MAX) {
		return err_limit(err, "length", (int64_t)input.len,
				 "the document is longer than %zu bytes",
				 limits->length);
	}
	if (bad < input.len) {
		err_reason(err, ERR_BAD_INPUT, "encoding",
			   "the document is not UTF-8 at byte %zu", bad);
		return err_at(err, (int64_t)bad);
	}
	/* libxml2 would take it for the end. */
	nul = input.len ? memchr(input.ptr, '\0', input.len) : NULL;
	return nul ? xml_scan_fail(scan, (size_t)(nul - input.ptr),
				   "a NUL is no character of XML", err)
		   : 0;
}

int xml_scan(struct arena *arena, struct slice input, bool entities,
	     const struct markup_limits *limits, struct xml_scan *scan,
	     struct err *err)
{
	struct scanner s = {.scan = scan,
			    .arena = arena,
			    .limits = limits,
			    .err = err,
			    .in = input,
			    .entities = entities};

	*scan = (struct xml_scan){.input = input, .standalone = -1};
	if (check_input(scan, limits, err)) {
		return -1;
	}
	if (slice_starts(input, SLICE("\xef\xbb\xbf"))) {
		s.in = slice_of(input.ptr + 3, input.len - 3);
		s.base = 3;
	}
	if (scan_declaration(&s) || add_shift(&s, 0, s.base) || scan_all(&s)) {
		return -1;
	}
	scan->text = s.in;
	if (s.out) {
		copy_upto(&s, s.in.len);
		scan->text = slice_of(s.out, s.out_len);
	}
	return 0;
}
