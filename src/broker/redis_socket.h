/*
 * A socket to Redis and the TLS on it, opened without waiting.
 */
#ifndef BROKER_REDIS_SOCKET_H
#define BROKER_REDIS_SOCKET_H

#include <hiredis/hiredis.h>
#include "broker/redis_tls.h"
#include "broker/url.h"
#include "cherry/buf.h"
#include "cherry/err.h"

struct redis_socket {
	struct redis_tls *tls; /* borrowed; for rediss:// */
	const struct url *url; /* borrowed */
	redisContext *context; /* NULL: closed, or out of memory */
	struct redis_tls_session *session;
};

/* To the URL's socket or host, not blocking. Where that fails at once the
 * context is NULL, or has an `err`. */
void redis_socket_open(struct redis_socket *socket, const struct url *url);
void redis_socket_close(struct redis_socket *socket);

/*
 * Goes on as it can be written or read. 1: it is there for commands, and bytes
 * that are not taken end it after `seconds`. 0: again when it can be read, or
 * written if `wants_write`. -1 with ERR_INTERNAL, or ERR_REFUSED: the server's
 * certificate.
 */
int redis_socket_go_on(struct redis_socket *socket, unsigned seconds,
		       struct err *err, bool *wants_write);

/* Is there something to write, in `out` or in hiredis? */
bool redis_socket_waits(const struct redis_socket *socket,
			const struct buf *out);
/* Writes that as far as it is taken, of `out` from *at, which goes on; once all
 * is hiredis's both are empty. In how many pieces; -1: the socket is broken. */
int redis_socket_write(struct redis_socket *socket, struct buf *out,
		       size_t *at);

/* Why opening it or reading from it failed; the text is in `err`. */
const char *redis_socket_why(const struct redis_socket *socket,
			     struct err *err);

#endif
