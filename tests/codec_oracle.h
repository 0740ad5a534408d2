/*
 * Helpers of the codec tests: the oracle's files and their tagged values, as
 * tests/oracle/serialize/README describes them.
 */
#ifndef TESTS_CODEC_ORACLE_H
#define TESTS_CODEC_ORACLE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/number.h"
#include "base/text.h"
#include "cherry/codec.h"
#include "crypto/digest.h"

#define ORACLE_DIR  "tests/oracle/serialize/"
#define ORACLE_DEFS 16

/* Memory that lives as long as the program; still reachable at its end, so that
 * no leak is reported. */
static inline struct slice oracle_keep(struct buf *bytes)
{
	static struct kept {
		struct kept *next;
		struct buf bytes;
	} * list;
	struct kept *kept = malloc(sizeof(*kept));

	*kept = (struct kept){list, *bytes};
	list = kept;
	return bytes->ptr ? buf_slice(bytes) : SLICE("");
}

/* A file of the oracle, parsed; lives as long as the program. */
static inline struct json_node *oracle_load(const char *name)
{
	static struct arena arena;
	char path[200];
	struct err err = ERR_INIT;

	if (!arena.max)
		arena_init(&arena, 1 << 30);
	snprintf(path, sizeof(path), "%s", name);
	FILE *file = fopen(path, "rb");
	cr_assert(file, "%s is missing", path);
	fseek(file, 0, SEEK_END);
	long len = ftell(file);
	rewind(file);
	char *text = arena_alloc(&arena, (size_t)len);
	cr_assert(fread(text, 1, (size_t)len, file) == (size_t)len);
	fclose(file);
	struct json_node *root = json_parse(&arena, slice_of(text, (size_t)len),
					    1000, true, &err);
	cr_assert(root, "%s: %s", path, err.message);
	return root;
}

static inline struct slice oracle_text(const struct json_node *node,
				       const char *key)
{
	struct json_node *member = json_get(node, key);
	return member ? member->text : (struct slice){0};
}

/* The bytes of base64 text. */
static inline struct slice oracle_base64(struct slice text)
{
	struct buf out;
	buf_init(&out, 1 << 28);
	cr_assert(base64_decode(&out, text, NULL) == 0, "bad base64");
	return oracle_keep(&out);
}

/* --- Tagged values -------------------------------------------------------- */

struct oracle_defs {
	struct slice names[ORACLE_DEFS];
	struct value values[ORACLE_DEFS];
	size_t count;
};

static struct value oracle_value_in(struct value_doc *doc,
				    const struct json_node *node,
				    struct oracle_defs *defs);

static inline struct value oracle_seq(struct value_doc *doc,
				      enum value_kind kind,
				      const struct json_node *list,
				      struct oracle_defs *defs,
				      struct value *shell)
{
	struct err err = ERR_INIT;
	struct value out;

	if (kind == VALUE_TUPLE || kind == VALUE_FROZENSET) {
		struct value *items =
			calloc(list->count + 1, sizeof(struct value));
		size_t n = 0;
		for (struct json_node *c = list->child; c; c = c->next)
			items[n++] = oracle_value_in(doc, c, defs);
		cr_assert(!value_seq_of(doc, kind, items, (uint32_t)n, &out,
					&err));
		free(items);
		return out;
	}
	cr_assert(!value_seq(doc, kind, 0, &out, &err));
	if (shell)
		*shell = out;
	for (struct json_node *c = list->child; c; c = c->next) {
		if (kind == VALUE_MAP && list->type == JSON_OBJECT) {
			struct value key;
			cr_assert(!value_key(doc, c->key, &key, &err));
			cr_assert(!value_append(doc, out.seq, key, &err));
		} else if (kind == VALUE_MAP) {
			struct value key = oracle_value_in(doc, c->child, defs);
			if (key.kind == VALUE_TEXT)
				cr_assert(!value_key(doc, value_bytes(key),
						     &key, &err));
			cr_assert(!value_append(doc, out.seq, key, &err));
			cr_assert(!value_append(
				doc, out.seq,
				oracle_value_in(doc, c->child->next, defs),
				&err));
			continue;
		}
		cr_assert(!value_append(doc, out.seq,
					oracle_value_in(doc, c, defs), &err));
	}
	return out;
}

