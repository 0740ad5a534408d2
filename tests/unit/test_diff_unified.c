/*
 * Unified diffs: byte for byte those of GNU diff, git and difflib
 * (tests/oracle/diff), and patches that apply.
 */
#include <criterion/criterion.h>

#include "diff_apply.h"
#include "diff_case.h"

#define ORACLE	   "tests/oracle/diff/unified.json"
#define HEURISTICS "tests/cases/diff/unified.json"

/* --- The oracle ----------------------------------------------------------- */

/* Member of `expected`, and what to ask for it. No algorithm: the default. */
static const struct {
	const char *name, *dialect, *algorithm;
} dialects[] = {
	{"difflib", "difflib", NULL},
	{"difflib", "difflib", "difflib"},
	{"gnu", "gnu", NULL},
	{"gnu", "gnu", "myers"},
	{"git", "git", NULL},
	{"git", "git", "myers"},
	{"git_histogram", "git", "histogram"},
	{"git_patience", "git", "patience"},
};

static void fill_case(struct diff_case *c, const struct json_node *item,
		      size_t how)
{
	bool git = !strcmp(dialects[how].dialect, "git");

	diff_case_init(c);
	diff_case_text(c, "old", node_text(item, "old"));
	diff_case_text(c, "new", node_text(item, "new"));
	diff_case_text(c, "dialect", slice_text(dialects[how].dialect));
	diff_case_raw(c, "context", node_raw(item, "n"));
	if (dialects[how].algorithm)
		diff_case_text(c, "algorithm",
			       slice_text(dialects[how].algorithm));
	/* git names the files, not the labels of the case. */
	diff_case_text(c, "old_label",
		       git ? SLICE("a/old.txt") : node_text(item, "fromfile"));
	diff_case_text(c, "new_label",
		       git ? SLICE("b/new.txt") : node_text(item, "tofile"));
	if (json_get(item, "fromdate")) {
		diff_case_text(c, "old_date", node_text(item, "fromdate"));
		diff_case_text(c, "new_date", node_text(item, "todate"));
	}
}

static void check_oracle(const struct json_node *item, size_t how)
{
	struct slice name = node_text(item, "name"), got;
	struct slice want =
		node_text(json_get(item, "expected"), dialects[how].name);
	struct diff_case c;

	fill_case(&c, item, how);
	cr_assert_eq(diff_case_run(&c), 0, "%.*s: %s", (int)name.len, name.ptr,
		     c.err.message);
	got = node_text(c.result, "diff");
	cr_expect(slice_equal(got, want), "%.*s, %s, %s:\n%.*s", (int)name.len,
		  name.ptr, dialects[how].name,
		  dialects[how].algorithm ? dialects[how].algorithm : "default",
		  (int)got.len, got.ptr);
	diff_case_release(&c);
}

static size_t check_file(const char *path)
{
	size_t cases = 0;

	for (struct json_node *item = oracle_cases(path)->child; item;
	     item = item->next)
		for (size_t n = 0; n < sizeof(dialects) / sizeof(*dialects);
		     n++, cases++)
			check_oracle(item, n);
	return cases;
}

Test(diff_unified, oracle)
{
	cr_expect_geq(check_file(ORACLE), 300);
}

/* Pairs that a heuristic of one of the programs decides. */
Test(diff_unified, heuristics)
{
	cr_expect_geq(check_file(HEURISTICS), 200);
}

/* --- Patches apply -------------------------------------------------------- */

static void check_applies(struct random *r, unsigned long seed)
{
	static const char *const algorithms[] = {"difflib", "myers",
						 "histogram", "patience"};
	const char *algorithm = algorithms[random_below(r, 4)];
	const char *dialect = random_below(r, 2) ? "gnu" : "git";
	struct buf old_text, new_text, applied;
	struct diff_case c;
	char context[16];

	random_texts(r, &old_text, &new_text);
	buf_init(&applied, CASE_MEMORY);
	diff_case_init(&c);
	snprintf(context, sizeof(context), "%u", random_below(r, 11));
	diff_case_text(&c, "old", buf_slice(&old_text));
	diff_case_text(&c, "new", buf_slice(&new_text));
	diff_case_text(&c, "algorithm", slice_text(algorithm));
	diff_case_text(&c, "dialect", slice_text(dialect));
	diff_case_raw(&c, "context", slice_text(context));
	cr_assert_eq(diff_case_run(&c), 0, "seed %lu: %s", seed, c.err.message);
	cr_assert(
		apply_unified(node_text(c.result, "diff"), buf_slice(&old_text),
			      &applied) &&
			slice_equal(buf_slice(&applied), buf_slice(&new_text)),
		"seed %lu, %s, %s, context %s:\n%s", seed, dialect, algorithm,
		context, c.reply.ptr);
	diff_case_release(&c);
	buf_release(&old_text);
	buf_release(&new_text);
	buf_release(&applied);
}

