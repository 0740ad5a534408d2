/*
 * Bump allocator with a cap: everything one task builds is freed at once.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "cherry/buf.h"

struct arena_block;

struct arena {
	struct arena_block *head;
	size_t used; /* bytes handed out and block overhead */
	size_t max;
};

/* An empty arena that may take `max` bytes from the system. */
void arena_init(struct arena *arena, size_t max);

/* Frees everything; usable again. */
void arena_release(struct arena *arena);

/* Frees all but one block of ordinary size: for reuse between tasks. */
void arena_clear(struct arena *arena);

/*
 * `size` bytes aligned for any type, not cleared; NULL past the cap or when
 * memory is refused. A size of 0 gives a valid pointer.
 */
void *arena_alloc(struct arena *arena, size_t size);

/* `count` cleared items of `size` bytes; NULL on overflow or past the cap. */
void *arena_calloc(struct arena *arena, size_t count, size_t size);

/*
 * Frees what was returned for one large request; nothing if it was not large
 * enough for memory of its own, or is NULL.
 */
void arena_give_back(struct arena *arena, const void *items);

/*
 * Room for one more in an array of `count` items in the arena: the array itself
 * while `count` is below *cap, else a copy with twice the room (the old one is
 * then gone if it was large, and stays until the arena is freed if not). NULL
 * past the cap; *cap and the array are then as before. Begin with NULL and a
 * *cap of 0.
 */
void *arena_extend(struct arena *arena, void *items, size_t count, size_t *cap,
		   size_t size);

/* A copy of the bytes, with a NUL behind it; NULL past the cap. */
char *arena_copy(struct arena *arena, struct slice bytes);

#endif
