/*
 * What plain scalars of YAML mean.
 */
#ifndef CODEC_YAML_SCALAR_H
#define CODEC_YAML_SCALAR_H

#include "cherry/codec.h"

/*
 * A plain scalar as a value: YAML 1.2's core schema, except that a number needs
 * the form that YAML 1.1 asks for too (an exponent has a point before it and a
 * sign, octal is not known): what PyYAML writes plainly as text is text here.
 */
int yaml_scalar_value(struct value_doc *doc, struct slice text,
		      size_t max_digits, struct value *out,
		      struct err *err) MUST_CHECK;

/* Would YAML 1.1 (PyYAML) take the plain text for something else than text? */
bool yaml_scalar_is_special(struct slice text);

/* A double as PyYAML writes it: "1.0e+22", ".inf". Length; room for 40. */
size_t yaml_scalar_put_double(double number, char out[40]);

#endif
