/*
 * Questions of the master: may this claim start, what is in this key. Each is
 * kept until it is answered, and asked again after a broken connection.
 */
#include "broker/redis_state.h"

#include <stdlib.h>
#include <string.h>
#include "base/xalloc.h"
#include "broker/keys.h"
#include "base/crash.h"

#define TEXT_MAX ((size_t)1 << 30)
/* Up to here a value is not worth a second round trip. */
#define SCRIPT_VALUE_MAX 65536

static struct redis_ask *add_ask(struct redis_broker *redis)
{
	struct redis_ask *ask = xcalloc(1, sizeof(*ask));

	ask->owner = redis;
	*redis->last_ask = ask;
	redis->last_ask = &ask->next;
	redis_broker_wake(redis);
	return ask;
}

static void remove_ask(struct redis_broker *redis, struct redis_ask *ask)
{
	struct redis_ask **at = &redis->asks;

	while (*at && *at != ask)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = ask->next;
	if (!*at)
		redis->last_ask = at;
}

void redis_ask_admit(struct broker *broker, const struct broker_claim *claim,
		     struct slice id, struct slice unique, broker_admit_cb *cb,
		     void *arg)
{
	struct redis_ask *ask = add_ask((struct redis_broker *)broker);

	ask->claim = claim->id;
	ask->queue = claim->queue;
	ask->id = id;
	ask->unique = unique;
	ask->on_admit = cb;
	ask->arg = arg;
}

void redis_ask_fetch(struct broker *broker, struct slice key, size_t max,
		     broker_fetch_cb *cb, void *arg)
{
	struct redis_ask *ask = add_ask((struct redis_broker *)broker);

	ask->key = key;
	ask->max = max;
	ask->on_fetch = cb;
	ask->arg = arg;
}

static void answer_fetch(const struct redis_ask *ask, const redisReply *reply)
{
	struct buf bytes;

	if (reply->type == REDIS_REPLY_STRING) {
		redis_conn_take(ask->owner->main, reply, &bytes);
		ask->on_fetch(ask->arg, BROKER_FETCH_OK, &bytes, reply->len);
		buf_release(&bytes);
	} else if (reply->integer == -1) {
		ask->on_fetch(ask->arg, BROKER_FETCH_MISSING, NULL, 0);
	} else if (reply->integer == -2) {
		ask->on_fetch(ask->arg, BROKER_FETCH_BAD_TYPE, NULL, 0);
	} else {
		ask->on_fetch(ask->arg, BROKER_FETCH_TOO_BIG, NULL,
			      (size_t)reply->integer);
	}
}

/* Rights that are missing for one key, or for what reads it, are that task's
 * affair. A password or a right that was taken away is everybody's. */
static bool is_denied_key(const redisReply *reply)
{
	return redis_command_class(reply) == REDIS_CLASS_DENIED &&
	       (strstr(reply->str, "access") ||
		strstr(reply->str, "The user executing the script"));
}

/* After which another command is due: a value that is to be read plainly, or
 * that has become something else since. */
static bool is_half_an_answer(struct redis_ask *ask, const redisReply *reply)
{
	bool plain = ask->plain;

	ask->plain = !plain && reply->type == REDIS_REPLY_ARRAY;
	if (!plain)
		return ask->plain;
	return reply->type != REDIS_REPLY_STRING || !reply->len ||
	       reply->len > ask->max;
}

static void answer_admit(const struct redis_ask *ask, const redisReply *reply)
{
	static const enum broker_admission admissions[] = {
		BROKER_IS_LOST, BROKER_ADMITTED, BROKER_IS_CANCELLED,
		BROKER_IS_DUPLICATE, BROKER_IS_PAUSED};
	size_t count = sizeof(admissions) / sizeof(*admissions);
	size_t i = reply->integer >= 0 && reply->integer < (long long)count
			   ? (size_t)reply->integer
			   : 0;

	if (admissions[i] == BROKER_IS_PAUSED)
		redis_park_pause(&ask->owner->queues[ask->queue]);
	ask->on_admit(ask->arg, admissions[i]);
}

static bool is_wrong_type(const redisReply *reply)
{
	return reply && reply->type == REDIS_REPLY_ERROR &&
	       !strncmp(reply->str, "WRONGTYPE", 9);
}

