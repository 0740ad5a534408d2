/*
 * The merge from trees to the marked document, and its figures.
 */
#include "diff/diff_html_merge.h"

#include "diff/diff_html_model.h"

/* Words and elements, counted like the engine counts items: between two that
 * stay, each of one side stands for one of the other. */
static void count_tokens(const struct merge *merge, struct diff_result *result)
{
	const struct merge_side *a = &merge->old_side, *b = &merge->new_side;
	size_t deleted = 0, inserted = 0, pairs;
	uint32_t j = 0;

	for (uint32_t i = 0; i <= a->token_count; i++) {
		uint32_t mate =
			i < a->token_count ? a->tokens[i].mate : b->token_count;

		if (mate == MERGE_NONE) {
			deleted += a->tokens[i].kind != MERGE_EMPTY;
			continue;
		}
		for (; j < mate; j++) {
			inserted += b->tokens[j].kind != MERGE_EMPTY;
		}
		pairs = deleted < inserted ? deleted : inserted;
		result->replaced += pairs;
		result->deleted += deleted - pairs;
		result->inserted += inserted - pairs;
		deleted = inserted = 0;
		j = mate + 1;
		if (i < a->token_count && a->tokens[i].kind != MERGE_EMPTY) {
			result->replaced += a->tokens[i].changed;
			result->matches += !a->tokens[i].changed;
		}
	}
}

static void count_elements(const struct merge *merge,
			   struct diff_result *result)
{
	const struct merge_side *b = &merge->new_side;
	size_t stayed = 0, all = merge->old_side.element_count;

	for (uint32_t i = 0; i < merge->event_count; i++) {
		const struct merge_event *event = &merge->events[i];

		if (event->kind != MERGE_OPEN) {
			continue;
		}
		switch (merge_mark_of(merge, event->node)) {
		case MERGE_INSERTED:
			result->inserted++;
			break;
		case MERGE_REPLACED:
			result->replaced++;
			stayed++;
			break;
		case MERGE_SOURCE:
			if (!merge_element(b, event->node)->mate) {
				result->inserted++;
				break;
			}
			/* fall through */
		default:
			result->matches++;
			stayed++;
			break;
		}
	}
	result->deleted += all > stayed ? all - stayed : 0;
}

static void count(const struct merge *merge, struct diff_result *result)
{
	size_t sum;

	count_tokens(merge, result);
	count_elements(merge, result);
	if (!merge->xml) {
		merge_count_head(merge, result);
	}
	sum = 2 * (result->matches + result->replaced) + result->deleted +
	      result->inserted;
	result->ratio = sum ? 2.0 * (double)result->matches / (double)sum : 1.0;
	result->exact = merge->exact;
	result->work = merge->work;
}

static int run(struct merge *merge, struct diff_markup *out)
{
	if (merge_flatten(merge, &merge->old_side) ||
	    merge_flatten(merge, &merge->new_side) || merge_align(merge) ||
	    merge_match(merge) || merge_place(merge)) {
		return -1;
	}
	count(merge, &out->result);
	return 0;
}

static int merge_trees(struct merge *merge, struct markup_node *const root[2],
		       struct diff_markup *out)
{
	int r;

	merge->old_side.root = root[0];
	merge->new_side.root = root[1];
	merge->exact = true;
	merge->names = diff_interner_new(merge->options->max_memory
						 ? merge->options->max_memory
						 : DIFF_MEMORY_DEFAULT);
	r = merge->names ? run(merge, out) : diff_events_no_memory(merge->err);
	diff_interner_free(merge->names);
	return r;
}

int diff_html_merge(struct arena *arena, struct markup_node *const root[2],
		    const struct diff_markup_options *options,
		    struct diff_markup *out, struct err *err)
{
	struct merge merge = {.arena = arena, .options = options, .err = err};
	bool fragment = root[1]->kind == MARKUP_ELEMENT;

	if (merge_trees(&merge, root, out)) {
		return -1;
	}
	if (options->output == DIFF_MARKUP_STATS) {
		return 0;
	}
	buf_add_text(&out->text, fragment ? "<div class=\"diff\">" : "");
	merge_emit(&merge, &out->text);
	buf_add_text(&out->text, fragment ? "</div>" : "");
	return out->text.failed ? diff_events_no_room(&out->text, err) : 0;
}

static void put_declaration(struct buf *out)
{
	buf_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
}

int diff_xml_merge(struct arena *arena, struct markup_node *const root[2],
		   const struct diff_markup_options *options,
		   struct diff_markup *out, struct err *err)
{
	struct merge merge = {
		.xml = true, .arena = arena, .options = options, .err = err};

	if (merge_trees(&merge, root, out)) {
		return -1;
	}
	put_declaration(&out->text);
	merge_emit(&merge, &out->text);
	return out->text.failed ? diff_events_no_room(&out->text, err) : 0;
}
