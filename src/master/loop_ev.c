/*
 * The event loop: libev behind the hooks of base/loop.h.
 *
 * A timer of 0 seconds does not go through the kernel: it runs once every
 * other event of this turn has been handled, before the loop sleeps. That is
 * when writes and settlements are gathered into one system call.
 */
#include "master/loop_ev.h"

#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"

#define SIGNAL_MAX 12

struct loop_signal {
	struct ev_signal watcher;
	void (*cb)(void *arg, int signum);
	void *arg;
};

struct loop_ev {
	struct loop loop;
	struct ev_loop *ev;
	struct ev_prepare prepare;
	struct ev_idle idle; /* keeps the loop from sleeping while `soon` */
	struct loop_timer *soon, **soon_end; /* timers of 0 seconds */
	struct loop_signal signals[SIGNAL_MAX];
	size_t signal_count;
};

struct loop_io {
	struct ev_io watcher;
	struct loop_ev *owner;
	loop_io_cb *cb;
	void *arg;
};

struct loop_timer {
	struct ev_timer watcher;
	struct loop_ev *owner;
	loop_timer_cb *cb;
	void *arg;
	struct loop_timer *next; /* in `soon` */
	bool is_soon;
};

static int events_to_ev(int events)
{
	return ((events & LOOP_READ) ? EV_READ : 0) |
	       ((events & LOOP_WRITE) ? EV_WRITE : 0);
}

/* --- Descriptors ---------------------------------------------------------- */

static void on_io(struct ev_loop *ev, struct ev_io *watcher, int revents)
{
	struct loop_io *io = (struct loop_io *)watcher;

	(void)ev;
	io->cb(io->arg, ((revents & EV_READ) ? LOOP_READ : 0) |
				((revents & EV_WRITE) ? LOOP_WRITE : 0));
}

static void io_set(struct loop_io *io, int events)
{
	struct ev_loop *ev = io->owner->ev;
	int wanted = events_to_ev(events);

	if (ev_is_active(&io->watcher) &&
	    (io->watcher.events & (EV_READ | EV_WRITE)) == wanted)
		return;
	ev_io_stop(ev, &io->watcher);
	if (!wanted)
		return;
	ev_io_set(&io->watcher, io->watcher.fd, wanted);
	ev_io_start(ev, &io->watcher);
}

static struct loop_io *io_new(struct loop *loop, int fd, int events,
			      loop_io_cb *cb, void *arg)
{
	struct loop_io *io = xcalloc(1, sizeof(*io));

	io->owner = loop->data;
	io->cb = cb;
	io->arg = arg;
	ev_io_init(&io->watcher, on_io, fd, EV_READ);
	io_set(io, events);
	return io;
}

static void io_free(struct loop_io *io)
{
	if (!io)
		return;
	ev_io_stop(io->owner->ev, &io->watcher);
	free(io);
}

/* --- Timers --------------------------------------------------------------- */

static void on_timer(struct ev_loop *ev, struct ev_timer *watcher, int revents)
{
	struct loop_timer *timer = (struct loop_timer *)watcher;

	(void)ev;
	(void)revents;
	timer->cb(timer->arg);
}

static void soon_remove(struct loop_timer *timer)
{
	struct loop_ev *owner = timer->owner;
	struct loop_timer **at = &owner->soon;

	if (!timer->is_soon)
		return;
	while (*at != timer)
		at = &(*at)->next;
	*at = timer->next;
	if (owner->soon_end == &timer->next)
		owner->soon_end = at;
	timer->is_soon = false;
}

static void soon_add(struct loop_timer *timer)
{
	struct loop_ev *owner = timer->owner;

	if (timer->is_soon)
		return;
	timer->is_soon = true;
	timer->next = NULL;
	*owner->soon_end = timer;
	owner->soon_end = &timer->next;
}

/* Runs the timers of 0 seconds that were set before it began; those set by
 * them keep the loop awake and run in the next turn. */
static void on_prepare(struct ev_loop *ev, struct ev_prepare *watcher,
		       int revents)
{
	struct loop_ev *owner = watcher->data;
	struct loop_timer *timer;
	size_t count = 0;

	(void)revents;
	for (timer = owner->soon; timer; timer = timer->next)
		count++;
	while (count-- > 0 && (timer = owner->soon)) {
		soon_remove(timer);
		timer->cb(timer->arg);
	}
	if (owner->soon)
		ev_idle_start(ev, &owner->idle);
	else
		ev_idle_stop(ev, &owner->idle);
}

