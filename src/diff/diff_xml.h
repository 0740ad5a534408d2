/*
 * XML against XML: opcodes over the events that Genshi's XMLParser gives (see
 * markup.h), or the new document with every change marked.
 *
 * Inline: a well-formed document. Marks are in the namespace urn:cherry:diff,
 * prefix "diff": elements diff:ins and diff:del around text, and the attribute
 * diff:mark="inserted|deleted|replaced" on elements. What html promises of
 * accepting and rejecting holds here too. Comments and processing
 * instructions are those of the new side.
 */
#ifndef DIFF_DIFF_XML_H
#define DIFF_DIFF_XML_H

#include "diff/diff_html.h"

/*
 * Compares two XML documents. 0, or -1 with ERR_BAD_INPUT or ERR_LIMIT as in
 * markup.h (`field` is "old" or "new"), or ERR_LIMIT "output".
 */
int diff_xml(struct slice old_text, struct slice new_text,
	     const struct diff_markup_options *options, struct diff_markup *out,
	     struct err *err) MUST_CHECK;

#endif
