/*
 * A picture's format and size from its first bytes: cherry's own look, before
 * any library sees them. Content decides, never a name or a declared type.
 */
#ifndef IMAGE_MAGIC_H
#define IMAGE_MAGIC_H

#include "image/image.h"

/* What the header says. Sizes are 0 where this look does not find them (TIFF,
 * AVIF, HEIC, SVG, PDF, JXL, JP2): the library's own header tells then. */
struct magic_header {
	enum image_format format; /* IMAGE_NONE: not a known picture */
	int64_t width, height;
	bool whole;    /* held whole by its decoder: progressive, WebP ... */
	int64_t scans; /* JPEG: scans in the file */
};

/*
 * Looks at the bytes. Reads no further than they go, whatever their lengths
 * claim. 0, or -1: ERR_BAD_INPUT "empty", "truncated" (a JPEG, PNG, GIF, WebP
 * or TIFF without its header; a GIF that ends within a block, a WebP shorter
 * than it says, a TIFF as magic_tiff_check has it) or "corrupt" (a PNG
 * without a size, a WebP of no known kind), ERR_UNSUPPORTED "format" for
 * anything unknown.
 *
 * Sources: ITU-T T.81 (JPEG), RFC 2083 (PNG), GIF89a, RFC 9649 (WebP),
 * ISO/IEC 14496-12 and 23008-12 (AVIF, HEIC), TIFF 6.0, ISO/IEC 18181-2 (JXL).
 */
int magic_read(struct slice bytes, struct magic_header *header,
	       struct err *err) MUST_CHECK;

/* Is it an ISO media file with a film in it, and no picture beside? Libraries
 * for HEIF up to libheif 1.19 read pictures only. */
bool magic_is_film(struct slice bytes);

/*
 * Refuses what the header alone shows to be over the limits: ERR_LIMIT with
 * "max_edge", "max_pixels" or "max_scans"; ERR_UNSUPPORTED "loader"
 * where the format is not among `limits->loaders`. `frames` is how many will be
 * decoded.
 */
int magic_check(const struct magic_header *header,
		const struct image_limits *limits, int64_t frames,
		struct err *err) MUST_CHECK;

#endif
