/*
 * Making values: nodes in the document's arena, and the table that gives equal
 * keys one node. Comparing is in value_equal.c, measuring in value_measure.c.
 */
#include "cherry/value.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/hash.h"
#include "codec/fail.h"

#define KEYS_FIRST 64
#define SLAB_SIZE  8192
#define SLAB_NODE  512 /* what is larger comes from the arena */

/* Under the address sanitizer every node is an allocation of the arena, whose
 * ends are watched. */
#if defined(__SANITIZE_ADDRESS__)
#define USE_SLAB 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define USE_SLAB 0
#endif
#endif
#ifndef USE_SLAB
#define USE_SLAB 1
#endif

void value_doc_init(struct value_doc *doc, struct arena *arena)
{
	*doc = (struct value_doc){.arena = arena, .root = value_null()};
}

static int fail_memory(const struct value_doc *doc, struct err *err)
{
	return fail_limit(err, "memory", (int64_t)doc->arena->max, "size",
			  "the value needs more memory than %zu bytes",
			  doc->arena->max);
}

/* Memory for a node. A document is many small ones. */
static inline void *node_alloc(struct value_doc *doc, size_t size)
{
	size = (size + 15) & ~(size_t)15;
	if (!USE_SLAB || size > SLAB_NODE)
		return arena_alloc(doc->arena, size);
	if ((size_t)(doc->slab_end - doc->slab) < size) {
		doc->slab = arena_alloc(doc->arena, SLAB_SIZE);
		doc->slab_end = doc->slab ? doc->slab + SLAB_SIZE : NULL;
		if (!doc->slab)
			return arena_alloc(doc->arena, size);
	}
	void *node = doc->slab;
	doc->slab += size;
	return node;
}

static struct value_text *text_new(struct value_doc *doc, struct slice bytes,
				   struct err *err)
{
	if (bytes.len >= UINT32_MAX) {
		fail_memory(doc, err);
		return NULL;
	}
	struct value_text *text =
		node_alloc(doc, sizeof(*text) + bytes.len + 1);
	if (!text) {
		fail_memory(doc, err);
		return NULL;
	}
	text->len = (uint32_t)bytes.len;
	text->mark = 0;
	if (bytes.len)
		memcpy(text->bytes, bytes.ptr, bytes.len);
	text->bytes[bytes.len] = '\0';
	return text;
}

int value_text(struct value_doc *doc, enum value_kind kind, struct slice bytes,
	       struct value *out, struct err *err)
{
	struct value_text *text = text_new(doc, bytes, err);
	*out = (struct value){.kind = (uint8_t)kind, .text = text};
	return text ? 0 : -1;
}

int value_uint(struct value_doc *doc, uint64_t integer, struct value *out,
	       struct err *err)
{
	char digits[24];

	if (integer <= INT64_MAX) {
		*out = value_int((int64_t)integer);
		return 0;
	}
	int len = snprintf(digits, sizeof(digits), "%llu",
			   (unsigned long long)integer);
	return value_text(doc, VALUE_BIG, slice_of(digits, (size_t)len), out,
			  err);
}

/* Up to 19 digits, which fit 64 bits. False if the value passes int64. */
static bool small_decimal(struct slice digits, bool negative, int64_t *out)
{
	uint64_t sum = 0;
	uint64_t limit = (uint64_t)INT64_MAX + negative;

	if (digits.len > 19)
		return false;
	for (size_t i = 0; i < digits.len; i++)
		sum = sum * 10 + (uint64_t)(digits.ptr[i] - '0');
	if (sum > limit)
		return false;
	*out = negative ? (int64_t)(0 - sum) : (int64_t)sum;
	return true;
}

int value_decimal(struct value_doc *doc, struct slice text, size_t max_digits,
		  struct value *out, struct err *err)
{
	bool sign = text.len && (*text.ptr == '-' || *text.ptr == '+');
	bool negative = sign && *text.ptr == '-';
	struct slice digits = {text.ptr + sign, text.len - sign};
	int64_t integer;

