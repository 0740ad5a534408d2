/*
 * Places at which a test ends or stops this process, to see what is lost. Only
 * in builds with -DCHERRY_CRASH_POINTS; elsewhere there is nothing of it.
 *
 *	CHERRY_CRASH=broker.claim_reply:2:KILL
 *
 * kills the process (or STOP: stops it) when it comes to that place for the
 * second time. The first executor of a worker inherits the variable, its
 * successors do not.
 */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

#ifdef CHERRY_CRASH_POINTS
void crash_point(const char *name);
#define CRASH_POINT(name) crash_point(name)
#else
#define CRASH_POINT(name) ((void)0)
#endif

#endif
