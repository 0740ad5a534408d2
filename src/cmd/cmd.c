/*
 * The table of commands, and what they share: reading a command line, loading
 * the configuration, connecting.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/nearest.h"
#include "broker/client.h"

#define FILE_MAX	((size_t)512 << 20)
#define CONNECT_SECONDS 5

/* clang-format off */
const struct cmd *const cmd_table[] = {
	&cmd_work, &cmd_push, &cmd_run, &cmd_tasks,
	&cmd_status, &cmd_top, &cmd_dead, &cmd_cancel, &cmd_pause, &cmd_resume,
	&cmd_drain, &cmd_ping, &cmd_doctor,
	&cmd_config, &cmd_help, &cmd_executor, NULL,
};
/* clang-format on */

const struct cmd *cmd_find(const char *name)
{
	size_t i;

	for (i = 0; cmd_table[i]; i++) {
		if (!strcmp(cmd_table[i]->name, name))
			return cmd_table[i];
	}
	return NULL;
}

/* Commands that the manual promises and that are not built: said by name. */
static const char *const later[] = {"bench", NULL};

int cmd_unknown(const char *name)
{
	struct nearest near = nearest_init(slice_text(name));
	const char *found;
	size_t i;

	for (i = 0; later[i]; i++) {
		if (!strcmp(later[i], name))
			return cmd_fail(CMD_USAGE,
					"the command %s is not built yet",
					name);
	}
	for (i = 0; cmd_table[i]; i++) {
		if (!cmd_table[i]->hidden)
			nearest_try(&near, cmd_table[i]->name);
	}
	found = nearest_name(&near);
	return cmd_fail(CMD_USAGE,
			"there is no command %s%s%s%s; cherry help "
			"lists them",
			name, found ? " (did you mean " : "",
			found ? found : "", found ? "?)" : "");
}

int cmd_unknown_word(const struct cmd *cmd, const char *word)
{
	struct nearest near = nearest_init(slice_text(word));
	char words[100], *at = words, *rest, *one;
	const char *found;

	snprintf(words, sizeof(words), "%s", cmd->first);
	while ((one = strtok_r(at, " ", &rest))) {
		nearest_try(&near, one);
		at = NULL;
	}
	found = nearest_name(&near);
	return cmd_fail(CMD_USAGE,
			"there is no %s %s%s%s%s; cherry help %s says more",
			cmd->name, word, found ? " (did you mean " : "",
			found ? found : "", found ? "?)" : "", cmd->name);
}

