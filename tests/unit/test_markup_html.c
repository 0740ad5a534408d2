/*
 * HTML's trees against html5lib's (tests/cases/markup), the standard's where
 * html5lib slips, and input that means harm.
 */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "diff_case.h"
#include "markup/html_entity.h"
#include "markup/markup.h"

/* --- Trees ---------------------------------------------------------------- */

static void put_head(struct buf *out, const struct markup_node *node)
{
	buf_add_text(out, "[\"E\",");
	json_put_string(out,
			node->kind == MARKUP_DOCUMENT ? SLICE("") : node->name);
	buf_printf(out, ",%d,[", node->space);
	for (uint32_t i = 0; i < node->attr_count; i++) {
		buf_add_text(out, i ? ",[" : "[");
		json_put_string(out, node->attrs[i].name);
		buf_add_char(out, ',');
		json_put_string(out, node->attrs[i].value);
		buf_add_char(out, ']');
	}
	buf_add_text(out, "],[");
}

static void put_leaf(struct buf *out, const struct markup_node *node)
{
	buf_printf(out, "[\"%c\",",
		   node->kind == MARKUP_TEXT	  ? 'T'
		   : node->kind == MARKUP_COMMENT ? 'C'
						  : 'D');
	json_put_string(out,
			node->kind == MARKUP_DOCTYPE ? node->name : node->text);
	buf_add_char(out, ']');
}

/* html5lib loses fostered elements of a fragment, and the text behind them. */
static const struct markup_node *skip_lost(const struct markup_node *node,
					   const struct markup_node *root,
					   bool *lost)
{
	for (; node && node->parent == root && root->kind == MARKUP_ELEMENT;
	     node = node->next) {
		if (node->kind == MARKUP_ELEMENT)
			*lost = node->fostered;
		if (!*lost)
			break;
	}
	return node;
}

static void put_tree(struct buf *out, const struct markup_node *root)
{
	const struct markup_node *node = root, *next;
	bool lost = false;

	while (node) {
		if (node->kind == MARKUP_ELEMENT ||
		    node->kind == MARKUP_DOCUMENT) {
			put_head(out, node);
			next = skip_lost(node->child, root, &lost);
			if (next) {
				node = next;
				continue;
			}
			buf_add_text(out, "]]");
		} else {
			put_leaf(out, node);
		}
		while (node != root &&
		       !(next = skip_lost(node->next, root, &lost))) {
			node = node->parent;
			buf_add_text(out, "]]");
		}
		node = node == root ? NULL : next;
		buf_add_text(out, node ? "," : "");
	}
}

static struct markup_node *parse(struct arena *arena, struct slice text,
				 bool document, bool html5lib)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	struct err err = ERR_INIT;
	struct markup_node *root;

	limits.html5lib = html5lib;
	root = document ? markup_html_document(arena, text, &limits, &err)
			: markup_html_fragment(arena, text, &limits, &err);
	cr_assert(root, "%.*s: %s", (int)text.len, text.ptr, err.message);
	return root;
}

Test(markup_html, trees_of_html5lib)
{
	int count = 0;

	for (struct json_node *item =
		     oracle_cases("tests/cases/markup/html_trees.json")->child;
	     item; item = item->next, count++) {
		struct slice html = node_text(item, "html");
		struct slice want = node_text(item, "tree");
		bool document = slice_is(node_raw(item, "document"), "true");
		struct arena arena;
		struct buf out;

		arena_init(&arena, CASE_MEMORY);
		buf_init(&out, CASE_MEMORY);
		put_tree(&out, parse(&arena, html, document, true));
		cr_expect(slice_equal(buf_slice(&out), want),
			  "%.*s:\n%.*s\nwanted\n%.*s", (int)html.len, html.ptr,
			  (int)out.len, out.ptr, (int)want.len, want.ptr);
		buf_release(&out);
		arena_release(&arena);
	}
	cr_expect(count > 400);
}

