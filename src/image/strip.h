/*
 * Takes out of an encoded picture the metadata that its saver wrote without
 * being asked to: libvips 8.14 makes an Exif of its own for the resolution
 * wherever something else is kept, in WebP always, and in PNG twice.
 */
#ifndef IMAGE_STRIP_H
#define IMAGE_STRIP_H

#include "image/image.h"

/*
 * Works in place on `len` bytes that a saver made of the format; returns how
 * many are left. `keep` is enum image_keep. Knows JPEG (ITU-T T.81), PNG (RFC
 * 2083) and WebP (RFC 9649); others, and what does not look like them, are left
 * as they are.
 */
size_t strip_metadata(enum image_format format, char *bytes, size_t len,
		      unsigned keep);

#endif
