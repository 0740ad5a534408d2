/*
 * JSON: patches that always apply, merge patches or an honest refusal, arrays
 * by key, lists; on the oracle's pairs and on thousands of generated ones.
 */
#include <criterion/criterion.h>

#include "diff_case.h"
#include "json_apply.h"

#define ORACLE "tests/oracle/diff/json_pairs.json"

/* --- Checks --------------------------------------------------------------- */

static struct json_node *parse(struct arena *arena, struct slice text)
{
	struct err err = ERR_INIT;
	struct json_node *node = json_parse(arena, text, 1000, true, &err);

	cr_assert(node, "%s: %.*s", err.message, (int)text.len, text.ptr);
	return node;
}

/* Values are given as text, so that strings can stand at the top. */
static void fill(struct diff_case *c, struct slice old_json,
		 struct slice new_json, const char *output)
{
	diff_case_init(c);
	diff_case_text(c, "format", SLICE("json"));
	diff_case_text(c, "output", slice_text(output));
	diff_case_text(c, "old", old_json);
	diff_case_text(c, "new", new_json);
}

static size_t leaves(const struct json_node *node)
{
	size_t sum = 0;

	for (const struct json_node *child = node->child; child;
	     child = child->next)
		sum += leaves(child);
	return sum ? sum : 1;
}

/* Runs with what is filled in; returns how many operations the patch has. */
static size_t check_patch(struct diff_case *c, const struct json_node *x,
			  const struct json_node *y, const char *what)
{
	struct tree_node *made;
	struct json_node *patch, *stats;

	cr_assert_eq(diff_case_run(c), 0, "%s: %s", what, c->err.message);
	patch = json_get(c->result, "patch");
	made = patch_apply(&c->arena, x, patch);
	cr_assert(made && tree_equal(made, tree_copy(&c->arena, y)), "%s: %.*s",
		  what, (int)c->reply.len, c->reply.ptr);
	stats = json_get(c->result, "stats");
	cr_assert_eq(node_int(stats, "equal") + node_int(stats, "deleted") +
			     node_int(stats, "replaced"),
		     (long)leaves(x), "%s: %.*s", what, (int)c->reply.len,
		     c->reply.ptr);
	cr_assert_eq(node_int(stats, "equal") + node_int(stats, "inserted") +
			     node_int(stats, "replaced"),
		     (long)leaves(y), "%s: %.*s", what, (int)c->reply.len,
		     c->reply.ptr);
	return patch->count;
}

/* Can a merge patch not make this? A member that is null and new is one. */
static bool has_null_member(const struct json_node *node)
{
	if (node->type != JSON_OBJECT)
		return false;
	for (const struct json_node *child = node->child; child;
	     child = child->next)
		if (child->type == JSON_NULL || has_null_member(child))
			return true;
	return false;
}

/* True if there is one. */
static bool check_merge(struct slice old_json, struct slice new_json,
			const char *what)
{
	struct diff_case c;
	struct json_node *x, *y, *patch;
	struct tree_node *made;
	bool possible;

	fill(&c, old_json, new_json, "merge_patch");
	x = parse(&c.arena, old_json);
	y = parse(&c.arena, new_json);
	possible = !diff_case_run(&c);
	if (possible) {
		patch = json_get(c.result, "merge_patch");
		made = merge_apply(&c.arena, tree_copy(&c.arena, x), patch);
		cr_assert(tree_equal(made, tree_copy(&c.arena, y)), "%s: %.*s",
			  what, (int)c.reply.len, c.reply.ptr);
	} else {
		cr_assert_eq(c.err.code, ERR_UNSUPPORTED, "%s: %s", what,
			     c.err.message);
		cr_assert_str_eq(c.err.reason, "null");
		cr_assert(has_null_member(y), "%s: refused without cause",
			  what);
	}
	diff_case_release(&c);
	return possible;
}

/* --- The oracle ----------------------------------------------------------- */

Test(diff_json, oracle)
{
	size_t cases = 0;

	for (struct json_node *item = oracle_cases(ORACLE)->child; item;
	     item = item->next, cases++) {
		struct slice old_json = node_raw(item, "old");
		struct slice new_json = node_raw(item, "new");
		struct diff_case c;
		char name[64];
		size_t count;

		snprintf(name, sizeof(name), "%.*s",
			 (int)node_text(item, "name").len,
			 node_text(item, "name").ptr);
		fill(&c, old_json, new_json, "patch");
		count = check_patch(&c, json_get(item, "old"),
				    json_get(item, "new"), name);
		if (json_get(item, "ideal_ops"))
			cr_expect_leq((long)count, node_int(item, "ideal_ops"),
				      "%s", name);
		diff_case_release(&c);
		cr_expect_eq(check_merge(old_json, new_json, name),
			     slice_is(node_raw(item, "merge_patch_possible"),
				      "true"),
			     "%s", name);
	}
	cr_expect_geq(cases, 30);
}

/* --- Generated pairs ------------------------------------------------------ */