Test(markup_html, trees_of_the_standard)
{
	static const struct {
		const char *html, *tree;
	} cases[] = {
		{"<b><textarea>x</textarea>",
		 "[\"E\",\"div\",0,[],[[\"E\",\"b\",0,[],[[\"E\",\"textarea\","
		 "0,[],[[\"T\",\"x\"]]]]]]]"},
		{"<textarea>\n\nx</textarea>",
		 "[\"E\",\"div\",0,[],[[\"E\",\"textarea\",0,[],[[\"T\","
		 "\"\\nx\"]]]]]"},
	};

	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++) {
		struct arena arena;
		struct buf out;

		arena_init(&arena, CASE_MEMORY);
		buf_init(&out, CASE_MEMORY);
		put_tree(&out, parse(&arena, slice_text(cases[n].html), false,
				     false));
		cr_expect(slice_is(buf_slice(&out), cases[n].tree), "%s: %.*s",
			  cases[n].html, (int)out.len, out.ptr);
		buf_release(&out);
		arena_release(&arena);
	}
}

Test(markup_html, documents)
{
	static const struct {
		const char *text;
		bool document;
	} cases[] = {{"<!DOCTYPE html><p>", true},
		     {" \n<HTML>", true},
		     {"<!-- x --> <body>", true},
		     {"<head>", true},
		     {"<header>", false},
		     {"<p><html>", false},
		     {"", false},
		     {"<!-- x", false},
		     {"html", false},
		     {"<htmlx>", false},
		     {"\xef\xbb\xbf<html lang=x>", true}};

	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++)
		cr_expect_eq(markup_html_is_document(slice_text(cases[n].text)),
			     cases[n].document, "%s", cases[n].text);
}

Test(markup_html, entities)
{
	static const struct {
		const char *text, *out;
		size_t used;
		bool attribute;
	} cases[] = {
		{"&amp;x", "&", 5, false},
		{"&ampx", "&", 4, false},
		{"&ampx", "", 0, true},
		{"&amp=", "", 0, true},
		{"&amp ", "&", 4, true},
		{"&notin;", "\xe2\x88\x89", 7, 0},
		{"&notit;", "\xc2\xac", 4, false},
		{"&nGt;", "\xe2\x89\xab\xe2\x83\x92", 5, false},
		{"&bogus;", "", 0, false},
		{"&", "", 0, false},
		{"&#65;", "A", 5, false},
		{"&#x41", "A", 5, false},
		{"&#x80;", "\xe2\x82\xac", 6, false},
		{"&#0;", "\xef\xbf\xbd", 4, false},
		{"&#xD800;", "\xef\xbf\xbd", 8, false},
		{"&#99999999999999999999;", "\xef\xbf\xbd", 23, false},
		{"&#;", "", 0, false},
		{"&#x;", "", 0, false},
		{"&zwnj;", "\xe2\x80\x8c", 6, false},
		{"&AElig;", "\xc3\x86", 7, false},
		{"&CounterClockwiseContourIntegral;", "\xe2\x88\xb3", 33, 0},
	};

	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++) {
		char out[HTML_ENTITY_MAX];
		size_t len = 0;
		size_t used = html_entity_decode(slice_text(cases[n].text),
						 cases[n].attribute, out, &len);

		cr_expect_eq(used, cases[n].used, "%s: %zu", cases[n].text,
			     used);
		cr_expect(!used || slice_is(slice_of(out, len), cases[n].out),
			  "%s", cases[n].text);
	}
	cr_expect_eq(html_entity_code(SLICE("eacute")), 0xe9);
	cr_expect_eq(html_entity_code(SLICE("lang")), 0x2329);
	cr_expect_eq(html_entity_code(SLICE("Abreve")), 0);
	cr_expect_eq(html_entity_code(SLICE("")), 0);
}

/* --- Harm ----------------------------------------------------------------- */

