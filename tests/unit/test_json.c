/*
 * Reading of JSON: what is accepted and what is said of the rest, members,
 * strings. Everything is read from memory that ends where the text ends, so
 * that a sanitizer sees a step too far.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- What is wrong, and where --------------------------------------------- */

static const struct {
	const char *text;
	const char *reason; /* NULL: it is right */
	int offset;
} cases[] = {
	{"null", NULL, 0},
	{" \t\r\n[ ] ", NULL, 0},
	{"{}", NULL, 0},
	{"{\"a\":1,\"b\":[true,false,null]}", NULL, 0},
	{"\"\\u00e9\\\"\\\\\\/\\b\\f\\n\\r\\t\"", NULL, 0},
	{"\"\xc3\xa9\xf0\x9f\x8d\x92\"", NULL, 0},
	{"\"\x7f\"", NULL, 0},
	{"-0", NULL, 0},
	{"1.5e+10", NULL, 0},
	{"1E-2", NULL, 0},
	{"123456789012345678901234567890", NULL, 0},
	{"\"\\ud800\"", NULL, 0},
	{"", "truncated", 0},
	{"  ", "truncated", 2},
	{"[", "truncated", 1},
	{"[1", "truncated", 2},
	{"[1,", "truncated", 3},
	{"{\"a\"", "truncated", 4},
	{"{\"a\":", "truncated", 5},
	{"{\"a\":1", "truncated", 6},
	{"{\"a\":1,", "truncated", 7},
	{"\"abc", "truncated", 4},
	{"\"abc\\", "truncated", 5},
	{"\"\\u00", "truncated", 5},
	{"tru", "truncated", 3},
	{"-", "truncated", 1},
	{"1.", "truncated", 2},
	{"1e", "truncated", 2},
	{"1e+", "truncated", 3},
	{"\"\xf0\x9f\x8d", "truncated", 4},
	{"[1] 2", "trailing", 4},
	{"1 1", "trailing", 2},
	{"truex", "trailing", 4},
	{"{}}", "trailing", 2},
	{"[1}", "syntax", 2},
	{"{\"a\":1]", "syntax", 6},
	{"[1,]", "syntax", 3},
	{"[,1]", "syntax", 1},
	{"{,}", "syntax", 1},
	{"{\"a\":1,}", "syntax", 7},
	{"{a:1}", "syntax", 1},
	{"{1:1}", "syntax", 1},
	{"{\"a\" 1}", "syntax", 5},
	{"{\"a\":}", "syntax", 5},
	{"[01]", "syntax", 1},
	{"[-01]", "syntax", 2},
	{"[+1]", "syntax", 1},
	{"[.5]", "syntax", 1},
	{"[1.]", "syntax", 3},
	{"[1e]", "syntax", 3},
	{"[0x10]", "syntax", 2},
	{"[NaN]", "syntax", 1},
	{"[-Infinity]", "syntax", 2},
	{"[tree]", "syntax", 3},
	{"['a']", "syntax", 1},
	{"\"a\nb\"", "syntax", 2},
	{"\"\\x\"", "syntax", 2},
	{"\"\\u12g4\"", "syntax", 5},
	{"[1 2]", "syntax", 3},
	{"\xef\xbb\xbf[]", "syntax", 0},
	{"/**/1", "syntax", 0},
	{"\"a\xff\"", "encoding", 2},
	{"\"\xc0\x80\"", "encoding", 1},
	{"\"\xed\xa0\x80\"", "encoding", 1},
	{"\"\xf0\x9f\x8d\"", "encoding", 1},
	{"{\"\x80\":1}", "encoding", 2},
	{"[[[[[[[[[1]]]]]]]]]", "depth", 8},
	{"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":[]}}}}}}}}",
	 "depth", 40},
	{"[[[[[[[[1]]]]]]]]", NULL, 0},
};

static int check(struct slice text, struct err *err)
{
	struct json_span span;
	char *copy = malloc(text.len ? text.len : 1);
	memcpy(copy, text.ptr, text.len);
	int r = json_check(slice_of(copy, text.len), 8, &span, err);
	free(copy);
	return r;
}

Test(json, faults)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		struct slice text = slice_text(cases[i].text);
		int r = check(text, &err);
		if (!cases[i].reason) {
			cr_expect_eq(r, 0, "%s: %s", text.ptr, err.message);
			continue;
		}
		cr_expect_eq(r, -1, "%s", text.ptr);
		cr_expect_str_eq(err.reason, cases[i].reason, "%s: %s",
				 text.ptr, err.message);
		cr_expect_eq(err.offset, cases[i].offset, "%s: %d", text.ptr,
			     (int)err.offset);
		bool depth = !strcmp(err.reason, "depth");
		cr_expect_eq(err.code, depth ? ERR_LIMIT : ERR_BAD_INPUT);
		cr_expect_str_eq(err.limit, depth ? "depth" : "");
	}
}

/* A string of every length up to some steps of the scan, with each kind of
 * special byte at every place. */
