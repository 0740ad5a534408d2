/*
 * cherry config check|show.
 */
#include "cmd/cmd.h"

#include <stdio.h>

static const struct cmd_option options[] = {
	CMD_CONFIG_OPTIONS,
	{"-q", "QUEUE", "as for work"},
	{"--concurrency", "N", "as for work"},
	{"--json", NULL, "show: what was given, as JSON"},
	{0},
};

static int config_run(const struct cmd_line *line)
{
	struct config config;
	bool show = !strcmp(line->words[0], "show");
	int status;

	if (!show && strcmp(line->words[0], "check") != 0)
		return cmd_fail(CMD_USAGE, "config check, or config show");
	status = cmd_config_load(line, &config, true) ? CMD_CONFIG : CMD_OK;
	if (!status && show && cmd_has(line, "--json"))
		config_show_json(&config, stdout);
	else if (!status && show)
		config_show(&config, stdout);
	else if (!status)
		puts("the configuration is good");
	config_release(&config);
	return status;
}

const struct cmd cmd_config = {
	.name = "config",
	.first = "check show",
	.usage = "check|show [-c FILE] [--set section.key=value]... [--json]",
	.help = "the configuration: checked, or shown as it is understood",
	.options = options,
	.words_min = 1,
	.words_max = 1,
	.run = config_run,
};
