/*
 * What operators' commands ask Redis: the state of queues and workers, as the
 * protocol lists the keys.
 */
#ifndef CMD_ASK_H
#define CMD_ASK_H

#include "cmd/cmd.h"
#include "cmd/table.h"

struct client;
struct client_reply;

/* A command's session: configuration, connection, queues. */
struct ask {
	struct config config;
	struct client *client;
	char **queues; /* the configuration's */
	size_t queue_count;
};

/* CMD_OK, or the status to end with: the fault has been told. Close it in any
 * case. */
int ask_open(struct ask *ask, const struct cmd_line *line);
void ask_close(struct ask *ask);
/* Connects again. False: not yet; that has been told, and `client` is NULL. */
bool ask_again(struct ask *ask);

/* Adds the queues that living workers say they serve. */
void ask_known_queues(struct ask *ask);

/* One command of texts. NULL: no connection any more, or Redis refused; the
 * fault has been told. */
struct client_reply *ask_words(struct ask *ask, const char *const *words);
/* Its integer; -1 where it is none. */
int64_t ask_integer(struct ask *ask, const char *const *words);
/* The key cherry:{QUEUE}:PART[:REST] in a buffer of the caller's. */
const char *ask_key(struct buf *key, const char *queue, const char *part,
		    const char *rest);
/* Milliseconds of Redis's clock; -1 if it cannot be had. */
int64_t ask_now_ms(struct ask *ask);
/* Tells workers that something has changed. A hint: they look by themselves. */
void ask_wake(struct ask *ask, const char *what);

struct ask_queue {
	const char *name;
	int64_t waiting; /* -1: the key is no list */
	int64_t running, later, dead, workers;
	int64_t ok, failed, retried, recovered; /* counted since ever */
	double oldest; /* age in seconds of the task that comes next; -1 */
	bool paused, broken;
};

/* Its state in a word, as tables show it. */
const char *ask_queue_state(const struct ask_queue *queue);

/* 0, or -1: the fault has been told. */
int ask_queue(struct ask *ask, const char *name, struct ask_queue *out);

/* Tables of queues, workers and tasks at work. 0, or -1. */
int ask_tables(struct ask *ask, struct table tables[3]);

/* On a terminal asks `what`, elsewhere wants --yes. CMD_OK, or the status. */
int ask_confirm(const struct cmd_line *line, const char *what);

#define ASK_OPTIONS                                                            \
	CMD_CONFIG_OPTIONS,                                                    \
	{                                                                      \
		"-q", "QUEUE", "this queue; again for more"                    \
	}

#endif
