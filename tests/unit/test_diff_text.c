/*
 * Text in other outputs than unified: inline diffs that can be accepted and
 * rejected, tables, opcodes of each unit, and what is ignored.
 */
#include <criterion/criterion.h>

#include "diff/diff_text.h"
#include "diff_apply.h"
#include "diff_case.h"

/* --- Graphemes ------------------------------------------------------------ */

/* Clusters are separated by '|'. Drawn from UAX #29 and its test cases. */
static const char *const graphemes[] = {
	"a|b",
	"\r\n|\r|a|\n|\n|\r",
	"e\xcc\x81|x", /* e, acute */
	"\xcc\x81|a",  /* acute alone, before a */
	"\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8|\xea\xb0\x80\xe1\x86\xa8", /* L V T, LV T */
	"\xea\xb0\x81\xe1\x86\xa8|\xe1\x84\x80", /* LVT T, L */
	"\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa|\xf0\x9f\x87\xab\xf0\x9f\x87\xb7|"
	"\xf0\x9f\x87\xa9",				  /* flags */
	"\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd|a",		  /* thumb, skin tone */
	"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb|b", /* woman, joiner, laptop */
	"\xf0\x9f\x91\xa9\xf0\x9f\x8f\xbd\xe2\x80\x8d\xf0\x9f\x9a\x80|b", /* and a tone */
	"a\xe2\x80\x8d|\xf0\x9f\x92\xbb", /* a joiner that joins no pictograph */
	"\xe0\xa4\xa8\xe0\xa4\xbf|a",	  /* Devanagari ni: spacing mark */
	"\xd8\x80"
	"1|a",			      /* a prepended mark */
	"a|\xe2\x80\x8b|b",	      /* zero width space: control */
	"\xe2\x9d\xa4\xef\xb8\x8f|x", /* heart, variation selector */
};

Test(diff_text, graphemes)
{
	for (size_t n = 0; n < sizeof(graphemes) / sizeof(*graphemes); n++) {
		char text[80];
		size_t ends[16], count = 0, len = 0, at = 0, k = 0;

		for (const char *p = graphemes[n]; *p; p++) {
			if (*p == '|')
				ends[count++] = len;
			else
				text[len++] = *p;
		}
		ends[count++] = len;
		while (at < len) {
			at += diff_grapheme(slice_of(text + at, len - at));
			cr_assert_eq(at, ends[k++], "case %zu, cluster %zu", n,
				     k);
		}
		cr_expect_eq(k, count);
	}
}

Test(diff_text, lower)
{
	static const struct {
		uint32_t from, to;
	} pairs[] = {{'A', 'a'},	  {'[', '['},	    {0xc9, 0xe9},
		     {0x130, 0x130},	  {0x1c4, 0x1c6},   {0x23a, 0x2c65},
		     {0x410, 0x430},	  {0x1e9e, 0xdf},   {0x10400, 0x10428},
		     {0x4e00, 0x4e00},	  {0x2c81, 0x2c81}, {0x2c80, 0x2c81},
		     {0x10ffff, 0x10ffff}};

	for (size_t n = 0; n < sizeof(pairs) / sizeof(*pairs); n++)
		cr_expect_eq(diff_lower(pairs[n].from), pairs[n].to, "U+%04X",
			     pairs[n].from);
}

/* --- Inline --------------------------------------------------------------- */

static void check_inline(struct random *r, unsigned long seed)
{
	static const char *const units[] = {"line", "word", "char", "grapheme"};
	struct buf old_text, new_text, out;
	const char *unit = units[random_below(r, 4)];
	struct diff_case c;
	struct slice html;

	random_texts(r, &old_text, &new_text);
	buf_init(&out, CASE_MEMORY);
	diff_case_init(&c);
	diff_case_text(&c, "old", buf_slice(&old_text));
	diff_case_text(&c, "new", buf_slice(&new_text));
	diff_case_text(&c, "output", SLICE("inline"));
	diff_case_text(&c, "unit", slice_text(unit));
	cr_assert_eq(diff_case_run(&c), 0, "%s", c.err.message);
	html = node_text(c.result, "diff");
	cr_assert(apply_inline(html, true, &out), "seed %lu: %s", seed,
		  c.reply.ptr);
	cr_assert(slice_equal(buf_slice(&out), buf_slice(&new_text)),
		  "seed %lu, %s: accepted: %s", seed, unit, c.reply.ptr);
	buf_clear(&out);
	cr_assert(apply_inline(html, false, &out));
	cr_assert(slice_equal(buf_slice(&out), buf_slice(&old_text)),
		  "seed %lu, %s: rejected: %s", seed, unit, c.reply.ptr);
	diff_case_release(&c);
	buf_release(&old_text);
	buf_release(&new_text);
	buf_release(&out);
}

