/*
 * The merged document: the new side's events in their order, and before each
 * what was deleted there, with the elements around it that are gone too.
 */
#include "diff/diff_html_model.h"
#include "markup/html_tag.h"

#define OPEN_MAX 300 /* elements that come back within each other */

struct emitter {
	struct merge *merge;
	struct merge_writer writer;
	/* Elements that have come back and are still open. */
	const struct markup_node *open[OPEN_MAX];
	uint32_t open_count;
	const char *wrappers[3];
	uint32_t wrapper_count;
};

/* --- Wrappers ------------------------------------------------------------- */

static void open_wrappers(struct emitter *e, const struct markup_node *parent,
			  enum merge_mark mark)
{
	e->wrapper_count = merge_wrappers(e->merge, parent, e->wrappers);
	for (uint32_t i = 0; i < e->wrapper_count; i++) {
		merge_write_tag(&e->writer, e->wrappers[i], false, mark);
	}
}

static void close_wrappers(struct emitter *e)
{
	while (e->wrapper_count) {
		merge_write_tag(&e->writer, e->wrappers[--e->wrapper_count],
				true, MERGE_SAME);
	}
}

static void write_marked(struct emitter *e, const char *tag, struct slice text)
{
	merge_write_tag(&e->writer, tag, false, MERGE_SAME);
	merge_write_text(&e->writer, text);
	merge_write_tag(&e->writer, tag, true, MERGE_SAME);
}

/* From the first byte of one word to the last of another of the same node. */
static struct slice words_between(const struct merge_token *first,
				  const struct merge_token *last)
{
	return slice_of(
		first->text.ptr,
		(size_t)(last->text.ptr + last->text.len - first->text.ptr));
}

/* --- What is gone --------------------------------------------------------- */

static bool is_open_at(const struct markup_node *top,
		       const struct markup_node *node)
{
	while (top && top != node) {
		top = top->parent;
	}
	return top != NULL;
}

/* Is the same formatting open there anyway? */
static bool is_doubled(const struct merge *merge, const struct markup_node *top,
		       const struct markup_node *node)
{
	if (merge_flags(merge, node) & TAG_BLOCK) {
		return false;
	}
	for (; top && top->kind == MARKUP_ELEMENT &&
	       !(merge_flags(merge, top) & TAG_BLOCK);
	     top = top->parent) {
		if (merge_same_tag(top, node)) {
			return true;
		}
	}
	return false;
}

/* Leaves of the path (outermost first) what can be made anew within `top`. */
static uint32_t filter_path(const struct emitter *e,
			    const struct markup_node *top,
			    const struct markup_node **path, uint32_t count)
{
	const struct merge *merge = e->merge;
	const struct markup_node *parent = top;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct markup_node *node = path[i];

		if (!merge_clashes(merge, top, node) &&
		    !is_doubled(merge, top, node) &&
		    merge_fits(merge, parent, node)) {
			path[kept++] = node;
			parent = node;
		}
	}
	return kept;
}

/* The elements to be made anew around a deleted token, outermost first. */
static uint32_t find_path(const struct emitter *e,
			  const struct markup_node *top,
			  const struct markup_node *container,
			  const struct markup_node *path[OPEN_MAX])
{
	const struct merge_side *side = &e->merge->old_side;
	uint32_t count = 0;

	for (; container && count < OPEN_MAX; container = container->parent) {
		const struct markup_node *mate =
			merge_element(side, container)->mate;

		if (mate && is_open_at(top, mate)) {
			break;
		}
		path[count++] = container;
	}
	for (uint32_t i = 0; i < count / 2; i++) {
		const struct markup_node *swap = path[i];

		path[i] = path[count - 1 - i];
		path[count - 1 - i] = swap;
	}
	return filter_path(e, top, path, count);
}

/* Closes what has come back but for the outermost `keep`. */
static void close_to(struct emitter *e, uint32_t keep)
{
	while (e->open_count > keep) {
		merge_write_end(&e->writer, e->open[--e->open_count]);
	}
}

/* The white space that the old side has before an element. */
static void write_space_before(struct emitter *e,
			       const struct markup_node *node)
{
	const struct markup_node *prev = node->prev;
	size_t len;

	if (!prev || prev->kind != MARKUP_TEXT) {
		return;
	}
	len = prev->text.len;
	while (len && strchr(" \t\n\f", prev->text.ptr[len - 1])) {
		len--;
	}
	merge_write_text(&e->writer,
			 slice_of(prev->text.ptr + len, prev->text.len - len));
}

