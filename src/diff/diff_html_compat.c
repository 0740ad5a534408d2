/*
 * htmldiff's algorithm: difflib over the events of both trees; events of a
 * replaced region are paired one by one, texts compared by words, and a stack
 * of open tags decides which end tags are written. Its slips are kept: the old
 * event that vanishes where the old side of a region is longer, and what is
 * taken twice because the rest of a region is looked for too far on.
 */
#include "diff/diff_html_compat.h"

#include "base/text.h"
#include "diff/diff_text.h"

struct compat {
	struct arena *arena;
	const struct diff_markup_options *options;
	struct markup_events *old_events, *new_events;
	struct markup_events written;
	size_t size; /* of written.list */
	struct markup_event *stack;
	size_t depth, stack_size;
	bool full;
	bool exact;
	uint64_t work; /* steps of all comparisons so far */
	struct err *err;
};

/* --- Events --------------------------------------------------------------- */

/* Drops what the original's parser loses when it makes the fragment. */
static void drop_lost(struct markup_node *root)
{
	bool lost = false;

	for (struct markup_node *node = root->child, *next; node; node = next) {
		next = node->next;
		if (node->kind == MARKUP_ELEMENT) {
			lost = node->fostered;
		}
		if (!lost) {
			continue;
		}
		if (node->prev) {
			node->prev->next = next;
		} else {
			root->child = next;
		}
		if (next) {
			next->prev = node->prev;
		} else {
			root->last = node->prev;
		}
	}
}

int diff_html_compat_events(struct arena *arena, struct slice text,
			    const struct markup_limits *limits,
			    struct markup_events *events, struct err *err)
{
	static const struct diff_markup_options no_comments = {
		.ignore_comments = true};
	struct markup_limits own = *limits;
	struct markup_node *root;

	own.html5lib = true;
	root = markup_html_fragment(arena, text, &own, err);
	if (!root) {
		return -1;
	}
	drop_lost(root);
	if (diff_events_from_html(arena, root, events, err)) {
		return -1;
	}
	return diff_events_filter(arena, events, &no_comments, err);
}

static void write_event(struct compat *c, const struct markup_event *event)
{
	struct markup_event *list =
		arena_extend(c->arena, c->written.list, c->written.count,
			     &c->size, sizeof(*list));

	if (!list) {
		c->full = true;
		return;
	}
	c->written.list = list;
	c->written.list[c->written.count++] = *event;
}

static void write_text(struct compat *c, struct slice text)
{
	struct markup_event event = {.kind = MARKUP_EV_TEXT, .text = text};

	write_event(c, &event);
}

/* The text within <del> or <ins>. */
static void write_marked(struct compat *c, const char *tag, struct slice text)
{
	struct markup_event event = {.kind = MARKUP_EV_START,
				     .name = slice_text(tag),
				     .qname = slice_text(tag)};

	write_event(c, &event);
	write_text(c, text);
	event.kind = MARKUP_EV_END;
	write_event(c, &event);
}

static size_t leading_space(struct slice text)
{
	size_t pos = 0, at = 0;

	while (pos < text.len) {
		int32_t code = utf8_next(text, &pos);

		if (code < 0 || !text_is_space((uint32_t)code)) {
			return at;
		}
		at = pos;
	}
	return at;
}

/* The same with leading white space in front of the mark. */
static void write_words(struct compat *c, const char *tag, struct slice text)
{
	size_t space = leading_space(text);

	if (space) {
		write_text(c, slice_of(text.ptr, space));
	}
	write_marked(c, tag, slice_of(text.ptr + space, text.len - space));
}

/* --- Tags ----------------------------------------------------------------- */

static void enter(struct compat *c, const struct markup_event *event)
{
	struct markup_event *stack = arena_extend(
		c->arena, c->stack, c->depth, &c->stack_size, sizeof(*stack));

	if (!stack) {
		c->full = true;
		return;
	}
	c->stack = stack;
	c->stack[c->depth++] = *event;
	write_event(c, event);
}

static bool leave(struct compat *c, const struct markup_event *event)
{
	const struct markup_event *top =
		c->depth ? &c->stack[c->depth - 1] : NULL;

	if (!top || top->standalone != event->standalone ||
	    !slice_equal(top->name, event->name)) {
		return false;
	}
	write_event(c, event);
	c->depth--;
	return true;
}

