/*
 * Buffers, slices and errors: contents, caps, sticking failure.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "cherry/buf.h"
#include "cherry/err.h"

Test(buf, grows_and_keeps)
{
	struct buf buf;
	buf_init(&buf, 1 << 20);
	for (int i = 0; i < 10000; i++)
		cr_assert_eq(buf_printf(&buf, "%d,", i), 0);
	cr_expect_eq(buf.len, 48890);
	cr_expect_eq(memcmp(buf.ptr, "0,1,2,3,", 8), 0);
	cr_expect_leq(buf.cap, 1 << 20);
	buf_drop(&buf, 48880);
	cr_expect(slice_is(buf_slice(&buf), "9998,9999,"));
	buf_drop(&buf, 99);
	cr_expect_eq(buf.len, 0);
	buf_release(&buf);
	cr_expect_null(buf.ptr);
}

Test(buf, cap_is_exact_and_failure_sticks)
{
	struct buf buf;
	buf_init(&buf, 1000);
	char bytes[1000];
	memset(bytes, 'x', sizeof(bytes));
	cr_expect_eq(buf_add(&buf, bytes, 999), 0);
	cr_expect_eq(buf_add_char(&buf, 'y'), 0);
	cr_expect_eq(buf.len, 1000);
	cr_expect_leq(buf.cap, 1000);
	cr_expect_eq(buf_add_char(&buf, 'z'), -1);
	cr_expect(buf.failed);
	cr_expect_eq(buf.len, 1000);
	cr_expect_eq(buf_add(&buf, "", 0), -1);
	cr_expect_null(buf_detach(&buf));
	buf_clear(&buf);
	cr_expect_not(buf.failed);
	cr_expect_eq(buf_reserve(&buf, SIZE_MAX), -1);
	buf_clear(&buf);
	cr_expect_eq(buf_printf(&buf, "%999s", "a"), 0);
	cr_expect_eq(buf_printf(&buf, "%s", "bc"), -1);
	cr_expect_eq(buf.len, 999);
	buf_release(&buf);
}

Test(buf, cap_of_nothing)
{
	struct buf buf;
	buf_init(&buf, 0);
	cr_expect_eq(buf_add(&buf, NULL, 0), 0);
	cr_expect_eq(buf_add_text(&buf, ""), 0);
	cr_expect_eq(buf_add_text(&buf, "a"), -1);
	buf_release(&buf);
}

Test(buf, detach_gives_text)
{
	struct buf buf;
	buf_init(&buf, 5);
	char *text = buf_detach(&buf);
	cr_expect_str_eq(text, "");
	free(text);
	buf_add_text(&buf, "12345");
	text = buf_detach(&buf);
	cr_expect_str_eq(text, "12345");
	cr_expect_eq(buf.len, 0);
	cr_expect_null(buf.ptr);
	free(text);
}

Test(slice, compares)
{
	cr_expect(slice_equal(slice_text(NULL), SLICE("")));
	cr_expect(slice_is(SLICE("ab"), "ab"));
	cr_expect_not(slice_is(SLICE("ab"), "abc"));
	cr_expect(slice_starts(SLICE("abc"), SLICE("ab")));
	cr_expect(slice_starts(SLICE("abc"), slice_text(NULL)));
	cr_expect_not(slice_starts(SLICE("a"), SLICE("ab")));
}

Test(err, names_go_both_ways)
{
	for (int code = 1; code < ERR_CODE_COUNT; code++) {
		const char *name = err_code_name((enum err_code)code);
		cr_expect_neq(name[0], '\0');
		cr_expect_eq(err_code_find(slice_text(name)),
			     (enum err_code)code, "%s", name);
	}
	cr_expect_str_eq(err_code_name(ERR_NONE), "");
	cr_expect_str_eq(err_code_name(ERR_UNKNOWN_TASK), "unknown_task");
	cr_expect_eq(err_code_find(SLICE("")), ERR_NONE);
	cr_expect_eq(err_code_find(SLICE("limits")), ERR_NONE);
}

Test(err, setters_fill_and_clear)
{
	struct err err = ERR_INIT;
	cr_expect_eq(err_limit(&err, "depth", 513, "too %s", "deep"), -1);
	cr_expect_eq(err_at(&err, 7), -1);
	cr_expect_eq(err.code, ERR_LIMIT);
	cr_expect_str_eq(err.limit, "depth");
	cr_expect_eq(err.value, 513);
	cr_expect_eq(err.offset, 7);
	cr_expect_str_eq(err.message, "too deep");

	/* The arguments may be parts of the error itself. */
	err_field(&err, ERR_BAD_ARGS, "args.x", "was: %s", err.message);
	cr_expect_str_eq(err.message, "was: too deep");
	cr_expect_str_eq(err.field, "args.x");
	cr_expect_str_eq(err.limit, "");
	cr_expect_eq(err.value, 0);
	cr_expect_eq(err.offset, -1);
	err_reason(&err, ERR_BAD_INPUT, "truncated", "%s: cut", err.field);
	cr_expect_str_eq(err.message, "args.x: cut");
	cr_expect_str_eq(err.reason, "truncated");
	cr_expect_str_eq(err.field, "");
	cr_expect_eq(err_set(NULL, ERR_LIMIT, "lost"), -1);
	cr_expect_eq(err_at(NULL, 1), -1);
}

Test(err, messages_are_clean)
{
	struct err err;
	char text[700];

	err_set(&err, ERR_FAILED, "a\nb\x1b[m\xff\xc3\xa9");
	cr_expect_str_eq(err.message, "a?b?[m?\xc3\xa9");
	/* Cut inside a character: none of it is left. */
	for (size_t lead = 0; lead < 4; lead++) {
		memset(text, 'x', lead);
		for (size_t i = lead; i + 4 < sizeof(text); i += 4)
			memcpy(text + i, "\xf0\x9f\x8d\x92", 5);
		err_set(&err, ERR_FAILED, "%s", text);
		size_t len = strlen(err.message);
		cr_expect_eq((len - lead) % 4, 0, "lead %zu: %zu", lead, len);
		cr_expect_geq(len, 508);
		cr_expect_null(strchr(err.message, '?'));
	}
}

Test(err, quotes)
{
	static const struct {
		const char *text;
		size_t max;
		const char *want;
	} cases[] = {
		{"", 5, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "abc..."},
		{"a\tb\xff", 9, "a?b?"},
		{"\xc3\xa9\xc3\xa9", 3, "\xc3\xa9..."},
		{"\xc2\x85", 5, "?"},
		{"abc", 0, "..."},
	};
	char out[32];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_str_eq(
			err_quote(out, cases[i].max, slice_text(cases[i].text)),
			cases[i].want, "case %zu: %s", i, out);
}
