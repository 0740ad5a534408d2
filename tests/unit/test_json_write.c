/*
 * Writing of JSON: escapes, caps, numbers, commas.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "base/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *text, *want;
} strings[] = {
	{"", "\"\""},
	{"plain", "\"plain\""},
	{"\"\\/\b\f\n\r\t", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
	{"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
	{"\xc3\xa9\xf0\x9f\x8d\x92", "\"\xc3\xa9\xf0\x9f\x8d\x92\""},
	{"a\xff"
	 "b\xc3",
	 "\"a\xef\xbf\xbd"
	 "b\xef\xbf\xbd\""},
	{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	{"0123456789abcde\"0123456789abcdef\n",
	 "\"0123456789abcde\\\"0123456789abcdef\\n\""},
};

Test(json_write, strings)
{
	for (size_t i = 0; i < COUNT(strings); i++) {
		struct buf out;
		size_t want = strlen(strings[i].want);
		struct slice text = slice_text(strings[i].text);
		/* The cap is exact: it fits, or not by one byte. */
		buf_init(&out, want + 1);
		buf_add_char(&out, '>');
		cr_expect_eq(json_put_string(&out, text), 0, "case %zu", i);
		cr_expect_eq(out.len, want + 1, "case %zu", i);
		cr_expect_eq(memcmp(out.ptr + 1, strings[i].want, want), 0,
			     "case %zu: %.*s", i, (int)out.len, out.ptr);
		buf_release(&out);
		out.max = want;
		buf_add_char(&out, '>');
		cr_expect_eq(json_put_string(&out, text), -1, "case %zu", i);
		cr_expect(out.failed);
		cr_expect_eq(out.len, 1);
		buf_release(&out);
	}
}

/* Any bytes come out as JSON, and what was UTF-8 comes back the same. */
Test(json_write, any_bytes)
{
	uint64_t state = 12345;
	for (int round = 0; round < 20000; round++) {
		char bytes[64];
		struct buf out, back;
		struct json_span span;
		bool plain = round % 2;
		size_t len = (size_t)round % sizeof(bytes);
		for (size_t i = 0; i < len; i++) {
			state = state * 6364136223846793005u + 1;
			bytes[i] = (char)(state >> 56);
			if (plain)
				bytes[i] &= 0x7f;
		}
		buf_init(&out, 1000);
		buf_init(&back, 1000);
		cr_assert_eq(json_put_string(&out, slice_of(bytes, len)), 0);
		cr_assert_eq(json_check(buf_slice(&out), 0, &span, NULL), 0);
		cr_assert_eq(json_string_decode(&span, false, &back, NULL), 0);
		if (plain)
			cr_assert(slice_equal(buf_slice(&back),
					      slice_of(bytes, len)));
		buf_release(&out);
		buf_release(&back);
	}
}

static const struct {
	int64_t value;
	const char *text;
} integers[] = {
	{0, "0"},
	{7, "7"},
	{10, "10"},
	{99, "99"},
	{100, "100"},
	{-1, "-1"},
	{-12345, "-12345"},
	{INT64_MAX, "9223372036854775807"},
	{INT64_MIN, "-9223372036854775808"},
};

Test(json_write, numbers)
{
	struct buf out;
	buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(integers); i++) {
		buf_clear(&out);
		cr_expect_eq(json_put_int(&out, integers[i].value), 0);
		cr_expect(slice_is(buf_slice(&out), integers[i].text), "%s",
			  integers[i].text);
	}
	buf_clear(&out);
	json_put_double(&out, 0.1);
	cr_expect(slice_is(buf_slice(&out), "0.1"));
	cr_expect_eq(json_put_double(&out, NAN), -1);
	cr_expect(out.failed);
	buf_clear(&out);
	cr_expect_eq(json_put_double(&out, -INFINITY), -1);
	buf_release(&out);
}

Test(json_write, structure)
{
	struct buf out;
	buf_init(&out, 1000);
	buf_add_char(&out, '{');
	json_put_key(&out, "a");
	buf_add_char(&out, '[');
	for (int i = 0; i < 3; i++) {
		json_put_comma(&out);
		json_put_int(&out, i);
	}
	buf_add_char(&out, ']');
	json_put_key(&out, "b\"");
	json_put_comma(&out);
	json_put_string(&out, SLICE("{"));
	json_put_key(&out, "c");
	buf_add_text(&out, "null}");
	cr_expect(slice_is(buf_slice(&out), "{\"a\":[0,1,2],\"b\\\"\":\"{\","
					    "\"c\":null}"),
		  "%.*s", (int)out.len, out.ptr);
	buf_release(&out);
}
