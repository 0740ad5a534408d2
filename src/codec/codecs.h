/*
 * The formats, for the table in codec.c and for each other.
 */
#ifndef CODEC_CODECS_H
#define CODEC_CODECS_H

#include "cherry/codec.h"

extern const struct codec codec_json, codec_pickle, codec_php,
	codec_itsdangerous, codec_msgpack, codec_cbor, codec_bencode,
	codec_plist, codec_xmlrpc;
#ifdef HAVE_YAML
extern const struct codec codec_yaml;
#endif

#endif
