/*
 * The replies of a connection: by hiredis's parser, and past it for strings
 * that may be long. Those are read from the socket into memory of their own,
 * where the parser's buffer and its copies would move each megabyte three
 * times.
 */
#ifndef BROKER_REDIS_READER_H
#define BROKER_REDIS_READER_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include "cherry/buf.h"

/* All zero for a new connection. */
struct redis_reader {
	bool parsing;	  /* hiredis has begun a reply that is not all there */
	size_t len;	  /* of the string that is being read; 0: none */
	struct buf bytes; /* of it, and its CR LF */
	redisReply reply; /* borrows from them */
};

/* Reads what there is, or a piece of it. How many bytes came; -1: the
 * connection is broken, as context->errstr says. */
ssize_t redis_reader_fill(struct redis_reader *reader, redisContext *context);
/* Of so many there are likely to be more. */
bool redis_reader_is_full(const struct redis_reader *reader, ssize_t got);

/*
 * The next reply that is whole: 1. 0: there is none yet. -1: it cannot be read,
 * as context->errstr says. A string that is longer than a few pages, and not
 * longer than `max`, goes past the parser.
 */
int redis_reader_next(struct redis_reader *reader, redisContext *context,
		      size_t max, redisReply **reply);
/* Frees a reply that came from there. */
void redis_reader_done(struct redis_reader *reader, redisReply *reply);

/* Once: the string of `reply`, taken over where it can be. `bytes` is not
 * initialized before, and has failed where there is no memory. */
void redis_reader_take(struct redis_reader *reader, const redisReply *reply,
		       struct buf *bytes);

void redis_reader_release(struct redis_reader *reader);

#endif
