/*
 * UTF-8, base64, and the numbers of configuration.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- UTF-8 ---------------------------------------------------------------- */

static const struct {
	const char *text;
	size_t bad; /* offset of the fault, or SIZE_MAX */
} utf8_cases[] = {
	{"", SIZE_MAX},
	{"plain", SIZE_MAX},
	{"\xc2\x80\xdf\xbf", SIZE_MAX},
	{"\xe0\xa0\x80\xef\xbf\xbf", SIZE_MAX},
	{"\xed\x9f\xbf\xee\x80\x80", SIZE_MAX},
	{"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", SIZE_MAX},
	{"a\x80", 1},
	{"\xc0\x80", 0},
	{"\xc1\xbf", 0},
	{"ab\xc2", 2},
	{"\xc2x", 0},
	{"\xe0\x9f\xbf", 0},
	{"\xed\xa0\x80", 0},
	{"\xed\xbf\xbf", 0},
	{"\xe2\x82", 0},
	{"\xf0\x8f\xbf\xbf", 0},
	{"\xf4\x90\x80\x80", 0},
	{"\xf5\x80\x80\x80", 0},
	{"\xf0\x9f\x8d", 0},
	{"\xff", 0},
};

/* At every place in a text that is longer than a step of the scan. */
Test(utf8, faults_are_found_everywhere)
{
	for (size_t i = 0; i < COUNT(utf8_cases); i++) {
		struct slice text = slice_text(utf8_cases[i].text);
		for (size_t lead = 0; lead < 40; lead++) {
			/* On the heap, for the sanitizer to see the end. */
			size_t len = lead + text.len;
			char *copy = malloc(len + 1);
			memset(copy, 'x', lead);
			memcpy(copy + lead, text.ptr, text.len);
			copy = realloc(copy, len ? len : 1);
			size_t want = utf8_cases[i].bad == SIZE_MAX
					      ? len
					      : lead + utf8_cases[i].bad;
			cr_expect_eq(utf8_check(slice_of(copy, len)), want,
				     "case %zu after %zu", i, lead);
			free(copy);
		}
	}
	cr_expect_eq(utf8_check(slice_text(NULL)), 0);
}

Test(utf8, every_character_there_and_back)
{
	for (uint32_t code = 0; code < 0x110000; code++) {
		char bytes[4];
		size_t len = utf8_put(bytes, code);
		size_t pos = 0;
		struct slice text = slice_of(bytes, len);
		int32_t got = utf8_next(text, &pos);
		if (code >= 0xd800 && code < 0xe000) {
			cr_assert_eq(got, -1);
			cr_assert_eq(pos, 1);
			cr_assert_eq(utf8_check(text), 0);
		} else {
			cr_assert_eq((uint32_t)got, code);
			cr_assert_eq(pos, len);
			cr_assert_eq(utf8_check(text), len);
		}
	}
}

/* --- base64 --------------------------------------------------------------- */

static const struct {
	const char *bytes, *text;
} base64_cases[] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
	{"\xff\xff\xfe\xfb\xef", "///+++8="},
};

Test(base64, vectors)
{
	for (size_t i = 0; i < COUNT(base64_cases); i++) {
		struct slice bytes = slice_text(base64_cases[i].bytes);
		struct slice text = slice_text(base64_cases[i].text);
		struct buf out;
		buf_init(&out, text.len);
		cr_expect_eq(base64_encode(&out, bytes), 0);
		cr_expect(slice_equal(buf_slice(&out), text), "case %zu", i);
		buf_release(&out);
		buf_init(&out, bytes.len);
		cr_expect_eq(base64_decode(&out, text, NULL), 0);
		cr_expect(slice_equal(buf_slice(&out), bytes), "case %zu", i);
		buf_clear(&out);
		while (text.len && text.ptr[text.len - 1] == '=')
			text.len--;
		cr_expect_eq(base64_decode(&out, text, NULL), 0);
		cr_expect(slice_equal(buf_slice(&out), bytes), "case %zu", i);
		buf_release(&out);
	}
}

static const struct {
	const char *text;
	size_t offset;
} base64_faults[] = {
	{"A", 0},
	{"AAAAA", 4},
	{"AB==", 1},
	{"AAB=", 2},
	{"AAB", 2},
	{"A===", 1},
	{"====", 0},
	{"AA=A", 2},
	{"AAAA====", 4},
	{"AA A", 2},
	{"AAA\n", 3},
	{"AA-A", 2},
	{"AA_A", 2},
	{"AAAAA=", 5},
	{"AA=", 2},
	{"\x80"
	 "AAA",
	 0},
	{"AAAAAAAA*AAA", 8},
	{"AAAAAAA\xff", 7},
	{"AAAAA~==", 5},
};

