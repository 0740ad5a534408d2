/*
 * itsdangerous.json, the tokens of roundtrip.json, and every bit of a token
 * flipped: classes, derivations, digests, rotation, fallback, time, compression,
 * any inner format.
 */
#include "codec_oracle.h"

struct signing {
	struct codec_signer signer;
	struct codec_signer fallbacks[4];
	struct slice keys[8];
	struct codec_options inner;
};

static bool is_null(const struct json_node *node)
{
	return node && node->type == JSON_NULL;
}

static struct slice text_or_bytes(const struct json_node *node)
{
	return node->type == JSON_OBJECT ? oracle_base64(node->child->text)
					 : node->text;
}

static enum signer_class class_of(struct slice name)
{
	static const char *const names[] = {"URLSafeSerializer",
					    "URLSafeTimedSerializer",
					    "Serializer",
					    "TimedSerializer",
					    "Signer",
					    "TimestampSigner"};
	for (int i = 0; i < 6; i++)
		if (slice_is(name, names[i]))
			return (enum signer_class)i;
	cr_assert_fail("no such class");
	return 0;
}

/* False for a derivation that does not exist. */
static bool read_ways(struct codec_signer *signer, const struct json_node *item)
{
	static const char *const names[] = {"django-concat", "concat", "hmac",
					    "none"};
	struct json_node *node = json_get(item, "key_derivation");
	if (node) {
		int i = 0;
		while (i < 4 && !slice_is(node->text, names[i]))
			i++;
		if (i == 4)
			return false;
		signer->derivation = (enum signer_derivation)i;
	}
	if ((node = json_get(item, "digest"))) {
		struct buf name;
		buf_init(&name, 64);
		buf_add_slice(&name, node->text);
		buf_add(&name, "", 1);
		signer->digest = oracle_keep(&name).ptr;
	}
	return true;
}

static double number_of(const struct json_node *item, const char *key)
{
	return strtod(json_get(item, key)->text.ptr, NULL);
}

static bool read_signing(struct signing *s, const struct json_node *item)
{
	struct json_node *node = json_get(item, "secret_key");

	codec_signer_init(&s->signer);
	s->signer.class = class_of(oracle_text(item, "class"));
	s->signer.keys = s->keys;
	if (node->type == JSON_ARRAY)
		for (struct json_node *c = node->child; c; c = c->next)
			s->keys[s->signer.key_count++] = text_or_bytes(c);
	else
		s->keys[s->signer.key_count++] = text_or_bytes(node);
	if ((node = json_get(item, "salt"))) {
		s->signer.salt_given = true;
		s->signer.salt = is_null(node) ? SLICE("itsdangerous.Signer")
					       : text_or_bytes(node);
	}
	if ((node = json_get(item, "sep")))
		s->signer.sep = node->text;
	if (json_get(item, "now"))
		s->signer.timestamp = s->signer.now = number_of(item, "now");
	else if (json_get(item, "timestamp"))
		s->signer.timestamp = number_of(item, "timestamp");
	if (json_get(item, "epoch"))
		s->signer.epoch = number_of(item, "epoch");
	if (json_get(item, "max_age")) {
		s->signer.max_age_given = true;
		s->signer.max_age = number_of(item, "max_age");
	}
	if ((node = json_get(item, "serializer"))) {
		char name[32];
		snprintf(name, sizeof(name), "%.*s", (int)node->text.len,
			 node->text.ptr);
		s->signer.inner = oracle_codec(
			strcmp(name, "phpserialize") ? name : "php");
	}
	node = json_get(item, "fallback_signers");
	s->signer.fallbacks = s->fallbacks;
	for (struct json_node *c = node ? node->child : NULL; c; c = c->next) {
		struct codec_signer *way =
			&s->fallbacks[s->signer.fallback_count++];
		codec_signer_init(way);
		if (!read_ways(way, c))
			return false;
	}
	return read_ways(&s->signer, item);
}

static struct slice token_of(const struct json_node *item)
{
	struct json_node *node = json_get(item, "token_b64");
	return node ? oracle_base64(node->text) : oracle_text(item, "token");
}

/* The bare classes give bytes in Python; here they are text where they can. */
static bool same_payload(const struct json_node *expect,
			 const struct value_doc *doc)
{
	struct json_node *value = json_get(expect, "value");
	if (!value || value->type != JSON_OBJECT ||
	    !slice_is(value->child->key, "$bytes"))
		return false;
	return value_is_text(doc->root) &&
	       slice_equal(oracle_base64(value->child->text),
			   value_bytes(doc->root));
}

