/*
 * The reader of msgpack.
 */
#include "fuzz/codec_fuzz.h"

FUZZ_CODEC("msgpack");
