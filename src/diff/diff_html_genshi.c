/*
 * Genshi's HTML serializer with the filters that it runs first: an element
 * without events between its tags is "empty", blanks before newlines and runs
 * of newlines collapse outside of pre and textarea, and any end tag ends what
 * is not escaped in scripts and styles.
 */
#include "diff/diff_html_compat.h"

struct genshi {
	struct buf *out;
	struct buf text; /* adjacent texts, escaped */
	int preserve;	 /* elements within which white space is kept */
	/* The two stages keep track of raw text each for itself. */
	bool raw;
};

static bool one_of(struct slice name, const char *const *list)
{
	for (; *list; list++) {
		if (slice_is(name, *list)) {
			return true;
		}
	}
	return false;
}

static bool is_html(const struct markup_event *event)
{
	return !event->name.len || event->name.ptr[0] != '{';
}

static void put_escaped(struct buf *out, struct slice text, bool quotes)
{
	size_t from = 0;

	for (size_t i = 0; i < text.len; i++) {
		const char *with = NULL;

		switch (text.ptr[i]) {
		case '&':
			with = "&amp;";
			break;
		case '<':
			with = "&lt;";
			break;
		case '>':
			with = "&gt;";
			break;
		case '"':
			with = quotes ? "&#34;" : NULL;
			break;
		default:
			break;
		}
		if (with) {
			buf_add(out, text.ptr + from, i - from);
			buf_add_text(out, with);
			from = i + 1;
		}
	}
	buf_add(out, text.ptr + from, text.len - from);
}

/* Blanks and tabs before a newline go, and all newlines of a run but one. */
static void put_collapsed(struct buf *out, struct slice text)
{
	bool newline = false;

	for (size_t i = 0; i < text.len; i++) {
		size_t end = i;

		while (end < text.len &&
		       (text.ptr[end] == ' ' || text.ptr[end] == '\t')) {
			end++;
		}
		if (end < text.len && text.ptr[end] == '\n') {
			if (!newline) {
				buf_add_char(out, '\n');
			}
			newline = true;
			i = end;
			continue;
		}
		newline = false;
		if (end > i) {
			buf_add(out, text.ptr + i, end - i);
			i = end - 1;
		} else {
			buf_add_char(out, text.ptr[i]);
		}
	}
}

static void flush_text(struct genshi *g)
{
	struct slice text = buf_slice(&g->text);

	if (g->preserve) {
		buf_add_slice(g->out, text);
	} else {
		put_collapsed(g->out, text);
	}
	buf_clear(&g->text);
}

static void put_start(struct genshi *g, const struct markup_event *event)
{
	static const char *const booleans[] = {
		"selected",  "checked",	 "compact",  "declare",
		"defer",     "disabled", "ismap",    "multiple",
		"nohref",    "noresize", "noshade",  "nowrap",
		"autofocus", "readonly", "required", "formnovalidate",
		NULL};
	bool has_lang = markup_event_attr(event, "lang") != NULL;

	buf_add_char(g->out, '<');
	buf_add_slice(g->out, event->qname);
	for (uint32_t i = 0; i < event->attr_count; i++) {
		struct slice name = event->attrs[i].name;
		struct slice value = event->attrs[i].value;

		if (one_of(name, booleans)) {
			if (value.len) {
				buf_add_char(g->out, ' ');
				buf_add_slice(g->out, name);
			}
			continue;
		}
		if (slice_is(name, "xml:lang") && !has_lang) {
			name = SLICE("lang");
		}
		if (slice_is(name, "xmlns") ||
		    memchr(name.ptr, ':', name.len)) {
			continue;
		}
		buf_add_char(g->out, ' ');
		buf_add_slice(g->out, name);
		buf_add_text(g->out, "=\"");
		put_escaped(g->out, value, true);
		buf_add_char(g->out, '"');
	}
	buf_add_char(g->out, '>');
}

static void put_end(struct genshi *g, const struct markup_event *event)
{
	buf_add_text(g->out, "</");
	buf_add_slice(g->out, event->qname);
	buf_add_char(g->out, '>');
}

static void put_empty(struct genshi *g, const struct markup_event *event)
{
	static const char *const empty[] = {
		"area", "base",	 "basefont", "br",   "col",  "frame", "hr",
		"img",	"input", "isindex",  "link", "meta", "param", NULL};

	put_start(g, event);
	if (!one_of(event->qname, empty)) {
		put_end(g, event);
	}
}

static void enter(struct genshi *g, const struct markup_event *event)
{
	static const char *const kept[] = {"pre", "textarea", NULL};
	static const char *const raw[] = {"script", "style", NULL};
	const struct markup_attr *space =
		is_html(event) ? NULL : markup_event_attr(event, "xml:space");

	if (g->preserve || (is_html(event) && one_of(event->name, kept)) ||
	    (space && slice_is(space->value, "preserve"))) {
		g->preserve++;
	}
	g->raw |= is_html(event) && one_of(event->name, raw);
}

void diff_html_genshi(struct buf *out, const struct markup_events *events)
{
	struct genshi g = {.out = out};

	buf_init(&g.text, out->max);
	for (size_t i = 0; i < events->count && !out->failed; i++) {
		const struct markup_event *event = &events->list[i];

		if (event->kind == MARKUP_EV_TEXT) {
			if (g.raw) {
				buf_add_slice(&g.text, event->text);
			} else {
				put_escaped(&g.text, event->text, false);
			}
			continue;
		}
		flush_text(&g);
		if (event->kind == MARKUP_EV_START && i + 1 < events->count &&
		    event[1].kind == MARKUP_EV_END) {
			put_empty(&g, event);
			i++;
		} else if (event->kind == MARKUP_EV_START) {
			put_start(&g, event);
			enter(&g, event);
		} else {
			put_end(&g, event);
			g.raw = false;
			g.preserve -= g.preserve > 0;
		}
	}
	flush_text(&g);
	out->failed |= g.text.failed;
	buf_release(&g.text);
}
