/*
 * A private redis-server for `work --with-redis`: on a Unix socket in a
 * directory that is ours alone, with an append-only file, and without eviction.
 */
#ifndef CMD_OWN_REDIS_H
#define CMD_OWN_REDIS_H

#include "cherry/err.h"

struct own_redis;
struct master;

/*
 * Starts it in `dir` (NULL: cherry's state directory), says on standard output
 * how to reach it, and waits until it answers. NULL with a message where there
 * is no redis-server, or another cherry has the directory.
 */
struct own_redis *own_redis_start(const char *dir, struct err *err);

/* unix://..., valid until own_redis_stop. */
const char *own_redis_url(const struct own_redis *redis);

/* While the master runs: a server that dies is started again. NULL is fine. */
void own_redis_watch(struct own_redis *redis, struct master *master);
void own_redis_unwatch(struct own_redis *redis);

/* Stops it and waits until it has written everything. NULL is fine. */
void own_redis_stop(struct own_redis *redis);

#endif
