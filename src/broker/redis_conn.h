/*
 * One connection to Redis on a loop that is passed in: hiredis in non-blocking
 * mode, commands in a pipeline, a deadline for every answer.
 *
 * The connection logs in, chooses the database, names itself and learns its
 * number before on_ready. When it breaks, every command that waits gets a NULL
 * reply, then on_down runs, and the connection is good for redis_conn_open
 * again. No callback runs from inside a function below.
 *
 * Deadlines: five seconds to connect and log in; an answer is overdue ten
 * seconds after its command became the next in line, unless bytes have come or
 * gone since; where nothing waits for four seconds, a PING is sent.
 */
#ifndef BROKER_REDIS_CONN_H
#define BROKER_REDIS_CONN_H

#include "base/loop.h"
#include "broker/redis_command.h"
#include "broker/url.h"
#include "cherry/err.h"

struct redis_conn;
struct redis_login;
struct redis_tls;

/* NULL reply: the connection broke, and whether it ran is not known. The reply
 * lives only during the call. */
typedef void redis_reply_cb(void *arg, const redisReply *reply);

struct redis_conn_events {
	void (*on_ready)(void *arg, struct redis_conn *conn);
	/* `fatal`: the server refuses the login, or cannot serve at all. */
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

/* For servers of any role (a sentinel, say), not for masters only; `seconds` to
 * connect and log in, and for each answer. */
void redis_conn_any_role(struct redis_conn *conn, double seconds);

/* For URLs of rediss://; `tls` must outlive the connection. */
void redis_conn_use_tls(struct redis_conn *conn, struct redis_tls *tls);

/*
 * From now on `cb` hears every reply, asked for or not, as a subscriber does;
 * instead of PING, `channel` is subscribed to again.
 */
void redis_conn_subscribe(struct redis_conn *conn, const char *channel,
			  redis_reply_cb *cb, void *arg);

/* Ends it from our side, in the next turn: as if it broke, with `reason`. */
void redis_conn_reset(struct redis_conn *conn, const char *reason);

bool redis_conn_is_ready(const struct redis_conn *conn);
/* Neither up nor on the way. */
bool redis_conn_is_closed(const struct redis_conn *conn);
/* What was learnt at the login: `id`, 0 while the connection is not up or if
 * it may not be known, and `server`, "" likewise. */
const struct redis_login *redis_conn_login(const struct redis_conn *conn);

/*
 * Sends, at the latest in the loop's next turn, and releases the command. The
 * answer is due within `seconds` (0: ten) of being the next one. `cb` may be
 * NULL. On a connection that is not up `cb` runs with NULL in the next turn.
 */
void redis_conn_send(struct redis_conn *conn, struct redis_command *command,
		     double seconds, redis_reply_cb *cb, void *arg);

/* The same for a command whose answer is a string of up to `max` bytes, which
 * is worth being read without copies. */
void redis_conn_send_bulk(struct redis_conn *conn,
			  struct redis_command *command, size_t max,
			  redis_reply_cb *cb, void *arg);
/* In its `cb`, once: the string of `reply`, taken over where it can be. `bytes`
 * is uninitialized before, and has failed where there is no memory. */
void redis_conn_take(struct redis_conn *conn, const redisReply *reply,
		     struct buf *bytes);

/* Writes what waits to be written, as far as the socket takes it. `conn` is a
 * struct redis_conn: this is a timer's callback, too. */
void redis_conn_flush(void *conn);

#endif
