/*
 * Text helpers: UTF-8 (RFC 3629), base64 (RFC 4648), strict numbers, sizes and
 * durations as configuration writes them.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "cherry/buf.h"
#include "cherry/err.h"

/* Offset of the first byte that is not UTF-8, or `text.len` if all is. */
size_t utf8_check(struct slice text);

/* Decodes the character at text[*pos] and moves on. -1 if it is not UTF-8
 * (then *pos moves by one byte). */
int32_t utf8_next(struct slice text, size_t *pos);

/* Writes a code point (surrogates too, as WTF-8). Returns 1 to 4 bytes. */
size_t utf8_put(char out[4], uint32_t code);

/* Appends the standard alphabet with padding. 0, or -1 past the cap. */
int base64_encode(struct buf *out, struct slice bytes);

/*
 * Appends the bytes of standard base64. Padding may be missing; anything
 * outside the alphabet, spare bits that are not zero, and a length that no
 * encoder makes are errors: -1 with *offset of the fault (may be NULL).
 * -1 with out->failed where the cap was reached.
 */
int base64_decode(struct buf *out, struct slice text, size_t *offset);

/* Whole text as a decimal int64, no plus, no spaces. 0, or -1. */
int text_int64(struct slice text, int64_t *out);

/* "16M", "64k", "2G", "100": bytes, powers of 1024. 0, or -1. */
int text_size(struct slice text, uint64_t *out);

/* "2s", "1.5s", "10m", "1h", "250ms", "3d", or bare seconds. 0, or -1. */
int text_duration(struct slice text, double *seconds);

#endif
