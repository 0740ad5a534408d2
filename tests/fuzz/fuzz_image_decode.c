/*
 * Whole decodes: any bytes as a picture, made into thumbnails of formats and
 * fits that the last four bytes choose. The outcome is either pictures that
 * are what they are said to be, or an error that says why; and libvips holds
 * nothing afterwards. Decoders are the system's, without instrumentation: what
 * guides the search is cherry's own part of the way.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

#include "image/image.h"
#include "image/magic.h"

#ifdef HAVE_VIPS
#include <vips/vips.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
const char *__asan_default_options(void);
const char *__lsan_default_suppressions(void);

extern const struct image_api image_api;

/* Small, so that a round takes milliseconds. Loaders of all kinds that are
 * read by default. */
static const struct image_limits limits = {
	.max_pixels = 400000,
	.max_edge = 20000,
	.max_output_edge = 256,
	.max_frames = 12,
	.loaders = 0x7f,
};

/* As in the sandbox, where memory is short: what cannot be had is no crash. */
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1:max_allocation_size_mb=400";
}

/* What libraries keep for the life of a process, and what decoders leave of a
 * damaged picture (dav1d behind libheif, 80 bytes): executors are exchanged. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libglib\nleak:libgobject\nleak:libheif\nleak:libdav1d\n"
	       "leak:libde265\nleak:libaom\nleak:libtiff\n";
}

static void must(int truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err err = ERR_INIT;

	(void)argc;
	(void)argv;
	must(image_api.version == IMAGE_API_VERSION);
	must(image_api.start(&limits, &err) == 0);
	return 0;
}

/* AVIF out takes a hundred times what the others do, so it is left to tests. */
static struct image_variant choose(uint32_t bits)
{
	static const enum image_format formats[] = {
		IMAGE_NONE, IMAGE_JPEG, IMAGE_PNG, IMAGE_WEBP,
		IMAGE_GIF,  IMAGE_TIFF, IMAGE_PNG, IMAGE_JPEG};
	struct image_variant variant = {
		.width = 1 + (bits & 63),
		.height = bits & 64 ? 0 : 1 + (bits >> 7 & 63),
		.fit = (enum image_fit)((bits >> 13 & 7) % 5),
		.gravity = (enum image_gravity)((bits >> 16 & 3) % 3),
		.x = (double)(bits >> 18 & 3) / 3,
		.y = (double)(bits >> 20 & 3) / 3,
		.enlarge = bits >> 22 & 1,
		.format = formats[bits >> 23 & 7],
		.effort = 0,
		.progressive = bits >> 26 & 1,
		.animated = bits >> 27 & 1,
		.background = {10, 20, 30, bits >> 28 & 1 ? 255 : 128},
		.keep = bits >> 29 & 1 ? 7 : 0,
	};

	if (!variant.animated)
		variant.page = bits >> 30;
	return variant;
}

static void check_output(const struct image_variant *variant,
			 const struct image_output *output)
{
	struct magic_header header;
	struct err err = ERR_INIT;

	must(output->bytes.len > 0);
	must(output->width >= 1 && output->width <= limits.max_output_edge);
	must(output->height >= 1 && output->height <= limits.max_output_edge);
	if (variant->fit == IMAGE_CONTAIN && variant->height)
		must(output->width == variant->width &&
		     output->height == variant->height);
	must(variant->format == IMAGE_NONE ||
	     output->format == variant->format);
	must(magic_read(buf_slice(&output->bytes), &header, &err) == 0);
	must(header.format == output->format);
	/* Sizes that the look at the first bytes does not find are 0. */
	must(!header.width || header.width == output->width);
	must(!header.height || header.height == output->height);
}

static void check_error(const struct err *err, size_t count, long index)
{
	must(err->code == ERR_BAD_INPUT || err->code == ERR_UNSUPPORTED ||
	     err->code == ERR_LIMIT);
	must(err->message[0] && (err->reason[0] || err->limit[0]));
	must(index >= -1 && index < (long)count);
}

/* Threads of libvips let go of their buffers a little later. */
static void check_nothing_left(void)
{
	int tries;

	for (tries = 0; tries < 2000 &&
			(vips_tracked_get_allocs() || vips_tracked_get_files());
	     tries++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	must(!vips_tracked_get_mem() && !vips_tracked_get_allocs() &&
	     !vips_tracked_get_files());
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct image_variant variants[2];
	struct image_output outputs[2];
	struct image_result result = {.outputs = outputs};
	struct image_source source = {.limits = &limits, .max_output = 4 << 20};
	struct err err = ERR_INIT;
	uint8_t *copy = malloc(len ? len : 1);
	uint32_t bits = 0;
	size_t count, i;
	long index;

	if (!copy)
		return 0;
	memcpy(copy, bytes, len);
	if (len >= 4)
		memcpy(&bits, bytes + len - 4, 4);
	count = 1 + (bits >> 31);
	variants[0] = choose(bits);
	variants[1] = choose(bits * 2654435761u);
	source.bytes = slice_of(copy, len);
	source.placeholders = bits >> 12 & 7;
	if (image_api.make(&source, variants, count, &result, &index, &err)) {
		check_error(&err, count, index);
	} else {
		for (i = 0; i < count; i++) {
			check_output(&variants[i], &outputs[i]);
			buf_release(&outputs[i].bytes);
		}
	}
	free(copy);
	check_nothing_left();
	return 0;
}
#else
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	(void)bytes;
	(void)len;
	return 0;
}
#endif
