/*
 * The table of formats, the defaults, and what all of them share: refusing
 * cycles and copies without end before anything is written, and guessing a
 * format from its bytes.
 */
#include "cherry/codec.h"

#include "base/clock.h"
#include "base/hash.h"
#include "codec/codecs.h"
#include "codec/fail.h"
#include "crypto/digest.h"
#include "markup/markup.h"

const struct codec *const codec_table[] = {
	&codec_json,	     &codec_pickle,  &codec_php,
	&codec_itsdangerous, &codec_msgpack, &codec_cbor,
	&codec_bencode,
#ifdef HAVE_YAML
	&codec_yaml,
#endif
	&codec_plist,	     &codec_xmlrpc,  NULL};

void codec_options_init(struct codec_options *options)
{
	*options = (struct codec_options){
		.max_depth = 1000,
		.max_values = 10 * 1000 * 1000,
		.max_digits = 10000,
		.max_inflate = 16 * 1024 * 1024,
	};
}

void codec_signer_init(struct codec_signer *signer)
{
	double now = clock_real();

	*signer = (struct codec_signer){
		.digest = "sha1",
		.sep = SLICE("."),
		.now = now,
		.timestamp = now,
	};
}

const struct codec *codec_find(struct slice name)
{
	for (size_t i = 0; codec_table[i]; i++)
		if (slice_is(name, codec_table[i]->name))
			return codec_table[i];
	return NULL;
}

int codec_warm(struct err *err)
{
	static const char *const names[] = {"sha1",   "sha224", "sha256",
					    "sha384", "sha512", "md5"};
	unsigned char digest[DIGEST_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (digest_hmac(names[i], SLICE("k"), SLICE("m"), digest, err) <
		    0)
			return -1;
	(void)hash_seed();
	markup_init();
	return 0;
}

int codec_decode(const struct codec *codec, const struct codec_options *options,
		 struct slice input, struct value_doc *doc,
		 struct codec_found *found, struct err *err)
{
	struct codec_found ignored;

	if (!found)
		found = &ignored;
	*found = (struct codec_found){0};
	if (input.len > UINT32_MAX - 64)
		return fail_limit(err, "input", (int64_t)input.len, "size",
				  "the input is larger than 4 GiB");
	return codec->decode(options, input, doc, found, err);
}

int codec_encode(const struct codec *codec, const struct codec_options *options,
		 struct value_doc *doc, struct buf *out, struct err *err)
{
	if (doc->shared && (doc->copied || !codec->shares)) {
		if (doc->cyclic)
			return err_reason(err, ERR_UNSUPPORTED, "cycle",
					  "a value that contains itself cannot "
					  "be written as %s",
					  codec->name);
		if (doc->expanded_values > options->max_values)
			return fail_limit(
				err, "values", INT64_MAX, "size",
				"with its shared values copied the "
				"output holds more than %llu values",
				(unsigned long long)options->max_values);
		if (doc->expanded_bytes > out->max)
			return fail_output(err, out);
	}
	if (codec->encode(options, doc, out, err))
		return out->failed && (!err || err->code == ERR_NONE)
			       ? fail_output(err, out)
			       : -1;
	return out->failed ? fail_output(err, out) : 0;
}
