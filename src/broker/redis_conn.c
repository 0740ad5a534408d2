/*
 * A pipelined, non-blocking connection. Knows no scripts and no queues, and
 * never decides to connect again: its owner does.
 */
#include "broker/redis_conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/xalloc.h"

#define CONNECT_SECONDS 5
#define REPLY_SECONDS	10
#define IDLE_SECONDS	5
#define READS_PER_TURN	64
#define NAME_MAX_LEN	120

enum conn_state { CONN_CLOSED, CONN_CONNECTING, CONN_LOGIN, CONN_READY };

struct waiting {
	redis_reply_cb *cb;
	void *arg;
	double seconds;
};

struct redis_conn {
	struct loop *loop;
	const struct redis_conn_events *events;
	void *arg;
	enum conn_state state;
	redisContext *context;
	struct loop_io *io;
	struct loop_timer *deadline;
	struct loop_timer *breaker; /* runs conn_break in a turn of its own */
	char reason[200];	    /* of the break that is due */
	struct waiting *ring;	    /* a power of two */
	size_t head, count, size;
	double last_heard;
	const struct url *url;
	const char *password;
	char name[NAME_MAX_LEN];
	int64_t id;
	char server[48];
	bool fatal, any_role;
};

/* --- Waiting answers -------------------------------------------------------- */

static void ring_push(struct redis_conn *conn, struct waiting waiting)
{
	if (conn->count == conn->size) {
		size_t size = conn->size ? conn->size * 2 : 64, i;
		struct waiting *ring = xcalloc(size, sizeof(*ring));

		for (i = 0; i < conn->count; i++)
			ring[i] =
				conn->ring[(conn->head + i) & (conn->size - 1)];
		free(conn->ring);
		conn->ring = ring;
		conn->size = size;
		conn->head = 0;
	}
	conn->ring[(conn->head + conn->count++) & (conn->size - 1)] = waiting;
}

static struct waiting ring_shift(struct redis_conn *conn)
{
	struct waiting waiting = conn->ring[conn->head];

	conn->head = (conn->head + 1) & (conn->size - 1);
	conn->count--;
	return waiting;
}

/* When the next answer is due, or the next sign of life. */
static void set_deadline(struct redis_conn *conn)
{
	double seconds = IDLE_SECONDS;

	if (conn->state == CONN_CONNECTING || conn->state == CONN_LOGIN)
		seconds = CONNECT_SECONDS;
	else if (conn->count)
		seconds = conn->ring[conn->head].seconds;
	conn->loop->timer_set(conn->deadline, seconds);
}

static void watch(struct redis_conn *conn)
{
	bool write = conn->state == CONN_CONNECTING ||
		     (conn->context && conn->context->obuf &&
		      conn->context->obuf[0]);

	conn->loop->io_set(conn->io, LOOP_READ | (write ? LOOP_WRITE : 0));
}

/* --- Breaking ---------------------------------------------------------------- */

static void close_socket(struct redis_conn *conn)
{
	if (conn->io)
		conn->loop->io_free(conn->io);
	conn->io = NULL;
	if (conn->context)
		redisFree(conn->context);
	conn->context = NULL;
	conn->state = CONN_CLOSED;
	conn->id = 0;
	conn->loop->timer_set(conn->deadline, -1);
	conn->loop->timer_set(conn->breaker, -1);
}

static void on_breaker(void *arg)
{
	struct redis_conn *conn = arg;
	bool was_open = conn->state != CONN_CLOSED || conn->reason[0];
	struct err err = ERR_INIT;
	size_t due = conn->count;

	close_socket(conn);
	/* Callbacks may send: those wait for the next turn. */
	while (due--) {
		struct waiting waiting = ring_shift(conn);

		if (waiting.cb)
			waiting.cb(waiting.arg, NULL);
	}
	if (conn->count)
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
			  slice_text(reason));
	if (conn->io)
		conn->loop->io_set(conn->io, 0);
	conn->loop->timer_set(conn->breaker, 0);
}

void redis_conn_reset(struct redis_conn *conn, const char *reason)
{
	if (conn->state != CONN_CLOSED)
		break_later(conn, reason);
}

static void on_deadline(void *arg)
{
	struct redis_conn *conn = arg;
	struct redis_command command;

	if (conn->state == CONN_READY && !conn->count) {
		redis_command_init(&command);
		redis_command_text(&command, "PING");
		redis_conn_send(conn, &command, REPLY_SECONDS, NULL, NULL);
		return;
	}
	break_later(conn, conn->state == CONN_READY
				  ? "an answer is overdue"
				  : "no connection within 5 seconds");
}

/* --- Reading and writing ----------------------------------------------------- */

