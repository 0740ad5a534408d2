/*
 * What other writers write (decode.json) and what nobody should (errors.json):
 * values, or errors of the right class, fast and in little memory; and the rules
 * that make many more inputs: cut, append, flip.
 */
#include <sys/resource.h>
#include <time.h>

#include "codec_oracle.h"

#define MEMORY_MAX ((size_t)64 << 20)

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Reads, and converts if the case says to. */
static int run_case(const struct json_node *item, struct value_doc *doc,
		    struct arena *arena, struct err *err)
{
	struct codec_options options = oracle_options();
	struct slice format = oracle_text(item, "format");
	struct slice to = oracle_text(item, "to");
	struct slice input = oracle_input(item);
	struct slice bytes;
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)format.len, format.ptr);
	arena_init(arena, MEMORY_MAX + input.len);
	value_doc_init(doc, arena);
	int r = codec_decode(oracle_codec(name), &options, input, doc, NULL,
			     err);
	if (!r && to.len) {
		snprintf(name, sizeof(name), "%.*s", (int)to.len, to.ptr);
		if (!strcmp(name, "pickle4")) {
			strcpy(name, "pickle");
			options.protocol = 4;
		}
		r = oracle_encode(oracle_codec(name), &options, doc, &bytes,
				  err);
	}
	return r;
}

static void check_case(const struct json_node *item)
{
	struct slice name = oracle_text(item, "name");
	struct err err = ERR_INIT;
	struct value_doc doc;
	struct arena arena;
	double begin = seconds();
	int r = run_case(item, &doc, &arena, &err);
	double took = seconds() - begin;

	cr_expect(oracle_expected(item, &doc, &err, r != 0),
		  "%.*s: got %s \"%s\" (%s)", (int)name.len, name.ptr,
		  r ? "error" : "a value", r ? err.reason : "", err.message);
	cr_expect(!r || (err.message[0] && err.code != ERR_NONE &&
			 err.code != ERR_INTERNAL),
		  "%.*s: no message", (int)name.len, name.ptr);
	cr_expect(took < 1, "%.*s took %.2f s", (int)name.len, name.ptr, took);
	cr_expect(arena.used <= MEMORY_MAX + (1 << 20), "%.*s took %zu bytes",
		  (int)name.len, name.ptr, arena.used);
	arena_release(&arena);
}

Test(codec_decode, decode)
{
	struct json_node *root = oracle_load(ORACLE_DIR "decode.json");

	cr_expect(root->count > 100);
	for (struct json_node *item = root->child; item; item = item->next)
		check_case(item);
}

Test(codec_decode, errors)
{
	struct json_node *root = oracle_load(ORACLE_DIR "errors.json");
	struct json_node *cases = json_get(root, "cases");

	cr_expect(cases->count > 100);
	for (struct json_node *item = cases->child; item; item = item->next)
		check_case(item);
}

/* The parsing files of JSONTestSuite, as values. */
Test(codec_decode, jsontestsuite)
{
	struct json_node *root = oracle_load(ORACLE_DIR "jsontestsuite.json");
	int checked = 0;

	for (struct json_node *item = root->child; item; item = item->next) {
		struct codec_options options = oracle_options();
		struct json_node *expect = json_get(item, "expect");
		struct slice name = oracle_text(item, "name");
		struct slice input = oracle_input(item);
		struct err err = ERR_INIT;
		struct value_doc doc;
		struct arena arena;
		arena_init(&arena, MEMORY_MAX);
		value_doc_init(&doc, &arena);
		int r = codec_decode(oracle_codec("json"), &options, input,
				     &doc, NULL, &err);
		cr_expect(!r || err.reason[0], "%.*s: no class", (int)name.len,
			  name.ptr);
		if (expect->type == JSON_OBJECT)
			cr_expect(json_get(expect, "error")
					  ? r != 0
					  : oracle_expected(item, &doc, &err,
							    r != 0),
				  "%.*s: %s", (int)name.len, name.ptr,
				  r ? err.message : "a value");
		checked += expect->type == JSON_OBJECT;
		arena_release(&arena);
	}
	cr_expect(checked > 250, "%d checked", checked);
}

