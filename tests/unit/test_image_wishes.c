/*
 * What the picture library makes of wishes: formats, fits, animation, limits on
 * bytes, metadata, several sizes.
 */
#include <malloc.h>
#include "image_library.h"

/* --- Wishes ---------------------------------------------------------------- */

struct made {
	struct image_output output;
	struct image_result result;
	struct err err;
	int status;
};

static struct made make_file(const char *name,
			     const struct image_variant *variant)
{
	struct buf bytes = read_file(name);
	struct made made;

	made.status = make(buf_slice(&bytes), variant, &made.output,
			   &made.result, &made.err);
	made.result.outputs = NULL;
	buf_release(&bytes);
	return made;
}

/* What a picture says of itself when it is read back. */
static struct image_info look(const struct image_output *output)
{
	struct image_variant variant = standard;
	struct image_output again;
	struct image_result result;
	struct err err;

	cr_assert_eq(make(buf_slice(&output->bytes), &variant, &again, &result,
			  &err),
		     0, "%s", err.message);
	buf_release(&again.bytes);
	return result.info;
}

Test(image, formats_out, .init = setup)
{
	static const enum image_format formats[] = {IMAGE_JPEG, IMAGE_PNG,
						    IMAGE_WEBP, IMAGE_AVIF,
						    IMAGE_GIF,	IMAGE_TIFF};
	static const char *const files[] = {
		"base.jpg", "alpha.png", "palette.png", "gray.jpg",
		"cmyk.jpg", "rgb16.png", "p3.jpg"};
	size_t i, j;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!(api->writable() >> formats[i] & 1))
			continue;
		for (j = 0; j < sizeof(files) / sizeof(files[0]); j++) {
			struct image_variant variant = standard;
			struct image_info info;
			struct made made;

			variant.format = formats[i];
			variant.width = variant.height = 40;
			made = make_file(files[j], &variant);
			cr_assert_eq(made.status, 0, "%s to %s: %s", files[j],
				     image_format_name(formats[i]),
				     made.err.message);
			info = look(&made.output);
			cr_expect_eq(info.format, formats[i], "%s to %s",
				     files[j], image_format_name(formats[i]));
			cr_expect_eq(info.width, 40);
			buf_release(&made.output.bytes);
		}
	}
}

Test(image, background_under_alpha, .init = setup)
{
	struct image_variant variant = standard;
	struct png_pixels pixels = {0};
	struct made made;
	double mean[3];

	/* contain pads with the background, and keeps its alpha. */
	variant.fit = IMAGE_CONTAIN;
	variant.width = variant.height = 100;
	memcpy(variant.background, "\x10\x80\xf0\xff", 4);
	made = make_file("base.jpg", &variant);
	cr_assert_eq(made.status, 0, "%s", made.err.message);
	cr_assert_eq(png_read(buf_slice(&made.output.bytes), &pixels), 0);
	cr_expect(pixels.width == 100 && pixels.height == 100);
	cr_assert(png_mean(&pixels, (int[]){0, 0, 100, 15}, mean));
	cr_expect(fabs(mean[0] - 16) < 1 && fabs(mean[1] - 128) < 1 &&
		  fabs(mean[2] - 240) < 1);
	png_release(&pixels);
	buf_release(&made.output.bytes);
	variant.background[3] = 0;
	made = make_file("gray.jpg", &variant);
	cr_assert_eq(made.status, 0, "%s", made.err.message);
	cr_assert_eq(png_read(buf_slice(&made.output.bytes), &pixels), 0);
	cr_expect_eq(pixels.alpha[0], 0);
	cr_expect_eq(pixels.alpha[50 * 100 + 50], 255);
	png_release(&pixels);
	buf_release(&made.output.bytes);
}

