/*
 * XML's events and trees, its errors with their places, and input that means
 * harm.
 */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "diff/diff_html_events.h"
#include "diff_case.h"

static const struct {
	const char *text, *events;
} streams[] = {
	{"<a/>", "[[\"START\",\"a\",[]],[\"END\",\"a\"]]"},
	{"\xef\xbb\xbf<?xml version='1.0' encoding='latin1'?><a>\xc3\xa9</a>",
	 "[[\"XML_DECL\",\"1.0\",\"latin1\",-1],[\"START\",\"a\",[]],"
	 "[\"TEXT\",\"\xc3\xa9\"],[\"END\",\"a\"]]"},
	{"<?xml version=\"1.1\" standalone='no' ?>\n<a/>",
	 "[[\"XML_DECL\",\"1.1\",null,0],[\"START\",\"a\",[]],[\"END\",\"a\"]"
	 "]"},
	{"<a>x&lt;&#65;&eacute;y</a>",
	 "[[\"START\",\"a\",[]],[\"TEXT\",\"x<A\xc3\xa9y\"],[\"END\",\"a\"]]"},
	{"<a k='&pi;&nbsp;&amp;'/>",
	 "[[\"START\",\"a\",[[\"k\",\"\xcf\x80\xc2\xa0&\"]]],[\"END\",\"a\"]]"},
	{"<a><![CDATA[x]]>y<![CDATA[]]></a>",
	 "[[\"START\",\"a\",[]],[\"START_CDATA\"],[\"TEXT\",\"x\"],"
	 "[\"END_CDATA\"],[\"TEXT\",\"y\"],[\"START_CDATA\"],[\"END_CDATA\"],"
	 "[\"END\",\"a\"]]"},
	{"<a>x<!-- &eacute; --><?p &q;?>y</a>",
	 "[[\"START\",\"a\",[]],[\"TEXT\",\"x\"],[\"COMMENT\",\" &eacute; \"],"
	 "[\"PI\",\"p\",\"&q;\"],[\"TEXT\",\"y\"],[\"END\",\"a\"]]"},
	{"<p:a xmlns:p='u' xmlns='v'><b p:c='1' xmlns=''/></p:a>",
	 "[[\"START_NS\",\"p\",\"u\"],[\"START_NS\",\"\",\"v\"],"
	 "[\"START\",\"{u}a\",[]],[\"START_NS\",\"\",null],"
	 "[\"START\",\"b\",[[\"{u}c\",\"1\"]]],[\"END\",\"b\"],"
	 "[\"END_NS\",\"\"],[\"END\",\"{u}a\"],[\"END_NS\",\"\"],"
	 "[\"END_NS\",\"p\"]]"},
	{"<!DOCTYPE a PUBLIC 'p' \"s\" [<!ATTLIST a b CDATA 'c'>]>\n<a/>\n",
	 "[[\"DOCTYPE\",\"a\",\"p\",\"s\"],[\"START\",\"a\",[[\"b\",\"c\"]]],"
	 "[\"END\",\"a\"]]"},
	{"<a>x\r\ny\rz</a>",
	 "[[\"START\",\"a\",[]],[\"TEXT\",\"x\\ny\\nz\"],[\"END\",\"a\"]]"},
	{"<a xml:lang='en'/>",
	 "[[\"START\",\"a\",[[\"{http://www.w3.org/XML/1998/namespace}lang\","
	 "\"en\"]]],[\"END\",\"a\"]]"},
};

Test(markup_xml, events)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;

	for (size_t n = 0; n < sizeof(streams) / sizeof(*streams); n++) {
		struct markup_events events;
		struct err err = ERR_INIT;
		struct arena arena;
		struct buf out;

		arena_init(&arena, CASE_MEMORY);
		buf_init(&out, CASE_MEMORY);
		cr_assert_eq(markup_xml_events(&arena,
					       slice_text(streams[n].text),
					       true, &limits, &events, &err),
			     0, "%s: %s", streams[n].text, err.message);
		diff_events_put(&out, &events);
		cr_expect(slice_is(buf_slice(&out), streams[n].events),
			  "%s: %.*s", streams[n].text, (int)out.len, out.ptr);
		buf_release(&out);
		arena_release(&arena);
	}
}

/* --- Errors --------------------------------------------------------------- */

