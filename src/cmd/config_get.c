/*
 * Getters of the configuration. Values were checked when they were taken in;
 * a name that is not in the table is a mistake of the caller.
 */
#include "cmd/config_private.h"

#include <assert.h>
#include <stdlib.h>
#include "base/text.h"
#include "base/xalloc.h"

const struct config_entry *config_find(const struct config *config,
				       const char *section, const char *key)
{
	for (size_t i = 0; i < config->count; i++) {
		const struct config_entry *entry = &config->entries[i];

		if (entry->used && !strcmp(entry->section, section) &&
		    !strcmp(entry->key, key) &&
		    (entry->value[0] || !entry->row))
			return entry;
	}
	return NULL;
}

const char *config_text(const struct config *config, const char *section,
			const char *key)
{
	const struct config_entry *entry = config_find(config, section, key);
	const struct config_key *row = config_row(section, key);

	assert(row);
	return entry ? entry->value : row->fallback;
}

int64_t config_integer(const struct config *config, const char *section,
		       const char *key)
{
	int64_t value = 0;

	if (text_int64(slice_text(config_text(config, section, key)), &value))
		return 0;
	return value;
}

size_t config_size(const struct config *config, const char *section,
		   const char *key)
{
	uint64_t value = 0;

	if (text_size(slice_text(config_text(config, section, key)), &value))
		return 0;
	return (size_t)value;
}

double config_seconds(const struct config *config, const char *section,
		      const char *key)
{
	double value = 0;

	if (text_duration(slice_text(config_text(config, section, key)),
			  &value))
		return 0;
	return value;
}

int config_choice(const struct config *config, const char *section,
		  const char *key)
{
	const struct config_key *row = config_row(section, key);
	const char *value = config_text(config, section, key);
	size_t pos = 0;
	struct slice word;

	for (int i = 0; (word = config_word(row->choices, &pos)).len; i++)
		if (slice_is(word, value))
			return i;
	return 0;
}

void config_range(const struct config *config, const char *section,
		  const char *key, double *low, double *high)
{
	const char *text = config_text(config, section, key);
	const char *dots = strstr(text, "..");

	*low = *high = 0;
	if (!dots ||
	    text_duration(slice_of(text, (size_t)(dots - text)), low) ||
	    text_duration(slice_text(dots + 2), high))
		return;
}

bool config_secret(const struct config *config, const char *section,
		   const char *key, struct slice *bytes)
{
	const struct config_entry *entry = config_find(config, section, key);

	if (!entry || !entry->secret)
		return false;
	*bytes = slice_of(entry->secret, entry->secret_len);
	return true;
}

static bool is_gap(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

struct slice config_word(const char *text, size_t *pos)
{
	size_t begin;

	while (is_gap(text[*pos]))
		(*pos)++;
	begin = *pos;
	while (text[*pos] && !is_gap(text[*pos]))
		(*pos)++;
	return slice_of(text + begin, *pos - begin);
}

static void names_add(char ***names, size_t *count, struct slice name)
{
	char *copy;

	for (size_t i = 0; i < *count; i++)
		if (slice_is(name, (*names)[i]))
			return;
	copy = xcalloc(1, name.len + 1);
	memcpy(copy, name.ptr, name.len);
	*names = xrealloc(*names, *count + 1, sizeof(**names));
	(*names)[(*count)++] = copy;
}

char **config_queues(const struct config *config, size_t *count)
{
	const char *text = config_text(config, "cherry", "queues");
	char **names = NULL;
	size_t pos = 0;
	struct slice word;

	*count = 0;
	while ((word = config_word(text, &pos)).len)
		names_add(&names, count, word);
	return names;
}

char **config_names(const struct config *config, const char *prefix,
		    size_t *count)
{
	size_t len = strlen(prefix);
	char **names = NULL;

	*count = 0;
	for (size_t i = 0; i < config->count; i++) {
		const struct config_entry *entry = &config->entries[i];

		if (entry->used && !strncmp(entry->section, prefix, len))
			names_add(&names, count,
				  slice_text(entry->section + len));
	}
	return names;
}

void config_names_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}
