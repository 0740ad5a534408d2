/*
 * Values of the configuration: taking them in, precedence, and the getters.
 * Reading a file and the environment are config_file.c and config_env.c; the
 * checks are config_check.c.
 */
#include "cmd/config_private.h"

#include <stdarg.h>
#include <stdlib.h>
#include "base/nearest.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cherry/task.h"

#define LINE_BYTES 4096

/* --- Problems ------------------------------------------------------------- */

static void add_line(char ***lines, size_t *count, struct buf *line)
{
	*lines = xrealloc(*lines, *count + 1, sizeof(**lines));
	(*lines)[(*count)++] = xstrdup(line->ptr ? line->ptr : "");
	buf_release(line);
}

PRINTF_LIKE(2, 0)
static void add_format(struct buf *line, const char *format, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, args);
	buf_add_text(line, text);
	buf_add_char(line, '\0');
}

void config_problem(struct config *config, const char *where,
		    const char *section, const char *key, const char *format,
		    ...)
{
	struct buf line;
	va_list args;

	buf_init(&line, LINE_BYTES);
	buf_printf(&line, "%.500s: ", where);
	if (section)
		buf_printf(&line, "[%.200s]%s%.200s: ", section, key ? " " : "",
			   key ? key : "");
	va_start(args, format);
	add_format(&line, format, args);
	va_end(args);
	add_line(&config->problems, &config->problem_count, &line);
}

void config_warn(struct config *config, const char *format, ...)
{
	struct buf line;
	va_list args;

	buf_init(&line, LINE_BYTES);
	va_start(args, format);
	add_format(&line, format, args);
	va_end(args);
	add_line(&config->warnings, &config->warning_count, &line);
}

/* --- Rows ----------------------------------------------------------------- */

static const struct {
	const char *name;
	enum config_scope scope;
	bool named;
} sections[] = {
	{"cherry", CONFIG_CHERRY, false}, {"redis", CONFIG_REDIS, false},
	{"queue:", CONFIG_QUEUE, true},	  {"task:", CONFIG_TASK, true},
	{"files", CONFIG_FILES, false},	  {"secrets", CONFIG_SECRETS, false},
	{"http", CONFIG_HTTP, false},
};

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

int config_scope_of(const char *section)
{
	for (size_t i = 0; i < SECTIONS; i++) {
		size_t len = strlen(sections[i].name);

		if (sections[i].named
			    ? strncmp(section, sections[i].name, len) == 0 &&
				      section[len]
			    : !strcmp(section, sections[i].name))
			return (int)sections[i].scope;
	}
	return -1;
}

const struct task *config_task_of(const char *section)
{
	if (strncmp(section, "task:", 5) != 0)
		return NULL;
	return task_find(slice_text(section + 5));
}

/* Programs share their section with tasks. */
static bool row_fits(const struct config_key *row, int scope)
{
	return (int)row->scope == scope ||
	       (row->scope == CONFIG_PROGRAM && scope == CONFIG_TASK);
}

const struct config_key *config_row(const char *section, const char *key)
{
	int scope = config_scope_of(section);

	for (const struct config_key *row = config_table; row->name; row++)
		if (row_fits(row, scope) &&
		    (scope == CONFIG_SECRETS || !strcmp(row->name, key)))
			return row;
	return NULL;
}

static const struct task_arg *task_setting_row(const struct task *task,
					       const char *key)
{
	const struct task_arg *row = task ? task->settings : NULL;

	for (; row && row->type != ARG_END; row++)
		if (!strcmp(row->name, key))
			return row;
	return NULL;
}

/* --- Taking values in ----------------------------------------------------- */

static void problem_section(struct config *config, const char *where,
			    const char *section)
{
	struct nearest near = nearest_init(slice_text(section));
	const char *found;
	char quoted[80];

	for (size_t i = 0; i < SECTIONS; i++)
		nearest_try(&near, sections[i].name);
	found = nearest_name(&near);
	err_quote(quoted, 60, slice_text(section));
	config_problem(config, where, NULL, NULL,
		       "[%s]: there is no such section%s%s%s; the sections "
		       "are cherry, redis, queue:NAME, task:NAME, files, "
		       "secrets",
		       quoted, found ? "; did you mean [" : "",
		       found ? found : "", found ? "]" : "");
}

int config_section_check(struct config *config, const char *where,
			 const char *section)
{
	if (config_scope_of(section) >= 0)
		return 0;
	problem_section(config, where, section);
	return -1;
}

