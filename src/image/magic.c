/*
 * The look at the first bytes. Knows signatures and where four formats keep
 * their size; decodes nothing and calls no library.
 */
#include "image/magic.h"

#include <inttypes.h>
#include "image/magic_tiff.h"

/* More scans than any camera or optimiser writes: each costs a pass over the
 * whole picture. */
#define SCANS_MAX 100

static unsigned byte_at(struct slice bytes, size_t at)
{
	return (unsigned char)bytes.ptr[at];
}

static uint32_t big16(struct slice bytes, size_t at)
{
	return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

static uint32_t big32(struct slice bytes, size_t at)
{
	return big16(bytes, at) << 16 | big16(bytes, at + 2);
}

static uint32_t little16(struct slice bytes, size_t at)
{
	return byte_at(bytes, at + 1) << 8 | byte_at(bytes, at);
}

static uint32_t little24(struct slice bytes, size_t at)
{
	return little16(bytes, at) | byte_at(bytes, at + 2) << 16;
}

static bool has(struct slice bytes, size_t at, const char *text, size_t len)
{
	return bytes.len >= at + len && !memcmp(bytes.ptr + at, text, len);
}

#define HAS(bytes, at, text) has(bytes, at, text, sizeof(text) - 1)

static int header_missing(const char *format, struct err *err)
{
	return err_reason(err, ERR_BAD_INPUT, "truncated",
			  "the %s ends before its header does", format);
}

static int header_wrong(const char *format, const char *what, struct err *err)
{
	return err_reason(err, ERR_BAD_INPUT, "corrupt",
			  "the header of the %s %s", format, what);
}

static int data_missing(const char *format, struct err *err)
{
	return err_reason(err, ERR_BAD_INPUT, "truncated",
			  "the %s ends before what it says it holds", format);
}

static bool is_frame_header(unsigned marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 &&
	       marker != 0xc8 && marker != 0xcc;
}

/*
 * Walks the markers of a JPEG: segments by their length, coded data by its
 * next 0xff that is neither stuffed nor a restart. Only the main picture
 * counts: the walk ends at its end marker, or with a first scan that holds all
 * components, unless progressive: no decoder takes another one then.
 */
static int read_jpeg(struct slice bytes, struct magic_header *header,
		     struct err *err)
{
	unsigned components = 0;
	size_t at = 2;

	while (at + 2 <= bytes.len) {
		const char *mark = memchr(bytes.ptr + at, 0xff, bytes.len - at);
		unsigned marker;

		if (!mark || mark + 1 >= bytes.ptr + bytes.len)
			break;
		at = (size_t)(mark - bytes.ptr) + 1;
		marker = byte_at(bytes, at);
		if (marker == 0xff)
			continue;
		at++;
		if (marker == 0xd9)
			break;
		if (marker == 0 || marker == 1 ||
		    (marker >= 0xd0 && marker <= 0xd8))
			continue;
		if (at + 2 > bytes.len)
			break;
		if (is_frame_header(marker) && !header->width &&
		    at + 7 <= bytes.len) {
			header->height = big16(bytes, at + 3);
			header->width = big16(bytes, at + 5);
			header->whole = (marker & 3) == 2;
			components = at + 8 <= bytes.len
					     ? byte_at(bytes, at + 7)
					     : 0;
		}
		if (marker == 0xda)
			header->scans++;
		if (marker == 0xda && !header->whole && at + 3 <= bytes.len &&
		    byte_at(bytes, at + 2) == components)
			break;
		at += big16(bytes, at);
	}
	return header->width ? 0 : header_missing("JPEG", err);
}

static int read_png(struct slice bytes, struct magic_header *header,
		    struct err *err)
{
	if (bytes.len < 33 || !HAS(bytes, 12, "IHDR"))
		return header_missing("PNG", err);
	header->width = big32(bytes, 16);
	header->height = big32(bytes, 20);
	if (!header->width || !header->height)
		return header_wrong("PNG", "says that a side is 0", err);
	header->whole = byte_at(bytes, 28) != 0;
	return 0;
}

/* The end of a chain of sub-blocks; 0: the bytes end first. */
static size_t skip_gif_blocks(struct slice bytes, size_t at)
{
	while (at < bytes.len) {
		unsigned len = byte_at(bytes, at);

		at += len + 1;
		if (!len)
			return at;
	}
	return 0;
}

static size_t color_table_size(unsigned flags)
{
	return flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

/*
 * Walks the blocks of a GIF, as its decoder shows what frames there are and
 * takes the loss of the others for an end. Missing nothing but the end's own
 * byte is common and costs nothing; what follows an unknown block is left to
 * the decoder. Returns false if the bytes end within a block.
 */
static bool is_gif_whole(struct slice bytes)
{
	size_t at = 13 + color_table_size(byte_at(bytes, 10));

	while (at < bytes.len) {
		unsigned kind = byte_at(bytes, at);

		if (kind == 0x21) {
			at += 2;
		} else if (kind == 0x2c) {
			if (bytes.len - at < 11)
				return false;
			at += 11 + color_table_size(byte_at(bytes, at + 9));
		} else {
			return true;
		}
		at = skip_gif_blocks(bytes, at);
		if (!at)
			return false;
	}
	return at == bytes.len;
}

static int read_gif(struct slice bytes, struct magic_header *header,
		    struct err *err)
{
	if (bytes.len < 13)
		return header_missing("GIF", err);
	header->width = little16(bytes, 6);
	header->height = little16(bytes, 8);
	return is_gif_whole(bytes) ? 0 : data_missing("GIF", err);
}

static int read_webp(struct slice bytes, struct magic_header *header,
		     struct err *err)
{
	header->whole = true;
	if (bytes.len < 30)
		return header_missing("WebP", err);
	if (HAS(bytes, 12, "VP8X")) {
		header->width = little24(bytes, 24) + 1;
		header->height = little24(bytes, 27) + 1;
	} else if (HAS(bytes, 12, "VP8L") && byte_at(bytes, 20) == 0x2f) {
		uint32_t bits = little24(bytes, 21) | byte_at(bytes, 24) << 24;

		header->width = (bits & 0x3fff) + 1;
		header->height = (bits >> 14 & 0x3fff) + 1;
	} else if (HAS(bytes, 12, "VP8 ") && HAS(bytes, 23, "\x9d\x01*")) {
		header->width = little16(bytes, 26) & 0x3fff;
		header->height = little16(bytes, 28) & 0x3fff;
	} else {
		return header_wrong("WebP", "is of no known kind", err);
	}
	if (((uint64_t)little16(bytes, 6) << 16 | little16(bytes, 4)) + 8 >
	    bytes.len)
		return data_missing("WebP", err);
	return 0;
}

/* The brands of an ISO base media file decide between AVIF and HEIC. */
static enum image_format find_heif(struct slice bytes)
{
	static const char heic[][5] = {"heic", "heix", "heim", "heis",
				       "hevc", "hevx", "mif1", "msf1"};
	size_t end = bytes.len, at, i;

	if (!HAS(bytes, 4, "ftyp") || bytes.len < 16)
		return IMAGE_NONE;
	if (big32(bytes, 0) < end)
		end = big32(bytes, 0);
	for (at = 8; at + 4 <= end; at += at == 8 ? 8 : 4) {
		if (HAS(bytes, at, "avif") || HAS(bytes, at, "avis"))
			return IMAGE_AVIF;
	}
	for (i = 0; i < sizeof(heic) / sizeof(heic[0]); i++) {
		if (has(bytes, 8, heic[i], 4))
			return IMAGE_HEIC;
	}
	return IMAGE_NONE;
}

/* SVG has no signature: an element of that name near the beginning of what
 * looks like a text. */
static bool is_svg(struct slice bytes)
{
	size_t max = bytes.len < 1000 ? bytes.len : 1000, at = 0;

	if (HAS(bytes, 0, "\xef\xbb\xbf"))
		at = 3;
	while (at < max && memchr(" \t\r\n", bytes.ptr[at], 4))
		at++;
	if (at == max || bytes.ptr[at] != '<')
		return false;
	return memmem(bytes.ptr, max, "<svg", 4) != NULL;
}

static enum image_format find_format(struct slice bytes)
{
	static const struct {
		enum image_format format;
		size_t at, len;
		char text[13];
	} table[] = {
		{IMAGE_JPEG, 0, 3, "\xff\xd8\xff"},
		{IMAGE_PNG, 0, 8, "\x89PNG\r\n\x1a\n"},
		{IMAGE_GIF, 0, 6, "GIF87a"},
		{IMAGE_GIF, 0, 6, "GIF89a"},
		{IMAGE_TIFF, 0, 4, "II*\0"},
		{IMAGE_TIFF, 0, 4, "MM\0*"},
		{IMAGE_TIFF, 0, 4, "II+\0"},
		{IMAGE_TIFF, 0, 4, "MM\0+"},
		{IMAGE_PDF, 0, 5, "%PDF-"},
		{IMAGE_JXL, 0, 2, "\xff\x0a"},
		{IMAGE_JXL, 0, 12, "\0\0\0\x0cJXL \r\n\x87\n"},
		{IMAGE_JP2, 0, 12, "\0\0\0\x0cjP  \r\n\x87\n"},
		{IMAGE_JP2, 0, 4, "\xff\x4f\xff\x51"},
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (has(bytes, table[i].at, table[i].text, table[i].len))
			return table[i].format;
	}
	if (HAS(bytes, 0, "RIFF") && HAS(bytes, 8, "WEBP"))
		return IMAGE_WEBP;
	if (is_svg(bytes))
		return IMAGE_SVG;
	return find_heif(bytes);
}

int magic_read(struct slice bytes, struct magic_header *header, struct err *err)
{
	*header = (struct magic_header){.format = IMAGE_NONE};
	if (bytes.len == 0)
		return err_reason(err, ERR_BAD_INPUT, "empty",
				  "the picture has no bytes");
	header->format = find_format(bytes);
	switch (header->format) {
	case IMAGE_JPEG:
		return read_jpeg(bytes, header, err);
	case IMAGE_PNG:
		return read_png(bytes, header, err);
	case IMAGE_GIF:
		return read_gif(bytes, header, err);
	case IMAGE_WEBP:
		return read_webp(bytes, header, err);
	case IMAGE_TIFF:
		return magic_tiff_check(bytes, err);
	case IMAGE_AVIF:
	case IMAGE_HEIC:
		header->whole = true;
		return 0;
	case IMAGE_NONE:
		return err_reason(err, ERR_UNSUPPORTED, "format",
				  "the bytes are no picture of a known kind");
	default:
		return 0;
	}
}

bool magic_is_film(struct slice bytes)
{
	bool film = false;
	uint64_t size;
	size_t at = 0;

	if (!HAS(bytes, 4, "ftyp"))
		return false;
	while (at + 8 <= bytes.len) {
		if (HAS(bytes, at + 4, "meta"))
			return false;
		film |= HAS(bytes, at + 4, "moov");
		size = big32(bytes, at);
		/* 1: in eight bytes that follow. 0: to the end. */
		if (size == 1 && at + 16 <= bytes.len)
			size = (uint64_t)big32(bytes, at + 8) << 32 |
			       big32(bytes, at + 12);
		if (size < 8 || size > bytes.len - at)
			break;
		at += (size_t)size;
	}
	return film;
}

static int check_size(const struct magic_header *header,
		      const struct image_limits *limits, int64_t frames,
		      struct err *err)
{
	int64_t width = header->width, height = header->height;
	int64_t edge = width > height ? width : height;
	int64_t max = limits->max_pixels;

	if (edge > limits->max_edge)
		return err_limit(err, "max_edge", edge,
				 "width %" PRId64 " × height %" PRId64
				 " is over max_edge %" PRId64,
				 width, height, limits->max_edge);
	/* Edges are under 2^32, so that their product fits. */
	if (height && width > max / height)
		return err_limit(err, "max_pixels", width * height,
				 "width %" PRId64 " × height %" PRId64
				 " is over max_pixels %" PRId64,
				 width, height, max);
	if (frames > 1 && height && width * height > max / frames)
		return err_limit(err, "max_pixels", width * height,
				 "width %" PRId64 " × height %" PRId64
				 " × %" PRId64
				 " frames is over max_pixels %" PRId64,
				 width, height, frames, max);
	return 0;
}

int magic_check(const struct magic_header *header,
		const struct image_limits *limits, int64_t frames,
		struct err *err)
{
	if (!(limits->loaders >> header->format & 1))
		return err_reason(err, ERR_UNSUPPORTED, "loader",
				  "pictures of format %s are not allowed by "
				  "the setting loaders",
				  image_format_name(header->format));
	if (header->scans > SCANS_MAX)
		return err_limit(err, "max_scans", header->scans,
				 "the JPEG has %" PRId64
				 " scans, over the limit of %d",
				 header->scans, SCANS_MAX);
	return check_size(header, limits, frames, err);
}
