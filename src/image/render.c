/*
 * From decoded pixels to the pixels of one thumbnail: scale, orientation,
 * colours, crop or padding, frame by frame.
 */
#include "image/vips_adapter.h"
#include "image/resample.h"

#include <inttypes.h>

/* The size after orientation. */
static void turned_size(const struct load *load, int64_t *width,
			int64_t *height)
{
	bool turned = load->orientation >= 5 && load->orientation <= 8;

	*width = turned ? load->header.height : load->header.width;
	*height = turned ? load->header.width : load->header.height;
}

/* Is it all that scale_frame would make of it? */
static bool is_done(VipsImage *in, const struct geometry *plan)
{
	return vips_image_get_width(in) == plan->resize_width &&
	       vips_image_get_height(in) == plan->resize_height &&
	       vips_image_get_format(in) == VIPS_FORMAT_UCHAR &&
	       (in->Type == VIPS_INTERPRETATION_sRGB ||
		in->Type == VIPS_INTERPRETATION_B_W) &&
	       vips_image_get_orientation(in) <= 1 &&
	       !vips_image_get_typeof(in, VIPS_META_ICC_NAME);
}

/*
 * Scales and turns, and converts to sRGB: through the embedded profile where
 * there is one, through a stock profile for CMYK, and not at all otherwise (an
 * export profile given always would shift untagged colours).
 */
static int scale_frame(VipsImage *in, const struct geometry *plan,
		       bool keep_icc, VipsImage **out)
{
	bool tagged = vips_image_get_typeof(in, VIPS_META_ICC_NAME) != 0;
	bool cmyk =
		vips_image_get_interpretation(in) == VIPS_INTERPRETATION_CMYK;
	int width = (int)plan->resize_width, height = (int)plan->resize_height;

	if (is_done(in, plan)) {
		g_object_ref(in);
		*out = in;
		return 0;
	}
	if (cmyk && !tagged)
		return vips_thumbnail_image(in, out, width, "height", height,
					    "size", VIPS_SIZE_FORCE,
					    "import_profile", "cmyk",
					    "export_profile", "srgb", NULL);
	if (tagged && (!keep_icc || cmyk))
		return vips_thumbnail_image(in, out, width, "height", height,
					    "size", VIPS_SIZE_FORCE,
					    "export_profile", "srgb", NULL);
	return vips_thumbnail_image(in, out, width, "height", height, "size",
				    VIPS_SIZE_FORCE, NULL);
}

/* Pixels that resample takes: 8 bits, and none that cannot be seen. */
static bool is_plain(VipsImage *image)
{
	return vips_image_get_format(image) == VIPS_FORMAT_UCHAR &&
	       vips_image_get_coding(image) == VIPS_CODING_NONE &&
	       !vips_image_hasalpha(image);
}

static VipsImage *resample_memory(VipsImage *memory, int width, int height)
{
	struct resample_pixels in = {(unsigned char *)memory->data,
				     memory->Xsize, memory->Ysize,
				     memory->Bands};
	struct resample_pixels to = {NULL, width, height, memory->Bands};
	size_t size = (size_t)width * (size_t)height * (size_t)to.bands;
	VipsImage *small = NULL;

	to.bytes = g_try_malloc(size);
	if (to.bytes && !resample(&in, &to))
		small = vips_image_new_from_memory_copy(to.bytes, size, width,
							height, to.bands,
							VIPS_FORMAT_UCHAR);
	g_free(to.bytes);
	if (!small) {
		vips_error("resample", "out of memory");
		return NULL;
	}
	small->Type = memory->Type;
	small->Xres = memory->Xres;
	small->Yres = memory->Yres;
	memory_fields(memory, small);
	return small;
}

/* Does the scaling alone, where resample does it sooner than libvips; all else
 * is left to scale_frame, which then finds the size as it is wanted. */
static int scale_plain(VipsImage *in, const struct geometry *plan,
		       VipsImage **out)
{
	int orientation = vips_image_get_orientation(in);
	bool turned = orientation >= 5 && orientation <= 8;
	int width = (int)(turned ? plan->resize_height : plan->resize_width);
	int height = (int)(turned ? plan->resize_width : plan->resize_height);
	VipsImage *memory;

	if (!is_plain(in) ||
	    !resample_fits(vips_image_get_width(in), vips_image_get_height(in),
			   vips_image_get_bands(in), width, height)) {
		g_object_ref(in);
		*out = in;
		return 0;
	}
	memory = memory_copy(in);
	if (!memory)
		return -1;
	*out = resample_memory(memory, width, height);
	g_object_unref(memory);
	return *out ? 0 : -1;
}

