/*
 * base/loop.h over libev, with signals: the only file that names libev.
 */
#ifndef MASTER_LOOP_EV_H
#define MASTER_LOOP_EV_H

#include "base/loop.h"

struct loop_ev;

/* A loop of its own (not libev's default one, which would wait for children
 * by itself). Aborts when the system has no event mechanism. */
struct loop_ev *loop_ev_new(void);

/* All io and timers must be freed before. The signals it watched are ignored
 * from then on (but SIGCHLD). NULL is fine. */
void loop_ev_free(struct loop_ev *ev);

/* The hooks; lives as long as `ev`. */
struct loop *loop_ev_loop(struct loop_ev *ev);

/* Calls `cb` from the loop whenever the signal has arrived. */
void loop_ev_signal(struct loop_ev *ev, int signum,
		    void (*cb)(void *arg, int signum), void *arg);

/* Runs until loop_ev_break. */
void loop_ev_run(struct loop_ev *ev);
void loop_ev_break(struct loop_ev *ev);

/* Handles what is ready now without waiting: for tests. */
void loop_ev_turn(struct loop_ev *ev);

#endif