/* The same with the whole process held to the memory: what is not in the arena
 * counts as well. */
Test(codec_decode, memory)
{
	struct json_node *root = oracle_load(ORACLE_DIR "errors.json");
	struct json_node *cases = json_get(root, "cases");
	struct rusage usage;

	for (struct json_node *item = cases->child; item; item = item->next) {
		struct err err = ERR_INIT;
		struct value_doc doc;
		struct arena arena;
		(void)run_case(item, &doc, &arena, &err);
		arena_release(&arena);
	}
	getrusage(RUSAGE_SELF, &usage);
#if !defined(__SANITIZE_ADDRESS__)
	cr_expect(usage.ru_maxrss < 100 * 1024, "%ld kB", usage.ru_maxrss);
#endif
}

/* --- Rules ---------------------------------------------------------------- */

static const char *field_codec(struct slice field,
			       struct codec_options *options)
{
	options->style = CODEC_STYLE_COMPACT;
	if (slice_starts(field, SLICE("pickle"))) {
		options->protocol = field.ptr[6] - '0';
		return "pickle";
	}
	if (slice_is(field, "json_compact")) {
		options->ascii = true;
		return "json";
	}
	return slice_is(field, "php")	    ? "php"
	       : slice_is(field, "msgpack") ? "msgpack"
					    : "cbor";
}

static struct json_node *find_named(struct json_node *list, struct slice name)
{
	for (struct json_node *c = list->child; c; c = c->next)
		if (slice_equal(oracle_text(c, "name"), name))
			return c;
	cr_assert_fail("no case of that name");
	return NULL;
}

/* The class of reading exactly these bytes (their own allocation, so that a
 * read past the end is noticed); "" for a value. */
static void read_class(const char *codec, struct slice bytes, char class[32])
{
	struct codec_options options = oracle_options();
	struct err err = ERR_INIT;
	struct value_doc doc;
	struct arena arena;
	char *copy = malloc(bytes.len ? bytes.len : 1);

	memcpy(copy, bytes.ptr, bytes.len);
	arena_init(&arena, MEMORY_MAX);
	value_doc_init(&doc, &arena);
	int r = codec_decode(oracle_codec(codec), &options,
			     slice_of(copy, bytes.len), &doc, NULL, &err);
	snprintf(class, 32, "%s", r ? err.reason : "");
	cr_expect(!r || class[0], "an error without a class: %s", err.message);
	arena_release(&arena);
	free(copy);
}

typedef void rule_check(const char *codec, struct slice bytes,
			struct slice field, struct slice name);

static void each_of_rule(const char *wanted, rule_check *check)
{
	struct json_node *errors = oracle_load(ORACLE_DIR "errors.json");
	struct json_node *roundtrip = oracle_load(ORACLE_DIR "roundtrip.json");
	struct json_node *rules = json_get(errors, "rules");
	int runs = 0;

	for (struct json_node *r = rules->child; r; r = r->next) {
		if (!slice_is(oracle_text(r, "rule"), wanted))
			continue;
		struct json_node *names = json_get(r, "cases");
		struct json_node *fields = json_get(r, "fields");
		for (struct json_node *n = names->child; n; n = n->next)
			for (struct json_node *f = fields->child; f;
			     f = f->next) {
				struct codec_options options = oracle_options();
				const char *codec =
					field_codec(f->text, &options);
				struct err err = ERR_INIT;
				struct value_doc doc;
				struct arena arena;
				struct slice bytes;
				arena_init(&arena, MEMORY_MAX);
				oracle_document(
					&doc, &arena,
					json_get(find_named(roundtrip, n->text),
						 "value_json"));
				if (!oracle_encode(oracle_codec(codec),
						   &options, &doc, &bytes,
						   &err)) {
					check(codec, bytes, f->text, n->text);
					runs++;
				}
				arena_release(&arena);
			}
	}
	cr_expect(runs > 3, "%s: %d runs", wanted, runs);
}

