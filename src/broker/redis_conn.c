/*
 * A pipelined, non-blocking connection. Knows no scripts and no queues, and
 * never decides to connect again: its owner does. Names of hosts are looked up
 * by the owner, too.
 */
#include "broker/redis_conn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/xalloc.h"
#include "broker/redis_login.h"
#include "broker/redis_reader.h"
#include "broker/redis_ring.h"
#include "broker/redis_socket.h"
#include "base/crash.h"

#define CONNECT_SECONDS 5
#define REPLY_SECONDS	10
#define IDLE_SECONDS	3
#define OUT_MAX		((size_t)1 << 32)
#define READS_PER_TURN	64
#define NAME_MAX_LEN	120

enum conn_state { CONN_CLOSED, CONN_CONNECTING, CONN_LOGIN, CONN_READY };

struct redis_conn {
	struct loop *loop;
	const struct redis_conn_events *events;
	void *arg;
	enum conn_state state;
	struct redis_socket socket;
	struct loop_io *io;
	struct loop_timer *deadline;
	struct loop_timer *breaker; /* runs on_breaker in a turn of its own */
	struct loop_timer *flusher; /* writes what was sent in this turn */
	bool flush_due;
	int watched;	  /* the LOOP_ bits that are set */
	char reason[200]; /* of the break that is due */
	bool fatal;
	struct redis_ring ring;
	size_t orphans; /* at its head: of a connection before this one */
	struct redis_reader reader;
	struct redis_waiting subscriber;
	char *channel;
	double connect_seconds, reply_seconds;
	double opened, heard; /* bytes came or went */
	struct buf out;	      /* commands; hiredis gets them in pieces */
	size_t out_at;
	char name[NAME_MAX_LEN];
	struct redis_login login;
};

static double now_of(const struct redis_conn *conn)
{
	return conn->loop->now(conn->loop);
}

/* --- Breaking ---------------------------------------------------------------- */

static void close_socket(struct redis_conn *conn)
{
	if (conn->io)
		conn->loop->io_free(conn->io);
	conn->io = NULL;
	redis_socket_close(&conn->socket);
	redis_reader_release(&conn->reader);
	conn->state = CONN_CLOSED;
	conn->login.id = 0;
	conn->login.over = true;
	conn->subscriber.cb = NULL;
	buf_release(&conn->out);
	conn->out_at = 0;
	conn->loop->timer_set(conn->deadline, -1);
	conn->loop->timer_set(conn->breaker, -1);
	conn->loop->timer_set(conn->flusher, -1);
	conn->flush_due = false;
	conn->watched = 0;
}

/* Callbacks may send: those wait for the next turn. */
static void fail_waiting(struct redis_conn *conn, size_t count)
{
	while (count--) {
		struct redis_waiting waiting =
			redis_ring_shift(&conn->ring, now_of(conn));

		if (waiting.cb)
			waiting.cb(waiting.arg, NULL);
	}
}

static void on_breaker(void *arg)
{
	struct redis_conn *conn = arg;
	bool was_open = conn->state != CONN_CLOSED || conn->reason[0];
	struct err err = ERR_INIT;
	size_t orphans = conn->orphans;

	conn->orphans = 0;
	if (conn->state != CONN_CLOSED && !conn->reason[0]) {
		fail_waiting(conn, orphans);
		return;
	}
	close_socket(conn);
	fail_waiting(conn, conn->ring.count);
	if (conn->ring.count)
		conn->loop->timer_set(conn->breaker, 0);
	if (!was_open)
		return;
	err_set(&err, ERR_INTERNAL, "%s", conn->reason);
	conn->reason[0] = '\0';
	conn->events->on_down(conn->arg, conn, &err, conn->fatal);
}

