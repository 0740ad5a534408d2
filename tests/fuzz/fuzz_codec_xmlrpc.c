/*
 * The reader of xmlrpc.
 */
#include "fuzz/codec_fuzz.h"

FUZZ_CODEC("xmlrpc");
