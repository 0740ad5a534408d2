/*
 * Frames over a stream socket: the reader and the writer that both the master
 * and the executors use.
 *
 * The reader trusts nothing: it judges a frame by its header before it keeps
 * one byte of the body. It knows nothing of what bodies hold (message.c).
 *
 * A descriptor is sent along with the first byte of its frame. The kernel
 * never lets one read go past a message that carries descriptors, so they
 * arrive in order and not after the bytes of their frame: a queue is enough to
 * match them.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/xalloc.h"
#include "exec/frame.h"

#define TYPE_HAS_FD 0x80
#define READ_SIZE   ((size_t)64 << 10)
/* A buffer that once held a large frame is given back at this size. */
#define KEEP_SIZE ((size_t)1 << 20)

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int) * 4)];
};

/* --- Reading -------------------------------------------------------------- */

void frame_reader_init(struct frame_reader *reader, size_t max_body,
		       unsigned types, bool take_fds)
{
	*reader = (struct frame_reader){.types = types, .take_fds = take_fds};
	if (max_body > FRAME_BODY_MAX)
		max_body = FRAME_BODY_MAX;
	reader->max_body = max_body;
	buf_init(&reader->bytes, FRAME_HEADER + max_body + 2 * READ_SIZE);
}

void frame_reader_release(struct frame_reader *reader)
{
	unsigned i;

	for (i = 0; i < reader->fd_count; i++)
		close(reader->fds[i]);
	reader->fd_count = 0;
	buf_release(&reader->bytes);
	reader->pos = reader->wanted = 0;
}

void frame_reader_allow(struct frame_reader *reader, unsigned types)
{
	reader->types = types;
}

/* Keeps the descriptors of one message; closes those that are too many. */
static int take_descriptors(struct frame_reader *reader, struct msghdr *message,
			    struct err *err)
{
	struct cmsghdr *c;
	int fd, failed = message->msg_flags & MSG_CTRUNC;
	size_t i, count;

	for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (reader->fd_count <
			    sizeof(reader->fds) / sizeof(int)) {
				reader->fds[reader->fd_count++] = fd;
			} else {
				close(fd);
				failed = 1;
			}
		}
	}
	if (failed)
		return err_set(err, ERR_INTERNAL,
			       "more descriptors arrived than frames ask for");
	return 0;
}

static ssize_t receive(struct frame_reader *reader, int fd, size_t room,
		       struct err *err)
{
	struct iovec part = {reader->bytes.ptr + reader->bytes.len, room};
	union control control;
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t got;

	if (reader->take_fds) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
	}
	do {
		got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0 || !reader->take_fds)
		return got;
	if (take_descriptors(reader, &message, err)) {
		errno = EPROTO;
		return -1;
	}
	return got;
}

/* Room for the next read: a chunk, or for a long frame as much again as has
 * arrived, so that the memory follows the bytes and not the announcement. */
static size_t next_room(const struct frame_reader *reader)
{
	size_t have = reader->bytes.len, missing;

	if (reader->wanted <= have + READ_SIZE)
		return READ_SIZE;
	missing = reader->wanted - have;
	if (have <= READ_SIZE)
		return READ_SIZE;
	return missing < have ? missing : have;
}

static void forget_taken(struct frame_reader *reader)
{
	if (!reader->pos)
		return;
	buf_drop(&reader->bytes, reader->pos);
	reader->pos = 0;
	if (!reader->bytes.len && reader->bytes.cap > KEEP_SIZE)
		buf_release(&reader->bytes);
}

enum frame_fill frame_reader_fill(struct frame_reader *reader, int fd,
				  struct err *err)
{
	ssize_t got;
	size_t room;

