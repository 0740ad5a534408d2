/*
 * Digests, HMAC and comparison in constant time: the one adapter to OpenSSL.
 */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "cherry/buf.h"
#include "cherry/err.h"

#define DIGEST_MAX 64

/*
 * Digest of the parts, one after the other, by name: "sha1", "sha224",
 * "sha256", "sha384", "sha512", "md5". Returns its length in bytes, or -1 for
 * an unknown name (ERR_BAD_ARGS) or a failure of the library (ERR_INTERNAL).
 */
int digest_compute(const char *name, const struct slice *parts, size_t count,
		   unsigned char out[DIGEST_MAX], struct err *err);

/* HMAC (RFC 2104) with that digest; same results. */
int digest_hmac(const char *name, struct slice key, struct slice message,
		unsigned char out[DIGEST_MAX], struct err *err);

/* Equal bytes? Takes the same time wherever they differ. */
bool digest_equal(struct slice a, struct slice b);

#endif