Test(base64, faults)
{
	for (size_t i = 0; i < COUNT(base64_faults); i++) {
		struct buf out;
		size_t offset = 999;
		buf_init(&out, 100);
		cr_expect_eq(base64_decode(&out,
					   slice_text(base64_faults[i].text),
					   &offset),
			     -1, "%s", base64_faults[i].text);
		cr_expect_eq(offset, base64_faults[i].offset, "%s: %zu",
			     base64_faults[i].text, offset);
		cr_expect_not(out.failed);
		cr_expect_eq(out.len, 0);
		buf_release(&out);
	}
}

Test(base64, round_trips_and_caps)
{
	unsigned char bytes[300];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 151 + 7);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		struct buf text, back;
		buf_init(&text, (len + 2) / 3 * 4 + 1);
		buf_init(&back, len);
		buf_add_char(&text, '>');
		cr_assert_eq(base64_encode(&text, slice_of(bytes, len)), 0);
		cr_assert_eq(text.len, (len + 2) / 3 * 4 + 1);
		struct slice coded = slice_of(text.ptr + 1, text.len - 1);
		cr_assert_eq(base64_decode(&back, coded, NULL), 0);
		cr_assert(slice_equal(buf_slice(&back), slice_of(bytes, len)));
		if (len) {
			back.max = len - 1;
			buf_release(&back);
			cr_assert_eq(base64_decode(&back, coded, NULL), -1);
			cr_assert(back.failed);
			cr_assert_eq(base64_encode(&text, slice_of(bytes, len)),
				     -1);
			cr_assert(text.failed);
		}
		buf_release(&text);
		buf_release(&back);
	}
}

/* --- Numbers -------------------------------------------------------------- */

static const struct {
	const char *text;
	int result;
	int64_t value;
} int_cases[] = {
	{"0", 0, 0},
	{"-0", 0, 0},
	{"42", 0, 42},
	{"007", 0, 7},
	{"9223372036854775807", 0, INT64_MAX},
	{"-9223372036854775808", 0, INT64_MIN},
	{"9223372036854775808", -1, 0},
	{"-9223372036854775809", -1, 0},
	{"18446744073709551616", -1, 0},
	{"99999999999999999999999", -1, 0},
	{"", -1, 0},
	{"-", -1, 0},
	{"+1", -1, 0},
	{" 1", -1, 0},
	{"1 ", -1, 0},
	{"1.0", -1, 0},
	{"0x10", -1, 0},
};

Test(text, int64)
{
	for (size_t i = 0; i < COUNT(int_cases); i++) {
		int64_t value = 0;
		struct slice text = slice_text(int_cases[i].text);
		cr_expect_eq(text_int64(text, &value), int_cases[i].result,
			     "%s", int_cases[i].text);
		cr_expect_eq(value, int_cases[i].value, "%s",
			     int_cases[i].text);
	}
}

static const struct {
	const char *text;
	int result;
	uint64_t value;
} size_cases[] = {
	{"0", 0, 0},
	{"100", 0, 100},
	{"64k", 0, 65536},
	{"64K", 0, 65536},
	{"16M", 0, 16777216},
	{"2G", 0, 2147483648},
	{"1T", 0, 1099511627776},
	{"18446744073709551615", 0, UINT64_MAX},
	{"18014398509481983k", 0, UINT64_MAX - 1023},
	{"18014398509481984k", -1, 0},
	{"", -1, 0},
	{"M", -1, 0},
	{"-1", -1, 0},
	{"1.5M", -1, 0},
	{"16MB", -1, 0},
	{"16 M", -1, 0},
	{"16x", -1, 0},
};

Test(text, size)
{
	for (size_t i = 0; i < COUNT(size_cases); i++) {
		uint64_t value = 0;
		struct slice text = slice_text(size_cases[i].text);
		cr_expect_eq(text_size(text, &value), size_cases[i].result,
			     "%s", size_cases[i].text);
		cr_expect_eq(value, size_cases[i].value, "%s",
			     size_cases[i].text);
	}
}

static const struct {
	const char *text;
	int result;
	double value;
} duration_cases[] = {
	{"2s", 0, 2},	   {"1.5s", 0, 1.5},  {"10m", 0, 600}, {"1h", 0, 3600},
	{"250ms", 0, .25}, {"3d", 0, 259200}, {"30", 0, 30},   {"0.25", 0, .25},
	{"0", 0, 0},	   {"", -1, 0},	      {"s", -1, 0},    {"-1s", -1, 0},
	{"1.s", -1, 0},	   {".5s", -1, 0},    {"1e3", -1, 0},  {"1 s", -1, 0},
	{"1w", -1, 0},	   {"1,5s", -1, 0},   {"inf", -1, 0},  {"1S", -1, 0},
};

Test(text, duration)
{
	for (size_t i = 0; i < COUNT(duration_cases); i++) {
		double value = 0;
		struct slice text = slice_text(duration_cases[i].text);
		cr_expect_eq(text_duration(text, &value),
			     duration_cases[i].result, "%s",
			     duration_cases[i].text);
		cr_expect_float_eq(value, duration_cases[i].value, 1e-12, "%s",
				   duration_cases[i].text);
	}
}
