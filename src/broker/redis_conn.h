/*
 * One connection to Redis on a loop that is passed in: hiredis in non-blocking
 * mode, commands in a pipeline, a deadline for every answer.
 *
 * The connection logs in, chooses the database, names itself and learns its
 * number before on_ready. When it breaks, every command that waits gets a NULL
 * reply, then on_down runs, and the connection is good for redis_conn_open
 * again. No callback runs from inside a function below.
 */
#ifndef BROKER_REDIS_CONN_H
#define BROKER_REDIS_CONN_H

#include <hiredis/hiredis.h>
#include "base/loop.h"
#include "broker/url.h"
#include "cherry/buf.h"
#include "cherry/err.h"

struct redis_conn;

/* What an error reply asks for. */
enum redis_class {
	REDIS_CLASS_NONE, /* no error */
	REDIS_CLASS_WAIT, /* busy or loading: keep the connection, try later */
	REDIS_CLASS_HOLD, /* refuses writes: stop claiming, keep results */
	REDIS_CLASS_DROP, /* not the server to talk to: look for it again */
	REDIS_CLASS_DENIED,  /* password or rights */
	REDIS_CLASS_SCRIPT,  /* NOSCRIPT: load and repeat */
	REDIS_CLASS_CLUSTER, /* MOVED, ASK, CROSSSLOT */
	REDIS_CLASS_OTHER
};

enum redis_class redis_class_of(const redisReply *reply);

/* NULL reply: the connection broke, and whether it ran is not known. The reply
 * lives only during the call. */
typedef void redis_reply_cb(void *arg, const redisReply *reply);

struct redis_conn_events {
	void (*on_ready)(void *arg, struct redis_conn *conn);
	/* `fatal`: the server refuses the login or the rights. */
	void (*on_down)(void *arg, struct redis_conn *conn,
			const struct err *err, bool fatal);
};

struct redis_conn *redis_conn_new(struct loop *loop,
				  const struct redis_conn_events *events,
				  void *arg);
/* From any state; no callback runs any more. NULL is fine. */
void redis_conn_free(struct redis_conn *conn);

/*
 * Connects to the socket or host of `url` (which must stay), with `password`
 * in place of the URL's unless NULL. The outcome comes as on_ready or on_down.
 */
void redis_conn_open(struct redis_conn *conn, const struct url *url,
		     const char *password, const char *name);

/* Talks to servers of any role (to a sentinel, say), not to masters only. */
void redis_conn_any_role(struct redis_conn *conn);

/* One more reply is to come without a command: what a subscription brings. */
void redis_conn_expect(struct redis_conn *conn, redis_reply_cb *cb, void *arg);

/* Ends it from our side: as if it broke, with `reason`. Not for use inside a
 * reply callback's own connection teardown: it is deferred to the next turn. */
void redis_conn_reset(struct redis_conn *conn, const char *reason);

bool redis_conn_is_ready(const struct redis_conn *conn);
/* CLIENT ID; 0 before on_ready. */
int64_t redis_conn_id(const struct redis_conn *conn);
/* run_id of the server, "" before on_ready. */
const char *redis_conn_server(const struct redis_conn *conn);
/* Answers that are waited for. */
size_t redis_conn_waiting(const struct redis_conn *conn);

/* --- Commands -------------------------------------------------------------
 *
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

/* Appends `mark`, the number and CRLF: a length as the protocol has it. */
void redis_command_length(struct buf *out, char mark, size_t number);

void redis_command_init(struct redis_command *command);
void redis_command_add(struct redis_command *command, struct slice part);
void redis_command_text(struct redis_command *command, const char *text);
void redis_command_int(struct redis_command *command, int64_t number);

/*
 * Sends at the end of the loop's turn; the answer is due within `seconds` (0:
 * the connection's standard of 10) of being the next one. `cb` may be NULL. On
 * a connection that is not up `cb` runs with NULL in the next turn.
 */
void redis_conn_send(struct redis_conn *conn, struct redis_command *command,
		     double seconds, redis_reply_cb *cb, void *arg);

#endif
