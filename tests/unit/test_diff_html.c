/*
 * html against what mitsuhiko/htmldiff answers (tests/oracle/diff), and the
 * promises of the default mode on the oracle's pairs and on generated ones.
 */
#include <criterion/criterion.h>

#include "diff/diff_html.h"
#include "diff_case.h"
#include "html_random.h"
#include "markup_check.h"

static struct diff_markup run(const struct json_node *item,
			      struct diff_markup_options options)
{
	struct slice name = node_text(item, "name");
	struct err err = ERR_INIT;
	struct diff_markup out;
	int r;

	diff_markup_init(&out, CASE_MEMORY);
	r = diff_html(node_text(item, "old"), node_text(item, "new"), &options,
		      &out, &err);
	cr_assert_eq(r, 0, "%.*s: %s", (int)name.len, name.ptr, err.message);
	return out;
}

/* --- As htmldiff ---------------------------------------------------------- */

static void expect_text(const struct json_node *item, const char *member,
			bool autojunk)
{
	struct slice name = node_text(item, "name");
	struct slice want = node_text(item, member);
	struct diff_markup out =
		run(item, (struct diff_markup_options){
				  .engine.autojunk = autojunk, .compat = true});

	cr_expect(slice_equal(buf_slice(&out.text), want),
		  "%.*s: %.*s\nwanted %.*s", (int)name.len, name.ptr,
		  (int)(out.text.len < 500 ? out.text.len : 500), out.text.ptr,
		  (int)(want.len < 500 ? want.len : 500), want.ptr);
	diff_markup_release(&out);
}

static void compat_file(const char *path, int least)
{
	int exact = 0;

	for (struct json_node *item = oracle_cases(path)->child; item;
	     item = item->next) {
		const struct json_node *want = json_get(item, "expected");

		if (want->type != JSON_STRING)
			continue;
		expect_text(item, "expected", true);
		exact++;
		if (json_get(item, "expected_autojunk_off"))
			expect_text(item, "expected_autojunk_off", false);
	}
	cr_expect(exact >= least);
}

Test(diff_html, compat)
{
	compat_file("tests/oracle/diff/html.json", 54);
}

Test(diff_html, compat_big)
{
	compat_file("tests/oracle/diff/html_big.json", 1);
}

static bool same_json(struct slice got, struct slice want)
{
	size_t i = 0, j = 0;

	while (i < got.len || j < want.len) {
		if (j < want.len && strchr(" \n", want.ptr[j]))
			j++;
		else if (i == got.len || j == want.len ||
			 got.ptr[i++] != want.ptr[j++])
			return false;
	}
	return true;
}

Test(diff_html, compat_opcodes)
{
	struct diff_markup_options options = {.output = DIFF_MARKUP_OPCODES,
					      .engine.autojunk = true,
					      .compat = true};

	for (struct json_node *item =
		     oracle_cases("tests/oracle/diff/html.json")->child;
	     item; item = item->next) {
		struct slice want = node_raw(item, "event_opcodes");
		struct slice name = node_text(item, "name");
		struct diff_markup out;

		if (!json_get(item, "event_opcodes"))
			continue;
		out = run(item, options);
		cr_expect(same_json(buf_slice(&out.text), want), "%.*s: %.*s",
			  (int)name.len, name.ptr, (int)out.text.len,
			  out.text.ptr);
		diff_markup_release(&out);
	}
}

/* --- Default mode --------------------------------------------------------- */

