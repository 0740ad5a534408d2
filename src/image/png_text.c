/*
 * Walks the chunks of a PNG by their lengths. Checks no sums and inflates
 * nothing; what is no chunk is copied as it is, for the decoder to refuse.
 */
#include "image/png_text.h"

/* Inflated: some tens of megabytes at most. */
#define XMP_MAX 65536

static uint32_t chunk_length(const char *chunk)
{
	const unsigned char *p = (const unsigned char *)chunk;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* Does an iTXt chunk's flag, which stands behind the keyword, say so? */
static bool is_deflated(struct slice text)
{
	const char *nul = memchr(text.ptr, 0, text.len);

	return nul && nul + 1 < text.ptr + text.len && nul[1] == 1;
}

static bool is_xmp(struct slice text)
{
	static const char keyword[] = "XML:com.adobe.xmp";

	return text.len >= sizeof(keyword) && text.len <= XMP_MAX &&
	       !memcmp(text.ptr, keyword, sizeof(keyword));
}

static bool must_go(const char *chunk, uint32_t len, bool *keep_xmp)
{
	struct slice text = slice_of(chunk + 8, len);

	if (memcmp(chunk + 4, "zTXt", 4) != 0 &&
	    (memcmp(chunk + 4, "iTXt", 4) != 0 || !is_deflated(text)))
		return false;
	if (!*keep_xmp || !is_xmp(text))
		return true;
	*keep_xmp = false;
	return false;
}

size_t png_text_drop(struct slice png, bool keep_xmp, char *out)
{
	/* What is copied next begins at `from`. */
	size_t at = png.len < 8 ? png.len : 8, from = 0, done = 0;

	while (png.len - at >= 12) {
		uint32_t len = chunk_length(png.ptr + at);

		if (len > png.len - at - 12)
			break;
		if (must_go(png.ptr + at, len, &keep_xmp)) {
			if (out)
				memcpy(out + done, png.ptr + from, at - from);
			done += at - from;
			from = at + len + 12;
		}
		at += len + 12;
	}
	if (out)
		memcpy(out + done, png.ptr + from, png.len - from);
	return done + png.len - from;
}
