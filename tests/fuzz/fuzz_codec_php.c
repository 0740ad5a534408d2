/*
 * The reader of php.
 */
#include "fuzz/codec_fuzz.h"

FUZZ_CODEC("php");
