/*
 * What every reader's fuzz target does: read the bytes in little memory; what is
 * a value is written in every format, and its own format reads back what it
 * wrote and writes the same bytes again.
 */
#ifndef FUZZ_CODEC_FUZZ_H
#define FUZZ_CODEC_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "cherry/codec.h"

#define FUZZ_MEMORY ((size_t)64 << 20)

static void fuzz_fail(const char *what, const char *format,
		      const struct err *err)
{
	fprintf(stderr, "%s: %s: %s\n", format, what, err->message);
	abort();
}

static struct codec_options fuzz_options(void)
{
	static struct slice key = SLICE("secret-key");
	static struct codec_signer signer;
	struct codec_options options;

	codec_options_init(&options);
	codec_signer_init(&signer);
	signer.now = signer.timestamp = 1308960000;
	signer.keys = &key;
	signer.key_count = 1;
	options.signer = &signer;
	options.protocol = 4;
	options.max_values = 100000; /* an execution is to be short */
	return options;
}

/* Writes in the document's own format, reads that, writes it again. */
static void fuzz_again(const struct codec *codec,
		       const struct codec_options *options,
		       struct value_doc *doc)
{
	struct err err = ERR_INIT;
	struct value_doc back;
	struct arena arena;
	struct buf first, second;

	buf_init(&first, FUZZ_MEMORY);
	buf_init(&second, FUZZ_MEMORY);
	arena_init(&arena, FUZZ_MEMORY);
	value_doc_init(&back, &arena);
	if (!codec_encode(codec, options, doc, &first, &err)) {
		if (codec_decode(codec, options, buf_slice(&first), &back, NULL,
				 &err) &&
		    err.code != ERR_LIMIT)
			fuzz_fail("does not read what it wrote", codec->name,
				  &err);
		if (err.code == ERR_NONE &&
		    codec_encode(codec, options, &back, &second, &err))
			fuzz_fail("does not write it again", codec->name, &err);
		if (err.code == ERR_NONE &&
		    !slice_equal(buf_slice(&first), buf_slice(&second)))
			fuzz_fail("writes something else", codec->name, &err);
	} else if (err.code != ERR_UNSUPPORTED && err.code != ERR_LIMIT) {
		fuzz_fail("wrong code", codec->name, &err);
	}
	arena_release(&arena);
	buf_release(&first);
	buf_release(&second);
}

static int fuzz_codec(const char *name, const uint8_t *data, size_t size)
{
	const struct codec *codec = codec_find(slice_text(name));
	struct codec_options options = fuzz_options();
	struct err err = ERR_INIT;
	struct value_doc doc;
	struct arena arena;
	struct buf out;

	if (!codec)
		return 0;
	arena_init(&arena, FUZZ_MEMORY);
	value_doc_init(&doc, &arena);
	if (codec_decode(codec, &options, slice_of(data, size), &doc, NULL,
			 &err)) {
		if (!err.message[0] || !err.reason[0] ||
		    (err.code != ERR_BAD_INPUT && err.code != ERR_LIMIT))
			fuzz_fail("error without a class", name, &err);
		arena_release(&arena);
		return 0;
	}
	options.lossy = true;
	buf_init(&out, FUZZ_MEMORY);
	for (size_t i = 0; codec_table[i]; i++) {
		struct err fault = ERR_INIT;
		buf_clear(&out);
		if (codec_encode(codec_table[i], &options, &doc, &out,
				 &fault) &&
		    (!fault.message[0] || !fault.reason[0]))
			fuzz_fail("error without a class", codec_table[i]->name,
				  &fault);
	}
	buf_release(&out);
	fuzz_again(codec, &options, &doc);
	arena_release(&arena);
	return 0;
}

#define FUZZ_CODEC(name)                                                       \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);          \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)           \
	{                                                                      \
		return fuzz_codec(name, data, size);                           \
	}                                                                      \
	extern int fuzz_codec_ends_here

#endif
