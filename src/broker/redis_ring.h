/*
 * What waits for answers, in the order in which they come.
 */
#ifndef BROKER_REDIS_RING_H
#define BROKER_REDIS_RING_H

#include <stddef.h>
#include "broker/redis_conn.h"

struct redis_waiting {
	redis_reply_cb *cb; /* may be NULL */
	void *arg;
	double seconds; /* until it is overdue, once it is the next */
	size_t bulk;	/* most bytes of a string that may be long; 0: none */
};

struct redis_ring {
	struct redis_waiting *items; /* a power of two */
	size_t head, count, size;
	double since; /* the oldest has been the next in line from then on */
};

void redis_ring_push(struct redis_ring *ring, struct redis_waiting waiting,
		     double now);
/* The oldest; there must be one. */
struct redis_waiting redis_ring_shift(struct redis_ring *ring, double now);
const struct redis_waiting *redis_ring_first(const struct redis_ring *ring);
void redis_ring_release(struct redis_ring *ring);

#endif