	forget_taken(reader);
	room = next_room(reader);
	if (buf_reserve(&reader->bytes, room)) {
		err_limit(err, "memory", (int64_t)room,
			  "no memory for a frame of %zu bytes", reader->wanted);
		return FRAME_FILL_ERROR;
	}
	got = receive(reader, fd, room, err);
	if (got > 0) {
		reader->bytes.len += (size_t)got;
		return FRAME_FILL_MORE;
	}
	if (!got)
		return FRAME_FILL_EOF;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return FRAME_FILL_LATER;
	if (errno == ECONNRESET)
		return FRAME_FILL_EOF;
	if (errno != EPROTO)
		err_set(err, ERR_INTERNAL, "cannot read frames: %s",
			strerror(errno));
	return FRAME_FILL_ERROR;
}

int frame_reader_feed(struct frame_reader *reader, struct slice bytes)
{
	forget_taken(reader);
	return buf_add_slice(&reader->bytes, bytes);
}

/* The header at `pos` if all of it is there. */
static bool header_at(const struct frame_reader *reader, uint32_t *len,
		      unsigned *type)
{
	const char *at;

	if (reader->bytes.len - reader->pos < FRAME_HEADER)
		return false;
	at = reader->bytes.ptr + reader->pos;
	memcpy(len, at, sizeof(*len));
	*type = (unsigned char)at[4];
	return true;
}

static int check_header(const struct frame_reader *reader, size_t len,
			unsigned type, struct err *err)
{
	unsigned bare = type & ~(unsigned)TYPE_HAS_FD;

	if (bare == 0 || bare >= FRAME_TYPE_COUNT ||
	    !(reader->types & FRAME_BIT(bare)))
		return err_set(err, ERR_INTERNAL,
			       "a frame of type %u is not expected here", bare);
	if (len > reader->max_body)
		return err_set(err, ERR_INTERNAL,
			       "a frame of %zu bytes is over the limit of %zu",
			       len, reader->max_body);
	if ((type & TYPE_HAS_FD) && !reader->take_fds)
		return err_set(
			err, ERR_INTERNAL,
			"a frame with a descriptor is not expected here");
	return 0;
}

int frame_reader_next(struct frame_reader *reader, struct frame *frame,
		      struct err *err)
{
	uint32_t len;
	unsigned type;

	reader->wanted = 0;
	if (!header_at(reader, &len, &type))
		return 0;
	if (check_header(reader, len, type, err))
		return -1;
	if (reader->bytes.len - reader->pos - FRAME_HEADER < len) {
		reader->wanted = FRAME_HEADER + (size_t)len;
		return 0;
	}
	frame->fd = -1;
	if (type & TYPE_HAS_FD) {
		if (!reader->fd_count)
			return err_set(err, ERR_INTERNAL,
				       "a frame came without its descriptor");
		frame->fd = reader->fds[0];
		reader->fd_count--;
		memmove(reader->fds, reader->fds + 1,
			reader->fd_count * sizeof(int));
	}
	frame->type = (enum frame_type)(type & ~(unsigned)TYPE_HAS_FD);
	frame->body =
		slice_of(reader->bytes.ptr + reader->pos + FRAME_HEADER, len);
	reader->pos += FRAME_HEADER + (size_t)len;
	return 1;
}

bool frame_reader_has(const struct frame_reader *reader)
{
	uint32_t len;
	unsigned type;

	return header_at(reader, &len, &type) &&
	       reader->bytes.len - reader->pos - FRAME_HEADER >= len;
}

/* --- Writing -------------------------------------------------------------- */

void frame_writer_init(struct frame_writer *writer, size_t max)
{
	*writer = (struct frame_writer){0};
	buf_init(&writer->bytes, max);
}

void frame_writer_release(struct frame_writer *writer)
{
	size_t i;

	for (i = writer->fd_first; i < writer->fd_count; i++)
		close(writer->fds[i].fd);
	free(writer->fds);
	writer->fds = NULL;
	writer->fd_first = writer->fd_count = writer->fd_size = 0;
	buf_release(&writer->bytes);
	writer->sent = 0;
}

