/*
 * cherry config check|show.
 */
#include "cmd/cmd.h"

#include <stdio.h>
#include "base/json.h"

static const struct cmd_option options[] = {
	CMD_CONFIG_OPTIONS,
	{"-q", "QUEUE", "as for work"},
	{"--concurrency", "N", "as for work"},
	{"--json", NULL, "as JSON"},
	{0},
};

static void put_list(struct buf *out, const char *name, char *const *list,
		     size_t count)
{
	size_t i;

	json_put_key(out, name);
	buf_add_char(out, '[');
	for (i = 0; i < count; i++) {
		json_put_comma(out);
		json_put_string(out, slice_text(list[i]));
	}
	buf_add_char(out, ']');
}

static void put_check(const struct config *config)
{
	struct buf out;

	buf_init(&out, (size_t)16 << 20);
	buf_printf(&out, "{\"version\":1,\"good\":%s",
		   config->problem_count ? "false" : "true");
	put_list(&out, "problems", config->problems, config->problem_count);
	put_list(&out, "warnings", config->warnings, config->warning_count);
	buf_add_text(&out, "}\n");
	fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
}

static int config_run(const struct cmd_line *line)
{
	struct config config;
	bool show = !strcmp(line->words[0], "show");
	int status;

	if (!show && strcmp(line->words[0], "check") != 0)
		return cmd_unknown_word(&cmd_config, line->words[0]);
	status = cmd_config_load(line, &config, true) ? CMD_CONFIG : CMD_OK;
	if (!status && show && cmd_has(line, "--json"))
		config_show_json(&config, stdout);
	else if (!status && show)
		config_show(&config, stdout);
	else if (cmd_has(line, "--json"))
		put_check(&config);
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
