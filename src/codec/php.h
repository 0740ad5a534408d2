/*
 * The two halves of the php codec: what serialize() writes and unserialize()
 * reads (php-src, ext/standard/var.c and var_unserializer.re).
 */
#ifndef CODEC_PHP_H
#define CODEC_PHP_H

#include "cherry/codec.h"

int php_decode(const struct codec_options *options, struct slice input,
	       struct value_doc *doc, struct codec_found *found,
	       struct err *err);
int php_encode(const struct codec_options *options, struct value_doc *doc,
	       struct buf *out, struct err *err);

/* Is it text that PHP takes as an integer when it is a key: "0", "-5", no
 * leading zeros, within 64 bits? */
bool php_integer_key(struct slice text, int64_t *out);

#endif
