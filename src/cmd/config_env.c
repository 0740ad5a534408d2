/*
 * The environment as configuration: REDIS_URL and CHERRY_SECTION_KEY. Names of
 * queues, tasks and secrets are spelled in capitals there, with _ for all that
 * is neither letter nor digit; the spelling of a name that the configuration
 * knows is found again, any other is taken in small letters.
 */
#include "cmd/config_private.h"

#include <ctype.h>
#include <stdlib.h>
#include "cherry/task.h"

#define NAME_BYTES 300

/* Is `upper` (of `len` bytes) how the environment spells `name`? */
static bool is_spelling(const char *upper, size_t len, const char *name)
{
	size_t i;

	if (strlen(name) != len)
		return false;
	for (i = 0; i < len; i++) {
		int c = toupper((unsigned char)name[i]);

		if (!isalnum(c))
			c = '_';
		if (upper[i] != c)
			return false;
	}
	return true;
}

static bool try_names(char **names, size_t count, const char *upper, size_t len,
		      char *out)
{
	bool found = false;
	size_t i;

	for (i = 0; i < count && !found; i++) {
		found = is_spelling(upper, len, names[i]);
		if (found)
			snprintf(out, NAME_BYTES, "%s", names[i]);
	}
	config_names_free(names, count);
	return found;
}

/* The NAME of a queue or task that is meant. */
static void find_name(const struct config *config, bool queue,
		      const char *upper, size_t len, char *out)
{
	size_t count, i;
	char **names = config_names(config, queue ? "queue:" : "task:", &count);

	if (try_names(names, count, upper, len, out))
		return;
	names = queue ? config_queues(config, &count) : NULL;
	if (names && try_names(names, count, upper, len, out))
		return;
	for (i = 0; !queue && task_table[i]; i++) {
		if (is_spelling(upper, len, task_table[i]->name)) {
			snprintf(out, NAME_BYTES, "%s", task_table[i]->name);
			return;
		}
	}
	for (i = 0; i < len && i < NAME_BYTES - 1; i++)
		out[i] = (char)tolower((unsigned char)upper[i]);
	out[i] = '\0';
}

/* The row whose key `rest` (NAME_KEY) ends in. The longest one counts, so that
 * MAX_TIMEOUT is not the TIMEOUT of a task MAX. */
static const struct config_key *find_row(bool queue, const char *rest)
{
	const struct config_key *row, *best = NULL;
	size_t len = strlen(rest);

	for (row = config_table; row->name; row++) {
		bool fits = queue ? row->scope == CONFIG_QUEUE
				  : row->scope == CONFIG_TASK ||
					    row->scope == CONFIG_PROGRAM;
		size_t tail = strlen(row->name);

		if (fits && len > tail + 1 && rest[len - tail - 1] == '_' &&
		    is_spelling(rest + len - tail, tail, row->name) &&
		    (!best || tail > strlen(best->name)))
			best = row;
	}
	return best;
}

/* A built-in task's own setting. */
static bool take_own(struct config *config, const struct config_place *place,
		     const char *rest, const char *value)
{
	const struct task_arg *row;
	char section[NAME_BYTES];
	size_t i, head;

	for (i = 0; task_table[i]; i++) {
		head = strlen(task_table[i]->name);
		if (strlen(rest) < head + 2 || rest[head] != '_' ||
		    !is_spelling(rest, head, task_table[i]->name))
			continue;
		row = task_table[i]->settings;
		for (; row && row->type != ARG_END; row++) {
			if (!is_spelling(rest + head + 1,
					 strlen(rest) - head - 1, row->name))
				continue;
			snprintf(section, sizeof(section), "task:%s",
				 task_table[i]->name);
			config_take(config, place, section, row->name, value);
			return true;
		}
	}
	return false;
}