static inline struct value oracle_number_text(struct value_doc *doc,
					      const char *text)
{
	struct err err = ERR_INIT;
	struct value out;
	cr_assert(!value_text(doc, VALUE_TEXT, slice_text(text), &out, &err));
	return out;
}

static inline struct value oracle_generate(struct value_doc *doc,
					   const struct json_node *rule)
{
	struct err err = ERR_INIT;
	struct value out = value_null();
	struct slice kind = oracle_text(rule, "kind");
	int64_t count = 0;
	char text[64];

	json_number_int64(json_get(rule, "count")->text, &count);
	if (slice_is(kind, "repeat") || slice_is(kind, "repeat_bytes")) {
		bool bytes = slice_is(kind, "repeat_bytes");
		struct slice unit =
			bytes ? oracle_base64(oracle_text(rule, "unit_b64"))
			      : oracle_text(rule, "unit");
		struct buf buf;
		buf_init(&buf, 1 << 28);
		for (int64_t i = 0; i < count; i++)
			buf_add_slice(&buf, unit);
		cr_assert(!value_text(doc, bytes ? VALUE_BYTES : VALUE_TEXT,
				      buf_slice(&buf), &out, &err));
		buf_release(&buf);
		return out;
	}
	if (slice_starts(kind, SLICE("nest_"))) {
		out = oracle_value_in(doc, json_get(rule, "leaf"), NULL);
		for (int64_t i = 0; i < count; i++) {
			struct value pair[2];
			uint32_t n = 0;
			if (slice_is(kind, "nest_dict"))
				cr_assert(!value_key(doc,
						     oracle_text(rule, "key"),
						     &pair[n++], &err));
			pair[n++] = out;
			cr_assert(!value_seq_of(doc,
						n == 2 ? VALUE_MAP : VALUE_LIST,
						pair, n, &out, &err));
		}
		return out;
	}
	bool map = slice_starts(kind, SLICE("range_dict"));
	bool set = slice_is(kind, "range_set");
	cr_assert(!value_seq(doc,
			     map   ? VALUE_MAP
			     : set ? VALUE_SET
				   : VALUE_LIST,
			     0, &out, &err));
	for (int64_t i = 0; i < count; i++) {
		struct slice prefix = oracle_text(rule, "prefix");
		snprintf(text, sizeof(text), "%.*s%lld", (int)prefix.len,
			 prefix.ptr ? prefix.ptr : "", (long long)i);
		struct value item = value_int(i);
		if (slice_is(kind, "range_str"))
			item = oracle_number_text(doc, text);
		if (slice_is(kind, "range_dict_str"))
			cr_assert(
				!value_key(doc, slice_text(text), &item, &err));
		cr_assert(!value_append(doc, out.seq, item, &err));
		if (map)
			cr_assert(!value_append(
				doc, out.seq,
				value_int(slice_is(kind, "range_dict_str")
						  ? i
						  : i * i),
				&err));
	}
	return out;
}

static inline struct value oracle_tagged(struct value_doc *doc,
					 const struct json_node *node,
					 struct oracle_defs *defs)
{
	struct json_node *arg = node->child;
	struct slice tag = arg->key;
	struct err err = ERR_INIT;
	struct value out = value_null();

