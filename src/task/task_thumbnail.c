/*
 * thumbnail: arguments in, the image library's work, a result out. Decodes
 * nothing itself and is not linked to any image library.
 */
#include "task/task_thumbnail.h"

#include <stdio.h>
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

#define SETTING(row, standard, high, text)                                     \
	{                                                                      \
		.name = (row), .type = ARG_INTEGER, .fallback = (standard),    \
		.min = 1, .max = (high), .help = (text)                        \
	}

static const struct task_arg settings[] = {
	SETTING("max_pixels", "50000000", 2e9,
		"pixels of a picture, over all frames that are decoded"),
	SETTING("max_edge", "65500", 1e7, "pixels of a picture's longer side"),
	SETTING("max_output_edge", "4096", 16383,
		"pixels of a thumbnail's longer side"),
	SETTING("max_frames", "100", 10000,
		"frames of an animation that is kept"),
	{.name = "loaders",
	 .type = ARG_CHOICES,
	 .fallback = "jpeg png webp gif tiff avif heic",
	 .choices = IMAGE_FORMAT_NAMES,
	 .help = "kinds of pictures that are read; svg and pdf have 1.2 s of "
		 "processor time"},
	{.type = ARG_END},
};

static int64_t setting(const struct task_settings *given, const char *name)
{
	return task_setting(given, &task_thumbnail, name)->integer;
}

static void read_limits(const struct task_settings *given,
			struct image_limits *limits)
{
	limits->max_pixels = setting(given, "max_pixels");
	limits->max_edge = setting(given, "max_edge");
	limits->max_output_edge = setting(given, "max_output_edge");
	limits->max_frames = setting(given, "max_frames");
	limits->loaders =
		(uint32_t)task_setting(given, &task_thumbnail, "loaders")->bits;
}

static int thumbnail_warm(const struct task_settings *given, struct err *err)
{
	const struct image_api *api = thumbnail_library();
	struct image_limits limits;

	/* Without the library tasks are answered `unsupported`. */
	if (!api)
		return 0;
	read_limits(given, &limits);
	return api->start(&limits, err);
}

/* --- Result ---------------------------------------------------------------- */

static void put_base64(struct buf *result, const char *key, struct slice bytes)
{
	json_put_key(result, key);
	buf_add_char(result, '"');
	base64_encode(result, bytes);
	buf_add_char(result, '"');
}

static void put_text(struct buf *result, const char *key, struct slice text)
{
	json_put_key(result, key);
	json_put_string(result, text);
}

static void put_int(struct buf *result, const char *key, int64_t value)
{
	json_put_key(result, key);
	json_put_int(result, value);
}

/* The members of one picture, into an object that is open. */
static void put_image(struct task_call *call, struct buf *result,
		      const struct thumbnail_size *size,
		      const struct image_output *output)
{
	struct task_output *target = task_output_find(call, size->name);

	put_text(result, "name", size->name);
	put_text(result, "format",
		 slice_text(image_format_name(output->format)));
	put_int(result, "width", output->width);
	put_int(result, "height", output->height);
	put_int(result, "bytes", (int64_t)output->bytes.len);
	if (target) {
		json_put_comma(result);
		task_output_put_target(result, target);
	} else {
		put_base64(result, "image_base64", buf_slice(&output->bytes));
	}
}

static void put_placeholders(struct buf *result, unsigned wanted,
			     const struct image_hints *hints)
{
	const unsigned char *color = hints->color;

	if (wanted & IMAGE_BLURHASH)
		put_text(result, "blurhash", slice_text(hints->blurhash));
	if (wanted & IMAGE_THUMBHASH)
		put_base64(result, "thumbhash",
			   slice_of(hints->thumbhash, hints->thumbhash_len));
	if (wanted & IMAGE_COLOR) {
		json_put_key(result, "color");
		buf_printf(result, "\"#%02x%02x%02x\"", color[0], color[1],
			   color[2]);
	}
}

