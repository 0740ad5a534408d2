/*
 * The two halves of the yaml codec, which is there where libyaml is.
 */
#ifndef CODEC_YAML_H
#define CODEC_YAML_H

#include "cherry/codec.h"

int yaml_decode(const struct codec_options *options, struct slice input,
		struct value_doc *doc, struct codec_found *found,
		struct err *err);
int yaml_encode(const struct codec_options *options, struct value_doc *doc,
		struct buf *out, struct err *err);

#endif