/* 8 bits and sRGB or grey, whatever came in. */
static int plain_pixels(VipsImage *in, VipsImage **out)
{
	VipsInterpretation now = vips_image_guess_interpretation(in);
	VipsInterpretation want = vips_image_get_bands(in) < 3
					  ? VIPS_INTERPRETATION_B_W
					  : VIPS_INTERPRETATION_sRGB;
	VipsImage *converted = NULL;
	int status;

	if (now == want && vips_image_get_format(in) == VIPS_FORMAT_UCHAR) {
		g_object_ref(in);
		*out = in;
		return 0;
	}
	if (vips_colourspace(in, &converted, want, NULL))
		return -1;
	status = vips_cast_uchar(converted, out, NULL);
	g_object_unref(converted);
	return status;
}

static int crop_frame(VipsImage *in, const struct image_variant *variant,
		      const struct geometry *plan, VipsImage **out)
{
	int width = (int)plan->width, height = (int)plan->height;
	int64_t whole_width = vips_image_get_width(in);
	int64_t whole_height = vips_image_get_height(in);

	if (variant->gravity != IMAGE_POINT)
		return vips_smartcrop(in, out, width, height, "interesting",
				      variant->gravity == IMAGE_ATTENTION
					      ? VIPS_INTERESTING_ATTENTION
					      : VIPS_INTERESTING_ENTROPY,
				      NULL);
	return vips_extract_area(
		in, out, (int)geometry_offset(whole_width, width, variant->x),
		(int)geometry_offset(whole_height, height, variant->y), width,
		height, NULL);
}

/* Pads to the wanted size, background all round. */
static int pad_frame(VipsImage *in, const struct image_variant *variant,
		     const struct geometry *plan, VipsImage **out)
{
	const unsigned char *rgba = variant->background;
	int bands = vips_image_get_bands(in);
	bool grey = bands < 3, alpha = vips_image_hasalpha(in);
	VipsImage *base[3] = {NULL, NULL, NULL};
	double fill[4] = {rgba[0], rgba[1], rgba[2], rgba[3]};
	VipsArrayDouble *background;
	int status = -1, left, top;

	/* The background may need colour or alpha that the picture lacks. */
	if (grey ? vips_colourspace(in, &base[0], VIPS_INTERPRETATION_sRGB,
				    NULL)
		 : vips_copy(in, &base[0], NULL))
		goto out;
	if (!alpha && rgba[3] < 255 ? vips_addalpha(base[0], &base[1], NULL)
				    : vips_copy(base[0], &base[1], NULL))
		goto out;
	background = vips_array_double_new(fill, vips_image_get_bands(base[1]));
	left = (int)(plan->width - vips_image_get_width(in)) / 2;
	top = (int)(plan->height - vips_image_get_height(in)) / 2;
	status = vips_embed(base[1], out, left, top, (int)plan->width,
			    (int)plan->height, "extend", VIPS_EXTEND_BACKGROUND,
			    "background", background, NULL);
	vips_area_unref(VIPS_AREA(background));
out:
	if (base[0])
		g_object_unref(base[0]);
	if (base[1])
		g_object_unref(base[1]);
	return status;
}

static int fit_frame(VipsImage *in, const struct image_variant *variant,
		     const struct geometry *plan, VipsImage **out)
{
	int width = vips_image_get_width(in);
	int height = vips_image_get_height(in);

	if (width == plan->width && height == plan->height) {
		g_object_ref(in);
		*out = in;
		return 0;
	}
	if (width >= plan->width && height >= plan->height)
		return crop_frame(in, variant, plan, out);
	return pad_frame(in, variant, plan, out);
}

/* One frame, all steps; the result is in memory, so that a damaged source is
 * noticed here and a crop may look at pixels in any order. */
static int render_frame(VipsImage *in, const struct image_variant *variant,
			const struct geometry *plan, VipsImage **out)
{
	bool keep_icc = (variant->keep & IMAGE_KEEP_ICC) != 0;
	VipsImage *step[5] = {NULL, NULL, NULL, NULL, NULL};
	int i, status = -1;

	*out = NULL;
	if (scale_plain(in, plan, &step[0]) ||
	    scale_frame(step[0], plan, keep_icc, &step[1]) ||
	    plain_pixels(step[1], &step[2]))
		goto out;
	step[3] = memory_copy(step[2]);
	if (!step[3] || fit_frame(step[3], variant, plan, &step[4]))
		goto out;
	*out = memory_copy(step[4]);
	status = *out ? 0 : -1;
out:
	for (i = 0; i < 5; i++) {
		if (step[i])
			g_object_unref(step[i]);
	}
	return status;
}