static void open_path(struct emitter *e, const struct markup_node *const *path,
		      uint32_t count)
{
	uint32_t same = 0;

	while (same < count && same < e->open_count &&
	       path[same] == e->open[same]) {
		same++;
	}
	close_to(e, same);
	for (; same < count; same++) {
		write_space_before(e, path[same]);
		merge_write_start(&e->writer, path[same], MERGE_DELETED);
		e->open[e->open_count++] = path[same];
	}
}

/* An element compared whole comes back as it was if nothing in it can act or
 * break out, else as its text. */
static void write_gone_whole(struct emitter *e, const struct markup_node *node)
{
	const struct markup_node *at = node;
	bool shown = node->space != MARKUP_HTML || node->tag == HTML_SELECT ||
		     node->tag == HTML_TEXTAREA;

	merge_write_tag(&e->writer, "del", false, MERGE_SAME);
	if (shown) {
		merge_write_whole(&e->writer, node, MERGE_DELETED);
	} else {
		merge_write_tag(&e->writer, "code", false, MERGE_DELETED);
		for (; at; at = markup_next(node, at)) {
			if (at->kind == MARKUP_TEXT) {
				merge_write_text(&e->writer, at->text);
			}
		}
		merge_write_tag(&e->writer, "code", true, MERGE_SAME);
	}
	merge_write_tag(&e->writer, "del", true, MERGE_SAME);
}

static void write_gone_element(struct emitter *e, const struct markup_node *top,
			       const struct markup_node *parent,
			       const struct merge_token *token)
{
	if (token->kind == MERGE_WHOLE && !token->bare) {
		open_wrappers(e, parent, MERGE_DELETED);
		write_gone_whole(e, token->node);
		close_wrappers(e);
	} else if (token->kind == MERGE_VOID &&
		   merge_fits(e->merge, parent, token->node) &&
		   !merge_clashes(e->merge, top, token->node)) {
		write_space_before(e, token->node);
		merge_write_start(&e->writer, token->node, MERGE_DELETED);
		merge_write_end(&e->writer, token->node);
	}
}

static void write_gone_words(struct emitter *e,
			     const struct markup_node *parent,
			     const struct merge_token *first,
			     const struct merge_token *last)
{
	merge_write_text(&e->writer, first->space);
	open_wrappers(e, parent, MERGE_DELETED);
	write_marked(e, "del", words_between(first, last));
	close_wrappers(e);
}

static void write_gone(struct emitter *e, uint32_t event)
{
	const struct merge *merge = e->merge;
	const struct merge_token *tokens = merge->old_side.tokens;
	const struct markup_node *top = merge_top(merge, event);
	const struct markup_node *path[OPEN_MAX], *container = NULL;
	uint32_t count = 0, at = merge->events[event].deleted;

	while (at != MERGE_NONE) {
		const struct merge_token *token = &tokens[at], *last = token;
		const struct markup_node *parent;

		if (merge_container(token) != container) {
			container = merge_container(token);
			count = find_path(e, top, container, path);
		}
		open_path(e, path, count);
		parent = count ? path[count - 1] : top;
		at = merge->next_deleted[at];
		while (token->kind == MERGE_WORD && at != MERGE_NONE &&
		       tokens[at].kind == MERGE_WORD &&
		       tokens[at].node == token->node) {
			last = &tokens[at];
			at = merge->next_deleted[at];
		}
		if (token->kind == MERGE_WORD) {
			write_gone_words(e, parent, token, last);
		} else if (token->kind != MERGE_EMPTY) {
			write_gone_element(e, top, parent, token);
		}
	}
	close_to(e, 0);
}

/* --- What is there -------------------------------------------------------- */

static bool continues(const struct merge *merge, uint32_t event,
		      const struct merge_token *first)
{
	const struct merge_event *at = &merge->events[event];
	const struct merge_token *token;

	if (event >= merge->event_count || at->kind != MERGE_TOKEN ||
	    at->deleted != MERGE_NONE) {
		return false;
	}
	token = &merge->new_side.tokens[at->token];
	return token->kind == MERGE_WORD && token->node == first->node &&
	       (token->mate == MERGE_NONE) == (first->mate == MERGE_NONE) &&
	       token->lost == first->lost;
}

static void write_inserted(struct emitter *e, const struct merge_token *first,
			   struct slice text)
{
	const struct markup_node *parent = merge_container(first);

	merge_write_text(&e->writer, first->space);
	open_wrappers(e, parent, MERGE_INSERTED);
	write_marked(e, "ins", text);
	close_wrappers(e);
}

/* Words that stay, with what formatting they have lost around them. */
static void write_kept(struct emitter *e, const struct merge_token *first,
		       struct slice text)
{
	const struct markup_node *parent = merge_container(first);
	uint32_t count = 0;

