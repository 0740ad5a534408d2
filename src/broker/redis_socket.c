/*
 * Sockets for connections on a loop. A host is to be an address by now: names
 * would wait for the resolver.
 */
#include "broker/redis_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include "base/crash.h"

#define OUT_KEPT    ((size_t)1 << 20)
#define WRITE_PIECE ((size_t)1 << 18)

void redis_socket_open(struct redis_socket *socket, const struct url *url)
{
	socket->url = url;
	socket->session = NULL;
	socket->context =
		url->path ? redisConnectUnixNonBlock(url->path)
			  : redisConnectNonBlock(url->address ? url->address
							      : url->host.name,
						 url->host.port);
}

void redis_socket_close(struct redis_socket *socket)
{
	if (socket->context)
		redisFree(socket->context);
	socket->context = NULL;
	socket->session = NULL;
}

static int check_connected(int fd, unsigned seconds, struct err *err)
{
	int error = 0, on = 1;
	socklen_t len = sizeof(error);
	unsigned timeout = seconds * 1000;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) || error)
		return err_set(err, ERR_INTERNAL, "%s",
			       strerror(error ? error : errno));
	/* Fails on Unix sockets, which need neither. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout,
			 sizeof(timeout));
	return 0;
}

int redis_socket_go_on(struct redis_socket *socket, unsigned seconds,
		       struct err *err, bool *wants_write)
{
	if (!socket->session) {
		if (check_connected(socket->context->fd, seconds, err))
			return -1;
		if (!socket->url->tls)
			return 1;
		socket->session = redis_tls_start(socket->tls, socket->context,
						  socket->url->host.name, err);
		if (!socket->session)
			return -1;
	}
	return redis_tls_shake(socket->session, err, wants_write);
}

/* hiredis moves what is left to the front at each write: it gets pieces. */
static void feed(struct redis_socket *socket, struct buf *out, size_t *at)
{
	size_t len = out->len - *at;

	if (len > WRITE_PIECE)
		len = WRITE_PIECE;
	redisAppendFormattedCommand(socket->context, out->ptr + *at, len);
	*at += len;
	if (*at < out->len)
		return;
	*at = 0;
	buf_clear(out);
	if (out->cap > OUT_KEPT)
		buf_release(out);
}

bool redis_socket_waits(const struct redis_socket *socket,
			const struct buf *out)
{
	return out->len > 0 || socket->context->obuf[0];
}

int redis_socket_write(struct redis_socket *socket, struct buf *out, size_t *at)
{
	int done = 1, pieces = 0;

	while (done && redis_socket_waits(socket, out)) {
		if (!socket->context->obuf[0])
			feed(socket, out, at);
		if (redisBufferWrite(socket->context, &done) == REDIS_ERR)
			return -1;
		pieces++;
		CRASH_POINT("broker.wrote");
	}
	return pieces;
}

const char *redis_socket_why(const struct redis_socket *socket, struct err *err)
{
	return redis_tls_why(socket->session,
			     socket->context ? socket->context->errstr
					     : "out of memory",
			     err);
}