static void check_cut(const char *codec, struct slice bytes, struct slice field,
		      struct slice name)
{
	char class[32];

	for (size_t n = 1; n < bytes.len; n++) {
		read_class(codec, slice_of(bytes.ptr, n), class);
		cr_expect(!strcmp(class, "truncated") ||
				  !strcmp(class, "syntax"),
			  "%.*s %.*s cut at %zu: %s", (int)name.len, name.ptr,
			  (int)field.len, field.ptr, n, class);
	}
}

Test(codec_decode, truncate)
{
	each_of_rule("truncate", check_cut);
}

static void check_flips(const char *codec, struct slice bytes,
			struct slice field, struct slice name)
{
	char *copy = malloc(bytes.len);
	char class[32];

	(void)field;
	(void)name;
	memcpy(copy, bytes.ptr, bytes.len);
	for (size_t i = 0; i < bytes.len * 8; i++) {
		copy[i / 8] = (char)(copy[i / 8] ^ 1 << i % 8);
		read_class(codec, slice_of(copy, bytes.len), class);
		copy[i / 8] = (char)(copy[i / 8] ^ 1 << i % 8);
	}
	free(copy);
}

Test(codec_decode, flip_bits)
{
	each_of_rule("flip_bits_no_crash", check_flips);
}

static void check_append(const char *codec, struct slice bytes,
			 struct slice field, struct slice name)
{
	char *copy = malloc(bytes.len + 1);
	char class[32];

	memcpy(copy, bytes.ptr, bytes.len);
	copy[bytes.len] = '0';
	read_class(codec, slice_of(copy, bytes.len + 1), class);
	cr_expect(!strcmp(class, "trailing"), "%.*s %.*s: %s", (int)name.len,
		  name.ptr, (int)field.len, field.ptr, class);
	free(copy);
}

Test(codec_decode, append)
{
	each_of_rule("append", check_append);
}

/* Depth 100 works, the limit is exact, and what is far past it is refused. */
Test(codec_decode, depth)
{
	static const struct {
		const char *codec;
		const char *open, *leaf, *close;
		const char *before, *after;
	} cases[] = {
		{"json", "[", "1", "]", "", ""},
		{"json", "{\"a\":", "1", "}", "", ""},
		{"php", "a:1:{i:0;", "N;", "}", "", ""},
		{"msgpack", "\x91", "\xc0", "", "", ""},
		{"cbor", "\x81", "\xf6", "", "", ""},
		{"cbor", "\x9f", "\xf6", "\xff", "", ""},
		{"bencode", "l", "i1e", "e", "", ""},
		{"pickle", "]", "N", "a", "", "."},
		{"yaml", "[", "1", "]", "", ""},
		{"plist", "<array>", "<true/>", "</array>", "<plist>",
		 "</plist>"},
		{"xmlrpc", "<value><array><data>", "<value>x</value>",
		 "</data></array></value>", "<params><param>",
		 "</param></params>"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int depth = 100; depth <= 100000; depth *= 10) {
			struct buf text;
			char class[32];
			if (!codec_find(slice_text(cases[i].codec)))
				continue;
			buf_init(&text, 1 << 24);
			buf_add_text(&text, cases[i].before);
			for (int n = 0; n < depth; n++)
				buf_add_text(&text, cases[i].open);
			buf_add_text(&text, cases[i].leaf);
			for (int n = 0; n < depth; n++)
				buf_add_text(&text, cases[i].close);
			buf_add_text(&text, cases[i].after);
			read_class(cases[i].codec, buf_slice(&text), class);
			cr_expect(!strcmp(class, depth <= 1000 ? "" : "depth"),
				  "%s %s at depth %d: %s", cases[i].codec,
				  cases[i].open, depth, class);
			buf_release(&text);
		}
}
