/*
 * The two halves of the json codec.
 */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include "cherry/codec.h"

int json_decode(const struct codec_options *options, struct slice input,
		struct value_doc *doc, struct codec_found *found,
		struct err *err);
int json_encode(const struct codec_options *options, struct value_doc *doc,
		struct buf *out, struct err *err);

#endif
