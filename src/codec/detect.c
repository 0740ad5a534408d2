/*
 * Guessing a format: candidates by the first bytes, then by reading. The first
 * that takes all of the input wins, in an order in which the formats that are
 * hardest to hit by accident come first.
 */
#include "codec/codecs.h"
#include "codec/fail.h"

#define CANDIDATES 12

struct candidates {
	const struct codec *list[CANDIDATES];
	size_t count;
};

static void add(struct candidates *candidates, const struct codec *codec)
{
	candidates->list[candidates->count++] = codec;
}

static struct slice skip_blank(struct slice text)
{
	while (text.len && memchr(" \t\r\n", *text.ptr, 4))
		text = slice_of(text.ptr + 1, text.len - 1);
	return text;
}

static bool looks_like_php(struct slice input)
{
	return input.len >= 2 &&
	       (slice_starts(input, SLICE("N;")) ||
		(memchr("abdisSOCE", *input.ptr, 9) && input.ptr[1] == ':'));
}

static bool looks_like_bencode(struct slice input)
{
	return input.len >= 2 && memchr("dil0123456789", *input.ptr, 13) &&
	       (input.ptr[input.len - 1] == 'e' ||
		memchr(input.ptr, ':', input.len));
}

#ifdef HAVE_YAML
static bool looks_like_yaml(struct slice input)
{
	return slice_starts(input, SLICE("---")) ||
	       slice_starts(input, SLICE("%YAML")) ||
	       memmem(input.ptr, input.len, ": ", 2) ||
	       memmem(input.ptr, input.len, ":\n", 2) ||
	       slice_starts(input, SLICE("- "));
}

#endif

/* Opcodes with which a pickle of protocol 0 or 1 can begin, and its end. */
static bool looks_like_old_pickle(struct slice input)
{
	return input.len >= 2 && input.ptr[input.len - 1] == '.' &&
	       memchr("(IFLVSNKMJGXTU])}c", *input.ptr, 18);
}

static void list_text(struct candidates *candidates,
		      const struct codec_options *options, struct slice input)
{
	struct slice text = skip_blank(input);

	if (!text.len)
		return;
	if (*text.ptr == '<') {
		if (memmem(text.ptr, text.len, "<plist", 6))
			add(candidates, &codec_plist);
		add(candidates, &codec_xmlrpc);
	}
	if (memchr("{[\"-0123456789tfn", *text.ptr, 17))
		add(candidates, &codec_json);
	if (looks_like_php(input))
		add(candidates, &codec_php);
	if (options->signer &&
	    memmem(input.ptr, input.len, options->signer->sep.ptr,
		   options->signer->sep.len))
		add(candidates, &codec_itsdangerous);
	if (looks_like_bencode(input))
		add(candidates, &codec_bencode);
}

static void list_candidates(struct candidates *candidates,
			    const struct codec_options *options,
			    struct slice input)
{
	unsigned char first = (unsigned char)*input.ptr;

	if (first == 0x80 && input.len > 2 &&
	    (unsigned char)input.ptr[1] <= 5 && input.ptr[1] >= 2)
		add(candidates, &codec_pickle);
	if (slice_starts(input, SLICE("\xd9\xd9\xf7")))
		add(candidates, &codec_cbor);
	list_text(candidates, options, input);
	if (looks_like_old_pickle(input))
		add(candidates, &codec_pickle);
#ifdef HAVE_YAML
	if (first >= 0x20 && first < 0x7f && looks_like_yaml(input))
		add(candidates, &codec_yaml);
#endif
	add(candidates, &codec_msgpack);
	add(candidates, &codec_cbor);
}

int codec_decode_auto(const struct codec_options *options, struct slice input,
		      struct value_doc *doc, struct codec_found *found,
		      const struct codec **which, struct err *err)
{
	struct candidates candidates = {.count = 0};
	struct err first = ERR_INIT;
	bool token = false;

	*which = NULL;
	if (!input.len)
		return fail_read(err, "truncated", 0, "the input is empty");
	list_candidates(&candidates, options, input);
	for (size_t i = 0; i < candidates.count; i++) {
		struct err fault = ERR_INIT;
		value_doc_init(doc, doc->arena);
		if (!codec_decode(candidates.list[i], options, input, doc,
				  found, &fault)) {
			*which = candidates.list[i];
			return 0;
		}
		/* What one format knows to be hostile or signed by somebody
		 * else is not tried as another. */
		if (!strcmp(fault.reason, "unsafe") ||
		    !strcmp(fault.reason, "expired") ||
		    fault.code == ERR_LIMIT) {
			if (err)
				*err = fault;
			return -1;
		}
		/* A token whose signature is wrong is most likely a token. */
		if (!strcmp(fault.reason, "signature"))
			token = true;
		if (i == 0 || !strcmp(fault.reason, "signature"))
			first = fault;
	}
	if (token) {
		if (err)
			*err = first;
		return -1;
	}
	return fail_read(err, "syntax", -1,
			 "the input is of no known format; as %s: %.300s",
			 candidates.list[0]->name, first.message);
}
