/*
 * Where Redis is: redis://[user[:password]@]host[:port][/db], rediss:// the
 * same with TLS, unix:///path[?db=N], redis-sentinel://host:port,.../NAME[/db].
 */
#ifndef BROKER_URL_H
#define BROKER_URL_H

#include "cherry/buf.h"
#include "cherry/err.h"

#define URL_SENTINELS_MAX 16

struct url_host {
	char *name; /* or an address; never NULL */
	int port;
};

struct url {
	bool tls;
	char *path; /* of a Unix socket, else NULL */
	struct url_host host;
	char *address;	       /* of the host, where somebody looked it up */
	char *user, *password; /* NULL: none */
	int db;
	char *master_name; /* Sentinel: NULL otherwise */
	struct url_host sentinels[URL_SENTINELS_MAX];
	size_t sentinel_count;
};

/*
 * Reads a URL; user and password may hold percent escapes. ERR_BAD_ARGS,
 * saying which part is wrong; passwords never stand in the message. Release
 * it in any case.
 */
int url_parse(struct url *url, const char *text, struct err *err) MUST_CHECK;
void url_release(struct url *url);

/* For logs: the URL without its password. */
void url_describe(const struct url *url, struct buf *out);

#endif
