/*
 * Every crossing of formats: what one format holds exactly comes out of it and
 * goes into any other as if it had come from nowhere else. Over the oracle's
 * values and over generated ones; and what a loss does, or its refusal says.
 */
#include "codec_oracle.h"

struct side {
	const char *name, *codec;
	int protocol;
	bool deterministic;
};

static const struct side sides[] = {
	{"json", "json", 0, false},	  {"pickle0", "pickle", 0, false},
	{"pickle1", "pickle", 1, false},  {"pickle2", "pickle", 2, false},
	{"pickle3", "pickle", 3, false},  {"pickle4", "pickle", 4, false},
	{"pickle5", "pickle", 5, false},  {"php", "php", 0, false},
	{"msgpack", "msgpack", 0, false}, {"cbor", "cbor", 0, false},
	{"cbor_det", "cbor", 0, true},	  {"bencode", "bencode", 0, false},
	{"yaml", "yaml", 0, false},	  {"plist", "plist", 0, false},
	{"xmlrpc", "xmlrpc", 0, false},	  {"token", "itsdangerous", 0, false},
};

#define SIDES (sizeof(sides) / sizeof(sides[0]))

static struct codec_options side_options(const struct side *side)
{
	static struct slice key = SLICE("k");
	static struct codec_signer signer;
	struct codec_options options = oracle_options();

	codec_signer_init(&signer);
	signer.keys = &key;
	signer.key_count = 1;
	options.signer = &signer;
	options.protocol = side->protocol;
	options.deterministic = side->deterministic;
	return options;
}

/* Writes into `out` (cleared). False if the format refuses, or is not built. */
static bool put(const struct side *side, struct value_doc *doc, struct buf *out)
{
	const struct codec *codec = codec_find(slice_text(side->codec));
	struct codec_options options = side_options(side);
	struct err err = ERR_INIT;

	buf_clear(out);
	return codec && !codec_encode(codec, &options, doc, out, &err);
}

static bool get(const struct side *side, struct slice bytes,
		struct value_doc *doc, struct arena *arena)
{
	struct codec_options options = side_options(side);
	struct err err = ERR_INIT;

	value_doc_init(doc, arena);
	int r = codec_decode(codec_find(slice_text(side->codec)), &options,
			     bytes, doc, NULL, &err);
	cr_expect(!r, "%s does not read what it wrote: %s", side->name,
		  err.message);
	return !r;
}

/* All crossings of one value; how many there were. */
static int cross(struct value_doc *doc, struct slice name)
{
	struct buf direct, there, again;
	int crossings = 0;

	buf_init(&direct, 64 << 20);
	buf_init(&there, 64 << 20);
	buf_init(&again, 64 << 20);
	for (size_t a = 0; a < SIDES; a++) {
		struct value_doc middle;
		struct arena arena;
		arena_init(&arena, 256 << 20);
		if (put(&sides[a], doc, &there) &&
		    get(&sides[a], buf_slice(&there), &middle, &arena) &&
		    oracle_same(middle.root, doc->root, 0))
			for (size_t b = 0; b < SIDES; b++) {
				bool one = put(&sides[b], doc, &direct);
				bool two = put(&sides[b], &middle, &again);
				/* Sharing comes out of a pickle only. */
				if (doc->shared &&
				    !strcmp(sides[b].codec, "pickle"))
					continue;
				crossings++;
				cr_expect(one == two &&
						  (!one ||
						   slice_equal(
							   buf_slice(&direct),
							   buf_slice(&again))),
					  "%.*s from %s to %s", (int)name.len,
					  name.ptr, sides[a].name,
					  sides[b].name);
			}
		arena_release(&arena);
	}
	buf_release(&direct);
	buf_release(&there);
	buf_release(&again);
	return crossings;
}

Test(codec_cross, oracle)
{
	struct json_node *root = oracle_load(ORACLE_DIR "roundtrip.json");
	int crossings = 0;

	for (struct json_node *item = root->child; item; item = item->next) {
		struct value_doc doc;
		struct arena arena;
		arena_init(&arena, 256 << 20);
		oracle_document(&doc, &arena, json_get(item, "value_json"));
		if (!doc.cyclic)
			crossings += cross(&doc, oracle_text(item, "name"));
		arena_release(&arena);
	}
	cr_expect(crossings > 8000, "%d crossings", crossings);
}

/* --- Generated values ----------------------------------------------------- */

static uint64_t random_next(uint64_t *state, uint64_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 33) % below;
}

static struct value random_text(struct value_doc *doc, enum value_kind kind,
				uint64_t *state)
{
	static const char *const parts[] = {
		"a",   "Z ", "\n",   "\xc3\xa9", "0", "\xf0\x9f\x8d\x92",
		"<&>", "\"", "\\u00"};
	struct err err = ERR_INIT;
	struct value out;
	struct buf text;

	buf_init(&text, 1 << 16);
	size_t n = random_next(state, 2) ? random_next(state, 6)
					 : random_next(state, 300);
	for (size_t i = 0; i < n; i++)
		if (kind == VALUE_TEXT)
			buf_add_text(&text, parts[random_next(state, 9)]);
		else
			buf_add_char(&text, (char)random_next(state, 256));
	cr_assert(!value_text(doc, kind, buf_slice(&text), &out, &err));
	buf_release(&text);
	return out;
}