Test(diff_text, inline_accept_and_reject)
{
	for (unsigned long seed = 1; seed <= 2500; seed++) {
		struct random r = {seed};

		check_inline(&r, seed);
	}
}

/* --- By hand -------------------------------------------------------------- */

/* `member` of the result must be `want` (text, or JSON where it begins with a
 * bracket). */
static const struct {
	const char *what, *args, *member, *want;
} cases[] = {
	{"words, white space outside the marks",
	 "{\"old\":\"Foo bar baz\",\"new\":\"Foo blah baz\",\"unit\":\"word\","
	 "\"output\":\"inline\"}",
	 "diff", "Foo <del>bar</del><ins>blah</ins> baz"},
	{"words within a line, escaped",
	 "{\"old\":\"x\\nif (a < b)\\n\",\"new\":\"x\\nif (a < c)\\n\","
	 "\"output\":\"inline\"}",
	 "diff", "x\nif (a &lt; <del>b</del><ins>c</ins>)\n"},
	{"lines that are not alike",
	 "{\"old\":\"one two\\n\",\"new\":\"three four five\\n\","
	 "\"output\":\"inline\"}",
	 "diff", "<del>one two\n</del><ins>three four five\n</ins>"},
	{"lines that share one word of many",
	 "{\"old\":\"one 2 3 4 5 6 7\\n\",\"new\":\"one b c d e f g\\n\","
	 "\"output\":\"inline\"}",
	 "diff", "<del>one 2 3 4 5 6 7\n</del><ins>one b c d e f g\n</ins>"},
	{"a table",
	 "{\"old\":\"a b\\nk\\n\",\"new\":\"a c\\nk\\nz\","
	 "\"output\":\"side_by_side\",\"new_label\":\"<n>\"}",
	 "diff",
	 "<table class=\"diff\">\n<thead><tr><th colspan=\"2\"></th>"
	 "<th colspan=\"2\">&lt;n&gt;</th></tr></thead>\n<tbody>\n"
	 "<tr class=\"diff_replace\"><td>1</td><td>a <del>b</del></td><td>1"
	 "</td><td>a <ins>c</ins></td></tr>\n"
	 "<tr class=\"diff_equal\"><td>2</td><td>k</td><td>2</td><td>k</td>"
	 "</tr>\n"
	 "<tr class=\"diff_insert\"><td></td><td></td><td>3</td><td><ins>z"
	 "</ins><span class=\"diff_no_newline\"></span></td></tr>\n</tbody>\n"
	 "</table>\n"},
	{"a table with context in two parts",
	 "{\"old\":\"1\\n2\\n3\\n4\\n5\\n\",\"new\":\"2\\n3\\n4\\n\","
	 "\"output\":\"side_by_side\",\"context\":1}",
	 "diff",
	 "<table class=\"diff\">\n<tbody>\n"
	 "<tr class=\"diff_delete\"><td>1</td><td><del>1</del></td><td></td>"
	 "<td></td></tr>\n"
	 "<tr class=\"diff_equal\"><td>2</td><td>2</td><td>1</td><td>2</td>"
	 "</tr>\n</tbody>\n<tbody>\n"
	 "<tr class=\"diff_equal\"><td>4</td><td>4</td><td>3</td><td>4</td>"
	 "</tr>\n"
	 "<tr class=\"diff_delete\"><td>5</td><td><del>5</del></td><td></td>"
	 "<td></td></tr>\n</tbody>\n</table>\n"},
	{"code points",
	 "{\"old\":\"e\\u0301\",\"new\":\"e\",\"unit\":\"char\","
	 "\"output\":\"opcodes\"}",
	 "opcodes", "[[\"equal\",0,1,0,1],[\"delete\",1,2,1,1]]"},
	{"graphemes",
	 "{\"old\":\"e\\u0301\",\"new\":\"e\",\"unit\":\"grapheme\","
	 "\"output\":\"opcodes\"}",
	 "opcodes", "[[\"replace\",0,1,0,1]]"},
	{"words: white space at the end is an item",
	 "{\"old\":\"a b \",\"new\":\"a b\",\"unit\":\"word\","
	 "\"output\":\"opcodes\"}",
	 "opcodes", "[[\"equal\",0,2,0,2],[\"delete\",2,3,2,2]]"},
	{"both sides empty",
	 "{\"old\":\"\",\"new\":\"\",\"output\":\"opcodes\"}", "opcodes", "[]"},
	{"ratio of nothing", "{\"old\":\"\",\"new\":\"\",\"output\":\"stats\"}",
	 "ratio", "[1.0"},
	{"stats",
	 "{\"old\":\"a\\nb\\nc\\nd\\n\",\"new\":\"a\\nx\\nc\\ny\\nz\\n\","
	 "\"output\":\"stats\"}",
	 "stats", "[{\"equal\":2,\"deleted\":0,\"inserted\":1,\"replaced\":2}"},
	{"white space ignored",
	 "{\"old\":\"a b\\n\",\"new\":\"\\u00a0ab\",\"output\":\"opcodes\","
	 "\"ignore\":[\"whitespace\"]}",
	 "opcodes", "[[\"equal\",0,1,0,1]]"},
	{"case ignored",
	 "{\"old\":\"\\u00c9A\",\"new\":\"\\u00e9a\",\"output\":\"opcodes\","
	 "\"ignore\":[\"case\"],\"unit\":\"char\"}",
	 "opcodes", "[[\"equal\",0,2,0,2]]"},
	{"blank lines ignored",
	 "{\"old\":\"a\\n\\nb\\n\",\"new\":\"a\\nb\\n\",\"output\":\"opcodes\","
	 "\"ignore\":[\"blank_lines\"]}",
	 "opcodes", "[[\"equal\",0,3,0,2]]"},
	{"blank lines do not count",
	 "{\"old\":\"a\\n\\nb\\n\",\"new\":\"a\\nb\\n\",\"output\":\"stats\","
	 "\"ignore\":[\"blank_lines\"]}",
	 "ratio", "[1.0"},
	{"a spent budget says so",
	 "{\"old\":\"a\\nb\\nc\\n\",\"new\":\"c\\nb\\na\\n\",\"max_work\":1,"
	 "\"output\":\"stats\"}",
	 "exact", "[false"},
};