/* [queue:NAME] and [task:NAME]: `rest` is NAME_KEY. */
static bool take_named(struct config *config, const struct config_place *place,
		       bool queue, const char *rest, const char *value)
{
	const struct config_key *row = find_row(queue, rest);
	char name[NAME_BYTES], section[NAME_BYTES + 8];

	if (!row)
		return !queue && take_own(config, place, rest, value);
	find_name(config, queue, rest, strlen(rest) - strlen(row->name) - 1,
		  name);
	snprintf(section, sizeof(section), "%s:%s", queue ? "queue" : "task",
		 name);
	config_take(config, place, section, row->name, value);
	return true;
}

/* Sections without a name. [cherry] may be left out: CHERRY_CONCURRENCY. */
static bool take_plain(struct config *config, const struct config_place *place,
		       const char *rest, const char *value)
{
	const struct config_key *row;

	for (row = config_table; row->name; row++) {
		const char *section = config_scope_name(row->scope);
		size_t head = strlen(section);

		if (strchr(section, ':') || row->scope == CONFIG_SECRETS)
			continue;
		if (row->scope == CONFIG_CHERRY &&
		    is_spelling(rest, strlen(rest), row->name)) {
			config_take(config, place, section, row->name, value);
			return true;
		}
		if (strlen(rest) > head + 1 && rest[head] == '_' &&
		    is_spelling(rest + head + 1, strlen(rest) - head - 1,
				row->name) &&
		    is_spelling(rest, head, section)) {
			config_take(config, place, section, row->name, value);
			return true;
		}
	}
	return false;
}

static bool take_secret(struct config *config, const struct config_place *place,
			const char *rest, const char *value)
{
	char name[NAME_BYTES];
	size_t i;

	if (strncmp(rest, "SECRETS_", 8) != 0 || !rest[8])
		return false;
	for (i = 0; rest[8 + i] && i < sizeof(name) - 1; i++)
		name[i] = (char)tolower((unsigned char)rest[8 + i]);
	name[i] = '\0';
	config_take(config, place, "secrets", name, value);
	return true;
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len >= tail && !strcmp(text + len - tail, end);
}

/* What others put there: cherry for its programs, Docker and Kubernetes for a
 * service that is called cherry or cherry-redis. */
static bool is_foreign(const char *rest)
{
	static const char *const own[] = {"ID", "TASK", "ATTEMPT", "QUEUE",
					  "DEADLINE"};
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (!strcmp(rest, own[i]))
			return true;
	}
	return !strcmp(rest, "PORT") || !strncmp(rest, "PORT_", 5) ||
	       strstr(rest, "_PORT_") || ends_in(rest, "_PORT") ||
	       strstr(rest, "SERVICE_HOST") || strstr(rest, "SERVICE_PORT");
}

static void take_variable(struct config *config, const char *name,
			  const char *value)
{
	struct config_place place = {CONFIG_FROM_ENVIRONMENT, name};
	const char *rest = name + strlen("CHERRY_");

	if (take_plain(config, &place, rest, value) ||
	    take_secret(config, &place, rest, value) ||
	    (!strncmp(rest, "QUEUE_", 6) &&
	     take_named(config, &place, true, rest + 6, value)) ||
	    (!strncmp(rest, "TASK_", 5) &&
	     take_named(config, &place, false, rest + 5, value)) ||
	    is_foreign(rest))
		return;
	config_warn(config, "%.200s in the environment names no setting", name);
}

void config_read_environment(struct config *config, char *const *environment)
{
	struct config_place place = {CONFIG_FROM_ENVIRONMENT, "REDIS_URL"};
	size_t i;

	for (i = 0; environment[i]; i++) {
		if (!strncmp(environment[i], "REDIS_URL=", 10) &&
		    environment[i][10])
			config_take(config, &place, "redis", "url",
				    environment[i] + 10);
	}
	for (i = 0; environment[i]; i++) {
		const char *equal = strchr(environment[i], '=');
		char *name;

		if (!equal || strncmp(environment[i], "CHERRY_", 7) != 0)
			continue;
		name = strndup(environment[i],
			       (size_t)(equal - environment[i]));
		if (name)
			take_variable(config, name, equal + 1);
		free(name);
	}
}
