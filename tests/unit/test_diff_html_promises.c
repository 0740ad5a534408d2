/*
 * What html's default mode promises, on the oracle's pairs and on generated
 * ones: both texts, tags in pairs, few marks; and its limits.
 */
#include "diff_html_case.h"
#include "html_random.h"
#include "markup_check.h"

/* --- Promises ------------------------------------------------------------- */

static void tree_text(struct slice text, struct buf *out)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	struct arena arena;
	struct err err = ERR_INIT;
	struct markup_node *root;

	arena_init(&arena, CASE_MEMORY);
	root = markup_html_fragment(&arena, text, &limits, &err);
	cr_assert(root, "%s", err.message);
	buf_init(out, CASE_MEMORY);
	check_tree_text(root, out);
	arena_release(&arena);
}

/* The texts of a document, as a browser would read it, without one of the
 * marks and its content. */
static void project(struct slice text, const char *drop, struct buf *out)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	struct arena arena;
	const struct markup_node *root, *node;

	arena_init(&arena, CASE_MEMORY);
	node = root = markup_html_fragment(&arena, text, &limits, NULL);
	buf_init(out, CASE_MEMORY);
	while (node) {
		if (node->kind == MARKUP_TEXT)
			check_squeeze(out, node->text);
		node = node->kind == MARKUP_ELEMENT &&
				       slice_is(node->name, drop)
			       ? markup_next_skip(root, node)
			       : markup_next(root, node);
	}
	arena_release(&arena);
}

static void expect_same(const char *what, const struct buf *got,
			const struct buf *want, struct slice text)
{
	cr_expect(slice_equal(buf_slice(got), buf_slice(want)),
		  "%s: %.*s\nwanted %.*s\nin %.*s", what,
		  (int)(got->len < 400 ? got->len : 400), got->ptr,
		  (int)(want->len < 400 ? want->len : 400), want->ptr,
		  (int)(text.len < 2000 ? text.len : 2000), text.ptr);
}

/* `reads_back`: the document can be read again as it was written. */
static void expect_promises(struct slice old_text, struct slice new_text,
			    struct slice text, bool reads_back)
{
	struct buf old_want, new_want, old_got, new_got;
	struct checker c;

	tree_text(old_text, &old_want);
	tree_text(new_text, &new_want);
	checker_run(&c, text, false);
	cr_expect_str_eq(c.fault, "", "%s in %.*s", c.fault,
			 (int)(text.len < 2000 ? text.len : 2000), text.ptr);
	expect_same("accepted", &c.accepted, &new_want, text);
	expect_same("rejected", &c.rejected, &old_want, text);
	checker_release(&c);
	if (reads_back) {
		project(text, "del", &new_got);
		project(text, "ins", &old_got);
		expect_same("accepted, read again", &new_got, &new_want, text);
		expect_same("rejected, read again", &old_got, &old_want, text);
		buf_release(&new_got);
		buf_release(&old_got);
	}
	buf_release(&old_want);
	buf_release(&new_want);
}

static void promises_file(const char *path)
{
	for (struct json_node *item = oracle_cases(path)->child; item;
	     item = item->next) {
		struct diff_markup out =
			diff_html_case(item, (struct diff_markup_options){0});

		expect_promises(node_text(item, "old"), node_text(item, "new"),
				buf_slice(&out.text), true);
		diff_markup_release(&out);
	}
}

Test(diff_html_promises, promises_of_the_oracle)
{
	promises_file("tests/oracle/diff/html.json");
	promises_file("tests/oracle/diff/html_big.json");
}

/* Words within a mark, counted as the oracle does. */
static long marked_words(struct slice text, const char *tag)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	const struct markup_node *root, *node;
	struct arena arena;
	long count = 0;

	arena_init(&arena, CASE_MEMORY);
	root = markup_html_fragment(&arena, text, &limits, NULL);
	for (node = root; node; node = markup_next(root, node)) {
		const struct markup_node *up = node->parent;
		bool blank = true;
		size_t pos = 0;

		while (up && !slice_is(up->name, tag))
			up = up->parent;
		while (up && node->kind == MARKUP_TEXT &&
		       pos < node->text.len) {
			bool space = text_is_space(
				(uint32_t)utf8_next(node->text, &pos));

			count += blank && !space;
			blank = space;
		}
	}
	arena_release(&arena);
	return count;
}

Test(diff_html_promises, marks_little)
{
	long marked = 0, least = 0;

	for (struct json_node *item =
		     oracle_cases("tests/oracle/diff/html.json")->child;
	     item; item = item->next) {
		const struct json_node *min = json_get(item, "min_words");
		struct slice name = node_text(item, "name");
		struct diff_markup out;
		int64_t a, b;

		/* Scripts and styles are marked as a whole. */
		if (slice_is(name, "script-edited") ||
		    slice_is(name, "style-edited"))
			continue;
		out = diff_html_case(item, (struct diff_markup_options){0});
		cr_assert_eq(json_number_int64(min->child->raw, &a), 0);
		cr_assert_eq(json_number_int64(min->child->next->raw, &b), 0);
		marked += marked_words(buf_slice(&out.text), "del") +
			  marked_words(buf_slice(&out.text), "ins");
		least += a + b;
		diff_markup_release(&out);
	}
	cr_expect(marked <= least + least / 50, "%ld words, %ld at least",
		  marked, least);
}

