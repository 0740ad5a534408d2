/*
 * Where the main connection goes: by way of a sentinel, a name, or an address.
 */
#include "broker/redis_state.h"

#include <stdlib.h>
#include "base/xalloc.h"
#include "broker/redis_lookup.h"
#include "broker/redis_sentinel.h"

#define LOOKUP_SECONDS 5

static void open_main(struct redis_broker *redis)
{
	redis_conn_open(redis->main, redis_url(redis), redis->password,
			redis->name);
}

/* All connections go to the address that the main one was opened to: a name may
 * stand for several servers. One that does not serve makes place for the next. */
static void on_addresses(void *arg, const struct redis_addresses *found,
			 const struct err *err)
{
	struct redis_broker *redis = arg;
	struct url *url = redis->url.master_name ? &redis->target : &redis->url;

	if (redis->fatal || redis->stopped)
		return;
	if (!found) {
		redis_broker_down(redis, err, false);
		return;
	}
	if (redis->unproven)
		redis->address_at++;
	redis->unproven = true;
	free(url->address);
	url->address = xstrdup(found->text[redis->address_at % found->count]);
	open_main(redis);
}

void redis_open_server(struct redis_broker *redis)
{
	const struct url *url = redis_url(redis);

	if (url->path)
		open_main(redis);
	else
		redis_lookup_start(redis->lookup, url->host.name,
				   LOOKUP_SECONDS);
}

void redis_open_connect(struct redis_broker *redis)
{
	if (redis->url.master_name)
		redis_sentinel_ask(redis->sentinel);
	else
		redis_open_server(redis);
}

void redis_open_init(struct redis_broker *redis)
{
	redis->lookup = redis_lookup_new(redis->loop, on_addresses, redis);
}

void redis_open_release(struct redis_broker *redis)
{
	redis_lookup_free(redis->lookup);
}