	if (!digits.len)
		return fail_read(err, "syntax", -1, "an integer has no digits");
	for (size_t i = 0; i < digits.len; i++)
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return fail_read(err, "syntax", -1,
					 "an integer has something else than "
					 "digits in it");
	while (digits.len > 1 && *digits.ptr == '0')
		digits = slice_of(digits.ptr + 1, digits.len - 1);
	if (small_decimal(digits, negative, &integer)) {
		*out = value_int(integer);
		return 0;
	}
	if (digits.len > max_digits)
		return fail_limit(err, "digits", (int64_t)digits.len, "size",
				  "an integer has %zu digits; the limit is %zu",
				  digits.len, max_digits);
	struct value_text *big = text_new(
		doc, slice_of(digits.ptr - negative, digits.len + negative),
		err);
	if (!big)
		return -1;
	if (negative)
		big->bytes[0] = '-';
	*out = (struct value){.kind = VALUE_BIG, .text = big};
	return 0;
}

/* Doubles the table of keys, or makes the first one. */
static int keys_grow(struct value_doc *doc, struct err *err)
{
	uint32_t size = doc->key_size ? doc->key_size * 2 : KEYS_FIRST;
	struct value_text **keys =
		arena_calloc(doc->arena, size, sizeof(struct value_text *));
	if (!keys)
		return fail_memory(doc, err);
	for (uint32_t i = 0; i < doc->key_size; i++) {
		struct value_text *text = doc->keys[i];
		if (!text)
			continue;
		uint64_t hash = hash_bytes(slice_of(text->bytes, text->len),
					   hash_seed());
		uint32_t at = (uint32_t)hash & (size - 1);
		while (keys[at])
			at = (at + 1) & (size - 1);
		keys[at] = text;
	}
	doc->keys = keys;
	doc->key_size = size;
	return 0;
}

/* A place in `recent`, from the length and both ends of a key. */
static inline size_t recent_place(struct slice bytes)
{
	uint64_t ends = 0;

	if (bytes.len >= 4) {
		uint32_t first;
		uint32_t last;
		memcpy(&first, bytes.ptr, 4);
		memcpy(&last, bytes.ptr + bytes.len - 4, 4);
		ends = first ^ (uint64_t)last << 29;
	} else if (bytes.len) {
		ends = (unsigned char)bytes.ptr[0] |
		       (uint64_t)(unsigned char)bytes.ptr[bytes.len - 1] << 8 |
		       (uint64_t)(unsigned char)bytes.ptr[bytes.len / 2] << 16;
	}
	ends = (ends + bytes.len) * 0x9e3779b97f4a7c15;
	return ends >> 58;
}

_Static_assert(VALUE_RECENT == 64, "six bits of the product");

/* The node of a key that was looked up lately or not: table of all keys. */
static struct value_text *keys_find(struct value_doc *doc, struct slice bytes,
				    struct err *err)
{
	if (doc->key_count * 2 >= doc->key_size && keys_grow(doc, err))
		return NULL;
	uint32_t mask = doc->key_size - 1;
	uint32_t at = (uint32_t)hash_bytes(bytes, hash_seed()) & mask;
	struct value_text *text;

	for (; (text = doc->keys[at]); at = (at + 1) & mask)
		if (text->len == bytes.len &&
		    !memcmp(text->bytes, bytes.ptr, bytes.len))
			return text;
	text = text_new(doc, bytes, err);
	if (text) {
		doc->keys[at] = text;
		doc->key_count++;
	}
	return text;
}

int value_key(struct value_doc *doc, struct slice bytes, struct value *out,
	      struct err *err)
{
	struct value_text **recent = &doc->recent[recent_place(bytes)];
	struct value_text *text = *recent;

	if (!text || text->len != bytes.len ||
	    memcmp(text->bytes, bytes.ptr, bytes.len) != 0) {
		text = keys_find(doc, bytes, err);
		if (!text)
			return -1;
		*recent = text;
	}
	*out = (struct value){.kind = VALUE_TEXT, .text = text};
	return 0;
}