static void check_loads(const struct json_node *item, struct signing *s,
			struct codec_options *options)
{
	struct slice name = oracle_text(item, "name");
	struct codec_found found;
	struct err err = ERR_INIT;
	struct value_doc doc;
	struct arena arena;

	arena_init(&arena, 64 << 20);
	value_doc_init(&doc, &arena);
	int r = codec_decode(oracle_codec("itsdangerous"), options,
			     token_of(item), &doc, &found, &err);
	bool bare = s->signer.class >= SIGNER_BARE && !r &&
		    same_payload(json_get(item, "expect"), &doc);
	cr_expect(bare || oracle_expected(item, &doc, &err, r != 0),
		  "%.*s: %s (%s)", (int)name.len, name.ptr,
		  r ? err.reason : "a value", err.message);
	if (!r && json_get(item, "timestamp"))
		cr_expect(found.timed && (double)found.timestamp ==
						 number_of(item, "timestamp"),
			  "%.*s: time", (int)name.len, name.ptr);
	if (r && err.code == ERR_BAD_INPUT && token_of(item).len > 10)
		cr_expect(!memmem(err.message, strlen(err.message),
				  token_of(item).ptr, 8),
			  "%.*s: the token is in the message", (int)name.len,
			  name.ptr);
	arena_release(&arena);
}

static void check_dumps(const struct json_node *item,
			struct codec_options *options)
{
	struct slice name = oracle_text(item, "name");
	struct err err = ERR_INIT;
	struct value_doc doc;
	struct arena arena;
	struct slice token;

	arena_init(&arena, 64 << 20);
	oracle_document(&doc, &arena, json_get(item, "value_json"));
	options->lossy = true;
	int r = oracle_encode(oracle_codec("itsdangerous"), options, &doc,
			      &token, &err);
	if (json_get(item, "expect"))
		cr_expect(oracle_expected(item, &doc, &err, r != 0), "%.*s: %s",
			  (int)name.len, name.ptr, err.message);
	else
		cr_expect(!r && slice_equal(token, token_of(item)),
			  "%.*s: %.*s %s", (int)name.len, name.ptr,
			  (int)token.len, token.ptr, err.message);
	arena_release(&arena);
}

Test(codec_itsdangerous, oracle)
{
	struct json_node *root = oracle_load(ORACLE_DIR "itsdangerous.json");
	int checked = 0;

	for (struct json_node *item = root->child; item; item = item->next) {
		struct codec_options options = oracle_options();
		struct slice op = oracle_text(item, "op");
		struct signing s = {0};
		if (!read_signing(&s, item))
			continue; /* refused before it gets here */
		options.signer = &s.signer;
		if (slice_is(op, "loads") || slice_is(op, "unsign"))
			check_loads(item, &s, &options);
		else
			check_dumps(item, &options);
		checked++;
	}
	cr_expect(checked > 110, "%d checked", checked);
}

/* The tokens of the values of roundtrip.json, both ways. */
Test(codec_itsdangerous, roundtrip)
{
	struct json_node *root = oracle_load(ORACLE_DIR "roundtrip.json");
	int checked = 0;

	for (struct json_node *item = root->child; item; item = item->next) {
		struct json_node *list = json_get(item, "itsdangerous");
		for (struct json_node *t = list ? list->child : NULL; t;
		     t = t->next) {
			struct codec_options options = oracle_options();
			struct slice name = oracle_text(item, "name");
			struct signing s = {0};
			struct err err = ERR_INIT;
			struct value_doc doc;
			struct arena arena;
			struct slice token;
			cr_assert(read_signing(&s, t));
			options.signer = &s.signer;
			options.lossy = true;
			arena_init(&arena, 64 << 20);
			oracle_document(&doc, &arena,
					json_get(item, "value_json"));
			int r = oracle_encode(oracle_codec("itsdangerous"),
					      &options, &doc, &token, &err);
			cr_expect(!r && oracle_bytes_equal(t, "token", token) ==
						  1,
				  "%.*s: %s", (int)name.len, name.ptr,
				  err.message);
			cr_expect(!codec_decode(oracle_codec("itsdangerous"),
						&options, token, &doc, NULL,
						&err),
				  "%.*s back: %s", (int)name.len, name.ptr,
				  err.message);
			arena_release(&arena);
			checked++;
		}
	}
	cr_expect(checked > 120, "%d checked", checked);
}

