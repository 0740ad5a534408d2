/*
 * Completions for bash, zsh and fish, from the table of commands.
 */
#include "cmd/generate.h"

#include <stdio.h>
#include "cherry/task.h"
#include "cmd/cmd.h"

/* What may stand first behind a command, separated by `gap`. */
static void put_first(const struct cmd *cmd, char gap)
{
	const char *first = cmd->first ? cmd->first : "";
	size_t i;

	if (!strcmp(first, "TASK")) {
		for (i = 0; task_table[i]; i++)
			printf("%s%c", task_table[i]->name, gap);
	} else if (!strcmp(first, "COMMAND")) {
		for (i = 0; cmd_table[i]; i++) {
			if (!cmd_table[i]->hidden)
				printf("%s%c", cmd_table[i]->name, gap);
		}
	} else {
		fputs(first, stdout);
	}
}

/* For text between single quotes of a shell. */
static void put_quoted(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (*text != ':')
			putchar(*text);
	}
}

/* --- bash ----------------------------------------------------------------- */

static void bash_command(const struct cmd *cmd)
{
	const struct cmd_option *option;

	printf("\t%s)\n\t\toptions='", cmd->name);
	for (option = cmd->options; option && option->name; option++)
		printf("%s%s ", option->name,
		       option->value && option->name[1] == '-' ? "=" : "");
	fputs("'\n\t\twords='", stdout);
	put_first(cmd, ' ');
	puts("'\n\t\t;;");
}

void generate_bash(void)
{
	size_t i;

	fputs("# bash completion for cherry; generated, do not edit.\n"
	      "_cherry()\n{\n"
	      "\tlocal word=${COMP_WORDS[COMP_CWORD]} options='' words=''\n"
	      "\tlocal before=${COMP_WORDS[COMP_CWORD - 1]}\n"
	      "\tCOMPREPLY=()\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W '--version ",
	      stdout);
	for (i = 0; cmd_table[i]; i++) {
		if (!cmd_table[i]->hidden)
			printf("%s ", cmd_table[i]->name);
	}
	puts("' -- \"$word\"))\n\t\treturn\n\tfi\n"
	     "\tcase $before in\n"
	     "\t-c) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
	     "\tesac\n"
	     "\tcase ${COMP_WORDS[1]} in");
	for (i = 0; cmd_table[i]; i++) {
		if (!cmd_table[i]->hidden)
			bash_command(cmd_table[i]);
	}
	puts("\tesac\n"
	     "\tcase $word in\n"
	     "\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
	     "\t@*) COMPREPLY=($(compgen -P @ -f -- \"${word#@}\")) ;;\n"
	     "\t*) COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;\n"
	     "\tesac\n"
	     "}\n"
	     "complete -o default -F _cherry cherry");
}

/* --- zsh ------------------------------------------------------------------ */

static void zsh_option(const struct cmd_option *option)
{
	const char *value = option->value;
	bool repeats = !strcmp(option->name, "-q") ||
		       !strcmp(option->name, "--set") ||
		       !strcmp(option->name, "--input");

	printf("\t\t\t'%s%s", repeats ? "*" : "", option->name);
	if (value && option->name[1] == '-')
		fputs(value[0] == '[' ? "=-" : "=", stdout);
	putchar('[');
	put_quoted(option->help);
	putchar(']');
	if (value) {
		fputs(value[0] == '[' ? "::" : ":", stdout);
		printf("value:%s", !strcmp(value, "FILE") ? "_files" : "");
	}
	puts("' \\");
}

static void zsh_command(const struct cmd *cmd)
{
	const struct cmd_option *option;

	printf("\t%s)\n\t\t_arguments \\\n", cmd->name);
	for (option = cmd->options; option && option->name; option++)
		zsh_option(option);
	fputs("\t\t\t'1:word:(", stdout);
	put_first(cmd, ' ');
	puts(")' '*:word:_files'\n\t\t;;");
}

void generate_zsh(void)
{
	size_t i;

	puts("#compdef cherry\n# zsh completion for cherry; generated, do not "
	     "edit.\n_cherry()\n{\n\tlocal -a commands\n\tcommands=(");
	for (i = 0; cmd_table[i]; i++) {
		if (cmd_table[i]->hidden)
			continue;
		printf("\t\t'%s:", cmd_table[i]->name);
		put_quoted(cmd_table[i]->help);
		puts("'");
	}
	puts("\t)\n\tif ((CURRENT == 2)); then\n"
	     "\t\t_describe command commands\n\t\treturn\n\tfi\n"
	     "\tlocal command=$words[2]\n"
	     "\tshift words\n\t((CURRENT--))\n\tcase $command in");
	for (i = 0; cmd_table[i]; i++) {
		if (!cmd_table[i]->hidden)
			zsh_command(cmd_table[i]);
	}
	puts("\tesac\n}\n_cherry \"$@\"");
}

/* --- fish ----------------------------------------------------------------- */

static void fish_command(const struct cmd *cmd)
{
	const struct cmd_option *option;

	printf("complete -c cherry -n __fish_use_subcommand -f -a %s -d '",
	       cmd->name);
	put_quoted(cmd->help);
	puts("'");
	if (cmd->first) {
		printf("complete -c cherry -n '__fish_seen_subcommand_from "
		       "%s' -a '",
		       cmd->name);
		put_first(cmd, ' ');
		puts("'");
	}
	for (option = cmd->options; option && option->name; option++) {
		bool is_long = option->name[1] == '-';
		const char *value = option->value;

		printf("complete -c cherry -n '__fish_seen_subcommand_from "
		       "%s' -%c %s%s -d '",
		       cmd->name, is_long ? 'l' : 's',
		       option->name + (is_long ? 2 : 1),
		       value && value[0] != '[' ? " -r" : "");
		put_quoted(option->help);
		puts("'");
	}
}

void generate_fish(void)
{
	size_t i;

	puts("# fish completion for cherry; generated, do not edit.");
	for (i = 0; cmd_table[i]; i++) {
		if (!cmd_table[i]->hidden)
			fish_command(cmd_table[i]);
	}
}

/* --- All of it ------------------------------------------------------------ */

int cmd_generate(const char *what)
{
	static const struct {
		const char *name;
		void (*write)(void);
	} all[] = {
		{"commands", generate_mdoc_commands},
		{"settings", generate_mdoc_settings},
		{"tasks", generate_mdoc_tasks},
		{"bash", generate_bash},
		{"zsh", generate_zsh},
		{"fish", generate_fish},
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!strcmp(all[i].name, what)) {
			all[i].write();
			return 0;
		}
	}
	return -1;
}
