/*
 * The parts of the picture library that need no library: magic bytes and
 * limits, sizes, placeholders. They are compiled in here, as cherry-image.so
 * shows nothing of them.
 */
#include <criterion/criterion.h>
#include <math.h>
#include "image/geometry.c"
#include "image/hints.c"
#include "image/magic.c"
#include "image/magic_tiff.c"
#include "image/png_text.c"
#include "image/strip.c"

static const struct image_limits limits = {
	.max_pixels = 50000000,
	.max_edge = 65500,
	.max_output_edge = 4096,
	.max_frames = 100,
	.loaders = 0x7f,
};

/* --- Geometry -------------------------------------------------------------- */

Test(geometry, table)
{
	static const struct {
		enum image_fit fit;
		int width, height;
		bool enlarge;
		int source[2], resize[2], out[2];
	} cases[] = {
		{IMAGE_INSIDE, 256, 256, 0, {480, 320}, {256, 171}, {256, 171}},
		{IMAGE_INSIDE, 256, 256, 0, {100, 50}, {100, 50}, {100, 50}},
		{IMAGE_INSIDE, 200, 200, 1, {100, 50}, {200, 100}, {200, 100}},
		{IMAGE_INSIDE, 256, 256, 0, {20000, 1}, {256, 1}, {256, 1}},
		{IMAGE_INSIDE, 100, 0, 0, {300, 200}, {100, 67}, {100, 67}},
		{IMAGE_INSIDE, 0, 100, 0, {300, 200}, {150, 100}, {150, 100}},
		{IMAGE_OUTSIDE,
		 100,
		 100,
		 0,
		 {300, 200},
		 {150, 100},
		 {150, 100}},
		{IMAGE_OUTSIDE,
		 400,
		 400,
		 0,
		 {300, 200},
		 {300, 200},
		 {300, 200}},
		{IMAGE_COVER, 64, 64, 0, {480, 320}, {96, 64}, {64, 64}},
		{IMAGE_COVER, 64, 64, 0, {240, 40}, {240, 40}, {64, 40}},
		{IMAGE_COVER, 64, 64, 1, {240, 40}, {384, 64}, {64, 64}},
		{IMAGE_COVER, 64, 0, 0, {480, 320}, {64, 43}, {64, 43}},
		{IMAGE_CONTAIN, 64, 64, 0, {480, 320}, {64, 43}, {64, 64}},
		{IMAGE_CONTAIN, 64, 64, 0, {10, 10}, {10, 10}, {64, 64}},
		{IMAGE_FILL, 64, 64, 0, {480, 320}, {64, 64}, {64, 64}},
		{IMAGE_FILL, 64, 64, 0, {480, 32}, {64, 32}, {64, 32}},
		{IMAGE_FILL, 64, 64, 1, {480, 32}, {64, 64}, {64, 64}},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image_variant variant = {.fit = cases[i].fit,
						.width = cases[i].width,
						.height = cases[i].height,
						.enlarge = cases[i].enlarge};
		struct geometry plan;
		struct err err = ERR_INIT;

		cr_assert_eq(geometry_plan(&variant, cases[i].source[0],
					   cases[i].source[1], &limits, &plan,
					   &err),
			     0, "case %zu: %s", i, err.message);
		cr_expect(plan.resize_width == cases[i].resize[0] &&
				  plan.resize_height == cases[i].resize[1] &&
				  plan.width == cases[i].out[0] &&
				  plan.height == cases[i].out[1],
			  "case %zu: %dx%d, %dx%d", i, (int)plan.resize_width,
			  (int)plan.resize_height, (int)plan.width,
			  (int)plan.height);
	}
}

Test(geometry, limits)
{
	struct image_variant variant = {
		.fit = IMAGE_COVER, .width = 64, .height = 64, .enlarge = true};
	struct geometry plan;
	struct err err = ERR_INIT;

	cr_assert_eq(geometry_plan(&variant, 65000, 1, &limits, &plan, &err),
		     -1);
	cr_expect_str_eq(err.limit, "max_pixels");
	variant.fit = IMAGE_CONTAIN;
	variant.width = 5000;
	cr_assert_eq(geometry_plan(&variant, 10, 10, &limits, &plan, &err), -1);
	cr_expect_str_eq(err.limit, "max_output_edge");
	cr_expect_eq(err.value, 5000);
}

