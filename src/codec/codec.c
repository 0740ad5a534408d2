/*
 * The table of formats, the defaults, and what all of them share: refusing
 * cycles and copies without end before anything is written, and guessing a
 * format from its bytes.
 */
#include "cherry/codec.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "codec/codecs.h"
#include "codec/fail.h"
#include "crypto/digest.h"
#include "markup/markup.h"

#define COPIES_FREE	  1000000 /* values that any document may grow to */
#define COPIES_FACTOR	  16
#define COPIES_FREE_BYTES ((uint64_t)16 << 20)

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

/* May the document be written with its shared nodes copied? Honest sharing makes
 * a document a few times as large; what makes it a thousand times as large is
 * meant to. */
static int check_copies(const struct codec *codec,
			const struct codec_options *options,
			const struct value_doc *doc, struct err *err)
{
	uint64_t values = doc->own_values * COPIES_FACTOR + COPIES_FREE;

	if (doc->cyclic)
		return err_reason(err, ERR_UNSUPPORTED, "cycle",
				  "a value that contains itself cannot be "
				  "written as %s",
				  codec->name);
	if (values > options->max_values)
		values = options->max_values;
	if (doc->expanded_values > values)
		return fail_limit(err, "values",
				  doc->expanded_values > INT64_MAX
					  ? INT64_MAX
					  : (int64_t)doc->expanded_values,
				  "size",
				  "with its shared values copied the output "
				  "holds more than %llu values",
				  (unsigned long long)values);
	uint64_t bytes = (uint64_t)doc->arena->used * COPIES_FACTOR / 4 +
			 COPIES_FREE_BYTES;
	if (doc->expanded_bytes > bytes)
		return fail_limit(err, "bytes",
				  doc->expanded_bytes > INT64_MAX
					  ? INT64_MAX
					  : (int64_t)doc->expanded_bytes,
				  "size",
				  "with its shared values copied the output "
				  "holds more than %llu bytes of text",
				  (unsigned long long)bytes);
	return 0;
}

int codec_encode(const struct codec *codec, const struct codec_options *options,
		 struct value_doc *doc, struct buf *out, struct err *err)
{
	if (doc->shared && (doc->copied || !codec->shares) &&
	    check_copies(codec, options, doc, err))
		return -1;
	if (codec->encode(options, doc, out, err))
		return out->failed && (!err || err->code == ERR_NONE)
			       ? fail_output(err, out)
			       : -1;
	return out->failed ? fail_output(err, out) : 0;
}
