/*
 * Writes CBOR as cbor2 does (maps in their order, 64-bit floats except what is
 * not finite), or, on demand, the deterministic form of RFC 8949, 4.2.1:
 * shortest floats, keys in the order of their bytes; sets likewise, since they
 * have no order of their own.
 */
#include <math.h>
#include <stdlib.h>

#include "codec/bigint.h"
#include "codec/build.h"
#include "codec/cbor.h"
#include "codec/codecs.h"
#include "codec/fail.h"
#include "codec/walk.h"

#define FORMAT "cbor"

/* An entry of a map or set that is being written: its bytes in the output. */
struct entry {
	size_t at, len;
};

struct cbor_writer {
	const struct codec_options *options;
	struct buf *out;
	struct walk walk;
	/* Deterministic: where the entries of all open maps and sets begin. */
	struct entry *entries;
	size_t entry_count, entry_cap;
};

static int put_item(struct buf *out, enum cbor_major major, uint64_t n)
{
	size_t width = n < 24		 ? 0
		       : n <= 0xff	 ? 1
		       : n <= 0xffff	 ? 2
		       : n <= 0xffffffff ? 4
					 : 8;
	unsigned info = width == 0   ? (unsigned)n
			: width == 1 ? 24
			: width == 2 ? 25
			: width == 4 ? 26
				     : 27;
	return put_head(out, (unsigned)major << 5 | info, n, width);
}

static int put_float(struct buf *out, unsigned info, uint64_t bits)
{
	return put_head(out, CBOR_SIMPLE << 5 | info, bits,
			(size_t)1 << (info - 24));
}

/* The bits of a half that equals the number exactly, or -1. */
static int32_t half_bits(double number)
{
	uint64_t bits = double_bits(number);
	uint32_t sign = (uint32_t)(bits >> 48) & 0x8000;
	int exponent = (int)(bits >> 52 & 0x7ff) - 1023;
	uint64_t fraction = bits & 0xfffffffffffff;

	if (number == 0)
		return (int32_t)sign;
	if (exponent > 15 || exponent < -24)
		return -1;
	if (exponent >= -14)
		return fraction & 0x3ffffffffff
			       ? -1
			       : (int32_t)(sign |
					   (uint32_t)(exponent + 15) << 10 |
					   (uint32_t)(fraction >> 42));
	/* Subnormal: the leading one becomes visible, shifted down. */
	uint64_t whole = fraction | (uint64_t)1 << 52;
	int shift = 42 + (-14 - exponent);
	if (whole & (((uint64_t)1 << shift) - 1))
		return -1;
	return (int32_t)(sign | (uint32_t)(whole >> shift));
}

static int put_double(struct cbor_writer *cbor, double number)
{
	struct buf *out = cbor->out;
	uint32_t single;

	if (isnan(number))
		return put_float(out, 25, 0x7e00);
	if (isinf(number))
		return put_float(out, 25, number > 0 ? 0x7c00 : 0xfc00);
	if (!cbor->options->deterministic)
		return put_float(out, 27, double_bits(number));
	int32_t half = half_bits(number);
	if (half >= 0)
		return put_float(out, 25, (uint64_t)half);
	if (fabs(number) <= 3.4028234663852886e38 &&
	    (double)(float)number == number) {
		float narrow = (float)number;
		memcpy(&single, &narrow, sizeof(single));
		return put_float(out, 26, single);
	}
	return put_float(out, 27, double_bits(number));
}

/* Past 64 bits: -1 - n for negative ones; 2^64 itself still fits as one. */
static int put_big_integer(struct cbor_writer *cbor, struct slice digits,
			   struct err *err)
{
	bool negative = *digits.ptr == '-';
	struct buf bytes;
	int r;

	buf_init(&bytes, digits.len + 16);
	if (bigint_magnitude(digits, &bytes)) {
		buf_release(&bytes);
		return fail_output(err, &bytes);
	}
	unsigned char *begin = (unsigned char *)bytes.ptr;
	size_t len = bytes.len;
	if (negative) {
		bigint_decrement(begin, len);
		while (len && !*begin) {
			begin++;
			len--;
		}
	}
	if (len <= 8) {
		uint64_t n = 0;
		for (size_t i = 0; i < len; i++)
			n = n << 8 | begin[i];
		r = put_item(cbor->out,
			     negative ? CBOR_NEGATIVE : CBOR_UNSIGNED, n);
	} else {
		put_item(cbor->out, CBOR_TAG,
			 negative ? CBOR_TAG_NEGATIVE : CBOR_TAG_POSITIVE);
		put_item(cbor->out, CBOR_BYTES, len);
		r = buf_add(cbor->out, begin, len);
	}
	buf_release(&bytes);
	return r;
}

static int put_text(struct cbor_writer *cbor, struct value value,
		    struct err *err)
{
	struct slice bytes = value_bytes(value);
	bool text = value.kind == VALUE_TEXT;

	if (text && text_has_surrogate(bytes))
		return walk_fail_surrogate(&cbor->walk, err, FORMAT);
	if (put_item(cbor->out, text ? CBOR_TEXT : CBOR_BYTES, bytes.len))
		return -1;
	return buf_add_slice(cbor->out, bytes);
}

static int put_open(struct cbor_writer *cbor, struct value value,
		    struct err *err)
{
	bool map = value.kind == VALUE_MAP;
	uint32_t count = map ? value.seq->count / 2 : value.seq->count;

