/*
 * A small generator for jitter. Holds its state for the whole process; one
 * thread uses it.
 */
#include "base/random.h"

#include "base/hash.h"

double random_fraction(void)
{
	static uint64_t state;
	uint64_t z;

	if (!state)
		state = hash_seed();
	state += 0x9e3779b97f4a7c15u;
	z = state;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return (double)(z >> 11) / 9007199254740992.0;
}
