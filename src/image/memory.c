/*
 * Pixels into memory. Decodes as it goes: the loaders are lazy.
 */
#include "image/vips_adapter.h"

/* As many as sequential loaders read at a time. */
#define ROWS 8

static int copy_rows(VipsRegion *region, VipsImage *out, int top)
{
	VipsRect rows = {0, top, out->Xsize, MIN(ROWS, out->Ysize - top)};
	int y;

	if (vips_region_prepare(region, &rows))
		return -1;
	for (y = top; y < top + rows.height; y++) {
		if (vips_image_write_line(out, y,
					  VIPS_REGION_ADDR(region, 0, y)))
			return -1;
	}
	return 0;
}

VipsImage *memory_copy(VipsImage *image)
{
	VipsRegion *region;
	VipsImage *out;
	int y = 0;

	if (image->data)
		return vips_image_copy_memory(image);
	out = vips_image_new_memory();
	region = vips_region_new(image);
	if (!region ||
	    vips_image_pipelinev(out, VIPS_DEMAND_STYLE_THINSTRIP, image, NULL))
		g_clear_object(&out);
	while (out && y < out->Ysize) {
		if (copy_rows(region, out, y))
			g_clear_object(&out);
		y += ROWS;
	}
	g_clear_object(&region);
	return out;
}
