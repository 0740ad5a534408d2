/*
 * Replies, and long strings past hiredis's parser. What is read of such a
 * string is it and nothing behind it, so that the parser finds the next reply
 * at its beginning. Knows nobody who waits.
 *
 * Source: the Redis serialization protocol, https://redis.io/topics/protocol
 */
#include "broker/redis_reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define READ_PIECE 16384 /* what hiredis reads at a time */
/* "$", twenty digits, CR LF. */
#define HEADER_MAX ((size_t)23)
/* What is shorter the parser may as well have. */
#define WORTH ((size_t)32 << 10)

enum look { LOOK_OTHER, LOOK_WAIT, LOOK_BEGUN };

/* --- The socket ---------------------------------------------------------------- */

static ssize_t fill_string(struct redis_reader *reader, redisContext *context)
{
	struct buf *bytes = &reader->bytes;
	ssize_t got = recv(context->fd, bytes->ptr + bytes->len,
			   reader->len + 2 - bytes->len, 0);

	if (got > 0) {
		bytes->len += (size_t)got;
		return got;
	}
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	context->err = got ? REDIS_ERR_IO : REDIS_ERR_EOF;
	snprintf(context->errstr, sizeof(context->errstr), "%s",
		 got ? strerror(errno) : "Server closed the connection");
	return -1;
}

ssize_t redis_reader_fill(struct redis_reader *reader, redisContext *context)
{
	size_t before = context->reader->len;

	if (reader->len)
		return fill_string(reader, context);
	if (redisBufferRead(context) == REDIS_ERR)
		return -1;
	return (ssize_t)(context->reader->len - before);
}

bool redis_reader_is_full(const struct redis_reader *reader, ssize_t got)
{
	return got >= READ_PIECE || (got > 0 && reader->len);
}

/* --- Long strings -------------------------------------------------------------- */

/* The number in the line of a header; 0: none that makes sense. */
static size_t header_number(const char *digits, const char *end)
{
	size_t number = 0;

	for (; digits < end; digits++) {
		if (*digits < '0' || *digits > '9' || number > SIZE_MAX / 100)
			return 0;
		number = number * 10 + (size_t)(*digits - '0');
	}
	return number;
}

/* Nothing of the next reply has been parsed. What was read of a long string
 * moves out of hiredis's buffer. */
static enum look look(struct redis_reader *reader, redisReader *parser,
		      size_t max)
{
	const char *at = parser->buf + parser->pos, *end;
	size_t have = parser->len - parser->pos, len;

	if (*at != '$')
		return LOOK_OTHER;
	end = memmem(at, have < HEADER_MAX ? have : HEADER_MAX, "\r\n", 2);
	if (!end)
		return have < HEADER_MAX ? LOOK_WAIT : LOOK_OTHER;
	len = header_number(at + 1, end);
	have -= (size_t)(end + 2 - at);
	if (len < WORTH || len > max || have >= len)
		return LOOK_OTHER;
	buf_init(&reader->bytes, len + 2);
	if (buf_reserve(&reader->bytes, len + 2))
		return LOOK_OTHER;
	buf_add(&reader->bytes, end + 2, have);
	reader->len = len;
	parser->pos = parser->len;
	return LOOK_BEGUN;
}

static int whole_string(struct redis_reader *reader, redisContext *context)
{
	char *end = reader->bytes.ptr + reader->len;

	if (reader->bytes.len < reader->len + 2)
		return 0;
	if (end[0] != '\r' || end[1] != '\n') {
		context->err = REDIS_ERR_PROTOCOL;
		snprintf(context->errstr, sizeof(context->errstr),
			 "Protocol error, a string does not end in its place");
		return -1;
	}
	*end = '\0';
	reader->bytes.len = reader->len;
	reader->reply = (redisReply){.type = REDIS_REPLY_STRING,
				     .str = reader->bytes.ptr,
				     .len = reader->len};
	return 1;
}

/* --- Replies ------------------------------------------------------------------- */

int redis_reader_next(struct redis_reader *reader, redisContext *context,
		      size_t max, redisReply **reply)
{
	redisReader *parser = context->reader;
	void *parsed = NULL;
	int whole;

	if (reader->len) {
		whole = whole_string(reader, context);
		*reply = &reader->reply;
		return whole;
	}
	if (parser->pos == parser->len)
		return 0;
	if (max && !reader->parsing && look(reader, parser, max) != LOOK_OTHER)
		return 0;
	if (redisGetReplyFromReader(context, &parsed) != REDIS_OK)
		return -1;
	reader->parsing = !parsed;
	*reply = parsed;
	return parsed != NULL;
}

void redis_reader_done(struct redis_reader *reader, redisReply *reply)
{
	if (reply == &reader->reply)
		redis_reader_release(reader);
	else
		freeReplyObject(reply);
}

void redis_reader_take(struct redis_reader *reader, const redisReply *reply,
		       struct buf *bytes)
{
	if (reply == &reader->reply) {
		*bytes = reader->bytes;
		buf_init(&reader->bytes, 0);
		return;
	}
	buf_init(bytes, reply->len);
	buf_add(bytes, reply->str, reply->len);
}

void redis_reader_release(struct redis_reader *reader)
{
	buf_release(&reader->bytes);
	reader->len = 0;
	reader->parsing = false;
}
