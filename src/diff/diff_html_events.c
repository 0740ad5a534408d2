/*
 * Events of markup: made from trees, filtered, and compared by the engine.
 */
#include "diff/diff_html_events.h"

#include <stdlib.h>

#include "base/text.h"
#include "diff/diff_text.h"

int diff_events_no_memory(struct err *err)
{
	return err_limit(err, "memory", 0,
			 "the comparison needs more memory than is allowed");
}

int diff_events_end(int r, struct arena *arena, struct err *err)
{
	if (r && err && err->code == ERR_LIMIT && !err->value &&
	    !strcmp(err->limit, "memory")) {
		err->value = (int64_t)arena->max;
	}
	arena_release(arena);
	return r;
}

int diff_events_no_room(const struct buf *out, struct err *err)
{
	return err_limit(err, "output", (int64_t)out->max,
			 "the result is longer than %zu bytes", out->max);
}

/* --- From trees ----------------------------------------------------------- */

static struct slice full_name(struct arena *arena,
			      const struct markup_node *node)
{
	static const char *const spaces[] = {
		"", "{http://www.w3.org/2000/svg}",
		"{http://www.w3.org/1998/Math/MathML}"};
	const char *space = spaces[node->space];
	size_t len = strlen(space) + node->name.len;
	char *name;

	if (node->space == MARKUP_HTML) {
		return node->name;
	}
	name = arena_alloc(arena, len);
	if (name) {
		memcpy(name, space, strlen(space));
		memcpy(name + strlen(space), node->name.ptr, node->name.len);
	}
	return slice_of(name, len);
}

static int event_of(struct arena *arena, const struct markup_node *node,
		    struct markup_event *event)
{
	static const enum markup_event_kind kinds[] = {
		[MARKUP_ELEMENT] = MARKUP_EV_START,
		[MARKUP_TEXT] = MARKUP_EV_TEXT,
		[MARKUP_CDATA] = MARKUP_EV_TEXT,
		[MARKUP_COMMENT] = MARKUP_EV_COMMENT,
		[MARKUP_PI] = MARKUP_EV_PI,
		[MARKUP_DOCTYPE] = MARKUP_EV_DOCTYPE};

	*event = (struct markup_event){.kind = kinds[node->kind]};
	event->text = node->text;
	event->name = node->name;
	event->has_text = true;
	if (node->kind == MARKUP_DOCTYPE) {
		event->has_text = node->has_public;
		event->has_extra = node->has_system;
		event->text = node->public_id;
		event->extra = node->system_id;
	} else if (node->kind == MARKUP_ELEMENT) {
		event->name = full_name(arena, node);
		event->qname = node->name;
		event->attrs = node->attrs;
		event->attr_count = node->attr_count;
	}
	return event->name.ptr || !event->name.len ? 0 : -1;
}

static void wrap(struct markup_events *events)
{
	static const struct markup_attr class = {.name = {"class", 5},
						 .value = {"diff", 4}};
	struct markup_event *first = &events->list[0];

	first->attrs = &class;
	first->attr_count = 1;
	first->standalone = DIFF_EVENT_WRAPPER;
	events->list[events->count - 1].standalone = DIFF_EVENT_WRAPPER;
}

static struct markup_event end_of(const struct markup_event *start)
{
	struct markup_event end = *start;

	end.kind = MARKUP_EV_END;
	end.attrs = NULL;
	end.attr_count = 0;
	return end;
}

int diff_events_from_html(struct arena *arena, const struct markup_node *root,
			  struct markup_events *events, struct err *err)
{
	bool whole = root->kind == MARKUP_DOCUMENT;
	const struct markup_node *node;
	size_t count = 0;

