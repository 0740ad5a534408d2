/*
 * Signatures of itsdangerous. Secrets and tokens never appear in messages.
 */
#include "codec/signer.h"

#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "codec/fail.h"
#include "crypto/digest.h"

/* A separator that is part of this is a mistake: tokens could not be split. */
static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=";

#define TIME_MAX 253402300799 /* the end of the year 9999 */

bool codec_signer_is_timed(const struct codec_signer *signer)
{
	return signer->class == SIGNER_URLSAFE_TIMED ||
	       signer->class == SIGNER_SERIALIZER_TIMED ||
	       signer->class == SIGNER_BARE_TIMED;
}

bool signer_is_bare(const struct codec_signer *signer)
{
	return signer->class == SIGNER_BARE ||
	       signer->class == SIGNER_BARE_TIMED;
}

bool signer_is_urlsafe(const struct codec_signer *signer)
{
	return signer->class == SIGNER_URLSAFE ||
	       signer->class == SIGNER_URLSAFE_TIMED;
}

static int fail_config(struct err *err, const char *message)
{
	return err_reason(err, ERR_BAD_ARGS, "config", "%s", message);
}

static int fail_signature(struct err *err, const char *message)
{
	return fail_read(err, "signature", -1, "%s", message);
}

static int check_one(const struct codec_signer *signer, struct err *err)
{
	unsigned char digest[DIGEST_MAX];
	struct err ignored = ERR_INIT;

	if (!signer->sep.len || memmem(alphabet, sizeof(alphabet) - 1,
				       signer->sep.ptr, signer->sep.len))
		return fail_config(err, "the separator is empty or part of the "
					"base64 alphabet");
	if (digest_compute(signer->digest, NULL, 0, digest, &ignored) < 0)
		return fail_config(err, "the digest is not known");
	return 0;
}

int signer_check(const struct codec_signer *signer, struct err *err)
{
	if (!signer)
		return fail_config(err, "a token needs a signer");
	if (!signer->key_count)
		return fail_config(err, "the signer has no key");
	if (check_one(signer, err))
		return -1;
	for (size_t i = 0; i < signer->fallback_count; i++)
		if (check_one(&signer->fallbacks[i], err))
			return -1;
	if (!isfinite(signer->now) || !isfinite(signer->timestamp) ||
	    !isfinite(signer->epoch))
		return fail_config(err, "a time of the signer is not finite");
	return 0;
}

int base64url_encode(struct buf *out, struct slice bytes)
{
	size_t begin = out->len;

	if (base64_encode(out, bytes))
		return -1;
	while (out->len > begin && out->ptr[out->len - 1] == '=')
		out->len--;
	for (size_t i = begin; i < out->len; i++) {
		if (out->ptr[i] == '+')
			out->ptr[i] = '-';
		else if (out->ptr[i] == '/')
			out->ptr[i] = '_';
	}
	return 0;
}

int base64url_decode(struct buf *out, struct slice text)
{
	struct buf standard;

	buf_init(&standard, text.len + 1);
	int r = buf_add_slice(&standard, text);
	for (size_t i = 0; !r && i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '+' || c == '/' || c == '=')
			r = -1;
		else if (c == '-')
			standard.ptr[i] = '+';
		else if (c == '_')
			standard.ptr[i] = '/';
	}
	if (!r)
		r = base64_decode(out, buf_slice(&standard), NULL);
	buf_release(&standard);
	return r;
}

static struct slice salt_of(const struct codec_signer *signer)
{
	if (signer->salt_given)
		return signer->salt;
	return signer_is_bare(signer) ? SLICE("itsdangerous.Signer")
				      : SLICE("itsdangerous");
}

/* The key that signs, from a secret and the salt. Its length, or -1. */
static int derive_key(const struct codec_signer *signer, struct slice secret,
		      struct slice salt, unsigned char out[DIGEST_MAX],
		      struct err *err)
{
	struct slice parts[] = {salt, SLICE("signer"), secret};

	switch (signer->derivation) {
	case SIGNER_CONCAT:
		parts[1] = secret;
		return digest_compute(signer->digest, parts, 2, out, err);
	case SIGNER_HMAC:
		return digest_hmac(signer->digest, secret, salt, out, err);
	default:
		return digest_compute(signer->digest, parts, 3, out, err);
	}
}

/* The signature's bytes. Their number, or -1. */
static int sign_bytes(const struct codec_signer *signer, struct slice secret,
		      struct slice salt, struct slice message,
		      unsigned char out[DIGEST_MAX], struct err *err)
{
	unsigned char derived[DIGEST_MAX];

	if (signer->derivation == SIGNER_NONE)
		return digest_hmac(signer->digest, secret, message, out, err);
	int len = derive_key(signer, secret, salt, derived, err);
	if (len < 0)
		return -1;
	len = digest_hmac(signer->digest, slice_of(derived, (size_t)len),
			  message, out, err);
	explicit_bzero(derived, sizeof(derived));
	return len;
}

