/*
 * The first words on a connection: password, database, a name; its number, the
 * server's role and identity come back.
 */
#ifndef BROKER_REDIS_LOGIN_H
#define BROKER_REDIS_LOGIN_H

#include "broker/redis_command.h"
#include "broker/url.h"

struct redis_conn;

struct redis_login {
	const struct url *url; /* borrowed */
	const char *password;  /* in place of the URL's; NULL: the URL's */
	const char *name;      /* of the client; no spaces */
	bool any_role;	       /* replicas and sentinels are welcome too */
	bool over;	       /* failed: what else is answered is nothing */
	int64_t id;	       /* CLIENT ID, 0 if it may not be known */
	char server[48];       /* run_id, "" likewise */
	struct redis_conn *conn;
	/* `failure` is NULL for success; `fatal`: it will not get better. */
	void (*done)(struct redis_conn *conn, const char *failure, bool fatal);
};

/* Sends all of it; `done` runs once, or never if the connection breaks. */
void redis_login_start(struct redis_login *login);

#endif
