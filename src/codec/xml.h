/*
 * What the two XML formats share: a walk over the events of a document, and
 * text as XML writes it.
 */
#ifndef CODEC_XML_H
#define CODEC_XML_H

#include "base/arena.h"
#include "codec/build.h"
#include "markup/markup.h"

struct xml_reader {
	struct markup_events events;
	size_t at;
	struct build build;
	struct buf scratch;
	struct arena arena; /* of the events */
	size_t size;	    /* of the input */
};

/* Parses the document. `levels`: elements that stand for one level of values.
 * Release it whatever the result. */
int xml_reader_init(struct xml_reader *xml, const struct codec_options *options,
		    struct slice input, size_t levels, struct value_doc *doc,
		    struct err *err) MUST_CHECK;
void xml_reader_release(struct xml_reader *xml);

/* "syntax" at the event at hand. */
int xml_fail(const struct xml_reader *xml, struct err *err,
	     const char *message);

/* The event at hand, with comments, instructions, declarations and blank text
 * passed over; NULL at the end. */
const struct markup_event *xml_peek(struct xml_reader *xml);

/* Is the event at hand the start (or end) of that element? Takes it then. */
bool xml_take_start(struct xml_reader *xml, const char *name);
bool xml_take_end(struct xml_reader *xml, const char *name);

/* The same, and an error if not. */
int xml_need_start(struct xml_reader *xml, const char *name,
		   struct err *err) MUST_CHECK;
int xml_need_end(struct xml_reader *xml, const char *name,
		 struct err *err) MUST_CHECK;

/* All text up to the end of the element that began last, which is taken. It
 * holds no elements. Valid until the next call. */
int xml_take_text(struct xml_reader *xml, const char *name, struct slice *out,
		  struct err *err) MUST_CHECK;

/* Scalars from their text; white space around numbers is dropped. */
int xml_read_integer(struct xml_reader *xml, struct slice text,
		     struct value *out, struct err *err) MUST_CHECK;
int xml_read_double(struct xml_reader *xml, struct slice text,
		    struct value *out, struct err *err) MUST_CHECK;
int xml_read_base64(struct xml_reader *xml, struct slice text,
		    struct value *out, struct err *err) MUST_CHECK;

/* May the text stand in XML: no control characters but tab and line ends? */
bool xml_is_text(struct slice text);

/* Appends text with & < > escaped, and CR, which readers would drop. */
int xml_put_text(struct buf *out, struct slice text);

#endif
