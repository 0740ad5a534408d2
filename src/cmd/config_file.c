/*
 * Reads a configuration file: [section], key = value, comments. Written here
 * because inih as Debian builds it cuts lines after 199 bytes and names after
 * 49, says no line numbers, skips unknown sections that are empty, and takes an
 * indented key for more of the value above it: each of them a setting that is
 * silently not what was written.
 */
#include "cmd/config_private.h"

#include <errno.h>
#include <stdlib.h>

#define LINE_MAX_BYTES 65536

struct reading {
	struct config *config;
	const char *path;
	int line;
	char *section; /* NULL: none yet, or one that is wrong */
	bool any;      /* a section has begun, right or wrong */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Cuts white space off both ends, in place. */
static char *trim(char *text)
{
	size_t len;

	while (is_blank(*text))
		text++;
	len = strlen(text);
	while (len && is_blank(text[len - 1]))
		len--;
	text[len] = '\0';
	return text;
}

/* A ';' at the start or behind a blank begins a comment. '#' does only at the
 * start of a line: it is common inside values. */
static void cut_comment(char *text)
{
	size_t i;

	for (i = 0; text[i]; i++) {
		if (text[i] == ';' && (i == 0 || is_blank(text[i - 1]))) {
			text[i] = '\0';
			return;
		}
	}
}

static void where_is(const struct reading *reading, char out[600])
{
	snprintf(out, 600, "%.560s:%d", reading->path, reading->line);
}

static void take_section(struct reading *reading, char *text)
{
	size_t len = strlen(text);
	char where[600];

	where_is(reading, where);
	free(reading->section);
	reading->section = NULL;
	reading->any = true;
	if (len < 3 || text[len - 1] != ']') {
		config_problem(reading->config, where, NULL, NULL,
			       "\"%.100s\" is no section: [name]", text);
		return;
	}
	text[len - 1] = '\0';
	text = trim(text + 1);
	if (!config_section_check(reading->config, where, text))
		reading->section = strdup(text);
}

static void take_setting(struct reading *reading, char *text)
{
	struct config_place place = {CONFIG_FROM_FILE, NULL};
	char *equal = strchr(text, '=');
	char where[600];

	where_is(reading, where);
	place.where = where;
	if (!equal || equal == text) {
		config_problem(reading->config, where, NULL, NULL,
			       "\"%.100s\" is neither [section], nor key = "
			       "value, nor a comment",
			       text);
		return;
	}
	*equal = '\0';
	if (!reading->any)
		config_problem(reading->config, where, NULL, NULL,
			       "\"%.100s\" stands before any [section]",
			       trim(text));
	/* Settings of a section that is wrong would be told twice. */
	if (reading->section)
		config_take(reading->config, &place, reading->section,
			    trim(text), trim(equal + 1));
}

static void take_line(struct reading *reading, char *text, size_t len)
{
	char where[600];

	if (reading->line == 1 && !strncmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	where_is(reading, where);
	if (len > LINE_MAX_BYTES || strlen(text) > LINE_MAX_BYTES) {
		config_problem(reading->config, where, NULL, NULL,
			       "the line is longer than %d bytes",
			       LINE_MAX_BYTES);
		return;
	}
	text = trim(text);
	if (*text == '#')
		return;
	cut_comment(text);
	text = trim(text);
	if (*text == '[')
		take_section(reading, text);
	else if (*text)
		take_setting(reading, text);
}

void config_read_file(struct config *config, const char *path)
{
	struct reading reading = {.config = config, .path = path};
	FILE *file = fopen(path, "re");
	char *text = NULL, where[600];
	size_t size = 0;
	ssize_t len = 0;

	if (!file) {
		config_problem(config, path, NULL, NULL, "%s", strerror(errno));
		return;
	}
	while (errno = 0, (len = getline(&text, &size, file)) > 0) {
		reading.line++;
		if (memchr(text, '\0', (size_t)len)) {
			where_is(&reading, where);
			config_problem(config, where, NULL, NULL,
				       "a zero byte: this is no text file");
			break;
		}
		take_line(&reading, text, (size_t)len);
	}
	if (len < 0 && !feof(file))
		config_problem(config, path, NULL, NULL, "%s", strerror(errno));
	free(text);
	free(reading.section);
	fclose(file);
}
