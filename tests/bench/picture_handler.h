/*
 * The picture library in a bench's own process: what thumbnail does without
 * its executor, its frames and Redis.
 */
#ifndef BENCH_PICTURE_HANDLER_H
#define BENCH_PICTURE_HANDLER_H

#include <dlfcn.h>
#include "image/image.h"
#include "photograph.h"

static const struct image_limits picture_limits = {
	.max_pixels = 50000000,
	.max_edge = 65500,
	.max_output_edge = 4096,
	.max_frames = 100,
	.loaders = 0x7f,
};

static const struct image_api *picture_api;
static unsigned char *photo;
static unsigned long photo_size;

/* Loads the library and makes the photograph; exits with 77 without one. */
static void picture_start(void)
{
	const char *build = getenv("BUILD");
	struct err err = ERR_INIT;
	unsigned char *rgb;
	char path[256];
	void *library;

	snprintf(path, sizeof(path), "./%s/cherry-image.so",
		 build ? build : "build");
	library = dlopen(path, RTLD_NOW);
	picture_api = library ? dlsym(library, IMAGE_API_SYMBOL) : NULL;
	if (!picture_api)
		exit(77);
	if (picture_api->start(&picture_limits, &err)) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	rgb = photo_pixels();
	photo_encode(rgb, PHOTO_WIDTH, PHOTO_HEIGHT, 88, &photo, &photo_size);
	free(rgb);
	printf("photograph of %d x %d, %lu bytes\n", PHOTO_WIDTH, PHOTO_HEIGHT,
	       photo_size);
}

/* Thumbnails of those edges, at most four, from one decode. */
static void picture_make(const int *edges, size_t count)
{
	struct image_variant variants[4];
	struct image_output outputs[4];
	struct image_source source = {.bytes = slice_of(photo, photo_size),
				      .limits = &picture_limits,
				      .max_output = 16 << 20};
	struct image_result result = {.outputs = outputs};
	struct err err = ERR_INIT;
	long index;
	size_t i;

	for (i = 0; i < count; i++)
		variants[i] = (struct image_variant){.width = edges[i],
						     .height = edges[i],
						     .format = IMAGE_JPEG,
						     .quality = 80,
						     .effort = -1};
	if (picture_api->make(&source, variants, count, &result, &index,
			      &err)) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	for (i = 0; i < count; i++)
		buf_release(&outputs[i].bytes);
}

#endif
