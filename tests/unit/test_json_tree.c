/*
 * JSON as a tree: shape, names given twice, memory; the JSONTestSuite.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- Tree ----------------------------------------------------------------- */

Test(json_tree, tree)
{
	struct arena arena;
	struct err err = ERR_INIT;
	arena_init(&arena, 1 << 20);
	struct json_node *root = json_parse(
		&arena,
		SLICE(" {\"n\":1.50,\"s\":\"x\\u00e9\",\"l\":[1,[],{\"k\":null}"
		      "],"
		      "\"b\":true,\"\\ud800\":\"\\udc00\",\"t\":\"plain\"} "),
		8, true, &err);
	cr_assert_not_null(root, "%s", err.message);
	cr_expect_eq(root->type, JSON_OBJECT);
	cr_expect_eq(root->count, 6);
	cr_expect_null(root->next);
	cr_expect_null(root->key.ptr);
	cr_expect(slice_is(json_get(root, "n")->text, "1.50"));
	cr_expect(slice_is(json_get(root, "s")->text, "x\xc3\xa9"));
	cr_expect(slice_is(json_get(root, "t")->text, "plain"));
	cr_expect_not(json_get(root, "s")->surrogates);
	struct json_node *list = json_get(root, "l");
	cr_expect_eq(list->count, 3);
	cr_expect(slice_is(list->raw, "[1,[],{\"k\":null}]"));
	cr_expect_eq(list->child->type, JSON_NUMBER);
	cr_expect_null(list->child->key.ptr);
	cr_expect_eq(list->child->next->type, JSON_ARRAY);
	cr_expect_null(list->child->next->child);
	cr_expect_eq(json_get(list->child->next->next, "k")->type, JSON_NULL);
	cr_expect_null(list->child->next->next->next);
	struct json_node *odd = json_get(root, "\xed\xa0\x80");
	cr_assert_not_null(odd);
	cr_expect(odd->surrogates);
	cr_expect(slice_is(odd->text, "\xed\xb0\x80"));
	cr_expect_null(json_get(root, "x"));
	cr_expect_null(json_get(list, "x"));
	arena_release(&arena);
}

Test(json_tree, tree_of_a_scalar)
{
	struct arena arena;
	arena_init(&arena, 1 << 20);
	struct json_node *root =
		json_parse(&arena, SLICE(" 12 "), 0, true, NULL);
	cr_assert_not_null(root);
	cr_expect(slice_is(root->text, "12"));
	cr_expect_null(json_parse(&arena, SLICE("[1"), 5, false, NULL));
	cr_expect_null(json_parse(&arena, SLICE("[]"), 0, false, NULL));
	arena_release(&arena);
}

/* Objects of n members, of which the last has the name of the one at `twin`. */
static void check_twins(int n, int twin)
{
	struct arena arena;
	struct buf text;
	struct err err = ERR_INIT;
	size_t place = 0;

	arena_init(&arena, 256 << 20);
	buf_init(&text, 16 << 20);
	buf_add_text(&text, "[{ ");
	for (int i = 0; i < n; i++) {
		int name = i == n - 1 && twin >= 0 ? twin : i;
		buf_add_text(&text, i ? " , " : "");
		place = text.len;
		/* Written in two ways, it is still the same name. */
		buf_printf(&text, i % 2 ? "\"k%d\" :{}" : "\"\\u006b%d\": 1",
			   name);
	}
	buf_add_text(&text, "}]");
	cr_assert_not_null(
		json_parse(&arena, buf_slice(&text), 8, false, &err));
	struct json_node *root =
		json_parse(&arena, buf_slice(&text), 8, true, &err);
	if (twin < 0) {
		cr_assert_not_null(root, "%d members: %s", n, err.message);
	} else {
		cr_assert_null(root, "%d members, twin %d", n, twin);
		cr_assert_str_eq(err.reason, "duplicate");
		cr_assert_eq(err.offset, (int64_t)place, "%d members, twin %d",
			     n, twin);
	}
	buf_release(&text);
	arena_release(&arena);
}

Test(json_tree, names_given_twice)
{
	static const int sizes[] = {2, 3, 10, 16, 17, 18, 40, 1000};
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (int twin = -1; twin < sizes[i] - 1; twin++)
			if (sizes[i] < 100 || twin < 3)
				check_twins(sizes[i], twin);
}

/* Compared each with each, these would take minutes. */
Test(json_tree, many_names, .timeout = 30)
{
	check_twins(300000, -1);
	check_twins(300000, 299998);
}

Test(json_tree, memory_is_capped)
{
	struct arena arena;
	struct err err = ERR_INIT;
	struct buf text;
	buf_init(&text, 1 << 22);
	buf_add_char(&text, '[');
	for (int i = 0; i < 100000; i++)
		buf_add_text(&text, i ? ",0" : "0");
	buf_add_char(&text, ']');
	arena_init(&arena, 1 << 20);
	cr_expect_null(json_parse(&arena, buf_slice(&text), 8, true, &err));
	cr_expect_eq(err.code, ERR_LIMIT);
	cr_expect_str_eq(err.limit, "memory");
	arena_release(&arena);
	buf_release(&text);
}

/* --- JSONTestSuite -------------------------------------------------------- */

static char *read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	cr_assert_not_null(file, "%s", path);
	char *bytes = malloc(1 << 20);
	*len = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	return bytes;
}

/* A case's input: base64, or parts of base64 that are repeated. */
static void read_input(const struct json_node *node, struct buf *input)
{
	struct json_node *whole = json_get(node, "input_b64");
	struct json_node *parts = json_get(node, "input_parts");
	if (whole)
		cr_assert_eq(base64_decode(input, whole->text, NULL), 0);
	for (node = parts ? parts->child : NULL; node; node = node->next) {
		int64_t count = 0;
		json_number_int64(json_get(node, "repeat")->text, &count);
		while (count-- > 0)
			base64_decode(input, json_get(node, "b64")->text, NULL);
	}
}

Test(json_tree, test_suite)
{
	struct arena arena, scratch;
	struct err err = ERR_INIT;
	size_t len;
	size_t met[2] = {0};
	const char *path = "tests/oracle/serialize/jsontestsuite.json";
	char *bytes = read_file(path, &len);
	arena_init(&arena, 64 << 20);
	arena_init(&scratch, 64 << 20);
	struct json_node *all =
		json_parse(&arena, slice_of(bytes, len), 1000, true, &err);
	cr_assert_not_null(all, "%s", err.message);
	for (struct json_node *node = all->child; node; node = node->next) {
		struct buf input;
		struct json_node *expect = json_get(node, "expect");
		struct slice name = json_get(node, "name")->text;
		buf_init(&input, 1 << 20);
		read_input(node, &input);
		bool read = json_parse(&scratch, buf_slice(&input), 1000, false,
				       &err);
		if (expect->type != JSON_STRING) {
			bool bad = json_get(expect, "error");
			cr_expect_eq(read, !bad, "%.*s", (int)name.len,
				     name.ptr);
			met[bad]++;
		}
		arena_clear(&scratch);
		buf_release(&input);
	}
	cr_expect_eq(met[1], 188, "%zu bad ones", met[1]);
	cr_expect_eq(met[0], 95, "%zu good ones", met[0]);
	arena_release(&scratch);
	arena_release(&arena);
	free(bytes);
}
