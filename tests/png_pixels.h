/*
 * For tests: the pixels of an 8-bit PNG without interlace, as cherry writes
 * them, flattened on white, so that colours can be compared without the
 * library under test.
 */
#ifndef TESTS_PNG_PIXELS_H
#define TESTS_PNG_PIXELS_H

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "cherry/buf.h"

struct png_pixels {
	int width, height;
	unsigned char *rgb;   /* 3 bytes a pixel, owned */
	unsigned char *alpha; /* 1 byte a pixel, owned */
};

static inline uint32_t png_number(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* All IDAT chunks, one after the other; the caller frees. */
static inline unsigned char *png_data(struct slice png, size_t *len)
{
	const unsigned char *p = (const unsigned char *)png.ptr;
	unsigned char *data = malloc(png.len);
	size_t at = 8;

	*len = 0;
	while (data && at + 12 <= png.len) {
		size_t chunk = png_number(p + at);

		if (!memcmp(p + at + 4, "IDAT", 4)) {
			memcpy(data + *len, p + at + 8, chunk);
			*len += chunk;
		}
		at += chunk + 12;
	}
	return data;
}

static inline int png_paeth(int a, int b, int c)
{
	int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);

	return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/* RFC 2083, 6: undoes one row's filter in place. */
static inline void png_unfilter(unsigned char *row, const unsigned char *up,
				size_t len, size_t bpp)
{
	int filter = row[-1];
	size_t i;

	for (i = 0; i < len; i++) {
		int a = i >= bpp ? row[i - bpp] : 0, b = up ? up[i] : 0;
		int c = up && i >= bpp ? up[i - bpp] : 0;
		int add[5] = {0, a, b, (a + b) / 2, png_paeth(a, b, c)};

		row[i] = (unsigned char)(row[i] + add[filter]);
	}
}

static inline void png_pixel(const unsigned char *p, size_t bpp,
			     unsigned char *rgb, unsigned char *alpha)
{
	int c, a = bpp == 2 ? p[1] : bpp == 4 ? p[3] : 255;

	for (c = 0; c < 3; c++) {
		int v = bpp < 3 ? p[0] : p[c];

		rgb[c] = (unsigned char)((v * a + 255 * (255 - a) + 127) / 255);
	}
	*alpha = (unsigned char)a;
}

/* 0, or -1 for a PNG of another kind. */
static inline int png_read(struct slice png, struct png_pixels *out)
{
	static const size_t channels[7] = {1, 0, 3, 0, 2, 0, 4};
	const unsigned char *p = (const unsigned char *)png.ptr;
	unsigned char *data, *raw;
	size_t len, bpp, stride, i;
	uLongf size;

	if (png.len < 33 || p[24] != 8 || p[25] > 6 || p[28] ||
	    !channels[p[25]])
		return -1;
	out->width = (int)png_number(p + 16);
	out->height = (int)png_number(p + 20);
	bpp = channels[p[25]];
	stride = (size_t)out->width * bpp + 1;
	size = stride * (size_t)out->height;
	data = png_data(png, &len);
	raw = malloc(size);
	out->rgb = malloc((size_t)out->width * (size_t)out->height * 3);
	out->alpha = malloc((size_t)out->width * (size_t)out->height);
	if (uncompress(raw, &size, data, len) != Z_OK)
		return -1;
	for (i = 0; i < (size_t)out->height; i++) {
		unsigned char *row = raw + i * stride + 1;
		size_t x;

		png_unfilter(row, i ? row - stride : NULL, stride - 1, bpp);
		for (x = 0; x < (size_t)out->width; x++) {
			size_t at = i * (size_t)out->width + x;

			png_pixel(row + x * bpp, bpp, out->rgb + 3 * at,
				  out->alpha + at);
		}
	}
	free(data);
	free(raw);
	return 0;
}

static inline void png_release(struct png_pixels *pixels)
{
	free(pixels->rgb);
	free(pixels->alpha);
}

/* Mean colour of the window; false if it is empty. */
static inline bool png_mean(const struct png_pixels *pixels, const int box[4],
			    double mean[3])
{
	double sum[3] = {0};
	int x, y, c, count = (box[2] - box[0]) * (box[3] - box[1]);

	if (count <= 0)
		return false;
	for (y = box[1]; y < box[3]; y++) {
		for (x = box[0]; x < box[2]; x++) {
			const unsigned char *p =
				pixels->rgb + 3 * (y * pixels->width + x);

			for (c = 0; c < 3; c++)
				sum[c] += p[c];
		}
	}
	for (c = 0; c < 3; c++)
		mean[c] = sum[c] / count;
	return true;
}

#endif
