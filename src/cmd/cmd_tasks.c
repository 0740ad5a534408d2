/*
 * cherry tasks: the built-in tasks and the configuration's programs, or one
 * task's arguments, from the tables that check them.
 */
#include "cmd/cmd.h"

#include <stdio.h>
#include <unistd.h>
#include "base/json.h"
#include "base/nearest.h"
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

/* On a terminal as wide as the longest; 0: in a pipe. */
static void print_name(const char *name, size_t width)
{
	if (width)
		printf("%-*s  ", (int)width, name);
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

static void put_text(struct buf *out, const char *name, const char *text)
{
	json_put_key(out, name);
	json_put_string(out, slice_text(text));
}

static void put_task(struct buf *out, const struct task *task)
{
	const char *fault = fault_of(task);

	json_put_comma(out);
	buf_add_char(out, '{');
	put_text(out, "name", task->name);
	put_text(out, "summary", task->summary);
	if (fault)
		put_text(out, "unavailable", fault);
	json_put_key(out, "args");
	put_rows(out, task->args);
	json_put_key(out, "settings");
	put_rows(out, task->settings);
	buf_add_char(out, '}');
}

/* --- Programs ------------------------------------------------------------- */

/* The section of a program of that name; false if there is none. */
static bool find_program(const struct config *config, const char *name,
			 char section[300])
{
	snprintf(section, 300, "task:%.280s", name);
	return !task_find(slice_text(name)) && strlen(name) < 280 &&
	       config_find(config, section, "command");
}

static void put_program(struct buf *out, const struct config *config,
			const char *name, const char *section)
{
	json_put_comma(out);
	buf_add_char(out, '{');
	put_text(out, "name", name);
	put_text(out, "summary", "a program");
	put_text(out, "command", config_text(config, section, "command"));
	put_text(out, "mode", config_text(config, section, "mode"));
	buf_add_text(out, ",\"args\":[],\"settings\":[]}");
}

static void print_program(const struct config *config, const char *name,
			  const char *section)
{
	const char *mode = config_text(config, section, "mode");

	printf("%s: a program\n\ncommand = %s\nmode = %s\n", name,
	       config_text(config, section, "command"), mode);
	if (!strcmp(mode, "once"))
		printf("result = %s\n", config_text(config, section, "result"));
}

/* --- The command ---------------------------------------------------------- */

/* One task, or (NULL) all of them. */
static void print_json(const struct config *config, const char *only)
{
	size_t count, i;
	char section[300], **names = config_names(config, "task:", &count);
	struct buf out;

	buf_init(&out, (size_t)16 << 20);
	buf_add_text(&out, "{\"version\":1,\"tasks\":[");
	for (i = 0; task_table[i]; i++) {
		if (!only || !strcmp(only, task_table[i]->name))
			put_task(&out, task_table[i]);
	}
	for (i = 0; i < count; i++) {
		if (find_program(config, names[i], section) &&
		    (!only || !strcmp(only, names[i])))
			put_program(&out, config, names[i], section);
	}
	buf_add_text(&out, "]}\n");
	fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
	config_names_free(names, count);
}

static void print_all(const struct config *config)
{
	size_t count, i, width = 0;
	char section[300], **names = config_names(config, "task:", &count);
	char command[4100];

	for (i = 0; isatty(STDOUT_FILENO) && task_table[i]; i++)
		if (strlen(task_table[i]->name) > width)
			width = strlen(task_table[i]->name);
	for (i = 0; width && i < count; i++)
		if (strlen(names[i]) > width)
			width = strlen(names[i]);
	for (i = 0; task_table[i]; i++) {
		const char *fault = fault_of(task_table[i]);

		print_name(task_table[i]->name, width);
		printf("%s%s%s\n", task_table[i]->summary,
		       fault ? " -- not available here: " : "",
		       fault ? fault : "");
	}
	for (i = 0; i < count; i++) {
		if (!find_program(config, names[i], section))
			continue;
		print_name(names[i], width);
		printf("program: %s\n",
		       err_quote(command, 4096,
				 slice_text(config_text(config, section,
							"command"))));
	}
	config_names_free(names, count);
}

static int unknown_task(const struct config *config, const char *name)
{
	size_t count, i;
	char **names = config_names(config, "task:", &count);
	struct nearest near = nearest_init(slice_text(name));
	const char *found;

	for (i = 0; task_table[i]; i++)
		nearest_try(&near, task_table[i]->name);
	for (i = 0; i < count; i++)
		nearest_try(&near, names[i]);
	found = nearest_name(&near);
	cmd_fail(0, "there is no task %s%s%s%s", name,
		 found ? "; did you mean " : "", found ? found : "",
		 found ? "?" : "");
	config_names_free(names, count);
	return CMD_FAILED;
}

static int print_one(const struct config *config, const char *name)
{
	const struct task *task = task_find(slice_text(name));
	char section[300];

	if (task)
		return print_task(task);
	if (!find_program(config, name, section))
		return unknown_task(config, name);
	print_program(config, name, section);
	return CMD_OK;
}

static int tasks_run(const struct cmd_line *line)
{
	const char *name = line->word_count ? line->words[0] : NULL;
	struct config config;
	char section[300];
	int status = CMD_OK;

	if (cmd_config_load(line, &config, false))
		status = CMD_CONFIG;
	else if (!cmd_has(line, "--json") && name)
		status = print_one(&config, name);
	else if (!cmd_has(line, "--json"))
		print_all(&config);
	else if (name && !task_find(slice_text(name)) &&
		 !find_program(&config, name, section))
		status = unknown_task(&config, name);
	else
		print_json(&config, name);
	config_release(&config);
	return status;
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
