/*
 * UTF-8 as RFC 3629 has it: no surrogates, nothing over U+10FFFF, shortest
 * forms only.
 */
#include "base/text.h"

#include "base/scan.h"

size_t utf8_check(struct slice text)
{
	if (!text.len)
		return 0;
	const char *p = text.ptr;
	const char *end = text.ptr + text.len;

	while (p < end) {
		p = scan_high(p, end);
		/* Text that is not ASCII tends to stay so for a while. */
		while (p < end && (unsigned char)*p >= 0x80) {
			size_t width = scan_character(p, end);
			if (!width)
				return (size_t)(p - text.ptr);
			p += width;
		}
	}
	return text.len;
}

int32_t utf8_next(struct slice text, size_t *pos)
{
	const unsigned char *p = (const unsigned char *)text.ptr + *pos;
	size_t width = scan_character(text.ptr + *pos, text.ptr + text.len);

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
