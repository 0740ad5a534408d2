/*
 * The reader of plist.
 */
#include "fuzz/codec_fuzz.h"

FUZZ_CODEC("plist");
