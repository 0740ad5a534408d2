/*
 * Frames over a stream socket between the master and an executor: a header of
 * five bytes (length of the body as u32 in the machine's own order, since both
 * ends are the same machine; type as u8, whose highest bit says that a
 * descriptor comes along), then the body.
 *
 * Each end names the largest body and the types that it takes, and refuses a
 * frame by its header alone: no byte of a body is stored before its length and
 * type have been checked. Memory grows with what has arrived, never with what
 * was announced.
 *
 * A frame can carry one descriptor (SCM_RIGHTS), sent along with the frame's
 * first byte. Only the side that says so at frame_reader_init takes them.
 */
#ifndef EXEC_FRAME_H
#define EXEC_FRAME_H

#include "cherry/buf.h"
#include "cherry/err.h"

enum frame_type {
	FRAME_SETUP = 1, /* master -> executor, first and once */
	FRAME_READY,	 /* executor -> master, the answer */
	FRAME_FAILED,	 /* the other answer; the executor exits */
	FRAME_TASK,	 /* master -> executor */
	FRAME_RESULT,	 /* executor -> master, one for each task, in order */
	FRAME_STOP,	 /* master -> executor: answer what came, exit 0 */
	FRAME_TYPE_COUNT
};

#define FRAME_HEADER 5
/* No frame is longer than this, whatever an end allows. */
#define FRAME_BODY_MAX ((size_t)1 << 30)

/* One frame as it arrived. `body` points into the reader and lives until its
 * next _fill. `fd` is -1, or the receiver's to close. */
struct frame {
	enum frame_type type;
	struct slice body;
	int fd;
};

/* --- Reading --------------------------------------------------------------
 *
 *	while ((r = frame_reader_next(&reader, &frame, &err)) > 0) ...
 *	if (r == 0) frame_reader_fill(&reader, socket, &err) ...
 *
 * The same reader serves a socket that blocks (then _fill waits) and one that
 * does not.
 */
enum frame_fill {
	FRAME_FILL_ERROR = -1, /* `err` says which */
	FRAME_FILL_EOF,
	FRAME_FILL_LATER, /* nothing there now (sockets that do not block) */
	FRAME_FILL_MORE	  /* bytes came */
};

struct frame_reader {
	struct buf bytes;
	size_t pos;    /* of the next frame */
	size_t wanted; /* bytes of it in all, header included; 0: not known */
	size_t max_body;
	unsigned types; /* FRAME_BIT of those taken */
	bool take_fds;
	int fds[8]; /* arrived and not yet claimed, in order */
	unsigned fd_count;
};

#define FRAME_BIT(type) (1U << (type))

/* Takes bodies of at most `max_body` bytes and types of the bits `types`. */
void frame_reader_init(struct frame_reader *reader, size_t max_body,
		       unsigned types, bool take_fds);
/* Closes descriptors that nobody claimed. Usable again after _init. */
void frame_reader_release(struct frame_reader *reader);
/* Allows other types from now on (after the READY, say). */
void frame_reader_allow(struct frame_reader *reader, unsigned types);

/* One read from the socket. Forgets the frames given out so far. */
enum frame_fill frame_reader_fill(struct frame_reader *reader, int fd,
				  struct err *err) MUST_CHECK;

/* Bytes from elsewhere (tests). 0, or -1 past the cap. */
int frame_reader_feed(struct frame_reader *reader,
		      struct slice bytes) MUST_CHECK;

/*
 * The next whole frame: 1; 0 if more bytes are needed; -1 with ERR_INTERNAL if
 * what came is no frame for this end (too long, a type not taken, a descriptor
 * not asked for): there is no way on then but to give up the connection.
 */
int frame_reader_next(struct frame_reader *reader, struct frame *frame,
		      struct err *err) MUST_CHECK;

/* Is a whole frame there already? */
bool frame_reader_has(const struct frame_reader *reader);

/* --- Writing --------------------------------------------------------------
 *
 * Frames are put into `bytes` one after the other and go out in one write:
 *
 *	size_t begin = frame_begin(&writer, FRAME_TASK);
 *	... append the body to writer.bytes ...
 *	if (frame_end(&writer, begin, -1, &err)) ...
 *	r = frame_writer_flush(&writer, socket, &err);
 */
struct frame_writer {
	struct buf bytes;
	size_t sent; /* how much of `bytes` has gone out */
	struct frame_pending_fd {
		size_t at; /* offset in `bytes` */
		int fd;
	} * fds;
	size_t fd_count, fd_first, fd_size;
};

/* Holds at most `max` bytes that have not gone out. */
void frame_writer_init(struct frame_writer *writer, size_t max);
/* Closes descriptors that have not gone out. */
void frame_writer_release(struct frame_writer *writer);

/* Begins a frame; the body is appended to writer->bytes. */
size_t frame_begin(struct frame_writer *writer, enum frame_type type);
/*
 * Ends the frame begun at `begin` and sends `fd` (-1: none) along; the writer
 * closes it once it has gone out, and also on failure. 0, or -1 with
 * ERR_LIMIT "frame" if the frame is too long or the writer full: the frame is
 * taken back, earlier ones stay.
 */
int frame_end(struct frame_writer *writer, size_t begin, int fd,
	      struct err *err) MUST_CHECK;
/* Takes back the frame begun at `begin`. */
void frame_abort(struct frame_writer *writer, size_t begin);

/* Bytes that have not gone out. */
static inline size_t frame_writer_pending(const struct frame_writer *writer)
{
	return writer->bytes.len - writer->sent;
}

/* Sends: 0 all gone, 1 the socket takes no more now, -1 with `err` (the other
 * end is gone, mostly). Never raises SIGPIPE. */
int frame_writer_flush(struct frame_writer *writer, int fd,
		       struct err *err) MUST_CHECK;

#endif
