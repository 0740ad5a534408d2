/*
 * Standard base64 (RFC 4648, section 4). Strict when reading, except that
 * padding may be missing.
 *
 * Both directions look up two characters at a time: a table of 4096 pairs for
 * writing, and four tables of shifted values for reading, in which a bad
 * character sets a high bit that is looked at once for each 4 characters.
 */
#include "base/text.h"

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define BAD 0x80000000u

static struct {
	bool ready;
	char pair[4096][2];
	uint32_t value[4][256]; /* of a character at place 0..3 of a group */
} tables;

static void tables_make(void)
{
	if (tables.ready)
		return;
	for (int i = 0; i < 4096; i++) {
		tables.pair[i][0] = alphabet[i >> 6];
		tables.pair[i][1] = alphabet[i & 63];
	}
	for (int place = 0; place < 4; place++)
		for (int c = 0; c < 256; c++)
			tables.value[place][c] = BAD;
	for (uint32_t i = 0; i < 64; i++)
		for (int place = 0; place < 4; place++)
			tables.value[place][(unsigned char)alphabet[i]] =
				i << (18 - 6 * place);
	tables.ready = true;
}

static void put_group(char *out, uint32_t bits)
{
	memcpy(out, tables.pair[bits >> 12], 2);
	memcpy(out + 2, tables.pair[bits & 4095], 2);
}

int base64_encode(struct buf *out, struct slice bytes)
{
	const unsigned char *in = (const unsigned char *)bytes.ptr;
	size_t left = bytes.len;

	if (left > SIZE_MAX / 4 * 3 - 3) {
		out->failed = true;
		return -1;
	}
	if (left == 0)
		return out->failed ? -1 : 0;
	if (buf_reserve(out, (left + 2) / 3 * 4))
		return -1;
	tables_make();
	char *to = out->ptr + out->len;
	for (; left >= 3; left -= 3, in += 3, to += 4)
		put_group(to,
			  (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2]);
	if (left) {
		uint32_t second = left == 2 ? in[1] : 0;
		put_group(to, (uint32_t)in[0] << 16 | second << 8);
		to[3] = '=';
		if (left == 1)
			to[2] = '=';
		to += 4;
	}
	out->len = (size_t)(to - out->ptr);
	return 0;
}

static int fault(size_t *offset, size_t at)
{
	if (offset)
		*offset = at;
	return -1;
}

static uint32_t group_value(const unsigned char *in)
{
	return tables.value[0][in[0]] | tables.value[1][in[1]] |
	       tables.value[2][in[2]] | tables.value[3][in[3]];
}

static bool is_digit(unsigned char c)
{
	return tables.value[0][c] != BAD;
}

/* The last 2 or 3 digits. */
static int decode_tail(char *to, const unsigned char *in, size_t digits,
		       size_t at, size_t *offset)
{
	for (size_t i = 0; i < digits; i++)
		if (!is_digit(in[i]))
			return fault(offset, at + i);
	uint32_t bits = tables.value[0][in[0]] | tables.value[1][in[1]];
	if (digits == 3)
		bits |= tables.value[2][in[2]];
	if (bits & (digits == 2 ? 0xffff : 0xff))
		return fault(offset, at + digits - 1);
	to[0] = (char)(bits >> 16);
	if (digits == 3)
		to[1] = (char)(bits >> 8);
	return 0;
}

int base64_decode(struct buf *out, struct slice text, size_t *offset)
{
	const unsigned char *in = (const unsigned char *)text.ptr;
	size_t digits = text.len;

	/* Padding, if there, fills the last group and is at most 2 long. */
	if (digits && digits % 4 == 0 && in[digits - 1] == '=') {
		digits--;
		if (in[digits - 1] == '=')
			digits--;
	}
	size_t tail = digits % 4;
	if (tail == 1)
		return fault(offset, digits - 1);
	if (digits == 0)
		return out->failed ? -1 : 0;
	if (buf_reserve(out, digits / 4 * 3 + (tail ? tail - 1 : 0)))
		return -1;
	tables_make();
	char *to = out->ptr + out->len;
	size_t whole = digits - tail;
	for (size_t i = 0; i < whole; i += 4, to += 3) {
		uint32_t bits = group_value(in + i);
		if (bits & BAD) {
			while (is_digit(in[i]))
				i++;
			return fault(offset, i);
		}
		to[0] = (char)(bits >> 16);
		to[1] = (char)(bits >> 8);
		to[2] = (char)bits;
	}
	if (tail) {
		if (decode_tail(to, in + whole, tail, whole, offset))
			return -1;
		to += tail - 1;
	}
	out->len = (size_t)(to - out->ptr);
	return 0;
}