	if (slice_is(tag, "$int")) {
		cr_assert(!value_decimal(doc, arg->text, 100000, &out, &err));
	} else if (slice_is(tag, "$float")) {
		if (slice_is(arg->text, "nan"))
			out = value_double((double)NAN);
		else if (slice_is(arg->text, "inf"))
			out = value_double((double)INFINITY);
		else if (slice_is(arg->text, "-inf"))
			out = value_double(-(double)INFINITY);
		else
			out = value_double(strtod(arg->text.ptr, NULL));
	} else if (slice_is(tag, "$bytes") || slice_is(tag, "$bytearray") ||
		   slice_is(tag, "$wtf8")) {
		enum value_kind kind = slice_is(tag, "$bytes") ? VALUE_BYTES
				       : slice_is(tag, "$wtf8")
					       ? VALUE_TEXT
					       : VALUE_BYTEARRAY;
		cr_assert(!value_text(doc, kind, oracle_base64(arg->text), &out,
				      &err));
	} else if (slice_is(tag, "$tuple")) {
		out = oracle_seq(doc, VALUE_TUPLE, arg, defs, NULL);
	} else if (slice_is(tag, "$set")) {
		out = oracle_seq(doc, VALUE_SET, arg, defs, NULL);
	} else if (slice_is(tag, "$frozenset")) {
		out = oracle_seq(doc, VALUE_FROZENSET, arg, defs, NULL);
	} else if (slice_is(tag, "$dict")) {
		out = oracle_seq(doc, VALUE_MAP, arg, defs, NULL);
	} else if (slice_is(tag, "$gen")) {
		out = oracle_generate(doc, arg);
	} else if (slice_is(tag, "$def")) {
		size_t at = defs->count++;
		struct json_node *value = json_get(node, "value");
		doc->shared = true;
		defs->names[at] = arg->text;
		if (value->type == JSON_ARRAY)
			return oracle_seq(doc, VALUE_LIST, value, defs,
					  &defs->values[at]);
		defs->values[at] = oracle_value_in(doc, value, defs);
		return defs->values[at];
	} else if (slice_is(tag, "$ref")) {
		for (size_t i = 0; i < defs->count; i++)
			if (slice_equal(defs->names[i], arg->text))
				return defs->values[i];
		cr_assert_fail("no such $def");
	} else {
		cr_assert_fail("unknown tag %.*s", (int)tag.len, tag.ptr);
	}
	return out;
}

static inline struct value oracle_value_in(struct value_doc *doc,
					   const struct json_node *node,
					   struct oracle_defs *defs)
{
	struct oracle_defs none = {0};
	struct err err = ERR_INIT;
	struct value out = value_null();

	if (!defs)
		defs = &none;
	switch (node->type) {
	case JSON_NULL:
		return out;
	case JSON_TRUE:
	case JSON_FALSE:
		return value_bool(node->type == JSON_TRUE);
	case JSON_NUMBER:
		cr_assert(!value_decimal(doc, node->text, 100000, &out, &err));
		return out;
	case JSON_STRING:
		cr_assert(!value_text(doc, VALUE_TEXT, node->text, &out, &err));
		return out;
	case JSON_ARRAY:
		return oracle_seq(doc, VALUE_LIST, node, defs, NULL);
	default:
		if (node->child && node->child->key.len &&
		    *node->child->key.ptr == '$')
			return oracle_tagged(doc, node, defs);
		return oracle_seq(doc, VALUE_MAP, node, defs, NULL);
	}
}

/* The document of a tagged value, ready for writing. */
static inline void oracle_document(struct value_doc *doc, struct arena *arena,
				   const struct json_node *node)
{
	struct oracle_defs defs = {0};
	struct err err = ERR_INIT;

	value_doc_init(doc, arena);
	doc->root = oracle_value_in(doc, node, &defs);
	if (doc->shared)
		cr_assert(!value_measure(doc, 1000, &err));
}

/* --- Comparing ------------------------------------------------------------ */

static bool oracle_same(struct value a, struct value b, int depth);

static inline bool oracle_same_items(const struct value_seq *a,
				     const struct value_seq *b, bool ordered,
				     int depth)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		bool found = oracle_same(a->items[i], b->items[i], depth);
		for (uint32_t j = 0; !ordered && !found && j < b->count; j++)
			found = oracle_same(a->items[i], b->items[j], depth);
		if (!found)
			return false;
	}
	return true;
}

/* The same kind and content; maps with their order, sets without. A cycle is
 * the same where it looks the same for a thousand levels. */
static inline bool oracle_same(struct value a, struct value b, int depth)
{
	if (a.kind != b.kind)
		return false;
	if (depth > 1000)
		return true;
	switch (a.kind) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		return a.boolean == b.boolean;
	case VALUE_INT:
		return a.integer == b.integer;
	case VALUE_DOUBLE:
		return (isnan(a.number) && isnan(b.number)) ||
		       (a.number == b.number &&
			signbit(a.number) == signbit(b.number));
	case VALUE_BIG:
	case VALUE_TEXT:
	case VALUE_BYTES:
	case VALUE_BYTEARRAY:
		return slice_equal(value_bytes(a), value_bytes(b));
	default:
		return oracle_same_items(a.seq, b.seq,
					 a.kind != VALUE_SET &&
						 a.kind != VALUE_FROZENSET,
					 depth + 1);
	}
}

