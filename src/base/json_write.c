/*
 * Writing of JSON: strings, numbers, and the commas between members. Whoever
 * writes keeps the brackets in order.
 */
#include "base/json.h"

#include <math.h>

#include "base/number.h"
#include "base/scan.h"

/* --- Strings -------------------------------------------------------------- */

/* Copies the plain bytes at `p`; `out` has room for all that is left. */
static inline const char *copy_plain(const char *p, const char *end, char **out)
{
	while (end - p >= SCAN_STEP) {
		memcpy(*out, p, SCAN_STEP);
		uint64_t mask = scan_special_mask(p);
		if (mask) {
			size_t plain = scan_first(mask);
			*out += plain;
			return p + plain;
		}
		p += SCAN_STEP;
		*out += SCAN_STEP;
	}
	while (p < end && !scan_is_special((unsigned char)*p))
		*(*out)++ = *p++;
	return p;
}

/* The escape of one byte. Returns its length. */
static size_t escape(unsigned char c, char out[6])
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[32] = {['\b'] = 'b',
					 ['\f'] = 'f',
					 ['\n'] = 'n',
					 ['\r'] = 'r',
					 ['\t'] = 't'};
	char letter = c < 0x20 ? letters[c] : (char)c;
	out[0] = '\\';
	if (letter) {
		out[1] = letter;
		return 2;
	}
	memcpy(out + 1, "u00", 3);
	out[4] = hex[c >> 4];
	out[5] = hex[c & 15];
	return 6;
}

/* What stands for the special byte or bytes at *p; moves *p behind them. */
static size_t put_special(const char **p, const char *end, char out[6])
{
	if ((unsigned char)**p < 0x80)
		return escape((unsigned char)*(*p)++, out);
	size_t width = scan_character(*p, end);
	if (width) {
		memcpy(out, *p, width);
		*p += width;
		return width;
	}
	(*p)++;
	memcpy(out, "\xef\xbf\xbd", 3);
	return 3;
}

int json_put_string(struct buf *out, struct slice text)
{
	const char *p = text.len ? text.ptr : "";
	const char *end = p + text.len;
	char part[6];

	if (text.len > SIZE_MAX - 16 || buf_reserve(out, text.len + 2)) {
		out->failed = true;
		return -1;
	}
	char *to = out->ptr + out->len;
	*to++ = '"';
	while (p < end) {
		/* There is always room for the rest as it is and a quote. */
		p = copy_plain(p, end, &to);
		if (p == end)
			break;
		size_t len = put_special(&p, end, part);
		size_t need = len + (size_t)(end - p) + 1;
		if ((size_t)(out->ptr + out->cap - to) < need) {
			size_t before = out->len;
			out->len = (size_t)(to - out->ptr);
			if (buf_reserve(out, need)) {
				out->len = before;
				return -1;
			}
			to = out->ptr + out->len;
			out->len = before;
		}
		memcpy(to, part, len);
		to += len;
	}
	*to++ = '"';
	out->len = (size_t)(to - out->ptr);
	return 0;
}

/* --- Numbers -------------------------------------------------------------- */

int json_put_int(struct buf *out, int64_t value)
{
	char text[1 + NUMBER_UINT64_MAX] = "-";
	bool negative = value < 0;
	uint64_t size = negative ? 0 - (uint64_t)value : (uint64_t)value;
	size_t len = number_uint64(size, text + negative);
	return buf_add(out, text, len + negative);
}

int json_put_double(struct buf *out, double value)
{
	char text[DOUBLE_TEXT_MAX];
	if (!isfinite(value)) {
		out->failed = true;
		return -1;
	}
	return buf_add(out, text, double_repr(value, text));
}

/* --- Structure ------------------------------------------------------------ */

static bool needs_comma(const struct buf *out)
{
	char last = out->len ? out->ptr[out->len - 1] : '{';
	return last != '{' && last != '[' && last != ':';
}

int json_put_comma(struct buf *out)
{
	return needs_comma(out) ? buf_add_char(out, ',') : out->failed ? -1 : 0;
}

int json_put_key(struct buf *out, const char *key)
{
	if (json_put_comma(out) || json_put_string(out, slice_text(key)))
		return -1;
	return buf_add_char(out, ':');
}
