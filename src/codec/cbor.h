/*
 * The two halves of the cbor codec (RFC 8949).
 */
#ifndef CODEC_CBOR_H
#define CODEC_CBOR_H

#include "cherry/codec.h"

enum cbor_major {
	CBOR_UNSIGNED,
	CBOR_NEGATIVE,
	CBOR_BYTES,
	CBOR_TEXT,
	CBOR_ARRAY,
	CBOR_MAP,
	CBOR_TAG,
	CBOR_SIMPLE
};

#define CBOR_TAG_POSITIVE 2
#define CBOR_TAG_NEGATIVE 3
#define CBOR_TAG_SET	  258	/* IANA registry */
#define CBOR_TAG_SELF	  55799 /* RFC 8949, 3.4.6: says only "this is CBOR" */

int cbor_decode(const struct codec_options *options, struct slice input,
		struct value_doc *doc, struct codec_found *found,
		struct err *err);
int cbor_encode(const struct codec_options *options, struct value_doc *doc,
		struct buf *out, struct err *err);

#endif
