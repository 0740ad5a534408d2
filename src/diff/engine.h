/*
 * What the algorithms of the engine share. Each marks, for both sides, which
 * items are changed; the items left unmarked, taken in order, are the matches,
 * and engine.c makes opcodes of them.
 */
#ifndef DIFF_ENGINE_H
#define DIFF_ENGINE_H

#include "base/arena.h"
#include "cherry/diff.h"

/* Items alo to ahi (excluded) against blo to bhi. */
struct engine_region {
	uint32_t alo, ahi, blo, bhi;
};

struct engine_stack {
	struct engine_region *items;
	size_t count, cap;
};

struct engine {
	const struct diff_options *options;
	const uint32_t *a, *b;
	uint32_t na, nb;
	uint32_t id_count; /* one more than the greatest id */
	/* Flags, 1: changed. Readable (and 0) one place before and after. */
	uint8_t *a_changed, *b_changed;
	/* Per id, all zero between uses; made by engine_counts. */
	uint32_t *a_count, *b_count;
	struct myers *myers; /* its workspace, made on first use */
	struct arena arena;
	uint64_t steps, max_work;
	struct err *err;
};

/* `count` items of `size` bytes, not cleared. NULL with ERR_LIMIT. They live
 * as long as the run. */
void *engine_alloc(struct engine *engine, size_t count, size_t size);

/* As arena_extend. NULL with ERR_LIMIT. */
void *engine_extend(struct engine *engine, void *items, size_t count,
		    size_t *cap, size_t size);

/* Makes a_count and b_count. 0, or -1 with ERR_LIMIT. */
int engine_counts(struct engine *engine);

/* 0, or -1 with ERR_LIMIT. */
int engine_push(struct engine *engine, struct engine_stack *stack,
		struct engine_region region);

/* Has the budget been spent? */
static inline bool engine_spent(const struct engine *engine)
{
	return engine->steps > engine->max_work;
}

/* The region of everything. */
static inline struct engine_region engine_whole(const struct engine *engine)
{
	return (struct engine_region){0, engine->na, 0, engine->nb};
}

/* Marks everything in the region as changed. */
void engine_mark(struct engine *engine, struct engine_region region);

/*
 * The algorithms. Regions that they are given hold flags of 0 (difflib_run:
 * takes care of the flags itself). 0, or -1 with ERR_LIMIT.
 */
int difflib_run(struct engine *engine);
int myers_run(struct engine *engine, struct engine_region region);
int histogram_run(struct engine *engine);
int patience_run(struct engine *engine);

/* Slides the runs of changes of both sides as git and as GNU diff do. */
void slide_git(struct engine *engine);
void slide_gnu(struct engine *engine, struct engine_region region);

/*
 * Items that cannot or should not take part in a match, as flags over the
 * region (index 0 is alo or blo): 1 to leave out. The counts of the engine
 * hold the ids of the region; for git, of `counted`, which lies around it.
 */
void prune_git(struct engine *engine, struct engine_region counted,
	       struct engine_region region, uint8_t *a_out, uint8_t *b_out);
void prune_gnu(struct engine *engine, struct engine_region region,
	       uint8_t *a_out, uint8_t *b_out);

#endif