/* Errors of values that JSON cannot hold come through the signer. */
Test(codec_itsdangerous, unsupported)
{
	struct json_node *root = oracle_load(ORACLE_DIR "roundtrip.json");
	int checked = 0;

	for (struct json_node *item = root->child; item; item = item->next) {
		struct json_node *errors = json_get(item, "errors");
		struct json_node *class =
			errors ? json_get(errors, "itsdangerous") : NULL;
		struct codec_options options = oracle_options();
		struct slice name = oracle_text(item, "name");
		struct codec_signer signer;
		struct slice key = SLICE("k");
		struct err err = ERR_INIT;
		struct value_doc doc;
		struct arena arena;
		struct slice token;
		if (!class)
			continue;
		codec_signer_init(&signer);
		signer.keys = &key;
		signer.key_count = 1;
		options.signer = &signer;
		arena_init(&arena, 64 << 20);
		oracle_document(&doc, &arena, json_get(item, "value_json"));
		int r = oracle_encode(oracle_codec("itsdangerous"), &options,
				      &doc, &token, &err);
		cr_expect(r && oracle_is_class(&err, class->text), "%.*s: %s",
			  (int)name.len, name.ptr, r ? err.reason : "a value");
		arena_release(&arena);
		checked++;
	}
	cr_expect(checked > 8, "%d checked", checked);
}

/* Every bit of a token, flipped, must break the signature: also the spare bits
 * of its last character. */
Test(codec_itsdangerous, flips)
{
	static const char *const names[] = {"talk_list", "job_record"};
	struct json_node *root = oracle_load(ORACLE_DIR "roundtrip.json");

	for (int n = 0; n < 2; n++) {
		struct json_node *item = root->child;
		while (!slice_is(oracle_text(item, "name"), names[n]))
			item = item->next;
		for (struct json_node *t =
			     json_get(item, "itsdangerous")->child;
		     t; t = t->next) {
			struct codec_options options = oracle_options();
			struct signing s = {0};
			cr_assert(read_signing(&s, t));
			options.signer = &s.signer;
			struct slice token = oracle_text(t, "token");
			char *copy = malloc(token.len);
			memcpy(copy, token.ptr, token.len);
			for (size_t i = 0; i < token.len * 8; i++) {
				struct err err = ERR_INIT;
				struct value_doc doc;
				struct arena arena;
				arena_init(&arena, 1 << 20);
				value_doc_init(&doc, &arena);
				copy[i / 8] = (char)(copy[i / 8] ^ 1 << i % 8);
				int r = codec_decode(
					oracle_codec("itsdangerous"), &options,
					slice_of(copy, token.len), &doc, NULL,
					&err);
				cr_expect(r && !strcmp(err.reason, "signature"),
					  "%s bit %zu: %s", names[n], i,
					  r ? err.reason : "a value");
				copy[i / 8] = (char)(copy[i / 8] ^ 1 << i % 8);
				arena_release(&arena);
			}
			free(copy);
		}
	}
}

Test(codec_itsdangerous, config)
{
	static const struct {
		const char *sep, *digest;
		size_t keys;
	} cases[] = {{"", "sha1", 1},  {"ab", "sha1", 1}, {"9-_=", "sha1", 1},
		     {"Z", "sha1", 1}, {".", "sha3", 1},  {".", "sha1", 0}};
	struct slice key = SLICE("k");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct codec_options options = oracle_options();
		struct codec_signer signer;
		struct err err = ERR_INIT;
		struct value_doc doc;
		struct arena arena;
		struct slice token;
		codec_signer_init(&signer);
		signer.sep = slice_text(cases[i].sep);
		signer.digest = cases[i].digest;
		signer.keys = &key;
		signer.key_count = cases[i].keys;
		options.signer = &signer;
		arena_init(&arena, 1 << 20);
		value_doc_init(&doc, &arena);
		int r = oracle_encode(oracle_codec("itsdangerous"), &options,
				      &doc, &token, &err);
		cr_expect(r && err.code == ERR_BAD_ARGS &&
				  !strcmp(err.reason, "config"),
			  "case %zu: %s", i, err.message);
		r = codec_decode(oracle_codec("itsdangerous"), &options,
				 SLICE("a.b"), &doc, NULL, &err);
		cr_expect(r && !strcmp(err.reason, "config"), "case %zu", i);
		arena_release(&arena);
	}
}