	if (value.kind == VALUE_SET || value.kind == VALUE_FROZENSET)
		put_item(cbor->out, CBOR_TAG, CBOR_TAG_SET);
	if (put_item(cbor->out, map ? CBOR_MAP : CBOR_ARRAY, count))
		return -1;
	return walk_push(&cbor->walk, value, err);
}

static int put_value(struct cbor_writer *cbor, struct value value,
		     struct err *err)
{
	switch (value.kind) {
	case VALUE_NULL:
		return put_item(cbor->out, CBOR_SIMPLE, 22);
	case VALUE_BOOL:
		return put_item(cbor->out, CBOR_SIMPLE,
				value.boolean ? 21 : 20);
	case VALUE_INT:
		return value.integer < 0
			       ? put_item(cbor->out, CBOR_NEGATIVE,
					  (uint64_t)(-1 - value.integer))
			       : put_item(cbor->out, CBOR_UNSIGNED,
					  (uint64_t)value.integer);
	case VALUE_BIG:
		return put_big_integer(cbor, value_bytes(value), err);
	case VALUE_DOUBLE:
		return put_double(cbor, value.number);
	case VALUE_TEXT:
	case VALUE_BYTES:
	case VALUE_BYTEARRAY:
		return put_text(cbor, value, err);
	default:
		return put_open(cbor, value, err);
	}
}

/* --- Deterministic order -------------------------------------------------- */

static bool is_sorted_kind(const struct cbor_writer *cbor, unsigned kind)
{
	return cbor->options->deterministic &&
	       (kind == VALUE_MAP || kind == VALUE_SET ||
		kind == VALUE_FROZENSET);
}

/* Notes that an entry of the top begins here. */
static int entry_begin(struct cbor_writer *cbor)
{
	if (cbor->entry_count == cbor->entry_cap) {
		size_t cap = cbor->entry_cap ? cbor->entry_cap * 2 : 64;
		struct entry *entries =
			realloc(cbor->entries, cap * sizeof(*entries));
		if (!entries) {
			cbor->out->failed = true;
			return -1;
		}
		cbor->entries = entries;
		cbor->entry_cap = cap;
	}
	cbor->entries[cbor->entry_count++] =
		(struct entry){.at = cbor->out->len};
	return 0;
}

static int compare_entries(const void *left, const void *right, void *bytes)
{
	const struct entry *a = left;
	const struct entry *b = right;
	size_t len = a->len < b->len ? a->len : b->len;
	int r = memcmp((char *)bytes + a->at, (char *)bytes + b->at, len);

	return r ? r : (a->len > b->len) - (a->len < b->len);
}

/* Puts the entries of a container, which are the last bytes of the output,
 * into the order of their bytes. No key begins another one, so that comparing
 * whole entries compares the keys. */
static int entries_sort(struct cbor_writer *cbor, uint32_t count)
{
	struct buf *out = cbor->out;
	struct entry *entries = cbor->entries + cbor->entry_count - count;

	cbor->entry_count -= count;
	if (count < 2 || out->failed)
		return 0;
	size_t begin = entries[0].at;
	size_t end = out->len;
	bool sorted = true;
	for (uint32_t i = 0; i < count; i++) {
		entries[i].len = (i + 1 < count ? entries[i + 1].at : end) -
				 entries[i].at;
		sorted = sorted && (i == 0 || compare_entries(&entries[i - 1],
							      &entries[i],
							      out->ptr) <= 0);
	}
	if (sorted)
		return 0;
	char *copy = malloc(end - begin);
	if (!copy) {
		out->failed = true;
		return -1;
	}
	qsort_r(entries, count, sizeof(*entries), compare_entries, out->ptr);
	char *to = copy;
	for (uint32_t i = 0; i < count; i++) {
		memcpy(to, out->ptr + entries[i].at, entries[i].len);
		to += entries[i].len;
	}
	memcpy(out->ptr + begin, copy, end - begin);
	free(copy);
	return 0;
}

/* Ends what is through. 1 with the next value, 0 at the end. */
static int next_value(struct cbor_writer *cbor, struct value *value)
{
	struct walk *walk = &cbor->walk;

	while (walk->depth && walk_top(walk)->at == walk_top(walk)->count) {
		struct walk_frame top = *walk_top(walk);
		walk->depth--;
		if (is_sorted_kind(cbor, top.kind) &&
		    entries_sort(cbor, top.kind == VALUE_MAP ? top.count / 2
							     : top.count))
			return -1;
	}
	if (!walk->depth)
		return 0;
	struct walk_frame *top = walk_top(walk);
	if (is_sorted_kind(cbor, top->kind) &&
	    (top->kind != VALUE_MAP || top->at % 2 == 0) && entry_begin(cbor))
		return -1;
	*value = walk_next(walk);
	return 1;
}

int cbor_encode(const struct codec_options *options, struct value_doc *doc,
		struct buf *out, struct err *err)
{
	struct cbor_writer cbor = {.options = options, .out = out};
	struct value value = doc->root;
	int r;

	walk_init(&cbor.walk, options->max_depth);
	do {
		r = put_value(&cbor, value, err);
		if (!r)
			r = next_value(&cbor, &value);
	} while (r == 1);
	walk_release(&cbor.walk);
	free(cbor.entries);
	return r;
}

const struct codec codec_cbor = {
	.name = "cbor",
	.summary = "CBOR (RFC 8949), plain or deterministic",
	.decode = cbor_decode,
	.encode = cbor_encode,
};
