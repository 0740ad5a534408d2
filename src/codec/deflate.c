/*
 * zlib streams, compressed in one go and inflated in steps under a limit.
 */
#include "codec/deflate.h"

#include <limits.h>
#include <zlib.h>

#define STEP 16384

int deflate_compress(struct slice bytes, struct buf *out)
{
	uLong bound = compressBound(bytes.len);

	if (buf_reserve(out, bound))
		return -1;
	uLongf len = bound;
	if (compress2((Bytef *)out->ptr + out->len, &len,
		      (const Bytef *)bytes.ptr, bytes.len,
		      Z_DEFAULT_COMPRESSION) != Z_OK) {
		out->failed = true;
		return -1;
	}
	out->len += len;
	return 0;
}

/* One step; Z_OK if there is more to come. */
static int inflate_step(z_stream *stream, struct buf *out)
{
	size_t room = out->max - out->len < STEP ? out->max - out->len : STEP;

	/* A stream that fills the limit exactly ends in a step of no room. */
	if (room && buf_reserve(out, room))
		return Z_MEM_ERROR;
	unsigned char none;
	stream->next_out = room ? (Bytef *)out->ptr + out->len : &none;
	stream->avail_out = room ? (uInt)room : 1;
	int r = inflate(stream, Z_NO_FLUSH);
	if (!room && !stream->avail_out) {
		out->failed = true;
		return Z_MEM_ERROR;
	}
	if (room)
		out->len += room - stream->avail_out;
	return r;
}

int deflate_inflate(struct slice bytes, struct buf *out)
{
	z_stream stream = {0};
	int r;

	if (bytes.len > UINT_MAX || inflateInit(&stream) != Z_OK) {
		out->failed = true;
		return -1;
	}
	stream.next_in = (Bytef *)(uintptr_t)bytes.ptr;
	stream.avail_in = (uInt)bytes.len;
	do
		r = inflate_step(&stream, out);
	while (r == Z_OK);
	inflateEnd(&stream);
	return r == Z_STREAM_END ? 0 : -1;
}
