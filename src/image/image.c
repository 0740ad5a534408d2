/*
 * The one symbol of cherry-image.so: starts libvips with the settings that a
 * sandboxed executor needs, and takes one picture through load, render, save.
 */
#include "image/vips_adapter.h"
#include "image/watch.h"
#include "image/hints.h"
#include "image/png_text.h"
#include "image/vector.h"
#include <vips/vector.h>

#include <ctype.h>
#include <malloc.h>
#include <stdlib.h>
#include <time.h>

/* Do libvips or its decoders say that memory ran out? */
static bool tells_memory(const char *text)
{
	return strcasestr(text, "out of memory") ||
	       strcasestr(text, "insufficient memory") ||
	       strcasestr(text, "memory allocation error");
}

/* The first line says what went wrong and the rest what followed, but for
 * those of libheif looking for more boxes behind the last. */
static const char *first_fault(const char *text)
{
	static const char seek[] = "source: bad seek";
	const char *line = text, *end;

	while (!strncmp(line, seek, sizeof(seek) - 1)) {
		end = strchr(line, '\n');
		if (!end || !end[1])
			return text;
		line = end + 1;
	}
	return line;
}

int image_error(const char *what, struct err *err)
{
	const char *text = first_fault(vips_error_buffer());
	bool memory = tells_memory(text);
	bool cut = strcasestr(text, "premature end") ||
		   strcasestr(text, "truncated") ||
		   strcasestr(text, "end of file") ||
		   strcasestr(text, "read past end");
	char line[200];
	size_t len = 0;

	while (text[len] && text[len] != '\n' && len < sizeof(line) - 1)
		len++;
	err_quote(line, sizeof(line) - 8, slice_of(text, len));
	vips_error_clear();
	if (memory)
		return err_limit(err, "memory", 0,
				 "%s: it takes more memory than there is",
				 what);
	return err_reason(err, ERR_BAD_INPUT, cut ? "truncated" : "corrupt",
			  "%s: %s", what, *line ? line : "it is damaged");
}

/* --- One picture ----------------------------------------------------------- */

struct making {
	const struct image_source *source;
	const struct image_variant *variants;
	size_t count;
	struct image_result *result;
	bool *done;
	bool hinted;
	long index;
};

static enum image_format output_format(const struct image_variant *variant,
				       enum image_format source)
{
	if (variant->format != IMAGE_NONE)
		return variant->format;
	return save_formats() >> source & 1 ? source : IMAGE_JPEG;
}

/* Are all frames wanted, and are there any? The pages of other formats are no
 * frames: each has a size of its own. */
static bool wants_frames(const struct making *making, size_t i)
{
	const struct image_variant *variant = &making->variants[i];
	const struct image_info *info = &making->result->info;

	return variant->animated && info->pages > 1 &&
	       save_animates(info->format) &&
	       save_animates(output_format(variant, info->format));
}

/* Does the variant come from the same decode as the one at `first`? */
static bool same_decode(const struct making *making, size_t first, size_t i)
{
	return !making->done[i] &&
	       making->variants[first].page == making->variants[i].page &&
	       wants_frames(making, first) == wants_frames(making, i);
}

/* The scale that the largest variant of a decode needs; 1 at most for what
 * cannot grow by itself, as drawings can. */
static double largest_scale(const struct making *making,
			    const struct load *load, size_t first)
{
	bool turned = load->orientation >= 5 && load->orientation <= 8;
	double width = (double)load->header.width;
	double height = (double)load->header.height, largest = 0;
	size_t i;

	for (i = first; i < making->count; i++) {
		struct geometry plan;
		double across, down;

		if (!same_decode(making, first, i) ||
		    geometry_plan(
			    &making->variants[i],
			    turned ? load->header.height : load->header.width,
			    turned ? load->header.width : load->header.height,
			    load->source->limits, &plan, NULL))
			continue;
		across = (double)(turned ? plan.resize_height
					 : plan.resize_width) /
			 width;
		down = (double)(turned ? plan.resize_width
				       : plan.resize_height) /
		       height;
		largest = MAX(largest, MAX(across, down));
	}
	if (making->source->placeholders && !making->hinted)
		largest = MAX(largest, MIN(1, 100 / MAX(width, height)));
	if (vector_is(load->header.format) && largest > 0)
		return largest;
	return largest > 0 ? MIN(largest, 1) : 1;
}