static void problem_key(struct config *config, const char *where,
			const char *section, const char *key)
{
	struct nearest near = nearest_init(slice_text(key));
	const struct task *task = config_task_of(section);
	const struct task_arg *own = task ? task->settings : NULL;
	int scope = config_scope_of(section);
	const char *found;
	char quoted[80];

	for (const struct config_key *row = config_table; row->name; row++)
		if (row_fits(row, scope))
			nearest_try(&near, row->name);
	for (; own && own->type != ARG_END; own++)
		nearest_try(&near, own->name);
	found = nearest_name(&near);
	err_quote(quoted, 60, slice_text(key));
	config_problem(config, where, section, quoted,
		       "there is no such setting%s%s%s",
		       found ? "; did you mean \"" : "", found ? found : "",
		       found ? "\"?" : "");
}

static struct config_entry *entry_new(struct config *config)
{
	if (config->count == config->size) {
		config->size = config->size ? config->size * 2 : 32;
		config->entries = xrealloc(config->entries, config->size,
					   sizeof(*config->entries));
	}
	config->entries[config->count] = (struct config_entry){0};
	return &config->entries[config->count++];
}

/* Marks which of the entries of one name counts. false: given twice. */
static bool entry_win(struct config *config, const struct config_place *place,
		      const char *section, const char *key)
{
	for (size_t i = 0; i < config->count; i++) {
		struct config_entry *other = &config->entries[i];

		if (!other->used || strcmp(other->section, section) != 0 ||
		    strcmp(other->key, key) != 0)
			continue;
		if (other->origin == CONFIG_FROM_FILE &&
		    place->origin == CONFIG_FROM_FILE) {
			config_problem(config, place->where, section, key,
				       "given a second time; the first is at "
				       "%s",
				       other->where);
			return false;
		}
		other->used = false;
	}
	return true;
}

void config_take(struct config *config, const struct config_place *place,
		 const char *section, const char *key, const char *value)
{
	const struct config_key *row;
	struct config_entry *entry;

	if (config_section_check(config, place->where, section))
		return;
	row = config_row(section, key);
	if (!row && !task_setting_row(config_task_of(section), key)) {
		problem_key(config, place->where, section, key);
		return;
	}
	if (!entry_win(config, place, section, key))
		return;
	entry = entry_new(config);
	entry->section = xstrdup(section);
	entry->key = xstrdup(key);
	entry->value = xstrdup(value);
	entry->where = xstrdup(place->where);
	entry->origin = place->origin;
	entry->row = row;
	entry->used = true;
	config_check_value(config, entry);
}

/* "section.key=value"; a section may hold dots, a key does not. */
static void take_set(struct config *config, const struct config_override *set)
{
	struct config_place place = {CONFIG_FROM_OPTION, set->option};
	const char *equal = strchr(set->setting, '=');
	char *text, *dot;

	text = xstrdup(set->setting);
	if (equal)
		text[equal - set->setting] = '\0';
	dot = equal ? strrchr(text, '.') : NULL;
	if (!dot || dot == text || !dot[1]) {
		config_problem(config, set->option, NULL, NULL,
			       "\"%.200s\" is not section.key=value",
			       set->setting);
	} else {
		*dot = '\0';
		config_take(config, &place, text, dot + 1, equal + 1);
	}
	free(text);
}

int config_load(struct config *config, const struct config_request *request)
{
	*config = (struct config){0};
	if (request->file)
		config_read_file(config, request->file);
	if (request->environment)
		config_read_environment(config, request->environment);
	for (size_t i = 0; i < request->override_count; i++) {
		const struct config_override *set = &request->overrides[i];
		struct config_place place = {CONFIG_FROM_OPTION, set->option};

		if (set->section)
			config_take(config, &place, set->section, set->key,
				    set->setting);
		else
			take_set(config, set);
	}
	config_check_whole(config, request->need_programs);
	return config->problem_count ? -1 : 0;
}

void config_release(struct config *config)
{
	for (size_t i = 0; i < config->count; i++) {
		struct config_entry *entry = &config->entries[i];

		if (entry->secret)
			explicit_bzero(entry->secret, entry->secret_len);
		free(entry->secret);
		free(entry->section);
		free(entry->key);
		free(entry->value);
		free(entry->where);
	}
	free(config->entries);
	config_names_free(config->problems, config->problem_count);
	config_names_free(config->warnings, config->warning_count);
	*config = (struct config){0};
}
