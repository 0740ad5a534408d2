/*
 * Subcommands. To add one: write src/cmd/cmd_NAME.c with a table of its options
 * and one `const struct cmd cmd_NAME`, and list it in cmd.c. Help, completions
 * and the manual's lists come from these tables.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "cherry/err.h"
#include "cmd/config.h"

/* Exit statuses, as in sysexits.h. */
enum cmd_status {
	CMD_OK = 0,
	CMD_FAILED = 1,
	CMD_USAGE = 64,
	CMD_UNAVAILABLE = 69,
	CMD_BUG = 70,
	CMD_CONFIG = 78
};

struct cmd_option {
	const char *name;  /* "--wait", "-q" */
	const char *value; /* "SECONDS"; "[SECONDS]": may be left out; NULL */
	const char *help;
};

struct cmd_given {
	const struct cmd_option *option;
	const char *value; /* NULL if none was given */
};

#define CMD_GIVEN_MAX 256

/* A command line, taken apart. */
struct cmd_line {
	struct cmd_given given[CMD_GIVEN_MAX];
	size_t given_count;
	const char *words[64]; /* what is no option */
	size_t word_count;
};

struct cmd {
	const char *name;
	const char *usage;		  /* what follows the name */
	const char *help;		  /* one line */
	const struct cmd_option *options; /* ends without a name */
	size_t words_min, words_max;
	const char *first; /* first words, for completions; "TASK": a task's
			      name; NULL: nothing that can be known */
	int (*run)(const struct cmd_line *line);
	bool hidden;
};

extern const struct cmd *const cmd_table[];

/* The manual's lists (mdoc) and the shells' completions, from the tables: what
 * is "commands", "settings", "tasks", "bash", "zsh" or "fish". -1: it is none
 * of these. */
int cmd_generate(const char *what);
const struct cmd *cmd_find(const char *name);
/* Prints a command's usage and options. Returns 0. */
int cmd_explain(const struct cmd *cmd);
/* There is no such command; or no such first word of this one. Tells the nearest
 * name. Both return CMD_USAGE. */
int cmd_unknown(const char *name);
int cmd_unknown_word(const struct cmd *cmd, const char *word);

/* Reads argv behind the command's name. 0, or -1: the fault has been told. */
int cmd_line_read(const struct cmd *cmd, int argc, char **argv,
		  struct cmd_line *line);
bool cmd_has(const struct cmd_line *line, const char *name);
/* How often it was given. */
size_t cmd_count(const struct cmd_line *line, const char *name);
/* The last value given; NULL if none. */
const char *cmd_value(const struct cmd_line *line, const char *name);

/* One line on standard error: "cherry push: ...". Returns `status`. */
int cmd_fail(int status, const char *format, ...) PRINTF_LIKE(2, 3);

/* --- Configuration of commands ----------------------------------------------- */

/* Options that most commands share, for their tables. */
#define CMD_CONFIG_OPTIONS                                                     \
	{"-c", "FILE", "the configuration"},                                   \
		{"--redis", "URL", "in place of [redis] url"},                 \
	{                                                                      \
		"--set", "section.key=value", "in place of the file's"         \
	}

/* Loads the configuration that the options name; all problems are told. 0, or
 * -1. Release it in any case. */
int cmd_config_load(const struct cmd_line *line, struct config *config,
		    bool need_programs);

struct client;
/* Connects to the configuration's Redis; the fault has been told. */
struct client *cmd_client_open(const struct config *config);

/*
 * Begins a task's object from TASK [ARGS] and --input NAME=@FILE; the brace at
 * its end is the caller's. ARGS is JSON, @FILE, or - for standard input. 0, or
 * -1: the fault has been told.
 */
int cmd_put_call(const struct cmd_line *line, struct buf *out);

/* Reads a whole file, or standard input for "-". The fault has been told. */
int cmd_read_file(const char *path, struct buf *out);

extern const struct cmd cmd_work, cmd_run, cmd_push, cmd_tasks, cmd_config,
	cmd_status, cmd_top, cmd_dead, cmd_cancel, cmd_pause, cmd_resume,
	cmd_drain, cmd_ping, cmd_doctor, cmd_help, cmd_executor;

#endif
