/*
 * The wait itself. Reads nothing.
 */
#include "master/spin.h"

#include <poll.h>
#include <sched.h>
#include "base/clock.h"

#define SPIN_SECONDS 0.00006
/* Longer than what runs for us on this processor would take. */
#define KEPT_SECONDS  0.00005
#define PAUSE_SECONDS 0.02
#define PAUSE_MAX     10.0

/* Longer each time, shorter again with each wait that was worth it. */
static void pause_from(struct spin *spin, double now)
{
	spin->pause = 4 * spin->pause + PAUSE_SECONDS;
	if (spin->pause > PAUSE_MAX)
		spin->pause = PAUSE_MAX;
	spin->not_before = now + spin->pause;
}

void spin_await(struct spin *spin, int fd)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	double now = clock_monotonic(), end = now + SPIN_SECONDS, before;

	if (now < spin->not_before)
		return;
	do {
		before = now;
		/* Who answers may wait for this very processor. */
		sched_yield();
		now = clock_monotonic();
		if (now - before > KEPT_SECONDS) {
			pause_from(spin, now);
			return;
		}
		if (poll(&readable, 1, 0) > 0) {
			spin->pause /= 2;
			return;
		}
	} while (now < end);
}
