/*
 * The arguments of thumbnail: one table for the call and one for an element of
 * `sizes`, which may say anything about its picture that the call can say
 * about all of them.
 */
#include "task/task_thumbnail.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/json.h"

#define EDGE_MAX 65500

#define ROW_NUMBER(row, low, high, text)                                       \
	{                                                                      \
		.name = (row), .type = ARG_INTEGER, .min = (low),              \
		.max = (high), .help = (text)                                  \
	}
#define ROW_SWITCH(row, text)                                                  \
	{                                                                      \
		.name = (row), .type = ARG_BOOL, .fallback = "false",          \
		.help = (text)                                                 \
	}

/* Rows that a call and an element of `sizes` share, in the order below. */
#define SHARED_ROWS                                                            \
	ROW_NUMBER("width", 1, EDGE_MAX, "pixels; width or height is needed"), \
		ROW_NUMBER("height", 1, EDGE_MAX, "pixels"),                   \
		{.name = "fit",                                                \
		 .type = ARG_CHOICE,                                           \
		 .fallback = "inside",                                         \
		 .choices = "inside cover contain fill outside",               \
		 .help = "how width and height are met"},                      \
		{.name = "position",                                           \
		 .type = ARG_JSON,                                             \
		 .help = "cover: centre, top, top-right, ..., attention, "     \
			 "entropy, or [x,y] from 0 to 1 (centre)"},            \
		ROW_SWITCH("enlarge", "may the picture grow?"),                \
		{.name = "format",                                             \
		 .type = ARG_CHOICE,                                           \
		 .fallback = "same",                                           \
		 .choices = "same jpeg png webp avif gif tiff",                \
		 .help = "same: as the source, or jpeg where that cannot be "  \
			 "written"},                                           \
		ROW_NUMBER("quality", 1, 100, "jpeg 80, webp 80, avif 50"),    \
		ROW_NUMBER("effort", 0, 9, "time spent on a smaller file"),    \
		ROW_SWITCH("lossless", "webp and avif"),                       \
		ROW_SWITCH("progressive", "jpeg and png"),                     \
		ROW_NUMBER("max_bytes", 1, 1 << 30,                            \
			   "lower the quality until the file is no larger"),   \
		{.name = "background",                                         \
		 .type = ARG_TEXT,                                             \
		 .fallback = "#ffffff",                                        \
		 .help = "#rrggbb or #rrggbbaa, for contain and for formats "  \
			 "without alpha"},                                     \
		{.name = "page",                                               \
		 .type = ARG_INTEGER,                                          \
		 .fallback = "0",                                              \
		 .max = 100000,                                                \
		 .help = "which page or frame, from 0 (HEIC: the primary "     \
			 "one)"},                                              \
		ROW_SWITCH("animated",                                         \
			   "keep all frames where the format can"),            \
		{.name = "keep",                                               \
		 .type = ARG_CHOICES,                                          \
		 .choices = "icc exif xmp",                                    \
		 .help = "metadata to keep"},                                  \
	{                                                                      \
		.name = "placeholder", .type = ARG_CHOICES,                    \
		.choices = "blurhash thumbhash color",                         \
		.help = "placeholders to add"                                  \
	}

enum shared_row {
	ROW_WIDTH,
	ROW_HEIGHT,
	ROW_FIT,
	ROW_POSITION,
	ROW_ENLARGE,
	ROW_FORMAT,
	ROW_QUALITY,
	ROW_EFFORT,
	ROW_LOSSLESS,
	ROW_PROGRESSIVE,
	ROW_MAX_BYTES,
	ROW_BACKGROUND,
	ROW_PAGE,
	ROW_ANIMATED,
	ROW_KEEP,
	ROW_PLACEHOLDER,
	ROW_FIRST_OWN
};

enum { ROW_IMAGE = ROW_FIRST_OWN, ROW_SIZES, CALL_ROWS };
enum { ROW_NAME = ROW_FIRST_OWN, SIZE_ROWS };

const struct task_arg thumbnail_args[] = {
	SHARED_ROWS,
	{.name = "image",
	 .type = ARG_BYTES,
	 .required = true,
	 .help = "the picture"},
	{.name = "sizes",
	 .type = ARG_JSON,
	 .help = "array of {\"name\", ...}: several pictures from one decode; "
		 "each takes what it does not say from the call"},
	{.type = ARG_END},
};

static const struct task_arg size_args[] = {
	SHARED_ROWS,
	{.name = "name",
	 .type = ARG_TEXT,
	 .required = true,
	 .help = "names it in the result and in outputs"},
	{.type = ARG_END},
};

/* --- Single values --------------------------------------------------------- */

static int bad_value(const char *path, const char *name, const char *rule,
		     struct err *err)
{
	char field[160];

