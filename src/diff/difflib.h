/*
 * The ways that difflib mode has of finding the longest run of a region, see
 * difflib.c.
 */
#ifndef DIFF_DIFFLIB_H
#define DIFF_DIFFLIB_H

#include "diff/engine.h"

/* A run of matches that start on items which may start one. size 0: none. */
struct difflib_match {
	uint32_t i, j, size;
};

/* A region, and how long a run in it can be at most. */
struct difflib_part {
	struct engine_region region;
	uint32_t bound;
	uint32_t crowded; /* items of the last part around it that had too many
			   * runs to list; UINT32_MAX: none had */
	uint64_t scanned; /* steps of dense scans since it was twice as large */
};

struct difflib_cell {
	uint32_t row, size;
};

struct difflib_gram;
struct difflib_heap;

struct difflib {
	struct engine *engine;
	const uint32_t *a, *b;
	uint8_t *junk;	  /* by id: 1 junk, 2 popular, 0 may start a run */
	uint32_t *starts; /* by id: its first place in `places` */
	uint32_t *places; /* positions in b of each id that may start */
	struct difflib_cell *cells; /* dense scan: one for each item of b */
	uint32_t row;		    /* of the last scan */
	struct difflib_part *parts; /* open ones */
	size_t count, cap;
	struct difflib_gram *gram; /* made on first use */
	struct difflib_heap *heap; /* made on first use */
};

/* The first place of the list [low, high) that is at or after `least`. */
uint32_t difflib_seek(const uint32_t *places, uint32_t low, uint32_t high,
		      uint32_t least);

/* Grows the match over equal items of the region: first those that are not
 * junk, then junk, as difflib does. */
void difflib_extend(const struct difflib *d, const struct engine_region *r,
		    struct difflib_match *m);

/* Clears the flags of the match: it is equal. */
void difflib_clear(struct difflib *d, const struct difflib_match *m);

/* Puts a part on the list of open ones, if neither side of it is empty. 0, or
 * -1 with ERR_LIMIT. */
int difflib_push(struct difflib *d, struct difflib_part part);

/*
 * Takes all matches out of the part that begin with a run of `least` items or
 * more, and pushes what is left, whose runs are shorter. Where least is not 1,
 * difflib_gram_least has just found it. 0, or -1 with ERR_LIMIT.
 */
int difflib_heap(struct difflib *d, const struct difflib_part *part,
		 uint32_t least);

/*
 * Looks for a length of 2 or more, not above the part's bound, at which `most`
 * pairs of grams are equal or fewer, but not very few if there is a choice. The
 * grams of that length are then in the table. *least is 0 if there is none;
 * *crowded is a length below it at which there are more pairs. 0, or -1 with
 * ERR_LIMIT.
 */
int difflib_gram_least(struct difflib *d, const struct difflib_part *part,
		       uint64_t most, uint32_t *least, uint32_t *crowded);

/* Calls back for every pair of equal grams that difflib_gram_least counted (and
 * a few that are not equal), by place in a, then in b. 0, or what the callback
 * returned if that was not 0. */
typedef int difflib_pair_cb(void *arg, uint32_t i, uint32_t j);
int difflib_gram_pairs(struct difflib *d, const struct engine_region *region,
		       difflib_pair_cb *on_pair, void *arg);

/*
 * The longest run of the part: of several the one that begins first in a, of
 * these the first in b. `known` is a run length that is certain to exist. The
 * grams of that length stay for difflib_gram_next. 0, or -1 with ERR_LIMIT.
 */
int difflib_gram_find(struct difflib *d, const struct difflib_part *part,
		      uint32_t known, struct difflib_match *match);

/*
 * The first run of the same length in what is left of the part that was last
 * searched: `rest` ends where that part ended. size 0 if there is none.
 */
void difflib_gram_next(struct difflib *d, const struct engine_region *rest,
		       struct difflib_match *match);

#endif
