/*
 * Opens pictures with the loader that their magic bytes name, looks at the
 * header before any pixel, and lets the loader shrink while it decodes. Never
 * lets libvips choose a loader by itself.
 */
#include "image/vips_adapter.h"
#include "image/vector.h"

#include <inttypes.h>

static const struct loader {
	const char *operation; /* also its nickname in vips */
	bool pages;	       /* has `page` and `n` */
	bool fails;	       /* honours fail_on */
} loaders[IMAGE_FORMAT_COUNT] = {
	[IMAGE_JPEG] = {"jpegload_buffer", false, true},
	[IMAGE_PNG] = {"pngload_buffer", false, true},
	[IMAGE_WEBP] = {"webpload_buffer", true, true},
	[IMAGE_GIF] = {"gifload_buffer", true, true},
	[IMAGE_TIFF] = {"tiffload_buffer", true, true},
	[IMAGE_AVIF] = {"heifload_buffer", true, true},
	[IMAGE_HEIC] = {"heifload_buffer", true, true},
	[IMAGE_SVG] = {"svgload_buffer", false, true},
	[IMAGE_PDF] = {"pdfload_buffer", true, true},
	[IMAGE_JXL] = {"jxlload_buffer", false, true},
	[IMAGE_JP2] = {"jp2kload_buffer", false, true},
};

uint32_t load_formats(void)
{
	uint32_t bits = 0;
	int i;

	for (i = 0; i < IMAGE_FORMAT_COUNT; i++) {
		if (vips_type_find("VipsOperation", loaders[i].operation))
			bits |= 1u << i;
	}
	return bits;
}

/* How the loader is asked to shrink. */
struct shrink {
	int jpeg;     /* 1, 2, 4, 8 */
	double scale; /* webp, svg, pdf; 0: not given */
};

static VipsImage *call_loader(const struct load *load, int64_t page,
			      struct shrink shrink)
{
	const struct loader *loader = &loaders[load->header.format];
	VipsOperation *operation = vips_operation_new(loader->operation);
	VipsBlob *blob = vips_blob_new(NULL, load->source->bytes.ptr,
				       load->source->bytes.len);
	VipsImage *image = NULL;

	g_object_set(operation, "buffer", blob, "access",
		     VIPS_ACCESS_SEQUENTIAL, NULL);
	vips_area_unref(VIPS_AREA(blob));
	if (loader->fails)
		g_object_set(operation, "fail_on", VIPS_FAIL_ON_TRUNCATED,
			     NULL);
	if (loader->pages)
		g_object_set(operation, "page", (int)page, "n",
			     load->animated ? -1 : 1, NULL);
	if (shrink.jpeg > 1)
		g_object_set(operation, "shrink", shrink.jpeg, NULL);
	if (shrink.scale > 0)
		g_object_set(operation, "scale", shrink.scale, NULL);
	if (!vips_cache_operation_buildp(&operation))
		g_object_get(operation, "out", &image, NULL);
	vips_object_unref_outputs(VIPS_OBJECT(operation));
	g_object_unref(operation);
	return image;
}

static int64_t header_int(VipsImage *image, const char *name, int64_t fallback)
{
	int value;

	if (!vips_image_get_typeof(image, name) ||
	    vips_image_get_int(image, name, &value))
		return fallback;
	return value;
}

static int check_frames(struct load *load, int64_t page, struct err *err)
{
	const struct image_limits *limits = load->source->limits;

	if (page >= load->pages)
		return err_reason(err, ERR_UNSUPPORTED, "page",
				  "page %" PRId64 " is asked for, but the "
				  "picture has %" PRId64 " (from 0)",
				  page, load->pages);
	if (load->animated && load->pages > limits->max_frames)
		return err_limit(err, "max_frames", load->pages,
				 "the animation has %" PRId64
				 " frames, over max_frames %" PRId64,
				 load->pages, limits->max_frames);
	return 0;
}

/* A HEIF file names one of its pictures as the primary one, which viewers show:
 * it is page 0, and the first one has its number. */
static int64_t stored_page(const struct load *load, VipsImage *first,
			   int64_t page)
{
	int64_t primary = header_int(first, "heif-primary", 0);

	if (primary <= 0 || primary >= load->pages)
		return page;
	return page == 0 ? primary : page == primary ? 0 : page;
}

