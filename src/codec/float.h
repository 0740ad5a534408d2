/*
 * Floats as the languages spell them.
 */
#ifndef CODEC_FLOAT_H
#define CODEC_FLOAT_H

#include "cherry/buf.h"

/*
 * A float as Python's float() and PHP read it: a sign, digits with at most one
 * point among them, an exponent; or nan, inf, infinity in any case. 0, or -1 if
 * it is malformed. Out of range gives an infinity.
 */
int float_parse(struct slice text, double *out);

#endif
