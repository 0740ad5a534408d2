/*
 * Frames and messages from the other side: the first byte says which side
 * reads and in what pieces the rest arrives. However it is cut, the same frames
 * must come out, through a socket, too, with or without descriptors; no decoder
 * may read past a body; what a decoder took, encoded and decoded again, must be
 * the same; what is too long for a frame travels beside it and comes out whole.
 * Covers: src/exec/frame.c src/exec/message.c src/exec/message_task.c
 * Covers: src/exec/message_result.c
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exec/message.h"

#define MAX_BODY 10000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void must(int truth)
{
	if (!truth)
		abort();
}

static struct arena arena;

/* --- Round trips ----------------------------------------------------------- */

static struct slice body_of(const struct frame_writer *writer)
{
	return slice_of(writer->bytes.ptr + FRAME_HEADER,
			writer->bytes.len - FRAME_HEADER);
}

static void try_result(struct slice body, struct frame_writer *writer)
{
	struct message_result result;

	if (message_result_decode(body, &arena, &result, NULL))
		return;
	must(message_result_put(writer, &result, NULL) == 0);
	must(slice_equal(body_of(writer), body));
}

static void try_ready(struct slice body, struct frame_writer *writer)
{
	struct message_ready ready;

	if (message_ready_decode(body, &arena, &ready, NULL))
		return;
	must(message_ready_put(writer, &ready, NULL) == 0);
	must(slice_equal(body_of(writer), body));
}

static void try_failed(struct slice body, struct frame_writer *writer)
{
	struct err cause;

	if (message_failed_decode(body, &cause, NULL))
		return;
	must(message_failed_put(writer, &cause, NULL) == 0);
	must(slice_equal(body_of(writer), body));
}

static void try_setup(struct slice body, struct frame_writer *writer)
{
	struct message_setup setup;

	if (message_setup_decode(body, &arena, &setup, NULL))
		return;
	must(message_setup_put(writer, &setup, NULL) == 0);
	must(slice_equal(body_of(writer), body));
}

static void try_task(struct frame *frame, struct frame_writer *writer)
{
	struct slice whole = frame->body;
	struct message_task task;
	struct message_bulk bulk;

	/* Of a file that is shorter than was said not all can be touched. */
	if (message_task_decode(frame, &arena, &task, &bulk, NULL) == 0 &&
	    bulk.len <= 4096) {
		must(message_task_put(writer, &task, NULL) == 0);
		/* An empty range of no file is as good as nothing inline. */
		must(bulk.len || body_of(writer).len <= whole.len);
	}
	message_bulk_release(&bulk);
}

static void try_frame(struct frame *frame)
{
	struct frame_writer writer;

	must(frame->body.len <= MAX_BODY);
	frame_writer_init(&writer, 10 * MAX_BODY);
	arena_clear(&arena);
	switch (frame->type) {
	case FRAME_SETUP:
		try_setup(frame->body, &writer);
		break;
	case FRAME_READY:
		try_ready(frame->body, &writer);
		break;
	case FRAME_FAILED:
		try_failed(frame->body, &writer);
		break;
	case FRAME_TASK:
		try_task(frame, &writer);
		break;
	case FRAME_RESULT:
		try_result(frame->body, &writer);
		break;
	default:
		break;
	}
	frame_writer_release(&writer);
}

/* --- Streams --------------------------------------------------------------- */

/* What a stream came to: how many frames, their bytes, and how it ended. */
struct outcome {
	size_t frames, bytes;
	int end;
};