Test(json, strings_of_all_lengths)
{
	static const struct {
		const char *part;
		const char *reason;
	} parts[] = {{"x", NULL},	   {"\\n", NULL},
		     {"\xc3\xa9", NULL},   {"\x01", "syntax"},
		     {"\xff", "encoding"}, {"\\q", "syntax"}};
	for (size_t len = 0; len < 50; len++)
		for (size_t at = 0; at <= len; at++)
			for (size_t i = 0; i < COUNT(parts); i++) {
				char text[80];
				struct err err = ERR_INIT;
				size_t n = strlen(parts[i].part);
				text[0] = '"';
				memset(text + 1, 'a', len + n);
				memcpy(text + 1 + at, parts[i].part, n);
				text[1 + len + n] = '"';
				int r = check(slice_of(text, len + n + 2),
					      &err);
				cr_assert_eq(r, parts[i].reason ? -1 : 0);
				if (r)
					cr_assert_str_eq(err.reason,
							 parts[i].reason);
			}
}

Test(json, span_says_where)
{
	struct json_span span;
	struct slice text = SLICE("  {\"a\": [1, 2]} \n");
	cr_assert_eq(json_check(text, 2, &span, NULL), 0);
	cr_expect_eq(span.type, JSON_OBJECT);
	cr_expect(slice_is(span.raw, "{\"a\": [1, 2]}"));
	cr_assert_eq(json_check(SLICE(" \"a\\n\""), 0, &span, NULL), 0);
	cr_expect_eq(span.type, JSON_STRING);
	cr_expect(span.escaped);
	cr_expect(slice_is(span.raw, "\"a\\n\""));
}

/* --- Deep ----------------------------------------------------------------- */

static char *nested(const char *open, const char *leaf, char close, size_t n)
{
	size_t width = strlen(open);
	size_t size = n * (width + 1) + strlen(leaf);
	char *text = malloc(size + 1);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * width, open, width);
	strcpy(text + n * width, leaf);
	memset(text + n * width + strlen(leaf), close, n);
	text[size] = '\0';
	return text;
}

Test(json, deep)
{
	struct arena arena;
	struct json_span span;
	struct err err = ERR_INIT;
	static const struct {
		const char *open, *leaf;
		char close;
	} kinds[] = {{"[", "", ']'}, {"{\"a\":", "1", '}'}};

	arena_init(&arena, 1 << 26);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		char *text = nested(kinds[i].open, kinds[i].leaf,
				    kinds[i].close, JSON_DEPTH_MAX);
		struct slice slice = slice_text(text);
		cr_expect_eq(json_check(slice, SIZE_MAX, &span, &err), 0);
		cr_expect_eq(json_check(slice, JSON_DEPTH_MAX - 1, &span, &err),
			     -1);
		cr_expect_not_null(
			json_parse(&arena, slice, JSON_DEPTH_MAX, true, &err));
		free(text);
		text = nested(kinds[i].open, kinds[i].leaf, kinds[i].close,
			      100000);
		cr_expect_eq(
			json_check(slice_text(text), SIZE_MAX, &span, &err),
			-1);
		cr_expect_str_eq(err.limit, "depth");
		free(text);
	}
	arena_release(&arena);
}

/* --- Members -------------------------------------------------------------- */

Test(json, members)
{
	struct json_members it;
	struct json_member m;
	struct err err = ERR_INIT;
	struct slice text =
		SLICE(" {\"id\" : 12345678901234567890123 , "
		      "\"a\\u0062\":{\"x\":[1,{}]},\"\":\"v\\n\"} ");

	cr_assert_eq(json_members_init(&it, text, 8, &err), 0);
	cr_assert_eq(json_members_next(&it, &m, &err), 1);
	cr_expect(slice_is(m.key, "id"));
	cr_expect(slice_is(m.value.raw, "12345678901234567890123"));
	cr_expect_eq(m.value.type, JSON_NUMBER);
	cr_assert_eq(json_members_next(&it, &m, &err), 1);
	cr_expect(slice_is(m.key, "a\\u0062"));
	cr_expect(m.key_escaped);
	cr_expect(slice_is(m.value.raw, "{\"x\":[1,{}]}"));
	cr_expect_eq(m.value.type, JSON_OBJECT);
	cr_assert_eq(json_members_next(&it, &m, &err), 1);
	cr_expect(slice_is(m.key, ""));
	cr_expect_not(m.key_escaped);
	cr_expect(m.value.escaped);
	cr_expect_eq(json_members_next(&it, &m, &err), 0);
	cr_expect_eq(json_members_next(&it, &m, &err), 0);
}