static int opening_error(const struct image_source *source, struct err *err)
{
	if (!magic_is_film(source->bytes))
		return image_error("the picture cannot be opened", err);
	vips_error_clear();
	return err_reason(err, ERR_UNSUPPORTED, "sequence",
			  "the file holds a sequence of images without a "
			  "still picture, which this build does not read");
}

int load_open(struct load *load, const struct image_source *source,
	      int64_t page, bool animated, struct err *err)
{
	VipsImage *image;

	*load = (struct load){.source = source,
			      .page = animated ? 0 : page,
			      .pages = 1,
			      .orientation = 1};
	if (magic_read(source->bytes, &load->header, err) ||
	    magic_check(&load->header, source->limits, 1, err))
		return -1;
	if (!(load_formats() >> load->header.format & 1))
		return err_reason(err, ERR_UNSUPPORTED, "loader",
				  "this build reads no %s",
				  image_format_name(load->header.format));
	if (vector_check(source->bytes, load->header.format, err))
		return -1;
	/* The first page's header first: it tells how many there are. */
	if (page && !loaders[load->header.format].pages)
		return check_frames(load, page, err);
	image = call_loader(load, 0, (struct shrink){0});
	if (!image)
		return opening_error(source, err);
	load->pages = header_int(image, VIPS_META_N_PAGES, 1);
	load->orientation = vips_image_get_orientation(image);
	if (load->pages < 1)
		load->pages = 1;
	load->animated = animated && load->pages > 1;
	load->header.width = vips_image_get_width(image);
	load->header.height = vips_image_get_height(image);
	if (!animated)
		load->page = stored_page(load, image, page);
	g_object_unref(image);
	if (vector_check_text(source->bytes, load->header.format, err) ||
	    check_frames(load, page, err))
		return -1;
	if (load->page) {
		image = call_loader(load, load->page, (struct shrink){0});
		if (!image)
			return image_error("the page cannot be opened", err);
		load->header.width = vips_image_get_width(image);
		load->header.height = vips_image_get_height(image);
		g_object_unref(image);
	}
	return magic_check(&load->header, source->limits,
			   load->animated ? load->pages : 1, err);
}

/* JPEG shrinks by halves; the rest is left to a good filter, so stop a little
 * above the size that is wanted. An edge of none would end libvips. */
static struct shrink plan_shrink(const struct load *load, double scale)
{
	struct shrink shrink = {.jpeg = 1};
	int64_t edge = MIN(load->header.width, load->header.height);

	switch (load->header.format) {
	case IMAGE_JPEG:
		while (shrink.jpeg < 8 && shrink.jpeg * 2 <= edge &&
		       scale * shrink.jpeg * 2 <= 0.8)
			shrink.jpeg *= 2;
		break;
	case IMAGE_WEBP:
		if (scale < 1 && !load->animated)
			shrink.scale = scale;
		break;
	case IMAGE_SVG:
	case IMAGE_PDF:
		shrink.scale = scale;
		break;
	default:
		break;
	}
	return shrink;
}

/*
 * Drops a profile that is for other pixels than these: grey pictures with the
 * profile of the RGB ones that they were made from are common. The kind stands
 * at byte 16 of a profile (ICC.1, 7.2.6).
 */
static int drop_wrong_profile(VipsImage **image)
{
	int bands = vips_image_get_bands(*image) - vips_image_hasalpha(*image);
	const char *want = bands == 1	? "GRAY"
			   : bands == 4 ? "CMYK"
			   : vips_image_get_interpretation(*image) ==
					   VIPS_INTERPRETATION_LAB
				   ? "Lab "
				   : "RGB ";
	VipsImage *copy;
	const void *profile;
	size_t size;

	if (!vips_image_get_typeof(*image, VIPS_META_ICC_NAME) ||
	    vips_image_get_blob(*image, VIPS_META_ICC_NAME, &profile, &size) ||
	    (size >= 20 && !memcmp((const char *)profile + 16, want, 4)))
		return 0;
	if (vips_copy(*image, &copy, NULL))
		return -1;
	vips_image_remove(copy, VIPS_META_ICC_NAME);
	g_object_unref(*image);
	*image = copy;
	return 0;
}