int value_seq(struct value_doc *doc, enum value_kind kind, uint32_t cap,
	      struct value *out, struct err *err)
{
	struct value_seq *seq = node_alloc(
		doc, sizeof(*seq) + (size_t)cap * sizeof(struct value));
	if (!seq)
		return fail_memory(doc, err);
	*seq = (struct value_seq){.cap = cap};
	/* The first items lie right behind their node. */
	if (cap)
		seq->items = (struct value *)(seq + 1);
	*out = (struct value){.kind = (uint8_t)kind, .seq = seq};
	return 0;
}

/* Mixes the items' hashes; 0 if one of them cannot be part of a key. */
static uint64_t seq_hash(enum value_kind kind, const struct value_seq *seq)
{
	uint64_t hash = kind == VALUE_TUPLE ? 0x345678 : 0x9e3779;

	for (uint32_t i = 0; i < seq->count; i++) {
		if (!value_is_key(seq->items[i]))
			return 0;
		uint64_t item = value_hash(seq->items[i]);
		if (kind == VALUE_FROZENSET)
			hash += item * 0x9e3779b97f4a7c15; /* in any order */
		else
			hash = hash_bytes(slice_of(&item, sizeof(item)), hash);
	}
	return hash ? hash : 1;
}

int value_seq_of(struct value_doc *doc, enum value_kind kind,
		 const struct value *items, uint32_t count, struct value *out,
		 struct err *err)
{
	if (value_seq(doc, kind, count, out, err))
		return -1;
	struct value_seq *seq = out->seq;
	if (count)
		memcpy(seq->items, items, (size_t)count * sizeof(*items));
	seq->count = count;
	if (kind == VALUE_FROZENSET && value_settle(doc, kind, seq, false, err))
		return -1;
	if (kind == VALUE_TUPLE || kind == VALUE_FROZENSET)
		seq->hash = seq_hash(kind, seq);
	return 0;
}

int value_extend(struct value_doc *doc, struct value_seq *seq,
		 const struct value *items, uint32_t count, struct err *err)
{
	if (count > seq->cap - seq->count) {
		uint64_t cap = seq->cap ? (uint64_t)seq->cap * 2 : 4;
		if (cap < (uint64_t)seq->count + count)
			cap = (uint64_t)seq->count + count;
		struct value *grown =
			cap < INT32_MAX
				? arena_alloc(doc->arena, cap * sizeof(*items))
				: NULL;
		if (!grown)
			return fail_memory(doc, err);
		if (seq->count)
			memcpy(grown, seq->items, seq->count * sizeof(*items));
		seq->items = grown;
		seq->cap = (uint32_t)cap;
	}
	if (count)
		memcpy(seq->items + seq->count, items, count * sizeof(*items));
	seq->count += count;
	return 0;
}

int value_append(struct value_doc *doc, struct value_seq *seq,
		 struct value item, struct err *err)
{
	return value_extend(doc, seq, &item, 1, err);
}

const char *value_kind_name(enum value_kind kind)
{
	static const char *const names[] = {
		[VALUE_NULL] = "null",
		[VALUE_BOOL] = "a boolean",
		[VALUE_INT] = "an integer",
		[VALUE_BIG] = "an integer",
		[VALUE_DOUBLE] = "a float",
		[VALUE_TEXT] = "text",
		[VALUE_BYTES] = "a byte string",
		[VALUE_BYTEARRAY] = "a bytearray",
		[VALUE_LIST] = "a list",
		[VALUE_TUPLE] = "a tuple",
		[VALUE_SET] = "a set",
		[VALUE_FROZENSET] = "a frozenset",
		[VALUE_MAP] = "a map",
	};
	return kind <= VALUE_MAP ? names[kind] : "";
}

bool value_get_uint(struct value value, uint64_t *out)
{
	if (value.kind == VALUE_INT) {
		*out = (uint64_t)value.integer;
		return value.integer >= 0;
	}
	if (value.kind != VALUE_BIG || value.text->len > 20 ||
	    value.text->bytes[0] == '-')
		return false;
	uint64_t sum = 0;
	for (uint32_t i = 0; i < value.text->len; i++) {
		uint64_t digit = (uint64_t)(value.text->bytes[i] - '0');
		if (sum > (UINT64_MAX - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*out = sum;
	return true;
}