Test(image, focal_point, .init = setup)
{
	/* The quadrants' colours tell which corner is in view. */
	static const struct {
		double x, y, red, green, blue;
	} cases[] = {{0, 0, 200, 50, 50},
		     {1, 0, 50, 160, 70},
		     {0, 1, 50, 70, 190},
		     {1, 1, 225, 190, 60}};
	size_t i;

	for (i = 0; i < 4; i++) {
		struct image_variant variant = standard;
		struct png_pixels pixels = {0};
		struct made made;
		double mean[3];

		variant.fit = IMAGE_COVER;
		/* Without enlarging, a 60 x 160 window of a 240 x 160 frame,
		 * then a 240 x 40 one. */
		variant.width = cases[i].y > 0.5 ? 240 : 60;
		variant.height = cases[i].y > 0.5 ? 40 : 160;
		variant.x = cases[i].x;
		variant.y = cases[i].y;
		made = make_file("animated.gif", &variant);
		cr_assert_eq(made.status, 0, "%s", made.err.message);
		cr_assert_eq(png_read(buf_slice(&made.output.bytes), &pixels),
			     0);
		cr_assert(png_mean(&pixels,
				   cases[i].y > 0.5
					   ? (cases[i].x > 0.5
						      ? (int[]){130, 5, 235, 35}
						      : (int[]){5, 5, 110, 35})
					   : (int[]){20, 40, 55, 75},
				   mean));
		cr_expect(fabs(mean[0] - cases[i].red) < 15 &&
				  fabs(mean[1] - cases[i].green) < 15 &&
				  fabs(mean[2] - cases[i].blue) < 15,
			  "case %zu: %.0f %.0f %.0f", i, mean[0], mean[1],
			  mean[2]);
		png_release(&pixels);
		buf_release(&made.output.bytes);
	}
}

Test(image, animation, .init = setup)
{
	static const char *const files[] = {"animated.gif", "animated.webp"};
	size_t i;

	for (i = 0; i < 2; i++) {
		struct image_variant variant = standard;
		struct image_info info;
		struct made made;

		variant.format = IMAGE_NONE;
		variant.width = variant.height = 60;
		variant.animated = true;
		made = make_file(files[i], &variant);
		cr_assert_eq(made.status, 0, "%s: %s", files[i],
			     made.err.message);
		info = look(&made.output);
		cr_expect_eq(info.pages, 4, "%s: %d", files[i],
			     (int)info.pages);
		cr_expect_eq(info.width, 60);
		cr_expect_eq(info.height, 40);
		cr_expect_eq(made.output.height, 40);
		buf_release(&made.output.bytes);
		/* Still: one frame, and any page of it. */
		variant.animated = false;
		variant.page = 3;
		made = make_file(files[i], &variant);
		cr_assert_eq(made.status, 0, "%s: %s", files[i],
			     made.err.message);
		cr_expect_eq(look(&made.output).pages, 1);
		buf_release(&made.output.bytes);
		variant.page = 4;
		made = make_file(files[i], &variant);
		cr_expect_eq(made.status, -1);
		cr_expect_str_eq(made.err.reason, "page");
	}
}

Test(image, max_bytes, .init = setup)
{
	struct image_variant variant = standard;
	struct made made;

	variant.format = IMAGE_JPEG;
	variant.quality = 95;
	made = make_file("base.jpg", &variant);
	cr_assert_eq(made.status, 0);
	cr_assert_gt(made.output.bytes.len, 8000);
	buf_release(&made.output.bytes);
	variant.max_bytes = 5000;
	made = make_file("base.jpg", &variant);
	cr_assert_eq(made.status, 0, "%s", made.err.message);
	cr_expect(made.output.bytes.len <= 5000 && made.output.bytes.len > 3500,
		  "%zu", made.output.bytes.len);
	buf_release(&made.output.bytes);
	variant.max_bytes = 50;
	made = make_file("base.jpg", &variant);
	cr_expect_eq(made.status, -1);
	cr_expect_str_eq(made.err.limit, "max_bytes");
}

/* How often those bytes are in there. */
static int times(const struct buf *bytes, struct slice mark)
{
	struct slice rest = buf_slice(bytes);
	const char *at;
	int count = 0;

	while ((at = memmem(rest.ptr, rest.len, mark.ptr, mark.len))) {
		count++;
		rest.len -= (size_t)(at - rest.ptr) + mark.len;
		rest.ptr = at + mark.len;
	}
	return count;
}