static const char *const keys[] = {"a",	     "b",  "",	      "~",	   "/",
				   "a/b",    "~1", "id",      "0",	   "-",
				   "k\\\"q", "é",  "\\u0001", "longer key"};
static const char *const scalars[] = {
	"null",	 "true",     "false",
	"0",	 "1",	     "-1",
	"1.50",	 "1e3",	     "\"\"",
	"\"x\"", "\"y\\n\"", "12345678901234567890",
	"0.1",	 "\"1\"",    "\"\\ud83d\\ude00\"",
	"2"};

static void random_value(struct random *r, int depth, struct buf *out)
{
	uint32_t what = random_below(r, 8), count = random_below(r, 5);
	uint32_t first = random_below(r, 14);

	if (depth > 3 || what < 4) {
		buf_add_text(out, scalars[random_below(r, 16)]);
		return;
	}
	buf_add_char(out, what < 6 ? '[' : '{');
	for (uint32_t n = 0; n < count; n++) {
		buf_add_text(out, n ? "," : "");
		if (what >= 6)
			buf_printf(out, "\"%s\":", keys[(first + n) % 14]);
		random_value(r, depth + 1, out);
	}
	buf_add_char(out, what < 6 ? ']' : '}');
}

static void random_changed(struct random *r, const struct json_node *node,
			   int depth, struct buf *out);

/* The children, some left out, moved to the end, or with new ones before. */
static void random_children(struct random *r, const struct json_node *node,
			    int depth, struct buf *out)
{
	const struct json_node *late = NULL;
	bool object = node->type == JSON_OBJECT;

	for (const struct json_node *child = node->child; child;
	     child = child->next) {
		uint32_t what = random_below(r, 12);

		if (what == 0)
			continue;
		if (what == 1 && !late) {
			late = child;
			continue;
		}
		if (what == 2 && !object) {
			json_put_comma(out);
			random_value(r, depth + 1, out);
		}
		json_put_comma(out);
		if (object) {
			json_put_string(out, child->key);
			buf_add_char(out, ':');
		}
		random_changed(r, child, depth + 1, out);
	}
	if (!late)
		return;
	json_put_comma(out);
	if (object)
		buf_printf(out, "\"renamed\":");
	buf_add_slice(out, late->raw);
}

static void random_changed(struct random *r, const struct json_node *node,
			   int depth, struct buf *out)
{
	bool container = node->type >= JSON_ARRAY;

	if (random_below(r, 14) == 0) {
		random_value(r, depth, out);
	} else if (!container || random_below(r, 3) == 0) {
		buf_add_slice(out, node->raw);
	} else {
		buf_add_char(out, node->type == JSON_OBJECT ? '{' : '[');
		random_children(r, node, depth, out);
		buf_add_char(out, node->type == JSON_OBJECT ? '}' : ']');
	}
}