/* Breaks in a turn of its own, so that callers keep their footing. */
static void break_later(struct redis_conn *conn, const char *reason)
{
	if (!conn->reason[0])
		err_quote(conn->reason, sizeof(conn->reason) - 8,
			  slice_text(reason[0] ? reason : "it broke"));
	if (conn->io)
		conn->loop->io_set(conn->io, 0);
	conn->watched = 0;
	conn->loop->timer_set(conn->breaker, 0);
}

static void socket_failed(struct redis_conn *conn)
{
	struct err err = ERR_INIT;

	break_later(conn, redis_socket_why(&conn->socket, &err));
}

void redis_conn_reset(struct redis_conn *conn, const char *reason)
{
	if (conn->state != CONN_CLOSED)
		break_later(conn, reason);
}

/* --- Deadlines ---------------------------------------------------------------- */

static void send_sign(struct redis_conn *conn)
{
	struct redis_command command;

	redis_command_init(&command);
	redis_command_text(&command, conn->channel ? "SUBSCRIBE" : "PING");
	if (conn->channel)
		redis_command_text(&command, conn->channel);
	redis_conn_send(conn, &command, 0, NULL, NULL);
}

/* When the timer should have fired, had it known all that came since. */
static double due_time(const struct redis_conn *conn)
{
	double since = fmax(conn->ring.since, conn->heard);

	if (conn->state != CONN_READY)
		return conn->opened + conn->connect_seconds;
	if (!conn->ring.count)
		return conn->heard + IDLE_SECONDS;
	return since + redis_ring_first(&conn->ring)->seconds;
}

static void on_deadline(void *arg)
{
	struct redis_conn *conn = arg;
	double wait = due_time(conn) - now_of(conn);

	if (conn->reason[0])
		return;
	if (wait <= 0.001 && conn->state == CONN_READY && !conn->ring.count) {
		send_sign(conn);
		wait = conn->reply_seconds;
	}
	if (wait > 0.001) {
		/* What comes meanwhile may be due sooner. */
		conn->loop->timer_set(conn->deadline, fmin(wait, IDLE_SECONDS));
	} else {
		break_later(conn, conn->state == CONN_READY
					  ? "an answer is overdue"
				  : conn->socket.session
					  ? "no connection within its time; "
					    "does this port speak TLS?"
					  : "no connection within its time");
	}
}

/* --- Reading and writing ----------------------------------------------------- */

static void deliver(struct redis_conn *conn, const redisReply *reply)
{
	struct redis_waiting waiting = conn->subscriber;
	enum redis_class class = redis_command_class(reply);

	/* What was asked before the subscription is answered before it. */
	if (conn->ring.count) {
		struct redis_waiting first =
			redis_ring_shift(&conn->ring, now_of(conn));

		if (first.cb)
			waiting = first;
	} else if (!waiting.cb) {
		break_later(conn, reply->type == REDIS_REPLY_ERROR
					  ? reply->str
					  : "an answer that was not asked for");
		return;
	}
	if (conn->state == CONN_READY && class == REDIS_CLASS_DROP)
		break_later(conn, reply->str);
	if (waiting.cb)
		waiting.cb(waiting.arg, reply);
}

static void read_replies(struct redis_conn *conn)
{
	redisReply *reply;
	int more = 1;

	while (!conn->reason[0] && more > 0) {
		/* What goes through TLS is hiredis's to read. */
		size_t max = conn->ring.count && !conn->socket.session
				     ? redis_ring_first(&conn->ring)->bulk
				     : 0;

		more = redis_reader_next(&conn->reader, conn->socket.context,
					 max, &reply);
		if (more <= 0)
			break;
		deliver(conn, reply);
		redis_reader_done(&conn->reader, reply);
	}
	if (more < 0)
		break_later(conn, conn->socket.context->errstr);
}

static void do_read(struct redis_conn *conn)
{
	bool more = true;
	int i;

	for (i = 0; i < READS_PER_TURN && more && !conn->reason[0]; i++) {
		ssize_t got =
			redis_reader_fill(&conn->reader, conn->socket.context);

		if (got < 0) {
			socket_failed(conn);
			return;
		}
		if (got)
			conn->heard = now_of(conn);
		more = redis_reader_is_full(&conn->reader, got);
		read_replies(conn);
	}
}

