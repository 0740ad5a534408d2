/*
 * Settings of tasks, from text pairs. The master passes them on unread: what a
 * setting may be only its task's table says.
 */
#include "task/task_settings.h"

#include <stdio.h>
#include "base/nearest.h"
#include "task/task_values.h"

struct task_settings {
	const struct task *const *table;
	struct task_value *values; /* of all rows of all tasks, in order */
	const struct task_secret_pair *secrets;
	size_t secret_count;
};

static const char *setting_path(char *out, size_t size, const char *task,
				struct slice key)
{
	char quoted[64];

	snprintf(out, size, "task:%.60s.%s", task, err_quote(quoted, 50, key));
	return out;
}

static int setting_parse(const struct task *task,
			 const struct task_setting_pair *pair,
			 struct task_value *values, struct err *err)
{
	const struct task_arg *row = task->settings;
	struct nearest near = nearest_init(pair->key);
	char path[160];
	size_t i, rows = task_table_rows(row);

	setting_path(path, sizeof(path), task->name, pair->key);
	for (i = 0; i < rows; i++) {
		if (slice_is(pair->key, row[i].name))
			return task_value_parse(&row[i], path, pair->value,
						&values[i], err);
		nearest_try(&near, row[i].name);
	}
	return err_field(err, ERR_BAD_ARGS, path,
			 "%s: %s has no such setting%s%s%s", path, task->name,
			 nearest_name(&near) ? "; did you mean \"" : "",
			 nearest_name(&near) ? nearest_name(&near) : "",
			 nearest_name(&near) ? "\"?" : "");
}

int task_setting_check(const struct task *task, struct slice key,
		       struct slice value, struct err *err)
{
	struct task_setting_pair pair = {slice_text(task->name), key, value};
	struct arena arena;
	struct task_value *values;
	int r;

	arena_init(&arena, 1 << 20);
	values = arena_calloc(&arena, task_table_rows(task->settings) + 1,
			      sizeof(*values));
	r = values ? setting_parse(task, &pair, values, err)
		   : err_limit(err, "memory", 0, "no memory for settings");
	arena_release(&arena);
	return r;
}

/* The values of one task: defaults, then what was given. */
static int set_values(const struct task *task,
		      const struct task_setting_pair *pairs, size_t count,
		      struct task_value *values, struct err *err)
{
	size_t i, rows = task_table_rows(task->settings);

	for (i = 0; i < rows; i++)
		task_value_default(&task->settings[i], &values[i]);
	for (i = 0; i < count; i++)
		if (slice_is(pairs[i].task, task->name) &&
		    setting_parse(task, &pairs[i], values, err))
			return -1;
	return 0;
}

struct task_settings *task_settings_new(struct arena *arena,
					const struct task *const *table,
					const struct task_setting_pair *pairs,
					size_t count, struct err *err)
{
	struct task_settings *settings;
	size_t i, rows = 0;

	for (i = 0; table[i]; i++)
		rows += task_table_rows(table[i]->settings);
	settings = arena_calloc(arena, 1, sizeof(*settings));
	if (settings)
		settings->values =
			arena_calloc(arena, rows, sizeof(*settings->values));
	if (!settings || !settings->values) {
		err_limit(err, "memory", 0, "no memory for settings");
		return NULL;
	}
	settings->table = table;
	rows = 0;
	for (i = 0; table[i]; i++) {
		if (set_values(table[i], pairs, count, &settings->values[rows],
			       err))
			return NULL;
		rows += task_table_rows(table[i]->settings);
	}
	return settings;
}

void task_settings_secrets(struct task_settings *settings,
			   const struct task_secret_pair *secrets, size_t count)
{
	settings->secrets = secrets;
	settings->secret_count = count;
}

const struct task_value *task_setting(const struct task_settings *settings,
				      const struct task *task, const char *name)
{
	static const struct task_value none;
	const struct task_arg *row;
	size_t t, i, place = 0;

	for (t = 0; settings->table[t]; t++) {
		row = settings->table[t]->settings;
		for (i = 0; row && row[i].type != ARG_END; i++, place++)
			if (settings->table[t] == task &&
			    !strcmp(row[i].name, name))
				return &settings->values[place];
	}
	return &none;
}

bool task_secret(const struct task_settings *settings, struct slice name,
		 struct slice *secret)
{
	size_t i;

	*secret = (struct slice){0};
	for (i = 0; i < settings->secret_count; i++)
		if (slice_equal(settings->secrets[i].name, name)) {
			*secret = settings->secrets[i].value;
			return true;
		}
	return false;
}