	snprintf(field, sizeof(field), "%s.%s", path, name);
	return err_field(err, ERR_BAD_ARGS, field, "%s %s", field, rule);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int read_background(struct slice text, unsigned char out[4])
{
	size_t i;

	out[3] = 255;
	if ((text.len != 7 && text.len != 9) || text.ptr[0] != '#')
		return -1;
	for (i = 1; i < text.len; i += 2) {
		int high = hex_digit(text.ptr[i]);
		int low = hex_digit(text.ptr[i + 1]);

		if (high < 0 || low < 0)
			return -1;
		out[i / 2] = (unsigned char)(high * 16 + low);
	}
	return 0;
}

static int read_point(const struct json_node *array, double point[2])
{
	const struct json_node *item = array->child;
	int i;

	if (array->count != 2)
		return -1;
	for (i = 0; i < 2; i++, item = item->next) {
		if (item->type != JSON_NUMBER)
			return -1;
		point[i] = json_number_double(item->text);
		if (!(point[i] >= 0 && point[i] <= 1))
			return -1;
	}
	return 0;
}

/* "top-right", "right top" and "top_right" are one place: the words decide. */
static int read_place(struct slice text, struct image_variant *variant)
{
	static const struct {
		const char *word;
		double x, y; /* -1: says nothing of it */
	} words[] = {{"top", -1, 0},   {"bottom", -1, 1},  {"left", 0, -1},
		     {"right", 1, -1}, {"centre", -1, -1}, {"center", -1, -1}};
	double x = -1, y = -1;
	size_t at = 0, i, count = 0;

	while (at < text.len) {
		size_t end = at;
		struct slice word;

		while (end < text.len && !memchr(" -_", text.ptr[end], 3))
			end++;
		word = slice_of(text.ptr + at, end - at);
		for (i = 0; i < 6 && !slice_is(word, words[i].word); i++)
			;
		if (i == 6 || ++count > 2 || (words[i].x >= 0 && x >= 0) ||
		    (words[i].y >= 0 && y >= 0))
			return -1;
		x = words[i].x >= 0 ? words[i].x : x;
		y = words[i].y >= 0 ? words[i].y : y;
		at = end + 1;
	}
	variant->x = x < 0 ? 0.5 : x;
	variant->y = y < 0 ? 0.5 : y;
	return count ? 0 : -1;
}

static int read_position(const struct json_node *node,
			 struct image_variant *variant)
{
	double point[2];

	variant->gravity = IMAGE_POINT;
	if (node->type == JSON_ARRAY) {
		if (read_point(node, point))
			return -1;
		variant->x = point[0];
		variant->y = point[1];
		return 0;
	}
	if (node->type != JSON_STRING)
		return -1;
	if (slice_is(node->text, "attention"))
		variant->gravity = IMAGE_ATTENTION;
	else if (slice_is(node->text, "entropy"))
		variant->gravity = IMAGE_ENTROPY;
	else
		return read_place(node->text, variant);
	return 0;
}

static enum image_format choice_format(const struct task_value *value)
{
	static const enum image_format formats[] = {
		IMAGE_NONE, IMAGE_JPEG, IMAGE_PNG, IMAGE_WEBP,
		IMAGE_AVIF, IMAGE_GIF,	IMAGE_TIFF};

	return formats[value->integer];
}

/* --- Wishes ---------------------------------------------------------------- */

/* The rows that need no check of their own: what was given or, where `whole`,
 * the defaults too. */
static void take_plain(const struct task_value *values, bool whole,
		       struct thumbnail_size *size)
{
	struct image_variant *variant = &size->variant;

#define TAKE(row, target, value)                                               \
	do {                                                                   \
		if (whole || values[row].given)                                \
			(target) = (value);                                    \
	} while (0)
	TAKE(ROW_WIDTH, variant->width, values[ROW_WIDTH].integer);
	TAKE(ROW_HEIGHT, variant->height, values[ROW_HEIGHT].integer);
	TAKE(ROW_FIT, variant->fit, (enum image_fit)values[ROW_FIT].integer);
	TAKE(ROW_ENLARGE, variant->enlarge, values[ROW_ENLARGE].integer != 0);
	TAKE(ROW_FORMAT, variant->format, choice_format(&values[ROW_FORMAT]));
	TAKE(ROW_QUALITY, variant->quality, (int)values[ROW_QUALITY].integer);
	TAKE(ROW_EFFORT, variant->effort,
	     values[ROW_EFFORT].given ? (int)values[ROW_EFFORT].integer : -1);
	TAKE(ROW_LOSSLESS, variant->lossless,
	     values[ROW_LOSSLESS].integer != 0);
	TAKE(ROW_PROGRESSIVE, variant->progressive,
	     values[ROW_PROGRESSIVE].integer != 0);
	TAKE(ROW_MAX_BYTES, variant->max_bytes, values[ROW_MAX_BYTES].integer);
	TAKE(ROW_PAGE, variant->page, values[ROW_PAGE].integer);
	TAKE(ROW_ANIMATED, variant->animated,
	     values[ROW_ANIMATED].integer != 0);
	TAKE(ROW_KEEP, variant->keep, (unsigned)values[ROW_KEEP].bits);
	TAKE(ROW_PLACEHOLDER, size->placeholders,
	     (unsigned)values[ROW_PLACEHOLDER].bits);
#undef TAKE
}

static int read_variant(const struct task_value *values, const char *path,
			bool whole, struct thumbnail_size *size,
			struct err *err)
{
	struct image_variant *variant = &size->variant;

