/*
 * Checks of the configuration: each value by its row, then what several values
 * have to do with each other. Reads the files that secrets stand in.
 */
#include "cmd/config_private.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/nearest.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "broker/client.h"
#include "cherry/task.h"
#include "exec/program.h"

#define SECRET_MAX 65536

static void bad_rule(struct config *config, const struct config_entry *entry)
{
	struct buf rule;

	buf_init(&rule, 1024);
	config_key_rule(entry->row, &rule);
	buf_add_char(&rule, '\0');
	config_problem(config, entry->where, entry->section, entry->key,
		       "\"%.100s\" is not %s", entry->value,
		       rule.ptr ? rule.ptr : "allowed");
	buf_release(&rule);
}

static bool in_range(const struct config_key *row, double value)
{
	return value >= row->min && value <= row->max;
}

static bool is_choice(const struct config_key *row, const char *value)
{
	size_t pos = 0;
	struct slice word;

	while ((word = config_word(row->choices, &pos)).len) {
		if (slice_is(word, value))
			return true;
	}
	return false;
}

static bool is_range(const char *value)
{
	const char *dots = strstr(value, "..");
	double low, high;

	return dots &&
	       !text_duration(slice_of(value, (size_t)(dots - value)), &low) &&
	       !text_duration(slice_text(dots + 2), &high) && low >= 0 &&
	       low <= high;
}

/* --- Files with secrets --------------------------------------------------------- */

