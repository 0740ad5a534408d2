/*
 * Connections that this worker had and lost. They may still have commands on
 * the way, in a proxy's or a kernel's hands, so they are ended on the server
 * before anything of theirs is looked at. One whose end was not confirmed is
 * ended again over the next main connection: the command that did it may be
 * among what never arrives.
 */
#include "broker/redis_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/xalloc.h"

struct redis_former {
	struct redis_former *next;
	struct redis_broker *redis;
	int64_t id;
	bool sent;
};

static void forget(struct redis_former *former)
{
	struct redis_former **at = &former->redis->former;

	while (*at != former)
		at = &(*at)->next;
	*at = former->next;
	free(former);
}

void redis_former_add(struct redis_broker *redis, int64_t *id)
{
	struct redis_former *former;

	if (!*id)
		return;
	former = xcalloc(1, sizeof(*former));
	former->redis = redis;
	former->id = *id;
	former->next = redis->former;
	redis->former = former;
	*id = 0;
}

/* "No such client" is an end, too; and a right that is missing stays so. */
static void on_ended(void *arg, const redisReply *reply)
{
	struct redis_former *former = arg;

	if (reply && redis_command_class(reply) != REDIS_CLASS_WAIT &&
	    redis_command_class(reply) != REDIS_CLASS_DROP)
		forget(former);
	else
		former->sent = false;
}

static void end_one(struct redis_former *former)
{
	struct redis_command command;

	former->sent = true;
	redis_command_init(&command);
	redis_command_text(&command, "CLIENT");
	redis_command_text(&command, "KILL");
	redis_command_text(&command, "ID");
	redis_command_int(&command, former->id);
	redis_broker_send(former->redis, &command, on_ended, former);
}

void redis_former_end(struct redis_broker *redis)
{
	const char *server = redis_conn_login(redis->main)->server;
	struct redis_former *former, *next;

	/* Another server: numbers mean others there, and ours are gone. */
	if (strcmp(redis->former_server, server) != 0)
		redis_former_release(redis);
	snprintf(redis->former_server, sizeof(redis->former_server), "%s",
		 server);
	for (former = redis->former; former; former = next) {
		next = former->next;
		if (!former->sent)
			end_one(former);
	}
}

void redis_former_release(struct redis_broker *redis)
{
	struct redis_former *former = redis->former, *next;

	for (; former; former = next) {
		next = former->next;
		free(former);
	}
	redis->former = NULL;
}
