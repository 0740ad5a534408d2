/*
 * JSON against cJSON on the 1.1 MB document, doubles against the C library,
 * base64 against OpenSSL: each side by side in the same run, the least of many
 * rounds. Ends with status 1 where a bar is missed.
 */
#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/number.h"
#include "base/text.h"
#include "bench/document.h"

#define ROUNDS	15
#define DOUBLES 20000
#define PICTURE (3 << 20)
#define RECORDS 10000
#define ARENA	(256u << 20)
#define KEEP(x) __asm__ volatile("" ::"g"(x) : "memory")

static int missed;

/* The least time of one call, in milliseconds. */
static double best(void (*call)(void))
{
	double least = 1e9;
	for (int i = 0; i < ROUNDS; i++) {
		double start = clock_monotonic();
		call();
		double took = (clock_monotonic() - start) * 1000;
		if (took < least)
			least = took;
	}
	return least;
}

/* `bar`: how many times faster than the peer it has to be; 0 is no bar. */
static void compare(const char *what, const char *peer, void (*ours)(void),
		    void (*theirs)(void), double bar)
{
	double a = best(ours);
	double b = best(theirs);
	printf("%-22s %8.3f ms   %-12s %8.3f ms   %5.2f times as fast", what, a,
	       peer, b, b / a);
	if (bar > 0)
		printf("   bar %.1f%s", bar, b / a < bar ? " MISSED" : "");
	putchar('\n');
	missed |= b / a < bar;
}

/* --- JSON ----------------------------------------------------------------- */

static struct buf document;
static struct arena arena;
static struct json_node *tree;
static struct buf written;
static cJSON *peer_tree;
static bool unique;

/* As cJSON does, with every number as a number. */
static double sum_numbers(const struct json_node *node)
{
	const struct json_node *up[16];
	size_t depth = 0;
	double sum = 0;
	while (node) {
		int64_t whole;
		if (node->type == JSON_NUMBER)
			sum += json_number_int64(node->text, &whole)
				       ? json_number_double(node->text)
				       : (double)whole;
		if (node->child) {
			up[depth++] = node;
			node = node->child;
			continue;
		}
		node = node->next;
		while (!node && depth)
			node = up[--depth]->next;
	}
	return sum;
}

static void read_ours(void)
{
	arena_clear(&arena);
	tree = json_parse(&arena, buf_slice(&document), 100, unique, NULL);
	KEEP(sum_numbers(tree));
}

static void check_ours(void)
{
	struct json_span span;
	KEEP(json_check(buf_slice(&document), 100, &span, NULL));
}

static void read_peer(void)
{
	cJSON_Delete(peer_tree);
	peer_tree = cJSON_ParseWithLength(document.ptr, document.len);
}

static void write_scalar(struct buf *out, const struct json_node *node)
{
	int64_t whole;
	if (node->type == JSON_STRING)
		json_put_string(out, node->text);
	else if (node->type != JSON_NUMBER)
		buf_add_slice(out, node->raw);
	else if (json_number_int64(node->text, &whole) == 0)
		json_put_int(out, whole);
	else
		json_put_double(out, json_number_double(node->text));
}

static void write_ours(void)
{
	const struct json_node *up[16];
	size_t depth = 0;
	struct buf *out = &written;
	buf_clear(out);
	for (const struct json_node *node = tree; node;) {
		if (depth && up[depth - 1]->child != node)
			buf_add_char(out, ',');
		if (node->key.ptr) {
			json_put_string(out, node->key);
			buf_add_char(out, ':');
		}
		bool object = node->type == JSON_OBJECT;
		bool open = object || node->type == JSON_ARRAY;
		if (open)
			buf_add_char(out, object ? '{' : '[');
		else
			write_scalar(out, node);
		if (open && node->child) {
			up[depth++] = node;
			node = node->child;
			continue;
		}
		if (open)
			buf_add_char(out, object ? '}' : ']');
		node = node->next;
		while (!node && depth) {
			node = up[--depth];
			buf_add_char(out,
				     node->type == JSON_OBJECT ? '}' : ']');
			node = node->next;
		}
	}
}