static int make_hints(struct making *making, struct load *load, struct err *err)
{
	struct image_hints *hints = &making->result->hints;
	struct hint_pixels pixels;
	VipsImage *small = NULL;
	void *memory;
	size_t size;

	if (load_rewind(load, err) || render_small(load, &small, err))
		return -1;
	memory = vips_image_write_to_memory(small, &size);
	pixels = (struct hint_pixels){memory, vips_image_get_width(small),
				      vips_image_get_height(small)};
	g_object_unref(small);
	if (!memory)
		return image_error("no placeholder can be made", err);
	hints_blurhash(&pixels, hints->blurhash);
	hints->thumbhash_len = hints_thumbhash(&pixels, hints->thumbhash);
	hints_color(&pixels, hints->color);
	g_free(memory);
	making->hinted = true;
	return 0;
}

static int make_one(struct making *making, struct load *load, size_t i,
		    struct err *err)
{
	const struct image_variant *variant = &making->variants[i];
	enum image_format format = output_format(variant, load->header.format);
	VipsImage *image = NULL;
	int status;

	making->index = (long)i;
	if (!(save_formats() >> format & 1))
		return err_reason(err, ERR_UNSUPPORTED, "saver",
				  "this build writes no %s",
				  image_format_name(format));
	if (load_rewind(load, err) ||
	    render_variant(load, variant, &image, err))
		return -1;
	status =
		save_variant(image, variant, format, making->source->max_output,
			     &making->result->outputs[i], err);
	g_object_unref(image);
	making->done[i] = true;
	return status;
}

/* All variants that come from the decode of the one at `first`. */
static int make_group(struct making *making, size_t first, struct err *err)
{
	struct load load;
	size_t i, wanted = 0;
	int status;

	making->index = -1;
	status = load_open(&load, making->source, making->variants[first].page,
			   false, err);
	if (status)
		goto out;
	making->result->info = (struct image_info){
		load.header.format, load.header.width, load.header.height,
		load.pages, load.orientation};
	if (wants_frames(making, first)) {
		load_close(&load);
		status = load_open(&load, making->source, 0, true, err);
		if (status)
			goto out;
	}
	for (i = first; i < making->count; i++)
		wanted += same_decode(making, first, i);
	wanted += making->source->placeholders && !making->hinted;
	status = load_decode(&load, largest_scale(making, &load, first),
			     wanted > 1, err);
	if (!status && making->source->placeholders && !making->hinted)
		status = make_hints(making, &load, err);
	for (i = first; i < making->count && !status; i++) {
		if (same_decode(making, first, i))
			status = make_one(making, &load, i, err);
	}
out:
	load_close(&load);
	return status;
}

static bool keeps_xmp(const struct making *making)
{
	size_t i;

	for (i = 0; i < making->count; i++) {
		if (making->variants[i].keep & IMAGE_KEEP_XMP)
			return true;
	}
	return false;
}

/* A PNG is read without its deflated texts. *copy is the caller's to g_free. */
static int drop_texts(const struct making *making, struct image_source *source,
		      char **copy, struct err *err)
{
	static const char magic[] = "\x89PNG\r\n\x1a\n";
	bool keep_xmp = keeps_xmp(making);
	size_t len;

	if (source->bytes.len < sizeof(magic) ||
	    memcmp(source->bytes.ptr, magic, sizeof(magic) - 1) != 0)
		return 0;
	len = png_text_drop(source->bytes, keep_xmp, NULL);
	if (len == source->bytes.len)
		return 0;
	*copy = g_try_malloc(len);
	if (!*copy)
		return err_limit(err, "memory", (int64_t)len,
				 "the picture takes more memory than there is");
	png_text_drop(source->bytes, keep_xmp, *copy);
	source->bytes = slice_of(*copy, len);
	return 0;
}

static int image_make(const struct image_source *source,
		      const struct image_variant *variants, size_t count,
		      struct image_result *result, long *index, struct err *err)
{
	struct image_source plain = *source;
	struct making making = {.source = &plain,
				.variants = variants,
				.count = count,
				.result = result,
				.index = -1};
	struct watch *watch = watch_begin(source);
	char *copy = NULL;
	size_t i;
	int status;

