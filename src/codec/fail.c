/*
 * Errors of the codecs: what the macros of the header need.
 */
#include "codec/fail.h"

#include <stdio.h>

void fail_set_class(struct err *err, const char *reason)
{
	if (err)
		snprintf(err->reason, sizeof(err->reason), "%s", reason);
}

void fail_set_depth(struct err *err, size_t max_depth)
{
	err_limit(err, "depth", (int64_t)max_depth + 1,
		  "the value nests more than %zu deep", max_depth);
	fail_set_class(err, "depth");
}

void fail_set_output(struct err *err, const struct buf *out)
{
	err_limit(err, "output", (int64_t)out->len,
		  "the output passes %zu bytes", out->max);
	fail_set_class(err, "size");
}
