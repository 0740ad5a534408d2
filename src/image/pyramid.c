/*
 * Halved copies of a decoded picture, so that several small thumbnails do not
 * each read all of its pixels: what shrinking on load is to one thumbnail.
 */
#include "image/vips_adapter.h"

/* Under this there is nothing left to save. */
#define EDGE_MIN 64

/* Means of two by two pixels. A row or column left over is dropped. */
static void halve_bytes(const unsigned char *in, size_t stride,
			unsigned char *out, size_t bands, const size_t size[2])
{
	size_t x, y, band;

	for (y = 0; y < size[1]; y++) {
		const unsigned char *a = in + 2 * y * stride, *b = a + stride;

		for (x = 0; x < size[0]; x++) {
			for (band = 0; band < bands; band++)
				out[band] =
					(unsigned char)((a[band] +
							 a[band + bands] +
							 b[band] +
							 b[band + bands] + 2) >>
							2);
			out += bands;
			a += 2 * bands;
			b += 2 * bands;
		}
	}
}

/* libvips's own shrink makes two passes and a pipeline of this. */
static VipsImage *halve_plain(VipsImage *image)
{
	size_t bands = (size_t)vips_image_get_bands(image);
	size_t width = (size_t)vips_image_get_width(image);
	size_t size[2] = {width / 2, (size_t)vips_image_get_height(image) / 2};
	size_t bytes = size[0] * size[1] * bands;
	unsigned char *out = g_try_malloc(bytes);
	VipsImage *half;

	if (!out)
		return NULL;
	/* With a constant the compiler unrolls the inner loop. */
	if (bands == 3)
		halve_bytes(vips_image_get_data(image), width * 3, out, 3,
			    size);
	else
		halve_bytes(vips_image_get_data(image), width * bands, out,
			    bands, size);
	half = vips_image_new_from_memory_copy(out, bytes, (int)size[0],
					       (int)size[1], (int)bands,
					       VIPS_FORMAT_UCHAR);
	g_free(out);
	if (half) {
		half->Type = image->Type;
		memory_fields(image, half);
	}
	return half;
}

static VipsImage *halve(VipsImage *image)
{
	VipsImage *half, *memory;

	if (vips_image_get_format(image) == VIPS_FORMAT_UCHAR)
		return halve_plain(image);
	if (vips_shrink(image, &half, 2, 2, NULL))
		return NULL;
	memory = memory_copy(half);
	g_object_unref(half);
	return memory;
}

int pyramid_build(struct pyramid *pyramid, VipsImage *image)
{
	*pyramid = (struct pyramid){.count = 1};
	pyramid->levels[0] = image;
	g_object_ref(image);
	/* Means of straight alpha would bleed the colour of what cannot be
	 * seen. */
	if (vips_image_hasalpha(image))
		return 0;
	while (pyramid->count < PYRAMID_LEVELS &&
	       vips_image_get_width(image) >= 2 * EDGE_MIN &&
	       vips_image_get_height(image) >= 2 * EDGE_MIN) {
		image = halve(image);
		if (!image)
			return -1;
		pyramid->levels[pyramid->count++] = image;
	}
	return 0;
}

VipsImage *pyramid_pick(const struct pyramid *pyramid, int64_t width,
			int64_t height)
{
	int i = pyramid->count - 1;

	/* A good filter does the last step, as after shrinking on load. */
	while (i > 0 &&
	       (vips_image_get_width(pyramid->levels[i]) * 4 < width * 5 ||
		vips_image_get_height(pyramid->levels[i]) * 4 < height * 5))
		i--;
	return pyramid->levels[i];
}

void pyramid_release(struct pyramid *pyramid)
{
	int i;

	for (i = 0; i < pyramid->count; i++)
		g_object_unref(pyramid->levels[i]);
	pyramid->count = 0;
}
