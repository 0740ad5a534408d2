/*
 * Integers of any length between decimal text and bytes. Schoolbook
 * arithmetic on 64-bit limbs: the caller's limit on digits bounds the time.
 */
#ifndef CODEC_BIGINT_H
#define CODEC_BIGINT_H

#include "cherry/buf.h"
#include "cherry/err.h"
#include "cherry/value.h"

/*
 * The magnitude of a decimal integer ("-123": the sign is ignored), big endian,
 * without leading zero bytes. 0, or -1 where memory is refused or `out` full.
 */
int bigint_magnitude(struct slice decimal, struct buf *out) MUST_CHECK;

/*
 * A value from a big-endian magnitude: its negative if `negative`. Leading
 * zeros are allowed. More than `max_digits` digits is ERR_LIMIT "size".
 */
int bigint_value(struct value_doc *doc, struct slice magnitude, bool negative,
		 size_t max_digits, struct value *out,
		 struct err *err) MUST_CHECK;

/* In place on a big-endian magnitude of `len` bytes: adds or takes one. Adding
 * to all ones gives all zeros and true. */
bool bigint_increment(unsigned char *bytes, size_t len);
void bigint_decrement(unsigned char *bytes, size_t len);

#endif
