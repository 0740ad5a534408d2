/*
 * The first look at a picture: signatures, sizes, walks over markers, chunks,
 * blocks and directories. The bytes lie in memory of exactly their length, so
 * that reading past them is seen. What is accepted has a format, and passes the
 * limits only if it is within them; the texts of a PNG are taken out. With this file the look itself is compiled:
 * it is in the picture library otherwise, which needs libvips.
 */
#include <stdlib.h>

#include "image/magic.c"
#include "image/magic_tiff.c"
#include "image/png_text.c"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void must(int truth)
{
	if (!truth)
		abort();
}

static void check_limits(const struct magic_header *header, int64_t frames)
{
	static const struct image_limits limits = {
		.max_pixels = 50000000,
		.max_edge = 65500,
		.max_output_edge = 4096,
		.max_frames = 100,
		.loaders = 0x7f,
	};
	struct err err = ERR_INIT;

	if (magic_check(header, &limits, frames, &err)) {
		must(err.code == ERR_LIMIT || err.code == ERR_UNSUPPORTED);
		must(err.message[0] && (err.limit[0] || err.reason[0]));
		return;
	}
	must(limits.loaders >> header->format & 1);
	must(header->width <= limits.max_edge);
	must(header->height <= limits.max_edge);
	must(header->width * header->height * frames <= limits.max_pixels);
}

/* What is left without texts has none. */
static void check_text(struct slice png)
{
	size_t len = png_text_drop(png, false, NULL);
	char *left = malloc(len ? len : 1);

	if (!left)
		return;
	must(len <= png.len);
	must(png_text_drop(png, false, left) == len);
	must(png_text_drop(slice_of(left, len), false, NULL) == len);
	must(png_text_drop(png, true, NULL) >= len);
	free(left);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct magic_header header;
	struct err err = ERR_INIT;
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		return 0;
	memcpy(copy, bytes, len);
	if (magic_read(slice_of(copy, len), &header, &err)) {
		must(err.code == ERR_BAD_INPUT || err.code == ERR_UNSUPPORTED);
		must(err.message[0] && err.reason[0]);
	} else {
		must(header.format >= 0 && header.format < IMAGE_FORMAT_COUNT);
		must(header.width >= 0 && header.height >= 0);
		must(header.scans >= 0 && header.scans <= (int64_t)len);
		check_limits(&header, 1);
		check_limits(&header, 100);
	}
	(void)magic_is_film(slice_of(copy, len));
	check_text(slice_of(copy, len));
	free(copy);
	return 0;
}
