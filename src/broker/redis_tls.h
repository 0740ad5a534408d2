/*
 * TLS below a connection, where hiredis brings it (1.0 or later with its SSL
 * library; Debian 12's 0.14 does not). The server's certificate must come from
 * a known authority, be valid now, and be for the host of the URL: hiredis alone
 * does not look at the last.
 */
#ifndef BROKER_REDIS_TLS_H
#define BROKER_REDIS_TLS_H

#include <hiredis/hiredis.h>
#include "cherry/err.h"

struct redis_tls;
/* Of one connection; lives as long as its context. */
struct redis_tls_session;

/* PEM files; NULL or "": the system's authorities, no certificate of ours. */
struct redis_tls_files {
	const char *ca_file, *cert_file, *key_file;
};

/* 0, or -1 with ERR_BAD_ARGS saying why this build has no TLS. */
int redis_tls_check(struct err *err);

/* NULL with ERR_BAD_ARGS: this build has no TLS, or a file cannot be used. */
struct redis_tls *redis_tls_new(const struct redis_tls_files *files,
				struct err *err);
void redis_tls_free(struct redis_tls *tls);

/*
 * Begins TLS on a socket that is connected, for that host's name or address.
 * On a blocking context it is complete on return; on another one
 * redis_tls_shake goes on with it. NULL with ERR_REFUSED (the certificate) or
 * ERR_INTERNAL.
 */
struct redis_tls_session *redis_tls_start(struct redis_tls *tls,
					  redisContext *context,
					  const char *host, struct err *err);

/* 1: complete. 0: again when the socket can be read, or written if
 * `wants_write`. -1 with ERR_REFUSED (the certificate) or ERR_INTERNAL. */
int redis_tls_shake(struct redis_tls_session *session, struct err *err,
		    bool *wants_write);

/* Why reading or writing failed: what TLS knows, or else `otherwise`. The text
 * is in `err`. */
const char *redis_tls_why(const struct redis_tls_session *session,
			  const char *otherwise, struct err *err);

#endif
