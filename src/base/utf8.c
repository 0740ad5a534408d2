/*
 * UTF-8 as RFC 3629 has it: no surrogates, nothing over U+10FFFF, shortest
 * forms only.
 */
#include "base/text.h"

/* How many bytes the character at text[pos] takes, or 0 if it is not UTF-8. */
static size_t width_at(struct slice text, size_t pos)
{
	const unsigned char *p = (const unsigned char *)text.ptr + pos;
	size_t left = text.len - pos;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || left < 2 || (p[1] & 0xc0) != 0x80)
		return 0;
	if (p[0] < 0xe0)
		return 2;
	if (left < 3 || (p[2] & 0xc0) != 0x80)
		return 0;
	if (p[0] < 0xf0) {
		bool overlong = p[0] == 0xe0 && p[1] < 0xa0;
		bool surrogate = p[0] == 0xed && p[1] >= 0xa0;
		return overlong || surrogate ? 0 : 3;
	}
	if (p[0] > 0xf4 || left < 4 || (p[3] & 0xc0) != 0x80)
		return 0;
	bool overlong = p[0] == 0xf0 && p[1] < 0x90;
	bool past_end = p[0] == 0xf4 && p[1] >= 0x90;
	return overlong || past_end ? 0 : 4;
}

size_t utf8_check(struct slice text)
{
	size_t pos = 0;
	while (pos < text.len) {
		uint64_t word;
		while (text.len - pos >= sizeof(word)) {
			memcpy(&word, text.ptr + pos, sizeof(word));
			if (word & 0x8080808080808080)
				break;
			pos += sizeof(word);
		}
		if (pos == text.len)
			break;
		size_t width = width_at(text, pos);
		if (!width)
			return pos;
		pos += width;
	}
	return text.len;
}

int32_t utf8_next(struct slice text, size_t *pos)
{
	const unsigned char *p = (const unsigned char *)text.ptr + *pos;
	size_t width = width_at(text, *pos);

	*pos += width ? width : 1;
	switch (width) {
	case 1:
		return p[0];
	case 2:
		return (p[0] & 0x1f) << 6 | (p[1] & 0x3f);
	case 3:
		return (p[0] & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f);
	case 4:
		return (p[0] & 0x07) << 18 | (p[1] & 0x3f) << 12 |
		       (p[2] & 0x3f) << 6 | (p[3] & 0x3f);
	default:
		return -1;
	}
}

size_t utf8_put(char out[4], uint32_t code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (code >> 18 & 0x07));
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}
