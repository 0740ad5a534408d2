/*
 * Digests and HMAC against the vectors of FIPS 180, RFC 1321, 2202 and 4231.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "crypto/digest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *hex(const unsigned char *bytes, int len)
{
	static char text[2 * DIGEST_MAX + 1];
	text[0] = '\0';
	for (int i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

static const struct {
	const char *name, *want;
} abc[] = {
	{"md5", "900150983cd24fb0d6963f7d28e17f72"},
	{"sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"},
	{"sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
	{"sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2"
		   "0015ad"},
	{"sha384", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43"
		   "ff5bed8086072ba1e7cc2358baeca134c825a7"},
	{"sha512", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b"
		   "55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9a"
		   "c94fa54ca49f"},
};

Test(digest, parts_are_one_text)
{
	const struct slice parts[] = {SLICE("a"), {NULL, 0}, SLICE("bc")};
	unsigned char out[DIGEST_MAX];
	struct err err = ERR_INIT;
	for (size_t i = 0; i < COUNT(abc); i++) {
		int len = digest_compute(abc[i].name, parts, 3, out, &err);
		cr_expect_str_eq(hex(out, len), abc[i].want, "%s", abc[i].name);
	}
	int len = digest_compute("sha1", NULL, 0, out, &err);
	cr_expect_str_eq(hex(out, len),
			 "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

static const struct {
	const char *name, *key, *want;
} hmacs[] = {
	{"md5", "Jefe", "750c783e6ab0b503eaa86e310a5db738"},
	{"sha1", "Jefe", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
	{"sha256", "Jefe",
	 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
};

Test(digest, hmac)
{
	struct slice message = SLICE("what do ya want for nothing?");
	unsigned char out[DIGEST_MAX];
	struct err err = ERR_INIT;
	for (size_t i = 0; i < COUNT(hmacs); i++) {
		int len = digest_hmac(hmacs[i].name, slice_text(hmacs[i].key),
				      message, out, &err);
		cr_expect_str_eq(hex(out, len), hmacs[i].want, "%s",
				 hmacs[i].name);
	}
	/* No key and no message are texts like others. */
	int len = digest_hmac("sha1", slice_text(NULL), slice_text(NULL), out,
			      &err);
	cr_expect_str_eq(hex(out, len),
			 "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

Test(digest, unknown_names)
{
	static const char *const names[] = {"", "SHA1", "sha3-256", "crc32"};
	unsigned char out[DIGEST_MAX];
	for (size_t i = 0; i < COUNT(names); i++) {
		struct err err = ERR_INIT;
		cr_expect_eq(digest_compute(names[i], NULL, 0, out, &err), -1);
		cr_expect_eq(err.code, ERR_BAD_ARGS);
		cr_expect_eq(digest_hmac(names[i], SLICE("k"), SLICE("m"), out,
					 &err),
			     -1);
	}
}

Test(digest, equal)
{
	cr_expect(digest_equal(SLICE("abc"), SLICE("abc")));
	cr_expect(digest_equal(slice_text(NULL), SLICE("")));
	cr_expect_not(digest_equal(SLICE("abc"), SLICE("abd")));
	cr_expect_not(digest_equal(SLICE("abc"), SLICE("ab")));
}
