/*
 * Two more connections: one for signs of life, so that a long reply on the main
 * one does not keep them from arriving, and one that hears the hints of
 * cherry:wake. Both may be missing: signs then travel on the main connection,
 * and without hints everything is noticed at the next look.
 */
#include "broker/redis_state.h"

#include "broker/keys.h"

/* A hint says that something changed; what, the next look tells. */
static void on_hint(void *arg, const redisReply *reply)
{
	if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
	    reply->element[2]->type == REDIS_REPLY_STRING)
		redis_life_beat(arg);
}

static void on_ready(void *arg, struct redis_conn *conn)
{
	struct redis_broker *redis = arg;
	bool wake = conn == redis->wake.conn;
	struct redis_side *side = wake ? &redis->wake : &redis->life;

	side->id = redis_conn_login(conn)->id;
	if (wake)
		redis_conn_subscribe(conn, KEYS_WAKE, on_hint, redis);
	else
		redis_life_on_beat(redis);
}

static void on_down(void *arg, struct redis_conn *conn, const struct err *err,
		    bool fatal)
{
	struct redis_broker *redis = arg;
	struct redis_side *side =
		conn == redis->wake.conn ? &redis->wake : &redis->life;

	(void)err;
	(void)fatal;
	redis_former_add(redis, &side->id);
	side->open_at = redis_now(redis) + redis_broker_backoff(5);
	/* A sign that was on the way may not have arrived. */
	if (side == &redis->life)
		redis_life_beat(redis);
}

static const struct redis_conn_events events = {on_ready, on_down};

void redis_side_init(struct redis_broker *redis)
{
	redis->life.conn = redis_conn_new(redis->loop, &events, redis);
	redis->wake.conn = redis_conn_new(redis->loop, &events, redis);
	redis_conn_use_tls(redis->life.conn, redis->tls);
	redis_conn_use_tls(redis->wake.conn, redis->tls);
}

static void open_side(struct redis_broker *redis, struct redis_side *side)
{
	if (redis_conn_is_closed(side->conn) &&
	    side->open_at <= redis_now(redis))
		redis_conn_open(side->conn, redis_url(redis), redis->password,
				redis->name);
}

void redis_side_open(struct redis_broker *redis)
{
	if (!redis_conn_is_ready(redis->main) || !redis->registered ||
	    redis->stopped)
		return;
	open_side(redis, &redis->life);
	open_side(redis, &redis->wake);
}

static void close_side(struct redis_broker *redis, struct redis_side *side)
{
	redis_former_add(redis, &side->id);
	redis_conn_reset(side->conn, "the main connection broke");
}

void redis_side_close(struct redis_broker *redis)
{
	close_side(redis, &redis->life);
	close_side(redis, &redis->wake);
}

void redis_side_release(struct redis_broker *redis)
{
	redis_conn_free(redis->life.conn);
	redis_conn_free(redis->wake.conn);
}

struct redis_conn *redis_side_life(struct redis_broker *redis)
{
	return redis_conn_is_ready(redis->life.conn) ? redis->life.conn
						     : redis->main;
}
