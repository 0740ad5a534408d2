/*
 * The picture library against the corpus: sizes, colours by quadrant,
 * orientation, classes of error, and that nothing takes long.
 */
#include "image_library.h"

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
	char *name = strdup(text(file, "file"));
	const struct json_node *size = json_get(file, "thumb_256_inside");
	struct image_variant cover = standard;
	struct image_output output;
	struct image_result result;
	struct err err;

	cr_assert_eq(make(bytes, &standard, &output, &result, &err), 0,
		     "%s: %s", name, err.message);
	cr_expect_eq((double)output.width,
		     json_number_double(size->child->text), "%s: width %d",
		     name, (int)output.width);
	cr_expect_eq((double)output.height,
		     json_number_double(size->child->next->text),
		     "%s: height %d", name, (int)output.height);
	cr_expect_eq((double)result.info.width, number(file, "width"), "%s",
		     name);
	cr_expect_eq((double)result.info.height, number(file, "height"), "%s",
		     name);
	cr_expect_str_eq(image_format_name(result.info.format),
			 text(file, "format"));
	/* HEIC and AVIF come turned from their library. */
	cr_expect_eq(result.info.orientation, number(file, "orientation"),
		     "%s: orientation %d", name, result.info.orientation);
	expect_quadrants(name, buf_slice(&output.bytes),
			 json_get(file, "quadrants"),
			 number(file, "tolerance"));
	buf_release(&output.bytes);
	if (!json_get(file, "cover_64_centre")) {
		free(name);
		return;
	}
	cover.width = cover.height = 64;
	cover.fit = IMAGE_COVER;
	cr_assert_eq(make(bytes, &cover, &output, &result, &err), 0, "%s: %s",
		     name, err.message);
	expect_quadrants(name, buf_slice(&output.bytes),
			 json_get(file, "cover_64_centre"),
			 number(file, "tolerance"));
	buf_release(&output.bytes);
	free(name);
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
	char *name = strdup(text(file, "file"));
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
	free(name);
}

static void expect_file(const char *folder, const struct json_node *file)
{
	char path[200];
	const char *needs = text(file, "needs");
	char *expect = strdup(text(file, "expect"));
	const char *want = expect;
	struct buf bytes;

	snprintf(path, sizeof(path), "%s%s", folder, text(file, "file"));
	bytes = read_file(path);
	if (!strcmp(needs, "svg") || !strcmp(needs, "pdf"))
		want = "error:unsupported";
	if (!strcmp(want, "ok"))
		expect_picture(file, buf_slice(&bytes));
	else
		expect_refusal(file, buf_slice(&bytes), want);
	buf_release(&bytes);
	free(expect);
}

static void expect_folder(const char *folder, int least)
{
	char path[200];
	struct buf manifest;
	struct arena arena;
	struct err err = ERR_INIT;
	struct json_node *root, *file;
	int count = 0;

	snprintf(path, sizeof(path), "%smanifest.json", folder);
	manifest = read_file(path);
	arena_init(&arena, 16 << 20);
	root = json_parse(&arena, buf_slice(&manifest), 64, true, &err);
	cr_assert(root, "%s", err.message);
	for (file = json_get(root, "files")->child; file; file = file->next) {
		expect_file(folder, file);
		count++;
	}
	cr_expect_geq(count, least);
	arena_release(&arena);
	buf_release(&manifest);
}

Test(image, corpus, .init = setup, .timeout = 120)
{
	expect_folder("", 40);
}

Test(image, more_pictures, .init = setup, .timeout = 120)
{
	expect_folder("../thumbnail-more/", 30);
}
