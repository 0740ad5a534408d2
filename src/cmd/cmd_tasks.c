/*
 * cherry tasks: the built-in tasks and the configuration's programs, or one
 * task's arguments, from the tables that check them.
 */
#include "cmd/cmd.h"

#include <stdio.h>
#include <unistd.h>
#include "base/json.h"
#include "cherry/task.h"

static const struct cmd_option options[] = {
	CMD_CONFIG_OPTIONS,
	{"--json", NULL, "as JSON"},
	{0},
};

static const char *fault_of(const struct task *task)
{
	return task->unavailable ? task->unavailable() : NULL;
}

static const char *type_name(enum task_arg_type type)
{
	static const char *const names[] = {
		[ARG_TEXT] = "text",	   [ARG_BOOL] = "true|false",
		[ARG_INTEGER] = "integer", [ARG_NUMBER] = "number",
		[ARG_CHOICE] = "choice",   [ARG_CHOICES] = "choices",
		[ARG_BYTES] = "bytes",	   [ARG_BYTES_JSON] = "bytes or JSON",
		[ARG_JSON] = "JSON",	   [ARG_RAW] = "JSON",
		[ARG_SIZE] = "size"};

	return names[type];
}

/* Columns on a terminal, tabs in a pipe. */
static void print_row(const struct task_arg *row, bool tty)
{
	const char *fallback = row->required   ? "required"
			       : row->fallback ? row->fallback
					       : "-";

	if (tty)
		printf("  %-20s %-14s %-10s ", row->name, type_name(row->type),
		       fallback);
	else
		printf("%s\t%s\t%s\t", row->name, type_name(row->type),
		       fallback);
	printf("%s%s%s\n", row->help ? row->help : "", row->choices ? ": " : "",
	       row->choices ? row->choices : "");
}

static void print_table(const struct task_arg *row, bool tty)
{
	for (; row && row->type != ARG_END; row++)
		print_row(row, tty);
}

static void print_name(const char *name, bool tty)
{
	if (tty)
		printf("%-12s ", name);
	else
		printf("%s\t", name);
}

static int print_task(const struct task *task)
{
	bool tty = isatty(STDOUT_FILENO);
	const char *fault = fault_of(task);

	printf("%s: %s\n", task->name, task->summary);
	if (fault)
		printf("not available here: %s\n", fault);
	puts("\narguments");
	print_table(task->args, tty);
	if (task->settings) {
		printf("\nsettings of [task:%s]\n", task->name);
		print_table(task->settings, tty);
	}
	return 0;
}

static void put_rows(struct buf *out, const struct task_arg *row)
{
	buf_add_char(out, '[');
	for (; row && row->type != ARG_END; row++) {
		json_put_comma(out);
		buf_add_char(out, '{');
		json_put_key(out, "name");
		json_put_string(out, slice_text(row->name));
		json_put_key(out, "type");
		json_put_string(out, slice_text(type_name(row->type)));
		if (row->fallback) {
			json_put_key(out, "default");
			json_put_string(out, slice_text(row->fallback));
		}
		if (row->choices) {
			json_put_key(out, "choices");
			json_put_string(out, slice_text(row->choices));
		}
		json_put_key(out, "required");
		buf_add_text(out, row->required ? "true" : "false");
		json_put_key(out, "help");
		json_put_string(out, slice_text(row->help));
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void put_task(struct buf *out, const struct task *task)
{
	const char *fault = fault_of(task);

	json_put_comma(out);
	buf_add_char(out, '{');
	json_put_key(out, "name");
	json_put_string(out, slice_text(task->name));
	json_put_key(out, "summary");
	json_put_string(out, slice_text(task->summary));
	if (fault) {
		json_put_key(out, "unavailable");
		json_put_string(out, slice_text(fault));
	}
	json_put_key(out, "args");
	put_rows(out, task->args);
	json_put_key(out, "settings");
	put_rows(out, task->settings);
	buf_add_char(out, '}');
}

static int print_json(const struct task *only)
{
	struct buf out;
	size_t i;

	buf_init(&out, (size_t)16 << 20);
	buf_add_text(&out, "{\"version\":1,\"tasks\":[");
	for (i = 0; task_table[i]; i++) {
		if (!only || only == task_table[i])
			put_task(&out, task_table[i]);
	}
	buf_add_text(&out, "]}\n");
	fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
	return 0;
}

static void print_programs(const struct config *config, bool tty)
{
	size_t count, i;
	char **names = config_names(config, "task:", &count);

	for (i = 0; i < count; i++) {
		char section[300];

		snprintf(section, sizeof(section), "task:%.280s", names[i]);
		if (config_find(config, section, "command"))
			print_name(names[i], tty);
		else
			continue;
		printf("program: %s\n",
		       config_text(config, section, "command"));
	}
	config_names_free(names, count);
}

static int print_all(const struct cmd_line *line)
{
	bool tty = isatty(STDOUT_FILENO);
	struct config config;
	size_t i;

	if (cmd_config_load(line, &config, false)) {
		config_release(&config);
		return CMD_CONFIG;
	}
	for (i = 0; task_table[i]; i++) {
		const char *fault = fault_of(task_table[i]);

		print_name(task_table[i]->name, tty);
		printf("%s%s%s\n", task_table[i]->summary,
		       fault ? " -- not available here: " : "",
		       fault ? fault : "");
	}
	print_programs(&config, tty);
	config_release(&config);
	return 0;
}

static int tasks_run(const struct cmd_line *line)
{
	const struct task *task = NULL;

	if (line->word_count) {
		task = task_find(slice_text(line->words[0]));
		if (!task)
			return cmd_fail(CMD_FAILED,
					"there is no built-in task %s",
					line->words[0]);
	}
	if (cmd_has(line, "--json"))
		return print_json(task);
	return task ? print_task(task) : print_all(line);
}

const struct cmd cmd_tasks = {
	.name = "tasks",
	.first = "TASK",
	.usage = "[NAME] [--json] [-c FILE]",
	.help = "the tasks, or one task's arguments",
	.options = options,
	.words_max = 1,
	.run = tasks_run,
};
