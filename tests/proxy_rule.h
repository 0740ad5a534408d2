/*
 * Of the proxy that breaks things: values of Redis's protocol, the names of
 * commands, and the rule in force.
 */
#ifndef TESTS_PROXY_RULE_H
#define TESTS_PROXY_RULE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/redis_script.h"
#include "cherry/buf.h"

#define NAMES_MAX 100
#define NAME_LEN  64

static struct {
	char name[NAME_LEN], text[200];
	unsigned every, seen;
	unsigned long given, struck;
	double latency;
	size_t slice;
	bool resets_new, hangs_new;
	size_t reset_new;
} rule;
static char names[NAMES_MAX][2 * NAME_LEN];

/* Bytes of the line at `at`, its end included; 0: not whole. */
static inline size_t line_len(const struct buf *buf, size_t at)
{
	const char *end = at < buf->len
				  ? memchr(buf->ptr + at, '\n', buf->len - at)
				  : NULL;

	return end ? (size_t)(end - buf->ptr) - at + 1 : 0;
}

/* Bytes of one whole value (a reply, or a command) at the front; 0: not yet. */
static inline size_t value_len(const struct buf *buf)
{
	size_t at = 0;
	long long left = 1;

	while (left > 0) {
		size_t line = line_len(buf, at);
		long long number;

		if (!line)
			return 0;
		number = strtoll(buf->ptr + at + 1, NULL, 10);
		left--;
		if (buf->ptr[at] == '*' && number > 0)
			left += number;
		at += line;
		if (buf->ptr[at - line] == '$' && number >= 0)
			at += (size_t)number + 2;
		if (at > buf->len)
			return 0;
	}
	return at;
}

/* The word whose length stands at `at`. */
static inline struct slice word_at(const struct buf *buf, size_t at)
{
	size_t line = line_len(buf, at);
	size_t count = (size_t)strtoll(buf->ptr + at + 1, NULL, 10);

	return slice_of(buf->ptr + at + line, count);
}

/* What cherry calls the script that is named so, or whose text this is. */
static inline const char *script_name(struct slice word, bool whole)
{
	static const char *const scripts[REDIS_SCRIPT_COUNT] = {
		[REDIS_SCRIPT_REGISTER] = "register",
		[REDIS_SCRIPT_CLAIM] = "claim",
		[REDIS_SCRIPT_ADOPT] = "adopt",
		[REDIS_SCRIPT_TAKE] = "take",
		[REDIS_SCRIPT_ANSWER] = "answer",
		[REDIS_SCRIPT_SETTLE] = "settle",
		[REDIS_SCRIPT_BEAT] = "beat",
		[REDIS_SCRIPT_REAP] = "reap",
		[REDIS_SCRIPT_LEAVE] = "leave",
		[REDIS_SCRIPT_OWNED] = "owned",
		[REDIS_SCRIPT_ADMIT] = "admit",
		[REDIS_SCRIPT_FETCH] = "fetch"};
	static struct redis_command commands[2][REDIS_SCRIPT_COUNT];
	int i;

	for (i = 0; i < REDIS_SCRIPT_COUNT; i++) {
		struct redis_command *command = &commands[whole][i];

		if (!command->count)
			redis_script_begin(command, (enum redis_script)i, whole,
					   0);
		if (slice_equal(word,
				word_at(&command->bytes, whole ? 10 : 13)))
			return scripts[i] ? scripts[i] : "unknown";
	}
	return "unknown";
}

/* The command's name as its sender wrote it, and with its first word or, where
 * that is a script, with the script's name. */
static inline void command_name(const struct buf *buf, char name[NAME_LEN],
				char both[2 * NAME_LEN])
{
	size_t first = line_len(buf, 0);
	struct slice word = word_at(buf, first);
	struct slice next;
	size_t at = (size_t)(word.ptr - buf->ptr) + word.len + 2;

	snprintf(name, NAME_LEN, "%.*s", (int)word.len, word.ptr);
	snprintf(both, 2 * NAME_LEN, "%s", name);
	if (strtoll(buf->ptr + 1, NULL, 10) < 2)
		return;
	next = word_at(buf, at);
	if (!strncmp(name, "EVAL", 4))
		snprintf(both, 2 * NAME_LEN, "%s|%s", name,
			 script_name(next, !strcmp(name, "EVAL")));
	else
		snprintf(both, 2 * NAME_LEN, "%s|%.*s", name,
			 (int)(next.len < 60 ? next.len : 60), next.ptr);
}

/* Keeps a list of what is sent. */
static inline void note_name(const char *name, const char *both)
{
	bool two = !strcmp(name, "CLIENT") || !strncmp(name, "EVAL", 4);
	size_t i;

	for (i = 0; i < NAMES_MAX && names[i][0]; i++) {
		if (!strcmp(names[i], two ? both : name))
			return;
	}
	if (i < NAMES_MAX)
		snprintf(names[i], 2 * NAME_LEN, "%s", two ? both : name);
}

static inline bool name_fits(const char *name, const char *both)
{
	const char *word = strchr(both, '|');

	if (!strcmp(rule.name, "*"))
		return strcmp(name, "AUTH") != 0 && strcmp(name, "HELLO") != 0;
	if (!strncmp(rule.name, "*|", 2))
		return word && !strcmp(word, rule.name + 1);
	return !strcmp(rule.name, name) || !strcmp(rule.name, both);
}

static inline bool rule_hits(const struct buf *command)
{
	char name[NAME_LEN], both[2 * NAME_LEN];

	command_name(command, name, both);
	note_name(name, both);
	if (!rule.every || !name_fits(name, both) || ++rule.seen % rule.every)
		return false;
	rule.given++;
	rule.struck++;
	return true;
}

static inline void list_commands(void)
{
	size_t i;

	for (i = 0; i < NAMES_MAX && names[i][0]; i++)
		printf("%s\n", names[i]);
}

#endif
