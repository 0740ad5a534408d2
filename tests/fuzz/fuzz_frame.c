/*
 * Frames and messages from the other side: the first byte says which side
 * reads and in what pieces the rest arrives. However it is cut, the same frames
 * must come out; no decoder may read past a body; what a decoder took, encoded
 * and decoded again, must be the same.
 */
#include <stdlib.h>

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

	if (message_task_decode(frame, &arena, &task, &bulk, NULL) == 0) {
		must(message_task_put(writer, &task, NULL) == 0);
		/* An empty range of no file is as good as nothing inline. */
		must(body_of(writer).len <= whole.len);
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
	arena_release(&arena);
	return 0;
}
