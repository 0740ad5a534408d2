/*
 * Every format on the 1.1 MB document: reading and writing values, side by side
 * with python3's own libraries (json and pickle, and msgpack, cbor2,
 * phpserialize, itsdangerous, yaml where they are installed), with php where it
 * is, and with cJSON. Ends with status 1 where a bar is missed:
 *
 *	json to pickle 4 in at most 0.6 of json.loads + pickle.dumps;
 *	every other pair of formats below Python's read + write;
 *	json read and written at least twice as fast as cJSON does it.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "bench/document.h"
#include "cherry/codec.h"

#define ROUNDS	11
#define RECORDS 10000
#define ARENA	(256u << 20)
#define MAX	(64u << 20)

/* One format: how to write it here, how Python and PHP name theirs. */
static const struct {
	const char *label, *codec;
	int protocol;
	const char *python, *php;
} formats[] = {
	{"json", "json", 0, "json", "json"},
	{"pickle 0", "pickle", 0, "pickle0", NULL},
	{"pickle 2", "pickle", 2, "pickle2", NULL},
	{"pickle 4", "pickle", 4, "pickle4", NULL},
	{"php", "php", 0, "phpserialize", "php"},
	{"itsdangerous", "itsdangerous", 0, "itsdangerous", NULL},
	{"msgpack", "msgpack", 0, "msgpack", NULL},
	{"cbor", "cbor", 0, "cbor2", NULL},
	{"bencode", "bencode", 0, NULL, NULL},
	{"yaml", "yaml", 0, "yaml", NULL},
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

struct times {
	double read, write; /* ms; 0: not known */
};

static struct times ours[FORMATS], python[FORMATS], php[FORMATS];
static int missed;

static const char python_script[] =
	"import json, pickle, sys, time\n"
	"text = open(sys.argv[1], encoding='utf-8').read()\n"
	"v = json.loads(text)\n"
	"def best(f, n=7):\n"
	"    t = []\n"
	"    for _ in range(n):\n"
	"        a = time.perf_counter(); f(); t.append(time.perf_counter() - "
	"a)\n"
	"    return min(t) * 1000\n"
	"def show(name, dumps, loads, n=7):\n"
	"    s = dumps(v)\n"
	"    print(name, best(lambda: loads(s), n), best(lambda: dumps(v), "
	"n))\n"
	"show('json', lambda v: json.dumps(v, separators=(',', ':')), "
	"json.loads)\n"
	"for p in (0, 2, 4):\n"
	"    show('pickle%d' % p, lambda v: pickle.dumps(v, p), pickle.loads)\n"
	"def optional(name, module, f):\n"
	"    try: m = __import__(module)\n"
	"    except ImportError: return\n"
	"    f(m)\n"
	"optional('msgpack', 'msgpack', lambda m: show('msgpack', m.packb, "
	"m.unpackb))\n"
	"optional('cbor2', 'cbor2', lambda m: show('cbor2', m.dumps, "
	"m.loads))\n"
	"optional('phpserialize', 'phpserialize', lambda m: "
	"show('phpserialize', m.dumps, m.loads, 2))\n"
	"def its(m):\n"
	"    s = m.URLSafeSerializer('secret-key'); show('itsdangerous', "
	"s.dumps, s.loads)\n"
	"optional('itsdangerous', 'itsdangerous', its)\n"
	"def yam(m):\n"
	"    show('yaml', lambda v: m.dump(v, Dumper=getattr(m, 'CSafeDumper', "
	"m.SafeDumper)), lambda s: m.load(s, getattr(m, 'CSafeLoader', "
	"m.SafeLoader)), 1)\n"
	"optional('yaml', 'yaml', yam)\n";

static const char php_script[] =
	"ini_set('serialize_precision','-1'); ini_set('memory_limit','1G');"
	"$j=file_get_contents($argv[1]); $v=json_decode($j,true);"
	"$s=serialize($v);"
	"function best($f){$m=INF;for($i=0;$i<7;$i++){$a=hrtime(true);$x=$f();"
	"$m=min($m,hrtime(true)-$a);unset($x);}return $m/1e6;}"
	"printf(\"php %f %f\\njson %f %f\\n\","
	"best(fn()=>unserialize($s,['allowed_classes'=>false])),"
	"best(fn()=>serialize($v)),best(fn()=>json_decode($j,true)),"
	"best(fn()=>json_encode($v)));";

/* --- Ours ----------------------------------------------------------------- */

static struct codec_signer signer;

static struct codec_options options_of(size_t format)
{
	static struct slice key = SLICE("secret-key");
	struct codec_options options;

	codec_options_init(&options);
	codec_signer_init(&signer);
	signer.keys = &key;
	signer.key_count = 1;
	options.signer = &signer;
	options.protocol = formats[format].protocol;
	options.lossy = true; /* bencode aside, nothing is lost here */
	return options;
}

static double elapsed(double start)
{
	return (clock_monotonic() - start) * 1000;
}

static void fail(const char *what, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", what, err->message);
	exit(1);
}

static void measure(size_t format, struct slice json)
{
	const struct codec *codec =
		codec_find(slice_text(formats[format].codec));
	const struct codec *reader = codec_find(SLICE("json"));
	struct codec_options options = options_of(format);
	struct err err = ERR_INIT;
	struct value_doc doc;
	struct arena arena;
	struct buf out;

	if (!codec)
		return;
	arena_init(&arena, ARENA);
	buf_init(&out, MAX);
	value_doc_init(&doc, &arena);
	if (codec_decode(reader, &options, json, &doc, NULL, &err))
		fail("json", &err);
	ours[format] = (struct times){1e9, 1e9};
	for (int i = 0; i < ROUNDS; i++) {
		double start = clock_monotonic();
		buf_clear(&out);
		if (codec_encode(codec, &options, &doc, &out, &err)) {
			ours[format] = (struct times){0, 0};
			break;
		}
		if (elapsed(start) < ours[format].write)
			ours[format].write = elapsed(start);
	}
	for (int i = 0; ours[format].write > 0 && i < ROUNDS; i++) {
		double start = clock_monotonic();
		arena_clear(&arena);
		value_doc_init(&doc, &arena);
		if (codec_decode(codec, &options, buf_slice(&out), &doc, NULL,
				 &err))
			fail(formats[format].label, &err);
		if (elapsed(start) < ours[format].read)
			ours[format].read = elapsed(start);
	}
	buf_release(&out);
	arena_release(&arena);
}

static double measure_pair(struct slice json)
{
	struct codec_options options = options_of(3);
	const struct codec *from = codec_find(SLICE("json"));
	const struct codec *to = codec_find(SLICE("pickle"));
	struct err err = ERR_INIT;
	struct value_doc doc;
	struct arena arena;
	struct buf out;
	double least = 1e9;

	arena_init(&arena, ARENA);
	buf_init(&out, MAX);
	for (int i = 0; i < 2 * ROUNDS; i++) {
		double start = clock_monotonic();
		arena_clear(&arena);
		value_doc_init(&doc, &arena);
		buf_clear(&out);
		if (codec_decode(from, &options, json, &doc, NULL, &err) ||
		    codec_encode(to, &options, &doc, &out, &err))
			fail("json to pickle", &err);
		if (elapsed(start) < least)
			least = elapsed(start);
	}
	buf_release(&out);
	arena_release(&arena);
	return least;
}

/* --- Peers ---------------------------------------------------------------- */

/* Lines "NAME READ WRITE" of a command, into the table by that name. */
static void read_peer(const char *command, bool is_php, struct times *table)
{
	char name[64];
	double read_time, write_time;
	FILE *pipe = popen(command, "r");

	while (pipe &&
	       fscanf(pipe, "%63s %lf %lf", name, &read_time, &write_time) == 3)
		for (size_t i = 0; i < FORMATS; i++) {
			const char *wanted =
				is_php ? formats[i].php : formats[i].python;
			if (wanted && !strcmp(wanted, name))
				table[i] =
					(struct times){read_time, write_time};
		}
	if (pipe)
		pclose(pipe);
}

static void write_file(const char *dir, const char *name, struct slice bytes,
		       char *path, size_t size)
{
	snprintf(path, size, "%s/%s", dir, name);
	FILE *file = fopen(path, "wb");
	if (!file || fwrite(bytes.ptr, 1, bytes.len, file) != bytes.len ||
	    fclose(file)) {
		perror(path);
		exit(1);
	}
}

static void measure_peers(struct slice json)
{
	char dir[] = "/tmp/cherry-bench-XXXXXX";
	char document[64], script[64], php_path[64], command[300];

	if (!mkdtemp(dir)) {
		perror("mkdtemp");
		exit(1);
	}
	write_file(dir, "doc.json", json, document, sizeof(document));
	write_file(dir, "time.py", SLICE(python_script), script,
		   sizeof(script));
	snprintf(command, sizeof(command), "python3 %s %s 2>/dev/null", script,
		 document);
	read_peer(command, false, python);
	write_file(dir, "time.php", SLICE(php_script), php_path,
		   sizeof(php_path));
	FILE *file = fopen(php_path, "wb");
	if (file) {
		fprintf(file, "<?php %s", php_script);
		fclose(file);
	}
	snprintf(command, sizeof(command), "php -n %s %s 2>/dev/null", php_path,
		 document);
	read_peer(command, true, php);
	unlink(document);
	unlink(script);
	unlink(php_path);
	rmdir(dir);
}

static struct times measure_cjson(struct slice json)
{
	struct times least = {1e9, 1e9};

	for (int i = 0; i < ROUNDS; i++) {
		double start = clock_monotonic();
		cJSON *tree = cJSON_ParseWithLength(json.ptr, json.len);
		if (elapsed(start) < least.read)
			least.read = elapsed(start);
		start = clock_monotonic();
		char *text = cJSON_PrintUnformatted(tree);
		if (elapsed(start) < least.write)
			least.write = elapsed(start);
		free(text);
		cJSON_Delete(tree);
	}
	return least;
}

/* --- Showing -------------------------------------------------------------- */

static void show_time(double time)
{
	if (time > 0)
		printf(" %9.2f", time);
	else
		printf(" %9s", "-");
}

static void check_bar(const char *what, double ratio, double bar)
{
	printf("%-44s %5.2f   bar %.2f%s\n", what, ratio, bar,
	       ratio <= bar ? "" : " MISSED");
	missed |= ratio > bar;
}

static void check_pairs(void)
{
	double worst = 0;
	char what[100] = "no pair";

	for (size_t i = 0; i < FORMATS; i++)
		for (size_t j = 0; j < FORMATS; j++) {
			double mine = ours[i].read + ours[j].write;
			double theirs = python[i].read + python[j].write;
			if (python[i].read <= 0 || python[j].write <= 0 ||
			    ours[i].write <= 0 || ours[j].write <= 0)
				continue;
			if (mine / theirs <= worst)
				continue;
			worst = mine / theirs;
			snprintf(what, sizeof(what),
				 "worst pair of formats (%s to %s) / Python",
				 formats[i].label, formats[j].label);
		}
	check_bar(what, worst, 1);
}

int main(void)
{
	struct buf json;

	buf_init(&json, MAX);
	document_make(&json, RECORDS);
	measure_peers(buf_slice(&json));
	for (size_t i = 0; i < FORMATS; i++)
		measure(i, buf_slice(&json));
	struct times peer = measure_cjson(buf_slice(&json));
	printf("%zu bytes of JSON; ms%23s%20s%20s\n", json.len, "cherry",
	       "python3", "php");
	printf("%-20s %9s %9s %9s %9s %9s %9s\n", "", "read", "write", "read",
	       "write", "read", "write");
	for (size_t i = 0; i < FORMATS; i++) {
		printf("%-20s", formats[i].label);
		show_time(ours[i].read);
		show_time(ours[i].write);
		show_time(python[i].read);
		show_time(python[i].write);
		show_time(php[i].read);
		show_time(php[i].write);
		putchar('\n');
	}
	printf("%-20s", "cJSON");
	show_time(peer.read);
	show_time(peer.write);
	putchar('\n');
	if (python[0].read > 0) {
		check_bar("json to pickle 4 / json.loads + pickle.dumps",
			  measure_pair(buf_slice(&json)) /
				  (python[0].read + python[3].write),
			  0.6);
		check_pairs();
	} else {
		puts("no python3: its bars are not checked");
	}
	check_bar("json read / cJSON", ours[0].read / peer.read, 0.5);
	check_bar("json written / cJSON", ours[0].write / peer.write, 0.5);
	buf_release(&json);
	return missed;
}
