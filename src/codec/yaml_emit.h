/*
 * YAML's scalars and indentation as PyYAML's emitter writes them.
 *
 * Source of the algorithm: PyYAML 6, lib/yaml/emitter.py.
 */
#ifndef CODEC_YAML_EMIT_H
#define CODEC_YAML_EMIT_H

#include "cherry/buf.h"

struct yaml_emit {
	struct buf *out;
	size_t column; /* in characters */
	size_t indent;
	bool whitespace; /* the last character was one */
	bool indention;	 /* nothing but indentation so far in this line */
	bool open_ended; /* a plain scalar alone: the document needs an end */
};

enum yaml_emit_style {
	YAML_EMIT_PLAIN,
	YAML_EMIT_SINGLE,
	YAML_EMIT_DOUBLE,
	YAML_EMIT_LITERAL
};

/* What a text allows. */
struct yaml_analysis {
	bool empty, multiline;
	bool plain, single; /* in block context */
	size_t length;	    /* in characters */
};

void yaml_emit_init(struct yaml_emit *emit, struct buf *out);

struct yaml_analysis yaml_emit_analyze(struct slice text);

/* A new line, unless there is one, and `indent` spaces. */
void yaml_emit_indent(struct yaml_emit *emit);
void yaml_emit_break(struct yaml_emit *emit);

/* "-", "?", ":", "[]", a tag, a quote. */
void yaml_emit_indicator(struct yaml_emit *emit, const char *indicator,
			 bool need_whitespace, bool whitespace, bool indention);

/* A scalar in a style that its analysis allows. `split`: lines may be folded.
 * Literal text ends in one line feed and begins with something else. */
void yaml_emit_scalar(struct yaml_emit *emit, struct slice text,
		      enum yaml_emit_style style, bool split);

#endif
