/*
 * The look at a drawing before librsvg or poppler see it, and at what poppler
 * says afterwards, which it does in words alone.
 */
#include "image/vector.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>
#include <vips/vips.h>

#define ELEMENTS_MOST 150000
#define ORDER_MOST    20

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

/* librsvg ends the process where memory is short, and it takes some 2 kB for
 * each element. */
static int check_elements(struct slice bytes, struct err *err)
{
	const char *at = bytes.ptr, *end = at + bytes.len;
	int64_t count = 0;

	while ((at = memchr(at, '<', (size_t)(end - at))))
		count += ++at < end && g_ascii_isalpha(*at);
	if (count > ELEMENTS_MOST)
		return err_limit(err, "elements", count,
				 "the SVG has %lld elements, over the limit of "
				 "%d",
				 (long long)count, ELEMENTS_MOST);
	return 0;
}

/* The numbers of the attribute `order` in a tag: small ones, or other signs
 * that are none at all. */
static bool is_small_order(const char *at, const char *end)
{
	int number = 0;

	for (; at < end && *at != '>' && *at != '"' && *at != '\''; at++) {
		if (g_ascii_isdigit(*at))
			number = MIN(number * 10 + *at - '0', 1000);
		else if (g_ascii_isspace(*at) || *at == ',')
			number = 0;
		else
			return false;
		if (number > ORDER_MOST)
			return false;
	}
	return true;
}

/* librsvg up to 2.54 ends the process at a matrix of more than 20 rows. */
static bool has_large_matrix(struct slice bytes)
{
	static const char name[] = "feConvolveMatrix", order[] = "order";
	const char *at = bytes.ptr, *end = at + bytes.len, *value;

	while ((at = memmem(at, (size_t)(end - at), name, strlen(name)))) {
		const char *tag = memchr(at, '>', (size_t)(end - at));

		if (!tag)
			tag = end;
		value = memmem(at, (size_t)(tag - at), order, strlen(order));
		while (value && value < tag && *value != '"' && *value != '\'')
			value++;
		if (value && !is_small_order(value + 1, tag))
			return true;
		at = tag;
	}
	return false;
}

int vector_check(struct slice bytes, enum image_format format, struct err *err)
{
	font_missing = false;
	if (format != IMAGE_SVG)
		return 0;
	if (check_elements(bytes, err))
		return -1;
	if (has_large_matrix(bytes))
		return err_reason(err, ERR_UNSUPPORTED, "filter",
				  "the SVG has a feConvolveMatrix whose order "
				  "is over %d",
				  ORDER_MOST);
	return 0;
}

int vector_check_text(struct slice bytes, enum image_format format,
		      struct err *err)
{
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