/* Nothing stays, or what was asked for and once, in each format. */
Test(image, metadata, .init = setup)
{
	static const struct {
		enum image_format format;
		struct slice icc, exif;
	} marks[] = {
		{IMAGE_JPEG, SLICE("ICC_PROFILE"), SLICE("Exif\0\0")},
		{IMAGE_PNG, SLICE("iCCP"), SLICE("eXIf")},
		{IMAGE_WEBP, SLICE("ICCP"), SLICE("EXIF")},
	};
	static const struct {
		const char *file;
		unsigned keep;
	} cases[] = {{"p3.jpg", 0},
		     {"p3.jpg", IMAGE_KEEP_ICC},
		     {"p3.jpg", IMAGE_KEEP_XMP},
		     {"exif-6.jpg", 0},
		     {"exif-6.jpg", IMAGE_KEEP_EXIF},
		     {"exif-6.jpg", IMAGE_KEEP_ICC | IMAGE_KEEP_XMP}};
	size_t i, j;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		for (j = 0; j < sizeof(cases) / sizeof(cases[0]); j++) {
			struct image_variant variant = standard;
			bool icc = (cases[j].keep & IMAGE_KEEP_ICC) &&
				   !strcmp(cases[j].file, "p3.jpg");
			bool exif = (cases[j].keep & IMAGE_KEEP_EXIF) != 0;
			struct made made;

			variant.format = marks[i].format;
			variant.keep = cases[j].keep;
			made = make_file(cases[j].file, &variant);
			cr_assert_eq(made.status, 0, "%s", made.err.message);
			cr_expect_eq(times(&made.output.bytes, marks[i].icc),
				     icc, "%s: case %zu: icc",
				     image_format_name(marks[i].format), j);
			cr_expect_eq(times(&made.output.bytes, marks[i].exif),
				     exif, "%s: case %zu: exif",
				     image_format_name(marks[i].format), j);
			cr_expect_eq(look(&made.output).orientation, 1);
			buf_release(&made.output.bytes);
		}
	}
}

/* The mean difference of two PNGs of one size, 0 to 255. */
static double difference(const struct image_output *a,
			 const struct image_output *b)
{
	struct png_pixels pixels[2] = {{0}, {0}};
	double sum = 0;
	int i, c, count;

	cr_assert_eq(png_read(buf_slice(&a->bytes), &pixels[0]), 0);
	cr_assert_eq(png_read(buf_slice(&b->bytes), &pixels[1]), 0);
	cr_assert_eq(pixels[0].width, pixels[1].width);
	cr_assert_eq(pixels[0].height, pixels[1].height);
	count = pixels[0].width * pixels[0].height;
	for (i = 0; i < count; i++)
		for (c = 0; c < 3; c++)
			sum += abs(pixels[0].rgb[3 * i + c] -
				   pixels[1].rgb[3 * i + c]);
	png_release(&pixels[0]);
	png_release(&pixels[1]);
	return sum / count / 3;
}

/* A size is the same picture alone and among others, which come from pixels
 * that outlive their decoder: profile, orientation and colours. */
Test(image, sizes_as_single_ones, .init = setup)
{
	static const char *const files[] = {"base.jpg",
					    "p3.jpg",
					    "exif-6.jpg",
					    "cmyk.jpg",
					    "gray.jpg",
					    "palette.png",
					    "rgb16.png",
					    "lossy.webp",
					    "multipage.tif",
					    "still.avif",
					    "still.heic",
					    "animated.gif",
					    "../thumbnail-more/p3.avif",
					    "../thumbnail-more/turned.avif",
					    "../thumbnail-more/exif6.webp"};
	size_t i;
	int j;

	/* What was freed is not what it was. */
	mallopt(M_PERTURB, 0x5a);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct image_variant variants[3] = {standard, standard,
						    standard};
		struct buf bytes = read_file(files[i]);
		struct image_output outputs[3], alone;
		struct image_result result = {.outputs = outputs};
		struct image_result single = {.outputs = &alone};
		struct image_source source = {.bytes = buf_slice(&bytes),
					      .limits = &limits,
					      .max_output = 1 << 20};
		struct err err = ERR_INIT;
		long index;

		for (j = 0; j < 3; j++)
			variants[j].width = variants[j].height = 20 + 35 * j;
		cr_assert_eq(
			api->make(&source, variants, 3, &result, &index, &err),
			0, "%s: %s", files[i], err.message);
		for (j = 0; j < 3; j++) {
			/* No placeholders: they are a second reading. */
			cr_assert_eq(api->make(&source, &variants[j], 1,
					       &single, &index, &err),
				     0);
			cr_expect(difference(&outputs[j], &alone) < 3,
				  "%s at %d: differs by %.1f", files[i],
				  20 + 35 * j, difference(&outputs[j], &alone));
			buf_release(&alone.bytes);
			buf_release(&outputs[j].bytes);
		}
		buf_release(&bytes);
	}
}