/* --- Running -------------------------------------------------------------- */

static inline struct codec_options oracle_options(void)
{
	struct codec_options options;
	codec_options_init(&options);
	return options;
}

static inline const struct codec *oracle_codec(const char *name)
{
	const struct codec *codec = codec_find(slice_text(name));
	cr_assert(codec, "no codec %s", name);
	return codec;
}

/* Is `err` of the class? */
static inline bool oracle_is_class(const struct err *err, struct slice class)
{
	return slice_is(class, err->reason);
}

/* Is `expect` (or one of the `also_ok` beside it in `item`) what came out? */
static inline bool oracle_expected_one(const struct json_node *expect,
				       const struct value_doc *doc,
				       const struct err *err, bool failed)
{
	struct json_node *error = json_get(expect, "error");
	struct json_node *value = json_get(expect, "value");
	struct arena arena;
	struct value_doc wanted;

	if (error)
		return failed && oracle_is_class(err, error->text);
	if (failed)
		return false;
	if (json_get(expect, "any_value"))
		return true;
	if (!value || (value->type == JSON_OBJECT && value->child &&
		       slice_is(value->child->key, "$timestamp")))
		return false;
	arena_init(&arena, 1 << 28);
	oracle_document(&wanted, &arena, value);
	bool same = oracle_same(wanted.root, doc->root, 0);
	arena_release(&arena);
	return same;
}

static inline bool oracle_expected(const struct json_node *item,
				   const struct value_doc *doc,
				   const struct err *err, bool failed)
{
	if (oracle_expected_one(json_get(item, "expect"), doc, err, failed))
		return true;
	struct json_node *also = json_get(item, "also_ok");
	for (struct json_node *c = also ? also->child : NULL; c; c = c->next)
		if (!json_get(c, "with_option") &&
		    oracle_expected_one(c, doc, err, failed))
			return true;
	return false;
}

/* The input of a case: input_b64, or input_parts repeated and joined. */
static inline struct slice oracle_input(const struct json_node *item)
{
	struct json_node *parts = json_get(item, "input_parts");
	struct buf out;

	if (!parts)
		return oracle_base64(oracle_text(item, "input_b64"));
	buf_init(&out, 1 << 28);
	for (struct json_node *p = parts->child; p; p = p->next) {
		struct slice unit = oracle_base64(oracle_text(p, "b64"));
		int64_t repeat = 1;
		json_number_int64(json_get(p, "repeat")->text, &repeat);
		for (int64_t i = 0; i < repeat; i++)
			buf_add_slice(&out, unit);
	}
	return oracle_keep(&out);
}

/* Compares bytes with field NAME_b64, NAME (text) or NAME_digest of a case. 1:
 * equal, 0: not, -1: the case has no such field. */
static inline int oracle_bytes_equal(const struct json_node *item,
				     const char *name, struct slice bytes)
{
	char field[64];
	unsigned char hash[DIGEST_MAX];
	char hex[65];

	struct json_node *text = json_get(item, name);
	if (text)
		return slice_equal(text->text, bytes);
	snprintf(field, sizeof(field), "%s_b64", name);
	if ((text = json_get(item, field)))
		return slice_equal(oracle_base64(text->text), bytes);
	snprintf(field, sizeof(field), "%s_digest", name);
	if (!(text = json_get(item, field)))
		return -1;
	int64_t len = 0;
	json_number_int64(json_get(text, "len")->text, &len);
	cr_assert(digest_compute("sha256", &bytes, 1, hash, NULL) == 32);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	return (size_t)len == bytes.len &&
	       slice_is(oracle_text(text, "sha256"), hex);
}

/* Writes. */
static inline int oracle_encode(const struct codec *codec,
				const struct codec_options *options,
				struct value_doc *doc, struct slice *out,
				struct err *err)
{
	struct buf buf;

	buf_init(&buf, 64 << 20);
	int r = codec_encode(codec, options, doc, &buf, err);
	if (r)
		buf_release(&buf);
	*out = r ? (struct slice){0} : oracle_keep(&buf);
	return r;
}

#endif