	take_plain(values, whole, size);
	if (whole) {
		variant->gravity = IMAGE_POINT;
		variant->x = variant->y = 0.5;
	}
	if (values[ROW_POSITION].given &&
	    read_position(values[ROW_POSITION].node, variant))
		return bad_value(path, "position",
				 "is none of centre, top, top-right, right, "
				 "bottom-right, bottom, bottom-left, left, "
				 "top-left, attention, entropy, nor [x,y] with "
				 "numbers from 0 to 1",
				 err);
	if ((whole || values[ROW_BACKGROUND].given) &&
	    read_background(values[ROW_BACKGROUND].text, variant->background))
		return bad_value(path, "background",
				 "is not #rrggbb or #rrggbbaa", err);
	if (variant->animated && variant->page)
		return bad_value(path, "page",
				 "and animated cannot both be given", err);
	return 0;
}

static int check_size(const struct thumbnail_size *size, const char *path,
		      struct err *err)
{
	if (size->variant.width || size->variant.height)
		return 0;
	return bad_value(path, "width", "or height is needed", err);
}

static bool name_taken(const struct thumbnail_wish *wish, struct slice name)
{
	size_t i;

	for (i = 0; i < wish->count; i++) {
		if (slice_equal(wish->sizes[i].name, name))
			return true;
	}
	return false;
}

static int read_size(struct task_call *call, const struct json_node *node,
		     const struct thumbnail_size *defaults,
		     struct thumbnail_wish *wish, struct err *err)
{
	struct thumbnail_size *size = &wish->sizes[wish->count];
	struct task_value values[SIZE_ROWS];
	char path[48];

	snprintf(path, sizeof(path), "args.sizes[%zu]", wish->count);
	if (node->type != JSON_OBJECT)
		return err_field(err, ERR_BAD_ARGS, path, "%s is not an object",
				 path);
	if (task_args_read_node(size_args, call->arena, node, path, values,
				err))
		return -1;
	*size = *defaults;
	size->name = values[ROW_NAME].text;
	/* An edge that the size gives replaces both of the call. */
	if (values[ROW_WIDTH].given || values[ROW_HEIGHT].given)
		size->variant.width = size->variant.height = 0;
	if (!size->name.len)
		return bad_value(path, "name", "is empty", err);
	if (name_taken(wish, size->name))
		return bad_value(path, "name", "is taken by an earlier size",
				 err);
	if (read_variant(values, path, false, size, err) ||
	    check_size(size, path, err))
		return -1;
	wish->count++;
	return 0;
}

static int read_sizes(struct task_call *call, const struct json_node *array,
		      const struct thumbnail_size *defaults,
		      struct thumbnail_wish *wish, struct err *err)
{
	const struct json_node *node;

	if (array->type != JSON_ARRAY || array->count == 0)
		return err_field(err, ERR_BAD_ARGS, "args.sizes",
				 "args.sizes is not an array of at least one "
				 "object");
	if (array->count > THUMBNAIL_SIZES_MAX)
		return err_field(err, ERR_BAD_ARGS, "args.sizes",
				 "args.sizes has %" PRIu32
				 " elements; at most %d are allowed",
				 array->count, THUMBNAIL_SIZES_MAX);
	for (node = array->child; node; node = node->next) {
		if (read_size(call, node, defaults, wish, err))
			return -1;
	}
	return 0;
}

int thumbnail_args_read(struct task_call *call, struct thumbnail_wish *wish,
			struct err *err)
{
	struct task_value values[CALL_ROWS];
	struct thumbnail_size defaults = {.name = SLICE("image")};

	*wish = (struct thumbnail_wish){0};
	if (task_args_read(thumbnail_args, call, values, err) ||
	    read_variant(values, "args", true, &defaults, err))
		return -1;
	wish->image = values[ROW_IMAGE].text;
	wish->sizes = arena_calloc(call->arena, THUMBNAIL_SIZES_MAX,
				   sizeof(*wish->sizes));
	if (!wish->sizes)
		return err_limit(err, "memory", 0,
				 "the arguments take too much memory");
	if (values[ROW_SIZES].given)
		return read_sizes(call, values[ROW_SIZES].node, &defaults, wish,
				  err);
	if (check_size(&defaults, "args", err))
		return -1;
	wish->single = true;
	wish->sizes[wish->count++] = defaults;
	return 0;
}