static struct outcome stream_read(struct slice stream, size_t piece,
				  unsigned types, bool look)
{
	struct outcome outcome = {0};
	struct frame_reader reader;
	struct frame frame;
	size_t pos = 0, step;

	frame_reader_init(&reader, MAX_BODY, types, false);
	do {
		step = stream.len - pos < piece ? stream.len - pos : piece;
		must(frame_reader_feed(&reader,
				       slice_of(stream.ptr + pos, step)) == 0);
		pos += step;
		while ((outcome.end =
				frame_reader_next(&reader, &frame, NULL)) > 0) {
			outcome.frames++;
			outcome.bytes += frame.body.len;
			if (look)
				try_frame(&frame);
		}
	} while (outcome.end == 0 && pos < stream.len);
	frame_reader_release(&reader);
	return outcome;
}

/* --- Sockets --------------------------------------------------------------- */

static void open_pair(int pair[2])
{
	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			 pair));
}

/* Sends bytes with a descriptor of a small file; -1: with none. */
static void send_bytes(int fd, struct slice bytes, int file)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec piece = {(void *)(uintptr_t)bytes.ptr, bytes.len};
	struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

	if (!bytes.len)
		return;
	if (file >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &file, sizeof(file));
	}
	must(sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)bytes.len);
}

static struct outcome socket_read(int fd, unsigned types, bool take_fds)
{
	struct outcome outcome = {0};
	struct frame_reader reader;
	struct frame frame;
	enum frame_fill fill = FRAME_FILL_MORE;
	struct err err = ERR_INIT;

	frame_reader_init(&reader, MAX_BODY, types, take_fds);
	while (outcome.end >= 0 && fill == FRAME_FILL_MORE) {
		fill = frame_reader_fill(&reader, fd, &err);
		must(fill != FRAME_FILL_ERROR || err.message[0]);
		while ((outcome.end =
				frame_reader_next(&reader, &frame, &err)) > 0) {
			outcome.frames++;
			outcome.bytes += frame.body.len;
			must(take_fds || frame.fd < 0);
			if (frame.fd >= 0 && frame.type == FRAME_TASK)
				try_frame(&frame);
			if (frame.fd >= 0)
				close(frame.fd);
		}
	}
	frame_reader_release(&reader);
	return outcome;
}

/* The stream through a socket, in pieces, each with a descriptor. */
static struct outcome try_socket(struct slice stream, unsigned types,
				 size_t piece, bool with_file, bool take_fds)
{
	static int file = -1;
	struct outcome outcome;
	size_t pos = 0, step;
	int pair[2], i;

	if (file < 0) {
		file = memfd_create("fuzz", MFD_CLOEXEC);
		must(file >= 0 && !ftruncate(file, 24));
	}
	open_pair(pair);
	for (i = 0; i < 12 && pos < stream.len; i++, pos += step) {
		step = stream.len - pos < piece ? stream.len - pos : piece;
		send_bytes(pair[0], slice_of(stream.ptr + pos, step),
			   with_file ? file : -1);
	}
	send_bytes(pair[0], slice_of(stream.ptr + pos, stream.len - pos), -1);
	close(pair[0]);
	outcome = socket_read(pair[1], types, take_fds);
	close(pair[1]);
	return outcome;
}