static void write_peer(void)
{
	char *text = cJSON_PrintUnformatted(peer_tree);
	KEEP(text);
	free(text);
}

/* --- Doubles -------------------------------------------------------------- */

static double doubles[DOUBLES];
static char texts[DOUBLES][DOUBLE_TEXT_MAX];
static size_t lengths[DOUBLES];

/* Any doubles, or such as prices and times are. */
static void make_doubles(bool any)
{
	uint64_t state = 5;
	for (size_t i = 0; i < DOUBLES; i++) {
		uint64_t high = document_random(&state, 1u << 30);
		uint64_t low = document_random(&state, 1u << 30);
		uint64_t bits = (high << 34 ^ low) % (UINT64_C(2046) << 52);
		memcpy(&doubles[i], &bits, sizeof(bits));
		if (!any)
			doubles[i] = (double)(high % 10000000) / 1000;
		lengths[i] = double_repr(doubles[i], texts[i]);
	}
}

static void repr_ours(void)
{
	char text[DOUBLE_TEXT_MAX];
	for (size_t i = 0; i < DOUBLES; i++)
		KEEP(double_repr(doubles[i], text));
}

static void repr_peer(void)
{
	char text[40];
	for (size_t i = 0; i < DOUBLES; i++)
		KEEP(snprintf(text, sizeof(text), "%.17g", doubles[i]));
}

static void parse_ours(void)
{
	for (size_t i = 0; i < DOUBLES; i++)
		KEEP(double_parse(texts[i], lengths[i]));
}

static void parse_peer(void)
{
	for (size_t i = 0; i < DOUBLES; i++)
		KEEP(strtod(texts[i], NULL));
}

/* --- base64 --------------------------------------------------------------- */

static unsigned char picture[PICTURE];
static struct buf coded, decoded;
static unsigned char peer_bytes[PICTURE / 3 * 4 + 8];

static void encode_ours(void)
{
	buf_clear(&coded);
	base64_encode(&coded, slice_of(picture, PICTURE));
}

static void encode_peer(void)
{
	EVP_EncodeBlock(peer_bytes, picture, PICTURE);
}

static void decode_ours(void)
{
	buf_clear(&decoded);
	base64_decode(&decoded, buf_slice(&coded), NULL);
}

static void decode_peer(void)
{
	EVP_DecodeBlock(peer_bytes, (unsigned char *)coded.ptr, (int)coded.len);
}

int main(void)
{
	buf_init(&document, 1 << 24);
	buf_init(&written, 1 << 24);
	buf_init(&coded, 1 << 24);
	buf_init(&decoded, 1 << 24);
	arena_init(&arena, ARENA);
	document_make(&document, RECORDS);
	printf("JSON of %zu bytes\n", document.len);

	compare("read", "cJSON", read_ours, read_peer, 2);
	unique = true;
	compare("read, names unique", "cJSON", read_ours, read_peer, 2);
	compare("check", "cJSON", check_ours, read_peer, 0);
	compare("write", "cJSON", write_ours, write_peer, 2);

	make_doubles(false);
	compare("short doubles: write", "%.17g", repr_ours, repr_peer, 0);
	compare("short doubles: read", "strtod", parse_ours, parse_peer, 0);
	make_doubles(true);
	compare("any doubles: write", "%.17g", repr_ours, repr_peer, 0);
	compare("any doubles: read", "strtod", parse_ours, parse_peer, 0);

	for (size_t i = 0; i < PICTURE; i++)
		picture[i] = (unsigned char)(i * i >> 7);
	compare("base64: write 3 MB", "OpenSSL", encode_ours, encode_peer, 0);
	compare("base64: read 3 MB", "OpenSSL", decode_ours, decode_peer, 0);

	cJSON_Delete(peer_tree);
	arena_release(&arena);
	buf_release(&document);
	buf_release(&written);
	buf_release(&coded);
	buf_release(&decoded);
	return missed;
}
