/*
 * difflib mode against what CPython's difflib answers (tests/oracle/diff), and
 * against a plain implementation of the same algorithm on generated pairs.
 */
#include <criterion/criterion.h>

#include "diff_case.h"

#define ORACLE "tests/oracle/diff/opcodes.json"

/* --- The oracle ----------------------------------------------------------- */

/* A string as an array of its code points, anything else as it is. */
static struct slice as_array(struct arena *arena, const struct json_node *node)
{
	struct buf out;
	size_t pos = 0, from = 0;
	char *copy;

	if (node->type == JSON_ARRAY)
		return node->raw;
	buf_init(&out, CASE_MEMORY);
	buf_add_char(&out, '[');
	for (; pos < node->text.len; from = pos) {
		utf8_next(node->text, &pos);
		json_put_comma(&out);
		json_put_string(&out,
				slice_of(node->text.ptr + from, pos - from));
	}
	buf_add_char(&out, ']');
	copy = arena_copy(arena, buf_slice(&out));
	buf_release(&out);
	return slice_text(copy);
}

/* JSON without its white space outside strings. */
static bool raw_equal(struct slice x, struct slice y)
{
	size_t i = 0, j = 0;

	while (i < x.len || j < y.len) {
		if (i < x.len && strchr(" \n\t", x.ptr[i]))
			i++;
		else if (j < y.len && strchr(" \n\t", y.ptr[j]))
			j++;
		else if (i == x.len || j == y.len || x.ptr[i++] != y.ptr[j++])
			return false;
	}
	return true;
}

static void check_result(const struct json_node *item, struct diff_case *c,
			 const struct json_node *expected, const char *how)
{
	struct slice name = node_text(item, "name");
	int status = diff_case_run(c);

	cr_assert_eq(status, 0, "%.*s %s: %s", (int)name.len, name.ptr, how,
		     c->err.message);
	cr_expect(raw_equal(node_raw(c->result, "opcodes"),
			    node_raw(expected, "opcodes")),
		  "%.*s %s: %.*s", (int)name.len, name.ptr, how,
		  (int)node_raw(c->result, "opcodes").len,
		  node_raw(c->result, "opcodes").ptr);
	cr_expect_eq(json_number_double(node_raw(c->result, "ratio")),
		     json_number_double(node_raw(expected, "ratio")),
		     "%.*s %s: ratio", (int)name.len, name.ptr, how);
	cr_expect_eq(node_int(json_get(c->result, "stats"), "equal"),
		     node_int(expected, "matches"), "%.*s %s: matches",
		     (int)name.len, name.ptr, how);
	cr_expect(slice_is(node_raw(c->result, "exact"), "true"));
}

static void check_case(const struct json_node *item,
		       const struct json_node *expected)
{
	const struct json_node *a = json_get(item, "a");
	const struct json_node *b = json_get(item, "b");
	const struct json_node *junk = json_get(item, "junk");
	struct diff_case c;

	diff_case_init(&c);
	diff_case_text(&c, "format", SLICE("list"));
	diff_case_raw(&c, "old", as_array(&c.arena, a));
	diff_case_raw(&c, "new", as_array(&c.arena, b));
	diff_case_raw(&c, "autojunk", node_raw(expected, "autojunk"));
	if (junk)
		diff_case_raw(&c, "junk", junk->raw);
	check_result(item, &c, expected, "list");
	diff_case_release(&c);
	if (junk || a->type != JSON_STRING)
		return;
	diff_case_init(&c);
	diff_case_text(&c, "unit", SLICE("char"));
	diff_case_text(&c, "output", SLICE("opcodes"));
	diff_case_text(&c, "algorithm", SLICE("difflib"));
	diff_case_text(&c, "old", a->text);
	diff_case_text(&c, "new", b->text);
	diff_case_raw(&c, "autojunk", node_raw(expected, "autojunk"));
	check_result(item, &c, expected, "text");
	diff_case_release(&c);
}

Test(diff_opcodes, oracle)
{
	size_t cases = 0;

	for (struct json_node *item = oracle_cases(ORACLE)->child; item;
	     item = item->next) {
		struct json_node *results = json_get(item, "results");

		for (struct json_node *expected = results->child; expected;
		     expected = expected->next, cases++)
			check_case(item, expected);
	}
	cr_expect_geq(cases, 120);
}

/* --- The plain algorithm -------------------------------------------------- */

/* Ratcliff and Obershelp's matching with difflib's rules, the slow way: every
 * region is searched in whole. Small inputs only. */
#define PLAIN_IDS 1100
#define PLAIN_MAX 800

struct plain {
	const uint32_t *a, *b;
	uint32_t na, nb;
	uint8_t kind[PLAIN_IDS]; /* by id: 0 plain, 1 junk, 2 popular */
	uint8_t *matched;	 /* by place in a: 1 */
	uint32_t *partner;
};

static uint32_t plain_run(const struct plain *p, uint32_t i, uint32_t j,
			  uint32_t ahi, uint32_t bhi)
{
	uint32_t size = 0;

	while (i + size < ahi && j + size < bhi &&
	       p->a[i + size] == p->b[j + size] && !p->kind[p->b[j + size]])
		size++;
	return size;
}