	for (node = root; node; node = markup_next(root, node)) {
		count += node->kind == MARKUP_ELEMENT ? 2 : 1;
	}
	events->count = 0;
	events->list = arena_alloc(arena, count * sizeof(*events->list));
	node = whole ? root->child : root;
	while (events->list && node) {
		struct markup_event *event = &events->list[events->count++];

		if (event_of(arena, node, event)) {
			return diff_events_no_memory(err);
		}
		/* `index` keeps the start for the end. */
		((struct markup_node *)(uintptr_t)node)->index =
			(uint32_t)events->count - 1;
		if (node->child) {
			node = node->child;
			continue;
		}
		for (;; node = node->parent) {
			if (node->kind == MARKUP_ELEMENT) {
				events->list[events->count++] =
					end_of(&events->list[node->index]);
			}
			if (node == root || node->next ||
			    (whole && node->parent == root)) {
				break;
			}
		}
		node = node == root ? NULL : node->next;
	}
	if (!events->list) {
		return diff_events_no_memory(err);
	}
	if (!whole) {
		wrap(events);
	}
	return 0;
}

/* --- Filter --------------------------------------------------------------- */

static bool is_dropped(const struct markup_event *event,
		       const struct diff_markup_options *options)
{
	return (event->kind == MARKUP_EV_COMMENT && options->ignore_comments) ||
	       (event->kind == MARKUP_EV_TEXT && options->ignore_whitespace &&
		text_is_blank(event->text));
}

static int join(struct arena *arena, struct markup_event *last,
		struct slice more)
{
	char *text = arena_alloc(arena, last->text.len + more.len);

	if (!text) {
		return -1;
	}
	memcpy(text, last->text.ptr, last->text.len);
	memcpy(text + last->text.len, more.ptr, more.len);
	last->text = slice_of(text, last->text.len + more.len);
	return 0;
}

int diff_events_filter(struct arena *arena, struct markup_events *events,
		       const struct diff_markup_options *options,
		       struct err *err)
{
	size_t kept = 0;

	if (!options->ignore_comments && !options->ignore_whitespace) {
		return 0;
	}
	for (size_t i = 0; i < events->count; i++) {
		struct markup_event *event = &events->list[i];

		if (is_dropped(event, options)) {
			continue;
		}
		if (event->kind != MARKUP_EV_TEXT || !kept ||
		    events->list[kept - 1].kind != MARKUP_EV_TEXT) {
			events->list[kept++] = *event;
		} else if (join(arena, &events->list[kept - 1], event->text)) {
			return diff_events_no_memory(err);
		}
	}
	events->count = kept;
	return 0;
}

/* --- Keys ----------------------------------------------------------------- */

/* Makes the bytes that stand for an event: a kind and fields with lengths. */
struct keyer {
	struct buf bytes;
	const struct diff_markup_options *options;
	const struct markup_attr **sorted;
	uint32_t sorted_size;
};

static void key_field(struct keyer *keyer, struct slice field)
{
	uint32_t len = (uint32_t)field.len;

	buf_add(&keyer->bytes, &len, sizeof(len));
	buf_add_slice(&keyer->bytes, field);
}

/* Text as it counts: case and white space as the options say. */
static void key_text(struct keyer *keyer, struct slice text)
{
	bool spaces = keyer->options->ignore_whitespace;
	bool lower = keyer->options->ignore_case, blank = true;
	size_t at = keyer->bytes.len, pos = 0;
	uint32_t len = 0;

	if (!spaces && !lower) {
		key_field(keyer, text);
		return;
	}
	buf_add(&keyer->bytes, &len, sizeof(len));
	while (pos < text.len) {
		int32_t code = utf8_next(text, &pos);
		char out[4];

		if (spaces && code >= 0 && text_is_space((uint32_t)code)) {
			blank = true;
			continue;
		}
		if (spaces && blank && keyer->bytes.len > at + sizeof(len)) {
			buf_add_char(&keyer->bytes, ' ');
		}
		blank = false;
		code = lower ? (int32_t)diff_lower((uint32_t)code) : code;
		buf_add(&keyer->bytes, out, utf8_put(out, (uint32_t)code));
	}
	len = (uint32_t)(keyer->bytes.len - at - sizeof(len));
	if (!keyer->bytes.failed) {
		memcpy(keyer->bytes.ptr + at, &len, sizeof(len));
	}
}

