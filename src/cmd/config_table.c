/*
 * The table of settings. Everything about a setting that is not code stands
 * here and nowhere else: the checks, the messages, `cherry config show`, the
 * manual and the completions come from it.
 */
#include "cmd/config.h"

#define DAY   86400.0
#define MEGA  1048576.0
#define BYTES (512 * MEGA)

#define TEXT(s, n, help_text)                                                  \
	{                                                                      \
		.scope = (s), .name = (n), .type = CONFIG_TEXT,                \
		.fallback = "", .help = (help_text)                            \
	}
#define INTEGER(s, n, text, low, high, help_text)                              \
	{                                                                      \
		.scope = (s), .name = (n), .type = CONFIG_INTEGER,             \
		.fallback = (text), .min = (low), .max = (high),               \
		.help = (help_text)                                            \
	}
#define SIZE(s, n, text, low, high, help_text)                                 \
	{                                                                      \
		.scope = (s), .name = (n), .type = CONFIG_SIZE,                \
		.fallback = (text), .min = (low), .max = (high),               \
		.help = (help_text)                                            \
	}
#define SECONDS(s, n, text, low, high, help_text)                              \
	{                                                                      \
		.scope = (s), .name = (n), .type = CONFIG_SECONDS,             \
		.fallback = (text), .min = (low), .max = (high),               \
		.help = (help_text)                                            \
	}
#define WHOLE(s, n, text, low, high, help_text)                                \
	{                                                                      \
		.scope = (s), .name = (n), .type = CONFIG_WHOLE_SECONDS,       \
		.fallback = (text), .min = (low), .max = (high),               \
		.help = (help_text)                                            \
	}
#define CHOICE(s, n, text, list, help_text)                                    \
	{                                                                      \
		.scope = (s), .name = (n), .type = CONFIG_CHOICE,              \
		.fallback = (text), .choices = (list), .help = (help_text)     \
	}
#define OTHER(s, n, kind, text, help_text)                                     \
	{                                                                      \
		.scope = (s), .name = (n), .type = (kind), .fallback = (text), \
		.help = (help_text)                                            \
	}

/* clang-format off */
const struct config_key config_table[] = {
	OTHER(CONFIG_CHERRY, "queues", CONFIG_WORDS, "tasks",
	      "the lists that are served, in strict order"),
	INTEGER(CONFIG_CHERRY, "concurrency", "0", 0, 1024,
		"executors at work at once; 0: the processors"),
	SECONDS(CONFIG_CHERRY, "drain_timeout", "8", 0, DAY,
		"after TERM: time for what runs; the rest goes back"),
	SIZE(CONFIG_CHERRY, "max_payload", "16M", 64, BYTES,
	     "longest task, as pushed"),
	SIZE(CONFIG_CHERRY, "max_reply", "64M", 1024, BYTES,
	     "longest reply"),
	WHOLE(CONFIG_CHERRY, "reply_ttl", "3600", 1, 3650 * DAY,
		"life of a reply key"),
	WHOLE(CONFIG_CHERRY, "max_reply_ttl", "604800", 1, 3650 * DAY,
		"longest life that a task may ask for"),
	TEXT(CONFIG_CHERRY, "reply_prefix",
	     "if set, reply_to must begin with it"),
	TEXT(CONFIG_CHERRY, "input_prefix",
	     "if set, input keys must begin with it"),
	TEXT(CONFIG_CHERRY, "output_prefix",
	     "if set, output keys must begin with it"),
	CHOICE(CONFIG_CHERRY, "sandbox", "require", "require prefer off",
	       "what to do where the sandbox cannot be had"),
	INTEGER(CONFIG_CHERRY, "jobs_per_executor", "0", 0, 1e9,
		"tasks until an executor is replaced; 0: by class"),
	CHOICE(CONFIG_CHERRY, "log_format", "logfmt", "logfmt json",
	       "of the log on standard error"),
	CHOICE(CONFIG_CHERRY, "log_level", "info", "error warn info debug",
	       "debug logs each task that went well, too"),

	OTHER(CONFIG_REDIS, "url", CONFIG_URL, "redis://127.0.0.1:6379",
	      "redis://, rediss://, unix:// or redis-sentinel://"),
	OTHER(CONFIG_REDIS, "password_file", CONFIG_FILE, "",
	      "its first line is the password, in place of the URL's"),
	OTHER(CONFIG_REDIS, "sentinel_password_file", CONFIG_FILE, "",
	      "its first line is the sentinels' own password"),
	OTHER(CONFIG_REDIS, "ca_file", CONFIG_READABLE, "",
	      "rediss://: authorities to trust, PEM; empty: the system's"),
	OTHER(CONFIG_REDIS, "cert_file", CONFIG_READABLE, "",
	      "rediss://: our certificate, if Redis asks for one, PEM"),
	OTHER(CONFIG_REDIS, "key_file", CONFIG_READABLE, "",
	      "rediss://: its private key, PEM"),

	CHOICE(CONFIG_QUEUE, "pop", "right", "right left",
	       "right: first in, first out for LPUSH"),
	CHOICE(CONFIG_QUEUE, "delivery", "at-least-once",
	       "at-least-once at-most-once",
	       "at-most-once is cheaper; a crash loses what was taken"),
	CHOICE(CONFIG_QUEUE, "payload", "task", "task raw",
	       "raw: each element is the input of `task`"),
	TEXT(CONFIG_QUEUE, "task", "task of payloads that name none"),
	TEXT(CONFIG_QUEUE, "reply_to", "reply key of raw payloads"),
	INTEGER(CONFIG_QUEUE, "max_running", "0", 0, 1e6,
		"at once in this worker; 0: any number"),
	OTHER(CONFIG_QUEUE, "rate", CONFIG_LATER, "",
	      "not built yet: 100/s, 5/m over all workers"),

	SECONDS(CONFIG_TASK, "timeout", "30", 0.001, 30 * DAY,
		"run time of an attempt, unless the task says"),
	SECONDS(CONFIG_TASK, "max_timeout", "300", 0.001, 30 * DAY,
		"longest run time that a task may ask for"),
	INTEGER(CONFIG_TASK, "retries", "2", 0, 1000,
		"further attempts after a retryable failure"),
	OTHER(CONFIG_TASK, "backoff", CONFIG_RANGE, "2s..10m",
	      "wait before a retry: doubling, with jitter"),
	INTEGER(CONFIG_TASK, "max_running", "0", 0, 1e6,
		"at once in this worker; 0: any number"),

	OTHER(CONFIG_PROGRAM, "command", CONFIG_COMMAND, "",
	      "the program and its arguments; no shell"),
	CHOICE(CONFIG_PROGRAM, "mode", "once", "once lines",
	       "a process for each task, or a long-lived one"),
	CHOICE(CONFIG_PROGRAM, "result", "text", "text json",
	       "what standard output is (once)"),
	SIZE(CONFIG_PROGRAM, "max_output", "16M", 1, BYTES,
	     "longest output of one task"),
	INTEGER(CONFIG_PROGRAM, "processes", "0", 0, 1024,
		"at once; 0: as concurrency"),
	TEXT(CONFIG_PROGRAM, "user", "runs as this user (root only)"),
	TEXT(CONFIG_PROGRAM, "group", "and this group (root only)"),
	OTHER(CONFIG_PROGRAM, "directory", CONFIG_DIRECTORY, "",
	      "working directory"),
	INTEGER(CONFIG_PROGRAM, "nice", "0", -20, 19, "scheduling priority"),
	SIZE(CONFIG_PROGRAM, "max_memory", "0", 0, 1e15,
	     "bytes of address space; 0: no limit"),
	WHOLE(CONFIG_PROGRAM, "max_cpu", "0", 0, 30 * DAY,
		"processor time of a process; 0: no limit"),

	OTHER(CONFIG_FILES, "input_root", CONFIG_DIRECTORY, "",
	      "where inputs.NAME.file lies; empty: no files"),
	OTHER(CONFIG_FILES, "output_root", CONFIG_DIRECTORY, "",
	      "where outputs.NAME.file goes; empty: no files"),

	OTHER(CONFIG_SECRETS, "NAME", CONFIG_SECRET, "",
	      "a signing key: the text, or @FILE"),

	OTHER(CONFIG_HTTP, "listen", CONFIG_LATER, "",
	      "not built yet: 127.0.0.1:9464 or a Unix socket"),
	{0},
};
/* clang-format on */

