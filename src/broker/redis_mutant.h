/*
 * Defects put in on purpose: a test of deliveries has to fail on each of them.
 * Only in builds with -DCHERRY_CRASH_POINTS, where CHERRY_MUTANT names one;
 * elsewhere there is nothing of it.
 *
 *	plain_pop	tasks are popped, and nobody owns them
 *	no_fence	a result is stored by whoever comes with it
 *	claim_again	a claim whose reply was lost is sent again, with the
 *			numbers that it had
 *	raw_later	what waits in `later` has no instance
 *	drop_lock	the end of a task unlocks its key, whoever holds it
 */
#ifndef BROKER_REDIS_MUTANT_H
#define BROKER_REDIS_MUTANT_H

#include <stdbool.h>

#ifdef CHERRY_CRASH_POINTS
bool redis_mutant_is(const char *name);
/* The text of a script as the mutant has it; never freed. */
const char *redis_mutant_text(const char *text);
#else
#define redis_mutant_is(name)	(false)
#define redis_mutant_text(text) (text)
#endif

#endif
