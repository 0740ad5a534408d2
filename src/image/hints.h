/*
 * Placeholders from a small picture: pure arithmetic over RGBA pixels.
 */
#ifndef IMAGE_HINTS_H
#define IMAGE_HINTS_H

#include "image/image.h"

/* 8-bit sRGB with straight alpha, four bytes a pixel, row after row. */
struct hint_pixels {
	const unsigned char *rgba;
	int width, height; /* 1 to 100 */
};

/* BlurHash of 4 × 3 components (3 × 4 if upright), pixels on white; the
 * algorithm and base 83 alphabet of github.com/woltapp/blurhash. */
void hints_blurhash(const struct hint_pixels *pixels,
		    char out[IMAGE_BLURHASH_MAX]);

/* ThumbHash (evanw.github.io/thumbhash), with alpha. Returns its length. */
size_t hints_thumbhash(const struct hint_pixels *pixels,
		       unsigned char out[IMAGE_THUMBHASH_MAX]);

/* The mean of the fullest of 16 × 16 × 16 cells of the colour cube, pixels
 * weighed by alpha. */
void hints_color(const struct hint_pixels *pixels, unsigned char out[3]);

#endif