int cmd_fail(int status, const char *format, ...)
{
	va_list args;

	fputs("cherry: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

/* --- Command lines -------------------------------------------------------------- */

static const struct cmd_option *find_option(const struct cmd *cmd,
					    struct slice name)
{
	const struct cmd_option *option;

	for (option = cmd->options; option && option->name; option++) {
		if (slice_is(name, option->name))
			return option;
	}
	return NULL;
}

static int unknown_option(const struct cmd *cmd, const char *arg)
{
	struct nearest near = nearest_init(slice_of(arg, strcspn(arg, "=")));
	const struct cmd_option *option;
	const char *found;

	for (option = cmd->options; option && option->name; option++)
		nearest_try(&near, option->name);
	found = nearest_name(&near);
	cmd_fail(0, "%s has no option %s%s%s%s", cmd->name, arg,
		 found ? "; did you mean " : "", found ? found : "",
		 found ? "?" : "");
	return -1;
}

/* A queue of which the configuration could not even be asked. */
static int check_queue(const char *name)
{
	if (name[0] && !strpbrk(name, " \t\r\n"))
		return 0;
	cmd_fail(0,
		 "-q \"%s\": a queue has a name, and no spaces in it; -q "
		 "again for more",
		 name);
	return -1;
}

static int take_option(const struct cmd *cmd, int argc, char **argv, int *at,
		       struct cmd_line *line)
{
	const char *arg = argv[*at];
	size_t len = arg[1] == '-' ? strcspn(arg, "=") : 2;
	const struct cmd_option *option = find_option(cmd, slice_of(arg, len));
	const char *value = NULL;

	if (!option)
		return unknown_option(cmd, arg);
	if (arg[len])
		value = arg + len + (arg[len] == '=');
	if (value && !option->value) {
		cmd_fail(0, "%s takes no value", option->name);
		return -1;
	}
	if (!value && option->value && option->value[0] != '[') {
		if (++*at >= argc) {
			cmd_fail(0, "%s needs a value: %s", option->name,
				 option->value);
			return -1;
		}
		value = argv[*at];
	}
	if (line->given_count == CMD_GIVEN_MAX) {
		cmd_fail(0, "too many options");
		return -1;
	}
	if (value && !strcmp(option->name, "-q") && check_queue(value))
		return -1;
	line->given[line->given_count++] = (struct cmd_given){option, value};
	return 0;
}

int cmd_line_read(const struct cmd *cmd, int argc, char **argv,
		  struct cmd_line *line)
{
	bool options = true;
	int i;

	*line = (struct cmd_line){0};
	for (i = 0; i < argc; i++) {
		if (options && !strcmp(argv[i], "--")) {
			options = false;
		} else if (options && argv[i][0] == '-' && argv[i][1]) {
			if (take_option(cmd, argc, argv, &i, line))
				return -1;
		} else if (line->word_count < cmd->words_max) {
			line->words[line->word_count++] = argv[i];
		} else {
			cmd_fail(0, "%s takes no further word: \"%s\"",
				 cmd->name, argv[i]);
			return -1;
		}
	}
	if (line->word_count >= cmd->words_min)
		return 0;
	cmd_fail(0, "usage: cherry %s %s", cmd->name, cmd->usage);
	return -1;
}

const char *cmd_value(const struct cmd_line *line, const char *name)
{
	size_t i = line->given_count;

	while (i-- > 0) {
		if (!strcmp(line->given[i].option->name, name))
			return line->given[i].value;
	}
	return NULL;
}

size_t cmd_count(const struct cmd_line *line, const char *name)
{
	size_t i, count = 0;

	for (i = 0; i < line->given_count; i++)
		count += !strcmp(line->given[i].option->name, name);
	return count;
}

bool cmd_has(const struct cmd_line *line, const char *name)
{
	return cmd_count(line, name) > 0;
}

/* --- Configuration --------------------------------------------------------------- */

static void add_override(struct config_override *list, size_t *count,
			 const char *option, const char *section,
			 const char *key, const char *value)
{
	list[(*count)++] = (struct config_override){.option = option,
						    .setting = value,
						    .section = section,
						    .key = key};
}

int cmd_config_load(const struct cmd_line *line, struct config *config,
		    bool need_programs)
{
	static char queues[8192];
	struct config_override overrides[CMD_GIVEN_MAX + 1];
	struct config_request request = {.file = cmd_value(line, "-c"),
					 .overrides = overrides,
					 .environment = environ,
					 .need_programs = need_programs};
	size_t i, used = 0;
	int status;

	queues[0] = '\0';
	for (i = 0; i < line->given_count; i++) {
		const char *name = line->given[i].option->name;
		const char *value = line->given[i].value;

		if (!strcmp(name, "--set"))
			add_override(overrides, &request.override_count, name,
				     NULL, NULL, value);
		else if (!strcmp(name, "--redis"))
			add_override(overrides, &request.override_count, name,
				     "redis", "url", value);
		else if (!strcmp(name, "--concurrency"))
			add_override(overrides, &request.override_count, name,
				     "cherry", "concurrency", value);
		else if (!strcmp(name, "-q"))
			used += (size_t)snprintf(queues + used,
						 sizeof(queues) - used, "%s ",
						 value);
		if (used >= sizeof(queues)) {
			*config = (struct config){0};
			return cmd_fail(-1, "-q: too many queues");
		}
	}
	if (queues[0])
		add_override(overrides, &request.override_count, "-q", "cherry",
			     "queues", queues);
	status = config_load(config, &request);
	for (i = 0; i < config->warning_count; i++)
		fprintf(stderr, "cherry: warning: %s\n", config->warnings[i]);
	for (i = 0; i < config->problem_count; i++)
		fprintf(stderr, "cherry: %s\n", config->problems[i]);
	return status;
}

struct client *cmd_client_open(const struct config *config)
{
	struct client_place place = {
		.url = config_text(config, "redis", "url"),
		.ca_file = config_text(config, "redis", "ca_file"),
		.cert_file = config_text(config, "redis", "cert_file"),
		.key_file = config_text(config, "redis", "key_file")};
	struct slice secret;
	struct err err = ERR_INIT;
	struct client *client;

	if (config_secret(config, "redis", "password_file", &secret))
		place.password = secret.ptr;
	if (config_secret(config, "redis", "sentinel_password_file", &secret))
		place.sentinel_password = secret.ptr;
	client = client_reach(&place, CONNECT_SECONDS, &err);
	if (!client)
		cmd_fail(0, "%s", err.message);
	return client;
}

int cmd_read_file(const char *path, struct buf *out)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	int failed = 0;

	buf_init(out, FILE_MAX);
	if (!file)
		return cmd_fail(-1, "%s: %s", path, strerror(errno));
	while (!failed && !feof(file) && !ferror(file)) {
		failed = buf_reserve(out, 65536);
		if (!failed)
			out->len += fread(out->ptr + out->len, 1, 65536, file);
	}
	if (failed)
		cmd_fail(0, "%s: longer than 512 MB", path);
	else if (ferror(file))
		failed = cmd_fail(-1, "%s: %s", path, strerror(errno));
	if (file != stdin)
		fclose(file);
	return failed ? -1 : 0;
}
