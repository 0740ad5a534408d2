/*
 * The reader of cbor.
 */
#include "fuzz/codec_fuzz.h"

FUZZ_CODEC("cbor");
