/*
 * xml: opcodes over Genshi's events (tests/oracle/diff), and the promises of
 * the marked document.
 */
#include <criterion/criterion.h>

#include "diff/diff_xml.h"
#include "diff_case.h"
#include "markup_check.h"

static bool same_json(struct slice got, struct slice want)
{
	struct slice *both[2] = {&got, &want};

	while (got.len || want.len) {
		for (int side = 0; side < 2; side++)
			while (both[side]->len && both[side]->ptr[0] == ' ')
				both[side]->ptr++, both[side]->len--;
		if (!got.len || !want.len || *got.ptr != *want.ptr)
			return got.len == want.len && !got.len;
		got = slice_of(got.ptr + 1, got.len - 1);
		want = slice_of(want.ptr + 1, want.len - 1);
	}
	return true;
}

static int run(const struct json_node *item, bool autojunk,
	       struct diff_markup *out, struct err *err)
{
	struct diff_markup_options options = {.output = DIFF_MARKUP_OPCODES,
					      .engine.autojunk = autojunk,
					      .entities = true,
					      .events = true};

	diff_markup_init(out, CASE_MEMORY);
	return diff_xml(node_text(item, "old"), node_text(item, "new"),
			&options, out, err);
}

/* JSON escapes differ from Python's: compared after reading. */
static void expect_events(struct slice name, const struct buf *got,
			  const struct json_node *want)
{
	struct arena arena;
	struct json_node *root;
	const struct json_node *x, *y = want;

	arena_init(&arena, CASE_MEMORY);
	x = root = json_parse(&arena, buf_slice(got), 1000, false, NULL);
	cr_assert(root);
	for (x = root->child, y = want->child; x && y;
	     x = x->next, y = y->next) {
		const struct json_node *p = x->child, *q = y->child;

		cr_expect_eq(x->count, y->count);
		for (; p && q; p = p->next, q = q->next)
			cr_expect(p->type == q->type &&
					  (p->type == JSON_ARRAY
						   ? same_json(p->raw, q->raw)
						   : slice_equal(p->text,
								 q->text)),
				  "%.*s: %.*s is %.*s", (int)name.len, name.ptr,
				  (int)x->raw.len, x->raw.ptr, (int)y->raw.len,
				  y->raw.ptr);
	}
	cr_expect(!x && !y, "%.*s: how many events", (int)name.len, name.ptr);
	arena_release(&arena);
}

static void check_case(const struct json_node *item)
{
	struct slice name = node_text(item, "name");
	const struct json_node *want = json_get(item, "expected");
	const struct json_node *off = json_get(item, "expected_autojunk_off");
	struct err err = ERR_INIT;
	struct diff_markup out;
	int r = run(item, true, &out, &err);

	if (want->type == JSON_NULL) {
		cr_expect_eq(r, -1);
		cr_expect_str_eq(err.reason, "syntax");
		diff_markup_release(&out);
		return;
	}
	cr_assert_eq(r, 0, "%.*s: %s", (int)name.len, name.ptr, err.message);
	cr_expect(same_json(buf_slice(&out.text), want->raw), "%.*s: %.*s",
		  (int)name.len, name.ptr, (int)out.text.len, out.text.ptr);
	cr_expect_eq(out.result.ratio,
		     json_number_double(node_raw(item, "ratio")));
	expect_events(name, &out.old_events, json_get(item, "old_events"));
	expect_events(name, &out.new_events, json_get(item, "new_events"));
	diff_markup_release(&out);
	if (!off)
		return;
	cr_assert_eq(run(item, false, &out, &err), 0);
	cr_expect(same_json(buf_slice(&out.text), off->raw), "%.*s, off",
		  (int)name.len, name.ptr);
	diff_markup_release(&out);
}

Test(diff_xml, oracle)
{
	int count = 0;

	for (struct json_node *item =
		     oracle_cases("tests/oracle/diff/xml_events.json")->child;
	     item; item = item->next, count++)
		check_case(item);
	cr_expect_eq(count, 17);
}

/* --- Marked --------------------------------------------------------------- */

static const struct {
	const char *old_text, *new_text, *want;
} by_hand[] = {
	{"<r><a>x y</a></r>", "<r><a>x z</a></r>",
	 "<r xmlns:diff=\"urn:cherry:diff\"><a>x <diff:del>y</diff:del> "
	 "<diff:ins>z</diff:ins></a></r>"},
	{"<r><a/></r>", "<r><b/></r>",
	 "<r xmlns:diff=\"urn:cherry:diff\"><a diff:mark=\"deleted\"/>"
	 "<b diff:mark=\"inserted\"/></r>"},
	{"<r k='1'/>", "<r k='2'/>",
	 "<r xmlns:diff=\"urn:cherry:diff\" k=\"2\" diff:mark=\"replaced\">"
	 "</r>"},
	{"<r xmlns:p='u'><p:a>x</p:a></r>", "<r xmlns:p='v'><b/></r>",
	 "<r xmlns:p=\"v\" xmlns:diff=\"urn:cherry:diff\">"
	 "<p:a xmlns:p=\"u\" diff:mark=\"deleted\"><diff:del>x</diff:del>"
	 "</p:a><b diff:mark=\"inserted\"/></r>"},
	{"<r xmlns:diff='u'>a</r>", "<r xmlns:diff='u'>b</r>",
	 "<r xmlns:diff=\"u\" xmlns:cherrydiff=\"urn:cherry:diff\">"
	 "<cherrydiff:del>a</cherrydiff:del><cherrydiff:ins>b"
	 "</cherrydiff:ins></r>"},
	{"<r>a</r>", "<!DOCTYPE r><!-- c --><?p d?><r><![CDATA[<]]>&amp;</r>",
	 "<!DOCTYPE r>\n<!-- c -->\n<?p d?>\n"
	 "<r xmlns:diff=\"urn:cherry:diff\"><diff:del>a</diff:del>"
	 "<diff:ins>&lt;</diff:ins><diff:ins>&amp;</diff:ins></r>"},
};

