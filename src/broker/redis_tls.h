/*
 * TLS below a connection, where hiredis brings it (1.0 or later with its SSL
 * library). Debian 12's hiredis 0.14 does not.
 */
#ifndef BROKER_REDIS_TLS_H
#define BROKER_REDIS_TLS_H

#include <hiredis/hiredis.h>
#include "broker/url.h"
#include "cherry/err.h"

/* 0, or -1 with ERR_BAD_ARGS saying why this build cannot serve rediss://. */
int redis_tls_check(const struct url *url, struct err *err);

/*
 * Begins TLS on a socket that is connected: the certificate must be valid for
 * the URL's host. Non-blocking contexts finish it as they read and write.
 */
int redis_tls_start(redisContext *context, const struct url *url,
		    struct err *err);

#endif
