/*
 * Thumbnails: one picture in, any number of pictures and placeholders out.
 *
 * This is the border between cherry and cherry-image.so, which alone is linked
 * to libvips and is loaded by executors that decode pictures. The library
 * exports one symbol, `image_api`; everything crosses through its functions.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "cherry/buf.h"
#include "cherry/err.h"

/* Raised with every change of what follows. */
#define IMAGE_API_VERSION 2
#define IMAGE_API_SYMBOL  "image_api"

/* In the order of IMAGE_FORMAT_NAMES. */
enum image_format {
	IMAGE_JPEG,
	IMAGE_PNG,
	IMAGE_WEBP,
	IMAGE_GIF,
	IMAGE_TIFF,
	IMAGE_AVIF,
	IMAGE_HEIC,
	IMAGE_SVG,
	IMAGE_PDF,
	IMAGE_JXL,
	IMAGE_JP2,
	IMAGE_FORMAT_COUNT,
	IMAGE_NONE = -1
};

#define IMAGE_FORMAT_NAMES "jpeg png webp gif tiff avif heic svg pdf jxl jp2"

struct image_limits {
	int64_t max_pixels; /* over all frames that are decoded */
	int64_t max_edge;
	int64_t max_output_edge;
	int64_t max_frames;
	uint32_t loaders; /* bit i: enum image_format i may be read */
};

enum image_fit {
	IMAGE_INSIDE,
	IMAGE_COVER,
	IMAGE_CONTAIN,
	IMAGE_FILL,
	IMAGE_OUTSIDE
};

enum image_gravity { IMAGE_POINT, IMAGE_ATTENTION, IMAGE_ENTROPY };

enum image_keep { IMAGE_KEEP_ICC = 1, IMAGE_KEEP_EXIF = 2, IMAGE_KEEP_XMP = 4 };

enum image_placeholder {
	IMAGE_BLURHASH = 1,
	IMAGE_THUMBHASH = 2,
	IMAGE_COLOR = 4
};

/* One picture to make. */
struct image_variant {
	int64_t width, height; /* 0: follows from the other; not both */
	enum image_fit fit;
	enum image_gravity gravity;
	double x, y; /* IMAGE_POINT: 0 to 1, the point that stays in view */
	bool enlarge;
	enum image_format format; /* IMAGE_NONE: as the source */
	int quality;		  /* 1 to 100; 0: the format's default */
	int effort;		  /* 0 to 9; -1: the format's default */
	bool lossless;
	bool progressive;
	int64_t max_bytes;	     /* 0: any */
	unsigned char background[4]; /* red, green, blue, alpha */
	int64_t page;
	bool animated;
	unsigned keep; /* enum image_keep */
};

struct image_source {
	struct slice bytes;
	const struct image_limits *limits;
	unsigned placeholders; /* enum image_placeholder */
	size_t max_output;     /* bytes of one output */
	/* As in struct task_call: for drawings that take too long. May be NULL. */
	void (*give_up)(void *give_up_arg, const struct err *err);
	void *give_up_arg;
};

/* What was found out about the source. Sizes as stored, before rotation. */
struct image_info {
	enum image_format format;
	int64_t width, height, pages;
	int orientation; /* EXIF, 1 to 8 */
};

struct image_output {
	enum image_format format;
	int64_t width, height;
	struct buf bytes; /* owned by the caller */
};

#define IMAGE_BLURHASH_MAX  64
#define IMAGE_THUMBHASH_MAX 32

struct image_hints {
	char blurhash[IMAGE_BLURHASH_MAX]; /* NUL-terminated */
	unsigned char thumbhash[IMAGE_THUMBHASH_MAX];
	size_t thumbhash_len;
	unsigned char color[3];
};

struct image_result {
	struct image_info info;
	struct image_output *outputs; /* the caller's, one for each variant */
	struct image_hints hints;
};

struct image_api {
	uint32_t version; /* IMAGE_API_VERSION, else use nothing of it */
	/*
	 * Once a process, before the sandbox: starts libvips and runs each
	 * enabled codec, so that nothing has to be opened later. 0, or -1.
	 */
	int (*start)(const struct image_limits *limits, struct err *err);
	/*
	 * Makes all variants, from one decode where they want the same page.
	 * 0, or -1 with ERR_BAD_INPUT ("empty", "truncated", "corrupt"),
	 * ERR_UNSUPPORTED ("format", "loader", "saver", "page"), ERR_LIMIT or
	 * ERR_BAD_ARGS; `index` then tells the variant at fault, or is -1.
	 */
	int (*make)(const struct image_source *source,
		    const struct image_variant *variants, size_t count,
		    struct image_result *result, long *index, struct err *err);
	/* Bit i: format i can be read, or written, by this build. */
	uint32_t (*readable)(void);
	uint32_t (*writable)(void);
};

/* "jpeg" and so on; "none" for IMAGE_NONE. */
static inline const char *image_format_name(enum image_format format)
{
	static const char *const names[] = {"jpeg", "png",  "webp", "gif",
					    "tiff", "avif", "heic", "svg",
					    "pdf",  "jxl",  "jp2"};

	return format >= 0 && format < IMAGE_FORMAT_COUNT ? names[format]
							  : "none";
}

#endif
