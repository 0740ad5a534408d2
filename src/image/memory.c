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

/* Setting the Exif sets what it says of the orientation, too, although libheif
 * has turned the picture: it becomes again what `from` says. */
static void keep_orientation(VipsImage *to, bool given, int orientation)
{
	if (given)
		vips_image_set_int(to, VIPS_META_ORIENTATION, orientation);
	else
		vips_image_remove(to, VIPS_META_ORIENTATION);
}

static bool read_orientation(VipsImage *image, int *orientation)
{
	return vips_image_get_typeof(image, VIPS_META_ORIENTATION) &&
	       !vips_image_get_int(image, VIPS_META_ORIENTATION, orientation);
}

static void *copy_field(VipsImage *from, const char *name, GValue *value,
			void *to)
{
	(void)from;
	vips_image_set(to, name, value);
	return NULL;
}

void memory_fields(VipsImage *from, VipsImage *to)
{
	int orientation = 1;
	bool given = read_orientation(from, &orientation);

	vips_image_map(from, copy_field, to);
	keep_orientation(to, given, orientation);
}

void memory_own_fields(VipsImage *image)
{
	int orientation = 1;
	bool given = read_orientation(image, &orientation);
	char **names = vips_image_get_fields(image), **name;
	const void *bytes;
	size_t size;

	for (name = names; *name; name++) {
		if (vips_image_get_typeof(image, *name) == VIPS_TYPE_BLOB &&
		    !vips_image_get_blob(image, *name, &bytes, &size))
			vips_image_set_blob_copy(image, *name, bytes, size);
	}
	g_strfreev(names);
	keep_orientation(image, given, orientation);
}
