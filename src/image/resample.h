/*
 * Scales plain pixels down by a small factor: what is left of a thumbnail after
 * shrinking on load, or from the next halved copy.
 */
#ifndef IMAGE_RESAMPLE_H
#define IMAGE_RESAMPLE_H

#include <stdbool.h>
#include <stddef.h>

/* 8 bits a sample, row after row without a gap. */
struct resample_pixels {
	unsigned char *bytes;
	int width, height, bands;
};

/* Is there something to win, and can it be done well: no side grows, none
 * shrinks more than threefold, and the source is small enough to be held. */
bool resample_fits(int width, int height, int bands, int new_width,
		   int new_height);

/*
 * Fills `out->bytes` (of its width, height and bands; the caller's) from `in` by
 * Lanczos' filter with three lobes, widened by the factor, the pixels at the
 * edge repeated. Sizes are ones that resample_fits. 0, or -1 without memory.
 *
 * C. Lanczos' window as a filter for images: Duchon 1979, "Lanczos Filtering in
 * One and Two Dimensions"; libvips and Pillow name the same kernel so.
 */
int resample(const struct resample_pixels *in, struct resample_pixels *out);

#endif
