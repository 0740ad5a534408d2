/*
 * What becomes of the broker when Redis answers with an error: wait and keep,
 * look for another server, load the scripts, or give up.
 */
#include "broker/redis_state.h"

static void hold(struct redis_broker *redis, const redisReply *reply)
{
	struct err err = ERR_INIT;
	double wait = redis_broker_backoff(++redis->failures);

	err_set(&err, ERR_INTERNAL, "Redis refuses: %.200s", reply->str);
	redis->hold_until = redis_now(redis) + wait;
	redis->more = true;
	redis->loop->timer_set(redis->reconnect, wait);
	redis_broker_say(redis, BROKER_DEGRADED, &err);
}

void redis_broker_end(struct redis_broker *redis, const struct err *err)
{
	redis->fatal = true;
	redis->events->on_fatal(redis->arg, err);
}

static void deny(struct redis_broker *redis, const redisReply *reply)
{
	struct err err = ERR_INIT;

	if (redis->was_up) {
		hold(redis, reply);
		return;
	}
	err_set(&err, ERR_REFUSED, "Redis refuses: %.200s", reply->str);
	redis_broker_end(redis, &err);
}

bool redis_broker_failed(struct redis_broker *redis, const redisReply *reply)
{
	if (!reply)
		return true;
	switch (redis_command_class(reply)) {
	case REDIS_CLASS_NONE:
		return false;
	case REDIS_CLASS_SCRIPT:
		/* Nothing ran; the next calls carry their texts. */
		redis->loaded = 0;
		redis->loop->timer_set(redis->reconnect, 0);
		break;
	case REDIS_CLASS_DROP:
		redis_conn_reset(redis->main, reply->str);
		break;
	case REDIS_CLASS_DENIED:
	case REDIS_CLASS_CLUSTER:
		deny(redis, reply);
		break;
	default:
		hold(redis, reply);
		break;
	}
	/* An unfinished start is begun again. */
	if (redis->adopting)
		redis->restart = true;
	return true;
}

void redis_broker_succeeded(struct redis_broker *redis)
{
	redis->failures = 0;
	redis->hold_until = 0;
	if (redis->state == BROKER_DEGRADED && !redis->adopting)
		redis_broker_say(redis, BROKER_UP, NULL);
}