Test(geometry, offset)
{
	cr_expect_eq(geometry_offset(100, 50, 0.5), 25);
	cr_expect_eq(geometry_offset(100, 50, 0), 0);
	cr_expect_eq(geometry_offset(100, 50, 1), 50);
	cr_expect_eq(geometry_offset(100, 100, 0.3), 0);
	cr_expect_eq(geometry_offset(101, 64, 0.5), 19);
}

/* --- Magic bytes ----------------------------------------------------------- */

#define PNG(w, h, interlace)                                                   \
	"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" w h "\x08\x02\0\0" interlace         \
	"\0\0\0\0"

Test(magic, table)
{
	static const struct {
		struct slice bytes;
		enum image_format format;
		int width, height;
		const char
			*reason; /* of magic_read or magic_check, "" if fine */
	} cases[] = {
		{SLICE(""), IMAGE_NONE, 0, 0, "empty"},
		{SLICE("<html>"), IMAGE_NONE, 0, 0, "format"},
		{SLICE("\x89PNG\r\n\x1a\n"), IMAGE_PNG, 0, 0, "truncated"},
		{SLICE(PNG("\0\0\1\0", "\0\0\0\x10", "\0")), IMAGE_PNG, 256, 16,
		 ""},
		{SLICE(PNG("\0\0\xea\x60", "\0\0\xea\x60", "\0")), IMAGE_PNG,
		 60000, 60000, "max_pixels"},
		{SLICE(PNG("\xff\xff\xff\xff", "\0\0\0\1", "\0")), IMAGE_PNG,
		 -1, 1, "max_edge"},
		{SLICE(PNG("\0\0\x1f\x40", "\0\0\x18\x6a", "\1")), IMAGE_PNG,
		 8000, 6250, ""},
		{SLICE(PNG("\0\0\x1f\x40", "\0\0\x18\x6b", "\1")), IMAGE_PNG,
		 8000, 6251, "max_pixels"},
		{SLICE(PNG("\0\0\x1b\x58", "\0\0\x13\x88", "\0")), IMAGE_PNG,
		 7000, 5000, ""},
		{SLICE(PNG("\0\0\0\0", "\0\0\0\1", "\0")), IMAGE_PNG, 0, 1,
		 "corrupt"},
		{SLICE("GIF89a\x0a\0\x14\0\0\0\0"), IMAGE_GIF, 10, 20, ""},
		{SLICE("GIF89a\x0a"), IMAGE_GIF, 0, 0, "truncated"},
		{SLICE("\xff\xd8\xff\xc0\0\x11\x08\0\x10\0\x20\3"), IMAGE_JPEG,
		 32, 16, ""},
		{SLICE("\xff\xd8\xff\xe0\xff\xff"), IMAGE_JPEG, 0, 0,
		 "truncated"},
		{SLICE("\xff\xd8\xff\xe0\0\0"), IMAGE_JPEG, 0, 0, "truncated"},
		{SLICE("RIFF\x16\0\0\0WEBPVP8X........\x0f\0\0\x1f\0\0"),
		 IMAGE_WEBP, 16, 32, ""},
		{SLICE("RIFF\x17\0\0\0WEBPVP8X........\x0f\0\0\x1f\0\0"),
		 IMAGE_WEBP, 16, 32, "truncated"},
		{SLICE("RIFF\x16\0\0\0WEBPJUNK........\x0f\0\0\x1f\0\0"),
		 IMAGE_WEBP, 0, 0, "corrupt"},
		{SLICE("RIFF\x16\0\0\0WEBPVP8 ........\x0f\0\0\x1f\0\0"),
		 IMAGE_WEBP, 0, 0, "corrupt"},
		{SLICE("II*\0\0\0\0\0"), IMAGE_TIFF, 0, 0, ""},
		{SLICE("II*\0"), IMAGE_TIFF, 0, 0, "truncated"},
		{SLICE("MM\0*\0\0\0\x09"), IMAGE_TIFF, 0, 0, "truncated"},
		{SLICE("\0\0\0\x18"
		       "ftypavif\0\0\0\0avifmif1"),
		 IMAGE_AVIF, 0, 0, ""},
		{SLICE("\0\0\0\x18"
		       "ftypmif1\0\0\0\0mif1heic"),
		 IMAGE_HEIC, 0, 0, ""},
		{SLICE("\0\0\0\x18"
		       "ftypisom\0\0\0\0isomiso2"),
		 IMAGE_NONE, 0, 0, "format"},
		{SLICE("%PDF-1.4"), IMAGE_PDF, 0, 0, "loader"},
		{SLICE(" <?xml version='1.0'?><svg/>"), IMAGE_SVG, 0, 0,
		 "loader"},
		{SLICE("\xff\x0a.."), IMAGE_JXL, 0, 0, "loader"},
		{SLICE("PK\3\4"), IMAGE_NONE, 0, 0, "format"},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct magic_header header;
		struct err err = ERR_INIT;
		int status = magic_read(cases[i].bytes, &header, &err) ||
			     magic_check(&header, &limits, 1, &err);
		const char *reason = err.limit[0] ? err.limit : err.reason;

		cr_expect_eq(status, cases[i].reason[0] ? 1 : 0, "case %zu: %s",
			     i, err.message);
		cr_expect_str_eq(reason, cases[i].reason, "case %zu: %s", i,
				 err.message);
		cr_expect_eq(header.format, cases[i].format, "case %zu", i);
		if (cases[i].width >= 0)
			cr_expect_eq(header.width, cases[i].width, "case %zu",
				     i);
	}
}

