/*
 * extras.json: yaml, plist, xmlrpc and bencode, written and read.
 */
#include "codec_oracle.h"

static const struct {
	const char *field, *codec, *error;
} ways[] = {
	{"yaml", "yaml", "yaml"},
	{"plist_xml", "plist", "plist_xml"},
	{"xmlrpc", "xmlrpc", "xmlrpc"},
	{"bencode", "bencode", "bencode"},
};

static void check_way(const struct json_node *item, size_t way, int *checked)
{
	struct codec_options options = oracle_options();
	struct slice name = oracle_text(item, "name");
	struct json_node *errors = json_get(item, "errors");
	const struct codec *codec = codec_find(slice_text(ways[way].codec));
	struct value_doc doc, back;
	struct err err = ERR_INIT;
	struct arena arena;
	struct slice bytes;

	if (!codec) /* yaml, where libyaml is not */
		return;
	arena_init(&arena, 64 << 20);
	oracle_document(&doc, &arena, json_get(item, "value_json"));
	int r = oracle_encode(codec, &options, &doc, &bytes, &err);
	++*checked;
	if (errors && json_get(errors, ways[way].error)) {
		cr_expect(r && err.code == ERR_UNSUPPORTED && err.reason[0],
			  "%.*s to %s: %s", (int)name.len, name.ptr,
			  ways[way].codec, r ? err.message : "a value");
		arena_release(&arena);
		return;
	}
	cr_expect(!r && oracle_bytes_equal(item, ways[way].field, bytes),
		  "%.*s to %s: %s\n%.*s", (int)name.len, name.ptr,
		  ways[way].codec, err.message, (int)bytes.len, bytes.ptr);
	if (!r) {
		value_doc_init(&back, &arena);
		r = codec_decode(codec, &options, bytes, &back, NULL, &err);
		/* bencode's order of keys is its own. */
		cr_expect(!r && (!strcmp(ways[way].codec, "bencode") ||
				 oracle_same(back.root, doc.root, 0)),
			  "%.*s from %s: %s", (int)name.len, name.ptr,
			  ways[way].codec, r ? err.message : "another value");
	}
	arena_release(&arena);
}

Test(codec_extras, oracle)
{
	struct json_node *root = oracle_load(ORACLE_DIR "extras.json");
	int checked = 0;

	for (struct json_node *item = root->child; item; item = item->next)
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
			check_way(item, i, &checked);
	cr_expect(checked >= 20, "%d checked", checked);
}