Test(diff_unified, patches_apply)
{
	for (unsigned long seed = 1; seed <= 3000; seed++) {
		struct random r = {seed};

		check_applies(&r, seed);
	}
}

/* --- By hand -------------------------------------------------------------- */

static const struct {
	const char *what, *args, *diff;
} cases[] = {
	{"default labels", "{\"old\":\"a\\n\",\"new\":\"b\\n\"}",
	 "--- old\n+++ new\n@@ -1 +1 @@\n-a\n+b\n"},
	{"git's default labels, blob ids",
	 "{\"old\":\"a\",\"new\":\"b\\n\",\"dialect\":\"git\"}",
	 "diff --git a/old b/new\nindex 2e65efe..6178079 100644\n--- a/old\n"
	 "+++ b/new\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"},
	{"one date", "{\"old\":\"\",\"new\":\"b\\n\",\"old_date\":\"D\"}",
	 "--- old\tD\n+++ new\n@@ -0,0 +1 @@\n+b\n"},
	{"equal", "{\"old\":\"a\",\"new\":\"a\"}", ""},
	{"only carriage returns", "{\"old\":\"a\\rb\\r\",\"new\":\"a\\rc\\r\"}",
	 "--- old\n+++ new\n@@ -1 +1 @@\n-a\rb\r\n"
	 "\\ No newline at end of file\n+a\rc\r\n"
	 "\\ No newline at end of file\n"},
	{"NUL", "{\"old\":\"a\\u0000\\n\",\"new\":\"a\\n\"}", NULL},
	{"white space ignored: context from the old side",
	 "{\"old\":\"a  b\\nc\\n\",\"new\":\"a b\\nd\\n\","
	 "\"ignore\":[\"whitespace\"]}",
	 "--- old\n+++ new\n@@ -1,2 +1,2 @@\n a  b\n-c\n+d\n"},
	{"git shows the new side",
	 "{\"old\":\"A\\nc\\n\",\"new\":\"a\\nd\\n\",\"ignore\":[\"case\"],"
	 "\"dialect\":\"git\"}",
	 "diff --git a/old b/new\nindex 983b2a9..88c5bcc 100644\n--- a/old\n"
	 "+++ b/new\n@@ -1,2 +1,2 @@\n a\n-c\n+d\n"},
	{"blank lines alone",
	 "{\"old\":\"a\\n\\n\\nb\\n\",\"new\":\"a\\nb\\n \\n\","
	 "\"ignore\":[\"blank_lines\"]}",
	 ""},
	{"blank lines beside a change are shown",
	 "{\"old\":\"a\\n\\nb\\nc\\n\",\"new\":\"a\\nb\\nd\\n\","
	 "\"ignore\":[\"blank_lines\"]}",
	 "--- old\n+++ new\n@@ -1,4 +1,3 @@\n a\n-\n b\n-c\n+d\n"},
	{"a heading is cut at a character",
	 "{\"dialect\":\"git\",\"context\":0,\"new\":\"\",\"old\":"
	 "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	 "xxxxxxxxxxxxxx\\u00e9 end\\nb\\n\"}",
	 NULL},
};

Test(diff_unified, by_hand)
{
	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++) {
		struct diff_case c;
		struct slice got;
		int status = diff_case_run_text(&c, cases[n].args);

		cr_assert_eq(status, 0, "%s: %s", cases[n].what, c.err.message);
		got = node_text(c.result, "diff");
		cr_expect(!cases[n].diff || slice_is(got, cases[n].diff),
			  "%s:\n%.*s", cases[n].what, (int)got.len, got.ptr);
		diff_case_release(&c);
	}
}
