/*
 * A queue of callbacks in a ring that grows with the pipeline. Calls nobody.
 */
#include "broker/redis_ring.h"

#include <stdlib.h>
#include "base/xalloc.h"

#define SIZE_FIRST 64

static struct redis_waiting *at(const struct redis_ring *ring, size_t index)
{
	return &ring->items[(ring->head + index) & (ring->size - 1)];
}

void redis_ring_push(struct redis_ring *ring, struct redis_waiting waiting,
		     double now)
{
	if (ring->count == ring->size) {
		size_t size = ring->size ? ring->size * 2 : SIZE_FIRST, i;
		struct redis_waiting *items = xcalloc(size, sizeof(*items));

		for (i = 0; i < ring->count; i++)
			items[i] = *at(ring, i);
		free(ring->items);
		ring->items = items;
		ring->size = size;
		ring->head = 0;
	}
	if (!ring->count)
		ring->since = now;
	*at(ring, ring->count++) = waiting;
}

struct redis_waiting redis_ring_shift(struct redis_ring *ring, double now)
{
	struct redis_waiting waiting = *at(ring, 0);

	ring->head = (ring->head + 1) & (ring->size - 1);
	ring->count--;
	ring->since = now;
	return waiting;
}

const struct redis_waiting *redis_ring_first(const struct redis_ring *ring)
{
	return at(ring, 0);
}

void redis_ring_release(struct redis_ring *ring)
{
	free(ring->items);
	*ring = (struct redis_ring){0};
}