/* Frames one below the other again. */
static int join_frames(VipsImage **frames, int count, VipsImage **out)
{
	VipsImage *joined = NULL, *memory;
	int height = vips_image_get_height(frames[0]);

	if (vips_arrayjoin(frames, &joined, count, "across", 1, NULL))
		return -1;
	memory = memory_copy(joined);
	g_object_unref(joined);
	if (!memory)
		return -1;
	vips_image_set_int(memory, VIPS_META_PAGE_HEIGHT, height);
	*out = memory;
	return 0;
}

static int render_frames(const struct load *load,
			 const struct image_variant *variant,
			 const struct geometry *plan, VipsImage **out)
{
	int height = (int)load->header.height, i, status = -1;
	int count = vips_image_get_height(load->image) / height;
	VipsImage **frames = g_new0(VipsImage *, (gsize)count);

	for (i = 0; i < count; i++) {
		VipsImage *frame = NULL;
		int failed = vips_extract_area(
			load->image, &frame, 0, i * height,
			vips_image_get_width(load->image), height, NULL);

		if (!failed) {
			failed = render_frame(frame, variant, plan, &frames[i]);
			g_object_unref(frame);
		}
		if (failed)
			goto out;
	}
	status = join_frames(frames, count, out);
out:
	for (i = 0; i < count; i++) {
		if (frames[i])
			g_object_unref(frames[i]);
	}
	g_free(frames);
	return status;
}

/* Drops the metadata that is not to be kept. */
static void drop_metadata(VipsImage *image, unsigned keep)
{
	char **names = vips_image_get_fields(image);
	char **name;

	for (name = names; *name; name++) {
		bool exif = g_str_has_prefix(*name, "exif-");
		bool icc = !strcmp(*name, VIPS_META_ICC_NAME);
		bool xmp = !strcmp(*name, VIPS_META_XMP_NAME);
		bool other = !strcmp(*name, VIPS_META_IPTC_NAME) ||
			     !strcmp(*name, VIPS_META_PHOTOSHOP_NAME) ||
			     g_str_has_prefix(*name, "png-comment-");

		if ((exif && !(keep & IMAGE_KEEP_EXIF)) ||
		    (icc && !(keep & IMAGE_KEEP_ICC)) ||
		    (xmp && !(keep & IMAGE_KEEP_XMP)) || other)
			vips_image_remove(image, *name);
	}
	g_strfreev(names);
}

/* What to scale from: the picture, or the level that is just large enough. */
static VipsImage *pick_source(const struct load *load,
			      const struct geometry *plan)
{
	bool turned = load->orientation >= 5 && load->orientation <= 8;

	if (!load->pyramid.count)
		return load->image;
	return pyramid_pick(&load->pyramid,
			    turned ? plan->resize_height : plan->resize_width,
			    turned ? plan->resize_width : plan->resize_height);
}

int render_variant(const struct load *load, const struct image_variant *variant,
		   VipsImage **out, struct err *err)
{
	struct geometry plan;
	int64_t width, height;
	int status;

	turned_size(load, &width, &height);
	if (geometry_plan(variant, width, height, load->source->limits, &plan,
			  err))
		return -1;
	status = load->animated ? render_frames(load, variant, &plan, out)
				: render_frame(pick_source(load, &plan),
					       variant, &plan, out);
	if (status)
		return image_error("the picture cannot be decoded", err);
	if (load_verify(load, err)) {
		g_clear_object(out);
		return -1;
	}
	/* The saver of WebP takes no notice of `strip`. */
	drop_metadata(*out, variant->keep);
	return 0;
}

int render_small(const struct load *load, VipsImage **out, struct err *err)
{
	struct image_variant variant = {.width = 100,
					.height = 100,
					.fit = IMAGE_INSIDE,
					.format = IMAGE_PNG};
	struct load first = *load;
	VipsImage *frame = NULL, *small = NULL, *colour = NULL, *alpha = NULL;
	int status = -1;

	if (load->animated) {
		first.animated = false;
		if (vips_extract_area(load->image, &frame, 0, 0,
				      vips_image_get_width(load->image),
				      (int)load->header.height, NULL)) {
			status = image_error("the picture cannot be decoded",
					     err);
			goto out;
		}
		first.image = frame;
	}
	status = render_variant(&first, &variant, &small, err);
	if (status)
		goto out;
	if (vips_colourspace(small, &colour, VIPS_INTERPRETATION_sRGB, NULL) ||
	    (vips_image_hasalpha(colour)
		     ? vips_copy(colour, &alpha, NULL)
		     : vips_addalpha(colour, &alpha, NULL)) ||
	    vips_cast_uchar(alpha, out, NULL))
		status = image_error("no placeholder can be made", err);
out:
	g_clear_object(&frame);
	g_clear_object(&small);
	g_clear_object(&colour);
	g_clear_object(&alpha);
	return status;
}
