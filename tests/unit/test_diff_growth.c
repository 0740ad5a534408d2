/*
 * The cost of a diff grows no faster than n log n: the steps that ten times
 * the input takes, for every algorithm and kind of document, on inputs that
 * are known for blow-ups. Steps, not time: the same on every machine.
 */
#include <criterion/criterion.h>
#include <math.h>

#include "base/json.h"
#include "bench/diff_inputs.h"
#include "diff/diff_html.h"
#include "diff/diff_json.h"
#include "diff/diff_text.h"
#include "diff/diff_xml.h"
#include "diff_case.h"

/* 10 n log(10 n) / (n log n), and a fifth, of n items. */
static double growth_most(double n)
{
	return 1.2 * 10 * log(10 * n) / log(n);
}

/* --- Text ----------------------------------------------------------------- */

static const struct growth_way {
	const char *name;
	struct diff_options options;
	enum text_dialect dialect;
} ways[] = {
	{"difflib", {.algorithm = DIFF_DIFFLIB, .autojunk = true}, TEXT_GIT},
	{"difflib, no autojunk", {.algorithm = DIFF_DIFFLIB}, TEXT_GIT},
	{"myers as git", {.algorithm = DIFF_MYERS}, TEXT_GIT},
	{"histogram", {.algorithm = DIFF_HISTOGRAM}, TEXT_GIT},
	{"patience", {.algorithm = DIFF_PATIENCE}, TEXT_GIT},
	{"myers as GNU", {.algorithm = DIFF_MYERS}, TEXT_GNU},
};

#define WAYS (sizeof(ways) / sizeof(*ways))

static double text_steps(const struct buf pair[2], const struct growth_way *way,
			 enum text_unit unit)
{
	struct text_options options = {.output = TEXT_STATS,
				       .unit = unit,
				       .dialect = way->dialect,
				       .engine = way->options};
	struct diff_result result;
	struct err err = ERR_INIT;
	struct buf out;
	double steps;

	buf_init(&out, INPUTS_MAX);
	cr_assert_eq(diff_text(buf_slice(&pair[0]), buf_slice(&pair[1]),
			       &options, &out, &result, &err),
		     0, "%s", err.message);
	cr_expect(result.exact, "%s", way->name);
	steps = (double)result.work;
	diff_result_release(&result);
	buf_release(&out);
	return steps;
}

static void check_text(const char *name, uint32_t lines, enum text_unit unit)
{
	struct buf small[2], large[2];

	inputs_make(name, lines, small);
	inputs_make(name, lines * 10, large);
	for (size_t n = 0; n < WAYS; n++) {
		/* Seconds long with GNU diff's constants; and histogram has a
		 * linear budget, of which the fewer words need less. */
		if ((ways[n].dialect == TEXT_GNU && !strcmp(name, "pop")) ||
		    (ways[n].options.algorithm == DIFF_HISTOGRAM &&
		     unit == TEXT_WORD))
			continue;
		double ratio = text_steps(large, &ways[n], unit) /
			       text_steps(small, &ways[n], unit);

		cr_expect_leq(ratio, growth_most(lines), "%s, %s: times %.1f",
			      name, ways[n].name, ratio);
	}
	for (int side = 0; side < 2; side++) {
		buf_release(&small[side]);
		buf_release(&large[side]);
	}
}

Test(diff_growth, lines)
{
	static const char *const names[] = {"lines", "alt", "pop", "popalt",
					    "same"};

	for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++)
		check_text(names[n], 10000, TEXT_LINE);
}

Test(diff_growth, words)
{
	check_text("lines", 2000, TEXT_WORD);
	check_text("popalt", 2000, TEXT_WORD);
}

/* --- Documents ------------------------------------------------------------ */

/* Paragraphs, or members, of words that are nowhere else; every second one
 * gets one more. */
static void fill_document(struct buf pair[2], uint32_t count, bool json)
{
	for (int side = 0; side < 2; side++) {
		struct buf *out = &pair[side];

		buf_init(out, INPUTS_MAX);
		buf_add_text(out, json ? "{" : "<div>");
		for (uint32_t n = 0; n < count; n++) {
			const char *more = side && n % 2 ? "more" : "less";

			if (json)
				buf_printf(out,
					   "%s\"k%u\":[\"a%u\",\"b%u\",\"%s\"]",
					   n ? "," : "", n, n, n, more);
			else
				buf_printf(out, "<p>a%u b%u c%u d%u %s</p>\n",
					   n, n, n, n, more);
		}
		buf_add_text(out, json ? "}" : "</div>");
	}
}

static double markup_steps(const struct buf pair[2], bool xml,
			   const struct diff_markup_options *options)
{
	struct slice text[2] = {buf_slice(&pair[0]), buf_slice(&pair[1])};
	struct err err = ERR_INIT;
	struct diff_markup out;
	double steps;

	diff_markup_init(&out, INPUTS_MAX);
	cr_assert_eq(xml ? diff_xml(text[0], text[1], options, &out, &err)
			 : diff_html(text[0], text[1], options, &out, &err),
		     0, "%s", err.message);
	cr_expect(out.result.exact);
	steps = (double)out.result.work;
	cr_expect_gt(steps, 1000);
	diff_markup_release(&out);
	return steps;
}

