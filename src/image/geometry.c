/*
 * Sizes of thumbnails. Rounds as libvips does (half up, at least one pixel).
 */
#include "image/geometry.h"

#include <inttypes.h>
#include <math.h>

static int64_t scale_edge(int64_t edge, double scale)
{
	double scaled = floor((double)edge * scale + 0.5);

	return scaled < 1 ? 1 : scaled > 1e15 ? (int64_t)1e15 : (int64_t)scaled;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* One factor for both sides. */
static void plan_scale(const struct image_variant *variant, double across,
		       double down, struct geometry *plan)
{
	bool outer =
		variant->fit == IMAGE_COVER || variant->fit == IMAGE_OUTSIDE;
	double scale = outer == (across > down) ? across : down;

	if (!variant->enlarge && scale > 1)
		scale = 1;
	plan->resize_width = scale_edge(plan->resize_width, scale);
	plan->resize_height = scale_edge(plan->resize_height, scale);
}

static void plan_fit(const struct image_variant *variant, struct geometry *plan)
{
	double across = (double)variant->width / (double)plan->resize_width;
	double down = (double)variant->height / (double)plan->resize_height;

	if (variant->fit == IMAGE_FILL) {
		if (!variant->enlarge) {
			across = fmin(across, 1);
			down = fmin(down, 1);
		}
		plan->resize_width = scale_edge(plan->resize_width, across);
		plan->resize_height = scale_edge(plan->resize_height, down);
	} else {
		plan_scale(variant, across, down, plan);
	}
	plan->width = plan->resize_width;
	plan->height = plan->resize_height;
	if (variant->fit == IMAGE_COVER) {
		plan->width = smaller(plan->width, variant->width);
		plan->height = smaller(plan->height, variant->height);
	} else if (variant->fit == IMAGE_CONTAIN) {
		plan->width = variant->width;
		plan->height = variant->height;
	}
}

static int check_output(const struct geometry *plan,
			const struct image_limits *limits, struct err *err)
{
	int64_t edge = plan->width > plan->height ? plan->width : plan->height;

	if (edge > limits->max_output_edge)
		return err_limit(
			err, "max_output_edge", edge,
			"the thumbnail of width %" PRId64 " × height %" PRId64
			" is over max_output_edge %" PRId64,
			plan->width, plan->height, limits->max_output_edge);
	if (plan->resize_width > limits->max_pixels / plan->resize_height)
		return err_limit(err, "max_pixels", plan->resize_width,
				 "scaled to width %" PRId64 " × height %" PRId64
				 " before the crop, the picture is over "
				 "max_pixels %" PRId64,
				 plan->resize_width, plan->resize_height,
				 limits->max_pixels);
	return 0;
}

int geometry_plan(const struct image_variant *variant, int64_t width,
		  int64_t height, const struct image_limits *limits,
		  struct geometry *plan, struct err *err)
{
	struct image_variant whole = *variant;

	if (!whole.width)
		whole.width = scale_edge(width,
					 (double)whole.height / (double)height);
	if (!whole.height)
		whole.height =
			scale_edge(height, (double)whole.width / (double)width);
	if (!variant->width || !variant->height)
		whole.fit = IMAGE_INSIDE;
	plan->resize_width = width;
	plan->resize_height = height;
	plan_fit(&whole, plan);
	/* The side that was asked for is kept, whatever rounding did. */
	if (whole.fit == IMAGE_INSIDE && variant->width && !variant->height &&
	    plan->width != width)
		plan->width = plan->resize_width = variant->width;
	if (whole.fit == IMAGE_INSIDE && variant->height && !variant->width &&
	    plan->height != height)
		plan->height = plan->resize_height = variant->height;
	return check_output(plan, limits, err);
}

int64_t geometry_offset(int64_t whole, int64_t part, double focus)
{
	double offset = floor((double)whole * focus - (double)part / 2 + 0.5);

	if (part >= whole || offset <= 0)
		return 0;
	return smaller((int64_t)offset, whole - part);
}
