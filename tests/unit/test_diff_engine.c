/*
 * What every algorithm promises: opcodes that rebuild the new side; the same
 * result each time; coarser results that say so; errors where memory ends; and
 * no blow-up on the inputs that are known for it.
 */
#include <criterion/criterion.h>

#include "diff_case.h"

#define SIZE 600

static const enum diff_algorithm algorithms[] = {DIFF_DIFFLIB, DIFF_MYERS,
						 DIFF_HISTOGRAM, DIFF_PATIENCE};

static int on_indent(void *arg, enum diff_side side, size_t index)
{
	const uint32_t *const *ids = arg;

	return (int)(ids[side][index] % 5) - 1;
}

/* The opcodes cover both sides, alternate, and are true. */
static void check_opcodes(const struct diff_result *result,
			  const struct diff_seq *a, const struct diff_seq *b,
			  const char *what, unsigned long seed)
{
	uint32_t i = 0, j = 0;
	size_t equal = 0;

	for (size_t n = 0; n < result->op_count; n++) {
		const struct diff_op *op = &result->ops[n];
		bool gone = op->i2 > op->i1, come = op->j2 > op->j1;

		cr_assert(op->i1 == i && op->j1 == j && (gone || come),
			  "%s, seed %lu: gap", what, seed);
		cr_assert(!n || (op->tag == DIFF_EQUAL) !=
					  (op[-1].tag == DIFF_EQUAL),
			  "%s, seed %lu: two in a row", what, seed);
		i = op->i2;
		j = op->j2;
		if (op->tag != DIFF_EQUAL) {
			cr_assert_eq(op->tag, gone && come ? DIFF_REPLACE
					      : gone	   ? DIFF_DELETE
							   : DIFF_INSERT);
			continue;
		}
		equal += op->i2 - op->i1;
		for (uint32_t k = 0; k < op->i2 - op->i1; k++)
			cr_assert_eq(a->ids[op->i1 + k], b->ids[op->j1 + k],
				     "%s, seed %lu: not equal", what, seed);
	}
	cr_assert(i == a->count && j == b->count, "%s, seed %lu: end", what,
		  seed);
	cr_assert_eq(equal, result->matches);
	cr_assert_eq(equal + result->deleted + result->replaced, a->count);
	cr_assert_eq(equal + result->inserted + result->replaced, b->count);
}

static void fill_pair(struct random *r, uint32_t *a, uint32_t *b,
		      struct diff_seq seq[2])
{
	uint32_t ids = 1 + random_below(r, 40), na = random_below(r, SIZE);
	uint32_t nb = random_below(r, SIZE), shift = random_below(r, 20);
	bool edited = random_below(r, 3) != 0;

	for (uint32_t n = 0; n < SIZE; n++) {
		a[n] = random_below(r, ids);
		b[n] = random_below(r, ids);
		if (edited && random_below(r, 12) && n + shift < SIZE)
			b[n] = n >= shift ? a[n - shift] : a[n];
	}
	seq[0] = (struct diff_seq){a, na};
	seq[1] = (struct diff_seq){b, nb};
}

static void check_all(const struct diff_seq seq[2], struct random *r,
		      unsigned long seed)
{
	const uint32_t *ids[2] = {seq[0].ids, seq[1].ids};
	struct diff_options options = {.indent = on_indent,
				       .indent_arg = ids,
				       .horizon = random_below(r, 4),
				       .autojunk = true};
	struct err err = ERR_INIT;
	char what[64];

	options.max_work = random_below(r, 4) ? 0 : 1 + random_below(r, 3000);
	options.minimal = random_below(r, 5) == 0;
	for (size_t n = 0; n < 4 * 3; n++) {
		struct diff_result result;

		options.algorithm = algorithms[n / 3];
		options.style = (enum diff_style)(n % 3);
		snprintf(what, sizeof(what), "algorithm %zu, style %zu", n / 3,
			 n % 3);
		cr_assert_eq(
			diff_run(&seq[0], &seq[1], &options, &result, &err), 0,
			"%s: %s", what, err.message);
		check_opcodes(&result, &seq[0], &seq[1], what, seed);
		diff_result_release(&result);
	}
}

Test(diff_engine, opcodes_rebuild)
{
	static uint32_t a[SIZE], b[SIZE];

	for (unsigned long seed = 1; seed <= 3000; seed++) {
		struct random r = {seed};
		struct diff_seq seq[2];

		fill_pair(&r, a, b, seq);
		check_all(seq, &r, seed);
	}
}

Test(diff_engine, minimal_script)
{
	/* "abcabba" to "cbabac", the example of Myers' paper: 5 edits. */
	static const uint32_t a[] = {0, 1, 2, 0, 1, 1, 0};
	static const uint32_t b[] = {2, 1, 0, 1, 0, 2};
	struct diff_seq x = {a, 7}, y = {b, 6};
	struct diff_options options = {.algorithm = DIFF_MYERS,
				       .minimal = true};
	struct diff_result result;
	struct err err = ERR_INIT;

	cr_assert_eq(diff_run(&x, &y, &options, &result, &err), 0);
	cr_expect_eq(7 + 6 - 2 * result.matches, 5);
	diff_result_release(&result);
}

/* --- Budgets -------------------------------------------------------------- */

/* A pair that is hard for every algorithm: few ids, shuffled. */
static void fill_hard(uint32_t *a, uint32_t *b, uint32_t count)
{
	struct random r = {7};

	for (uint32_t n = 0; n < count; n++) {
		a[n] = random_below(&r, 30);
		b[n] = random_below(&r, 30);
	}
}

