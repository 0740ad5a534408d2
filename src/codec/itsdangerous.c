/*
 * Signed tokens as itsdangerous writes and reads them: any format as the
 * payload, compressed where that pays, base64 for URLs, with or without a time.
 *
 * The order of failure is signature, time, payload: nothing of a payload is
 * looked at, let alone inflated, before its signature holds.
 */
#include <stdio.h>

#include "base/text.h"
#include "codec/codecs.h"
#include "codec/deflate.h"
#include "codec/fail.h"
#include "codec/signer.h"

#define PICKLE_DEFAULT 4 /* of Python's own pickle.dumps */

void codec_signer_inner_defaults(const struct codec_signer *signer,
				 struct codec_options *options)
{
	bool urlsafe = signer_is_urlsafe(signer);

	options->style = urlsafe ? CODEC_STYLE_COMPACT : CODEC_STYLE_PYTHON;
	options->ascii = !urlsafe;
	options->sort_keys = false;
	options->deterministic = false;
	options->protocol = PICKLE_DEFAULT;
}

/* The options of the payload: the signer's, or what Python's classes use. */
static struct codec_options inner_options(const struct codec_options *options)
{
	const struct codec_signer *signer = options->signer;
	struct codec_options inner = *options;

	if (signer->inner_options)
		return *signer->inner_options;
	codec_signer_inner_defaults(signer, &inner);
	inner.signer = NULL;
	return inner;
}

static const struct codec *inner_codec(const struct codec_signer *signer)
{
	return signer->inner ? signer->inner : &codec_json;
}

/* --- Reading -------------------------------------------------------------- */

static int fail_payload(struct err *err, const char *message)
{
	return fail_read(err, "payload", -1, "the payload %s", message);
}

/* What the payload's own format says against it, as a fault of the payload;
 * limits and what is unsafe stay what they are. */
static int wrap_error(struct err *err)
{
	struct err inner;

	if (!err || err->code != ERR_BAD_INPUT ||
	    !strcmp(err->reason, "unsafe"))
		return -1;
	inner = *err;
	return fail_read(err, "payload", -1, "the payload: %.400s",
			 inner.message);
}

static int decode_payload(const struct codec_options *options,
			  struct slice payload, struct value_doc *doc,
			  struct err *err)
{
	struct codec_options inner = inner_options(options);
	struct codec_found ignored = {0};
	const struct codec *codec = inner_codec(options->signer);

	return codec->decode(&inner, payload, doc, &ignored, err)
		       ? wrap_error(err)
		       : 0;
}

static int decode_inflated(const struct codec_options *options,
			   struct slice stream, struct value_doc *doc,
			   struct err *err)
{
	struct buf plain;
	int r;

	buf_init(&plain, options->max_inflate);
	if (!deflate_inflate(stream, &plain))
		r = decode_payload(options, buf_slice(&plain), doc, err);
	else if (plain.failed)
		r = fail_limit(err, "inflate", (int64_t)options->max_inflate,
			       "size",
			       "the payload inflates to more than %zu bytes",
			       options->max_inflate);
	else
		r = fail_payload(err, "is no zlib stream");
	buf_release(&plain);
	return r;
}

static int decode_urlsafe(const struct codec_options *options,
			  struct slice payload, struct value_doc *doc,
			  struct err *err)
{
	bool compressed = payload.len && *payload.ptr == '.';
	struct buf bytes;
	int r;

	if (compressed)
		payload = slice_of(payload.ptr + 1, payload.len - 1);
	buf_init(&bytes, payload.len + 4);
	if (base64url_decode(&bytes, payload))
		r = fail_payload(err, "is not base64");
	else if (compressed)
		r = decode_inflated(options, buf_slice(&bytes), doc, err);
	else
		r = decode_payload(options, buf_slice(&bytes), doc, err);
	buf_release(&bytes);
	return r;
}

static int itsdangerous_decode(const struct codec_options *options,
			       struct slice input, struct value_doc *doc,
			       struct codec_found *found, struct err *err)
{
	const struct codec_signer *signer = options->signer;
	struct slice payload = {0};

	if (signer_check(signer, err) ||
	    signer_verify(signer, input, &payload, found, err))
		return -1;
	if (signer_is_bare(signer))
		return value_text(doc,
				  utf8_check(payload) == payload.len
					  ? VALUE_TEXT
					  : VALUE_BYTES,
				  payload, &doc->root, err);
	if (signer_is_urlsafe(signer))
		return decode_urlsafe(options, payload, doc, err);
	return decode_payload(options, payload, doc, err);
}

/* --- Writing -------------------------------------------------------------- */

/* The payload for URLs: compressed if that saves two bytes or more. */
static int put_urlsafe(struct slice payload, struct buf *out)
{
	struct buf stream;

	buf_init(&stream, payload.len + payload.len / 512 + 128);
	if (!payload.ptr)
		payload = SLICE("");
	int r = deflate_compress(payload, &stream);
	if (!r && stream.len + 1 < payload.len) {
		buf_add_char(out, '.');
		payload = buf_slice(&stream);
	}
	if (!r)
		r = base64url_encode(out, payload);
	else
		out->failed = true;
	buf_release(&stream);
	return r;
}

static int put_payload(const struct codec_options *options,
		       struct value_doc *doc, struct buf *out, struct err *err)
{
	const struct codec_signer *signer = options->signer;
	struct codec_options inner = inner_options(options);

	if (!signer_is_urlsafe(signer))
		return codec_encode(inner_codec(signer), &inner, doc, out, err);
	struct buf payload;
	buf_init(&payload, out->max);
	int r = codec_encode(inner_codec(signer), &inner, doc, &payload, err);
	if (!r)
		r = put_urlsafe(buf_slice(&payload), out);
	buf_release(&payload);
	return r;
}

static int put_bare(struct value value, struct buf *out, struct err *err)
{
	if (!value_is_text(value))
		return err_reason(err, ERR_UNSUPPORTED, "type",
				  "$: %s cannot be signed as it is; it must be "
				  "text or a byte string",
				  value_kind_name((enum value_kind)value.kind));
	if (value.kind == VALUE_TEXT &&
	    utf8_check(value_bytes(value)) != value.text->len)
		return err_reason(err, ERR_UNSUPPORTED, "encoding",
				  "$: text with a lone surrogate cannot be "
				  "signed");
	return buf_add_slice(out, value_bytes(value));
}

static int itsdangerous_encode(const struct codec_options *options,
			       struct value_doc *doc, struct buf *out,
			       struct err *err)
{
	const struct codec_signer *signer = options->signer;
	size_t begin = out->len;
	int r;

	if (signer_check(signer, err))
		return -1;
	if (signer_is_bare(signer))
		r = put_bare(doc->root, out, err);
	else
		r = put_payload(options, doc, out, err);
	if (r || signer_stamp(signer, out, err))
		return -1;
	return signer_sign(signer, out, begin, err);
}

const struct codec codec_itsdangerous = {
	.name = "itsdangerous",
	.summary = "signed tokens of itsdangerous and Flask",
	.decode = itsdangerous_decode,
	.encode = itsdangerous_encode,
	/* It is for the payload's format to say. */
	.shares = true,
};