static void read_secret_file(struct config *config, struct config_entry *entry,
			     const char *path, bool first_line)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t got = -1;
	char *bytes;

	if (fd < 0 || fstat(fd, &st)) {
		config_problem(config, entry->where, entry->section, entry->key,
			       "%.300s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	if (st.st_mode & (S_IROTH | S_IWOTH))
		config_problem(config, entry->where, entry->section, entry->key,
			       "%.300s can be read by everybody: chmod o= it",
			       path);
	bytes = xcalloc(SECRET_MAX + 1, 1);
	got = read(fd, bytes, SECRET_MAX + 1);
	close(fd);
	if (got < 0 || got > SECRET_MAX) {
		config_problem(config, entry->where, entry->section, entry->key,
			       "%.300s: %s", path,
			       got < 0 ? strerror(errno)
				       : "it is longer than 64 kB");
		got = 0;
	}
	/* A key's last newline is the editor's, not the key's. */
	if (first_line && memchr(bytes, '\n', (size_t)got))
		got = (char *)memchr(bytes, '\n', (size_t)got) - bytes;
	else if (got && bytes[got - 1] == '\n')
		got--;
	if (got && bytes[got - 1] == '\r')
		got--;
	bytes[got] = '\0';
	entry->secret = bytes;
	entry->secret_len = (size_t)got;
}

static void check_secret(struct config *config, struct config_entry *entry)
{
	size_t before = config->problem_count;

	if (entry->value[0] == '@') {
		read_secret_file(config, entry, entry->value + 1, false);
	} else {
		entry->secret = xstrdup(entry->value);
		entry->secret_len = strlen(entry->value);
	}
	if (!entry->secret_len && config->problem_count == before)
		config_bad(config, entry, "%s", "an empty secret is no secret");
}

/* --- Single values --------------------------------------------------------------- */

static void check_url(struct config *config, struct config_entry *entry)
{
	struct err err = ERR_INIT;

	if (client_check_url(entry->value, &err))
		config_bad(config, entry, "%s", strchr(err.message, ' ') + 1);
}

static void check_directory(struct config *config, struct config_entry *entry)
{
	struct stat st;

	if (stat(entry->value, &st))
		config_bad(config, entry, "%s", strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		config_bad(config, entry, "%s is no directory", entry->value);
}

static void check_readable(struct config *config, struct config_entry *entry)
{
	if (access(entry->value, R_OK))
		config_bad(config, entry, "%s: %s", entry->value,
			   strerror(errno));
}

static void check_number(struct config *config, struct config_entry *entry)
{
	const struct config_key *row = entry->row;
	struct slice text = slice_text(entry->value);
	uint64_t size = 0;
	int64_t whole = 0;
	double seconds = 0;
	bool good;

	switch (row->type) {
	case CONFIG_INTEGER:
		good = !text_int64(text, &whole) &&
		       in_range(row, (double)whole);
		break;
	case CONFIG_SIZE:
		good = !text_size(text, &size) && in_range(row, (double)size);
		break;
	default:
		good = !text_duration(text, &seconds) &&
		       in_range(row, seconds) &&
		       (row->type == CONFIG_SECONDS ||
			seconds == floor(seconds));
		break;
	}
	if (!good)
		bad_rule(config, entry);
}

/* A built-in task's own setting: checked by the task's table. */
static void check_task_setting(struct config *config,
			       const struct config_entry *entry)
{
	struct err err = ERR_INIT;

	if (task_setting_check(config_task_of(entry->section),
			       slice_text(entry->key), slice_text(entry->value),
			       &err))
		config_bad(config, entry, "%s", err.message);
}

void config_check_value(struct config *config, struct config_entry *entry)
{
	if (!entry->row) {
		check_task_setting(config, entry);
		return;
	}
	/* "key =" is the default again. */
	if (!entry->value[0])
		return;
	switch (entry->row->type) {
	case CONFIG_WORDS:
		config_check_queues(config, entry);
		break;
	case CONFIG_INTEGER:
	case CONFIG_SIZE:
	case CONFIG_SECONDS:
	case CONFIG_WHOLE_SECONDS:
		check_number(config, entry);
		break;
	case CONFIG_CHOICE:
		if (!is_choice(entry->row, entry->value))
			bad_rule(config, entry);
		break;
	case CONFIG_RANGE:
		if (!is_range(entry->value))
			bad_rule(config, entry);
		break;
	case CONFIG_URL:
		check_url(config, entry);
		break;
	case CONFIG_SECRET:
		check_secret(config, entry);
		break;
	case CONFIG_FILE:
		read_secret_file(config, entry, entry->value, true);
		break;
	case CONFIG_READABLE:
		check_readable(config, entry);
		break;
	case CONFIG_DIRECTORY:
		check_directory(config, entry);
		break;
	case CONFIG_LATER:
		config_bad(config, entry, "%s",
			   "this setting is not built yet");
		break;
	default:
		break;
	}
}

/* --- Several values ---------------------------------------------------------------- */

/* Where the one of two settings stands that was given; for what is wrong about
 * both. At least one is no default. */
static const char *place_of(const struct config *config, const char *section,
			    const char *key, const char *other)
{
	const struct config_entry *entry = config_find(config, section, key);

	if (!entry)
		entry = config_find(config, section, other);
	return entry ? entry->where : "configuration";
}

/* A time that must not be over its ceiling. */
static void check_ceiling(struct config *config, const char *section,
			  const char *key, const char *ceiling)
{
	if (config_seconds(config, section, key) >
	    config_seconds(config, section, ceiling))
		config_problem(config, place_of(config, section, key, ceiling),
			       section, key, "%s is over %s, which is %s",
			       config_text(config, section, key), ceiling,
			       config_text(config, section, ceiling));
}

/* At most once is one blocking pop over all queues: all or none, one side. */
static void check_delivery(struct config *config, char *const *queues,
			   size_t count)
{
	static const char *const keys[] = {"delivery", "pop"};
	char first[300], section[300];
	size_t i, k;
	bool once = false;

	for (i = 0; i < count; i++) {
		snprintf(section, sizeof(section), "queue:%.280s", queues[i]);
		once |= config_choice(config, section, "delivery") == 1;
	}
	if (!once)
		return;
	snprintf(first, sizeof(first), "queue:%.280s", queues[0]);
	for (i = 1; i < count; i++) {
		snprintf(section, sizeof(section), "queue:%.280s", queues[i]);
		for (k = 0; k < 2; k++) {
			const char *at = config_find(config, section, keys[k])
						 ? section
						 : first;

			if (config_choice(config, section, keys[k]) ==
			    config_choice(config, first, keys[k]))
				continue;
			config_problem(
				config, place_of(config, at, keys[k], keys[k]),
				section, keys[k],
				"%s, but %s in [%s]: where one queue "
				"is at-most-once all of a worker's "
				"queues have the same delivery and pop",
				config_text(config, section, keys[k]),
				config_text(config, first, keys[k]), first);
		}
	}
}

/* A message of a part that knows no sections says the key itself. */
static const char *behind_key(const char *message)
{
	const char *colon = strstr(message, ": ");

	return colon ? colon + 2 : message;
}

static bool has_command(const struct config *config, const char *section)
{
	return config_find(config, section, "command") != NULL;
}

static void check_command(struct config *config, const char *section)
{
	const struct config_entry *entry =
		config_find(config, section, "command");
	const struct config_entry *directory =
		config_find(config, section, "directory");
	struct program_command command;
	struct err err = ERR_INIT;

	if (!entry)
		return;
	if (program_command_read(entry->value,
				 directory ? directory->value : NULL, &command,
				 &err))
		config_bad(config, entry, "%s", behind_key(err.message));
	else
		program_command_release(&command);
}

static void check_account(struct config *config, const char *section,
			  const char *key)
{
	const struct config_entry *entry = config_find(config, section, key);
	bool is_user = !strcmp(key, "user");
	struct program_user found;
	struct err err = ERR_INIT;

	if (!entry)
		return;
	if (program_user_find(is_user ? entry->value : NULL,
			      is_user ? NULL : entry->value, &found, &err))
		config_bad(config, entry, "%s", behind_key(err.message));
	else
		program_user_release(&found);
	if (geteuid() != 0)
		config_warn(config, "[%s] %s: only root can change it", section,
			    key);
}

static void bad_task_name(struct config *config,
			  const struct config_entry *entry, const char *name)
{
	struct nearest near = nearest_init(slice_text(name));
	const char *found;
	size_t i;

	for (i = 0; task_table[i]; i++)
		nearest_try(&near, task_table[i]->name);
	found = nearest_name(&near);
	config_bad(config, entry,
		   "%s is no built-in task%s%s%s, so it needs a command", name,
		   found ? " (did you mean " : "", found ? found : "",
		   found ? "?)" : "");
}

static void check_task_section(struct config *config, const char *name,
			       bool need_programs)
{
	char section[300];
	size_t i;
	bool program;

	snprintf(section, sizeof(section), "task:%.280s", name);
	program = has_command(config, section);
	for (i = 0; i < config->count; i++) {
		struct config_entry *entry = &config->entries[i];

		if (!entry->used || strcmp(entry->section, section) != 0)
			continue;
		if (program && config_task_of(section)) {
			config_bad(config, entry,
				   "%s is a built-in task and takes no command",
				   name);
			return;
		}
		if (!program && !config_task_of(section)) {
			bad_task_name(config, entry, name);
			return;
		}
		if (!program && entry->row &&
		    entry->row->scope == CONFIG_PROGRAM && entry->value[0])
			config_bad(config, entry, "%s",
				   "only a task with a command takes it");
	}
	if (program && need_programs) {
		check_command(config, section);
		check_account(config, section, "user");
		check_account(config, section, "group");
	}
	check_ceiling(config, section, "timeout", "max_timeout");
}

static void check_queue_section(struct config *config, const char *name,
				char *const *served, size_t count)
{
	char section[300];
	const struct config_entry *entry;
	size_t i;

	snprintf(section, sizeof(section), "queue:%.280s", name);
	for (i = 0; i < count && strcmp(served[i], name) != 0; i++)
		;
	if (i == count)
		config_warn(config,
			    "[%s] is configured, but not among the queues that "
			    "are served",
			    section);
	entry = config_find(config, section, "task");
	if (config_choice(config, section, "payload") == 1 && !entry)
		config_problem(
			config, place_of(config, section, "payload", "payload"),
			section, "payload", "raw payloads need the key task");
	if (entry && !task_find(slice_text(entry->value))) {
		char task[300];

		snprintf(task, sizeof(task), "task:%.280s", entry->value);
		if (!has_command(config, task))
			config_bad(config, entry, "there is no task %s",
				   entry->value);
	}
}

void config_check_whole(struct config *config, bool need_programs)
{
	size_t tasks, queues, served, i;
	char **names = config_names(config, "task:", &tasks);
	char **own = config_names(config, "queue:", &queues);
	char **list = config_queues(config, &served);

	for (i = 0; i < tasks; i++)
		check_task_section(config, names[i], need_programs);
	for (i = 0; i < queues; i++)
		check_queue_section(config, own[i], list, served);
	check_ceiling(config, "cherry", "reply_ttl", "max_reply_ttl");
	check_delivery(config, list, served);
	config_names_free(names, tasks);
	config_names_free(own, queues);
	config_names_free(list, served);
}
