/*
 * The manual's lists in mdoc(7): commands with their options, settings by
 * section, tasks with their arguments. Escapes what mdoc would take as its own.
 */
#include "cmd/generate.h"

#include <stdio.h>
#include "cherry/task.h"
#include "cmd/cmd.h"

/* As text of a macro's quoted argument, or of a line. */
static void put_escaped(const char *text)
{
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '"')
			fputs("\\(dq", stdout);
		else
			putchar(*text);
	}
}

static void put_line(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	put_escaped(text);
	putchar('\n');
}

static void put_option(const struct cmd_option *option)
{
	const char *value = option->value;

	printf(".It Fl %s", option->name + 1);
	if (value && value[0] == '[')
		printf(" Ns Op = Ns Ar %.*s", (int)strlen(value) - 2,
		       value + 1);
	else if (value) {
		fputs(" Ar \"", stdout);
		put_escaped(value);
		putchar('"');
	}
	putchar('\n');
	put_line(option->help);
}

void generate_mdoc_commands(void)
{
	const struct cmd_option *option;
	size_t i;

	puts(".Bl -tag -width Ds");
	for (i = 0; cmd_table[i]; i++) {
		if (cmd_table[i]->hidden)
			continue;
		printf(".It Ic %s", cmd_table[i]->name);
		if (cmd_table[i]->usage && cmd_table[i]->usage[0]) {
			fputs(" Li \"", stdout);
			put_escaped(cmd_table[i]->usage);
			putchar('"');
		}
		putchar('\n');
		put_line(cmd_table[i]->help);
		option = cmd_table[i]->options;
		if (!option || !option->name)
			continue;
		puts(".Bl -tag -width Ds");
		for (; option->name; option++)
			put_option(option);
		puts(".El");
	}
	puts(".El");
}

static void put_setting(const struct config_key *row)
{
	struct buf rule;

	buf_init(&rule, 4096);
	config_key_rule(row, &rule);
	buf_add_char(&rule, '\0');
	printf(".It Ic %s", row->name);
	if (row->fallback[0]) {
		fputs(" Pq Li ", stdout);
		put_escaped(row->fallback);
	}
	putchar('\n');
	put_line(row->help);
	if (!rule.failed && row->type != CONFIG_LATER)
		printf(".br\nAllowed: %s.\n", rule.ptr);
	buf_release(&rule);
}

void generate_mdoc_settings(void)
{
	const struct config_key *row;
	int scope = -1;

	for (row = config_table; row->name; row++) {
		if ((int)row->scope != scope) {
			if (scope >= 0)
				puts(".El");
			scope = (int)row->scope;
			printf(".Ss [%s]\n", config_scope_name(row->scope));
			put_line(config_scope_help(row->scope));
			puts(".Bl -tag -width Ds");
		}
		put_setting(row);
	}
	puts(".El");
}

static void put_args(const struct task_arg *row)
{
	puts(".Bl -tag -width Ds");
	for (; row->type != ARG_END; row++) {
		printf(".It Ic %s", row->name);
		if (row->fallback && row->fallback[0]) {
			fputs(" Pq Li ", stdout);
			put_escaped(row->fallback);
		}
		if (row->required)
			fputs(" Pq required", stdout);
		putchar('\n');
		put_line(row->help ? row->help : "");
		if (row->choices)
			printf(".br\nOne of: %s.\n", row->choices);
	}
	puts(".El");
}

void generate_mdoc_tasks(void)
{
	size_t i;

	for (i = 0; task_table[i]; i++) {
		const struct task *task = task_table[i];

		printf(".Ss %s\n", task->name);
		put_line(task->summary);
		if (task->args && task->args->type != ARG_END)
			put_args(task->args);
		if (task->settings && task->settings->type != ARG_END) {
			printf(".Pp\nSettings of [task:%s]:\n", task->name);
			put_args(task->settings);
		}
	}
}