static void generated(uint64_t seed, int pairs, bool broken)
{
	struct random r = {seed};
	struct diff_markup_options options = {0};

	for (int n = 0; n < pairs; n++) {
		struct buf old_text, new_text;
		struct diff_markup out;
		struct err err = ERR_INIT;

		html_random_pair(&r, broken, &old_text, &new_text);
		diff_markup_init(&out, CASE_MEMORY);
		cr_assert_eq(diff_html(buf_slice(&old_text),
				       buf_slice(&new_text), &options, &out,
				       &err),
			     0, "%s", err.message);
		expect_promises(buf_slice(&old_text), buf_slice(&new_text),
				buf_slice(&out.text), !broken);
		diff_markup_release(&out);
		buf_release(&old_text);
		buf_release(&new_text);
	}
}

Test(diff_html_promises, promises_of_generated_pages)
{
	generated(1, 3000, false);
}

Test(diff_html_promises, promises_of_broken_pages)
{
	generated(2, 3000, true);
}

Test(diff_html_promises, same_page)
{
	struct random r = {3};
	struct diff_markup_options options = {0};

	for (int n = 0; n < 500; n++) {
		struct buf old_text, new_text;
		struct diff_markup out;

		html_random_pair(&r, true, &old_text, &new_text);
		diff_markup_init(&out, CASE_MEMORY);
		cr_assert_eq(diff_html(buf_slice(&new_text),
				       buf_slice(&new_text), &options, &out,
				       NULL),
			     0);
		cr_expect(
			!memmem(out.text.ptr, out.text.len, "tagdiff_", 8) &&
				!memmem(out.text.ptr, out.text.len, "<ins>", 5),
			"%.*s", (int)out.text.len, out.text.ptr);
		cr_expect_eq(out.result.ratio, 1.0);
		diff_markup_release(&out);
		buf_release(&old_text);
		buf_release(&new_text);
	}
}

/* --- Bounds --------------------------------------------------------------- */

Test(diff_html_promises, small_budget)
{
	const struct json_node *item =
		oracle_cases("tests/oracle/diff/html_big.json")->child;
	struct diff_markup out = diff_html_case(
		item, (struct diff_markup_options){.engine.max_work = 10});

	cr_expect(!out.result.exact);
	expect_promises(node_text(item, "old"), node_text(item, "new"),
			buf_slice(&out.text), true);
	diff_markup_release(&out);
	out = diff_html_case(item, (struct diff_markup_options){0});
	cr_expect(out.result.exact);
	diff_markup_release(&out);
}

Test(diff_html_promises, limits)
{
	const struct json_node *item =
		oracle_cases("tests/oracle/diff/html_big.json")->child;
	struct slice old_text = node_text(item, "old");
	struct slice new_text = node_text(item, "new");

	for (int mode = 0; mode < 3; mode++) {
		struct diff_markup_options options = {
			.output = mode == 2 ? DIFF_MARKUP_OPCODES
					    : DIFF_MARKUP_INLINE,
			.compat = mode == 1,
			.max_memory = 1000};
		struct err err = ERR_INIT;
		struct diff_markup out;

		/* From nothing at all to enough. */
		for (; options.max_memory < (size_t)64 << 20;
		     options.max_memory *= 2) {
			diff_markup_init(&out, CASE_MEMORY);
			if (diff_html(old_text, new_text, &options, &out, &err))
				cr_expect_str_eq(err.limit, "memory", "%s",
						 err.message);
			diff_markup_release(&out);
		}
		diff_markup_init(&out, 10);
		options.max_memory = 0;
		cr_expect_eq(
			diff_html(old_text, new_text, &options, &out, &err),
			-1);
		cr_expect_str_eq(err.limit, "output", "%s", err.message);
		diff_markup_release(&out);
	}
}

Test(diff_html_promises, sides_at_fault)
{
	struct diff_markup_options options = {0};
	struct err err = ERR_INIT;
	struct diff_markup out;
	struct buf deep;

	buf_init(&deep, CASE_MEMORY);
	for (int n = 0; n < 300; n++)
		buf_add_text(&deep, "<div>");
	diff_markup_init(&out, CASE_MEMORY);
	cr_expect_eq(
		diff_html(SLICE("a\xff"), SLICE("b"), &options, &out, &err),
		-1);
	cr_expect(err.code == ERR_BAD_INPUT && !strcmp(err.field, "old") &&
		  !strcmp(err.reason, "encoding") && err.offset == 1);
	cr_expect_eq(
		diff_html(SLICE("a"), buf_slice(&deep), &options, &out, &err),
		-1);
	cr_expect(err.code == ERR_LIMIT && !strcmp(err.field, "new") &&
		  !strcmp(err.limit, "depth"));
	diff_markup_release(&out);
	buf_release(&deep);
}
