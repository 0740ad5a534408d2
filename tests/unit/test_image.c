/*
 * The picture library against the corpus: sizes, colours by quadrant,
 * orientation, classes of error, and that nothing takes long.
 */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "image/image.h"
#include "png_pixels.h"

#define CORPUS "tests/oracle/thumbnail/"

static const struct image_limits limits = {
	.max_pixels = 50000000,
	.max_edge = 65500,
	.max_output_edge = 4096,
	.max_frames = 100,
	.loaders = 0x7f,
};

static const struct image_api *api;

static void setup(void)
{
	const char *build = getenv("BUILD");
	char path[256];
	void *library;
	struct err err = ERR_INIT;

	snprintf(path, sizeof(path), "./%s/cherry-image.so",
		 build ? build : "build");
	library = dlopen(path, RTLD_NOW);
	if (!library)
		cr_skip_test("no libvips: %s", dlerror());
	api = dlsym(library, IMAGE_API_SYMBOL);
	cr_assert(api && api->version == IMAGE_API_VERSION);
	cr_assert_eq(api->start(&limits, &err), 0, "%s", err.message);
}

static struct buf read_file(const char *name)
{
	char path[256];
	struct buf buf;
	char chunk[4096];
	size_t got;
	FILE *file;

	snprintf(path, sizeof(path), CORPUS "%s", name);
	file = fopen(path, "rb");
	cr_assert(file, "%s is missing", path);
	buf_init(&buf, 64 << 20);
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		cr_assert_eq(buf_add(&buf, chunk, got), 0);
	fclose(file);
	return buf;
}

static const struct image_variant standard = {
	.width = 256,
	.height = 256,
	.fit = IMAGE_INSIDE,
	.format = IMAGE_PNG,
	.effort = -1,
	.x = 0.5,
	.y = 0.5,
	.background = {255, 255, 255, 255},
};

static int make(struct slice bytes, const struct image_variant *variant,
		struct image_output *output, struct image_result *result,
		struct err *err)
{
	struct image_source source = {.bytes = bytes,
				      .limits = &limits,
				      .placeholders = 7,
				      .max_output = 64 << 20};
	long index;

	*result = (struct image_result){.outputs = output};
	*err = (struct err)ERR_INIT;
	return api->make(&source, variant, 1, result, &index, err);
}

static double number(const struct json_node *object, const char *key)
{
	const struct json_node *node = json_get(object, key);

	return node ? json_number_double(node->text) : 0;
}

static const char *text(const struct json_node *object, const char *key)
{
	static char texts[8][128];
	static unsigned next;
	const struct json_node *node = json_get(object, key);
	char *out = texts[next++ % 8];

	*out = '\0';
	if (node && node->type == JSON_STRING)
		snprintf(out, sizeof(texts[0]), "%.*s", (int)node->text.len,
			 node->text.ptr);
	return out;
}

static void expect_quadrants(const char *name, struct slice png,
			     const struct json_node *quadrants,
			     double tolerance)
{
	const struct json_node *want = quadrants ? quadrants->child : NULL;
	struct png_pixels pixels = {0};
	int i, c;

	cr_assert_eq(png_read(png, &pixels), 0, "%s: no plain PNG", name);
	for (i = 0; want; i++, want = want->next) {
		int half_x = pixels.width / 2, half_y = pixels.height / 2;
		int box[4] = {i & 1 ? half_x : 0, i & 2 ? half_y : 0,
			      i & 1 ? pixels.width : half_x,
			      i & 2 ? pixels.height : half_y};
		const struct json_node *channel = want->child;
		double mean[3];

		if (want->type == JSON_NULL || !png_mean(&pixels, box, mean))
			continue;
		for (c = 0; c < 3; c++, channel = channel->next) {
			double value = json_number_double(channel->text);

			cr_expect(fabs(mean[c] - value) <= tolerance,
				  "%s: quadrant %d channel %d is %.1f, not "
				  "%.1f",
				  name, i, c, mean[c], value);
		}
	}
	png_release(&pixels);
}

