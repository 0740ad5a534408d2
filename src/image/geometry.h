/*
 * From a picture's size and a wish to the sizes on the way: pure arithmetic.
 */
#ifndef IMAGE_GEOMETRY_H
#define IMAGE_GEOMETRY_H

#include "image/image.h"

/* Pixels, after the orientation has been applied. */
struct geometry {
	int64_t resize_width, resize_height; /* scale to this */
	int64_t width, height;		     /* then crop or pad to this */
};

/*
 * What `variant` makes of a picture of width × height (at least 1 each). A
 * side that was not given follows from the other, whatever the fit; nothing
 * gets smaller than one pixel. ERR_LIMIT "max_output_edge" for a result over
 * the limit, "max_pixels" where the scaled picture before a crop would be.
 */
int geometry_plan(const struct image_variant *variant, int64_t width,
		  int64_t height, const struct image_limits *limits,
		  struct geometry *plan, struct err *err) MUST_CHECK;

/* Where a window of `part` begins in `whole` so that the point at `focus`
 * (0 to 1) is as near to its middle as can be; 0 where it does not fit. */
int64_t geometry_offset(int64_t whole, int64_t part, double focus);

#endif
