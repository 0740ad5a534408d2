/*
 * The conversation with Sentinel: one connection to the sentinel that answered
 * last, first two questions, then a subscription to +switch-master. All three
 * travel at once, so that no change falls between an answer and the
 * subscription. Others are learnt from the one that answers, and listened to as
 * well: the first to announce a change is followed. Does not judge whether a
 * master is one: the main connection asks for its ROLE.
 */
#include "broker/redis_sentinel.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/xalloc.h"
#include "broker/redis_ear.h"
#include "broker/redis_lookup.h"
#include "broker/redis_state.h"

/* To connect, and to answer, each; then the next one is asked. */
#define SENTINEL_SECONDS 0.5
#define CHANGED		 "Sentinel named another master"

struct known {
	struct url_host host;
	struct redis_ear *ear;
};

struct redis_sentinel {
	struct redis_broker *redis;
	struct redis_conn *conn;
	/* Those of the URL and those that were learnt, the one that answered
	 * last in front. */
	struct known list[URL_SENTINELS_MAX];
	size_t count;
	struct url_host next; /* announced, to be gone to */
	struct url url;	      /* of one sentinel: borrowed texts */
	size_t at;	      /* which one of the list */
	size_t tried;	      /* without success, in a row */
	size_t rounds; /* without success of any: other addresses are tried */
	struct redis_lookup *lookup;
	struct redis_addresses address; /* of url's host */
	bool asking;
	struct loop_timer *again;
};

/* --- The list -------------------------------------------------------------- */

static bool is_host(const struct url_host *host, const char *name, int port)
{
	return host->name && host->port == port &&
	       strcmp(host->name, name) == 0;
}

static void list_add(struct redis_sentinel *sentinel, const char *name,
		     int port)
{
	size_t i;

	if (sentinel->count == URL_SENTINELS_MAX || !*name || port < 1 ||
	    port > 65535)
		return;
	for (i = 0; i < sentinel->count; i++) {
		if (is_host(&sentinel->list[i].host, name, port))
			return;
	}
	sentinel->list[sentinel->count++].host =
		(struct url_host){.name = xstrdup(name), .port = port};
}

static void list_next(struct redis_sentinel *sentinel)
{
	sentinel->at = (sentinel->at + 1) % sentinel->count;
}

/* The one that answers is asked first from now on. */
static void list_prefer(struct redis_sentinel *sentinel)
{
	struct known chosen = sentinel->list[sentinel->at];

	memmove(sentinel->list + 1, sentinel->list,
		sentinel->at * sizeof(chosen));
	sentinel->list[0] = chosen;
	sentinel->at = 0;
}

/* --- Questions ------------------------------------------------------------- */

static void ask_failed(struct redis_sentinel *sentinel, const char *why)
{
	struct redis_broker *redis = sentinel->redis;
	struct err err = ERR_INIT;

	list_next(sentinel);
	if (++sentinel->tried < sentinel->count) {
		redis->loop->timer_set(sentinel->again, 0);
		return;
	}
	sentinel->tried = 0;
	sentinel->rounds++;
	err_set(&err, ERR_INTERNAL, "no sentinel names a master: %.150s", why);
	redis_broker_say(redis, BROKER_DOWN, &err);
	redis->loop->timer_set(sentinel->again,
			       redis_broker_backoff(++redis->failures));
}

static void forget_next(struct redis_sentinel *sentinel)
{
	free(sentinel->next.name);
	sentinel->next.name = NULL;
}

static void use_master(struct redis_sentinel *sentinel, const char *host,
		       int port)
{
	struct redis_broker *redis = sentinel->redis;

	/* Only the subscription was lost: has anything changed meanwhile? */
	if (!sentinel->asking) {
		if (!is_host(&redis->target.host, host, port))
			redis_conn_reset(redis->main, CHANGED);
		return;
	}
	sentinel->asking = false;
	sentinel->tried = 0;
	url_release(&redis->target);
	redis->target.host.name = xstrdup(host);
	redis->target.host.port = port;
	redis->target.db = redis->url.db;
	redis->target.user = redis->url.user ? xstrdup(redis->url.user) : NULL;
	redis->target.password =
		redis->url.password ? xstrdup(redis->url.password) : NULL;
	redis_open_server(redis);
}

/*
 * "NAME OLD-HOST OLD-PORT NEW-HOST NEW-PORT". The others announce it later:
 * by then it is no news. A sentinel that is behind the times may tell of a
 * change from a master that is not ours: all are asked anew.
 */
static void on_switch(void *arg, const char *text)
{
	struct redis_sentinel *sentinel = arg;
	struct redis_broker *redis = sentinel->redis;
	char name[128], from[256], to[256];
	int from_port, to_port;

	if (sscanf(text, "%127s %255s %d %255s %d", name, from, &from_port, to,
		   &to_port) != 5 ||
	    strcmp(name, redis->url.master_name) != 0 ||
	    is_host(&redis->target.host, to, to_port) ||
	    is_host(&sentinel->next, to, to_port))
		return;
	forget_next(sentinel);
	if (is_host(&redis->target.host, from, from_port))
		sentinel->next =
			(struct url_host){.name = xstrdup(to), .port = to_port};
	/* Whatever the old master says from now on will be thrown away; where
	 * it is gone already, the wait for it ends. */
	redis->failures = 0;
	if (redis_lookup_stop(redis->lookup))
		redis->connect_due = true;
	if (redis->connect_due)
		redis->loop->timer_set(redis->reconnect, 0);
	else
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
	list_prefer(sentinel);
	use_master(sentinel, reply->element[0]->str,
		   atoi(reply->element[1]->str));
}

