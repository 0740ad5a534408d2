/*
 * The reader of yaml.
 */
#include "fuzz/codec_fuzz.h"

FUZZ_CODEC("yaml");