int signer_sign(const struct codec_signer *signer, struct buf *out,
		size_t begin, struct err *err)
{
	unsigned char signature[DIGEST_MAX];
	struct slice message = slice_of(out->ptr + begin, out->len - begin);

	if (!message.len)
		message = SLICE("");
	int len = sign_bytes(signer, signer->keys[signer->key_count - 1],
			     salt_of(signer), message, signature, err);
	if (len < 0)
		return -1;
	buf_add_slice(out, signer->sep);
	return base64url_encode(out, slice_of(signature, (size_t)len));
}

int signer_stamp(const struct codec_signer *signer, struct buf *out,
		 struct err *err)
{
	unsigned char bytes[8];
	size_t len = 0;

	if (!codec_signer_is_timed(signer))
		return 0;
	double seconds = floor(signer->timestamp) - signer->epoch;
	if (seconds < 0 || seconds > (double)TIME_MAX)
		return fail_config(err, "the time to stamp is out of range");
	uint64_t n = (uint64_t)seconds;
	for (int shift = 56; shift >= 0; shift -= 8)
		if (len || n >> shift)
			bytes[len++] = (unsigned char)(n >> shift);
	buf_add_slice(out, signer->sep);
	return base64url_encode(out, slice_of(bytes, len));
}

/* Splits at the last separator. False if there is none. */
static bool split_last(struct slice text, struct slice sep, struct slice *left,
		       struct slice *right)
{
	if (text.len < sep.len)
		return false;
	for (size_t at = text.len - sep.len + 1; at-- > 0;) {
		if (memcmp(text.ptr + at, sep.ptr, sep.len) != 0)
			continue;
		*left = slice_of(text.ptr, at);
		*right = slice_of(text.ptr + at + sep.len,
				  text.len - at - sep.len);
		return true;
	}
	return false;
}

/* 1: one of the keys made it. 0: none did. -1: the library failed. */
static int match_keys(const struct codec_signer *way,
		      const struct codec_signer *keys, struct slice salt,
		      struct slice message, struct slice signature,
		      struct err *err)
{
	unsigned char mine[DIGEST_MAX];

	for (size_t i = keys->key_count; i-- > 0;) {
		int len = sign_bytes(way, keys->keys[i], salt, message, mine,
				     err);
		if (len < 0)
			return -1;
		if (digest_equal(slice_of(mine, (size_t)len), signature))
			return 1;
	}
	return 0;
}

/* Age and time of a token whose signature holds. `way` tells the separator. */
static int check_time(const struct codec_signer *signer,
		      const struct codec_signer *way, struct slice signed_part,
		      struct slice *payload, struct codec_found *found,
		      struct err *err)
{
	struct slice stamp;
	struct buf bytes;
	uint64_t n = 0;

	if (!split_last(signed_part, way->sep, payload, &stamp))
		return fail_signature(err, "the token has no time");
	buf_init(&bytes, 64);
	bool bad = base64url_decode(&bytes, stamp) != 0;
	size_t zeros = 0;
	while (zeros < bytes.len && !bytes.ptr[zeros])
		zeros++;
	bad = bad || bytes.len - zeros > 8;
	for (size_t i = zeros; !bad && i < bytes.len; i++)
		n = n << 8 | (unsigned char)bytes.ptr[i];
	buf_release(&bytes);
	if (bad)
		return fail_signature(err, "the token's time is malformed");
	double time = (double)n + signer->epoch;
	double age = floor(signer->now) - time;
	if (signer->max_age_given && (age > signer->max_age || age < 0))
		return fail_read(err, "expired", -1,
				 age < 0 ? "the token is from the future"
					 : "the token is too old");
	if (time > (double)TIME_MAX)
		return fail_signature(err, "the token's time is out of range");
	found->timed = true;
	found->timestamp = (int64_t)time;
	return 0;
}

/* 1: the signature holds in this way. 0: not. */
static int verify_way(const struct codec_signer *signer,
		      const struct codec_signer *way, struct slice token,
		      struct slice *signed_part, struct err *err)
{
	const struct codec_signer *keys = way->key_count ? way : signer;
	struct slice salt = salt_of(way->salt_given ? way : signer);
	struct slice text;
	struct buf signature;

	if (!split_last(token, way->sep, signed_part, &text))
		return 0;
	buf_init(&signature, DIGEST_MAX);
	int r = 0;
	if (!base64url_decode(&signature, text))
		r = match_keys(
			way, keys, salt, *signed_part,
			signature.len ? buf_slice(&signature) : SLICE(""), err);
	buf_release(&signature);
	return r;
}

int signer_verify(const struct codec_signer *signer, struct slice token,
		  struct slice *payload, struct codec_found *found,
		  struct err *err)
{
	struct err last = ERR_INIT;

	fail_signature(&last, "no key makes this signature");
	for (size_t i = 0; i <= signer->fallback_count; i++) {
		const struct codec_signer *way =
			i ? &signer->fallbacks[i - 1] : signer;
		struct slice signed_part = {0};
		int r = verify_way(signer, way, token, &signed_part, err);
		if (r < 0)
			return -1;
		if (r == 0)
			continue;
		*payload = signed_part;
		if (!codec_signer_is_timed(signer))
			return 0;
		if (!check_time(signer, way, signed_part, payload, found,
				&last))
			return 0;
		/* A time that is past ends the search, a malformed one does
		 * not, as in Python. */
		if (!strcmp(last.reason, "expired"))
			break;
	}
	if (err)
		*err = last;
	return -1;
}
