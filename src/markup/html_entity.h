/*
 * Character references of HTML: "&eacute;", "&#233;", "&#xe9;".
 */
#ifndef MARKUP_HTML_ENTITY_H
#define MARKUP_HTML_ENTITY_H

#include "cherry/buf.h"

#define HTML_ENTITY_MAX 8 /* bytes that one reference stands for, at most */

/*
 * Decodes the reference that `text`, which begins with "&", begins with, by
 * the standard's rules for text or for attributes' values. Writes what it
 * stands for to `out` and its length to `*out_len`. Returns how many bytes the
 * reference has; 0 if there is none: the "&" stands for itself.
 */
size_t html_entity_decode(struct slice text, bool in_attribute,
			  char out[HTML_ENTITY_MAX], size_t *out_len);

/*
 * The characters of a name without "&" and ";", such as "eacute", if it is one
 * of the names of HTML 4 (a part of those above). Returns the code point, 0 if
 * there is none.
 */
uint32_t html_entity_code(struct slice name);

#endif