static void on_idle(struct ev_loop *ev, struct ev_idle *watcher, int revents)
{
	(void)ev;
	(void)watcher;
	(void)revents;
}

static struct loop_timer *timer_new(struct loop *loop, loop_timer_cb *cb,
				    void *arg)
{
	struct loop_timer *timer = xcalloc(1, sizeof(*timer));

	timer->owner = loop->data;
	timer->cb = cb;
	timer->arg = arg;
	ev_timer_init(&timer->watcher, on_timer, 0, 0);
	return timer;
}

static void timer_set(struct loop_timer *timer, double seconds)
{
	struct ev_loop *ev = timer->owner->ev;

	if (seconds == 0) {
		ev_timer_stop(ev, &timer->watcher);
		soon_add(timer);
		return;
	}
	soon_remove(timer);
	ev_timer_stop(ev, &timer->watcher);
	if (seconds < 0)
		return;
	ev_timer_set(&timer->watcher, seconds, 0);
	ev_timer_start(ev, &timer->watcher);
}

static void timer_free(struct loop_timer *timer)
{
	if (!timer)
		return;
	timer_set(timer, -1);
	free(timer);
}

/* The clock itself costs no system call, and is right even late in a turn. */
static double loop_now(struct loop *loop)
{
	(void)loop;
	return clock_monotonic();
}

/* --- The loop ------------------------------------------------------------- */

struct loop_ev *loop_ev_new(void)
{
	struct loop_ev *ev = xcalloc(1, sizeof(*ev));

	ev->ev = ev_loop_new(EVFLAG_NOENV);
	if (!ev->ev) {
		fputs("cherry: libev has no event mechanism here\n", stderr);
		abort();
	}
	ev->loop = (struct loop){.data = ev,
				 .io_new = io_new,
				 .io_set = io_set,
				 .io_free = io_free,
				 .timer_new = timer_new,
				 .timer_set = timer_set,
				 .timer_free = timer_free,
				 .now = loop_now};
	ev->soon_end = &ev->soon;
	ev_prepare_init(&ev->prepare, on_prepare);
	ev->prepare.data = ev;
	ev_prepare_start(ev->ev, &ev->prepare);
	/* The loop ends by loop_ev_break, not for want of watchers. */
	ev_idle_init(&ev->idle, on_idle);
	return ev;
}

void loop_ev_free(struct loop_ev *ev)
{
	sigset_t all, before;
	size_t i;

	if (!ev)
		return;
	/* A signal that comes late finds nobody, and ends nothing. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	for (i = 0; i < ev->signal_count; i++) {
		ev_signal_stop(ev->ev, &ev->signals[i].watcher);
		if (ev->signals[i].watcher.signum != SIGCHLD)
			signal(ev->signals[i].watcher.signum, SIG_IGN);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	ev_prepare_stop(ev->ev, &ev->prepare);
	ev_idle_stop(ev->ev, &ev->idle);
	ev_loop_destroy(ev->ev);
	free(ev);
}

struct loop *loop_ev_loop(struct loop_ev *ev)
{
	return &ev->loop;
}

static void on_signal(struct ev_loop *ev, struct ev_signal *watcher,
		      int revents)
{
	struct loop_signal *sig = (struct loop_signal *)watcher;

	(void)ev;
	(void)revents;
	sig->cb(sig->arg, watcher->signum);
}

void loop_ev_signal(struct loop_ev *ev, int signum,
		    void (*cb)(void *arg, int signum), void *arg)
{
	struct loop_signal *sig = &ev->signals[ev->signal_count];

	if (ev->signal_count == SIGNAL_MAX)
		abort();
	ev->signal_count++;
	sig->cb = cb;
	sig->arg = arg;
	ev_signal_init(&sig->watcher, on_signal, signum);
	ev_signal_start(ev->ev, &sig->watcher);
}

void loop_ev_run(struct loop_ev *ev)
{
	ev_run(ev->ev, 0);
}

void loop_ev_break(struct loop_ev *ev)
{
	ev_break(ev->ev, EVBREAK_ALL);
}

void loop_ev_turn(struct loop_ev *ev)
{
	ev_run(ev->ev, EVRUN_NOWAIT);
}
