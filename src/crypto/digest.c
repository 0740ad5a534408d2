/*
 * Digests and HMAC by OpenSSL's EVP interface, which takes its algorithms by
 * name, and comparison in constant time.
 */
#include "crypto/digest.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

/* Ours and nothing else: OpenSSL knows more names than the contract. */
static const char *const names[] = {"sha1",   "sha224", "sha256",
				    "sha384", "sha512", "md5"};

static const EVP_MD *algorithm_find(const char *name, struct err *err)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		const EVP_MD *algorithm = EVP_get_digestbyname(name);
		if (!algorithm)
			err_set(err, ERR_INTERNAL,
				"the crypto library has no %s", name);
		return algorithm;
	}
	char quoted[64];
	err_quote(quoted, sizeof(quoted) - 4, slice_text(name));
	err_set(err, ERR_BAD_ARGS,
		"digest: \"%s\" is not one of sha1, sha224, sha256, sha384, "
		"sha512, md5",
		quoted);
	return NULL;
}

int digest_compute(const char *name, const struct slice *parts, size_t count,
		   unsigned char out[DIGEST_MAX], struct err *err)
{
	const EVP_MD *algorithm = algorithm_find(name, err);
	if (!algorithm)
		return -1;
	unsigned length = 0;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int good = context && EVP_DigestInit_ex(context, algorithm, NULL);
	for (size_t i = 0; good && i < count; i++)
		good = EVP_DigestUpdate(context, parts[i].ptr, parts[i].len);
	good = good && EVP_DigestFinal_ex(context, out, &length);
	EVP_MD_CTX_free(context);
	if (!good)
		return err_set(err, ERR_INTERNAL, "the digest %s failed", name);
	return (int)length;
}

int digest_hmac(const char *name, struct slice key, struct slice message,
		unsigned char out[DIGEST_MAX], struct err *err)
{
	const EVP_MD *algorithm = algorithm_find(name, err);
	if (!algorithm)
		return -1;
	unsigned length = 0;
	if (key.len > INT_MAX)
		return err_set(err, ERR_BAD_ARGS, "the key is too long");
	/* A NULL key would mean "the one of the last call". */
	if (!HMAC(algorithm, key.len ? key.ptr : "", (int)key.len,
		  (const unsigned char *)(message.len ? message.ptr : ""),
		  message.len, out, &length))
		return err_set(err, ERR_INTERNAL, "HMAC with %s failed", name);
	return (int)length;
}

bool digest_equal(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	return a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0;
}
