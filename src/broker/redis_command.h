/*
 * Commands as Redis reads them, and what its error replies ask for.
 */
#ifndef BROKER_REDIS_COMMAND_H
#define BROKER_REDIS_COMMAND_H

#include <hiredis/hiredis.h>
#include "cherry/buf.h"

/*
 *	struct redis_command command;
 *	redis_command_init(&command);
 *	redis_command_text(&command, "GET");
 *	redis_command_add(&command, key);
 *	redis_conn_send(conn, &command, 0, on_reply, arg);   releases it
 */
struct redis_command {
	struct buf bytes;
	size_t count;
};

void redis_command_init(struct redis_command *command);
void redis_command_add(struct redis_command *command, struct slice part);
void redis_command_text(struct redis_command *command, const char *text);
void redis_command_int(struct redis_command *command, int64_t number);
/* The parts of `more`, which it releases. */
void redis_command_join(struct redis_command *command,
			struct redis_command *more);
/* The line that goes before the parts. */
void redis_command_head(const struct redis_command *command, struct buf *out);

enum redis_class {
	REDIS_CLASS_NONE,    /* no error */
	REDIS_CLASS_WAIT,    /* busy or loading: keep the connection, later */
	REDIS_CLASS_HOLD,    /* refuses writes: stop claiming, keep results */
	REDIS_CLASS_DROP,    /* not the server to talk to: look for it again */
	REDIS_CLASS_DENIED,  /* password or rights */
	REDIS_CLASS_SCRIPT,  /* NOSCRIPT: load and repeat, nothing ran */
	REDIS_CLASS_CLUSTER, /* MOVED, ASK, CROSSSLOT */
	REDIS_CLASS_OTHER
};

/*
 * The class of an error reply, by its first word, or by the word of the command
 * inside a script that failed. NULL and other replies have none.
 */
enum redis_class redis_command_class(const redisReply *reply);

#endif