Test(magic, cut_anywhere)
{
	static const char whole[] =
		PNG("\0\0\1\0", "\0\0\0\x10",
		    "\0") "\0\0\0\4zTXtabcd....\xff\xff\xff\xffIDAT";
	struct magic_header header;
	struct err err;
	size_t len;

	for (len = 0; len < sizeof(whole) - 1; len++) {
		/* A copy of its own length, so that a sanitizer sees a step
		 * past its end. */
		char *copy = malloc(len ? len : 1);

		memcpy(copy, whole, len);
		cr_expect(magic_read(slice_of(copy, len), &header, &err) <= 0);
		free(copy);
	}
	cr_assert_eq(
		magic_read(slice_of(whole, sizeof(whole) - 1), &header, &err),
		0);
}

#define SOF(kind)  "\xff" kind "\0\x0b\x08\0\x08\0\x08\3..."
#define SOS(count) "\xff\xda\0\x04" count "..."

/* All scans are counted where a decoder reads more than the first. */
Test(magic, scans)
{
	static const struct {
		struct slice jpeg;
		int scans;
	} cases[] = {
		{SLICE("\xff\xd8" SOF("\xc0") SOS("\3") SOS("\3")), 1},
		{SLICE("\xff\xd8" SOF("\xc0") SOS("\1") SOS("\1") SOS("\1")),
		 3},
		{SLICE("\xff\xd8" SOF("\xc2") SOS("\3") SOS("\3")), 2},
		{SLICE("\xff\xd8" SOF("\xc1") SOS("\3") SOS("\1")), 1},
		{SLICE("\xff\xd8" SOF("\xca") SOS("\3") SOS("\1")), 2},
	};
	struct magic_header header;
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(magic_read(cases[i].jpeg, &header, &err), 0);
		cr_expect_eq(header.scans, cases[i].scans, "case %zu: %d", i,
			     (int)header.scans);
	}
}

Test(magic, bombs_inside)
{
	struct magic_header header = {
		.format = IMAGE_JPEG, .width = 10, .height = 10, .scans = 101};
	struct err err = ERR_INIT;

	cr_assert_eq(magic_check(&header, &limits, 1, &err), -1);
	cr_expect_str_eq(err.limit, "max_scans");
	header = (struct magic_header){
		.format = IMAGE_GIF, .width = 1000, .height = 1000};
	cr_expect_eq(magic_check(&header, &limits, 50, &err), 0);
	cr_assert_eq(magic_check(&header, &limits, 51, &err), -1);
	cr_expect_str_eq(err.limit, "max_pixels");
}

