/*
 * The formats of serialize, behind one table: json, pickle, php, itsdangerous,
 * msgpack, cbor, bencode, yaml, plist, xmlrpc.
 *
 * Readers and writers are exact: what a format cannot hold is an error that
 * names the value's path, unless `lossy` asks for what the format's reference
 * program does. Errors carry a class in `reason`: truncated, syntax, trailing,
 * depth, size, range, encoding, type, key, duplicate, cycle, unsafe, signature,
 * expired, payload, config. Codes: ERR_BAD_INPUT for what was read, ERR_LIMIT
 * for depth and size, ERR_UNSUPPORTED for what cannot be written, ERR_BAD_ARGS
 * for a misconfigured signer.
 */
#ifndef CHERRY_CODEC_H
#define CHERRY_CODEC_H

#include "cherry/buf.h"
#include "cherry/err.h"
#include "cherry/value.h"

struct codec;

enum codec_style {
	CODEC_STYLE_COMPACT, /* {"a":1,"b":[2]} */
	CODEC_STYLE_PYTHON,  /* {"a": 1, "b": [2]}, as json.dumps writes */
	CODEC_STYLE_PRETTY   /* one item a line, two spaces a level */
};

enum signer_class {
	SIGNER_URLSAFE,
	SIGNER_URLSAFE_TIMED,
	SIGNER_SERIALIZER,
	SIGNER_SERIALIZER_TIMED,
	SIGNER_BARE,
	SIGNER_BARE_TIMED
};

enum signer_derivation {
	SIGNER_DJANGO_CONCAT,
	SIGNER_CONCAT,
	SIGNER_HMAC,
	SIGNER_NONE
};

struct codec_options;

/*
 * How an itsdangerous token is signed. Slices are borrowed for the length of
 * the call. signer_defaults fills what is not given.
 */
struct codec_signer {
	enum signer_class class;
	const struct slice *keys; /* oldest first; the last one signs */
	size_t key_count;
	struct slice salt;
	bool salt_given; /* false: the class's own */
	enum signer_derivation derivation;
	const char *digest;	   /* "sha1" */
	struct slice sep;	   /* "." */
	const struct codec *inner; /* of the payload; NULL: json */
	const struct codec_options *inner_options; /* NULL: the defaults */
	/* Ways in which a token may have been signed as well. */
	const struct codec_signer *fallbacks;
	size_t fallback_count;
	bool max_age_given;
	double max_age;	  /* seconds */
	double now;	  /* Unix time for the age when reading */
	double timestamp; /* Unix time that is stamped when writing */
	double epoch;	  /* what the stamp counts from; 0 */
};

/* The defaults of itsdangerous, no key, now and timestamp the real time. */
void codec_signer_init(struct codec_signer *signer);

/* Does the class stamp a time? */
bool codec_signer_is_timed(const struct codec_signer *signer);

/* The options that Python's classes give their payload: json compact for URLs,
 * else as json.dumps; pickle protocol 4. */
void codec_signer_inner_defaults(const struct codec_signer *signer,
				 struct codec_options *options);

struct codec_options {
	int protocol; /* pickle: 0 to 5 */
	enum codec_style style;
	bool ascii;	    /* json: escape everything else */
	bool sort_keys;	    /* json */
	bool deterministic; /* cbor: RFC 8949, 4.2.1 */
	bool lossy;
	bool unique; /* json, reading: an equal key is an error */
	/* itsdangerous; NULL is ERR_BAD_ARGS "config". */
	const struct codec_signer *signer;
	size_t max_depth;    /* levels of containers */
	uint64_t max_values; /* read, or written after copying shared ones */
	size_t max_digits;   /* of an integer */
	size_t max_inflate;  /* bytes of a payload after inflating */
};

/* Protocol 0, compact, exact; depth 1000, 10^7 values, 10^4 digits, 16 MiB. */
void codec_options_init(struct codec_options *options);

/* What reading found out beside the value. */
struct codec_found {
	bool timed;
	int64_t timestamp; /* of a token, Unix time */
};

struct codec {
	const char *name;
	const char *summary; /* one line */
	/* Reads all of `input` into doc->root. `found` is cleared already. */
	int (*decode)(const struct codec_options *options, struct slice input,
		      struct value_doc *doc, struct codec_found *found,
		      struct err *err);
	/* Appends doc->root to `out`, whose `max` bounds the output. Uses the
	 * document's marks and memory, leaves its values as they are. */
	int (*encode)(const struct codec_options *options,
		      struct value_doc *doc, struct buf *out, struct err *err);
	/* Nodes may be shared in the output: a cycle is none of its errors. */
	bool shares;
};

/* All formats, in the order of the manual; NULL at the end. */
extern const struct codec *const codec_table[];

/* The format of that name, or NULL. */
const struct codec *codec_find(struct slice name);

/* Touches what libraries load at their first use: for before a sandbox closes.
 * 0, or -1. */
int codec_warm(struct err *err);

/* Reads with that codec: the checks common to all, then its decode. `found`
 * may be NULL. */
int codec_decode(const struct codec *codec, const struct codec_options *options,
		 struct slice input, struct value_doc *doc,
		 struct codec_found *found, struct err *err) MUST_CHECK;

/*
 * Reads with the first format that the bytes look like and that takes them
 * whole; `which` says which it was. ERR_BAD_INPUT "syntax" if none does.
 * Tokens are tried only where the options have a signer.
 */
int codec_decode_auto(const struct codec_options *options, struct slice input,
		      struct value_doc *doc, struct codec_found *found,
		      const struct codec **which, struct err *err) MUST_CHECK;

/* Writes with that codec: refuses cycles and shared nodes whose copies pass
 * the limits first, where the format cannot share. */
int codec_encode(const struct codec *codec, const struct codec_options *options,
		 struct value_doc *doc, struct buf *out,
		 struct err *err) MUST_CHECK;

#endif
