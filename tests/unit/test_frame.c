/*
 * Frames: split anywhere, several at once, hostile headers, descriptors.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exec/descriptor.h"
#include "exec/frame.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ALL_TYPES    0xffU

static void sockets_make(int sockets[2])
{
	cr_assert_eq(socketpair(AF_UNIX,
				SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
				sockets),
		     0);
}

static void put(struct frame_writer *writer, enum frame_type type,
		const char *body, int fd)
{
	size_t begin = frame_begin(writer, type);

	buf_add_text(&writer->bytes, body);
	cr_assert_eq(frame_end(writer, begin, fd, NULL), 0);
}

static void expect(struct frame_reader *reader, enum frame_type type,
		   const char *body)
{
	struct frame frame;
	struct err err = ERR_INIT;

	cr_assert_eq(frame_reader_next(reader, &frame, &err), 1, "%s",
		     err.message);
	cr_assert_eq(frame.type, type);
	cr_assert(slice_is(frame.body, body), "%.*s is not %s",
		  (int)frame.body.len, frame.body.ptr, body);
}

Test(frame, arrives_whole_wherever_it_is_split)
{
	struct frame_writer writer;
	struct frame_reader reader;
	struct frame frame;
	struct slice bytes;
	size_t split;

	frame_writer_init(&writer, 1000);
	put(&writer, FRAME_SETUP, "one", -1);
	put(&writer, FRAME_STOP, "", -1);
	put(&writer, FRAME_RESULT, "three bytes and more", -1);
	bytes = buf_slice(&writer.bytes);
	for (split = 0; split <= bytes.len; split++) {
		frame_reader_init(&reader, 100, ALL_TYPES, false);
		cr_assert_eq(
			frame_reader_feed(&reader, slice_of(bytes.ptr, split)),
			0);
		size_t whole = 0;
		while (frame_reader_has(&reader)) {
			cr_assert_eq(frame_reader_next(&reader, &frame, NULL),
				     1);
			whole++;
		}
		cr_assert_eq(frame_reader_next(&reader, &frame, NULL), 0);
		cr_assert_eq(
			frame_reader_feed(&reader, slice_of(bytes.ptr + split,
							    bytes.len - split)),
			0);
		if (whole < 1)
			expect(&reader, FRAME_SETUP, "one");
		if (whole < 2)
			expect(&reader, FRAME_STOP, "");
		if (whole < 3)
			expect(&reader, FRAME_RESULT, "three bytes and more");
		cr_assert_eq(frame_reader_next(&reader, &frame, NULL), 0);
		frame_reader_release(&reader);
	}
	frame_writer_release(&writer);
}

/* Headers alone: what they announce is judged before a byte of it comes. */
static const struct {
	const char *name;
	unsigned char header[FRAME_HEADER];
	int want;
} header_cases[] = {
	{"allowed", {100, 0, 0, 0, FRAME_TASK}, 0},
	{"one byte too long", {101, 0, 0, 0, FRAME_TASK}, -1},
	{"huge", {0xff, 0xff, 0xff, 0xff, FRAME_TASK}, -1},
	{"no type", {0, 0, 0, 0, 0}, -1},
	{"type not taken", {0, 0, 0, 0, FRAME_RESULT}, -1},
	{"unknown type", {0, 0, 0, 0, FRAME_TYPE_COUNT}, -1},
	{"type far off", {0, 0, 0, 0, 0x7f}, -1},
	{"descriptor not asked for", {0, 0, 0, 0, 0x80 | FRAME_TASK}, -1},
	{"only a descriptor", {0, 0, 0, 0, 0x80}, -1},
};

Test(frame, hostile_headers_are_refused)
{
	struct frame_reader reader;
	struct frame frame;
	size_t i;

	for (i = 0; i < COUNT(header_cases); i++) {
		struct err err = ERR_INIT;

		frame_reader_init(&reader, 100, FRAME_BIT(FRAME_TASK), false);
		cr_assert_eq(frame_reader_feed(&reader,
					       slice_of(header_cases[i].header,
							FRAME_HEADER)),
			     0);
		cr_expect_eq(frame_reader_next(&reader, &frame, &err),
			     header_cases[i].want, "%s", header_cases[i].name);
		if (header_cases[i].want < 0)
			cr_expect_eq(err.code, ERR_INTERNAL, "%s",
				     header_cases[i].name);
		frame_reader_release(&reader);
	}
}

