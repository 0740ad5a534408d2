/*
 * The reader of pickle.
 */
#include "fuzz/codec_fuzz.h"

FUZZ_CODEC("pickle");
