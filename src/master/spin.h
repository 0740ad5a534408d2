/*
 * A wait without sleep, for what comes in a moment. Going to sleep and being
 * woken costs more than a brief task itself, above all on a processor that has
 * nothing else to do.
 */
#ifndef MASTER_SPIN_H
#define MASTER_SPIN_H

/* Embedded; zeros begin one. */
struct spin {
	double not_before; /* monotonic: this machine has other things to do */
	double pause;	   /* the last time for so many seconds */
};

/*
 * Returns when `fd` can be read, or after 60 microseconds. Meanwhile the
 * processor is anyone's who wants it; where that is somebody who keeps it,
 * there is no such wait for a while, up to ten seconds.
 */
void spin_await(struct spin *spin, int fd);

#endif
