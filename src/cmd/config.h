/*
 * The configuration: one table of settings; values from options, environment,
 * file and defaults, in this order; every error at once.
 *
 * A value stays the text that was written, with the place it came from. It is
 * checked by its row of the table when it is read in, so the getters below
 * cannot fail.
 */
#ifndef CMD_CONFIG_H
#define CMD_CONFIG_H

#include <stdio.h>
#include "cherry/buf.h"

/* --- The table ------------------------------------------------------------ */

enum config_type {
	CONFIG_TEXT,
	CONFIG_WORDS,	      /* separated by spaces or commas */
	CONFIG_INTEGER,	      /* min..max */
	CONFIG_SIZE,	      /* "16M", min..max bytes */
	CONFIG_SECONDS,	      /* "30", "1.5s", "10m"; min..max seconds */
	CONFIG_WHOLE_SECONDS, /* the same without a fraction */
	CONFIG_CHOICE,	      /* one of `choices` */
	CONFIG_RANGE,	/* "2s..10m", two durations, the first not longer */
	CONFIG_COMMAND, /* words as a shell splits them; the program must run */
	CONFIG_URL,	/* of Redis */
	CONFIG_SECRET,	/* the text, or @FILE */
	CONFIG_FILE,	/* a file that only we (and our group) may read */
	CONFIG_READABLE, /* a file that can be read */
	CONFIG_DIRECTORY,
	CONFIG_LATER /* known, not built yet: refused unless empty */
};

enum config_scope {
	CONFIG_CHERRY,
	CONFIG_REDIS,
	CONFIG_QUEUE,	/* [queue:NAME] */
	CONFIG_TASK,	/* [task:NAME] */
	CONFIG_PROGRAM, /* [task:NAME] with `command` */
	CONFIG_FILES,
	CONFIG_SECRETS, /* any key */
	CONFIG_HTTP,
	CONFIG_SCOPE_COUNT
};

struct config_key {
	enum config_scope scope;
	enum config_type type;
	const char *name;
	const char *fallback; /* "" is no value */
	const char *choices;
	double min, max;
	const char *help; /* one line */
};

/* Ends with a row without a name. */
extern const struct config_key config_table[];

/* "cherry", "queue:NAME", ... and a line about the section. */
const char *config_scope_name(enum config_scope scope);
const char *config_scope_help(enum config_scope scope);

/* What a row allows, in words: "a whole number from 1 to 9". */
void config_key_rule(const struct config_key *key, struct buf *out);

/* --- Values --------------------------------------------------------------- */

enum config_origin {
	CONFIG_FROM_DEFAULT,
	CONFIG_FROM_FILE,
	CONFIG_FROM_ENVIRONMENT,
	CONFIG_FROM_OPTION
};

struct config_entry {
	char *section;
	char *key;
	char *value;
	char *secret; /* CONFIG_SECRET, CONFIG_FILE: what was read */
	size_t secret_len;
	enum config_origin origin;
	char *where; /* "cherry.conf:12", "REDIS_URL", "--set" */
	const struct config_key *row; /* NULL: a built-in task's own setting */
	bool used;		      /* wins over all others of its name */
};

/* A setting given on the command line. */
struct config_override {
	const char *option;  /* "--set", "-q": for messages */
	const char *setting; /* "section.key=value" for --set, or the value */
	const char *section; /* NULL with --set */
	const char *key;
};

struct config {
	struct config_entry *entries;
	size_t count, size;
	char **problems; /* whole lines */
	size_t problem_count;
	char **warnings;
	size_t warning_count;
};

struct config_request {
	const char *file; /* NULL: none */
	const struct config_override *overrides;
	size_t override_count;
	char *const *environment; /* as environ */
	bool need_programs; /* their programs must be there and executable */
};

/*
 * Reads, merges and checks. 0, or -1 with at least one problem; read the
 * settings only after 0. Release in any case.
 */
int config_load(struct config *config, const struct config_request *request);
void config_release(struct config *config);

/* The winning entry, or NULL where the default stands. */
const struct config_entry *config_find(const struct config *config,
				       const char *section, const char *key);

/* Values of rows of the table; the default where nothing was given. `section`
 * is whole: "queue:default". */
const char *config_text(const struct config *config, const char *section,
			const char *key);
int64_t config_integer(const struct config *config, const char *section,
		       const char *key);
size_t config_size(const struct config *config, const char *section,
		   const char *key);
double config_seconds(const struct config *config, const char *section,
		      const char *key);
/* Place of the value in the row's choices. */
int config_choice(const struct config *config, const char *section,
		  const char *key);
void config_range(const struct config *config, const char *section,
		  const char *key, double *low, double *high);
/* The bytes of a secret or password file; false if there is none. */
bool config_secret(const struct config *config, const char *section,
		   const char *key, struct slice *bytes);
/* The next word of `text` from *pos; empty at the end. */
struct slice config_word(const char *text, size_t *pos);

/* The words of [cherry] queues, to be freed with config_names_free. */
char **config_queues(const struct config *config, size_t *count);
/* The NAMEs of sections that begin with `prefix` ("task:"), each once. */
char **config_names(const struct config *config, const char *prefix,
		    size_t *count);
void config_names_free(char **names, size_t count);

/* Writes everything as it was understood, with origins; secrets masked. */
void config_show(const struct config *config, FILE *out);
void config_show_json(const struct config *config, FILE *out);

#endif
