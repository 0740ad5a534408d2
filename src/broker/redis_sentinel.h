/*
 * Who is the master: asks the sentinels of the URL one after the other, and
 * hears at once when it changes. Source: the Redis documentation's guidelines
 * for Sentinel clients.
 */
#ifndef BROKER_REDIS_SENTINEL_H
#define BROKER_REDIS_SENTINEL_H

struct redis_broker;
struct redis_sentinel;

/* NULL where the URL names no sentinels. */
struct redis_sentinel *redis_sentinel_new(struct redis_broker *redis);
void redis_sentinel_free(struct redis_sentinel *sentinel);

/* Finds the master, sets the broker's target and opens its main connection; a
 * fault is said as BROKER_DOWN and tried again. */
void redis_sentinel_ask(struct redis_sentinel *sentinel);

#endif