Test(frame, memory_follows_what_arrived_not_what_was_announced)
{
	static const unsigned char header[] = {0, 0, 0, 0x3f, FRAME_TASK};
	static char bytes[50000];
	struct frame_reader reader;
	struct frame frame;
	int sockets[2], i;

	sockets_make(sockets);
	frame_reader_init(&reader, FRAME_BODY_MAX, ALL_TYPES, false);
	cr_assert_eq(write(sockets[0], header, sizeof(header)), 5);
	for (i = 0; i < 10; i++) {
		cr_assert_gt(write(sockets[0], bytes, sizeof(bytes)), 0);
		cr_assert_eq(frame_reader_fill(&reader, sockets[1], NULL),
			     FRAME_FILL_MORE);
		cr_assert_eq(frame_reader_next(&reader, &frame, NULL), 0);
	}
	cr_expect_gt(reader.bytes.len, 300000);
	cr_expect_lt(reader.bytes.cap, 3 * reader.bytes.len);
	frame_reader_release(&reader);
}

Test(frame, fill_tells_later_from_end)
{
	struct frame_reader reader;
	int sockets[2];

	sockets_make(sockets);
	frame_reader_init(&reader, 100, ALL_TYPES, false);
	cr_expect_eq(frame_reader_fill(&reader, sockets[1], NULL),
		     FRAME_FILL_LATER);
	close(sockets[0]);
	cr_expect_eq(frame_reader_fill(&reader, sockets[1], NULL),
		     FRAME_FILL_EOF);
	frame_reader_release(&reader);
}

/* A reader that takes its time: the writer goes on where it stopped. */
Test(frame, long_frames_pass_a_socket_that_is_full)
{
	struct frame_writer writer;
	struct frame_reader reader;
	struct frame frame;
	struct err err = ERR_INIT;
	size_t begin, len = (size_t)5 << 20, i, turns = 0;
	int sockets[2], w, r = 0;

	sockets_make(sockets);
	frame_writer_init(&writer, (size_t)16 << 20);
	frame_reader_init(&reader, (size_t)8 << 20, ALL_TYPES, false);
	put(&writer, FRAME_TASK, "before", -1);
	begin = frame_begin(&writer, FRAME_RESULT);
	for (i = 0; i < len; i++)
		buf_add_char(&writer.bytes, (char)(i * 7));
	cr_assert_eq(frame_end(&writer, begin, -1, &err), 0);
	w = frame_writer_flush(&writer, sockets[0], &err);
	cr_assert_eq(w, 1, "five megabytes do not fit into a socket");
	put(&writer, FRAME_STOP, "", -1);

	cr_assert_eq(frame_reader_fill(&reader, sockets[1], &err),
		     FRAME_FILL_MORE);
	expect(&reader, FRAME_TASK, "before");
	while (!(r = frame_reader_next(&reader, &frame, &err))) {
		cr_assert_geq(frame_writer_flush(&writer, sockets[0], &err), 0);
		cr_assert_eq(frame_reader_fill(&reader, sockets[1], &err),
			     FRAME_FILL_MORE);
		cr_assert_lt(++turns, 100000);
	}
	cr_assert_eq(r, 1);
	cr_assert_eq(frame.body.len, len);
	for (i = 0; i < len && frame.body.ptr[i] == (char)(i * 7); i++)
		;
	cr_assert_eq(i, len, "byte %zu differs", i);
	cr_assert_eq(frame_writer_flush(&writer, sockets[0], &err), 0);
	cr_expect_eq(frame_writer_pending(&writer), 0);
	while (!frame_reader_has(&reader))
		cr_assert_eq(frame_reader_fill(&reader, sockets[1], &err),
			     FRAME_FILL_MORE);
	expect(&reader, FRAME_STOP, "");
	cr_expect_lt(reader.bytes.cap, len, "a long frame's memory is kept");
	frame_reader_release(&reader);
	frame_writer_release(&writer);
}

/* --- The writer ----------------------------------------------------------- */

Test(frame, what_does_not_fit_is_taken_back)
{
	struct frame_writer writer;
	struct err err = ERR_INIT;
	size_t begin;

	frame_writer_init(&writer, 20);
	put(&writer, FRAME_TASK, "0123456789", -1);
	begin = frame_begin(&writer, FRAME_TASK);
	buf_add_text(&writer.bytes, "and");
	cr_expect_eq(frame_end(&writer, begin, dup(1), &err), -1);
	cr_expect_eq(err.code, ERR_LIMIT);
	cr_expect_str_eq(err.limit, "frame");
	cr_expect_eq(frame_writer_pending(&writer), FRAME_HEADER + 10);
	put(&writer, FRAME_STOP, "", -1);
	frame_writer_release(&writer);
}

