/*
 * Listening to a sentinel. Asks nothing: what was missed while it was away is
 * known to other ears, or to whoever asks.
 */
#include "broker/redis_ear.h"

#include <stdlib.h>
#include "base/xalloc.h"
#include "broker/redis_lookup.h"
#include "broker/redis_state.h"

#define EAR_SECONDS   0.5 /* to connect, and for each answer */
#define AGAIN_SECONDS 2

struct redis_ear {
	struct redis_broker *redis;
	redis_ear_cb *cb;
	void *arg;
	struct url url; /* borrowed texts */
	struct redis_addresses found;
	size_t turn; /* which of its addresses */
	struct redis_lookup *lookup;
	struct redis_conn *conn;
	struct loop_timer *again;
};

static void on_message(void *arg, const redisReply *reply)
{
	struct redis_ear *ear = arg;

	if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
	    reply->element[2]->type == REDIS_REPLY_STRING)
		ear->cb(ear->arg, reply->element[2]->str);
}

static void on_ready(void *arg, struct redis_conn *conn)
{
	redis_conn_subscribe(conn, "+switch-master", on_message, arg);
}

static void wait_a_little(struct redis_ear *ear)
{
	ear->turn++;
	ear->redis->loop->timer_set(ear->again, AGAIN_SECONDS);
}

static void on_down(void *arg, struct redis_conn *conn, const struct err *err,
		    bool fatal)
{
	(void)conn;
	(void)err;
	(void)fatal;
	wait_a_little(arg);
}

static const struct redis_conn_events events = {on_ready, on_down};

static void on_addresses(void *arg, const struct redis_addresses *found,
			 const struct err *err)
{
	struct redis_ear *ear = arg;

	(void)err;
	if (!found) {
		wait_a_little(ear);
		return;
	}
	ear->found = *found;
	ear->url.address = ear->found.text[ear->turn % found->count];
	redis_conn_open(ear->conn, &ear->url, ear->redis->sentinel_password,
			ear->redis->name);
}

static void on_again(void *arg)
{
	struct redis_ear *ear = arg;

	redis_lookup_start(ear->lookup, ear->url.host.name, EAR_SECONDS);
}

struct redis_ear *redis_ear_new(struct redis_broker *redis,
				const struct url_host *host, redis_ear_cb *cb,
				void *arg)
{
	struct redis_ear *ear = xcalloc(1, sizeof(*ear));

	ear->redis = redis;
	ear->cb = cb;
	ear->arg = arg;
	ear->url.host = *host;
	ear->lookup = redis_lookup_new(redis->loop, on_addresses, ear);
	ear->conn = redis_conn_new(redis->loop, &events, ear);
	redis_conn_any_role(ear->conn, EAR_SECONDS);
	ear->again = redis->loop->timer_new(redis->loop, on_again, ear);
	on_again(ear);
	return ear;
}

void redis_ear_free(struct redis_ear *ear)
{
	if (!ear)
		return;
	redis_conn_free(ear->conn);
	redis_lookup_free(ear->lookup);
	ear->redis->loop->timer_free(ear->again);
	free(ear);
}
