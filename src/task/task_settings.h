/*
 * The settings and secrets of one executor, checked by the tables of its tasks.
 */
#ifndef TASK_TASK_SETTINGS_H
#define TASK_TASK_SETTINGS_H

#include "base/arena.h"
#include "cherry/task.h"

struct task_setting_pair {
	struct slice task, key, value; /* [task:TASK] KEY = VALUE */
};

struct task_secret_pair {
	struct slice name, value;
};

/*
 * Settings for the tasks of `table` (ends with NULL) in the arena; everything
 * that is passed in must live as long. Pairs of tasks that are not in the table
 * are passed over. NULL with ERR_BAD_ARGS and `field` ("task:diff.max_work").
 */
struct task_settings *task_settings_new(struct arena *arena,
					const struct task *const *table,
					const struct task_setting_pair *pairs,
					size_t count, struct err *err);

/* Adds secrets; the array must live as long as the settings. */
void task_settings_secrets(struct task_settings *settings,
			   const struct task_secret_pair *secrets,
			   size_t count);

#endif
