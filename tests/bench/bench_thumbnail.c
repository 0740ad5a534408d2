/*
 * thumbnail's library against a direct libjpeg-turbo loop on a picture of 12
 * megapixels (decode at 1/8, box filter, encode), in the same process and the
 * same run; several sizes against several calls. Ends with status 1 where a
 * bar is missed, 77 without libvips or libjpeg.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#if __has_include(<jpeglib.h>)
#include "base/clock.h"
#include "image/image.h"
#include "photograph.h"

#define ROUNDS 25

static const struct image_limits limits = {
	.max_pixels = 50000000,
	.max_edge = 65500,
	.max_output_edge = 4096,
	.max_frames = 100,
	.loaders = 0x7f,
};

static const struct image_api *api;
static unsigned char *photo;
static unsigned long photo_size;
static int missed;

/* --- The peer -------------------------------------------------------------- */

static unsigned char *decode_eighth(int *width, int *height)
{
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	unsigned char *rgb;

	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&jpeg);
	jpeg_mem_src(&jpeg, photo, photo_size);
	jpeg_read_header(&jpeg, TRUE);
	jpeg.scale_num = 1;
	jpeg.scale_denom = 8;
	jpeg_start_decompress(&jpeg);
	*width = (int)jpeg.output_width;
	*height = (int)jpeg.output_height;
	rgb = malloc((size_t)*width * (size_t)*height * 3);
	while (jpeg.output_scanline < jpeg.output_height) {
		JSAMPROW row = rgb + 3 * *width * (int)jpeg.output_scanline;

		jpeg_read_scanlines(&jpeg, &row, 1);
	}
	jpeg_finish_decompress(&jpeg);
	jpeg_destroy_decompress(&jpeg);
	return rgb;
}

static void direct(void)
{
	unsigned char small[256 * 192 * 3], *rgb, *out = NULL;
	unsigned long size = 0;
	int width, height, x, y, c, i, j;

	rgb = decode_eighth(&width, &height);
	for (y = 0; y < 192; y++) {
		int top = y * height / 192, end = (y + 1) * height / 192;

		for (x = 0; x < 256; x++) {
			int left = x * width / 256;
			int right = (x + 1) * width / 256;

			for (c = 0; c < 3; c++) {
				int sum = 0;

				for (j = top; j < end; j++)
					for (i = left; i < right; i++)
						sum += rgb[3 * (j * width + i) +
							   c];
				small[3 * (y * 256 + x) + c] =
					(unsigned char)(sum / ((end - top) *
							       (right - left)));
			}
		}
	}
	photo_encode(small, 256, 192, 80, &out, &size);
	free(out);
	free(rgb);
}

/* --- cherry ---------------------------------------------------------------- */

static void thumbnails(const int *edges, size_t count)
{
	struct image_variant variants[4];
	struct image_output outputs[4];
	struct image_source source = {.bytes = slice_of(photo, photo_size),
				      .limits = &limits,
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
	if (api->make(&source, variants, count, &result, &index, &err)) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	for (i = 0; i < count; i++)
		buf_release(&outputs[i].bytes);
}

static const int four[] = {1024, 512, 256, 64};

static void one_size(void)
{
	thumbnails((int[]){256}, 1);
}

static void four_sizes(void)
{
	thumbnails(four, 4);
}

static void four_calls(void)
{
	size_t i;

	for (i = 0; i < 4; i++)
		thumbnails(four + i, 1);
}

/* The least of rounds taken in turn, in milliseconds. */
static void compare(const char *what, void (*ours)(void), void (*theirs)(void),
		    double bar)
{
	double best[2] = {1e9, 1e9};
	int i, side;

	for (i = 0; i < 2 * ROUNDS; i++) {
		double start = clock_monotonic(), took;

		side = i & 1;
		(side ? theirs : ours)();
		took = (clock_monotonic() - start) * 1000;
		best[side] = took < best[side] ? took : best[side];
	}
	printf("%-44s %7.1f ms  peer %7.1f ms  ratio %.2f  bar %.2f%s\n", what,
	       best[0], best[1], best[0] / best[1], bar,
	       best[0] / best[1] > bar ? " MISSED" : "");
	missed |= best[0] / best[1] > bar;
}

static long resident_kilobytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(void)
{
	const char *build = getenv("BUILD");
	struct err err = ERR_INIT;
	unsigned char *rgb;
	char path[256];
	void *library;

	snprintf(path, sizeof(path), "./%s/cherry-image.so",
		 build ? build : "build");
	library = dlopen(path, RTLD_NOW);
	api = library ? dlsym(library, IMAGE_API_SYMBOL) : NULL;
	if (!api)
		return 77;
	if (api->start(&limits, &err))
		return 1;
	printf("resident after warm-up %ld kB\n", resident_kilobytes());
	rgb = photo_pixels();
	photo_encode(rgb, PHOTO_WIDTH, PHOTO_HEIGHT, 88, &photo, &photo_size);
	free(rgb);
	printf("photograph of %d x %d, %lu bytes\n", PHOTO_WIDTH, PHOTO_HEIGHT,
	       photo_size);
	compare("256 px; peer: libjpeg-turbo alone", one_size, direct, 1.35);
	compare("four sizes, one decode; peer: four calls", four_sizes,
		four_calls, 0.6);
	printf("resident at the end %ld kB\n", resident_kilobytes());
	free(photo);
	return missed;
}
#else
int main(void)
{
	return 77;
}
#endif