static const struct {
	const char *text, *reason, *place; /* in the message */
	long offset;			   /* -1: not looked at */
} errors[] = {
	{"", "syntax", "line 1", -1},
	{"x", "syntax", "line 1, column 1", 0},
	{"<a>\n<b></a>", "syntax", "line 2", -1},
	{"<a><b></a>", "syntax", "line 1", -1},
	{"<a/><b/>", "syntax", "line 1", -1},
	{"<a", "syntax", "line 1", -1},
	{"<a>&eacute;&bogus;</a>", "syntax", "line 1, column 12", 11},
	{"<a>\n\n &pi;&pi;&bogus;</a>", "syntax", "line 3, column 10", 14},
	{"<a>&pi;&pi;\n<b x=&pi;/></a>", "syntax", "line 2, column 6", -1},
	{"<a k='1' k='2'/>", "syntax", "line 1", -1},
	{"<p:a/>", "syntax", "line 1", -1},
	{"<a>&#0;</a>", "syntax", "line 1", -1},
	{"<a>\x01</a>", "syntax", "line 1", -1},
	{" <?xml version='1.0'?><a/>", "syntax", "line 1", -1},
	{"<?xml version='2.0'?><a/>", "syntax", "line 1, column 1", 0},
	{"<?xml encoding='utf-8'?><a/>", "syntax", "line 1, column 1", 0},
	{"<?xml version='1.0' encoding='utf-16'?><a/>", "syntax", "encoding",
	 -1},
	{"<?xml version='1.0' standalone='x'?><a/>", "syntax", "line 1", -1},
	{"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "entities", "entities",
	 -1},
	{"<!DOCTYPE a [<!ENTITY % b 'c'>%b;]><a/>", "entities", "entities", -1},
	{"<!DOCTYPE a [<!-- ] > --><!ENTITY b SYSTEM 'file:///etc/passwd'>]>"
	 "<a>&b;</a>",
	 "entities", "entities", -1},
	{"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a>&b;</a>", "syntax",
	 "undefined entity &b;", -1},
	{"<a>\xff</a>", "encoding", "byte 3", 3},
	{"<a>]]></a>", "syntax", "line 1", -1},
	{"<a><!-- -- --></a>", "syntax", "line 1", -1},
};

Test(markup_xml, errors)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;

	for (size_t n = 0; n < sizeof(errors) / sizeof(*errors); n++) {
		struct markup_events events;
		struct err err = ERR_INIT;
		struct arena arena;

		arena_init(&arena, CASE_MEMORY);
		cr_assert_eq(markup_xml_events(&arena,
					       slice_text(errors[n].text), true,
					       &limits, &events, &err),
			     -1, "%s is taken", errors[n].text);
		cr_expect_eq(err.code, ERR_BAD_INPUT, "%s: %s", errors[n].text,
			     err.message);
		cr_expect_str_eq(err.reason, errors[n].reason, "%s: %s",
				 errors[n].text, err.message);
		cr_expect(strstr(err.message, errors[n].place), "%s: %s",
			  errors[n].text, err.message);
		if (errors[n].offset >= 0)
			cr_expect_eq(err.offset, errors[n].offset, "%s: %ld",
				     errors[n].text, (long)err.offset);
		arena_release(&arena);
	}
}

/* --- Trees ---------------------------------------------------------------- */

Test(markup_xml, tree)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	struct err err = ERR_INIT;
	struct arena arena;
	const struct markup_node *root, *a, *b;

	arena_init(&arena, CASE_MEMORY);
	root = markup_xml_tree(
		&arena,
		SLICE("<?xml version='1.0'?><!DOCTYPE a><a k='v' "
		      "xmlns:p='u'>x<p:b/><![CDATA[y]]></a>"),
		&limits, &err);
	cr_assert(root, "%s", err.message);
	cr_expect_eq(root->kind, MARKUP_DOCUMENT);
	cr_expect_eq(root->child->kind, MARKUP_DOCTYPE);
	a = root->child->next;
	cr_expect(slice_is(a->name, "a") && a->parent == root);
	cr_expect(slice_is(markup_attr(a, "k")->value, "v"));
	cr_expect_null(markup_attr(a, "z"));
	cr_expect_eq(a->space_count, 1);
	cr_expect(slice_is(a->child->text, "x"));
	b = a->child->next;
	cr_expect(slice_is(b->name, "{u}b") && slice_is(b->qname, "p:b"));
	cr_expect_eq(a->last->kind, MARKUP_CDATA);
	cr_expect_eq(markup_next(root, b), a->last);
	cr_expect_null(markup_next(root, a->last));
	cr_expect_null(markup_xml_tree(&arena, SLICE("<a>&eacute;</a>"),
				       &limits, &err));
	arena_release(&arena);
}