static const struct {
	const char *name, *help;
} scopes[CONFIG_SCOPE_COUNT] = {
	[CONFIG_CHERRY] = {"cherry", "the worker as a whole"},
	[CONFIG_REDIS] = {"redis", "where the queues are"},
	[CONFIG_QUEUE] = {"queue:NAME", "one queue"},
	[CONFIG_TASK] = {"task:NAME", "one task, built in or a program"},
	[CONFIG_PROGRAM] = {"task:NAME", "a program as a task"},
	[CONFIG_FILES] = {"files", "files named in inputs and outputs"},
	[CONFIG_SECRETS] = {"secrets", "keys that tasks refer to by name"},
	[CONFIG_HTTP] = {"http", "reserved"},
};

const char *config_scope_name(enum config_scope scope)
{
	return scopes[scope].name;
}

const char *config_scope_help(enum config_scope scope)
{
	return scopes[scope].help;
}

static void rule_number(const struct config_key *key, const char *what,
			struct buf *out)
{
	buf_printf(out, "%s from %.15g to %.15g", what, key->min, key->max);
}

static void rule_choice(const struct config_key *key, struct buf *out)
{
	size_t pos = 0;
	struct slice word;

	buf_add_text(out, "one of ");
	while ((word = config_word(key->choices, &pos)).len) {
		if (word.ptr != key->choices)
			buf_add_text(out, ", ");
		buf_add_slice(out, word);
	}
}

void config_key_rule(const struct config_key *key, struct buf *out)
{
	static const char *const words[] = {
		[CONFIG_TEXT] = "a text",
		[CONFIG_WORDS] = "names separated by spaces",
		[CONFIG_RANGE] = "two durations, such as 2s..10m",
		[CONFIG_COMMAND] = "a program with its arguments",
		[CONFIG_URL] = "the URL of a Redis",
		[CONFIG_SECRET] = "a text, or @FILE",
		[CONFIG_FILE] = "a file",
		[CONFIG_READABLE] = "a file",
		[CONFIG_DIRECTORY] = "a directory",
		[CONFIG_LATER] = "not built yet",
	};

	switch (key->type) {
	case CONFIG_INTEGER:
		rule_number(key, "a whole number", out);
		break;
	case CONFIG_SIZE:
		rule_number(key, "a size such as 512k or 16M,", out);
		buf_add_text(out, " bytes");
		break;
	case CONFIG_SECONDS:
		rule_number(key, "a time such as 30, 1.5s or 10m,", out);
		buf_add_text(out, " seconds");
		break;
	case CONFIG_WHOLE_SECONDS:
		rule_number(key, "a time such as 30 or 10m,", out);
		buf_add_text(out, " seconds, whole ones");
		break;
	case CONFIG_CHOICE:
		rule_choice(key, out);
		break;
	default:
		buf_add_text(out, words[key->type]);
	}
}
