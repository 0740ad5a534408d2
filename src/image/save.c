/*
 * Encoders. Settings that a format does not know (the quality of a PNG, say)
 * have no effect on it, so that one wish serves mixed pictures.
 */
#include "image/vips_adapter.h"
#include "image/strip.h"

#include <inttypes.h>

static const struct saver {
	const char *operation;
	bool animates;
	bool alpha;
	bool lossy; /* quality changes its size */
	int quality, effort;
} savers[IMAGE_FORMAT_COUNT] = {
	[IMAGE_JPEG] = {"jpegsave_buffer", false, false, true, 80, 0},
	[IMAGE_PNG] = {"pngsave_buffer", false, true, false, 0, 6},
	[IMAGE_WEBP] = {"webpsave_buffer", true, true, true, 80, 6},
	[IMAGE_GIF] = {"gifsave_buffer", true, true, false, 0, 6},
	[IMAGE_TIFF] = {"tiffsave_buffer", false, true, false, 0, 0},
	[IMAGE_AVIF] = {"heifsave_buffer", false, true, true, 50, 1},
};

uint32_t save_formats(void)
{
	uint32_t bits = 0;
	int i;

	for (i = 0; i < IMAGE_FORMAT_COUNT; i++) {
		if (savers[i].operation &&
		    vips_type_find("VipsOperation", savers[i].operation))
			bits |= 1u << i;
	}
	return bits;
}

bool save_animates(enum image_format format)
{
	return savers[format].animates;
}

static void set_options(VipsOperation *operation, enum image_format format,
			const struct image_variant *variant, int quality)
{
	int effort =
		variant->effort < 0 ? savers[format].effort : variant->effort;

	switch (format) {
	case IMAGE_JPEG:
		g_object_set(operation, "Q", quality, "interlace",
			     variant->progressive, "optimize_coding",
			     variant->progressive, NULL);
		break;
	case IMAGE_PNG:
		g_object_set(operation, "compression", effort, "interlace",
			     variant->progressive, NULL);
		break;
	case IMAGE_WEBP:
		g_object_set(operation, "Q", quality, "lossless",
			     variant->lossless, "effort", effort * 6 / 9, NULL);
		break;
	case IMAGE_GIF:
		g_object_set(operation, "effort", effort + 1, NULL);
		break;
	case IMAGE_TIFF:
		g_object_set(operation, "compression",
			     VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE, "predictor",
			     VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, NULL);
		break;
	default:
		g_object_set(operation, "Q", quality, "lossless",
			     variant->lossless, "effort", effort, "compression",
			     VIPS_FOREIGN_HEIF_COMPRESSION_AV1, NULL);
		break;
	}
}

/* Encodes once; *blob is the caller's to vips_area_unref. */
static int encode(VipsImage *image, const struct image_variant *variant,
		  enum image_format format, int quality, VipsBlob **blob)
{
	VipsOperation *operation = vips_operation_new(savers[format].operation);
	int status;

	g_object_set(operation, "in", image, "strip", !variant->keep, NULL);
	set_options(operation, format, variant, quality);
	status = vips_cache_operation_buildp(&operation);
	if (!status) {
		VipsArea *area;

		g_object_get(operation, "buffer", blob, NULL);
		area = VIPS_AREA(*blob);
		area->length = strip_metadata(format, area->data, area->length,
					      variant->keep);
	}
	vips_object_unref_outputs(VIPS_OBJECT(operation));
	g_object_unref(operation);
	return status;
}

static size_t blob_size(const VipsBlob *blob)
{
	return blob ? VIPS_AREA(blob)->length : 0;
}

/* The best quality up to the wanted one that stays within max_bytes, by
 * halving. NULL without an error in libvips: none does. */
static VipsBlob *search_quality(VipsImage *image,
				const struct image_variant *variant,
				enum image_format format, int quality)
{
	int low = 1, high = quality - 1;
	VipsBlob *best = NULL, *blob;

	while (low <= high) {
		int middle = (low + high) / 2;

		if (encode(image, variant, format, middle, &blob))
			break;
		if (blob_size(blob) <= (size_t)variant->max_bytes) {
			if (best)
				vips_area_unref(VIPS_AREA(best));
			best = blob;
			low = middle + 1;
		} else {
			vips_area_unref(VIPS_AREA(blob));
			high = middle - 1;
		}
	}
	return best;
}

static int over_max_bytes(const struct image_variant *variant, size_t size,
			  struct err *err)
{
	return err_limit(err, "max_bytes", (int64_t)size,
			 "the picture takes %zu bytes, over max_bytes %" PRId64
			 ", and a lower quality does not help",
			 size, variant->max_bytes);
}

static int fit_bytes(VipsImage *image, const struct image_variant *variant,
		     enum image_format format, VipsBlob **blob, struct err *err)
{
	int quality =
		variant->quality ? variant->quality : savers[format].quality;
	bool lossy = savers[format].lossy && !variant->lossless;
	VipsBlob *smaller;
	size_t size;

	if (encode(image, variant, format, quality, blob))
		return image_error("the thumbnail cannot be encoded", err);
	size = blob_size(*blob);
	if (!variant->max_bytes || size <= (size_t)variant->max_bytes)
		return 0;
	smaller =
		lossy ? search_quality(image, variant, format, quality) : NULL;
	vips_area_unref(VIPS_AREA(*blob));
	*blob = smaller;
	return smaller ? 0 : over_max_bytes(variant, size, err);
}

/* Formats without alpha get the background behind the picture. */
static VipsImage *flatten(VipsImage *image, const struct image_variant *variant,
			  enum image_format format)
{
	double rgb[3] = {variant->background[0], variant->background[1],
			 variant->background[2]};
	VipsArrayDouble *background;
	VipsImage *flat = NULL;

	if (savers[format].alpha || !vips_image_hasalpha(image)) {
		g_object_ref(image);
		return image;
	}
	background = vips_array_double_new(
		rgb, vips_image_get_bands(image) > 2 ? 3 : 1);
	if (vips_flatten(image, &flat, "background", background, NULL))
		flat = NULL;
	vips_area_unref(VIPS_AREA(background));
	return flat;
}

int save_variant(VipsImage *image, const struct image_variant *variant,
		 enum image_format format, size_t max,
		 struct image_output *output, struct err *err)
{
	VipsImage *flat = flatten(image, variant, format);
	VipsBlob *blob = NULL;
	size_t size;
	int status;

	if (!flat)
		return image_error("the thumbnail cannot be flattened", err);
	status = fit_bytes(flat, variant, format, &blob, err);
	output->format = format;
	output->width = vips_image_get_width(flat);
	output->height = vips_image_get_page_height(flat);
	g_object_unref(flat);
	if (status || !blob)
		return -1;
	size = blob_size(blob);
	buf_init(&output->bytes, max);
	if (buf_add(&output->bytes, VIPS_AREA(blob)->data, size))
		status = err_limit(err, "reply", (int64_t)size,
				   "the thumbnail of %zu bytes is over the "
				   "limit of %zu",
				   size, max);
	vips_area_unref(VIPS_AREA(blob));
	return status;
}