static void plain_match(struct plain *p, uint32_t alo, uint32_t ahi,
			uint32_t blo, uint32_t bhi)
{
	uint32_t bi = alo, bj = blo, best = 0;

	for (uint32_t i = alo; i < ahi; i++)
		for (uint32_t j = blo; j < bhi; j++)
			if (plain_run(p, i, j, ahi, bhi) > best) {
				best = plain_run(p, i, j, ahi, bhi);
				bi = i;
				bj = j;
			}
	for (int junk = 0; junk < 2; junk++) {
		while (bi > alo && bj > blo && p->a[bi - 1] == p->b[bj - 1] &&
		       (p->kind[p->b[bj - 1]] == 1) == junk)
			bi--, bj--, best++;
		while (bi + best < ahi && bj + best < bhi &&
		       p->a[bi + best] == p->b[bj + best] &&
		       (p->kind[p->b[bj + best]] == 1) == junk)
			best++;
	}
	if (!best)
		return;
	for (uint32_t n = 0; n < best; n++) {
		p->matched[bi + n] = 1;
		p->partner[bi + n] = bj + n;
	}
	plain_match(p, alo, bi, blo, bj);
	plain_match(p, bi + best, ahi, bj + best, bhi);
}

static void plain_classify(struct plain *p, const uint8_t *junk, bool autojunk)
{
	for (uint32_t id = 0; id < PLAIN_IDS; id++) {
		uint32_t count = 0;

		for (uint32_t j = 0; j < p->nb; j++)
			count += p->b[j] == id;
		p->kind[id] = junk[id] ? 1 : 0;
		if (!junk[id] && autojunk && p->nb >= 200 &&
		    count > p->nb / 100 + 1)
			p->kind[id] = 2;
	}
}

/* The matches of the engine are those of the plain algorithm. */
static void compare_with_plain(const struct diff_result *result,
			       const struct plain *p, uint64_t seed)
{
	size_t matches = 0;

	for (size_t n = 0; n < result->op_count; n++) {
		const struct diff_op *op = &result->ops[n];

		for (uint32_t i = op->i1; i < op->i2; i++) {
			bool equal = op->tag == DIFF_EQUAL;

			cr_assert_eq(equal, p->matched[i], "seed %llu: item %u",
				     (unsigned long long)seed, i);
			if (equal)
				cr_assert_eq(p->partner[i],
					     op->j1 + (i - op->i1),
					     "seed %llu: partner of %u",
					     (unsigned long long)seed, i);
			matches += equal;
		}
	}
	cr_assert_eq(matches, result->matches);
}

static uint32_t random_sequence(struct random *r, uint32_t ids, uint32_t count,
				uint32_t *out)
{
	uint32_t period = 1 + random_below(r, 9);
	bool periodic = random_below(r, 4) == 0;

	for (uint32_t n = 0; n < count; n++) {
		out[n] = random_below(r, ids);
		if (periodic && n >= period && random_below(r, 20))
			out[n] = out[n - period];
	}
	return count;
}

static uint32_t random_change(struct random *r, uint32_t ids, uint32_t count,
			      const uint32_t *from, uint32_t *out)
{
	uint32_t len = 0;

	for (uint32_t n = 0; n < count && len < PLAIN_MAX - 2; n++) {
		uint32_t what = random_below(r, 30);

		if (what == 0)
			continue;
		if (what == 1)
			out[len++] = random_below(r, ids);
		out[len++] = what == 2 ? random_below(r, ids) : from[n];
	}
	return len;
}

/* `ids` different items, from `shortest` up to `longest` of them on a side. */
static void check_random(uint64_t seed, uint32_t ids, uint32_t shortest,
			 uint32_t longest)
{
	static uint32_t a[PLAIN_MAX], b[PLAIN_MAX], partner[PLAIN_MAX];
	static uint8_t junk[PLAIN_IDS], matched[PLAIN_MAX];
	struct random r = {seed};
	struct diff_options options = DIFF_OPTIONS_INIT;
	struct diff_result result;
	struct err err = ERR_INIT;
	struct plain p = {
		.a = a, .b = b, .matched = matched, .partner = partner};
	struct diff_seq x, y;

	memset(matched, 0, sizeof(matched));
	longest -= shortest;
	p.na = random_sequence(&r, ids, shortest + random_below(&r, longest),
			       a);
	p.nb = random_below(&r, 2)
		       ? random_change(&r, ids, p.na, a, b)
		       : random_sequence(&r, ids,
					 shortest + random_below(&r, longest),
					 b);
	for (uint32_t id = 0; id < PLAIN_IDS; id++)
		junk[id] = random_below(&r, 6) == 0;
	options.autojunk = random_below(&r, 2);
	options.junk = junk;
	options.junk_count = PLAIN_IDS;
	plain_classify(&p, junk, options.autojunk);
	plain_match(&p, 0, p.na, 0, p.nb);
	x = (struct diff_seq){a, p.na};
	y = (struct diff_seq){b, p.nb};
	cr_assert_eq(diff_run(&x, &y, &options, &result, &err), 0);
	cr_assert(result.exact);
	compare_with_plain(&result, &p, seed);
	diff_result_release(&result);
}

Test(diff_opcodes, plain_algorithm)
{
	for (uint64_t seed = 1; seed <= 4000; seed++)
		check_random(seed, 1 + (uint32_t)seed % 8, 0,
			     seed % 10 ? 40 : 230);
}

/* Many different items, so that few pairs are equal. */
Test(diff_opcodes, plain_algorithm_sparse)
{
	for (uint64_t seed = 1; seed <= 400; seed++)
		check_random(seed, 200 + (uint32_t)seed * 2, 0, PLAIN_MAX - 2);
}

/* Few different items, and so many that the runs of a length from which on they
 * are few are listed. */
Test(diff_opcodes, plain_algorithm_crowded)
{
	for (uint64_t seed = 1; seed <= 60; seed++)
		check_random(seed, 2 + (uint32_t)seed, PLAIN_MAX - 200,
			     PLAIN_MAX - 2);
}
