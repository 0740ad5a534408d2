/*
 * A case of the oracle for html, compared.
 */
#ifndef TESTS_DIFF_HTML_CASE_H
#define TESTS_DIFF_HTML_CASE_H

#include <criterion/criterion.h>

#include "diff/diff_html.h"
#include "diff_case.h"

/* The caller releases what comes back; a failure fails the test. */
static inline struct diff_markup diff_html_case(
	const struct json_node *item, struct diff_markup_options options)
{
	struct slice name = node_text(item, "name");
	struct err err = ERR_INIT;
	struct diff_markup out;
	int r;

	diff_markup_init(&out, CASE_MEMORY);
	r = diff_html(node_text(item, "old"), node_text(item, "new"), &options,
		      &out, &err);
	cr_assert_eq(r, 0, "%.*s: %s", (int)name.len, name.ptr, err.message);
	return out;
}

#endif
