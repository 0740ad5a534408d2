/*
 * The reader of itsdangerous.
 */
#include "fuzz/codec_fuzz.h"

FUZZ_CODEC("itsdangerous");
