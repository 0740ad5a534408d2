/*
 * zlib streams: the one adapter to zlib.
 */
#ifndef CODEC_DEFLATE_H
#define CODEC_DEFLATE_H

#include "cherry/buf.h"

/* Appends the stream as Python's zlib.compress writes it (level 6). */
int deflate_compress(struct slice bytes, struct buf *out) MUST_CHECK;

/*
 * Appends what a stream holds; bytes after its end are ignored, as in Python.
 * -1: malformed or cut; -1 with out->failed: more than out->max.
 */
int deflate_inflate(struct slice stream, struct buf *out) MUST_CHECK;

#endif