size_t frame_begin(struct frame_writer *writer, enum frame_type type)
{
	size_t begin = writer->bytes.len;
	char header[FRAME_HEADER] = {0, 0, 0, 0, (char)type};

	buf_add(&writer->bytes, header, sizeof(header));
	return begin;
}

void frame_abort(struct frame_writer *writer, size_t begin)
{
	writer->bytes.len = begin;
	writer->bytes.failed = false;
}

static void queue_fd(struct frame_writer *writer, size_t at, int fd)
{
	if (writer->fd_count == writer->fd_size) {
		writer->fd_size = writer->fd_size ? 2 * writer->fd_size : 8;
		writer->fds = xrealloc(writer->fds, writer->fd_size,
				       sizeof(*writer->fds));
	}
	writer->fds[writer->fd_count++] =
		(struct frame_pending_fd){.at = at, .fd = fd};
}

int frame_end(struct frame_writer *writer, size_t begin, int fd,
	      struct err *err)
{
	struct buf *bytes = &writer->bytes;
	size_t len = bytes->len - begin;
	uint32_t body;

	if (bytes->failed || len - FRAME_HEADER > FRAME_BODY_MAX) {
		frame_abort(writer, begin);
		if (fd >= 0)
			close(fd);
		return err_limit(err, "frame", (int64_t)len,
				 "a message is too long to be passed on");
	}
	body = (uint32_t)(len - FRAME_HEADER);
	memcpy(bytes->ptr + begin, &body, sizeof(body));
	if (fd >= 0) {
		bytes->ptr[begin + 4] =
			(char)((unsigned char)bytes->ptr[begin + 4] |
			       TYPE_HAS_FD);
		queue_fd(writer, begin, fd);
	}
	return 0;
}

/* One sendmsg: up to the next frame with a descriptor, which begins a message
 * of its own. `carried` says whether this one took its descriptor along. */
static ssize_t send_some(struct frame_writer *writer, int fd, bool *carried)
{
	struct frame_pending_fd *next = NULL, *after = NULL;
	size_t end = writer->bytes.len;
	union control control;
	struct iovec part;
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (writer->fd_first < writer->fd_count)
		next = &writer->fds[writer->fd_first];
	if (writer->fd_first + 1 < writer->fd_count)
		after = next + 1;
	*carried = next && next->at == writer->sent;
	if (*carried) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &next->fd, sizeof(int));
		if (after)
			end = after->at;
	} else if (next) {
		end = next->at;
	}
	part.iov_base = writer->bytes.ptr + writer->sent;
	part.iov_len = end - writer->sent;
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

/* All has gone out, or much of it: gives the room back. */
static void forget_sent(struct frame_writer *writer)
{
	size_t i;

	if (writer->sent == writer->bytes.len) {
		writer->sent = writer->fd_first = writer->fd_count = 0;
		buf_clear(&writer->bytes);
		if (writer->bytes.cap > KEEP_SIZE)
			buf_release(&writer->bytes);
	} else if (writer->sent > READ_SIZE &&
		   writer->sent > writer->bytes.len / 2) {
		buf_drop(&writer->bytes, writer->sent);
		for (i = writer->fd_first; i < writer->fd_count; i++)
			writer->fds[i].at -= writer->sent;
		writer->sent = 0;
	}
}

int frame_writer_flush(struct frame_writer *writer, int fd, struct err *err)
{
	bool carried;
	ssize_t sent;
	int result = 0;

	while (writer->sent < writer->bytes.len) {
		sent = send_some(writer, fd, &carried);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			result = 1;
			break;
		}
		if (sent < 0)
			return err_set(err, ERR_INTERNAL,
				       "cannot write frames: %s",
				       strerror(errno));
		writer->sent += (size_t)sent;
		if (carried)
			close(writer->fds[writer->fd_first++].fd);
	}
	forget_sent(writer);
	return result;
}