static struct value random_number(struct value_doc *doc, uint64_t *state)
{
	static const char *const edges[] = {"127",
					    "128",
					    "-32",
					    "-33",
					    "255",
					    "256",
					    "-128",
					    "-129",
					    "65535",
					    "65536",
					    "2147483647",
					    "2147483648",
					    "-2147483648",
					    "-2147483649",
					    "4294967295",
					    "4294967296",
					    "9223372036854775807",
					    "9223372036854775808",
					    "18446744073709551615",
					    "18446744073709551616",
					    "-9223372036854775808",
					    "-9223372036854775809",
					    "-18446744073709551616",
					    "-18446744073709551617",
					    "123456789012345678901234567890"};
	struct err err = ERR_INIT;
	struct value out;
	uint64_t bits;

	if (random_next(state, 2)) {
		const char *text = edges[random_next(
			state, sizeof(edges) / sizeof(edges[0]))];
		cr_assert(
			!value_decimal(doc, slice_text(text), 100, &out, &err));
		return out;
	}
	bits = random_next(state, 1u << 30) << 34 | random_next(state, 1u << 30)
							    << 4;
	double number;
	memcpy(&number, &bits, sizeof(number));
	return value_double(isfinite(number) ? number : 0.5);
}

static struct value random_value(struct value_doc *doc, int depth,
				 uint64_t *state)
{
	struct err err = ERR_INIT;
	struct value items[12];
	struct value out;
	uint32_t count = (uint32_t)random_next(state, 6);
	static const enum value_kind kinds[] = {VALUE_LIST, VALUE_LIST,
						VALUE_MAP, VALUE_TUPLE};

	if (depth == 0 || random_next(state, 3) == 0)
		switch (random_next(state, 6)) {
		case 0:
			return value_bool(random_next(state, 2));
		case 1:
			return random_text(doc, VALUE_BYTES, state);
		case 2:
			return random_number(doc, state);
		case 3:
			return value_null();
		default:
			return random_text(doc, VALUE_TEXT, state);
		}
	enum value_kind kind = kinds[random_next(state, 4)];
	for (uint32_t i = 0; i < count * 2; i++) {
		items[i] = random_value(doc, depth - 1, state);
		if (kind == VALUE_MAP && i % 2 == 0) {
			items[i] = random_text(doc, VALUE_TEXT, state);
			cr_assert(!value_key(doc, value_bytes(items[i]),
					     &items[i], &err));
		}
	}
	cr_assert(!value_seq_of(doc, kind, items,
				kind == VALUE_MAP ? count * 2 : count, &out,
				&err));
	if (kind == VALUE_MAP)
		cr_assert(!value_settle(doc, kind, out.seq, false, &err));
	return out;
}

Test(codec_cross, generated)
{
	uint64_t state = 7;
	int crossings = 0;

	for (int i = 0; i < 300; i++) {
		struct value_doc doc;
		struct arena arena;
		char name[32];
		snprintf(name, sizeof(name), "value %d", i);
		arena_init(&arena, 64 << 20);
		value_doc_init(&doc, &arena);
		doc.root = random_value(&doc, 4, &state);
		crossings += cross(&doc, slice_text(name));
		arena_release(&arena);
	}
	cr_expect(crossings > 10000, "%d crossings", crossings);
}

/* --- Losses --------------------------------------------------------------- */

static const struct {
	const char *value, *to, *class, *lossy; /* NULL: refused all the same */
} losses[] = {
	{"{\"$dict\":[[1,2]]}", "json", "key", "{\"1\":2}"},
	{"{\"$dict\":[[null,2],[true,3]]}", "json", "key",
	 "{\"null\":2,\"true\":3}"},
	{"{\"$dict\":[[{\"$float\":\"2.5\"},2]]}", "json", "key",
	 "{\"2.5\":2}"},
	{"{\"$dict\":[[{\"$tuple\":[1]},2]]}", "json", "key", NULL},
	{"{\"$dict\":[[{\"$bytes\":\"YQ==\"},2]]}", "json", "key", NULL},
	{"{\"$bytes\":\"AP8=\"}", "json", "type", "\"AP8=\""},
	{"{\"$set\":[1]}", "json", "type", NULL},
	{"[1,{\"a\":{\"$float\":\"nan\"}}]", "json", "range", NULL},
	{"{}", "php", "type", "a:0:{}"},
	{"{\"5\":1}", "php", "key", "a:1:{i:5;i:1;}"},
	{"{\"$dict\":[[0,1]]}", "php", "type", "a:1:{i:0;i:1;}"},
	{"{\"$dict\":[[null,1]]}", "php", "key", "a:1:{s:0:\"\";i:1;}"},
	{"{\"$dict\":[[{\"$float\":\"1.5\"},1]]}", "php", "key", NULL},
	{"{\"$frozenset\":[1]}", "php", "type", NULL},
	{"{\"$dict\":[[{\"$tuple\":[1]},2]]}", "msgpack", "key", NULL},
	{"{\"$set\":[1]}", "msgpack", "type", NULL},
	{"{\"$wtf8\":\"7aCA\"}", "cbor", "encoding", NULL},
	{"{\"a\":null}", "bencode", "type", NULL},
	{"{\"$dict\":[[1,2]]}", "bencode", "key", NULL},
	{"{\"$float\":\"inf\"}", "json", "range", NULL},
};

