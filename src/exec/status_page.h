/*
 * A page of memory shared by the master and one executor: it holds the number
 * and the start of the task at work, so that a death or a deadline is laid on
 * the right task. The executor writes it, the master only reads; a lying
 * executor can blame another task of its own batch, nothing else.
 */
#ifndef EXEC_STATUS_PAGE_H
#define EXEC_STATUS_PAGE_H

#include "cherry/err.h"

struct status_page;

struct status_now {
	uint64_t number;   /* of the task at work, 0: none */
	uint64_t start_ns; /* when it began, clock_monotonic_ns() */
	uint64_t begun;	   /* how many tasks have begun so far */
};

/* A new page, and a descriptor for the executor (the caller's to close, best
 * right after the executor was started). NULL on failure. */
struct status_page *status_page_new(int *fd, struct err *err);
/* The executor's view of the descriptor that it was given. */
struct status_page *status_page_map(int fd, struct err *err);
/* Unmaps. NULL is fine. */
void status_page_free(struct status_page *page);

/* The executor begins task `number` (not 0), or has ended it. */
void status_page_begin(struct status_page *page, uint64_t number,
		       uint64_t start_ns);
void status_page_end(struct status_page *page);

/* A consistent copy; all 0 if the executor keeps it from being so. */
struct status_now status_page_read(const struct status_page *page);

#endif
