/*
 * What becomes of the broker when Redis answers with an error: wait and keep,
 * look for another server, load the scripts, or give up.
 */
#include "broker/redis_state.h"

#include <string.h>

/* What whoever set this up is to do about a refusal; NULL: it says so itself. */
static const char *advice_for(const char *refusal)
{
	static const struct {
		const char *part, *advice;
	} advices[] = {
		{"NOAUTH", "it wants a password, by redis.url or "
			   "redis.password_file"},
		{"WRONGPASS", "the user or the password is wrong"},
		{"invalid password", "the password is wrong"},
		{"NOPERM", "the user lacks a right that a worker needs"},
		{"user executing the script", "the user lacks a right that a "
					      "worker needs"},
		{"DB index", "it has no database of that number"},
		{"MOVED ", "it is a node of a cluster, which is not served"},
		{"CROSSSLOT", "it is a node of a cluster, which is not served"},
	};
	size_t i;

	for (i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		if (strstr(refusal, advices[i].part))
			return advices[i].advice;
	}
	return NULL;
}

/* The refusal with the server's name and the advice. */
static void explain(const struct redis_broker *redis, const struct err *err,
		    struct err *told)
{
	const char *advice = advice_for(err->message);
	struct buf url;

	*told = *err;
	if (!advice)
		return;
	buf_init(&url, 300);
	url_describe(redis_url(redis), &url);
	err_set(told, err->code, "Redis at %.*s: %s (%.150s)", (int)url.len,
		url.ptr, advice, err->message);
	buf_release(&url);
}

void redis_broker_end(struct redis_broker *redis, const struct err *err)
{
	struct err told;

	explain(redis, err, &told);
	redis->fatal = true;
	redis->events->on_fatal(redis->arg, &told);
}

void redis_broker_say_denied(struct redis_broker *redis,
			     enum broker_state state, const struct err *err)
{
	struct err told;

	explain(redis, err, &told);
	/* Said once, even if the state is what it was: a broken connection is
	 * not the reason any more. */
	if (!redis->denied)
		redis->said = false;
	redis->denied = true;
	redis_broker_say(redis, state, &told);
}

static void hold(struct redis_broker *redis, const redisReply *reply,
		 bool denied)
{
	struct err err = ERR_INIT;
	double wait;

	redis_claim_again(redis);
	/* Commands that were on the way together are refused together. */
	if (redis->hold_until <= redis_now(redis)) {
		wait = redis_broker_backoff(++redis->failures);
		redis->hold_until = redis_now(redis) + wait;
		redis->loop->timer_set(redis->reconnect, wait);
	}
	if (denied) {
		err_set(&err, ERR_REFUSED, "%.200s", reply->str);
		redis_broker_say_denied(redis, BROKER_DEGRADED, &err);
		return;
	}
	err_set(&err, ERR_INTERNAL, "Redis refuses: %.200s", reply->str);
	redis_broker_say(redis, BROKER_DEGRADED, &err);
}

static void deny(struct redis_broker *redis, const redisReply *reply)
{
	struct err err = ERR_INIT;

	if (redis->was_up) {
		hold(redis, reply, true);
		return;
	}
	err_set(&err, ERR_REFUSED, "%.200s", reply->str);
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
		hold(redis, reply, false);
		break;
	}
	return true;
}

void redis_broker_notice(const struct redis_broker *redis,
			 enum broker_notice notice, size_t queue,
			 const char *text, int64_t count)
{
	if (redis->events->on_notice)
		redis->events->on_notice(redis->arg, notice, queue, text,
					 count);
}

void redis_broker_succeeded(struct redis_broker *redis)
{
	redis->failures = 0;
	redis->hold_until = 0;
	if (redis->state == BROKER_DEGRADED && !redis->adopting)
		redis_broker_say(redis, BROKER_UP, NULL);
}
