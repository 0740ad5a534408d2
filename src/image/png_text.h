/*
 * A PNG without the texts that its decoder would inflate.
 */
#ifndef IMAGE_PNG_TEXT_H
#define IMAGE_PNG_TEXT_H

#include "image/image.h"

/*
 * Copies `png` to `out` (room for as many bytes; NULL: only counts) without its
 * deflated texts: each inflates up to a thousandfold, and nobody asked for
 * them. `keep_xmp`: the first of XMP stays, if it is small. Returns the length
 * without them. Chunks as in RFC 2083 and its extensions (zTXt, iTXt).
 */
size_t png_text_drop(struct slice png, bool keep_xmp, char *out);

#endif
