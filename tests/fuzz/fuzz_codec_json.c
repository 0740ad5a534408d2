/*
 * The reader of json.
 */
#include "fuzz/codec_fuzz.h"

FUZZ_CODEC("json");
