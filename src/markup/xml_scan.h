/*
 * A look at the bytes of an XML document before libxml2 sees them: what it
 * would take too long over, or not refuse, is refused here; the declaration is
 * taken off; HTML's named entities become numbers.
 */
#ifndef MARKUP_XML_SCAN_H
#define MARKUP_XML_SCAN_H

#include "markup/markup.h"

struct xml_shift {
	size_t at;    /* in the text for libxml2 */
	size_t delta; /* how much further on the input's bytes are from here */
};

struct xml_scan {
	struct slice input;
	struct slice text; /* for libxml2: without mark and declaration */
	bool has_declaration;
	struct slice version, encoding; /* no ptr: absent */
	int standalone;
	struct xml_shift *shifts; /* in rising order; the first is at 0 */
	size_t shift_count, shift_size;
};

/* 0, or -1 with the errors of markup.h. */
int xml_scan(struct arena *arena, struct slice input, bool entities,
	     const struct markup_limits *limits, struct xml_scan *scan,
	     struct err *err);

/* The byte of the input that this byte of the text was. */
size_t xml_scan_offset(const struct xml_scan *scan, size_t at);

/* ERR_BAD_INPUT "syntax" with line and column of a byte of the input. */
int xml_scan_fail(const struct xml_scan *scan, size_t offset,
		  const char *message, struct err *err);

#endif
