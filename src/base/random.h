/*
 * Numbers that spread things out: waits, counts. Not for secrets, and never
 * for what must be told apart.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

/*
 * Uniform from 0 up to, never reaching, 1; another one with each call, and
 * another sequence in each process. SplitMix64 (Steele, Lea and Flood, "Fast
 * Splittable Pseudorandom Number Generators", 2014).
 */
double random_fraction(void);

#endif
