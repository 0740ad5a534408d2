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
static char names[NAMES_MAX][NAME_LEN];

/* Bytes of the line at `at`, its end included; 0: not whole. */
static size_t line_len(const struct buf *buf, size_t at)
{
	const char *end = at < buf->len
				  ? memchr(buf->ptr + at, '\n', buf->len - at)
				  : NULL;

	return end ? (size_t)(end - buf->ptr) - at + 1 : 0;
}

/* Bytes of one whole value (a reply, or a command) at the front; 0: not yet. */
static size_t value_len(const struct buf *buf)
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

/* Appends the word whose length stands at `at`; returns where the next one is. */
static size_t add_word(const struct buf *buf, size_t at, char *out, size_t size)
{
	size_t line = line_len(buf, at), len = strlen(out);
	size_t count = (size_t)strtoll(buf->ptr + at + 1, NULL, 10);

	snprintf(out + len, size - len, "%.*s", (int)(count < 60 ? count : 60),
		 buf->ptr + at + line);
	return at + line + count + 2;
}

/* The command's name, as its sender wrote it, and with its first word. */
static void command_name(const struct buf *buf, char name[NAME_LEN],
			 char both[2 * NAME_LEN])
{
	size_t next;

	name[0] = '\0';
	next = add_word(buf, line_len(buf, 0), name, NAME_LEN);
	snprintf(both, 2 * NAME_LEN, "%s", name);
	if (strtoll(buf->ptr + 1, NULL, 10) < 2)
		return;
	strcat(both, "|");
	add_word(buf, next, both, 2 * NAME_LEN);
}

/* Keeps a list of what is sent. */
static void note_name(const char *name, const char *both)
{
	bool two = !strcmp(name, "CLIENT") || !strcmp(name, "EVALSHA");
	size_t i;

	for (i = 0; i < NAMES_MAX && names[i][0]; i++) {
		if (!strncmp(names[i], two ? both : name, NAME_LEN - 1))
			return;
	}
	if (i < NAMES_MAX)
		snprintf(names[i], NAME_LEN, "%.*s", NAME_LEN - 1,
			 two ? both : name);
}

static bool rule_hits(const struct buf *command)
{
	char name[NAME_LEN], both[2 * NAME_LEN];
	bool all = !strcmp(rule.name, "*");

	command_name(command, name, both);
	note_name(name, both);
	if (!rule.every)
		return false;
	if (all ? !strcmp(name, "AUTH") || !strcmp(name, "HELLO")
		: strcmp(rule.name, name) != 0 && strcmp(rule.name, both) != 0)
		return false;
	if (++rule.seen % rule.every)
		return false;
	rule.given++;
	rule.struck++;
	return true;
}

static void list_commands(void)
{
	size_t i;

	for (i = 0; i < NAMES_MAX && names[i][0]; i++)
		printf("%s\n", names[i]);
}

#endif
