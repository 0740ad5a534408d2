/*
 * diff for documents with markup.
 */
#include "task/task_diff.h"

int task_diff_html(const struct diff_call *diff, struct buf *result,
		   struct err *err)
{
	(void)diff;
	(void)result;
	return err_reason(err, ERR_UNSUPPORTED, "html",
			  "this build cannot compare html");
}

int task_diff_xml(const struct diff_call *diff, struct buf *result,
		  struct err *err)
{
	(void)diff;
	(void)result;
	return err_reason(err, ERR_UNSUPPORTED, "xml",
			  "this build cannot compare xml");
}