Test(codec_cross, losses)
{
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		const struct codec *codec = oracle_codec(losses[i].to);
		struct codec_options options = oracle_options();
		struct err err = ERR_INIT;
		struct value_doc doc;
		struct arena arena;
		struct slice bytes;
		arena_init(&arena, 1 << 20);
		struct json_node *node = json_parse(
			&arena, slice_text(losses[i].value), 100, true, &err);
		cr_assert(node, "%s", losses[i].value);
		oracle_document(&doc, &arena, node);
		int r = oracle_encode(codec, &options, &doc, &bytes, &err);
		cr_expect(r && err.code == ERR_UNSUPPORTED &&
				  !strcmp(err.reason, losses[i].class),
			  "%s to %s: %s %s", losses[i].value, losses[i].to,
			  r ? err.reason : "a value", err.message);
		cr_expect(!strncmp(err.message, "$", 1), "no path: %s",
			  err.message);
		options.lossy = true;
		r = oracle_encode(codec, &options, &doc, &bytes, &err);
		cr_expect(losses[i].lossy
				  ? !r && slice_is(bytes, losses[i].lossy)
				  : r != 0,
			  "%s to %s with lossy: %.*s", losses[i].value,
			  losses[i].to, (int)bytes.len, bytes.ptr);
		arena_release(&arena);
	}
}

/* The path of what is refused, in nested values. */
Test(codec_cross, paths)
{
	static const struct {
		const char *json, *path;
	} cases[] = {
		{"18446744073709551616", "$: "},
		{"{\"users\":[0,1,2,{\"id\":18446744073709551616}]}",
		 "$.users[3].id: "},
		{"[[[18446744073709551616]]]", "$[0][0][0]: "},
		{"{\"a b\":{\"\\\"\":[18446744073709551616]}}",
		 "$[\"a b\"][\"\"\"][0]: "},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct codec_options options = oracle_options();
		struct err err = ERR_INIT;
		struct value_doc doc;
		struct arena arena;
		struct slice bytes;
		arena_init(&arena, 1 << 20);
		value_doc_init(&doc, &arena);
		cr_assert(!codec_decode(oracle_codec("json"), &options,
					slice_text(cases[i].json), &doc, NULL,
					&err));
		cr_expect(oracle_encode(oracle_codec("msgpack"), &options, &doc,
					&bytes, &err) &&
				  !strncmp(err.message, cases[i].path,
					   strlen(cases[i].path)),
			  "%s: %s", cases[i].json, err.message);
		arena_release(&arena);
	}
}

/* Sharing multiplies what is written only within reason: n doublings of a
 * list, or one large text many times. */
Test(codec_cross, copies)
{
	static const struct {
		int doublings;
		size_t text, times;
		bool fine;
	} cases[] = {{10, 0, 0, true},	    {18, 0, 0, true},
		     {21, 0, 0, false},	    {62, 0, 0, false},
		     {0, 100000, 10, true}, {0, 100000, 400, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct codec_options options = oracle_options();
		struct err err = ERR_INIT;
		struct value_doc doc;
		struct arena arena;
		struct buf text, out;
		struct value pair[400];
		arena_init(&arena, 64 << 20);
		buf_init(&text, 1 << 20);
		buf_init(&out, 64 << 20);
		value_doc_init(&doc, &arena);
		for (size_t n = 0; n < cases[i].text; n++)
			buf_add_char(&text, 'x');
		cr_assert(!value_text(&doc, VALUE_TEXT, buf_slice(&text),
				      &doc.root, &err));
		for (int n = 0; n < cases[i].doublings; n++) {
			pair[0] = pair[1] = doc.root;
			cr_assert(!value_seq_of(&doc, VALUE_LIST, pair, 2,
						&doc.root, &err));
		}
		for (size_t n = 0; n < cases[i].times; n++)
			pair[n] = doc.root;
		if (cases[i].times)
			cr_assert(!value_seq_of(&doc, VALUE_LIST, pair,
						(uint32_t)cases[i].times,
						&doc.root, &err));
		doc.shared = true;
		cr_assert(!value_measure(&doc, 1000, &err));
		int r = codec_encode(oracle_codec("json"), &options, &doc, &out,
				     &err);
		cr_expect(cases[i].fine ? !r
					: r && err.code == ERR_LIMIT &&
						  !strcmp(err.reason, "size") &&
						  out.len == 0,
			  "case %zu: %d %s", i, r, err.message);
		buf_release(&text);
		buf_release(&out);
		arena_release(&arena);
	}
}