/* --- Texts of a PNG -------------------------------------------------------- */

#define CHUNK(len, kind, data) "\0\0\0" len kind data "...."
#define SIGNATURE	       "\x89PNG\r\n\x1a\n"
#define XMP		       "XML:com.adobe.xmp\0"
#define PACKED_XMP	       CHUNK("\x16", "iTXt", XMP "\1\0\0\0")
#define PLAIN_XMP	       CHUNK("\x16", "iTXt", XMP "\0\0\0\0")
#define HEAD		       SIGNATURE CHUNK("\2", "IHDR", "..")
#define TAIL		       CHUNK("\0", "IEND", "")

Test(png_text, table)
{
	static const struct {
		struct slice png;
		bool keep_xmp;
		struct slice out;
	} cases[] = {
		{SLICE(""), false, SLICE("")},
		{SLICE("\x89PNG"), false, SLICE("\x89PNG")},
		{SLICE(HEAD TAIL), false, SLICE(HEAD TAIL)},
		{SLICE(HEAD CHUNK("\4", "zTXt", "a\0\0.") TAIL), true,
		 SLICE(HEAD TAIL)},
		{SLICE(HEAD CHUNK("\x14", "zTXt", XMP "\0.") TAIL), true,
		 SLICE(HEAD CHUNK("\x14", "zTXt", XMP "\0.") TAIL)},
		{SLICE(HEAD TAIL CHUNK("\4", "zTXt", "a\0\0.")), false,
		 SLICE(HEAD TAIL)},
		{SLICE(HEAD CHUNK("\4", "tEXt", "a\0b.") TAIL), false,
		 SLICE(HEAD CHUNK("\4", "tEXt", "a\0b.") TAIL)},
		{SLICE(HEAD PLAIN_XMP TAIL), false, SLICE(HEAD PLAIN_XMP TAIL)},
		{SLICE(HEAD PACKED_XMP TAIL), false, SLICE(HEAD TAIL)},
		{SLICE(HEAD PACKED_XMP PACKED_XMP TAIL), true,
		 SLICE(HEAD PACKED_XMP TAIL)},
		/* A chunk longer than the rest is for the decoder. */
		{SLICE(HEAD "\0\1\0\0zTXta\0\0."), false,
		 SLICE(HEAD "\0\1\0\0zTXta\0\0.")},
		{SLICE(HEAD CHUNK("\1", "iTXt", "a") TAIL), false,
		 SLICE(HEAD CHUNK("\1", "iTXt", "a") TAIL)},
	};
	char out[200];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice png = cases[i].png;
		size_t len = png_text_drop(png, cases[i].keep_xmp, NULL);

		cr_expect_eq(len, cases[i].out.len, "case %zu: %zu", i, len);
		cr_assert_eq(png_text_drop(png, cases[i].keep_xmp, out), len);
		cr_expect(slice_equal(slice_of(out, len), cases[i].out),
			  "case %zu", i);
	}
}

/* --- Metadata taken out ----------------------------------------------------- */

#define WEBP(size, flags)                                                      \
	"RIFF" size "WEBPVP8X\x0a\0\0\0" flags "\0\0\0\0\0\0\0\0\0"
#define EXIF                                                                   \
	"\xff\xe1\0\x0a"                                                       \
	"Exif\0\0.."
#define SCAN                                                                   \
	"\xff\xda\0\4..\xff\xe1\0\x08"                                         \
	"Exif\0\0\xff\xd9"