static void leave_all(struct compat *c)
{
	while (c->depth) {
		struct markup_event event = c->stack[--c->depth];

		event.kind = MARKUP_EV_END;
		write_event(c, &event);
	}
}

/* The tag with tagdiff_replaced added to its class. */
static void enter_replaced(struct compat *c, const struct markup_event *event)
{
	static const char mark[] = "tagdiff_replaced";
	struct markup_event copy = *event;
	struct markup_attr *attrs = arena_calloc(
		c->arena, (size_t)event->attr_count + 1, sizeof(*attrs));
	uint32_t at = 0;
	struct buf value;

	if (!attrs) {
		c->full = true;
		return;
	}
	if (event->attr_count) {
		memcpy(attrs, event->attrs, event->attr_count * sizeof(*attrs));
	}
	while (at < event->attr_count && !slice_is(attrs[at].name, "class")) {
		at++;
	}
	buf_init(&value, attrs[at].value.len + sizeof(mark) + 1);
	if (at < event->attr_count && attrs[at].value.len) {
		buf_add_slice(&value, attrs[at].value);
		buf_add_char(&value, ' ');
	}
	buf_add_text(&value, mark);
	attrs[at].name = SLICE("class");
	attrs[at].value =
		slice_of(arena_copy(c->arena, buf_slice(&value)), value.len);
	c->full |= !attrs[at].value.ptr;
	buf_release(&value);
	copy.attrs = attrs;
	copy.attr_count = at < event->attr_count ? event->attr_count : at + 1;
	enter(c, &copy);
}

/* --- Words ---------------------------------------------------------------- */

struct words {
	struct slice text;
	uint32_t *starts; /* count + 1 */
	uint32_t *ids;
	size_t count;
};

static struct slice words_join(const struct words *words, size_t from,
			       size_t to)
{
	return slice_of(words->text.ptr + words->starts[from],
			words->starts[to] - words->starts[from]);
}

/* Cuts before each run of white space; the first word may be empty. */
static int words_split(struct compat *c, struct diff_interner *names,
		       struct slice text, struct words *words)
{
	size_t pos = 0, at = 0, count = 1;
	bool blank = false;

	words->text = text;
	words->starts =
		arena_alloc(c->arena, (text.len + 2) * sizeof(uint32_t));
	if (!words->starts) {
		return -1;
	}
	words->starts[0] = 0;
	for (; pos < text.len; at = pos) {
		int32_t code = utf8_next(text, &pos);
		bool space = code >= 0 && text_is_space((uint32_t)code);

		if (space && !blank) {
			words->starts[count++] = (uint32_t)at;
		}
		blank = space;
	}
	words->starts[count] = (uint32_t)text.len;
	words->count = count;
	words->ids = arena_alloc(c->arena, count * sizeof(uint32_t));
	for (size_t i = 0; words->ids && i < count; i++) {
		words->ids[i] = diff_intern(names, words_join(words, i, i + 1));
		if (words->ids[i] == DIFF_NO_ID) {
			return -1;
		}
	}
	return words->ids ? 0 : -1;
}

static void write_word_ops(struct compat *c, const struct diff_result *result,
			   const struct words *old_words,
			   const struct words *new_words)
{
	for (size_t i = 0; i < result->op_count; i++) {
		const struct diff_op *op = &result->ops[i];

		if (op->tag == DIFF_EQUAL) {
			write_text(c, words_join(old_words, op->i1, op->i2));
			continue;
		}
		if (op->i2 > op->i1) {
			write_words(c, "del",
				    words_join(old_words, op->i1, op->i2));
		}
		if (op->j2 > op->j1) {
			write_words(c, "ins",
				    words_join(new_words, op->j1, op->j2));
		}
	}
}

static int diff_words(struct compat *c, struct slice old_text,
		      struct slice new_text)
{
	struct diff_interner *names = diff_interner_new(DIFF_MEMORY_DEFAULT);
	struct diff_options options = c->options->engine;
	struct words old_words, new_words;
	struct diff_result result;
	int r = -1;