	merge_write_text(&e->writer, first->space);
	for (uint32_t i = 0; i < first->lost_count; i++) {
		const struct markup_node *node = first->lost[i];

		if (merge_fits(e->merge, parent, node) &&
		    !is_doubled(e->merge, parent, node)) {
			merge_write_start(&e->writer, node, MERGE_DELETED);
			e->open[count++] = node;
		}
	}
	merge_write_text(&e->writer, text);
	while (count) {
		merge_write_end(&e->writer, e->open[--count]);
	}
}

/* Words from this event on that are treated alike. Gives the last event. */
static uint32_t write_words(struct emitter *e, uint32_t event)
{
	const struct merge *merge = e->merge;
	const struct merge_token *tokens = merge->new_side.tokens;
	const struct merge_token *first = &tokens[merge->events[event].token];
	struct slice text;

	while (continues(merge, event + 1, first)) {
		event++;
	}
	text = words_between(first, &tokens[merge->events[event].token]);
	if (first->mate == MERGE_NONE) {
		write_inserted(e, first, text);
	} else {
		write_kept(e, first, text);
	}
	return event;
}

static void write_element(struct emitter *e, const struct merge_token *token)
{
	enum merge_mark mark = token->mate == MERGE_NONE ? MERGE_INSERTED
			       : token->changed		 ? MERGE_REPLACED
							 : MERGE_SAME;
	bool wrap = mark == MERGE_INSERTED && !token->bare;

	if (wrap) {
		open_wrappers(e, merge_container(token), MERGE_INSERTED);
		merge_write_tag(&e->writer, "ins", false, MERGE_SAME);
	}
	merge_write_whole(&e->writer, token->node, mark);
	if (wrap) {
		merge_write_tag(&e->writer, "ins", true, MERGE_SAME);
		close_wrappers(e);
	}
}

/* --- All of it ------------------------------------------------------------ */

static void write_other(struct emitter *e, const struct merge_event *event)
{
	switch (event->node->kind) {
	case MARKUP_TEXT:
	case MARKUP_CDATA:
		merge_write_text(&e->writer, event->space);
		break;
	case MARKUP_ELEMENT:
		merge_write_head(e->merge, &e->writer, event->node);
		break;
	default:
		merge_write_other(&e->writer, event->node);
		break;
	}
}

static uint32_t write_event(struct emitter *e, uint32_t at)
{
	const struct merge *merge = e->merge;
	const struct merge_event *event = &merge->events[at];
	const struct merge_token *token;

	switch (event->kind) {
	case MERGE_OPEN:
		merge_write_start(&e->writer, event->node,
				  merge_mark_of(merge, event->node));
		break;
	case MERGE_CLOSE:
		merge_write_end(&e->writer, event->node);
		break;
	case MERGE_OTHER:
		write_other(e, event);
		break;
	case MERGE_TOKEN:
		token = &merge->new_side.tokens[event->token];
		if (token->kind == MERGE_WORD) {
			return write_words(e, at);
		}
		if (token->kind != MERGE_EMPTY) {
			write_element(e, token);
		}
		break;
	}
	return at;
}

static bool declares(const struct markup_node *root, const char *prefix)
{
	for (const struct markup_node *node = root; node;
	     node = markup_next(root, node)) {
		for (uint32_t i = 0; i < node->space_count; i++) {
			if (slice_is(node->spaces[i].name, prefix)) {
				return true;
			}
		}
	}
	return false;
}

static void choose_prefix(struct emitter *e)
{
	static const char *const names[] = {"diff", "cherrydiff", "diff-marks",
					    "cherry-diff-marks"};
	const struct markup_node *x = e->merge->old_side.root;
	const struct markup_node *y = e->merge->new_side.root;

	e->writer.prefix = names[3];
	for (int i = 3; i-- > 0;) {
		if (!declares(x, names[i]) && !declares(y, names[i])) {
			e->writer.prefix = names[i];
		}
	}
	e->writer.default_space = declares(y, "");
}

void merge_emit(struct merge *merge, struct buf *out)
{
	struct emitter e = {.merge = merge};

	e.writer.out = out;
	e.writer.xml = merge->xml;
	if (merge->xml) {
		choose_prefix(&e);
	}
	for (uint32_t i = 0; i < merge->event_count && !out->failed; i++) {
		if (merge->events[i].deleted != MERGE_NONE) {
			write_gone(&e, i);
		}
		i = write_event(&e, i);
	}
	if (merge->events[merge->event_count].deleted != MERGE_NONE) {
		write_gone(&e, merge->event_count);
	}
}