static const struct {
	const char *text;
	int count; /* members before the fault; -1: none begins */
	const char *reason;
} member_faults[] = {
	{"", -1, "truncated"},		 {"[1]", -1, "syntax"},
	{"[1", -1, "truncated"},	 {"7", -1, "syntax"},
	{"{", 0, "truncated"},		 {"{\"a\":1", 1, "truncated"},
	{"{\"a\":1}x", 1, "trailing"},	 {"{\"a\":1,}", 1, "syntax"},
	{"{\"a\":[1,2}", 0, "syntax"},	 {"{\"a\":[[[[]]]]}", 0, "depth"},
	{"{} {}", 0, "trailing"},	 {"{\"a\":1]", 1, "syntax"},
	{"{\"\xff\":1}", 0, "encoding"},
};

Test(json, members_of_bad_text)
{
	for (size_t i = 0; i < COUNT(member_faults); i++) {
		struct json_members it;
		struct json_member m;
		struct err err = ERR_INIT;
		struct slice text = slice_text(member_faults[i].text);
		int count = -1;
		if (json_members_init(&it, text, 4, &err) == 0)
			do
				count++;
			while (json_members_next(&it, &m, &err) > 0);
		cr_expect_eq(count, member_faults[i].count, "%s: %d", text.ptr,
			     count);
		cr_expect_str_eq(err.reason, member_faults[i].reason, "%s: %s",
				 text.ptr, err.message);
	}
}

/* --- Strings -------------------------------------------------------------- */

static const struct {
	const char *text, *want;
	bool lone;
} strings[] = {
	{"\"\"", "", false},
	{"\"plain\"", "plain", false},
	{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", false},
	{"\"a\\u0041\\u00e9\\u20ac\"", "aA\xc3\xa9\xe2\x82\xac", false},
	{"\"\\uD83C\\uDF52\"", "\xf0\x9f\x8d\x92", false},
	{"\"\\ud83c\"", "\xed\xa0\xbc", true},
	{"\"\\udf52x\"", "\xed\xbd\x92x", true},
	{"\"\\ud83c\\ud83c\\udf52\"", "\xed\xa0\xbc\xf0\x9f\x8d\x92", true},
	{"\"\\ud83cx\\udf52\"", "\xed\xa0\xbcx\xed\xbd\x92", true},
	{"\"\\ud83c\\n\"", "\xed\xa0\xbc\n", true},
	{"\"\\uFFFF\\uffff\"", "\xef\xbf\xbf\xef\xbf\xbf", false},
	{"\"0123456789abcdef0123456789abcdef\\n0123456789abcdefghi\"",
	 "0123456789abcdef0123456789abcdef\n0123456789abcdefghi", false},
};

Test(json, strings_decode)
{
	for (size_t i = 0; i < COUNT(strings); i++) {
		struct json_span span;
		struct err err = ERR_INIT;
		struct buf out;
		size_t want = strlen(strings[i].want);
		/* The cap is what it becomes, not what it was. */
		buf_init(&out, want + 1);
		buf_add_char(&out, '>');
		cr_assert_eq(
			json_check(slice_text(strings[i].text), 1, &span, &err),
			0);
		cr_expect_eq(json_string_decode(&span, true, &out, &err), 0);
		cr_expect_eq(out.len, want + 1, "case %zu", i);
		cr_expect_eq(memcmp(out.ptr + 1, strings[i].want, want), 0,
			     "case %zu", i);
		out.len = 1;
		int r = json_string_decode(&span, false, &out, &err);
		cr_expect_eq(r, strings[i].lone ? -1 : 0, "case %zu", i);
		if (r) {
			cr_expect_str_eq(err.reason, "encoding");
			cr_expect_eq(out.len, 1);
		}
		if (want) {
			out.max = out.len = want;
			cr_expect_eq(
				json_string_decode(&span, true, &out, &err),
				-1);
			cr_expect(out.failed);
			cr_expect_eq(err.code, ERR_LIMIT);
		}
		buf_release(&out);
	}
}

Test(json, nul_in_a_string)
{
	struct json_span span;
	struct buf out;
	buf_init(&out, 10);
	cr_assert_eq(json_check(SLICE("\"a\\u0000b\""), 1, &span, NULL), 0);
	cr_assert_eq(json_string_decode(&span, false, &out, NULL), 0);
	cr_expect(slice_equal(buf_slice(&out), SLICE("a\0b")));
	buf_release(&out);
}

static const struct {
	const char *text;
	int result;
	int64_t value;
} integers[] = {
	{"0", 0, 0},
	{"-0", 0, 0},
	{"-17", 0, -17},
	{"9223372036854775807", 0, INT64_MAX},
	{"-9223372036854775808", 0, INT64_MIN},
	{"9223372036854775808", -1, 0},
	{"1.0", -1, 0},
	{"1e2", -1, 0},
};

Test(json, integers)
{
	for (size_t i = 0; i < COUNT(integers); i++) {
		int64_t value = 0;
		struct slice text = slice_text(integers[i].text);
		cr_expect_eq(json_number_int64(text, &value),
			     integers[i].result, "%s", text.ptr);
		cr_expect_eq(value, integers[i].value, "%s", text.ptr);
	}
	cr_expect_eq(json_number_double(SLICE("-1.5e3")), -1500.0);
}