/* Objects with an "id", in the way of real data. */
static void random_records(struct random *r, struct buf *out)
{
	uint32_t count = random_below(r, 20);

	buf_add_char(out, '[');
	for (uint32_t n = 0; n < count; n++) {
		buf_printf(out, "%s{\"id\":%u,\"n\":", n ? "," : "", n);
		random_value(r, 3, out);
		buf_add_text(out, ",\"v\":");
		random_value(r, 2, out);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void check_random(struct random *r, unsigned long seed)
{
	static const char *const algorithms[] = {"difflib", "myers",
						 "histogram", "patience"};
	struct buf x, y;
	struct diff_case c;
	struct json_node *old_value, *new_value;
	char what[32];

	snprintf(what, sizeof(what), "seed %lu", seed);
	buf_init(&x, 1 << 20);
	buf_init(&y, 1 << 20);
	diff_case_init(&c);
	if (random_below(r, 3))
		random_value(r, 0, &x);
	else
		random_records(r, &x);
	old_value = parse(&c.arena, buf_slice(&x));
	if (random_below(r, 10))
		random_changed(r, old_value, 0, &y);
	else
		random_value(r, 0, &y);
	new_value = parse(&c.arena, buf_slice(&y));
	diff_case_text(&c, "format", SLICE("json"));
	diff_case_text(&c, "old", buf_slice(&x));
	diff_case_text(&c, "new", buf_slice(&y));
	diff_case_text(&c, "algorithm",
		       slice_text(algorithms[random_below(r, 4)]));
	if (random_below(r, 2))
		diff_case_text(&c, "arrays", SLICE("id"));
	check_patch(&c, old_value, new_value, what);
	check_merge(buf_slice(&x), buf_slice(&y), what);
	diff_case_release(&c);
	buf_release(&x);
	buf_release(&y);
}

Test(diff_json, generated_pairs)
{
	for (unsigned long seed = 1; seed <= 5000; seed++) {
		struct random r = {seed};

		check_random(&r, seed);
	}
}

/* --- By hand -------------------------------------------------------------- */

static const struct {
	const char *what, *args, *member, *want;
} cases[] = {
	{"an element moves", "\"old\":[1,2,3,4],\"new\":[4,1,2,3]", "patch",
	 "[{\"op\":\"move\",\"from\":\"/3\",\"path\":\"/0\"}]"},
	{"a member is renamed",
	 "\"old\":{\"a\":[1,2,3]},\"new\":{\"b\":[1,2,3]}", "patch",
	 "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b\"}]"},
	{"by key: inside a moved element",
	 "\"arrays\":\"id\",\"old\":[{\"id\":1,\"v\":1},{\"id\":2,\"v\":2},"
	 "{\"id\":3,\"v\":3}],\"new\":[{\"id\":3,\"v\":3},{\"id\":1,\"v\":9},"
	 "{\"id\":2,\"v\":2}]",
	 "patch",
	 "[{\"op\":\"move\",\"from\":\"/2\",\"path\":\"/0\"},{\"op\":"
	 "\"replace\",\"path\":\"/1/v\",\"value\":9}]"},
	{"long numbers stay as written",
	 "\"old\":{\"n\":12345678901234567890},"
	 "\"new\":{\"n\":12345678901234567891}",
	 "patch",
	 "[{\"op\":\"replace\",\"path\":\"/n\",\"value\":"
	 "12345678901234567891}]"},
	{"numbers of one value",
	 "\"old\":[1,100,0.5,0,-0],"
	 "\"new\":[1.0,1e2,5E-1,0e9,0.0]",
	 "patch", "[]"},
	{"exponents beyond reason",
	 "\"old\":[1e99999999999999999999],\"new\":[1e99999999999999999998]",
	 "ratio", "0.0"},
	{"a key that is an escape", "\"old\":{},\"new\":{\"\\u007f~/\\\"\":1}",
	 "patch",
	 "[{\"op\":\"add\",\"path\":\"/\\u007f~0~1\\\"\",\"value\":1}]"},
	{"a lone surrogate in a key",
	 "\"old\":{\"\\ud800\":1},\"new\":{\"\\ud800\":2}", "patch",
	 "[{\"op\":\"replace\",\"path\":\"/\\ud800\",\"value\":2}]"},
	{"merge: removed, nested, kept null",
	 "\"output\":\"merge_patch\",\"old\":{\"a\":1,\"n\":null,\"o\":{\"x\":"
	 "1,\"y\":[null]}},\"new\":{\"n\":null,\"o\":{\"x\":1,\"y\":[]}}",
	 "merge_patch", "{\"o\":{\"y\":[]},\"a\":null}"},
	{"opcodes of arrays",
	 "\"output\":\"opcodes\",\"old\":[1,[2],{}],"
	 "\"new\":[1,[2.0],3]",
	 "opcodes", "[[\"equal\",0,2,0,2],[\"replace\",2,3,2,3]]"},
	{"a list: true is not 1",
	 "\"format\":\"list\",\"old\":[1,true,\"1\",1.0],\"new\":[true,1]",
	 "opcodes",
	 "[[\"insert\",0,0,0,1],[\"equal\",0,1,1,2],[\"delete\",1,4,2,2]]"},
	{"a list as text", "\"format\":\"list\",\"old\":\"[1]\",\"new\":[]",
	 "opcodes", "[[\"delete\",0,1,0,0]]"},
};

Test(diff_json, by_hand)
{
	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++) {
		struct diff_case c;
		struct slice got;
		bool list = strstr(cases[n].args, "\"format\"") != NULL;

		diff_case_init(&c);
		buf_printf(&c.args, "{%s%s}",
			   list ? "" : "\"format\":\"json\",", cases[n].args);
		cr_assert_eq(diff_case_run(&c), 0, "%s: %s", cases[n].what,
			     c.err.message);
		got = node_raw(c.result, cases[n].member);
		cr_expect(slice_is(got, cases[n].want), "%s: %.*s",
			  cases[n].what, (int)got.len, got.ptr);
		diff_case_release(&c);
	}
}

/* Many elements out of order: no operation costs more than a logarithm. */
Test(diff_json, many_moves)
{
	struct random r = {11};
	struct diff_case c;
	struct buf x, y;
	static uint32_t order[20000];

	buf_init(&x, 1 << 20);
	buf_init(&y, 1 << 20);
	for (uint32_t n = 0; n < 20000; n++)
		order[n] = n;
	for (uint32_t n = 0; n < 3000; n++) {
		uint32_t i = random_below(&r, 20000), was = order[i];
		uint32_t j = random_below(&r, 20000);

		order[i] = order[j];
		order[j] = was;
	}
	for (uint32_t n = 0; n < 20000; n++) {
		buf_printf(&x, "%c%u", n ? ',' : '[', n);
		buf_printf(&y, "%c%u", n ? ',' : '[', order[n]);
	}
	buf_add_char(&x, ']');
	buf_add_char(&y, ']');
	fill(&c, buf_slice(&x), buf_slice(&y), "patch");
	check_patch(&c, parse(&c.arena, buf_slice(&x)),
		    parse(&c.arena, buf_slice(&y)), "many moves");
	diff_case_release(&c);
	buf_release(&x);
	buf_release(&y);
}
