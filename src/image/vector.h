/*
 * Pictures that are drawn, not decoded: SVG and PDF. Both may want fonts, which
 * are files; in the sandbox there are none, and a drawing whose letters are
 * boxes is no picture of it.
 */
#ifndef IMAGE_VECTOR_H
#define IMAGE_VECTOR_H

#include "image/image.h"

static inline bool vector_is(enum image_format format)
{
	return format == IMAGE_SVG || format == IMAGE_PDF;
}

/* Once a process, before the sandbox: listens to what poppler complains of. */
void vector_start(void);

/*
 * Before librsvg sees a drawing. 0, or -1 with ERR_UNSUPPORTED "filter" for
 * what librsvg dies of, ERR_LIMIT "elements" likewise. Bombs of entities are
 * librsvg's business, which counts what they grow to; what takes long is
 * watch.c's.
 */
int vector_check(struct slice bytes, enum image_format format,
		 struct err *err) MUST_CHECK;

/* Between its header and its drawing: -1 with ERR_UNSUPPORTED "text" where an
 * SVG has text and this process can open no file; elsewhere text is drawn. */
int vector_check_text(struct slice bytes, enum image_format format,
		      struct err *err) MUST_CHECK;

/* After it was drawn: -1 with ERR_UNSUPPORTED "font" where a PDF wanted a font
 * that is not in it and could not be had. */
int vector_verify(struct err *err) MUST_CHECK;

#endif
