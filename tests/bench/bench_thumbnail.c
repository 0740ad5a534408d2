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
#include <jpeglib.h>

#include "base/clock.h"
#include "image/image.h"

#define WIDTH  4000
#define HEIGHT 3000
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

/* --- The picture: several octaves of noise, shapes, fine grain -------------- */

static uint32_t random_state = 20240601;

static uint32_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static void add_octave(float *plane, int cells, float amplitude)
{
	float *grid =
		malloc(sizeof(float) * (size_t)((cells + 2) * (cells + 2)));
	int x, y, i;

	for (i = 0; i < (cells + 2) * (cells + 2); i++)
		grid[i] = ((float)(random_next() & 255) - 128) * amplitude;
	for (y = 0; y < HEIGHT; y++) {
		float v = (float)y * (float)cells / HEIGHT;
		int row = (int)v;

		v -= (float)row;
		for (x = 0; x < WIDTH; x++) {
			float u = (float)x * (float)cells / WIDTH;
			int col = (int)u;
			const float *g = grid + row * (cells + 2) + col;

			u -= (float)col;
			plane[y * WIDTH + x] +=
				(g[0] * (1 - u) + g[1] * u) * (1 - v) +
				(g[cells + 2] * (1 - u) + g[cells + 3] * u) * v;
		}
	}
	free(grid);
}

static unsigned char *make_pixels(void)
{
	static const struct {
		int cells;
		float amplitude;
	} octaves[] = {
		{6, 0.7f}, {20, 0.5f}, {80, 0.3f}, {320, 0.2f}, {1000, 0.14f}};
	float *plane = calloc(WIDTH * HEIGHT, sizeof(float));
	unsigned char *rgb = malloc(WIDTH * HEIGHT * 3);
	size_t i;
	int c;

	for (i = 0; i < sizeof(octaves) / sizeof(octaves[0]); i++)
		add_octave(plane, octaves[i].cells, octaves[i].amplitude);
	for (i = 0; i < WIDTH * HEIGHT; i++) {
		float grain = (float)(random_next() & 31) - 16;
		size_t x = i % WIDTH, y = i / WIDTH;

		for (c = 0; c < 3; c++) {
			float v = 128 + plane[i] + grain +
				  (float)((x / 500 * 37 + y / 400 * 53 +
					   (size_t)c * 71) %
					  90) -
				  45;

			rgb[3 * i + (size_t)c] = (unsigned char)(v < 0	   ? 0
								 : v > 255 ? 255
									   : v);
		}
	}
	free(plane);
	return rgb;
}

static void encode(const unsigned char *rgb, int width, int height, int quality,
		   unsigned char **out, unsigned long *size)
{
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	int y;

	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_compress(&jpeg);
	jpeg_mem_dest(&jpeg, out, size);
	jpeg.image_width = (JDIMENSION)width;
	jpeg.image_height = (JDIMENSION)height;
	jpeg.input_components = 3;
	jpeg.in_color_space = JCS_RGB;
	jpeg_set_defaults(&jpeg);
	jpeg_set_quality(&jpeg, quality, TRUE);
	jpeg_start_compress(&jpeg, TRUE);
	for (y = 0; y < height; y++) {
		JSAMPROW row = (JSAMPROW)(uintptr_t)(rgb + 3 * y * width);

		jpeg_write_scanlines(&jpeg, &row, 1);
	}
	jpeg_finish_compress(&jpeg);
	jpeg_destroy_compress(&jpeg);
}

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
	encode(small, 256, 192, 80, &out, &size);
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
	rgb = make_pixels();
	encode(rgb, WIDTH, HEIGHT, 88, &photo, &photo_size);
	free(rgb);
	printf("photograph of %d x %d, %lu bytes\n", WIDTH, HEIGHT, photo_size);
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