static void expect_picture(const struct json_node *file, struct slice bytes)
{
	const char *name = strdup(text(file, "file"));
	const struct json_node *size = json_get(file, "thumb_256_inside");
	struct image_variant cover = standard;
	struct image_output output;
	struct image_result result;
	struct err err;

	cr_assert_eq(make(bytes, &standard, &output, &result, &err), 0,
		     "%s: %s", name, err.message);
	cr_expect_eq(output.width, json_number_double(size->child->text),
		     "%s: width %d", name, (int)output.width);
	cr_expect_eq(output.height, json_number_double(size->child->next->text),
		     "%s: height %d", name, (int)output.height);
	cr_expect_eq(result.info.width, number(file, "width"), "%s", name);
	cr_expect_eq(result.info.height, number(file, "height"), "%s", name);
	cr_expect_str_eq(image_format_name(result.info.format),
			 text(file, "format"));
	/* HEIC and AVIF come turned from their library. */
	cr_expect_eq(result.info.orientation, number(file, "orientation"),
		     "%s: orientation %d", name, result.info.orientation);
	expect_quadrants(name, buf_slice(&output.bytes),
			 json_get(file, "quadrants"),
			 number(file, "tolerance"));
	buf_release(&output.bytes);
	if (!json_get(file, "cover_64_centre"))
		return;
	cover.width = cover.height = 64;
	cover.fit = IMAGE_COVER;
	cr_assert_eq(make(bytes, &cover, &output, &result, &err), 0, "%s: %s",
		     name, err.message);
	expect_quadrants(name, buf_slice(&output.bytes),
			 json_get(file, "cover_64_centre"),
			 number(file, "tolerance"));
	buf_release(&output.bytes);
}

static const char *error_class(const struct err *err)
{
	if (err->code == ERR_LIMIT)
		return "error:too_large";
	if (err->code == ERR_UNSUPPORTED)
		return "error:unsupported";
	if (err->code == ERR_BAD_INPUT && !strcmp(err->reason, "empty"))
		return "error:empty";
	return err->code == ERR_BAD_INPUT ? "error:corrupt" : "error";
}

static void expect_refusal(const struct json_node *file, struct slice bytes,
			   const char *want)
{
	const char *name = strdup(text(file, "file"));
	struct image_output output;
	struct image_result result;
	struct err err;
	double start = clock_monotonic();

	cr_assert_eq(make(bytes, &standard, &output, &result, &err), -1,
		     "%s was accepted", name);
	cr_expect_str_eq(error_class(&err), want, "%s: %s %s: %s", name,
			 error_class(&err), err.reason, err.message);
	cr_expect(clock_monotonic() - start < 2, "%s took %.3f s", name,
		  clock_monotonic() - start);
}

static void expect_file(const struct json_node *file)
{
	const char *needs = text(file, "needs");
	const char *want = strdup(text(file, "expect"));
	struct buf bytes = read_file(text(file, "file"));

	if (!strcmp(needs, "svg") || !strcmp(needs, "pdf"))
		want = "error:unsupported";
	if (!strcmp(want, "ok"))
		expect_picture(file, buf_slice(&bytes));
	else
		expect_refusal(file, buf_slice(&bytes), want);
	buf_release(&bytes);
}

Test(image, corpus, .init = setup, .timeout = 120)
{
	struct buf manifest = read_file("manifest.json");
	struct arena arena;
	struct err err = ERR_INIT;
	struct json_node *root, *file;
	int count = 0;

	arena_init(&arena, 16 << 20);
	root = json_parse(&arena, buf_slice(&manifest), 64, true, &err);
	cr_assert(root, "%s", err.message);
	for (file = json_get(root, "files")->child; file; file = file->next) {
		expect_file(file);
		count++;
	}
	cr_expect_geq(count, 40);
	arena_release(&arena);
	buf_release(&manifest);
}

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

Test(image, metadata, .init = setup)
{
	static const struct {
		const char *file, *mark;
		size_t len;
		unsigned keep;
	} cases[] = {{"p3.jpg", "ICC_PROFILE", 11, IMAGE_KEEP_ICC},
		     {"exif-6.jpg", "Exif\0\0", 6, IMAGE_KEEP_EXIF}};
	size_t i;

	for (i = 0; i < 2; i++) {
		struct image_variant variant = standard;
		struct made made;

		variant.format = IMAGE_JPEG;
		made = make_file(cases[i].file, &variant);
		cr_assert_eq(made.status, 0);
		cr_expect(!memmem(made.output.bytes.ptr, made.output.bytes.len,
				  cases[i].mark, cases[i].len),
			  "%s kept", cases[i].mark);
		buf_release(&made.output.bytes);
		variant.keep = cases[i].keep;
		made = make_file(cases[i].file, &variant);
		cr_assert_eq(made.status, 0);
		cr_expect(memmem(made.output.bytes.ptr, made.output.bytes.len,
				 cases[i].mark, cases[i].len),
			  "%s lost", cases[i].mark);
		cr_expect_eq(look(&made.output).orientation, 1);
		buf_release(&made.output.bytes);
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