static void deliver(struct redis_conn *conn, const redisReply *reply)
{
	struct waiting waiting;
	enum redis_class class = redis_class_of(reply);

	if (!conn->count) {
		break_later(conn, reply->type == REDIS_REPLY_ERROR
					  ? reply->str
					  : "an answer that was not asked for");
		return;
	}
	waiting = ring_shift(conn);
	if (conn->state == CONN_READY && class == REDIS_CLASS_DROP)
		break_later(conn, reply->str);
	if (waiting.cb)
		waiting.cb(waiting.arg, reply);
}

static void read_replies(struct redis_conn *conn)
{
	void *reply = NULL;

	while (!conn->reason[0] &&
	       redisGetReplyFromReader(conn->context, &reply) == REDIS_OK &&
	       reply) {
		deliver(conn, reply);
		freeReplyObject(reply);
		reply = NULL;
		set_deadline(conn);
	}
	if (conn->context->err)
		break_later(conn, conn->context->errstr);
}

static void do_read(struct redis_conn *conn)
{
	int i;

	for (i = 0; i < READS_PER_TURN && !conn->reason[0]; i++) {
		size_t before = conn->context->reader->len;
		size_t got;

		if (redisBufferRead(conn->context) == REDIS_ERR) {
			break_later(conn, conn->context->errstr);
			return;
		}
		got = conn->context->reader->len - before;
		read_replies(conn);
		if (got < 16 * 1024)
			break;
	}
}

/* What the socket does not take now waits for the next turn. */
static void do_write(struct redis_conn *conn)
{
	int done = 0;

	if (redisBufferWrite(conn->context, &done) == REDIS_ERR)
		break_later(conn, conn->context->errstr);
}

static void start_login(struct redis_conn *conn);

static void finish_connect(struct redis_conn *conn)
{
	int error = 0, fd = conn->context->fd;
	socklen_t len = sizeof(error);
	unsigned timeout = REPLY_SECONDS * 1000;
	int on = 1;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	if (error) {
		break_later(conn, strerror(error));
		return;
	}
	/* Fails on Unix sockets, which need neither. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout,
			 sizeof(timeout));
	conn->state = CONN_LOGIN;
	start_login(conn);
}

static void on_io(void *arg, int events)
{
	struct redis_conn *conn = arg;

	if (conn->reason[0])
		return;
	if (conn->state == CONN_CONNECTING) {
		finish_connect(conn);
		if (conn->reason[0])
			return;
	}
	if (events & LOOP_READ)
		do_read(conn);
	if (!conn->reason[0] && conn->context->obuf[0])
		do_write(conn);
	if (!conn->reason[0])
		watch(conn);
}

/* --- Login ------------------------------------------------------------------- */

static void login_failed(struct redis_conn *conn, const redisReply *reply)
{
	enum redis_class class = redis_class_of(reply);

	conn->fatal = class == REDIS_CLASS_DENIED ||
		      class == REDIS_CLASS_CLUSTER ||
		      class == REDIS_CLASS_OTHER;
	break_later(conn, reply->str);
}

static void on_login(void *arg, const redisReply *reply)
{
	struct redis_conn *conn = arg;

	if (reply && reply->type == REDIS_REPLY_ERROR)
		login_failed(conn, reply);
}

static void on_client_id(void *arg, const redisReply *reply)
{
	struct redis_conn *conn = arg;

	if (reply && reply->type == REDIS_REPLY_INTEGER)
		conn->id = reply->integer;
}

static void on_info(void *arg, const redisReply *reply)
{
	struct redis_conn *conn = arg;
	const char *run_id;

	if (!reply || conn->reason[0])
		return;
	if (redis_class_of(reply) == REDIS_CLASS_WAIT ||
	    redis_class_of(reply) == REDIS_CLASS_DENIED) {
		login_failed(conn, reply);
		return;
	}
	conn->server[0] = '\0';
	run_id = reply->type == REDIS_REPLY_STRING
			 ? strstr(reply->str, "run_id:")
			 : NULL;
	if (run_id)
		snprintf(conn->server, sizeof(conn->server), "%.40s",
			 run_id + 7);
	conn->state = CONN_READY;
	conn->fatal = false;
	conn->events->on_ready(conn->arg, conn);
}

/* A replica, or a master that is not one any more, is not to be used. */
static void on_role(void *arg, const redisReply *reply)
{
	struct redis_conn *conn = arg;

	if (!reply || conn->reason[0])
		return;
	if (reply->type == REDIS_REPLY_ERROR) {
		if (redis_class_of(reply) == REDIS_CLASS_WAIT)
			login_failed(conn, reply);
		return;
	}
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
	    reply->element[0]->type == REDIS_REPLY_STRING &&
	    strcmp(reply->element[0]->str, "master") != 0)
		break_later(conn, "the server is a replica, not a master");
}