Test(strip, table)
{
	static const struct {
		enum image_format format;
		unsigned keep;
		struct slice in, out;
	} cases[] = {
		{IMAGE_JPEG, 0, SLICE("\xff\xd8" EXIF SCAN),
		 SLICE("\xff\xd8" SCAN)},
		{IMAGE_JPEG, IMAGE_KEEP_EXIF, SLICE("\xff\xd8" EXIF SCAN),
		 SLICE("\xff\xd8" EXIF SCAN)},
		{IMAGE_PNG, IMAGE_KEEP_EXIF,
		 SLICE(HEAD CHUNK("\1", "eXIf", "a") CHUNK("\1", "eXIf", "a")),
		 SLICE(HEAD CHUNK("\1", "eXIf", "a"))},
		{IMAGE_PNG, IMAGE_KEEP_ICC,
		 SLICE(HEAD CHUNK("\1", "eXIf", "a") TAIL), SLICE(HEAD TAIL)},
		{IMAGE_WEBP, IMAGE_KEEP_XMP,
		 SLICE(WEBP("\x42\0\0\0", "\x3c") "ICCP\3\0\0\0abc\0"
						  "VP8 \2\0\0\0ab"
						  "EXIF\2\0\0\0ab"
						  "XMP \2\0\0\0ab"),
		 SLICE(WEBP("\x2a\0\0\0", "\x14") "VP8 \2\0\0\0ab"
						  "XMP \2\0\0\0ab")},
		{IMAGE_GIF, 0, SLICE("GIF89a.................."),
		 SLICE("GIF89a..................")},
	};
	size_t i, len;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice in = cases[i].in;
		char *copy = malloc(in.len);

		memcpy(copy, in.ptr, in.len);
		len = strip_metadata(cases[i].format, copy, in.len,
				     cases[i].keep);
		cr_expect(slice_equal(slice_of(copy, len), cases[i].out),
			  "case %zu: %zu bytes", i, len);
		free(copy);
		/* Cut anywhere it stays within its bytes. */
		for (len = 0; len < in.len; len++) {
			copy = malloc(len ? len : 1);
			memcpy(copy, in.ptr, len);
			cr_expect_leq(strip_metadata(cases[i].format, copy, len,
						     cases[i].keep),
				      len);
			free(copy);
		}
	}
}

/* --- Placeholders ---------------------------------------------------------- */

/* What a reader of the hash would show in the middle of its first term. */
static void blurhash_mean(const char *hash, int rgb[3])
{
	static const char alphabet[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"#$%*+,-.:;=?@[]^_{|}~";
	int value = 0, i;

	for (i = 2; i < 6; i++)
		value = value * 83 +
			(int)(strchr(alphabet, hash[i]) - alphabet);
	rgb[0] = value >> 16;
	rgb[1] = value >> 8 & 255;
	rgb[2] = value & 255;
}

Test(hints, one_colour)
{
	unsigned char rgba[12 * 8 * 4], color[3], thumb[IMAGE_THUMBHASH_MAX];
	struct hint_pixels pixels = {rgba, 12, 8};
	char hash[IMAGE_BLURHASH_MAX];
	int mean[3], i;

	for (i = 0; i < 12 * 8; i++)
		memcpy(rgba + 4 * i, "\xc8\x32\x0a\xff", 4);
	hints_blurhash(&pixels, hash);
	cr_expect_eq(strlen(hash), 28);
	blurhash_mean(hash, mean);
	cr_expect(mean[0] == 0xc8 && mean[1] == 0x32 && mean[2] == 0x0a,
		  "%d %d %d", mean[0], mean[1], mean[2]);
	hints_color(&pixels, color);
	cr_expect(color[0] == 0xc8 && color[1] == 0x32 && color[2] == 0x0a);
	/* Five bytes, then 22 + 5 + 5 terms of half a byte. */
	cr_expect_eq(hints_thumbhash(&pixels, thumb), 21);
}

Test(hints, transparent)
{
	unsigned char rgba[4 * 4 * 4] = {0}, color[3];
	unsigned char thumb[IMAGE_THUMBHASH_MAX];
	struct hint_pixels pixels = {rgba, 4, 4};
	char hash[IMAGE_BLURHASH_MAX];

	hints_blurhash(&pixels, hash);
	hints_color(&pixels, color);
	cr_expect(color[0] == 255 && color[1] == 255 && color[2] == 255);
	cr_expect_gt(hints_thumbhash(&pixels, thumb), 5);
	/* The alpha bit, and a mean alpha of nothing. */
	cr_expect(thumb[2] & 0x80);
	cr_expect_eq(thumb[5] & 15, 0);
}
