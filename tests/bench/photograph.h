/*
 * A made photograph of 12 megapixels for the benches of thumbnail: several
 * octaves of noise, shapes, fine grain; and libjpeg to write it.
 */
#ifndef BENCH_PHOTOGRAPH_H
#define BENCH_PHOTOGRAPH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#define PHOTO_WIDTH  4000
#define PHOTO_HEIGHT 3000

static uint32_t photo_random = 20240601;

static inline uint32_t photo_random_next(void)
{
	photo_random ^= photo_random << 13;
	photo_random ^= photo_random >> 17;
	photo_random ^= photo_random << 5;
	return photo_random;
}

static inline void photo_octave(float *plane, int cells, float amplitude)
{
	float *grid =
		malloc(sizeof(float) * (size_t)((cells + 2) * (cells + 2)));
	int x, y, i;

	for (i = 0; i < (cells + 2) * (cells + 2); i++)
		grid[i] =
			((float)(photo_random_next() & 255) - 128) * amplitude;
	for (y = 0; y < PHOTO_HEIGHT; y++) {
		float v = (float)y * (float)cells / PHOTO_HEIGHT;
		int row = (int)v;

		v -= (float)row;
		for (x = 0; x < PHOTO_WIDTH; x++) {
			float u = (float)x * (float)cells / PHOTO_WIDTH;
			int col = (int)u;
			const float *g = grid + row * (cells + 2) + col;

			u -= (float)col;
			plane[y * PHOTO_WIDTH + x] +=
				(g[0] * (1 - u) + g[1] * u) * (1 - v) +
				(g[cells + 2] * (1 - u) + g[cells + 3] * u) * v;
		}
	}
	free(grid);
}

static inline unsigned char *photo_pixels(void)
{
	static const struct {
		int cells;
		float amplitude;
	} octaves[] = {
		{6, 0.7f}, {20, 0.5f}, {80, 0.3f}, {320, 0.2f}, {1000, 0.14f}};
	float *plane = calloc(PHOTO_WIDTH * PHOTO_HEIGHT, sizeof(float));
	unsigned char *rgb = malloc(PHOTO_WIDTH * PHOTO_HEIGHT * 3);
	size_t i;
	int c;

	for (i = 0; i < sizeof(octaves) / sizeof(octaves[0]); i++)
		photo_octave(plane, octaves[i].cells, octaves[i].amplitude);
	for (i = 0; i < PHOTO_WIDTH * PHOTO_HEIGHT; i++) {
		float grain = (float)(photo_random_next() & 31) - 16;
		size_t x = i % PHOTO_WIDTH, y = i / PHOTO_WIDTH;

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

static inline void photo_encode(const unsigned char *rgb, int width, int height,
				int quality, unsigned char **out,
				unsigned long *size)
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

#endif