static void send_words(struct redis_conn *conn, const char *const *words,
		       redis_reply_cb *cb)
{
	struct redis_command command;

	redis_command_init(&command);
	for (; *words; words++)
		redis_command_text(&command, *words);
	redis_conn_send(conn, &command, CONNECT_SECONDS, cb, conn);
}

static void start_login(struct redis_conn *conn)
{
	const char *password =
		conn->password ? conn->password : conn->url->password;
	char db[16];

	if (password && conn->url->user)
		send_words(conn,
			   (const char *[]){"AUTH", conn->url->user, password,
					    NULL},
			   on_login);
	else if (password)
		send_words(conn, (const char *[]){"AUTH", password, NULL},
			   on_login);
	snprintf(db, sizeof(db), "%d", conn->url->db);
	if (conn->url->db)
		send_words(conn, (const char *[]){"SELECT", db, NULL},
			   on_login);
	/* Names, numbers and roles are helpful, and not everybody's right. */
	send_words(conn,
		   (const char *[]){"CLIENT", "SETNAME", conn->name, NULL},
		   NULL);
	send_words(conn, (const char *[]){"CLIENT", "ID", NULL}, on_client_id);
	if (!conn->any_role)
		send_words(conn, (const char *[]){"ROLE", NULL}, on_role);
	send_words(conn, (const char *[]){"INFO", "server", NULL}, on_info);
	watch(conn);
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
	conn->deadline = loop->timer_new(loop, on_deadline, conn);
	conn->breaker = loop->timer_new(loop, on_breaker, conn);
	return conn;
}

void redis_conn_free(struct redis_conn *conn)
{
	if (!conn)
		return;
	close_socket(conn);
	conn->loop->timer_free(conn->deadline);
	conn->loop->timer_free(conn->breaker);
	free(conn->ring);
	free(conn);
}

void redis_conn_any_role(struct redis_conn *conn)
{
	conn->any_role = true;
}

void redis_conn_expect(struct redis_conn *conn, redis_reply_cb *cb, void *arg)
{
	ring_push(conn, (struct waiting){cb, arg, 1e9});
}

void redis_conn_open(struct redis_conn *conn, const struct url *url,
		     const char *password, const char *name)
{
	close_socket(conn);
	conn->url = url;
	conn->password = password;
	snprintf(conn->name, sizeof(conn->name), "cherry:%s", name);
	conn->fatal = false;
	conn->reason[0] = '\0';
	conn->context = url->path ? redisConnectUnixNonBlock(url->path)
				  : redisConnectNonBlock(url->host.name,
							 url->host.port);
	conn->state = CONN_CONNECTING;
	if (!conn->context || conn->context->err) {
		break_later(conn, conn->context ? conn->context->errstr
						: "out of memory");
		return;
	}
	/* Replies are bounded by what we ask for; keep their buffer. */
	conn->context->reader->maxbuf = 0;
	conn->io = conn->loop->io_new(conn->loop, conn->context->fd, LOOP_WRITE,
				      on_io, conn);
	set_deadline(conn);
}

bool redis_conn_is_ready(const struct redis_conn *conn)
{
	return conn->state == CONN_READY && !conn->reason[0];
}

int64_t redis_conn_id(const struct redis_conn *conn)
{
	return conn->id;
}

const char *redis_conn_server(const struct redis_conn *conn)
{
	return conn->server;
}

size_t redis_conn_waiting(const struct redis_conn *conn)
{
	return conn->count;
}

void redis_conn_send(struct redis_conn *conn, struct redis_command *command,
		     double seconds, redis_reply_cb *cb, void *arg)
{
	struct buf head;
	struct waiting waiting = {cb, arg,
				  seconds > 0 ? seconds : REPLY_SECONDS};
	bool open = conn->state == CONN_LOGIN || conn->state == CONN_READY;

	ring_push(conn, waiting);
	if (!open || conn->reason[0]) {
		conn->loop->timer_set(conn->breaker, 0);
	} else if (command->bytes.failed) {
		break_later(conn, "a command is too long");
	} else {
		buf_init(&head, 64);
		redis_command_length(&head, '*', command->count);
		redisAppendFormattedCommand(conn->context, head.ptr, head.len);
		redisAppendFormattedCommand(conn->context, command->bytes.ptr,
					    command->bytes.len);
		buf_release(&head);
		if (conn->count == 1)
			set_deadline(conn);
		watch(conn);
	}
	buf_release(&command->bytes);
}