	making.done = g_new0(bool, count);
	result->hints = (struct image_hints){0};
	for (i = 0; i < count; i++)
		result->outputs[i] = (struct image_output){0};
	status = drop_texts(&making, &plain, &copy, err);
	for (i = 0; i < count && !status; i++) {
		if (!making.done[i])
			status = make_group(&making, i, err);
	}
	for (i = 0; i < count && status; i++)
		buf_release(&result->outputs[i].bytes);
	watch_end(watch);
	*index = making.index;
	g_free(making.done);
	g_free(copy);
	vips_error_clear();
	/* Workers that glib keeps around hold buffers of the last picture. */
	vips_thread_shutdown();
	return status;
}

/* --- Start ----------------------------------------------------------------- */

/* Runs a codec once, so that what it opens at its first use is open. */
static void warm_format(VipsImage *image, enum image_format format,
			const struct image_limits *limits)
{
	struct image_variant variant = {
		.width = 16, .height = 16, .format = IMAGE_PNG, .effort = -1};
	struct image_output output = {0}, again = {0};
	struct image_result result = {.outputs = &again};
	struct err err;
	long index;

	if (save_variant(image, &variant, format, 1 << 20, &output, &err) ==
	    0) {
		struct image_source source = {.bytes = buf_slice(&output.bytes),
					      .limits = limits,
					      .placeholders = IMAGE_BLURHASH,
					      .max_output = 1 << 20};

		variant.gravity = IMAGE_ATTENTION;
		variant.fit = IMAGE_COVER;
		(void)image_make(&source, &variant, 1, &result, &index, &err);
		buf_release(&again.bytes);
	}
	buf_release(&output.bytes);
	vips_error_clear();
}

static void warm_up(const struct image_limits *limits)
{
	VipsImage *black = NULL, *image = NULL;
	uint32_t formats = save_formats();
	int i;

	if (!vips_black(&black, 64, 48, "bands", 3, NULL) &&
	    !vips_copy(black, &image, "interpretation",
		       VIPS_INTERPRETATION_sRGB, NULL)) {
		for (i = 0; i < IMAGE_FORMAT_COUNT; i++) {
			if (formats >> i & 1)
				warm_format(image, (enum image_format)i,
					    limits);
		}
	}
	g_clear_object(&black);
	g_clear_object(&image);
}

static void drop_message(const char *domain, GLogLevelFlags level,
			 const char *message, void *data)
{
	(void)domain;
	(void)level;
	(void)message;
	(void)data;
}

static int image_start(const struct image_limits *limits, struct err *err)
{
	static bool started;
	struct image_limits all = *limits;

	if (started)
		return 0;
	/* glibc would raise the threshold with each big free, and progressive
	 * pictures would then be carved from a heap that never shrinks. */
	mallopt(M_MMAP_THRESHOLD, 131072);
	mallopt(M_ARENA_MAX, 2);
	setenv("VIPS_CONCURRENCY", "1", 1);
	tzset();
	/* Decoders warn on standard error, which is for crashes. */
	g_log_set_handler("VIPS", (GLogLevelFlags)~0u, drop_message, NULL);
	vector_start();
	if (VIPS_INIT("cherry"))
		return err_set(err, ERR_INTERNAL, "libvips does not start: %s",
			       vips_error_buffer());
	started = true;
	vips_cache_set_max(0);
	vips_cache_set_max_mem(0);
	vips_cache_set_max_files(0);
	vips_concurrency_set(1);
	vips_block_untrusted_set(
		!(limits->loaders & (1u << IMAGE_SVG | 1u << IMAGE_PDF |
				     1u << IMAGE_JXL | 1u << IMAGE_JP2)));
	vips_vector_set_enabled(FALSE);
	all.loaders = ~0u;
	warm_up(&all);
	return 0;
}

static uint32_t image_readable(void)
{
	return load_formats();
}

static uint32_t image_writable(void)
{
	return save_formats();
}

__attribute__((visibility("default"))) extern const struct image_api image_api;
const struct image_api image_api = {
	.version = IMAGE_API_VERSION,
	.start = image_start,
	.make = image_make,
	.readable = image_readable,
	.writable = image_writable,
};
