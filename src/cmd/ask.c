/*
 * Questions to Redis that several commands share. Reads only what the protocol
 * documents, so any version of cherry may run beside it.
 */
#include "cmd/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>
#include "base/xalloc.h"
#include "broker/client.h"
#include "broker/keys.h"

#define KEY_MAX	       4096
#define ANSWER_SECONDS 10

int ask_open(struct ask *ask, const struct cmd_line *line)
{
	*ask = (struct ask){0};
	if (cmd_config_load(line, &ask->config, false))
		return CMD_CONFIG;
	ask->queues = config_queues(&ask->config, &ask->queue_count);
	return ask_again(ask) ? CMD_OK : CMD_UNAVAILABLE;
}

bool ask_again(struct ask *ask)
{
	client_free(ask->client);
	ask->client = cmd_client_open(&ask->config);
	if (ask->client)
		client_set_timeout(ask->client, ANSWER_SECONDS);
	return ask->client != NULL;
}

void ask_close(struct ask *ask)
{
	client_free(ask->client);
	config_names_free(ask->queues, ask->queue_count);
	config_release(&ask->config);
}

struct client_reply *ask_words(struct ask *ask, const char *const *words)
{
	struct err err = ERR_INIT;
	struct client_reply *reply = client_words(ask->client, &err, words);

	if (!reply) {
		cmd_fail(0, "%s", err.message);
	} else if (client_reply_type(reply) == CLIENT_ERROR) {
		cmd_fail(0, "Redis refuses %s: %s", words[0],
			 client_reply_text(reply).ptr);
		client_reply_free(reply);
		reply = NULL;
	}
	return reply;
}

int64_t ask_integer(struct ask *ask, const char *const *words)
{
	struct client_reply *reply = ask_words(ask, words);
	int64_t value = -1;

	if (reply && client_reply_type(reply) == CLIENT_INTEGER)
		value = client_reply_integer(reply);
	client_reply_free(reply);
	return value;
}

const char *ask_key(struct buf *key, const char *queue, const char *part,
		    const char *rest)
{
	buf_init(key, KEY_MAX);
	keys_put(key, queue, part, rest);
	buf_add_char(key, '\0');
	return key->failed ? "" : key->ptr;
}

int64_t ask_now_ms(struct ask *ask)
{
	struct client_reply *reply =
		ask_words(ask, (const char *[]){"TIME", NULL});
	int64_t now = -1;

	if (reply && client_reply_count(reply) == 2)
		now = strtoll(client_reply_text(client_reply_at(reply, 0)).ptr,
			      NULL, 10) *
			      1000 +
		      strtoll(client_reply_text(client_reply_at(reply, 1)).ptr,
			      NULL, 10) /
			      1000;
	client_reply_free(reply);
	return now;
}

void ask_wake(struct ask *ask, const char *what)
{
	client_reply_free(ask_words(
		ask, (const char *[]){"PUBLISH", KEYS_WAKE, what, NULL}));
}

/* --- Queues that are known ------------------------------------------------ */

static void add_queue(struct ask *ask, struct slice name)
{
	size_t i;
	char *copy;

	for (i = 0; i < ask->queue_count; i++) {
		if (slice_is(name, ask->queues[i]))
			return;
	}
	copy = xcalloc(1, name.len + 1);
	memcpy(copy, name.ptr, name.len);
	ask->queues = xrealloc(ask->queues, ask->queue_count + 1,
			       sizeof(*ask->queues));
	ask->queues[ask->queue_count++] = copy;
}

static void add_queues_of(struct ask *ask, const char *worker)
{
	char key[512];
	struct client_reply *reply;
	size_t pos = 0;
	struct slice word;

	snprintf(key, sizeof(key), "cherry:worker:%s", worker);
	reply = ask_words(ask, (const char *[]){"HGET", key, "queues", NULL});
	if (reply && client_reply_type(reply) == CLIENT_TEXT) {
		const char *text = client_reply_text(reply).ptr;

		while ((word = config_word(text, &pos)).len)
			add_queue(ask, word);
	}
	client_reply_free(reply);
}

void ask_known_queues(struct ask *ask)
{
	struct client_reply *workers = ask_words(
		ask, (const char *[]){"ZRANGE", KEYS_WORKERS, "0", "-1", NULL});
	size_t i;

	for (i = 0; workers && i < client_reply_count(workers); i++)
		add_queues_of(
			ask,
			client_reply_text(client_reply_at(workers, i)).ptr);
	client_reply_free(workers);
}

/* --- Yes or no ------------------------------------------------------------ */

int ask_confirm(const struct cmd_line *line, const char *what)
{
	char answer[16];

	if (cmd_has(line, "--yes"))
		return CMD_OK;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return cmd_fail(CMD_USAGE,
				"%s: without a terminal this needs "
				"--yes",
				what);
	fprintf(stderr, "%s? [y/N] ", what);
	if (!fgets(answer, sizeof(answer), stdin)) {
		fputc('\n', stderr);
		answer[0] = '\0';
	}
	answer[strcspn(answer, "\n")] = '\0';
	if (!strcasecmp(answer, "y") || !strcasecmp(answer, "yes"))
		return CMD_OK;
	return cmd_fail(CMD_FAILED, "nothing was done");
}
