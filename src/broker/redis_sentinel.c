/*
 * The conversation with Sentinel: one connection to the sentinel that answered
 * last, first a question, then a subscription to +switch-master. Does not judge
 * whether a master is one: the main connection asks for its ROLE.
 */
#include "broker/redis_sentinel.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/xalloc.h"
#include "broker/redis_state.h"

/* To connect, and to answer, each; then the next one is asked. */
#define SENTINEL_SECONDS 0.5
#define CHANGED		 "Sentinel named another master"

struct redis_sentinel {
	struct redis_broker *redis;
	struct redis_conn *conn;
	struct url url; /* of one sentinel: borrowed texts */
	size_t at;	/* which one of the list */
	size_t tried;	/* without success, in a row */
	bool asking;
	struct loop_timer *again;
};

static void open_next(struct redis_sentinel *sentinel);

static void ask_failed(struct redis_sentinel *sentinel, const char *why)
{
	struct redis_broker *redis = sentinel->redis;
	struct err err = ERR_INIT;

	sentinel->at = (sentinel->at + 1) % redis->url.sentinel_count;
	if (++sentinel->tried < redis->url.sentinel_count) {
		redis->loop->timer_set(sentinel->again, 0);
		return;
	}
	sentinel->tried = 0;
	err_set(&err, ERR_INTERNAL, "no sentinel names a master: %.150s", why);
	redis_broker_say(redis, BROKER_DOWN, &err);
	redis->loop->timer_set(sentinel->again,
			       redis_broker_backoff(++redis->failures));
}

static void use_master(struct redis_sentinel *sentinel, const char *host,
		       const char *port)
{
	struct redis_broker *redis = sentinel->redis;
	const struct url_host *now = &redis->target.host;

	/* Only the subscription was lost: has anything changed meanwhile? */
	if (!sentinel->asking) {
		if (!now->name || strcmp(now->name, host) != 0 ||
		    now->port != atoi(port))
			redis_conn_reset(redis->main, CHANGED);
		return;
	}
	sentinel->asking = false;
	sentinel->tried = 0;
	url_release(&redis->target);
	redis->target.host.name = xstrdup(host);
	redis->target.host.port = atoi(port);
	redis->target.db = redis->url.db;
	redis->target.user = redis->url.user ? xstrdup(redis->url.user) : NULL;
	redis->target.password =
		redis->url.password ? xstrdup(redis->url.password) : NULL;
	redis_conn_open(redis->main, &redis->target, redis->password,
			redis->name);
}

/* "NAME OLD-HOST OLD-PORT NEW-HOST NEW-PORT" */
static void on_switch(struct redis_sentinel *sentinel, const char *text)
{
	struct redis_broker *redis = sentinel->redis;
	char name[128];

	if (sscanf(text, "%127s", name) != 1 ||
	    strcmp(name, redis->url.master_name) != 0)
		return;
	/* Whatever the old master says from now on will be thrown away. */
	redis_conn_reset(redis->main, CHANGED);
}

static void on_message(void *arg, const redisReply *reply)
{
	struct redis_sentinel *sentinel = arg;

	if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
	    reply->element[2]->type == REDIS_REPLY_STRING)
		on_switch(sentinel, reply->element[2]->str);
}

static void on_address(void *arg, const redisReply *reply)
{
	struct redis_sentinel *sentinel = arg;

	if (!reply)
		return;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_STRING) {
		redis_conn_reset(sentinel->conn,
				 reply->type == REDIS_REPLY_ERROR
					 ? reply->str
					 : "it does not know that master");
		return;
	}
	use_master(sentinel, reply->element[0]->str, reply->element[1]->str);
	redis_conn_subscribe(sentinel->conn, "+switch-master", on_message,
			     sentinel);
}

static void on_ready(void *arg, struct redis_conn *conn)
{
	struct redis_sentinel *sentinel = arg;
	struct redis_command command;

	redis_command_init(&command);
	redis_command_text(&command, "SENTINEL");
	redis_command_text(&command, "get-master-addr-by-name");
	redis_command_text(&command, sentinel->redis->url.master_name);
	redis_conn_send(conn, &command, SENTINEL_SECONDS, on_address, sentinel);
}

static void on_down(void *arg, struct redis_conn *conn, const struct err *err,
		    bool fatal)
{
	struct redis_sentinel *sentinel = arg;

	(void)conn;
	(void)fatal;
	if (sentinel->asking) {
		ask_failed(sentinel, err->message);
		return;
	}
	/* Only the subscription is lost: another sentinel is listened to. */
	sentinel->at = (sentinel->at + 1) % sentinel->redis->url.sentinel_count;
	sentinel->redis->loop->timer_set(sentinel->again,
					 redis_broker_backoff(3));
}

static const struct redis_conn_events events = {on_ready, on_down};

static void open_next(struct redis_sentinel *sentinel)
{
	struct redis_broker *redis = sentinel->redis;

	sentinel->url =
		(struct url){.host = redis->url.sentinels[sentinel->at]};
	redis_conn_open(sentinel->conn, &sentinel->url, NULL, redis->name);
}

static void on_again(void *arg)
{
	open_next(arg);
}

void redis_sentinel_ask(struct redis_sentinel *sentinel)
{
	sentinel->asking = true;
	open_next(sentinel);
}

struct redis_sentinel *redis_sentinel_new(struct redis_broker *redis)
{
	struct redis_sentinel *sentinel;

	if (!redis->url.master_name)
		return NULL;
	sentinel = xcalloc(1, sizeof(*sentinel));
	sentinel->redis = redis;
	sentinel->conn = redis_conn_new(redis->loop, &events, sentinel);
	redis_conn_any_role(sentinel->conn, SENTINEL_SECONDS);
	sentinel->again =
		redis->loop->timer_new(redis->loop, on_again, sentinel);
	return sentinel;
}

void redis_sentinel_free(struct redis_sentinel *sentinel)
{
	if (!sentinel)
		return;
	redis_conn_free(sentinel->conn);
	sentinel->redis->loop->timer_free(sentinel->again);
	free(sentinel);
}
