/*
 * Signatures as itsdangerous 2 makes them (src/itsdangerous/signer.py and
 * timed.py): key derivation, signing, verifying with every key.
 */
#ifndef CODEC_SIGNER_H
#define CODEC_SIGNER_H

#include "cherry/codec.h"

/* Checks the configuration: keys, digest, separator. ERR_BAD_ARGS "config". */
int signer_check(const struct codec_signer *signer, struct err *err) MUST_CHECK;

/* Appends separator and signature of everything in `out` from `begin` on. */
int signer_sign(const struct codec_signer *signer, struct buf *out,
		size_t begin, struct err *err) MUST_CHECK;

/* Appends separator and time, if the class has one. */
int signer_stamp(const struct codec_signer *signer, struct buf *out,
		 struct err *err) MUST_CHECK;

/*
 * Verifies a token with the signer and its fallbacks, then its age: *payload
 * is what was signed, without the time. ERR_BAD_INPUT "signature", "expired".
 */
int signer_verify(const struct codec_signer *signer, struct slice token,
		  struct slice *payload, struct codec_found *found,
		  struct err *err) MUST_CHECK;

bool signer_is_bare(const struct codec_signer *signer);
bool signer_is_urlsafe(const struct codec_signer *signer);

/* base64 for URLs, without padding. Decoding is strict: the alphabet only, no
 * padding, spare bits zero. */
int base64url_encode(struct buf *out, struct slice bytes);
int base64url_decode(struct buf *out, struct slice text) MUST_CHECK;

#endif
