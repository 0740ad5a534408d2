/*
 * For tests of the picture library: loading it, reading the corpus, making one
 * picture.
 */
#ifndef TESTS_IMAGE_LIBRARY_H
#define TESTS_IMAGE_LIBRARY_H

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "image/image.h"
#include "png_pixels.h"

#define CORPUS "tests/oracle/thumbnail/"

static const struct image_limits limits = {
	.max_pixels = 50000000,
	.max_edge = 65500,
	.max_output_edge = 4096,
	.max_frames = 100,
	.loaders = 0x7f,
};

static const struct image_api *api;

static inline void setup(void)
{
	const char *build = getenv("BUILD");
	char path[256];
	void *library;
	struct err err = ERR_INIT;

	snprintf(path, sizeof(path), "./%s/cherry-image.so",
		 build ? build : "build");
	library = dlopen(path, RTLD_NOW);
	if (!library)
		cr_skip_test("no libvips: %s", dlerror());
	api = dlsym(library, IMAGE_API_SYMBOL);
	cr_assert(api && api->version == IMAGE_API_VERSION);
	cr_assert_eq(api->start(&limits, &err), 0, "%s", err.message);
}

static inline struct buf read_file(const char *name)
{
	char path[256];
	struct buf buf;
	char chunk[4096];
	size_t got;
	FILE *file;

	snprintf(path, sizeof(path), CORPUS "%s", name);
	file = fopen(path, "rb");
	cr_assert(file, "%s is missing", path);
	buf_init(&buf, 64 << 20);
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		cr_assert_eq(buf_add(&buf, chunk, got), 0);
	fclose(file);
	return buf;
}

static const struct image_variant standard = {
	.width = 256,
	.height = 256,
	.fit = IMAGE_INSIDE,
	.format = IMAGE_PNG,
	.effort = -1,
	.x = 0.5,
	.y = 0.5,
	.background = {255, 255, 255, 255},
};

static inline int make(struct slice bytes, const struct image_variant *variant,
		       struct image_output *output, struct image_result *result,
		       struct err *err)
{
	struct image_source source = {.bytes = bytes,
				      .limits = &limits,
				      .placeholders = 7,
				      .max_output = 64 << 20};
	long index;

	*result = (struct image_result){.outputs = output};
	*err = (struct err)ERR_INIT;
	return api->make(&source, variant, 1, result, &index, err);
}

static inline double number(const struct json_node *object, const char *key)
{
	const struct json_node *node = json_get(object, key);

	return node ? json_number_double(node->text) : 0;
}

static inline const char *text(const struct json_node *object, const char *key)
{
	static char texts[8][128];
	static unsigned next;
	const struct json_node *node = json_get(object, key);
	char *out = texts[next++ % 8];

	*out = '\0';
	if (node && node->type == JSON_STRING)
		snprintf(out, sizeof(texts[0]), "%.*s", (int)node->text.len,
			 node->text.ptr);
	return out;
}

#endif