static void on_answer(void *arg, const redisReply *reply)
{
	struct redis_ask *ask = arg, copy;
	struct redis_broker *redis = ask->owner;

	CRASH_POINT("broker.ask_reply");
	if (ask->dropped) {
		remove_ask(redis, ask);
		free(ask);
		return;
	}
	if (ask->on_fetch && is_denied_key(reply)) {
		remove_ask(redis, ask);
		copy = *ask;
		free(ask);
		copy.on_fetch(copy.arg, BROKER_FETCH_BAD_TYPE, NULL, 0);
		return;
	}
	/* A value of another type is seen by the script. */
	if (!(ask->plain && is_wrong_type(reply)) &&
	    redis_broker_failed(redis, reply)) {
		ask->sent = ask->plain = false;
		redis_broker_wake(redis);
		return;
	}
	if (ask->on_fetch && is_half_an_answer(ask, reply)) {
		ask->sent = false;
		redis_broker_wake(redis);
		return;
	}
	remove_ask(redis, ask);
	copy = *ask;
	free(ask);
	if (copy.on_fetch)
		answer_fetch(&copy, reply);
	else
		answer_admit(&copy, reply);
}

static void send_admit(struct redis_broker *redis, struct redis_ask *ask)
{
	const struct redis_queue *queue = &redis->queues[ask->queue];
	struct redis_command command;
	struct buf text;

	buf_init(&text, TEXT_MAX);
	redis_name_script(redis, REDIS_SCRIPT_ADMIT, ask->queue,
			  ask->unique.len ? 1 : 0, &command);
	if (ask->unique.len)
		redis_command_add(&command,
				  redis_name_lock(queue, ask->unique, &text));
	redis_command_text(&command, redis->name);
	buf_clear(&text);
	redis_known_field(redis, ask->claim, &text);
	redis_command_add(&command, buf_slice(&text));
	redis_command_add(&command, ask->id);
	buf_clear(&text);
	redis_known_instance(redis, ask->claim, &text);
	redis_command_add(&command, buf_slice(&text));
	buf_clear(&text);
	keys_put(&text, queue->name, "owned", "");
	redis_command_add(&command, buf_slice(&text));
	redis_command_text(&command, redis->options.at_most_once ? "0" : "1");
	if (text.failed)
		command.bytes.failed = true;
	buf_release(&text);
	redis_broker_send(redis, &command, on_answer, ask);
}

static void send_fetch(struct redis_broker *redis, struct redis_ask *ask)
{
	struct redis_command command;

	if (ask->plain) {
		redis_command_init(&command);
		redis_command_text(&command, "GETRANGE");
		redis_command_add(&command, ask->key);
		redis_command_text(&command, "0");
		redis_command_int(&command, (int64_t)ask->max);
		redis_conn_send_bulk(redis->main, &command, ask->max + 1,
				     on_answer, ask);
	} else {
		redis_name_begin(redis, REDIS_SCRIPT_FETCH, 1, &command);
		redis_command_add(&command, ask->key);
		redis_command_int(&command, (int64_t)ask->max);
		redis_command_int(&command, SCRIPT_VALUE_MAX);
		redis_broker_send(redis, &command, on_answer, ask);
	}
}

void redis_ask_pump(struct redis_broker *redis)
{
	struct redis_ask *ask;

	if (!redis_broker_can_send(redis) || redis->adopting)
		return;
	for (ask = redis->asks; ask; ask = ask->next) {
		if (ask->sent)
			continue;
		ask->sent = true;
		if (ask->on_fetch)
			send_fetch(redis, ask);
		else
			send_admit(redis, ask);
	}
}

void redis_ask_drop_admissions(struct redis_broker *redis)
{
	struct redis_ask *ask = redis->asks, *next;

	for (; ask; ask = next) {
		next = ask->next;
		if (!ask->on_admit)
			continue;
		ask->dropped = true;
		if (ask->sent)
			continue;
		remove_ask(redis, ask);
		free(ask);
	}
}

void redis_ask_free_all(struct redis_broker *redis)
{
	struct redis_ask *ask;

	while ((ask = redis->asks)) {
		redis->asks = ask->next;
		free(ask);
	}
	redis->last_ask = &redis->asks;
}
