/*
 * What an event loop offers, as a table of functions: the broker and the tests
 * get a loop passed in and never name one. The master fills it with libev.
 *
 * Handles belong to whoever made them and are freed by their _free function,
 * which may be called inside their own callback.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#define LOOP_READ  1
#define LOOP_WRITE 2

struct loop_io;
struct loop_timer;

/* `events`: the LOOP_ bits that are ready. */
typedef void loop_io_cb(void *arg, int events);
typedef void loop_timer_cb(void *arg);

struct loop {
	void *data;
	/* Watches fd (not owned) for `events`; 0 watches nothing yet. */
	struct loop_io *(*io_new)(struct loop *loop, int fd, int events,
				  loop_io_cb *cb, void *arg);
	void (*io_set)(struct loop_io *io, int events);
	void (*io_free)(struct loop_io *io);
	/* A timer that does not run yet. */
	struct loop_timer *(*timer_new)(struct loop *loop, loop_timer_cb *cb,
					void *arg);
	/* Fires once after `seconds` from now (0: in the next turn), in place
	 * of an earlier setting; negative stops it. */
	void (*timer_set)(struct loop_timer *timer, double seconds);
	void (*timer_free)(struct loop_timer *timer);
	/* Monotonic seconds as of this turn of the loop. */
	double (*now)(struct loop *loop);
};

#endif
