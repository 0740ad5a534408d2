/*
 * Names of hosts to addresses, on a thread of its own for each: a resolver that
 * does not answer keeps nothing else waiting.
 */
#ifndef BROKER_REDIS_LOOKUP_H
#define BROKER_REDIS_LOOKUP_H

#include "base/loop.h"
#include "cherry/err.h"

#define REDIS_LOOKUP_MAX 8 /* addresses of one name; more are not looked at */
#define REDIS_LOOKUP_LEN 80

struct redis_lookup;

struct redis_addresses {
	char text[REDIS_LOOKUP_MAX][REDIS_LOOKUP_LEN]; /* as getnameinfo */
	size_t count;
};

/* `found` is NULL if there are none, and `err` says why. */
typedef void redis_lookup_cb(void *arg, const struct redis_addresses *found,
			     const struct err *err);

/* The same at once, waiting for the resolver. -1 with ERR_INTERNAL. */
int redis_lookup_now(const char *host, struct redis_addresses *found,
		     struct err *err);

struct redis_lookup *redis_lookup_new(struct loop *loop, redis_lookup_cb *cb,
				      void *arg);
/* What it still waits for is forgotten. NULL is fine. */
void redis_lookup_free(struct redis_lookup *lookup);

/*
 * Looks a name up, in the order of the system's preference; `cb` runs once, in
 * a later turn, with an error after `seconds`. An earlier question is dropped.
 * Addresses are their own answer.
 */
void redis_lookup_start(struct redis_lookup *lookup, const char *host,
			double seconds);

/* Drops the question. True if there was one. */
bool redis_lookup_stop(struct redis_lookup *lookup);

#endif