static int compare_attrs(const void *x, const void *y)
{
	struct slice a = (*(const struct markup_attr *const *)x)->name;
	struct slice b = (*(const struct markup_attr *const *)y)->name;
	size_t len = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.ptr, b.ptr, len);

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static void key_attrs(struct keyer *keyer, const struct markup_event *event)
{
	const struct markup_attr **list = keyer->sorted;

	if (event->attr_count > keyer->sorted_size) {
		list = realloc(list, event->attr_count * sizeof(void *));
		if (!list) {
			keyer->bytes.failed = true;
			return;
		}
		keyer->sorted = list;
		keyer->sorted_size = event->attr_count;
	}
	for (uint32_t i = 0; i < event->attr_count; i++) {
		list[i] = &event->attrs[i];
	}
	if (keyer->options->ignore_attribute_order && event->attr_count > 1) {
		qsort(list, event->attr_count, sizeof(void *), compare_attrs);
	}
	for (uint32_t i = 0; i < event->attr_count; i++) {
		key_field(keyer, list[i]->name);
		key_text(keyer, list[i]->value);
	}
}

static void key_event(struct keyer *keyer, const struct markup_event *event)
{
	char head[4] = {(char)event->kind, (char)event->standalone,
			(char)event->has_text, (char)event->has_extra};

	buf_clear(&keyer->bytes);
	buf_add(&keyer->bytes, head, sizeof(head));
	key_field(keyer, event->name);
	if (event->kind == MARKUP_EV_START) {
		key_attrs(keyer, event);
	} else if (event->kind == MARKUP_EV_TEXT ||
		   event->kind == MARKUP_EV_COMMENT) {
		key_text(keyer, event->text);
	} else if (event->kind != MARKUP_EV_END) {
		key_field(keyer, event->text);
		key_field(keyer, event->extra);
	}
}

static uint32_t *key_side(struct arena *arena, struct keyer *keyer,
			  struct diff_interner *names,
			  const struct markup_events *events)
{
	uint32_t *ids = arena_calloc(arena, events->count, sizeof(*ids));

	for (size_t i = 0; ids && i < events->count; i++) {
		uint32_t known = diff_interner_count(names);
		struct slice key;

		key_event(keyer, &events->list[i]);
		key = buf_slice(&keyer->bytes);
		ids[i] = diff_intern(names, key);
		if (ids[i] == known) {
			key.ptr = arena_copy(arena, key);
			diff_interner_keep(names, known, key.ptr);
		}
		if (keyer->bytes.failed || ids[i] == DIFF_NO_ID || !key.ptr) {
			return NULL;
		}
	}
	return ids;
}

int diff_events_run(struct arena *arena, const struct markup_events *old_events,
		    const struct markup_events *new_events,
		    const struct diff_markup_options *options,
		    struct diff_result *result, struct err *err)
{
	struct diff_interner *names =
		diff_interner_new(options->max_memory ? options->max_memory
						      : DIFF_MEMORY_DEFAULT);
	struct keyer keyer = {.options = options};
	struct diff_seq old_seq = {NULL, old_events->count};
	struct diff_seq new_seq = {NULL, new_events->count};
	int r = -1;

	buf_init(&keyer.bytes, SIZE_MAX / 2);
	if (names) {
		old_seq.ids = key_side(arena, &keyer, names, old_events);
		new_seq.ids = key_side(arena, &keyer, names, new_events);
	}
	if (old_seq.ids && new_seq.ids) {
		r = diff_run(&old_seq, &new_seq, &options->engine, result, err);
	} else {
		diff_events_no_memory(err);
	}
	free(keyer.sorted);
	buf_release(&keyer.bytes);
	diff_interner_free(names);
	return r;
}

int diff_events_compare(struct arena *arena, struct markup_events *old_events,
			struct markup_events *new_events,
			const struct diff_markup_options *options,
			struct diff_markup *out, struct err *err)
{
	if (diff_events_filter(arena, old_events, options, err) ||
	    diff_events_filter(arena, new_events, options, err) ||
	    diff_events_run(arena, old_events, new_events, options,
			    &out->result, err)) {
		return -1;
	}
	if (options->output == DIFF_MARKUP_OPCODES &&
	    diff_put_opcodes(&out->text, &out->result)) {
		return diff_events_no_room(&out->text, err);
	}
	return 0;
}