static void repeat(struct buf *out, const char *text, int times)
{
	for (int n = 0; n < times; n++)
		buf_add_text(out, text);
}

static void expect_refused(struct buf *text, const char *what,
			   const char *limit)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	struct arena arena;
	struct err err = ERR_INIT;

	arena_init(&arena, CASE_MEMORY);
	cr_expect_null(
		markup_html_fragment(&arena, buf_slice(text), &limits, &err),
		"%s", what);
	cr_expect(!strcmp(err.limit, limit) || !strcmp(err.reason, limit),
		  "%s: %s", what, err.message);
	arena_release(&arena);
	buf_clear(text);
}

Test(markup_html, refused)
{
	struct buf text;

	buf_init(&text, CASE_MEMORY);
	repeat(&text, "<div>", 300);
	expect_refused(&text, "300 elements deep", "depth");
	repeat(&text, "<i><b>", 150);
	expect_refused(&text, "300 of formatting", "depth");
	buf_add_text(&text, "<p");
	for (int n = 0; n < 40000; n++)
		buf_printf(&text, " a%d=1", n);
	buf_add_char(&text, '>');
	expect_refused(&text, "40000 attributes", "attributes");
	buf_add(&text, "a\0b", 3);
	expect_refused(&text, "NUL", "control");
	buf_add_text(&text, "a\xff");
	expect_refused(&text, "not UTF-8", "encoding");
	buf_add_text(&text, "\xed\xa0\x80");
	expect_refused(&text, "a surrogate", "encoding");
	buf_release(&text);
}

/* Each is near the worst for some part; none may take long. */
Test(markup_html, bounded)
{
	static const struct {
		const char *begin, *piece, *end;
		int times;
	} cases[] = {
		{"", "<", "", 1000000},
		{"", "&", "", 1000000},
		{"", "&a", "", 500000},
		{"", "</p>", "", 300000},
		{"<textarea>", "<&amp;", "</textarea>", 200000},
		{"<script>", "</scrip", "</script>", 200000},
		{"<script>", "<!--<script>", "", 100000},
		{"<table>", "x<tr>", "</table>", 100000},
		{"<table>", "<b>x</b>", "</table>", 100000},
		{"", "<p><b>", "", 100},
		{"", "<a href=1>x<p>", "", 60},
		{"", "<!--", "", 300000},
		{"", "<b></p>", "", 100},
		{"", "<li>x", "", 200000},
		{"<select>", "<option>x", "", 200000},
		{"<svg>", "<circle/>", "</svg>", 200000},
		{"", "\r\n", "", 500000},
	};
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	struct buf text;

	buf_init(&text, CASE_MEMORY);
	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++) {
		double begin = clock_monotonic(), took;
		struct arena arena;

		buf_clear(&text);
		buf_add_text(&text, cases[n].begin);
		repeat(&text, cases[n].piece, cases[n].times);
		buf_add_text(&text, cases[n].end);
		arena_init(&arena, CASE_MEMORY);
		/* A limit is as good an answer as a tree. */
		markup_html_fragment(&arena, buf_slice(&text), &limits, NULL);
		arena_release(&arena);
		took = clock_monotonic() - begin;
		cr_expect(took < 5, "%s%s...: %.1f s", cases[n].begin,
			  cases[n].piece, took);
	}
	buf_release(&text);
}

Test(markup_html, small_arena)
{
	struct markup_limits limits = MARKUP_LIMITS_INIT;
	struct slice text = SLICE("<p class=x>a &amp; b<table><b>x<tr><td>y "
				  "<!-- c --></table><script>z</script>");

	for (size_t max = 0; max < 400000; max += 1009) {
		struct err err = ERR_INIT;
		struct arena arena;

		arena_init(&arena, max);
		if (!markup_html_fragment(&arena, text, &limits, &err))
			cr_expect_str_eq(err.limit, "memory");
		arena_release(&arena);
	}
}