Test(diff_engine, budget_is_honest)
{
	static uint32_t a[20000], b[20000];
	struct diff_seq x = {a, 20000}, y = {b, 20000};
	struct err err = ERR_INIT;

	fill_hard(a, b, 20000);
	for (size_t n = 0; n < 4; n++) {
		struct diff_options options = {.algorithm = algorithms[n],
					       .max_work = 50000};
		struct diff_result first, again, full;

		cr_assert_eq(diff_run(&x, &y, &options, &first, &err), 0);
		cr_assert_eq(diff_run(&x, &y, &options, &again, &err), 0);
		options.max_work = 0;
		cr_assert_eq(diff_run(&x, &y, &options, &full, &err), 0);
		cr_expect(!first.exact && full.exact, "algorithm %zu", n);
		check_opcodes(&first, &x, &y, "budget", n);
		cr_expect_eq(first.op_count, again.op_count);
		cr_expect_eq(first.matches, again.matches,
			     "algorithm %zu differs from run to run", n);
		cr_expect_gt(first.matches, 2000, "algorithm %zu: too coarse",
			     n);
		diff_result_release(&first);
		diff_result_release(&again);
		diff_result_release(&full);
	}
}

Test(diff_engine, limits)
{
	static uint32_t a[20000], b[20000];
	struct diff_seq x = {a, 20000}, y = {b, 20000};
	struct diff_seq huge = {a, (size_t)DIFF_ITEMS_MAX + 1};

	fill_hard(a, b, 20000);
	for (size_t n = 0; n < 4; n++) {
		struct diff_options options = {.algorithm = algorithms[n],
					       .max_memory = 50000};
		struct diff_result result;
		struct err err = ERR_INIT;

		cr_expect_eq(diff_run(&x, &y, &options, &result, &err), -1);
		cr_expect_eq(err.code, ERR_LIMIT);
		cr_expect_str_eq(err.limit, "memory");
		cr_expect_eq(diff_run(&huge, &y, &options, &result, &err), -1);
		cr_expect_str_eq(err.limit, "items");
	}
}

/* The inputs that are quadratic or cubic for difflib and histogram, ten times
 * longer than those of the benches; a budget of steps shows that it is cheap
 * without looking at a clock. */
Test(diff_engine, no_blow_up)
{
	static uint32_t a[100001], b[100001];
	struct diff_seq x = {a, 100000}, y = {b, 100000};
	struct err err = ERR_INIT;

	for (int kind = 0; kind < 3; kind++) {
		struct random r = {3};

		for (uint32_t n = 0; n < 100000; n++) {
			uint32_t shared = kind == 0 ? n : random_below(&r, 50);

			a[n] = n % 2 ? 200000 + n : shared;
			b[n] = n % 2 ? 400000 + n : shared;
			if (kind == 2)
				a[n] = b[n] = n == 33333;
		}
		b[33333] = kind == 2 ? 2 : b[33333];
		for (size_t n = 0; n < 4; n++) {
			struct diff_options options = {.algorithm =
							       algorithms[n],
						       .autojunk = n % 2,
						       .max_work = 60000000};
			struct diff_result result;

			cr_assert_eq(diff_run(&x, &y, &options, &result, &err),
				     0);
			cr_expect(result.exact, "kind %d, algorithm %zu", kind,
				  n);
			cr_expect_geq(result.matches, 49000);
			diff_result_release(&result);
		}
	}
}

/* Few items, often, in another order: no search may go on to the end. */
Test(diff_engine, searches_are_bounded)
{
	static uint32_t a[20000], b[20000];
	struct diff_seq x = {a, 20000}, y = {b, 20000};

	fill_hard(a, b, 20000);
	for (size_t n = 0; n < 4; n++) {
		struct diff_options options = {.algorithm = algorithms[n],
					       .max_work = 60000000};
		struct diff_result result;
		struct err err = ERR_INIT;

		cr_assert_eq(diff_run(&x, &y, &options, &result, &err), 0);
		cr_expect(result.exact, "algorithm %zu", n);
		diff_result_release(&result);
	}
}

/* --- Interner ------------------------------------------------------------- */

Test(diff_engine, interner)
{
	struct diff_interner *names = diff_interner_new(1 << 20);
	struct diff_interner *small = diff_interner_new(5000);
	static char texts[5000][8];
	uint32_t id = 0;

	for (uint32_t n = 0; n < 5000; n++) {
		snprintf(texts[n], sizeof(texts[n]), "%u", n);
		cr_assert_eq(diff_intern(names, slice_text(texts[n])), n);
	}
	cr_expect_eq(diff_intern(names, SLICE("")), 5000);
	cr_expect_eq(diff_intern(names, SLICE("4321")), 4321);
	cr_expect_eq(diff_interner_count(names), 5001);
	cr_expect(slice_is(diff_interner_bytes(names, 17), "17"));
	for (uint32_t n = 0; n < 5000 && id != DIFF_NO_ID; n++)
		id = diff_intern(small, slice_text(texts[n]));
	cr_expect_eq(id, DIFF_NO_ID, "no cap");
	diff_interner_free(names);
	diff_interner_free(small);
	diff_interner_free(NULL);
}

/* A run whose length takes more than 31 steps of doubling and halving. */
Test(diff_engine, one_long_run)
{
	uint32_t count = 131071, *ids = calloc(count + 1, sizeof(*ids));
	struct diff_options options = DIFF_OPTIONS_INIT;
	struct diff_seq a = {ids, count}, b = {ids, count + 1};
	struct diff_result result;

	cr_assert_eq(diff_run(&a, &b, &options, &result, NULL), 0);
	cr_expect_eq(result.matches, count);
	cr_expect(result.exact);
	diff_result_release(&result);
	free(ids);
}
