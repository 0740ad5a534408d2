/*
 * The look at a drawing before librsvg or poppler see it, and at what poppler
 * says afterwards, which it does in words alone.
 */
#include "image/vector.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>
#include <vips/vips.h>

/* Set by the thread that draws. */
static atomic_bool font_missing;

static void on_poppler(const char *domain, GLogLevelFlags level,
		       const char *message, void *data)
{
	(void)domain;
	(void)level;
	(void)data;
	/* A font of its own, or the tables of an Asian one. */
	if (strstr(message, "Couldn't find a font") ||
	    strstr(message, "Couldn't create a font") ||
	    strstr(message, "character collection") || strstr(message, "CMap"))
		font_missing = true;
}

void vector_start(void)
{
	g_log_set_handler("Poppler", (GLogLevelFlags)~0u, on_poppler, NULL);
}

static bool opens_files(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool contains(struct slice bytes, const char *text)
{
	return memmem(bytes.ptr, bytes.len, text, strlen(text)) != NULL;
}

int vector_check(struct slice bytes, enum image_format format, struct err *err)
{
	font_missing = false;
	if (format != IMAGE_SVG)
		return 0;
	/* With a prefix, too. */
	if ((contains(bytes, "<text") || contains(bytes, ":text")) &&
	    !opens_files())
		return err_reason(err, ERR_UNSUPPORTED, "text",
				  "the SVG has text, for which the sandbox has "
				  "no fonts: turn it into paths");
	return 0;
}

int vector_verify(struct err *err)
{
	if (!font_missing)
		return 0;
	return err_reason(err, ERR_UNSUPPORTED, "font",
			  "the PDF has text in a font that is not embedded, "
			  "and the sandbox has no fonts");
}