/* A server that ends a connection may have said why before. */
static void hear_why(struct redis_conn *conn)
{
	conn->socket.context->err = 0;
	do_read(conn);
	break_later(conn, "the server closed the connection");
}

/* What the socket does not take now waits for the next turn. */
static void do_write(struct redis_conn *conn)
{
	int pieces =
		redis_socket_write(&conn->socket, &conn->out, &conn->out_at);

	/* A long command on a slow line is no silence. */
	if (pieces > 1)
		conn->heard = now_of(conn);
	else if (pieces < 0)
		hear_why(conn);
}

static void watch(struct redis_conn *conn)
{
	bool waits = redis_socket_waits(&conn->socket, &conn->out);
	int events = LOOP_READ | (waits ? LOOP_WRITE : 0);

	if (events != conn->watched)
		conn->loop->io_set(conn->io, events);
	conn->watched = events;
}

static void write_out(struct redis_conn *conn)
{
	if (conn->flush_due)
		conn->loop->timer_set(conn->flusher, -1);
	conn->flush_due = false;
	if (!conn->reason[0])
		do_write(conn);
	if (!conn->reason[0])
		watch(conn);
}

static void go_on_connecting(struct redis_conn *conn)
{
	struct err err = ERR_INIT;
	bool wants_write = false;
	int done = redis_socket_go_on(&conn->socket, REPLY_SECONDS, &err,
				      &wants_write);

	if (done > 0) {
		conn->state = CONN_LOGIN;
		redis_login_start(&conn->login);
	} else if (done == 0) {
		conn->watched = wants_write ? LOOP_WRITE : LOOP_READ;
		conn->loop->io_set(conn->io, conn->watched);
	} else {
		conn->fatal = err.code == ERR_REFUSED;
		break_later(conn, err.message);
	}
}

static void on_io(void *arg, int events)
{
	struct redis_conn *conn = arg;

	if (conn->reason[0])
		return;
	if (conn->state == CONN_CONNECTING)
		go_on_connecting(conn);
	if (conn->state == CONN_CONNECTING)
		return;
	if (events & LOOP_READ && !conn->reason[0])
		do_read(conn);
	write_out(conn);
}

static void on_login_done(struct redis_conn *conn, const char *failure,
			  bool fatal)
{
	if (conn->reason[0])
		return;
	if (failure) {
		conn->fatal = fatal;
		break_later(conn, failure);
		return;
	}
	conn->state = CONN_READY;
	conn->loop->timer_set(conn->deadline, IDLE_SECONDS);
	conn->events->on_ready(conn->arg, conn);
}

/* --- Interface --------------------------------------------------------------- */

struct redis_conn *redis_conn_new(struct loop *loop,
				  const struct redis_conn_events *events,
				  void *arg)
{
	struct redis_conn *conn = xcalloc(1, sizeof(*conn));

	conn->loop = loop;
	conn->events = events;
	conn->arg = arg;
	conn->connect_seconds = CONNECT_SECONDS;
	conn->reply_seconds = REPLY_SECONDS;
	conn->login.conn = conn;
	conn->login.name = conn->name;
	conn->login.done = on_login_done;
	conn->deadline = loop->timer_new(loop, on_deadline, conn);
	conn->breaker = loop->timer_new(loop, on_breaker, conn);
	conn->flusher = loop->timer_new(loop, redis_conn_flush, conn);
	buf_init(&conn->out, OUT_MAX);
	return conn;
}

void redis_conn_free(struct redis_conn *conn)
{
	if (!conn)
		return;
	close_socket(conn);
	conn->loop->timer_free(conn->deadline);
	conn->loop->timer_free(conn->breaker);
	conn->loop->timer_free(conn->flusher);
	free(conn->channel);
	redis_ring_release(&conn->ring);
	free(conn);
}

