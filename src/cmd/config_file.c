/*
 * Reads a configuration file through inih, with line numbers, and the
 * environment. The only file that names inih.
 */
#include "cmd/config_private.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>

/* inih cuts longer lines in two, silently. */
#define LINE_MAX_BYTES 199

struct reading {
	struct config *config;
	const char *path;
	FILE *file;
	int line;
	bool long_line;
};

static void where_is(const struct reading *reading, char out[600])
{
	snprintf(out, 600, "%.560s:%d", reading->path, reading->line);
}

/* Hands inih a line and counts it. */
static char *read_line(char *text, int size, void *stream)
{
	struct reading *reading = stream;
	char where[600];
	size_t len;

	if (!fgets(text, size, reading->file))
		return NULL;
	len = strlen(text);
	if (!reading->long_line)
		reading->line++;
	reading->long_line =
		len && text[len - 1] != '\n' && !feof(reading->file);
	if (reading->long_line) {
		where_is(reading, where);
		config_problem(reading->config, where, NULL, NULL,
			       "the line is longer than %d bytes",
			       LINE_MAX_BYTES);
	}
	return text;
}

static int on_value(void *user, const char *section, const char *name,
		    const char *value)
{
	struct reading *reading = user;
	struct config_place place = {CONFIG_FROM_FILE, NULL};
	char where[600];

	where_is(reading, where);
	place.where = where;
	if (!section[0])
		config_problem(reading->config, where, NULL, NULL,
			       "\"%.100s\" stands before any [section]", name);
	else
		config_take(reading->config, &place, section, name, value);
	return 1;
}

void config_read_file(struct config *config, const char *path)
{
	struct reading reading = {.config = config, .path = path};
	char where[600];
	int line;

	reading.file = fopen(path, "re");
	if (!reading.file) {
		config_problem(config, path, NULL, NULL, "%s", strerror(errno));
		return;
	}
	line = ini_parse_stream(read_line, &reading, on_value, &reading);
	if (line > 0) {
		reading.line = line;
		where_is(&reading, where);
		config_problem(config, where, NULL, NULL,
			       "this is neither [section], nor key = value, "
			       "nor a comment");
	}
	fclose(reading.file);
}

/* --- Environment ------------------------------------------------------------ */

/* CHERRY_TASK_THUMBNAIL_TIMEOUT: which row of which section is it? Names of
 * queues and tasks are spelled in capitals there, with _ for all else. */
static bool same_word(const char *upper, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		char c = (char)toupper((unsigned char)name[i]);

		if (!isalnum((unsigned char)c))
			c = '_';
		if (upper[i] != c)
			return false;
	}
	return true;
}

static bool take_variable(struct config *config, const char *name, size_t len,
			  const char *value)
{
	struct config_place place = {CONFIG_FROM_ENVIRONMENT, NULL};
	const struct config_key *row;
	char where[200];

	snprintf(where, sizeof(where), "CHERRY_%.*s", (int)len, name);
	place.where = where;
	for (row = config_table; row->name; row++) {
		const char *section = config_scope_name(row->scope);
		const char *colon = strchr(section, ':');
		size_t head =
			colon ? (size_t)(colon - section) : strlen(section);
		size_t tail = strlen(row->name);
		bool any = row->scope == CONFIG_SECRETS;

		if (len < head + 1 || !same_word(name, section, head) ||
		    name[head] != '_')
			continue;
		if (any) {
			char key[200];
			size_t i;

			snprintf(key, sizeof(key), "%.*s",
				 (int)(len - head - 1), name + head + 1);
			for (i = 0; key[i]; i++)
				key[i] = (char)tolower((unsigned char)key[i]);
			config_take(config, &place, section, key, value);
			return true;
		}
		if (!colon) {
			if (len == head + 1 + tail &&
			    same_word(name + head + 1, row->name, tail)) {
				config_take(config, &place, section, row->name,
					    value);
				return true;
			}
			continue;
		}
		if (len > head + 2 + tail && name[len - tail - 1] == '_' &&
		    same_word(name + len - tail, row->name, tail)) {
			char whole[200];
			size_t i, start = head + 1;

			snprintf(whole, sizeof(whole), "%.*s:%.*s", (int)head,
				 section, (int)(len - tail - 2 - head),
				 name + start);
			for (i = 0; whole[i]; i++)
				whole[i] =
					(char)tolower((unsigned char)whole[i]);
			config_take(config, &place, whole, row->name, value);
			return true;
		}
	}
	return false;
}

void config_read_environment(struct config *config, char *const *environment)
{
	struct config_place place = {CONFIG_FROM_ENVIRONMENT, "REDIS_URL"};
	const char *equal;
	size_t i;

	for (i = 0; environment[i]; i++) {
		equal = strchr(environment[i], '=');
		if (!equal)
			continue;
		if (!strncmp(environment[i], "REDIS_URL=", 10) && equal[1])
			config_take(config, &place, "redis", "url", equal + 1);
	}
	for (i = 0; environment[i]; i++) {
		equal = strchr(environment[i], '=');
		if (!equal || strncmp(environment[i], "CHERRY_", 7))
			continue;
		if (!take_variable(config, environment[i] + 7,
				   (size_t)(equal - environment[i]) - 7,
				   equal + 1))
			config_warn(config,
				    "%.*s in the environment names no setting",
				    (int)(equal - environment[i]),
				    environment[i]);
	}
}