Test(diff_text, by_hand)
{
	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++) {
		struct diff_case c;
		struct slice got;
		const char *want = cases[n].want;
		int status = diff_case_run_text(&c, cases[n].args);

		cr_assert_eq(status, 0, "%s: %s", cases[n].what, c.err.message);
		got = *want == '[' ? node_raw(c.result, cases[n].member)
				   : node_text(c.result, cases[n].member);
		if (*want == '[' && got.ptr[0] != '[')
			want++;
		cr_expect(slice_is(got, want), "%s: %.*s", cases[n].what,
			  (int)got.len, got.ptr);
		diff_case_release(&c);
	}
}

/* A large pair stays within its memory and time: words of 2 MB. */
Test(diff_text, large)
{
	struct random r = {5};
	struct buf old_text, new_text;
	struct diff_case c;

	buf_init(&old_text, CASE_MEMORY);
	buf_init(&new_text, CASE_MEMORY);
	while (old_text.len < 2 << 20)
		random_line(&r, &old_text);
	random_edit(&r, buf_slice(&old_text), 20, &new_text);
	diff_case_init(&c);
	diff_case_text(&c, "old", buf_slice(&old_text));
	diff_case_text(&c, "new", buf_slice(&new_text));
	diff_case_text(&c, "unit", SLICE("word"));
	diff_case_text(&c, "output", SLICE("stats"));
	cr_assert_eq(diff_case_run(&c), 0, "%s", c.err.message);
	cr_expect(slice_is(node_raw(c.result, "exact"), "true"));
	cr_expect_gt(json_number_double(node_raw(c.result, "ratio")), 0.95);
	diff_case_release(&c);
	buf_release(&old_text);
	buf_release(&new_text);
}

/* One line that changes, of very many words: they are compared within the
 * task's budgets, and the result says if these were not enough. */
Test(diff_text, long_line)
{
	static const char *const outputs[] = {"inline", "side_by_side"};
	struct buf line;

	buf_init(&line, CASE_MEMORY);
	for (uint32_t n = 0; n < 300000; n++)
		buf_printf(&line, "w%u ", n);
	for (size_t n = 0; n < 4; n++) {
		bool spent = n >= 2;
		struct diff_case c;

		diff_case_init(&c);
		diff_case_text(&c, "old", buf_slice(&line));
		diff_case_text(&c, "new", slice_of(line.ptr + 3, line.len - 3));
		diff_case_text(&c, "output", slice_text(outputs[n % 2]));
		if (spent)
			diff_case_raw(&c, "max_work", SLICE("1000"));
		cr_assert_eq(diff_case_run(&c), 0, "%s", c.err.message);
		cr_expect(slice_is(node_raw(c.result, "exact"),
				   spent ? "false" : "true"),
			  "%s, spent %d", outputs[n % 2], spent);
		diff_case_release(&c);
	}
	buf_release(&line);
}
