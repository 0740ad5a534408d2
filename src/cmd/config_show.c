/*
 * The configuration as it was understood, with where each value comes from: as
 * a file that could be read again, or as JSON. Secrets are never written.
 */
#include "cmd/config_private.h"

#include <stdlib.h>
#include "base/json.h"

#define TEXT_MAX ((size_t)16 << 20)

/* One setting on its way out; `where` is NULL for a default. */
struct shown {
	const char *section, *key, *value, *where;
	const struct config_key *row;
};

struct show {
	const struct config *config;
	struct buf out;
	bool json;
	char section[300]; /* whose head has been written */
};

/* --- Values --------------------------------------------------------------- */

/* A URL with its password masked. */
static void put_url(const char *url, struct buf *out)
{
	const char *scheme = strstr(url, "://");
	const char *at = strrchr(url, '@'), *colon = NULL;

	if (scheme && at && at > scheme + 3)
		colon = memchr(scheme + 3, ':', (size_t)(at - scheme) - 3);
	if (colon)
		buf_printf(out, "%.*s:***%s", (int)(colon - url), url, at);
	else
		buf_add_text(out, url);
}

static void put_value(const struct shown *shown, struct buf *out)
{
	enum config_type type = shown->row ? shown->row->type : CONFIG_TEXT;

	if (type == CONFIG_SECRET && shown->value[0] != '@')
		buf_add_text(out, "***");
	else if (type == CONFIG_URL)
		put_url(shown->value, out);
	else
		buf_add_text(out, shown->value);
}

static void put_line(struct show *show, const struct shown *shown)
{
	if (strcmp(show->section, shown->section) != 0)
		buf_printf(&show->out, "%s[%s]\n", show->out.len ? "\n" : "",
			   shown->section);
	buf_printf(&show->out, "%s = ", shown->key);
	put_value(shown, &show->out);
	if (shown->where)
		buf_printf(&show->out, "\t; %s", shown->where);
	buf_add_char(&show->out, '\n');
}

static void put_json(struct show *show, const struct shown *shown)
{
	struct buf value;

	buf_init(&value, TEXT_MAX);
	put_value(shown, &value);
	json_put_comma(&show->out);
	buf_add_char(&show->out, '{');
	json_put_key(&show->out, "section");
	json_put_string(&show->out, slice_text(shown->section));
	json_put_key(&show->out, "key");
	json_put_string(&show->out, slice_text(shown->key));
	json_put_key(&show->out, "value");
	json_put_string(&show->out, buf_slice(&value));
	json_put_key(&show->out, "from");
	json_put_string(&show->out,
			slice_text(shown->where ? shown->where : "default"));
	buf_add_char(&show->out, '}');
	buf_release(&value);
}

static void show_one(struct show *show, const struct shown *shown)
{
	if (show->json)
		put_json(show, shown);
	else
		put_line(show, shown);
	snprintf(show->section, sizeof(show->section), "%s", shown->section);
}

/* --- Sections ------------------------------------------------------------- */

static void show_row(struct show *show, const char *section,
		     const struct config_key *row)
{
	const struct config_entry *entry =
		config_find(show->config, section, row->name);

	show_one(show,
		 &(struct shown){.section = section,
				 .key = row->name,
				 .value = entry ? entry->value : row->fallback,
				 .where = entry ? entry->where : NULL,
				 .row = row});
}

/* What has no row of its own: secrets, and settings of built-in tasks. */
static void show_own(struct show *show, const char *section)
{
	size_t i;

	for (i = 0; i < show->config->count; i++) {
		const struct config_entry *entry = &show->config->entries[i];

		if (!entry->used || strcmp(entry->section, section) != 0 ||
		    (entry->row && entry->row->scope != CONFIG_SECRETS))
			continue;
		show_one(show, &(struct shown){.section = section,
					       .key = entry->key,
					       .value = entry->value,
					       .where = entry->where,
					       .row = entry->row});
	}
}

static void show_section(struct show *show, enum config_scope scope,
			 const char *section)
{
	bool program = scope == CONFIG_TASK &&
		       config_find(show->config, section, "command");
	const struct config_key *row;

	for (row = config_table; row->name; row++) {
		bool fits = row->scope == scope ||
			    (program && row->scope == CONFIG_PROGRAM);

		if (fits && scope != CONFIG_SECRETS &&
		    row->type != CONFIG_LATER)
			show_row(show, section, row);
	}
	show_own(show, section);
}

static void show_names(struct show *show, enum config_scope scope,
		       const char *prefix, char **names, size_t count)
{
	char section[300];
	size_t i;

	for (i = 0; i < count; i++) {
		snprintf(section, sizeof(section), "%s%.280s", prefix,
			 names[i]);
		show_section(show, scope, section);
	}
	config_names_free(names, count);
}

static void show_all(struct show *show)
{
	size_t count;
	char **names;

	show_section(show, CONFIG_CHERRY, "cherry");
	show_section(show, CONFIG_REDIS, "redis");
	names = config_queues(show->config, &count);
	show_names(show, CONFIG_QUEUE, "queue:", names, count);
	names = config_names(show->config, "task:", &count);
	show_names(show, CONFIG_TASK, "task:", names, count);
	show_section(show, CONFIG_FILES, "files");
	show_section(show, CONFIG_SECRETS, "secrets");
}

void config_show(const struct config *config, FILE *out)
{
	struct show show = {.config = config};

	buf_init(&show.out, TEXT_MAX);
	show_all(&show);
	fwrite(show.out.ptr, 1, show.out.len, out);
	buf_release(&show.out);
}

void config_show_json(const struct config *config, FILE *out)
{
	struct show show = {.config = config, .json = true};

	buf_init(&show.out, TEXT_MAX);
	buf_add_text(&show.out, "{\"version\":1,\"settings\":[");
	show_all(&show);
	buf_add_text(&show.out, "]}\n");
	fwrite(show.out.ptr, 1, show.out.len, out);
	buf_release(&show.out);
}
