/*
 * Every value of roundtrip.json in every format: bytes as the reference program
 * writes them, and the value back from them; what a format cannot hold is an
 * error of the right class; what it loses needs `lossy`.
 */
#include "codec_oracle.h"

/* One way of writing: the field of the case and what makes it. */
struct way {
	const char *field;
	const char *codec;
	const char *family; /* in `errors` and `decoded` */
	int protocol;
	enum codec_style style;
	bool ascii, deterministic;
};

static const struct way ways[] = {
	{"pickle0", "pickle", "pickle", 0, 0, false, false},
	{"pickle1", "pickle", "pickle", 1, 0, false, false},
	{"pickle2", "pickle", "pickle", 2, 0, false, false},
	{"pickle3", "pickle", "pickle", 3, 0, false, false},
	{"pickle4", "pickle", "pickle", 4, 0, false, false},
	{"pickle5", "pickle", "pickle", 5, 0, false, false},
	{"json", "json", "json", 0, CODEC_STYLE_PYTHON, true, false},
	{"json_compact", "json", "json", 0, CODEC_STYLE_COMPACT, true, false},
	{"json_compact_utf8", "json", "json", 0, CODEC_STYLE_COMPACT, false,
	 false},
	{"php", "php", "php", 0, 0, false, false},
	{"msgpack", "msgpack", "msgpack", 0, 0, false, false},
	{"cbor", "cbor", "cbor", 0, 0, false, false},
	{"cbor_det", "cbor", "cbor", 0, 0, false, true},
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static struct codec_options way_options(const struct way *way)
{
	struct codec_options options = oracle_options();
	options.protocol = way->protocol;
	options.style = way->style;
	options.ascii = way->ascii;
	options.deterministic = way->deterministic;
	return options;
}

static struct json_node *error_of(const struct json_node *item,
				  const struct way *way)
{
	struct json_node *errors = json_get(item, "errors");
	struct json_node *found = errors ? json_get(errors, way->field) : NULL;
	if (!found && errors)
		found = json_get(errors, way->family);
	return found;
}

static void check_encode(const struct json_node *item, const struct way *way,
			 int *checked)
{
	struct codec_options options = way_options(way);
	struct json_node *error = error_of(item, way);
	struct slice name = oracle_text(item, "name");
	struct err err = ERR_INIT;
	struct value_doc doc;
	struct arena arena;
	struct slice bytes;

	arena_init(&arena, 1 << 28);
	oracle_document(&doc, &arena, json_get(item, "value_json"));
	options.lossy = json_get(item, "decoded") != NULL;
	int r = oracle_encode(oracle_codec(way->codec), &options, &doc, &bytes,
			      &err);
	if (error) {
		options.lossy = false;
		if (!r) /* lossy gives something where the default refuses */
			r = oracle_encode(oracle_codec(way->codec), &options,
					  &doc, &bytes, &err);
		cr_expect(r && oracle_is_class(&err, error->text),
			  "%.*s to %s: error %.*s expected, not %s (%s)",
			  (int)name.len, name.ptr, way->field,
			  (int)error->text.len, error->text.ptr,
			  r ? err.reason : "a value", err.message);
		++*checked;
	} else {
		cr_expect(!r, "%.*s to %s: %s", (int)name.len, name.ptr,
			  way->field, err.message);
		int equal =
			r ? -1 : oracle_bytes_equal(item, way->field, bytes);
		cr_expect(equal, "%.*s to %s: other bytes: %.*s", (int)name.len,
			  name.ptr, way->field,
			  bytes.len < 300 ? (int)bytes.len : 300, bytes.ptr);
		*checked += equal == 1;
	}
	arena_release(&arena);
}

Test(codec_roundtrip, encodings)
{
	int checked = 0;
	struct json_node *root = oracle_load(ORACLE_DIR "roundtrip.json");

	for (struct json_node *item = root->child; item; item = item->next)
		for (size_t i = 0; i < WAYS; i++)
			check_encode(item, &ways[i], &checked);
	cr_expect(checked > 1000, "%d encodings checked", checked);
}

/* What reading gives back: `decoded` of the case, or the value itself. */
static struct json_node *decoded_of(const struct json_node *item,
				    const struct way *way)
{
	struct json_node *decoded = json_get(item, "decoded");
	struct json_node *found =
		decoded ? json_get(decoded, way->family) : NULL;
	return found ? found : json_get(item, "value_json");
}

static void check_decode(const struct json_node *item, const struct way *way,
			 int *checked)
{
	struct codec_options options = way_options(way);
	struct slice name = oracle_text(item, "name");
	struct value_doc doc, back;
	struct arena arena;
	struct slice bytes;
	struct err err = ERR_INIT;
	struct json_node *wanted = decoded_of(item, way);

	if (error_of(item, way) ||
	    (wanted->child && slice_is(wanted->child->key, "$digest")))
		return;
	arena_init(&arena, 1 << 28);
	oracle_document(&doc, &arena, json_get(item, "value_json"));
	options.lossy = true;
	/* The encoding itself is checked above, so that it can stand for those
	 * of which the oracle has a digest only. */
	if (!oracle_encode(oracle_codec(way->codec), &options, &doc, &bytes,
			   &err)) {
		value_doc_init(&back, &arena);
		int r = codec_decode(oracle_codec(way->codec), &options, bytes,
				     &back, NULL, &err);
		cr_expect(!r, "%.*s from %s: %s", (int)name.len, name.ptr,
			  way->field, err.message);
		oracle_document(&doc, &arena, wanted);
		/* The deterministic form has an order of its own. */
		cr_expect(r || way->deterministic ||
				  oracle_same(back.root, doc.root, 0),
			  "%.*s from %s: another value", (int)name.len,
			  name.ptr, way->field);
		++*checked;
	}
	arena_release(&arena);
}

Test(codec_roundtrip, decodings)
{
	int checked = 0;
	struct json_node *root = oracle_load(ORACLE_DIR "roundtrip.json");

	for (struct json_node *item = root->child; item; item = item->next)
		for (size_t i = 0; i < WAYS; i++)
			check_decode(item, &ways[i], &checked);
	cr_expect(checked > 1000, "%d decodings checked", checked);
}

/* Pickles of Python 2, whose maps are in another order. */
Test(codec_roundtrip, python2)
{
	static const char *const fields[] = {"pickle0_py2_b64",
					     "pickle0_py2c_b64"};
	struct json_node *root = oracle_load(ORACLE_DIR "roundtrip.json");
	int checked = 0;

	for (struct json_node *item = root->child; item; item = item->next)
		for (size_t i = 0; i < 2; i++) {
			struct json_node *field = json_get(item, fields[i]);
			struct codec_options options = oracle_options();
			struct err err = ERR_INIT;
			struct value_doc doc, wanted;
			struct arena arena;
			if (!field)
				continue;
			arena_init(&arena, 1 << 28);
			value_doc_init(&doc, &arena);
			int r = codec_decode(oracle_codec("pickle"), &options,
					     oracle_base64(field->text), &doc,
					     NULL, &err);
			struct slice name = oracle_text(item, "name");
			cr_expect(!r, "%.*s %s: %s", (int)name.len, name.ptr,
				  fields[i], err.message);
			oracle_document(&wanted, &arena,
					json_get(item, "value_json"));
			if (!r && doc.root.kind != VALUE_MAP &&
			    wanted.root.kind != VALUE_BYTES)
				cr_expect(
					oracle_same(doc.root, wanted.root, 0) ||
						wanted.root.kind >= VALUE_LIST,
					"%.*s %s: another value", (int)name.len,
					name.ptr, fields[i]);
			checked++;
			arena_release(&arena);
		}
	cr_expect(checked > 100, "%d checked", checked);
}
