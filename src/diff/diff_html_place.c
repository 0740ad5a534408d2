/*
 * Where deleted tokens come back. The new side becomes a list of events; what
 * is deleted between two tokens that stay must come back somewhere between
 * them, so that both texts keep their order. Among the places there, the best
 * is within the element that its own element has become, next the nearest
 * element around it that is still there, else right behind what was before it.
 */
#include "diff/diff_html_model.h"
#include "diff/diff_text.h"
#include "markup/html_tag.h"

/* --- Events --------------------------------------------------------------- */

struct lister {
	struct merge *merge;
	uint32_t token; /* the next of the new side */
};

static struct merge_event *add_event(struct merge *merge,
				     enum merge_event_kind kind,
				     const struct markup_node *node)
{
	struct merge_event *event = &merge->events[merge->event_count++];

	*event = (struct merge_event){.kind = kind,
				      .node = node,
				      .token = MERGE_NONE,
				      .deleted = MERGE_NONE,
				      .last_deleted = MERGE_NONE};
	return event;
}

static void list_token(struct lister *l)
{
	struct merge *merge = l->merge;
	struct merge_event *event = add_event(
		merge, MERGE_TOKEN, merge->new_side.tokens[l->token].node);

	event->token = l->token;
	merge->token_event[l->token++] = merge->event_count - 1;
}

/* The words of a text node, and the white space that is left behind them. */
static void list_text(struct lister *l, const struct markup_node *node)
{
	const struct merge_side *side = &l->merge->new_side;
	const char *end = node->text.ptr;
	size_t left;

	while (l->token < side->token_count &&
	       side->tokens[l->token].kind == MERGE_WORD &&
	       side->tokens[l->token].node == node) {
		struct slice word = side->tokens[l->token].text;

		end = word.ptr + word.len;
		list_token(l);
	}
	left = (size_t)(node->text.ptr + node->text.len - end);
	if (left) {
		add_event(l->merge, MERGE_OTHER, node)->space =
			slice_of(end, left);
	}
}

/* Lists a node as its begin is met. True: what is in it has been dealt with. */
static bool list_node(struct lister *l, const struct markup_node *node)
{
	const struct merge_side *side = &l->merge->new_side;

	if (node->kind == MARKUP_TEXT || node->kind == MARKUP_CDATA) {
		list_text(l, node);
		return true;
	}
	if (node->kind != MARKUP_ELEMENT ||
	    (!l->merge->xml && node->space == MARKUP_HTML &&
	     node->tag == HTML_HEAD)) {
		add_event(l->merge, MERGE_OTHER, node);
		return true;
	}
	if (merge_element(side, node)->is_token) {
		list_token(l);
		return true;
	}
	add_event(l->merge, MERGE_OPEN, node);
	return false;
}

/* As its end is met: the placeholder of what is empty is its last child. */
static void list_end(struct lister *l, const struct markup_node *node)
{
	const struct merge_side *side = &l->merge->new_side;

	if (l->token < side->token_count &&
	    side->tokens[l->token].kind == MERGE_EMPTY &&
	    side->tokens[l->token].node == node) {
		list_token(l);
	}
	add_event(l->merge, MERGE_CLOSE, node);
}

static int list_events(struct merge *merge)
{
	const struct merge_side *side = &merge->new_side;
	const struct markup_node *root = side->root, *node = root->child;
	struct lister l = {.merge = merge};
	size_t most = (size_t)side->node_count * 2 + side->token_count + 1;

	merge->events =
		arena_alloc(merge->arena, most * sizeof(*merge->events));
	merge->token_event =
		arena_calloc(merge->arena, side->token_count, sizeof(uint32_t));
	if (!merge->events || !merge->token_event) {
		return diff_events_no_memory(merge->err);
	}
	while (node) {
		bool done = list_node(&l, node);

		if (!done && node->child) {
			node = node->child;
			continue;
		}
		if (!done) {
			list_end(&l, node);
		}
		while (!node->next && node->parent != root) {
			node = node->parent;
			list_end(&l, node);
		}
		node = node->next;
	}
	add_event(merge, MERGE_CLOSE, root);
	merge->event_count--;
	return 0;
}

const struct markup_node *merge_top(const struct merge *merge, uint32_t event)
{
	const struct merge_event *at = &merge->events[event];

	if (at->kind == MERGE_CLOSE) {
		return at->node;
	}
	if (at->kind == MERGE_TOKEN) {
		return merge_container(&merge->new_side.tokens[at->token]);
	}
	return at->node->parent;
}

/* --- Places --------------------------------------------------------------- */

struct place {
	uint32_t stamp, first, last; /* events before which it is on top */
};

struct placer {
	struct merge *merge;
	struct place *places; /* by the index of a new node */
	uint32_t stamp;
	uint32_t begin, end; /* the events between two tokens that stay */
	uint32_t cursor;     /* nothing may come back before this one */
	uint64_t budget;     /* of events looked at once more */
};

/* Notes for each element on top anywhere in the range where that is. */
static void look_over(struct placer *p)
{
	p->stamp++;
	for (uint32_t i = p->begin; i <= p->end; i++) {
		struct place *place = &p->places[merge_top(p->merge, i)->index];

		if (place->stamp != p->stamp) {
			*place = (struct place){p->stamp, i, i};
		}
		place->last = i;
	}
}

