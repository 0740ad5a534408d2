/*
 * Logging in. All commands travel at once; the last answer, or the first that
 * is a refusal, decides.
 */
#include "broker/redis_login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "broker/redis_conn.h"

/* BLMOVE and LMOVE came with 6.2. */
#define MAJOR_MIN 6
#define MINOR_MIN 2

static void fail(struct redis_login *login, const char *why, bool fatal)
{
	if (login->over)
		return;
	login->over = true;
	login->done(login->conn, why, fatal);
}

static void refuse(struct redis_login *login, const redisReply *reply)
{
	enum redis_class class = redis_command_class(reply);

	fail(login, reply->str,
	     class == REDIS_CLASS_DENIED || class == REDIS_CLASS_CLUSTER ||
		     class == REDIS_CLASS_OTHER);
}

static void on_needed(void *arg, const redisReply *reply)
{
	if (reply && reply->type == REDIS_REPLY_ERROR)
		refuse(arg, reply);
}

/* A server that is not ready, or full, says so to whatever comes first. */
static bool is_about_server(const redisReply *reply)
{
	enum redis_class class = redis_command_class(reply);

	return class == REDIS_CLASS_WAIT || class == REDIS_CLASS_DROP ||
	       (class == REDIS_CLASS_DENIED &&
		strncmp(reply->str, "NOPERM", 6) != 0);
}

/* Names, numbers and roles are helpful, and not everybody's right. */
static void on_helpful(void *arg, const redisReply *reply)
{
	if (is_about_server(reply))
		refuse(arg, reply);
}

static void on_client_id(void *arg, const redisReply *reply)
{
	struct redis_login *login = arg;

	if (reply && reply->type == REDIS_REPLY_INTEGER)
		login->id = reply->integer;
	else
		on_helpful(arg, reply);
}

/* A replica, or a master that is not one any more, is not to be used. */
static void on_role(void *arg, const redisReply *reply)
{
	if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
	    reply->element[0]->type == REDIS_REPLY_STRING &&
	    strcmp(reply->element[0]->str, "master") != 0)
		fail(arg, "the server is a replica, not a master", false);
	else
		on_helpful(arg, reply);
}

static void check_version(struct redis_login *login, const char *info)
{
	const char *at = strstr(info, "redis_version:");
	char version[16] = "", why[100];
	int major = 0, minor = 0;

	if (!at || sscanf(at + 14, "%15[0-9.]", version) != 1 ||
	    sscanf(version, "%d.%d", &major, &minor) < 2)
		return;
	if (major > MAJOR_MIN || (major == MAJOR_MIN && minor >= MINOR_MIN))
		return;
	snprintf(why, sizeof(why),
		 "this Redis is %s, and cherry needs %d.%d or later", version,
		 MAJOR_MIN, MINOR_MIN);
	fail(login, why, true);
}

static void on_info(void *arg, const redisReply *reply)
{
	struct redis_login *login = arg;
	const char *run_id;

	if (!reply)
		return;
	if (reply->type == REDIS_REPLY_STRING) {
		run_id = strstr(reply->str, "run_id:");
		if (run_id)
			snprintf(login->server, sizeof(login->server), "%.40s",
				 run_id + 7);
		if (!login->any_role)
			check_version(login, reply->str);
	} else {
		on_helpful(arg, reply);
	}
	if (login->over)
		return;
	login->over = true;
	login->done(login->conn, NULL, false);
}

static void send_words(struct redis_login *login, const char *const *words,
		       redis_reply_cb *cb)
{
	struct redis_command command;

	redis_command_init(&command);
	for (; *words; words++)
		redis_command_text(&command, *words);
	redis_conn_send(login->conn, &command, 0, cb, login);
}

void redis_login_start(struct redis_login *login)
{
	const struct url *url = login->url;
	const char *password =
		login->password ? login->password : url->password;
	char db[16];

	login->over = false;
	login->id = 0;
	login->server[0] = '\0';
	if (password && url->user)
		send_words(login,
			   (const char *[]){"AUTH", url->user, password, NULL},
			   on_needed);
	else if (password)
		send_words(login, (const char *[]){"AUTH", password, NULL},
			   on_needed);
	snprintf(db, sizeof(db), "%d", url->db);
	if (url->db)
		send_words(login, (const char *[]){"SELECT", db, NULL},
			   on_needed);
	send_words(login,
		   (const char *[]){"CLIENT", "SETNAME", login->name, NULL},
		   on_helpful);
	send_words(login, (const char *[]){"CLIENT", "ID", NULL}, on_client_id);
	if (!login->any_role)
		send_words(login, (const char *[]){"ROLE", NULL}, on_role);
	send_words(login, (const char *[]){"INFO", "server", NULL}, on_info);
}