static void put_source(struct buf *result, const struct image_info *info)
{
	json_put_key(result, "source");
	buf_add_char(result, '{');
	put_text(result, "format", slice_text(image_format_name(info->format)));
	put_int(result, "width", info->width);
	put_int(result, "height", info->height);
	put_int(result, "pages", info->pages);
	put_int(result, "orientation", info->orientation);
	buf_add_char(result, '}');
}

static unsigned wanted_placeholders(const struct thumbnail_wish *wish)
{
	unsigned wanted = 0;
	size_t i;

	for (i = 0; i < wish->count; i++)
		wanted |= wish->sizes[i].placeholders;
	return wanted;
}

static void put_result(struct task_call *call, struct buf *result,
		       const struct thumbnail_wish *wish,
		       const struct image_result *made)
{
	size_t i;

	json_put_key(result, "images");
	buf_add_char(result, '[');
	for (i = 0; i < wish->count; i++) {
		json_put_comma(result);
		buf_add_char(result, '{');
		put_image(call, result, &wish->sizes[i], &made->outputs[i]);
		buf_add_char(result, '}');
	}
	buf_add_char(result, ']');
	if (wish->count == 1)
		put_image(call, result, &wish->sizes[0], &made->outputs[0]);
	put_source(result, &made->info);
	put_placeholders(result, wanted_placeholders(wish), &made->hints);
}

/* Hands over the bytes of pictures that do not travel in the reply, after the
 * result has been written from them. */
static void move_outputs(struct task_call *call,
			 const struct thumbnail_wish *wish,
			 struct image_result *made)
{
	size_t i;

	for (i = 0; i < wish->count; i++) {
		struct task_output *target =
			task_output_find(call, wish->sizes[i].name);

		if (target) {
			buf_release(&target->bytes);
			target->bytes = made->outputs[i].bytes;
			target->used = true;
		} else {
			buf_release(&made->outputs[i].bytes);
		}
	}
}

static int make_images(struct task_call *call, struct buf *result,
		       const struct thumbnail_wish *wish, struct err *err)
{
	struct image_limits limits;
	struct image_source source = {.bytes = wish->image,
				      .limits = &limits,
				      .placeholders = wanted_placeholders(wish),
				      .max_output = result->max,
				      .give_up = call->give_up,
				      .give_up_arg = call->give_up_arg};
	struct image_variant *variants =
		arena_calloc(call->arena, wish->count, sizeof(*variants));
	struct image_result made = {
		.outputs = arena_calloc(call->arena, wish->count,
					sizeof(*made.outputs))};
	long index = -1;
	size_t i;

	if (!variants || !made.outputs)
		return err_limit(err, "memory", 0,
				 "the arguments take too much memory");
	read_limits(call->settings, &limits);
	for (i = 0; i < wish->count; i++)
		variants[i] = wish->sizes[i].variant;
	if (thumbnail_library()->make(&source, variants, wish->count, &made,
				      &index, err)) {
		/* The picture's own faults are all sizes'. */
		if (index >= 0 && !wish->single && !err->field[0])
			snprintf(err->field, sizeof(err->field),
				 "args.sizes[%ld]", index);
		return -1;
	}
	put_result(call, result, wish, &made);
	move_outputs(call, wish, &made);
	return 0;
}

static int thumbnail_run(struct task_call *call, struct buf *result,
			 struct err *err)
{
	struct thumbnail_wish wish;

	if (!thumbnail_library())
		return err_reason(err, ERR_UNSUPPORTED, "library",
				  "thumbnail: %s", thumbnail_library_fault());
	if (thumbnail_args_read(call, &wish, err))
		return -1;
	return make_images(call, result, &wish, err);
}

const struct task task_thumbnail = {
	.name = "thumbnail",
	.summary = "scales pictures down, several sizes from one decode",
	.class = TASK_CLASS_IMAGE,
	.args = thumbnail_args,
	.settings = settings,
	.run = thumbnail_run,
	.warm = thumbnail_warm,
	.unavailable = thumbnail_library_fault,
};