void redis_conn_any_role(struct redis_conn *conn, double seconds)
{
	conn->login.any_role = true;
	conn->connect_seconds = conn->reply_seconds = seconds;
}

void redis_conn_use_tls(struct redis_conn *conn, struct redis_tls *tls)
{
	conn->socket.tls = tls;
}

void redis_conn_subscribe(struct redis_conn *conn, const char *channel,
			  redis_reply_cb *cb, void *arg)
{
	free(conn->channel);
	conn->channel = xstrdup(channel);
	conn->subscriber = (struct redis_waiting){.cb = cb, .arg = arg};
	send_sign(conn);
}

void redis_conn_open(struct redis_conn *conn, const struct url *url,
		     const char *password, const char *name)
{
	close_socket(conn);
	/* What was sent while it was closed is answered in the next turn. */
	conn->orphans = conn->ring.count;
	if (conn->ring.count)
		conn->loop->timer_set(conn->breaker, 0);
	conn->login.url = url;
	conn->login.password = password;
	snprintf(conn->name, sizeof(conn->name), "cherry:%s", name);
	conn->fatal = false;
	conn->reason[0] = '\0';
	conn->opened = conn->heard = now_of(conn);
	redis_socket_open(&conn->socket, url);
	conn->state = CONN_CONNECTING;
	if (!conn->socket.context || conn->socket.context->err) {
		socket_failed(conn);
		return;
	}
	/* Replies are bounded by what we ask for; keep their buffer. */
	conn->socket.context->reader->maxbuf = 0;
	conn->watched = LOOP_WRITE;
	conn->io = conn->loop->io_new(conn->loop, conn->socket.context->fd,
				      LOOP_WRITE, on_io, conn);
	conn->loop->timer_set(conn->deadline, conn->connect_seconds);
}

bool redis_conn_is_ready(const struct redis_conn *conn)
{
	return conn->state == CONN_READY && !conn->reason[0];
}

bool redis_conn_is_closed(const struct redis_conn *conn)
{
	return conn->state == CONN_CLOSED && !conn->reason[0];
}

const struct redis_login *redis_conn_login(const struct redis_conn *conn)
{
	return &conn->login;
}

static void send_command(struct redis_conn *conn, struct redis_command *command,
			 struct redis_waiting waiting)
{
	bool open = conn->state == CONN_LOGIN || conn->state == CONN_READY;

	if (waiting.seconds <= 0)
		waiting.seconds = conn->reply_seconds;
	redis_ring_push(&conn->ring, waiting, now_of(conn));
	if (!open || conn->reason[0]) {
		conn->loop->timer_set(conn->breaker, 0);
	} else {
		redis_command_head(command, &conn->out);
		buf_add_slice(&conn->out, buf_slice(&command->bytes));
		if (command->bytes.failed || conn->out.failed)
			break_later(conn, "a command is too long");
		else if (!conn->flush_due)
			conn->loop->timer_set(conn->flusher, 0);
		conn->flush_due = true;
	}
	buf_release(&command->bytes);
}

void redis_conn_send(struct redis_conn *conn, struct redis_command *command,
		     double seconds, redis_reply_cb *cb, void *arg)
{
	send_command(conn, command,
		     (struct redis_waiting){cb, arg, seconds, 0});
}

void redis_conn_send_bulk(struct redis_conn *conn,
			  struct redis_command *command, size_t max,
			  redis_reply_cb *cb, void *arg)
{
	send_command(conn, command, (struct redis_waiting){cb, arg, 0, max});
}

void redis_conn_take(struct redis_conn *conn, const redisReply *reply,
		     struct buf *bytes)
{
	redis_reader_take(&conn->reader, reply, bytes);
}

void redis_conn_flush(void *arg)
{
	struct redis_conn *conn = arg;

	if (conn->flush_due &&
	    (conn->state == CONN_READY || conn->state == CONN_LOGIN))
		write_out(conn);
}
