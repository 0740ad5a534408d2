#include "diff/diff_html_merge.h"
int diff_html_merge(struct arena *arena, struct markup_node *const root[2],
		    const struct diff_markup_options *options,
		    struct diff_markup *out, struct err *err)
{
	(void)arena;
	(void)root;
	(void)options;
	(void)out;
	return err_reason(err, ERR_UNSUPPORTED, "html",
			  "this build cannot compare html inline");
}
int diff_xml_merge(struct arena *arena, struct markup_node *const root[2],
		   const struct diff_markup_options *options,
		   struct diff_markup *out, struct err *err)
{
	return diff_html_merge(arena, root, options, out, err);
}
