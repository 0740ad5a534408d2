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
};

struct difflib_cell {
	uint32_t row, size;
};

struct difflib_gram;

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
};

/* Grows the match over equal items of the region: first those that are not
 * junk, then junk, as difflib does. */
void difflib_extend(const struct difflib *d, const struct engine_region *r,
		    struct difflib_match *m);

/* Clears the flags of the match: it is equal. */
void difflib_clear(struct difflib *d, const struct difflib_match *m);

/* Puts a region on the list of open parts, if neither side of it is empty. 0,
 * or -1 with ERR_LIMIT. */
int difflib_push(struct difflib *d, struct engine_region region,
		 uint32_t bound);

/* Takes all matches out of the region that begin with a run, and pushes what
 * is left, which has no runs. 0, or -1 with ERR_LIMIT. */
int difflib_heap(struct difflib *d, const struct engine_region *region);

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
