/*
 * The parts of cherry-image.so that call libvips, in the order in which a
 * picture passes through them. Nothing here leaves the library.
 */
#ifndef IMAGE_VIPS_ADAPTER_H
#define IMAGE_VIPS_ADAPTER_H

#include <vips/vips.h>
#include "image/geometry.h"
#include "image/magic.h"

#define PYRAMID_LEVELS 8

/* A decoded picture and its halves; level 0 is the picture itself. */
struct pyramid {
	VipsImage *levels[PYRAMID_LEVELS];
	int count;
};

/* One page, or all pages one below the other, opened but not decoded. */
struct load {
	const struct image_source *source;
	struct magic_header header; /* sizes filled in by load_open */
	int64_t page, pages;
	int orientation;
	bool animated; /* all pages are in `image` */
	double scale;  /* asked of the loader */
	bool again;    /* `image` is read more than once, each time decoded */
	bool used;     /* `image` has been read */
	VipsImage *image;
	struct pyramid pyramid; /* of `image`, if it is read more than once */
};

/* --- load.c --------------------------------------------------------------- */

/* The bits of formats whose loader libvips has. */
uint32_t load_formats(void);

/*
 * Reads the header of `source` (page `page`, or all frames) and checks it
 * against the limits; no pixel is decoded. The loader is named by the magic
 * bytes. 0, or -1 as image_api.make; load_close is due in both cases.
 */
int load_open(struct load *load, const struct image_source *source,
	      int64_t page, bool animated, struct err *err);

/*
 * Opens it again for decoding, shrunk while loading where the format can, to
 * no less than `scale` (1: whole) of its size. `again`: pixels will be read
 * more than once, so decode into memory now, where it is not too large.
 */
int load_decode(struct load *load, double scale, bool again, struct err *err);

/* Before each reading of the pixels but those of the pyramid's: opens again
 * what has been read and is not in memory. */
int load_rewind(struct load *load, struct err *err);

/* After a reading that went well: does the decoder complain of damage that it
 * went on from? 0, or -1 with ERR_BAD_INPUT, or as vector_verify. */
int load_verify(const struct load *load, struct err *err);
void load_close(struct load *load);

/* --- memory.c -------------------------------------------------------------- */

/*
 * vips_image_copy_memory in the caller's own thread, top to bottom: libvips
 * hands every strip from one thread to another, which for small pictures takes
 * longer than the pixels do. NULL with libvips's error.
 */
VipsImage *memory_copy(VipsImage *image);

/* Gives `to`, which was made of pixels alone, the metadata of `from`. */
void memory_fields(VipsImage *from, VipsImage *to);

/* Copies what its metadata point at, before the loader's own picture goes:
 * heifload of 8.14 leaves profile, Exif and XMP in memory of that one. */
void memory_own_fields(VipsImage *image);

/* --- jpeg.c ---------------------------------------------------------------- */

/*
 * The pixels of `like`, which is a JPEG of `bytes` that was opened with
 * `shrink`, in memory, with its metadata. NULL where this is left to libvips:
 * also where anything is wrong with it.
 */
VipsImage *jpeg_shrunk(struct slice bytes, int shrink, VipsImage *like);

/* --- pyramid.c ------------------------------------------------------------ */

/* Halves of `image`, which is in memory. 0, or -1 with libvips's error;
 * pyramid_release is due in both cases. */
int pyramid_build(struct pyramid *pyramid, VipsImage *image);

/* The smallest level from which a picture of that size can be made well;
 * borrowed. */
VipsImage *pyramid_pick(const struct pyramid *pyramid, int64_t width,
			int64_t height);
void pyramid_release(struct pyramid *pyramid);

/* --- render.c ------------------------------------------------------------- */

/* Scales, turns, converts and crops one variant; *out is in memory and the
 * caller's to g_object_unref. */
int render_variant(const struct load *load, const struct image_variant *variant,
		   VipsImage **out, struct err *err);

/* A small RGBA picture of the first frame for placeholders. */
int render_small(const struct load *load, VipsImage **out, struct err *err);

/* --- save.c --------------------------------------------------------------- */

/* The bits of formats whose saver libvips has. */
uint32_t save_formats(void);

/* Can the format hold several frames? */
bool save_animates(enum image_format format);

/* Encodes; output->bytes is filled, at most `max` bytes. */
int save_variant(VipsImage *image, const struct image_variant *variant,
		 enum image_format format, size_t max,
		 struct image_output *output, struct err *err);

/* --- image.c -------------------------------------------------------------- */

/* libvips's own complaint, in one line, as ERR_BAD_INPUT "corrupt" (or
 * "truncated" where it says so, or ERR_LIMIT "memory"); clears libvips's
 * buffer. */
int image_error(const char *what, struct err *err);

#endif
