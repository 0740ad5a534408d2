/*
 * html against what mitsuhiko/htmldiff answers (tests/oracle/diff), and the
 * default mode by hand.
 */
#include "diff_html_case.h"

/* --- As htmldiff ---------------------------------------------------------- */

static void expect_text(const struct json_node *item, const char *member,
			bool autojunk)
{
	struct slice name = node_text(item, "name");
	struct slice want = node_text(item, member);
	struct diff_markup out = diff_html_case(
		item, (struct diff_markup_options){.engine.autojunk = autojunk,
						   .compat = true});

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
		out = diff_html_case(item, options);
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

/* Each element of a long head is found again, wherever it has gone. */
Test(diff_html, long_head)
{
	struct diff_markup_options options = {0};
	struct diff_markup out;
	struct buf text[2];

	for (int side = 0; side < 2; side++) {
		buf_init(&text[side], CASE_MEMORY);
		buf_add_text(&text[side], "<!DOCTYPE html><head>");
		for (uint32_t n = 0; n < 3000; n++)
			buf_printf(&text[side], "<meta name=m%u>",
				   side ? 2999 - n : n);
	}
	diff_markup_init(&out, CASE_MEMORY);
	cr_assert_eq(diff_html(buf_slice(&text[0]), buf_slice(&text[1]),
			       &options, &out, NULL),
		     0);
	cr_expect_null(memmem(out.text.ptr, out.text.len, "tagdiff", 7));
	cr_expect_eq(out.result.ratio, 1.0);
	diff_markup_release(&out);
	buf_release(&text[0]);
	buf_release(&text[1]);
}
