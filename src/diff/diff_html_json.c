/*
 * Events of markup as JSON, in the form that xml and html give them back.
 */
#include "base/json.h"
#include "diff/diff_html_events.h"

static void put_text(struct buf *out, struct slice text)
{
	json_put_comma(out);
	json_put_string(out, text);
}

static void put_optional(struct buf *out, bool given, struct slice text)
{
	if (given) {
		put_text(out, text);
	} else {
		buf_add_text(out, ",null");
	}
}

static void put_attrs(struct buf *out, const struct markup_event *event)
{
	buf_add_text(out, ",[");
	for (uint32_t i = 0; i < event->attr_count; i++) {
		json_put_comma(out);
		buf_add_char(out, '[');
		json_put_string(out, event->attrs[i].name);
		put_text(out, event->attrs[i].value);
		buf_add_char(out, ']');
	}
	buf_add_char(out, ']');
}

static void put_event(struct buf *out, const struct markup_event *event)
{
	static const char *const names[] = {[MARKUP_EV_START] = "START",
					    [MARKUP_EV_END] = "END",
					    [MARKUP_EV_TEXT] = "TEXT",
					    [MARKUP_EV_COMMENT] = "COMMENT",
					    [MARKUP_EV_PI] = "PI",
					    [MARKUP_EV_START_NS] = "START_NS",
					    [MARKUP_EV_END_NS] = "END_NS",
					    [MARKUP_EV_START_CDATA] =
						    "START_CDATA",
					    [MARKUP_EV_END_CDATA] = "END_CDATA",
					    [MARKUP_EV_XML_DECL] = "XML_DECL",
					    [MARKUP_EV_DOCTYPE] = "DOCTYPE"};

	json_put_comma(out);
	buf_printf(out, "[\"%s\"", names[event->kind]);
	switch (event->kind) {
	case MARKUP_EV_START:
		put_text(out, event->name);
		put_attrs(out, event);
		break;
	case MARKUP_EV_END:
	case MARKUP_EV_END_NS:
		put_text(out, event->name);
		break;
	case MARKUP_EV_TEXT:
	case MARKUP_EV_COMMENT:
		put_text(out, event->text);
		break;
	case MARKUP_EV_PI:
		put_text(out, event->name);
		put_text(out, event->text);
		break;
	case MARKUP_EV_START_NS:
		put_text(out, event->name);
		put_optional(out, event->has_text, event->text);
		break;
	case MARKUP_EV_START_CDATA:
	case MARKUP_EV_END_CDATA:
		break;
	case MARKUP_EV_XML_DECL:
		put_text(out, event->name);
		put_optional(out, event->has_text, event->text);
		buf_printf(out, ",%d", event->standalone);
		break;
	case MARKUP_EV_DOCTYPE:
		put_text(out, event->name);
		put_optional(out, event->has_text, event->text);
		put_optional(out, event->has_extra, event->extra);
		break;
	}
	buf_add_char(out, ']');
}

int diff_events_put(struct buf *out, const struct markup_events *events)
{
	buf_add_char(out, '[');
	for (size_t i = 0; i < events->count && !out->failed; i++) {
		put_event(out, &events->list[i]);
	}
	return buf_add_char(out, ']');
}
