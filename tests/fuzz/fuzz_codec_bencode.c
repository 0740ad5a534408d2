/*
 * The reader of bencode.
 */
#include "fuzz/codec_fuzz.h"

FUZZ_CODEC("bencode");