/* A task whose input is too long for a frame, there and back. */
static void try_bulk(struct slice seed)
{
	static char big[MESSAGE_INLINE_MAX + 5000];
	struct task_input input = {slice_text("input"), {big, sizeof(big)}};
	struct message_task task = {.number = seed.len,
				    .task = slice_text("t"),
				    .args = slice_text("{}"),
				    .inputs = &input,
				    .input_count = 1};
	struct message_task got;
	struct message_bulk bulk = {0};
	struct frame_writer writer;
	struct frame_reader reader;
	struct frame frame;
	int pair[2];
	size_t i;

	for (i = 0; i < sizeof(big); i++)
		big[i] = seed.ptr[i % seed.len];
	open_pair(pair);
	frame_writer_init(&writer, 10 * MAX_BODY);
	frame_reader_init(&reader, MAX_BODY, FRAME_BIT(FRAME_SETUP), true);
	frame_reader_allow(&reader,
			   FRAME_BIT(FRAME_TASK) | FRAME_BIT(FRAME_STOP));
	must(frame_reader_fill(&reader, pair[1], NULL) == FRAME_FILL_LATER);
	must(!message_task_put(&writer, &task, NULL));
	must(!message_stop_put(&writer, NULL));
	must(!message_task_put(&writer, &task, NULL));
	must(frame_writer_flush(&writer, pair[0], NULL) == 0);
	must(frame_reader_fill(&reader, pair[1], NULL) == FRAME_FILL_MORE);
	must(frame_reader_has(&reader));
	must(frame_reader_next(&reader, &frame, NULL) == 1);
	must(!message_task_decode(&frame, &arena, &got, &bulk, NULL));
	must(got.input_count == 1 &&
	     slice_equal(got.inputs[0].bytes, input.bytes));
	must(frame_reader_next(&reader, &frame, NULL) == 1 ||
	     frame_reader_fill(&reader, pair[1], NULL) == FRAME_FILL_MORE);
	message_bulk_release(&bulk);
	frame_reader_release(&reader);
	/* Nobody reads any more. */
	close(pair[1]);
	must(!message_task_put(&writer, &task, NULL));
	must(frame_writer_flush(&writer, pair[0], NULL) < 0);
	frame_writer_release(&writer);
	close(pair[0]);
}

/* A slow reader: the writer keeps what the socket does not take. */
static void try_slow(struct slice body)
{
	struct frame_writer writer;
	struct outcome outcome = {0};
	struct frame_reader reader;
	struct frame frame;
	int pair[2], left, size = 1, sent = 0;
	size_t begin;

	open_pair(pair);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	frame_writer_init(&writer, 4 * MAX_BODY);
	frame_reader_init(&reader, MAX_BODY, FRAME_BIT(FRAME_RESULT), false);
	do {
		begin = frame_begin(&writer, FRAME_RESULT);
		buf_add_slice(&writer.bytes, body);
		left = frame_end(&writer, begin, -1, NULL);
		sent += !left;
	} while (!left && sent < 200);
	while (outcome.frames < (size_t)sent) {
		must(frame_writer_flush(&writer, pair[0], NULL) >= 0);
		must(frame_reader_fill(&reader, pair[1], NULL) ==
		     FRAME_FILL_MORE);
		while (frame_reader_next(&reader, &frame, NULL) > 0) {
			must(slice_equal(frame.body, body));
			outcome.frames++;
		}
	}
	frame_reader_release(&reader);
	frame_writer_release(&writer);
	close(pair[0]);
	close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const unsigned master = FRAME_BIT(FRAME_READY) |
				       FRAME_BIT(FRAME_FAILED) |
				       FRAME_BIT(FRAME_RESULT);
	struct outcome whole, cut;
	struct slice stream;
	unsigned types;

	if (!len)
		return 0;
	types = bytes[0] & 0x80 ? master : ~master;
	stream = slice_of(bytes + 1, len - 1);
	arena_init(&arena, 1 << 20);
	whole = stream_read(stream, 30000, types, true);
	cut = stream_read(stream, 1 + (bytes[0] & 0x7f), types, false);
	must(whole.frames == cut.frames && whole.bytes == cut.bytes);
	must(whole.end == cut.end);
	if (stream.len < 60000) {
		size_t piece = 1 + (bytes[0] & 0x7f);

		cut = try_socket(stream, types, piece, false, false);
		must(whole.frames == cut.frames && whole.bytes == cut.bytes);
		must(whole.end == cut.end);
		(void)try_socket(stream, types, piece, false, true);
		(void)try_socket(stream, types, piece, true, true);
		(void)try_socket(stream, types, piece, true, false);
	}
	if ((bytes[0] & 0x3f) == 0x2a && stream.len)
		try_bulk(stream);
	if ((bytes[0] & 0x3f) == 0x2b && stream.len < MAX_BODY)
		try_slow(stream);
	arena_release(&arena);
	return 0;
}
