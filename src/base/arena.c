/*
 * Bump allocator with a cap. Small requests share blocks; one that would fill
 * a good part of a block gets a block of its own, behind the current one, so
 * that what is left of the current one is not thrown away.
 *
 * `used` counts whole blocks: it is what the arena took from the system.
 */
#include "base/arena.h"

#include <stdlib.h>

#include "base/poison.h"

#define ALIGN	   16
#define BLOCK_SIZE (64 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t size; /* of `bytes` */
	size_t used;
	size_t own; /* not 0: made for one request */
	char bytes[];
};

_Static_assert(sizeof(struct arena_block) % ALIGN == 0, "blocks are aligned");

void arena_init(struct arena *arena, size_t max)
{
	*arena = (struct arena){.max = max};
}

static void block_free(struct arena_block *block)
{
	ASAN_UNPOISON_MEMORY_REGION(block->bytes, block->size);
	free(block);
}

void arena_release(struct arena *arena)
{
	struct arena_block *block = arena->head;
	while (block) {
		struct arena_block *next = block->next;
		block_free(block);
		block = next;
	}
	arena->head = NULL;
	arena->used = 0;
}

void arena_clear(struct arena *arena)
{
	struct arena_block *keep = NULL;
	struct arena_block *block = arena->head;
	while (block) {
		struct arena_block *next = block->next;
		if (!keep && block->size == BLOCK_SIZE)
			keep = block;
		else
			block_free(block);
		block = next;
	}
	arena->head = keep;
	arena->used = 0;
	if (keep) {
		keep->next = NULL;
		keep->used = 0;
		ASAN_POISON_MEMORY_REGION(keep->bytes, keep->size);
		arena->used = sizeof(*keep) + keep->size;
	}
}

/* A block with room for `size` bytes, linked in; NULL past the cap. */
static struct arena_block *block_new(struct arena *arena, size_t size)
{
	size_t left = arena->max > arena->used ? arena->max - arena->used : 0;
	if (left < sizeof(struct arena_block) ||
	    size > left - sizeof(struct arena_block))
		return NULL;
	left -= sizeof(struct arena_block);

	bool own = size > BLOCK_SIZE / 4;
	size_t want = own ? size : left < BLOCK_SIZE ? left : BLOCK_SIZE;
	struct arena_block *block = malloc(sizeof(*block) + want);
	if (!block)
		return NULL;
	block->size = want;
	block->used = 0;
	block->own = own;
	ASAN_POISON_MEMORY_REGION(block->bytes, want);
	arena->used += sizeof(*block) + want;
	if (own && arena->head) {
		block->next = arena->head->next;
		arena->head->next = block;
	} else {
		block->next = arena->head;
		arena->head = block;
	}
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > SIZE_MAX - ALIGN)
		return NULL;
	size_t rounded = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (rounded == 0)
		rounded = ALIGN;
	struct arena_block *block = arena->head;
	if (!block || rounded > block->size - block->used) {
		block = block_new(arena, rounded);
		if (!block)
			return NULL;
	}
	void *ptr = block->bytes + block->used;
	block->used += rounded;
	ASAN_UNPOISON_MEMORY_REGION(ptr, size);
	return ptr;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		return NULL;
	void *ptr = arena_alloc(arena, count * size);
	if (ptr)
		memset(ptr, 0, count * size);
	return ptr;
}

void arena_give_back(struct arena *arena, const void *items)
{
	struct arena_block **link = &arena->head;

	while (*link && ((*link)->bytes != items || !(*link)->own))
		link = &(*link)->next;
	/* The first block is the one that small requests go to. */
	if (*link && *link != arena->head) {
		struct arena_block *block = *link;

		*link = block->next;
		arena->used -= sizeof(*block) + block->size;
		block_free(block);
	}
}

void *arena_extend(struct arena *arena, void *items, size_t count, size_t *cap,
		   size_t size)
{
	if (count < *cap)
		return items;
	size_t more = *cap ? *cap * 2 : 64;
	if (more < *cap || more > SIZE_MAX / size)
		return NULL;
	void *copy = arena_alloc(arena, more * size);
	if (!copy)
		return NULL;
	if (count)
		memcpy(copy, items, count * size);
	if (*cap * size > BLOCK_SIZE / 4)
		arena_give_back(arena, items);
	*cap = more;
	return copy;
}

char *arena_copy(struct arena *arena, struct slice bytes)
{
	if (bytes.len == SIZE_MAX)
		return NULL;
	char *copy = arena_alloc(arena, bytes.len + 1);
	if (!copy)
		return NULL;
	if (bytes.len)
		memcpy(copy, bytes.ptr, bytes.len);
	copy[bytes.len] = '\0';
	return copy;
}