Test(image, sizes_from_one_decode, .init = setup)
{
	struct buf bytes = read_file("base.jpg");
	struct image_variant variants[3] = {standard, standard, standard};
	struct image_output outputs[3];
	struct image_result result = {.outputs = outputs};
	struct image_source source = {.bytes = buf_slice(&bytes),
				      .limits = &limits,
				      .placeholders = 7,
				      .max_output = 1 << 20};
	struct err err = ERR_INIT;
	long index;
	int i;

	for (i = 0; i < 3; i++) {
		variants[i].width = variants[i].height = 32 << i;
		variants[i].animated = i == 1;
	}
	cr_assert_eq(api->make(&source, variants, 3, &result, &index, &err), 0,
		     "%s", err.message);
	for (i = 0; i < 3; i++) {
		cr_expect_eq(outputs[i].width, 32 << i);
		cr_expect_gt(outputs[i].bytes.len, 100);
		buf_release(&outputs[i].bytes);
	}
	cr_expect_eq(strlen(result.hints.blurhash), 28);
	cr_expect_gt(result.hints.thumbhash_len, 10);
	variants[2].width = 5000;
	variants[2].fit = IMAGE_CONTAIN;
	cr_assert_eq(api->make(&source, variants, 3, &result, &index, &err),
		     -1);
	cr_expect_eq(index, 2);
	cr_expect_str_eq(err.limit, "max_output_edge");
	buf_release(&bytes);
}

/* --- One decoder and the other ------------------------------------------------ */

static struct buf thumbnail_of(const char *name, int64_t width, int64_t height)
{
	struct buf bytes = read_file(name);
	struct image_variant variant = standard;
	struct image_output output;
	struct image_result result;
	struct err err;

	variant.width = width;
	variant.height = height;
	variant.fit = height ? IMAGE_FILL : IMAGE_INSIDE;
	cr_assert_eq(make(buf_slice(&bytes), &variant, &output, &result, &err),
		     0, "%s: %s", name, err.message);
	buf_release(&bytes);
	return output.bytes;
}

/* The same coefficients in one scan and in ten: libjpeg by itself makes of the
 * first what libvips makes of the second. */
Test(image, one_scan_as_many, .init = setup)
{
	static const int64_t sizes[][2] = {{20, 0},  {120, 0}, {121, 0},
					   {200, 0}, {401, 0}, {602, 0},
					   {7, 90},  {90, 7},  {1203, 917}};
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct buf one = thumbnail_of("../../cases/jpeg-scans/one.jpg",
					      sizes[i][0], sizes[i][1]);
		struct buf many =
			thumbnail_of("../../cases/jpeg-scans/many.jpg",
				     sizes[i][0], sizes[i][1]);

		cr_expect(slice_equal(buf_slice(&one), buf_slice(&many)),
			  "%d x %d", (int)sizes[i][0], (int)sizes[i][1]);
		buf_release(&one);
		buf_release(&many);
	}
}

/* --- Files of several pictures ------------------------------------------------- */

/* The second of three is the one that viewers show: it is page 0. */
Test(image, primary_picture, .init = setup)
{
	static const struct {
		int64_t width, height;
		double grey;
	} pages[] = {{160, 120, 255}, {160, 120, 0}, {80, 60, 255}};
	struct buf bytes = read_file("../../cases/heif/second.heic");
	struct image_variant variant = standard;
	struct image_output output;
	struct image_result result;
	struct err err;
	size_t i;

	variant.page = 3;
	if (make(buf_slice(&bytes), &variant, &output, &result, &err) &&
	    !strcmp(err.reason, "loader"))
		cr_skip("libvips without HEIC");
	cr_expect_str_eq(err.reason, "page");
	for (i = 0; i < 3; i++) {
		struct png_pixels pixels = {0};
		double mean[4];

		variant.page = (int64_t)i;
		cr_assert_eq(make(buf_slice(&bytes), &variant, &output, &result,
				  &err),
			     0, "%s", err.message);
		cr_expect_eq(result.info.pages, 3);
		cr_expect_eq(result.info.width, pages[i].width, "%zu", i);
		cr_expect_eq(result.info.height, pages[i].height, "%zu", i);
		cr_assert_eq(png_read(buf_slice(&output.bytes), &pixels), 0);
		cr_assert(png_mean(&pixels, (int[]){0, 0, 40, 30}, mean));
		cr_expect_float_eq(mean[0], pages[i].grey, 3, "page %zu", i);
		png_release(&pixels);
		buf_release(&output.bytes);
	}
	buf_release(&bytes);
}

/* A film without a picture is no damage. */
Test(image, film, .init = setup)
{
	struct buf bytes = read_file("../../cases/heif/film.avif");
	struct image_output output;
	struct image_result result;
	struct err err;

	cr_assert_eq(make(buf_slice(&bytes), &standard, &output, &result, &err),
		     -1);
	cr_expect_eq(err.code, ERR_UNSUPPORTED);
	cr_expect(!strcmp(err.reason, "sequence") ||
		  !strcmp(err.reason, "loader"));
	buf_release(&bytes);
}
