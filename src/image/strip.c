/*
 * Walks the segments and chunks of what a saver wrote. Decodes nothing.
 */
#include "image/strip.h"

/* Moves what is kept to the front, piece by piece. */
struct strip {
	char *bytes;
	size_t len, at, out;
};

static void take(struct strip *strip, size_t size, bool keep)
{
	if (keep && strip->out != strip->at)
		memmove(strip->bytes + strip->out, strip->bytes + strip->at,
			size);
	if (keep)
		strip->out += size;
	strip->at += size;
}

static size_t rest(struct strip *strip)
{
	take(strip, strip->len - strip->at, true);
	return strip->out;
}

static uint32_t byte_of(const struct strip *strip, size_t offset)
{
	return (unsigned char)strip->bytes[strip->at + offset];
}

/* Segments up to the first scan. */
static size_t strip_jpeg(struct strip *strip, bool keep_exif)
{
	take(strip, 2, true);
	while (strip->len - strip->at >= 10 && byte_of(strip, 0) == 0xff &&
	       byte_of(strip, 1) != 0xda) {
		size_t size = (byte_of(strip, 2) << 8 | byte_of(strip, 3)) + 2;
		bool exif = byte_of(strip, 1) == 0xe1 &&
			    !memcmp(strip->bytes + strip->at + 4, "Exif", 5);

		if (size > strip->len - strip->at)
			break;
		take(strip, size, !exif || keep_exif);
	}
	return rest(strip);
}

static size_t strip_png(struct strip *strip, bool keep_exif)
{
	take(strip, 8, true);
	while (strip->len - strip->at >= 12) {
		size_t size =
			(size_t)(byte_of(strip, 0) << 24 |
				 byte_of(strip, 1) << 16 |
				 byte_of(strip, 2) << 8 | byte_of(strip, 3)) +
			12;
		bool exif = !memcmp(strip->bytes + strip->at + 4, "eXIf", 4);

		if (size > strip->len - strip->at)
			break;
		take(strip, size, !exif || keep_exif);
		if (exif)
			keep_exif = false;
	}
	return rest(strip);
}

static void put_little32(char *out, size_t value)
{
	int i;

	for (i = 0; i < 4; i++)
		out[i] = (char)(value >> 8 * i & 255);
}

static size_t strip_webp(struct strip *strip, unsigned keep)
{
	static const struct {
		char name[5];
		unsigned keep;
		unsigned char flag; /* in VP8X */
	} kinds[] = {{"ICCP", IMAGE_KEEP_ICC, 0x20},
		     {"EXIF", IMAGE_KEEP_EXIF, 0x08},
		     {"XMP ", IMAGE_KEEP_XMP, 0x04}};
	unsigned gone = 0;
	size_t i;

	take(strip, 12, true);
	while (strip->len - strip->at >= 8) {
		size_t size = byte_of(strip, 4) | byte_of(strip, 5) << 8 |
			      byte_of(strip, 6) << 16 |
			      (size_t)byte_of(strip, 7) << 24;
		bool drop = false;

		size += 8 + (size & 1);
		if (size > strip->len - strip->at)
			break;
		for (i = 0; i < 3; i++) {
			if (!memcmp(strip->bytes + strip->at, kinds[i].name,
				    4) &&
			    !(keep & kinds[i].keep)) {
				drop = true;
				gone |= kinds[i].flag;
			}
		}
		take(strip, size, !drop);
	}
	rest(strip);
	put_little32(strip->bytes + 4, strip->out - 8);
	if (strip->out > 20 && !memcmp(strip->bytes + 12, "VP8X", 4))
		strip->bytes[20] = (char)(strip->bytes[20] & ~gone);
	return strip->out;
}

size_t strip_metadata(enum image_format format, char *bytes, size_t len,
		      unsigned keep)
{
	struct strip strip = {bytes, len, 0, 0};

	if (len < 20)
		return len;
	switch (format) {
	case IMAGE_JPEG:
		return strip_jpeg(&strip, keep & IMAGE_KEEP_EXIF);
	case IMAGE_PNG:
		return strip_png(&strip, keep & IMAGE_KEEP_EXIF);
	case IMAGE_WEBP:
		return strip_webp(&strip, keep);
	default:
		return len;
	}
}
