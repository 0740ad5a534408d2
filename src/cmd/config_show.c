/*
 * The configuration as it was understood, with where each value comes from.
 * Secrets are never written.
 */
#include "cmd/config_private.h"

#include <stdlib.h>
#include "base/json.h"

static bool is_secret(const struct config_key *row)
{
	return row && row->type == CONFIG_SECRET;
}

/* A URL with its password masked. */
static void put_url(const char *url, FILE *out)
{
	const char *scheme = strstr(url, "://");
	const char *at = strrchr(url, '@'), *colon;

	if (!scheme || !at || at < scheme) {
		fputs(url, out);
		return;
	}
	colon = memchr(scheme + 3, ':', (size_t)(at - scheme) - 3);
	if (colon)
		fprintf(out, "%.*s:***%s", (int)(colon - url), url, at);
	else
		fputs(url, out);
}

static void show_value(const struct config_key *row, const char *value,
		       FILE *out)
{
	if (is_secret(row) && value[0] != '@')
		fputs("***", out);
	else if (row && row->type == CONFIG_URL)
		put_url(value, out);
	else
		fputs(value, out);
}

static void show_line(const struct config *config, const char *section,
		      const struct config_key *row, FILE *out)
{
	const struct config_entry *entry =
		config_find(config, section, row->name);

	fprintf(out, "%s = ", row->name);
	show_value(row, entry ? entry->value : row->fallback, out);
	if (entry)
		fprintf(out, "\t; %s", entry->where);
	fputc('\n', out);
}

static void show_own(const struct config *config, const char *section,
		     FILE *out)
{
	size_t i;

	for (i = 0; i < config->count; i++) {
		const struct config_entry *entry = &config->entries[i];

		if (!entry->used || strcmp(entry->section, section) != 0 ||
		    (entry->row && entry->row->scope != CONFIG_SECRETS))
			continue;
		fprintf(out, "%s = ", entry->key);
		show_value(entry->row, entry->value, out);
		fprintf(out, "\t; %s\n", entry->where);
	}
}

static void show_section(const struct config *config, enum config_scope scope,
			 const char *section, FILE *out)
{
	const struct config_key *row;
	bool program =
		scope == CONFIG_TASK && config_find(config, section, "command");

	fprintf(out, "[%s]\n", section);
	for (row = config_table; row->name; row++) {
		if (row->scope == scope && scope != CONFIG_SECRETS)
			show_line(config, section, row, out);
		if (program && row->scope == CONFIG_PROGRAM)
			show_line(config, section, row, out);
	}
	show_own(config, section, out);
	fputc('\n', out);
}

static void show_named(const struct config *config, enum config_scope scope,
		       const char *prefix, FILE *out)
{
	char section[300];
	size_t count, i;
	char **names = config_names(config, prefix, &count);

	for (i = 0; i < count; i++) {
		snprintf(section, sizeof(section), "%s%.280s", prefix,
			 names[i]);
		show_section(config, scope, section, out);
	}
	config_names_free(names, count);
}

void config_show(const struct config *config, FILE *out)
{
	show_section(config, CONFIG_CHERRY, "cherry", out);
	show_section(config, CONFIG_REDIS, "redis", out);
	show_named(config, CONFIG_QUEUE, "queue:", out);
	show_named(config, CONFIG_TASK, "task:", out);
	show_section(config, CONFIG_FILES, "files", out);
	show_section(config, CONFIG_SECRETS, "secrets", out);
}

void config_show_json(const struct config *config, FILE *out)
{
	struct buf text;
	size_t i;

	buf_init(&text, (size_t)16 << 20);
	buf_add_text(&text, "{\"version\":1,\"given\":[");
	for (i = 0; i < config->count; i++) {
		const struct config_entry *entry = &config->entries[i];

		if (!entry->used)
			continue;
		json_put_comma(&text);
		buf_add_char(&text, '{');
		json_put_key(&text, "section");
		json_put_string(&text, slice_text(entry->section));
		json_put_key(&text, "key");
		json_put_string(&text, slice_text(entry->key));
		json_put_key(&text, "value");
		json_put_string(&text, slice_text(is_secret(entry->row)
							  ? "***"
							  : entry->value));
		json_put_key(&text, "from");
		json_put_string(&text, slice_text(entry->where));
		buf_add_char(&text, '}');
	}
	buf_add_text(&text, "]}\n");
	fwrite(text.ptr, 1, text.len, out);
	buf_release(&text);
}