/* Decodes here what libvips would take longer for. */
static void decode_early(struct load *load, struct shrink shrink)
{
	VipsImage *pixels;

	if (load->header.format != IMAGE_JPEG || load->header.whole)
		return;
	pixels = jpeg_shrunk(load->source->bytes, shrink.jpeg, load->image);
	if (!pixels)
		return;
	g_object_unref(load->image);
	load->image = pixels;
}

static int open_pixels(struct load *load, struct err *err)
{
	struct shrink shrink = plan_shrink(load, load->scale);

	g_clear_object(&load->image);
	load->image = call_loader(load, load->page, shrink);
	if (load->image)
		decode_early(load, shrink);
	if (!load->image || drop_wrong_profile(&load->image))
		return image_error("the picture cannot be decoded", err);
	load->used = false;
	return 0;
}

/* What the decoder holds beside the pixels that it gives: coefficients of two
 * bytes, or a picture of its own. */
static uint64_t decoder_memory(const struct load *load)
{
	uint64_t pixels =
		(uint64_t)load->header.width * (uint64_t)load->header.height;
	uint64_t bands = (uint64_t)vips_image_get_bands(load->image);

	if (!load->header.whole)
		return 0;
	switch (load->header.format) {
	case IMAGE_JPEG:
		return pixels * bands * 2;
	case IMAGE_PNG:
		return VIPS_IMAGE_SIZEOF_IMAGE(load->image);
	default:
		return pixels * 8;
	}
}

/* A copy of it within the memory of a sandbox, beside what the decoder holds
 * or, once that is gone, with its halves and what is made of them. */
static bool fits_memory(const struct load *load)
{
	uint64_t size = VIPS_IMAGE_SIZEOF_IMAGE(load->image);

	return size <= 160 << 20 && size + decoder_memory(load) <= 280 << 20;
}

/* Means of squares while the decoder goes, where more is left of them than
 * what a good filter wants for `scale` of the whole. They would bleed the
 * colour of what cannot be seen. */
static int shrink_pixels(struct load *load, double scale)
{
	double width = (double)vips_image_get_width(load->image);
	int factor = (int)(width * 0.8 / scale / (double)load->header.width);
	VipsImage *small;

	if (factor < 2 || load->animated || vips_image_hasalpha(load->image))
		return 0;
	if (vips_shrink(load->image, &small, factor, factor, "ceil", TRUE,
			NULL))
		return -1;
	g_object_unref(load->image);
	load->image = small;
	return 0;
}

int load_decode(struct load *load, double scale, bool again, struct err *err)
{
	VipsImage *memory;

	load->scale = scale;
	if (open_pixels(load, err))
		return -1;
	if (!again)
		return 0;
	if (!fits_memory(load)) {
		VipsImage *whole = load->image;

		if (shrink_pixels(load, scale))
			return image_error("the picture cannot be scaled", err);
		load->again = load->image == whole;
	}
	if (load->again)
		return 0;
	memory = memory_copy(load->image);
	if (!memory)
		return image_error("the picture cannot be decoded", err);
	memory_own_fields(memory);
	g_object_unref(load->image);
	load->image = memory;
	if (load_verify(load, err))
		return -1;
	if (!load->animated && pyramid_build(&load->pyramid, memory))
		return image_error("the picture cannot be scaled", err);
	return 0;
}

int load_rewind(struct load *load, struct err *err)
{
	if (load->again && load->used && open_pixels(load, err))
		return -1;
	load->used = true;
	return 0;
}

/* libjpeg goes on with grey after these, and says so in words alone. What it
 * says of stray bytes and unusual orders is no damage. */
int load_verify(const struct load *load, struct err *err)
{
	static const char *const damage[] = {
		"premature end of data segment", "bad Huffman code",
		"bad arithmetic code", "instead of RST"};
	size_t i;

	if (load->header.format == IMAGE_PDF)
		return vector_verify(err);
	if (load->header.format != IMAGE_JPEG)
		return 0;
	for (i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		if (strstr(vips_error_buffer(), damage[i]))
			return image_error("the picture is damaged", err);
	}
	return 0;
}

void load_close(struct load *load)
{
	pyramid_release(&load->pyramid);
	if (load->image)
		g_object_unref(load->image);
	load->image = NULL;
}
