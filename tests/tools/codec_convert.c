/*
 * Conversions by line, for tests that hold the codecs against other programs.
 * A line "FROM TO OPTIONS BASE64" is answered with "ok BASE64" or "CLASS
 * MESSAGE". TO is a format, pickle0 to pickle5, or json.python; OPTIONS are
 * letters, "-" for none: l lossy, a ascii, s sort_keys, d deterministic.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/text.h"
#include "cherry/codec.h"

#define MAX ((size_t)256 << 20)

static const struct codec *target(char *name, struct codec_options *options)
{
	if (!strncmp(name, "pickle", 6) && name[6]) {
		options->protocol = name[6] - '0';
		name[6] = '\0';
	}
	if (!strcmp(name, "json.python")) {
		options->style = CODEC_STYLE_PYTHON;
		options->ascii = true;
		name[4] = '\0';
	}
	return codec_find(slice_text(name));
}

static void set_letters(const char *letters, struct codec_options *options)
{
	options->lossy = strchr(letters, 'l') != NULL;
	options->ascii = options->ascii || strchr(letters, 'a') != NULL;
	options->sort_keys = strchr(letters, 's') != NULL;
	options->deterministic = strchr(letters, 'd') != NULL;
}

static int convert(const struct codec *from, const struct codec *to,
		   const struct codec_options *options, struct slice input,
		   struct buf *out, struct err *err)
{
	struct value_doc doc;
	struct arena arena;

	arena_init(&arena, MAX);
	value_doc_init(&doc, &arena);
	int r = codec_decode(from, options, input, &doc, NULL, err);
	if (!r)
		r = codec_encode(to, options, &doc, out, err);
	arena_release(&arena);
	return r;
}

static void run_line(char *line)
{
	struct codec_options options;
	struct err err = ERR_INIT;
	struct buf input, out, text;
	char *words[4];

	codec_options_init(&options);
	for (int i = 0; i < 4; i++)
		words[i] = strtok(i ? NULL : line, " \n");
	if (!words[2]) {
		puts("usage FROM TO OPTIONS BASE64");
		return;
	}
	const struct codec *from = codec_find(slice_text(words[0]));
	const struct codec *to = target(words[1], &options);
	set_letters(words[2], &options);
	buf_init(&input, MAX);
	buf_init(&out, MAX);
	buf_init(&text, MAX);
	if (!from || !to) {
		puts("unknown no such format");
	} else if (words[3] &&
		   base64_decode(&input, slice_text(words[3]), NULL)) {
		puts("usage bad base64");
	} else if (convert(from, to, &options, buf_slice(&input), &out, &err)) {
		printf("%s %s\n", err.reason, err.message);
	} else {
		base64_encode(&text, buf_slice(&out));
		printf("ok %.*s\n", (int)text.len, text.ptr ? text.ptr : "");
	}
	buf_release(&input);
	buf_release(&out);
	buf_release(&text);
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		run_line(line);
		fflush(stdout);
	}
	free(line);
	return 0;
}