Test(frame, a_closed_socket_is_an_error_and_no_signal)
{
	struct frame_writer writer;
	struct err err = ERR_INIT;
	int sockets[2];

	sockets_make(sockets);
	close(sockets[1]);
	frame_writer_init(&writer, 20);
	put(&writer, FRAME_STOP, "", -1);
	cr_expect_eq(frame_writer_flush(&writer, sockets[0], &err), -1);
	cr_expect_eq(err.code, ERR_INTERNAL);
	frame_writer_release(&writer);
}

/* --- Descriptors ---------------------------------------------------------- */

static int file_with(const char *text)
{
	int fd = descriptor_memory("test");

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

static void expect_fd(struct frame_reader *reader, int socket, const char *body,
		      const char *text)
{
	struct frame frame;
	char bytes[32];
	ssize_t len;

	while (!frame_reader_has(reader))
		cr_assert_eq(frame_reader_fill(reader, socket, NULL),
			     FRAME_FILL_MORE);
	cr_assert_eq(frame_reader_next(reader, &frame, NULL), 1);
	cr_assert(slice_is(frame.body, body));
	if (!text) {
		cr_expect_eq(frame.fd, -1, "%s", body);
		return;
	}
	cr_assert_geq(frame.fd, 0, "%s", body);
	cr_expect(fcntl(frame.fd, F_GETFD) & FD_CLOEXEC);
	len = pread(frame.fd, bytes, sizeof(bytes), 0);
	cr_expect(slice_is(slice_of(bytes, (size_t)len), text), "%s", body);
	close(frame.fd);
}

Test(frame, descriptors_stay_with_their_frames)
{
	struct frame_writer writer;
	struct frame_reader reader;
	int sockets[2], fd;
	struct err err = ERR_INIT;

	sockets_make(sockets);
	frame_writer_init(&writer, 10000);
	frame_reader_init(&reader, 1000, ALL_TYPES, true);
	put(&writer, FRAME_TASK, "plain", -1);
	fd = file_with("first");
	put(&writer, FRAME_TASK, "with one", fd);
	put(&writer, FRAME_TASK, "plain again", -1);
	put(&writer, FRAME_TASK, "with two", file_with("second"));
	put(&writer, FRAME_TASK, "with three", file_with("third"));
	put(&writer, FRAME_TASK, "end", -1);
	cr_assert_eq(frame_writer_flush(&writer, sockets[0], &err), 0, "%s",
		     err.message);
	cr_expect_eq(fcntl(fd, F_GETFD), -1, "the writer closes what it sent");
	expect_fd(&reader, sockets[1], "plain", NULL);
	expect_fd(&reader, sockets[1], "with one", "first");
	expect_fd(&reader, sockets[1], "plain again", NULL);
	expect_fd(&reader, sockets[1], "with two", "second");
	expect_fd(&reader, sockets[1], "with three", "third");
	expect_fd(&reader, sockets[1], "end", NULL);
	frame_reader_release(&reader);
	frame_writer_release(&writer);
}

Test(frame, a_descriptor_that_is_not_asked_for_never_arrives)
{
	struct frame_writer writer;
	struct frame_reader reader;
	struct frame frame;
	int sockets[2], before, after;

	sockets_make(sockets);
	frame_writer_init(&writer, 100);
	frame_reader_init(&reader, 100, ALL_TYPES, false);
	put(&writer, FRAME_TASK, "x", file_with("y"));
	cr_assert_eq(frame_writer_flush(&writer, sockets[0], NULL), 0);
	before = dup(0);
	close(before);
	cr_assert_eq(frame_reader_fill(&reader, sockets[1], NULL),
		     FRAME_FILL_MORE);
	cr_expect_eq(frame_reader_next(&reader, &frame, NULL), -1);
	after = dup(0);
	cr_expect_eq(before, after, "a descriptor came in");
	frame_reader_release(&reader);
	frame_writer_release(&writer);
}

Test(frame, a_flag_without_a_descriptor_is_an_error)
{
	static const unsigned char bytes[] = {0, 0, 0, 0, 0x80 | FRAME_TASK};
	struct frame_reader reader;
	struct frame frame;

	frame_reader_init(&reader, 100, ALL_TYPES, true);
	cr_assert_eq(frame_reader_feed(&reader, slice_of(bytes, 5)), 0);
	cr_expect_eq(frame_reader_next(&reader, &frame, NULL), -1);
	frame_reader_release(&reader);
}
