/*
 * cherry help: from the tables of commands and settings.
 */
#include "cmd/cmd.h"

#include <stdio.h>

static void help_all(void)
{
	size_t i;

	puts("cherry, a job-queue worker\n\nusage: cherry COMMAND ...\n");
	for (i = 0; cmd_table[i]; i++) {
		if (!cmd_table[i]->hidden)
			printf("  %-8s %s\n", cmd_table[i]->name,
			       cmd_table[i]->help);
	}
	puts("\ncherry help COMMAND says more; cherry --version.");
}

int cmd_explain(const struct cmd *cmd)
{
	const struct cmd_option *option;

	printf("usage: cherry %s %s\n\n%s\n", cmd->name, cmd->usage, cmd->help);
	if (cmd->options)
		puts("");
	for (option = cmd->options; option && option->name; option++) {
		char left[80];
		const char *value = option->value;

		if (!value)
			snprintf(left, sizeof(left), "%s", option->name);
		else if (value[0] == '[')
			snprintf(left, sizeof(left), "%s[=%.*s]", option->name,
				 (int)strlen(value) - 2, value + 1);
		else
			snprintf(left, sizeof(left), "%s %s", option->name,
				 value);
		printf("  %-26s %s\n", left, option->help);
	}
	return 0;
}

static const struct cmd_option options[] = {
	{"--generate", "WHAT",
	 "commands, settings, tasks: the manual's lists; "
	 "bash, zsh, fish: completions"},
	{0},
};

static int help_run(const struct cmd_line *line)
{
	const char *what = cmd_value(line, "--generate");
	const struct cmd *cmd;

	if (what && cmd_generate(what))
		return cmd_fail(CMD_USAGE,
				"--generate: \"%s\" is not one of commands, "
				"settings, tasks, bash, zsh, fish",
				what);
	if (what)
		return 0;
	if (line->word_count) {
		cmd = cmd_find(line->words[0]);
		return cmd ? cmd_explain(cmd) : cmd_unknown(line->words[0]);
	}
	help_all();
	return 0;
}

const struct cmd cmd_help = {
	.name = "help",
	.first = "COMMAND",
	.usage = "[COMMAND]",
	.help = "this, or one command",
	.options = options,
	.words_max = 1,
	.run = help_run,
};