static double json_steps(const struct buf pair[2])
{
	struct json_options options = {.engine.algorithm = DIFF_HISTOGRAM};
	struct json_node *root[2];
	struct diff_result result;
	struct arena arena;
	struct err err = ERR_INIT;
	struct buf out;
	double steps;

	arena_init(&arena, INPUTS_MAX);
	buf_init(&out, INPUTS_MAX);
	for (int side = 0; side < 2; side++)
		root[side] = json_parse(&arena, buf_slice(&pair[side]),
					JSON_DEPTH_MAX, true, &err);
	cr_assert(root[0] && root[1], "%s", err.message);
	cr_assert_eq(diff_json(root[0], root[1], &options, &out, &result, &err),
		     0, "%s", err.message);
	cr_expect(result.exact);
	steps = (double)result.work;
	cr_expect_gt(steps, 1000);
	diff_result_release(&result);
	buf_release(&out);
	arena_release(&arena);
	return steps;
}

static void check_documents(uint32_t count, bool json, bool xml,
			    const struct diff_markup_options *options)
{
	struct buf small[2], large[2];
	double ratio;

	fill_document(small, count, json);
	fill_document(large, count * 10, json);
	ratio = json ? json_steps(large) / json_steps(small)
		     : markup_steps(large, xml, options) /
				markup_steps(small, xml, options);
	cr_expect_leq(ratio, growth_most(count), "json %d, xml %d: times %.1f",
		      json, xml, ratio);
	for (int side = 0; side < 2; side++) {
		buf_release(&small[side]);
		buf_release(&large[side]);
	}
}

Test(diff_growth, documents)
{
	static const struct diff_markup_options options[] = {
		{.engine.algorithm = DIFF_DIFFLIB},
		{.engine.algorithm = DIFF_HISTOGRAM},
		{.engine.algorithm = DIFF_DIFFLIB,
		 .output = DIFF_MARKUP_OPCODES},
		{.compat = true, .engine.autojunk = true},
	};

	for (size_t n = 0; n < sizeof(options) / sizeof(*options); n++) {
		check_documents(1000, false, false, &options[n]);
		if (!options[n].compat)
			check_documents(1000, false, true, &options[n]);
	}
	check_documents(1000, true, false, NULL);
}

/* --- Small parts of large documents --------------------------------------- */

#define PART 300

/* What a part costs does not depend on how many ids the document has. */
Test(diff_growth, ids_that_are_far_apart)
{
	static uint32_t ids[2][2][PART];

	for (unsigned long seed = 1; seed <= 200; seed++) {
		struct random r = {seed};
		struct diff_seq seq[2][2];

		for (int side = 0; side < 2; side++) {
			for (uint32_t n = 0; n < PART; n++) {
				uint32_t id = random_below(&r, 40);

				ids[0][side][n] = id;
				ids[1][side][n] = DIFF_NO_ID - 1 - id * 9999991;
			}
			seq[0][side] = (struct diff_seq){ids[0][side], PART};
			seq[1][side] = (struct diff_seq){ids[1][side], PART};
		}
		for (int algorithm = DIFF_DIFFLIB; algorithm <= DIFF_PATIENCE;
		     algorithm++) {
			struct diff_options options = {
				.algorithm = (enum diff_algorithm)algorithm,
				.autojunk = seed % 2,
				.max_memory = 1 << 17};
			struct diff_result result[2];
			struct err err = ERR_INIT;

			for (int far = 0; far < 2; far++)
				cr_assert_eq(diff_run(&seq[far][0],
						      &seq[far][1], &options,
						      &result[far], &err),
					     0, "%s", err.message);
			cr_assert_eq(result[0].op_count, result[1].op_count);
			cr_assert_arr_eq(result[0].ops, result[1].ops,
					 result[0].op_count *
						 sizeof(*result[0].ops));
			diff_result_release(&result[0]);
			diff_result_release(&result[1]);
		}
	}
}

/* All comparisons of one document share its budget. */
Test(diff_growth, one_budget)
{
	struct diff_markup_options options = {
		.engine = {.algorithm = DIFF_DIFFLIB, .max_work = 20000}};
	struct err err = ERR_INIT;
	struct buf pair[2];

	fill_document(pair, 2000, false);
	for (int compat = 0; compat < 2; compat++) {
		struct diff_markup out;

		options.compat = compat;
		diff_markup_init(&out, INPUTS_MAX);
		cr_assert_eq(diff_html(buf_slice(&pair[0]), buf_slice(&pair[1]),
				       &options, &out, &err),
			     0);
		cr_expect(!out.result.exact, "compat %d", compat);
		diff_markup_release(&out);
	}
	buf_release(&pair[0]);
	buf_release(&pair[1]);
}
