/*
 * "Did you mean ...": the nearest of some names to a word that is none of them.
 *
 *	struct nearest near = nearest_init(word);
 *	for (...)
 *		nearest_try(&near, name);
 *	nearest_name(&near)    NULL if none is near enough to be meant
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "cherry/buf.h"

struct nearest {
	struct slice word;
	const char *best;
	size_t distance;
};

struct nearest nearest_init(struct slice word);
/* `name` must live as long as the answer is used. */
void nearest_try(struct nearest *near, const char *name);
const char *nearest_name(const struct nearest *near);

#endif