static const struct {
	const char *what, *old_text, *new_text, *want;
} by_hand[] = {
	{"the talk, a tag", "Foo <b>bar</b> baz", "Foo <i>bar</i> baz",
	 "Foo <i class=\"tagdiff_replaced\">bar</i> baz"},
	{"the talk, a word less", "Foo bar baz", "Foo baz",
	 "Foo <del>bar</del> baz"},
	{"the talk, a word more", "Foo baz", "Foo blah baz",
	 "Foo <ins>blah</ins> baz"},
	{"bold marks nothing but itself", "<p>very important indeed</p>",
	 "<p><b>very</b> important indeed</p>",
	 "<p><b class=\"tagdiff_inserted\">very</b> important indeed</p>"},
	{"no longer bold", "<p><b>very</b> important</p>",
	 "<p>very important</p>",
	 "<p><b class=\"tagdiff_deleted\">very</b> important</p>"},
	{"a line break", "<p>one two</p>", "<p>one<br>two</p>",
	 "<p>one<br class=\"tagdiff_inserted\">two</p>"},
	{"another picture", "<img src=a>x", "<img src=b>x",
	 "<img src=\"b\" class=\"tagdiff_replaced\">x"},
	{"a picture less", "<p>a</p><img src=a><p>b</p>", "<p>a</p><p>b</p>",
	 "<p>a</p><img src=\"a\" class=\"tagdiff_deleted\"><p>b</p>"},
	{"an item", "<ul><li>a<li>c</ul>", "<ul><li>a<li>b<li>c</ul>",
	 "<ul><li>a</li><li class=\"tagdiff_inserted\"><ins>b</ins></li>"
	 "<li>c</li></ul>"},
	{"a row less", "<table><tr><td>a<tr><td>b</table>",
	 "<table><tr><td>a</table>",
	 "<table><tbody><tr><td>a</td></tr><tr class=\"tagdiff_deleted\">"
	 "<td class=\"tagdiff_deleted\"><del>b</del></td></tr></tbody>"
	 "</table>"},
	{"a cell with other words", "<table><tr><td>a<td>b</table>",
	 "<table><tr><td>x<td>b</table>",
	 "<table><tbody><tr><td><del>a</del><ins>x</ins></td><td>b</td></tr>"
	 "</tbody></table>"},
	{"a cell that was empty", "<table><tr><td><td>b</table>",
	 "<table><tr><td>x<td>b</table>",
	 "<table><tbody><tr><td><ins>x</ins></td><td>b</td></tr></tbody>"
	 "</table>"},
	{"text in a list", "<ul>a<li>b</ul>", "<ul>c<li>b</ul>",
	 "<ul><li class=\"tagdiff_deleted\"><del>a</del></li>"
	 "<li class=\"tagdiff_inserted\"><ins>c</ins></li><li>b</li></ul>"},
	{"wrapped", "<p>a b</p>", "<div class=x><p>a b</p></div>",
	 "<div class=\"x tagdiff_inserted\"><p>a b</p></div>"},
	{"a script stays whole and the old one is inert",
	 "<script>a < 1</script>", "<script>a < 2</script>",
	 "<del><code class=\"tagdiff_deleted\">a &lt; 1</code></del>"
	 "<ins><script class=\"tagdiff_inserted\">a < 2</script></ins>"},
	{"a comment is no text", "a<!-- x -->", "b<!-- y -->",
	 "<del>a</del><ins>b</ins><!-- y -->"},
	{"marks of the input's own", "<ins>a</ins> b", "<ins>a</ins> c",
	 "<ins class=\"tagdiff_source\">a</ins> <del>b</del> <ins>c</ins>"},
	{"white space is not compared", "<p>a\n  b</p>", "<p>a b</p>",
	 "<p>a b</p>"},
	{"an anchor never stands in another", "<a href=1>x y</a>",
	 "<a href=2>x</a>",
	 "<a href=\"2\" class=\"tagdiff_replaced\">x <del>y</del></a>"},
	{"first newline of pre", "<pre>\n\na</pre>", "<pre>\n\na</pre>",
	 "<pre>\n\na</pre>"},
	{"both empty", "", "", ""},
};

Test(diff_html, by_hand)
{
	struct diff_markup_options options = {0};

	for (size_t n = 0; n < sizeof(by_hand) / sizeof(*by_hand); n++) {
		struct err err = ERR_INIT;
		struct diff_markup out;
		char want[1000];

		snprintf(want, sizeof(want), "<div class=\"diff\">%s</div>",
			 by_hand[n].want);
		diff_markup_init(&out, CASE_MEMORY);
		cr_assert_eq(diff_html(slice_text(by_hand[n].old_text),
				       slice_text(by_hand[n].new_text),
				       &options, &out, &err),
			     0, "%s: %s", by_hand[n].what, err.message);
		cr_expect(slice_is(buf_slice(&out.text), want), "%s: %.*s",
			  by_hand[n].what, (int)out.text.len, out.text.ptr);
		diff_markup_release(&out);
	}
}

Test(diff_html, whole_documents)
{
	static const char old_text[] =
		"<!DOCTYPE html><html><head><title>A</title>"
		"<link href=x></head><body class=a><p>one</p></body></html>";
	static const char new_text[] =
		"<!DOCTYPE html><html><head><title>B</title>"
		"<link href=x></head><body class=b><p>two</p></body></html>";
	static const char want[] =
		"<!DOCTYPE html>\n<html><head><title class=\"tagdiff_replaced\""
		">B</title><link href=\"x\"></head>"
		"<body class=\"b tagdiff_replaced\"><p><del>one</del><ins>two"
		"</ins></p></body></html>";
	struct diff_markup_options options = {0};
	struct diff_markup out;

	diff_markup_init(&out, CASE_MEMORY);
	cr_assert_eq(diff_html(slice_text(old_text), slice_text(new_text),
			       &options, &out, NULL),
		     0);
	cr_expect(slice_is(buf_slice(&out.text), want), "%.*s",
		  (int)out.text.len, out.text.ptr);
	diff_markup_release(&out);
}

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
			run(item, (struct diff_markup_options){0});

		expect_promises(node_text(item, "old"), node_text(item, "new"),
				buf_slice(&out.text), true);
		diff_markup_release(&out);
	}
}

Test(diff_html, promises_of_the_oracle)
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

Test(diff_html, marks_little)
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
		out = run(item, (struct diff_markup_options){0});
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

Test(diff_html, promises_of_generated_pages)
{
	generated(1, 3000, false);
}

Test(diff_html, promises_of_broken_pages)
{
	generated(2, 3000, true);
}

Test(diff_html, same_page)
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
