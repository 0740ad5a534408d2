/*
 * diff: two documents in, their difference out. What is read and checked stands
 * in task_diff_args.c, one function for each kind of document in
 * task_diff_formats.c; the work is done in src/diff.
 */
#include "task/task_diff.h"

#include "markup/markup.h"

static const struct task_arg settings[] = {
	{.name = "max_bytes",
	 .type = ARG_SIZE,
	 .fallback = "64M",
	 .min = 1,
	 .max = 4294967295.0,
	 .help = "length of one side"},
	{.name = "max_memory",
	 .type = ARG_SIZE,
	 .fallback = "512M",
	 .min = 1 << 20,
	 .max = 1e15,
	 .help = "memory for a comparison"},
	{.type = ARG_END},
};

static int diff_task_run(struct task_call *call, struct buf *result,
			 struct err *err)
{
	static int (*const runs[FORMAT_COUNT])(const struct diff_call *,
					       struct buf *, struct err *) = {
		[FORMAT_TEXT] = task_diff_text, [FORMAT_HTML] = task_diff_html,
		[FORMAT_XML] = task_diff_xml,	[FORMAT_JSON] = task_diff_json,
		[FORMAT_LIST] = task_diff_list,
	};
	struct diff_call diff;

	if (task_diff_read(call, &diff, err))
		return -1;
	return runs[diff.format](&diff, result, err);
}

/* libxml2 opens nothing later. */
static int diff_task_warm(const struct task_settings *chosen, struct err *err)
{
	(void)chosen;
	(void)err;
	markup_init();
	return 0;
}

const struct task task_diff = {
	.name = "diff",
	.summary = "compares two texts, pages, documents, values or lists",
	.class = TASK_CLASS_CORE,
	.args = task_diff_args,
	.settings = settings,
	.run = diff_task_run,
	.warm = diff_task_warm,
};