	if (!names || words_split(c, names, old_text, &old_words) ||
	    words_split(c, names, new_text, &new_words)) {
		c->full = true;
	} else {
		struct diff_seq a = {old_words.ids, old_words.count};
		struct diff_seq b = {new_words.ids, new_words.count};

		options.max_work = diff_work_left(&options, c->work);
		r = diff_run(&a, &b, &options, &result, c->err);
		if (!r) {
			write_word_ops(c, &result, &old_words, &new_words);
			c->exact &= result.exact;
			c->work += result.work;
			diff_result_release(&result);
		}
	}
	diff_interner_free(names);
	return r;
}

/* --- Opcodes -------------------------------------------------------------- */

/* A slice of a list as Python takes it: past the end is the end. */
static void write_block(struct compat *c, const struct markup_events *events,
			size_t from, size_t to, const char *mark)
{
	for (size_t i = from; i < to && i < events->count; i++) {
		const struct markup_event *event = &events->list[i];

		if (event->kind == MARKUP_EV_START) {
			enter(c, event);
		} else if (event->kind == MARKUP_EV_END) {
			leave(c, event);
		} else if (mark &&
			   leading_space(event->text) < event->text.len) {
			write_marked(c, mark, event->text);
		} else {
			write_event(c, event);
		}
	}
}

static int replace_pair(struct compat *c, const struct markup_event *old_event,
			const struct markup_event *new_event)
{
	if (old_event->kind == new_event->kind) {
		if (old_event->kind == MARKUP_EV_START) {
			enter_replaced(c, new_event);
		} else if (old_event->kind == MARKUP_EV_TEXT) {
			return diff_words(c, old_event->text, new_event->text);
		} else if (!leave(c, new_event)) {
			leave(c, old_event);
		}
	} else if (old_event->kind == MARKUP_EV_TEXT) {
		write_words(c, "del", old_event->text);
		if (new_event->kind == MARKUP_EV_START) {
			enter(c, new_event);
		} else {
			leave(c, new_event);
		}
	} else if (new_event->kind == MARKUP_EV_TEXT) {
		write_words(c, "ins", new_event->text);
	}
	return 0;
}

static int replace(struct compat *c, const struct diff_op *op)
{
	size_t old_count = op->i2 - op->i1, new_count = op->j2 - op->j1;
	size_t common = old_count < new_count ? old_count : new_count;

	for (size_t i = 0; i < common; i++) {
		if (replace_pair(c, &c->old_events->list[op->i1 + i],
				 &c->new_events->list[op->j1 + i])) {
			return -1;
		}
	}
	/* One old event more than the new ones is lost; with two or more the
	 * rest is looked for from the right place, but for too long. */
	if (old_count > common + 1) {
		write_block(c, c->old_events, op->i1 + common, op->i2 + common,
			    "del");
	} else if (new_count > common) {
		write_block(c, c->new_events, op->j1 + common, op->j2 + common,
			    "ins");
	}
	return 0;
}

static int write_ops(struct compat *c, const struct diff_result *result)
{
	for (size_t i = 0; i < result->op_count && !c->full; i++) {
		const struct diff_op *op = &result->ops[i];

		switch (op->tag) {
		case DIFF_EQUAL:
			write_block(c, c->old_events, op->i1, op->i2, NULL);
			break;
		case DIFF_DELETE:
			write_block(c, c->old_events, op->i1, op->i2, "del");
			break;
		case DIFF_INSERT:
			write_block(c, c->new_events, op->j1, op->j2, "ins");
			break;
		case DIFF_REPLACE:
			if (replace(c, op)) {
				return -1;
			}
			break;
		}
	}
	leave_all(c);
	return 0;
}

int diff_html_compat(struct arena *arena, struct markup_events *old_events,
		     struct markup_events *new_events,
		     const struct diff_markup_options *options,
		     struct diff_markup *out, struct err *err)
{
	struct compat c = {.arena = arena,
			   .options = options,
			   .old_events = old_events,
			   .new_events = new_events,
			   .exact = true,
			   .err = err};

	if (diff_events_run(arena, old_events, new_events, options,
			    &out->result, err)) {
		return -1;
	}
	c.work = out->result.work;
	if (write_ops(&c, &out->result) || c.full) {
		return c.full ? diff_events_no_memory(err) : -1;
	}
	out->result.exact &= c.exact;
	out->result.work = c.work;
	diff_html_genshi(&out->text, &c.written);
	return out->text.failed ? diff_events_no_room(&out->text, err) : 0;
}