/* The first event from the cursor on before which the element is on top. */
static uint32_t find_place(struct placer *p, const struct markup_node *node)
{
	const struct place *place = node ? &p->places[node->index] : NULL;

	if (!place || place->stamp != p->stamp || place->last < p->cursor) {
		return MERGE_NONE;
	}
	if (place->first >= p->cursor) {
		return place->first;
	}
	for (uint32_t i = p->cursor; i < place->last && p->budget; i++) {
		p->budget--;
		if (merge_top(p->merge, i) == node) {
			return i;
		}
	}
	return place->last;
}

/* The outermost element that would be made anew below `stop`. */
static const struct markup_node *child_below(const struct markup_node *node,
					     const struct markup_node *stop)
{
	while (node->parent != stop) {
		node = node->parent;
	}
	return node;
}

/* A place for a block that is gone as a whole: in what the nearest element
 * around it has become. */
static uint32_t find_block_place(struct placer *p,
				 const struct markup_node *container)
{
	const struct merge *merge = p->merge;
	const struct markup_node *at = container;

	for (; at; at = at->parent) {
		const struct markup_node *mate =
			merge_element(&merge->old_side, at)->mate;
		uint32_t place = find_place(p, mate);

		if (place == MERGE_NONE) {
			continue;
		}
		if (at == container ||
		    merge_fits(merge, mate, child_below(container, at))) {
			return place;
		}
	}
	return MERGE_NONE;
}

/* Is this a place for text, with wrappers if need be? */
static bool holds_any(const struct merge *merge, const struct markup_node *node)
{
	const char *names[3];

	return merge_holds_text(merge, node) ||
	       merge_wrappers(merge, node, names) > 0;
}

/* Any place: the first that takes text as it is, else with wrappers. */
static uint32_t find_any_place(struct placer *p)
{
	uint32_t wrapped = MERGE_NONE;

	for (uint32_t i = p->cursor; i <= p->end; i++) {
		const struct markup_node *top = merge_top(p->merge, i);

		if (merge_holds_text(p->merge, top)) {
			return i;
		}
		if (wrapped == MERGE_NONE && holds_any(p->merge, top)) {
			wrapped = i;
		}
		if (!p->budget) {
			break;
		}
		p->budget--;
	}
	return wrapped == MERGE_NONE ? p->end : wrapped;
}

static uint32_t choose_place(struct placer *p, const struct merge_token *token,
			     bool joins)
{
	const struct merge *merge = p->merge;
	const struct markup_node *container = merge_container(token);
	const struct markup_node *block =
		merge->old_side.leaves[token->leaf].block;
	uint32_t place =
		find_place(p, merge_element(&merge->old_side, container)->mate);

	if (place == MERGE_NONE) {
		place = find_place(
			p, merge_element(&merge->old_side, block)->mate);
	}
	if (place == MERGE_NONE && joins &&
	    holds_any(merge, merge_top(merge, p->cursor))) {
		place = p->cursor;
	}
	if (place == MERGE_NONE) {
		place = find_block_place(p, container);
	}
	return place == MERGE_NONE ? find_any_place(p) : place;
}

static void attach(struct merge *merge, uint32_t event, uint32_t token)
{
	struct merge_event *at = &merge->events[event];

	if (at->deleted == MERGE_NONE) {
		at->deleted = token;
	} else {
		merge->next_deleted[at->last_deleted] = token;
	}
	at->last_deleted = token;
}

/* Does an empty element come back? Not if it has only been filled. */
static bool is_wanted(const struct merge *merge,
		      const struct merge_token *token)
{
	return token->kind != MERGE_EMPTY ||
	       !merge_element(&merge->old_side, token->node)->mate;
}

/* Old tokens i..end, between two that stay or the ends of the document. */
static void place_gap(struct placer *p, uint32_t i, uint32_t end)
{
	const struct merge_side *side = &p->merge->old_side;
	uint32_t before = i ? side->tokens[i - 1].leaf : MERGE_NONE;
	uint32_t place = MERGE_NONE;
	const struct markup_node *container = NULL;

	look_over(p);
	for (; i < end; i++) {
		const struct merge_token *token = &side->tokens[i];

		if (!is_wanted(p->merge, token)) {
			continue;
		}
		/* What follows in the same element stays with it. */
		if (place == MERGE_NONE ||
		    merge_container(token) != container) {
			container = merge_container(token);
			place = choose_place(p, token, token->leaf == before);
			p->cursor = place;
		}
		attach(p->merge, place, i);
	}
}

int merge_place(struct merge *merge)
{
	const struct merge_side *side = &merge->old_side;
	struct placer p = {.merge = merge};
	uint32_t begin = 0;

	if (list_events(merge)) {
		return -1;
	}
	merge->next_deleted = arena_alloc(
		merge->arena, (side->token_count + 1) * sizeof(uint32_t));
	p.places = arena_calloc(merge->arena, merge->new_side.node_count,
				sizeof(*p.places));
	if (!merge->next_deleted || !p.places) {
		return diff_events_no_memory(merge->err);
	}
	memset(merge->next_deleted, 0xff,
	       (side->token_count + 1) * sizeof(uint32_t));
	p.budget = 64 * (uint64_t)merge->event_count + 100000;
	for (uint32_t i = 0; i <= side->token_count; i++) {
		bool last = i == side->token_count;

		if (!last && side->tokens[i].mate == MERGE_NONE) {
			continue;
		}
		p.end = last ? merge->event_count
			     : merge->token_event[side->tokens[i].mate];
		if (i > begin) {
			p.cursor = p.begin;
			place_gap(&p, begin, i);
		}
		begin = i + 1;
		p.begin = p.end + 1;
	}
	return 0;
}
