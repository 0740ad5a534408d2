/*
 * Names of the keys that cherry keeps in Redis, as the protocol lists them.
 */
#ifndef BROKER_KEYS_H
#define BROKER_KEYS_H

#include "cherry/buf.h"

#define KEYS_PREFIX  "cherry:"
#define KEYS_WORKERS "cherry:workers"
#define KEYS_WAKE    "cherry:wake"

/* Appends cherry:{QUEUE}:PART, and :REST unless `rest` is NULL. */
static inline int keys_put(struct buf *out, const char *queue, const char *part,
			   const char *rest)
{
	return buf_printf(out, rest ? "cherry:{%s}:%s:%s" : "cherry:{%s}:%s",
			  queue, part, rest);
}

#endif