/* --- Harm ----------------------------------------------------------------- */

static int parse(const struct buf *text, struct err *err)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	struct markup_events events;
	struct arena arena;
	int r;

	arena_init(&arena, (size_t)256 << 20);
	r = markup_xml_events(&arena, buf_slice(text), true, &limits, &events,
			      err);
	arena_release(&arena);
	return r;
}

static void expect_refused(struct buf *text, const char *what, const char *why)
{
	double begin = clock_monotonic(), took;
	struct err err = ERR_INIT;

	cr_expect_eq(parse(text, &err), -1, "%s is taken", what);
	took = clock_monotonic() - begin;
	cr_expect(!strcmp(err.limit, why) || !strcmp(err.reason, why), "%s: %s",
		  what, err.message);
	cr_expect(took < 3, "%s: %.1f s", what, took);
	buf_clear(text);
}

Test(markup_xml, refused)
{
	struct buf text;

	buf_init(&text, CASE_MEMORY);
	buf_add_text(&text, "<!DOCTYPE l [<!ENTITY l0 'ha'>");
	for (int n = 1; n < 10; n++)
		buf_printf(&text, "<!ENTITY l%d '&l%d;&l%d;&l%d;&l%d;'>", n,
			   n - 1, n - 1, n - 1, n - 1);
	buf_add_text(&text, "]><l>&l9;</l>");
	expect_refused(&text, "a billion laughs", "entities");

	buf_add_text(&text, "<!DOCTYPE q [<!ENTITY q '");
	for (int n = 0; n < 100000; n++)
		buf_add_char(&text, 'x');
	buf_add_text(&text, "'>]><q>");
	for (int n = 0; n < 2000; n++)
		buf_add_text(&text, "&q;");
	buf_add_text(&text, "</q>");
	expect_refused(&text, "quadratic entities", "entities");

	buf_add_text(&text, "<a");
	for (int n = 0; n < 40000; n++)
		buf_printf(&text, " a%d='1'", n);
	buf_add_text(&text, "/>");
	expect_refused(&text, "40000 attributes", "attributes");

	for (int n = 0; n < 300; n++)
		buf_add_text(&text, "<a>");
	expect_refused(&text, "300 deep", "depth");

	buf_add(&text, "<a>\0</a>", 8);
	expect_refused(&text, "NUL", "syntax");
	buf_release(&text);
}

/* Defaults of attributes multiply; the arena's cap is the answer. */
Test(markup_xml, defaults)
{
	struct err err = ERR_INIT;
	struct buf text;

	buf_init(&text, CASE_MEMORY);
	buf_add_text(&text, "<!DOCTYPE a [<!ATTLIST b ");
	for (int n = 0; n < 500; n++)
		buf_printf(&text, "a%d CDATA 'xxxxxxxxxxxxxxxx' ", n);
	buf_add_text(&text, ">]><a>");
	for (int n = 0; n < 20000; n++)
		buf_add_text(&text, "<b/>");
	buf_add_text(&text, "</a>");
	cr_expect_eq(parse(&text, &err), -1);
	cr_expect_str_eq(err.limit, "memory", "%s", err.message);
	buf_release(&text);
}

Test(markup_xml, small_arena)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	struct slice text = SLICE("<a k='&eacute;'>x &amp; y<b xmlns='u'/>"
				  "<![CDATA[z]]><!-- c --><?p d?></a>");

	for (size_t max = 0; max < 200000; max += 509) {
		struct markup_events events;
		struct err err = ERR_INIT;
		struct arena arena;

		arena_init(&arena, max);
		if (markup_xml_events(&arena, text, true, &limits, &events,
				      &err))
			cr_expect_str_eq(err.limit, "memory", "%s",
					 err.message);
		arena_release(&arena);
	}
}