static void listen(struct redis_sentinel *sentinel)
{
	size_t i;

	for (i = 0; i < sentinel->count; i++) {
		struct known *known = &sentinel->list[i];

		if (!known->ear)
			known->ear =
				redis_ear_new(sentinel->redis, &known->host,
					      on_switch, sentinel);
	}
}

/* One of the others: names and values in turn. */
static void learn(struct redis_sentinel *sentinel, const redisReply *fields)
{
	const char *name = "", *port = "";
	size_t i;

	for (i = 0;
	     fields->type == REDIS_REPLY_ARRAY && i + 1 < fields->elements;
	     i += 2) {
		const redisReply *field = fields->element[i];
		const redisReply *value = fields->element[i + 1];

		if (field->type != REDIS_REPLY_STRING ||
		    value->type != REDIS_REPLY_STRING)
			continue;
		if (strcmp(field->str, "ip") == 0)
			name = value->str;
		else if (strcmp(field->str, "port") == 0)
			port = value->str;
	}
	list_add(sentinel, name, atoi(port));
}

static void on_others(void *arg, const redisReply *reply)
{
	size_t i;

	for (i = 0;
	     reply && reply->type == REDIS_REPLY_ARRAY && i < reply->elements;
	     i++)
		learn(arg, reply->element[i]);
	listen(arg);
}

static void question(struct redis_sentinel *sentinel, const char *verb,
		     redis_reply_cb *cb)
{
	struct redis_command command;

	redis_command_init(&command);
	redis_command_text(&command, "SENTINEL");
	redis_command_text(&command, verb);
	redis_command_text(&command, sentinel->redis->url.master_name);
	redis_conn_send(sentinel->conn, &command, SENTINEL_SECONDS, cb,
			sentinel);
}

static void on_ready(void *arg, struct redis_conn *conn)
{
	struct redis_sentinel *sentinel = arg;

	question(sentinel, "get-master-addr-by-name", on_address);
	question(sentinel, "sentinels", on_others);
	redis_conn_subscribe(conn, "+switch-master", on_message, sentinel);
}

static void fail(struct redis_sentinel *sentinel, const struct err *err)
{
	if (sentinel->asking) {
		ask_failed(sentinel, err->message);
		return;
	}
	/* Only the subscription is lost: another sentinel is listened to. */
	list_next(sentinel);
	sentinel->redis->loop->timer_set(sentinel->again,
					 redis_broker_backoff(3));
}

static void on_down(void *arg, struct redis_conn *conn, const struct err *err,
		    bool fatal)
{
	(void)conn;
	(void)fatal;
	fail(arg, err);
}

static const struct redis_conn_events events = {on_ready, on_down};

static void on_addresses(void *arg, const struct redis_addresses *found,
			 const struct err *err)
{
	struct redis_sentinel *sentinel = arg;
	const struct redis_broker *redis = sentinel->redis;

	if (!found) {
		fail(sentinel, err);
		return;
	}
	sentinel->address = *found;
	sentinel->url.address =
		sentinel->address.text[sentinel->rounds % found->count];
	redis_conn_open(sentinel->conn, &sentinel->url,
			redis->sentinel_password, redis->name);
}

static void open_next(struct redis_sentinel *sentinel)
{
	sentinel->url = (struct url){.host = sentinel->list[sentinel->at].host};
	redis_lookup_start(sentinel->lookup, sentinel->url.host.name,
			   SENTINEL_SECONDS);
}

static void on_again(void *arg)
{
	open_next(arg);
}

void redis_sentinel_ask(struct redis_sentinel *sentinel)
{
	struct url_host next = sentinel->next;

	listen(sentinel);
	sentinel->asking = true;
	if (next.name) {
		sentinel->next.name = NULL;
		use_master(sentinel, next.name, next.port);
		free(next.name);
		return;
	}
	/* What this one named has failed twice: it may be behind the times. */
	if (sentinel->redis->failures > 1)
		list_next(sentinel);
	open_next(sentinel);
}

struct redis_sentinel *redis_sentinel_new(struct redis_broker *redis)
{
	struct redis_sentinel *sentinel;
	size_t i;

	if (!redis->url.master_name)
		return NULL;
	sentinel = xcalloc(1, sizeof(*sentinel));
	sentinel->redis = redis;
	for (i = 0; i < redis->url.sentinel_count; i++)
		list_add(sentinel, redis->url.sentinels[i].name,
			 redis->url.sentinels[i].port);
	sentinel->conn = redis_conn_new(redis->loop, &events, sentinel);
	redis_conn_any_role(sentinel->conn, SENTINEL_SECONDS);
	sentinel->lookup =
		redis_lookup_new(redis->loop, on_addresses, sentinel);
	sentinel->again =
		redis->loop->timer_new(redis->loop, on_again, sentinel);
	return sentinel;
}

void redis_sentinel_free(struct redis_sentinel *sentinel)
{
	if (!sentinel)
		return;
	redis_conn_free(sentinel->conn);
	redis_lookup_free(sentinel->lookup);
	forget_next(sentinel);
	while (sentinel->count > 0) {
		struct known *known = &sentinel->list[--sentinel->count];

		redis_ear_free(known->ear);
		free(known->host.name);
	}
	sentinel->redis->loop->timer_free(sentinel->again);
	free(sentinel);
}