Test(diff_xml, by_hand)
{
	static const char declaration[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
	struct diff_markup_options options = {0};

	for (size_t n = 0; n < sizeof(by_hand) / sizeof(*by_hand); n++) {
		struct err err = ERR_INIT;
		struct diff_markup out;
		char want[1000];

		snprintf(want, sizeof(want), "%s%s", declaration,
			 by_hand[n].want);
		diff_markup_init(&out, CASE_MEMORY);
		cr_assert_eq(diff_xml(slice_text(by_hand[n].old_text),
				      slice_text(by_hand[n].new_text), &options,
				      &out, &err),
			     0, "%s: %s", by_hand[n].new_text, err.message);
		cr_expect(slice_is(buf_slice(&out.text), want), "%s: %.*s",
			  by_hand[n].new_text, (int)out.text.len, out.text.ptr);
		diff_markup_release(&out);
	}
}

static void random_element(struct random *r, int depth, struct buf *out)
{
	static const char *const names[] = {"a", "b", "p:x", "item"};
	static const char *const attrs[] = {"",		 "",
					    " k='1'",	 " k='2'",
					    " p:k='\"'", " xmlns:p='v'",
					    " xmlns='d'"};
	static const char *const texts[] = {
		"one two", "three",    "four &amp; x",
		"&lt;",	   "\n  ",     "<!-- c -->",
		"<?p i?>", "\xc3\xa9", "<![CDATA[c < d]]>"};
	const char *name = names[random_below(r, 4)];

	buf_printf(out, "<%s%s>", name, attrs[random_below(r, 7)]);
	for (uint32_t n = random_below(r, 5); n > 0; n--) {
		if (depth < 5 && random_below(r, 2))
			random_element(r, depth + 1, out);
		else
			buf_add_text(out, texts[random_below(r, 9)]);
	}
	buf_printf(out, "</%s>", name);
}

static void random_document(struct random *r, struct buf *out)
{
	buf_add_text(out, random_below(r, 2) ? "<r xmlns:p='u'>"
					     : "<r xmlns:p='u' xmlns='w'>");
	for (uint32_t n = random_below(r, 5); n > 0; n--)
		random_element(r, 0, out);
	buf_add_text(out, "</r>");
}

static void tree_text(struct slice text, struct buf *out)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	struct err err = ERR_INIT;
	struct arena arena;
	const struct markup_node *root;

	arena_init(&arena, CASE_MEMORY);
	root = markup_xml_tree(&arena, text, &limits, &err);
	cr_assert(root, "%s: %.*s", err.message, (int)text.len, text.ptr);
	check_tree_text(root, out);
	arena_release(&arena);
}

Test(diff_xml, promises)
{
	struct diff_markup_options options = {0};
	struct random r = {1};

	for (int n = 0; n < 3000; n++) {
		struct buf text[2], want[2], again;
		struct diff_markup out;
		struct err err = ERR_INIT;
		struct checker c;

		for (int side = 0; side < 2; side++) {
			buf_init(&text[side], CASE_MEMORY);
			buf_init(&want[side], CASE_MEMORY);
			random_document(&r, &text[side]);
			tree_text(buf_slice(&text[side]), &want[side]);
		}
		diff_markup_init(&out, CASE_MEMORY);
		cr_assert_eq(diff_xml(buf_slice(&text[0]), buf_slice(&text[1]),
				      &options, &out, &err),
			     0, "%s", err.message);
		buf_init(&again, CASE_MEMORY);
		tree_text(buf_slice(&out.text), &again); /* well-formed */
		checker_run(&c, buf_slice(&out.text), true);
		cr_expect_str_eq(c.fault, "");
		cr_expect(slice_equal(buf_slice(&c.accepted),
				      buf_slice(&want[1])) &&
				  slice_equal(buf_slice(&c.rejected),
					      buf_slice(&want[0])),
			  "%.*s", (int)out.text.len, out.text.ptr);
		checker_release(&c);
		buf_release(&again);
		diff_markup_release(&out);
		for (int side = 0; side < 2; side++) {
			buf_release(&text[side]);
			buf_release(&want[side]);
		}
	}
}
