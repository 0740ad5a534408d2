/*
 * Writes YAML as PyYAML's safe_dump does (sort_keys=False, allow_unicode=True):
 * block style, keys in their order, quotes where YAML 1.1 would take text for
 * something else. What is shared is copied: no anchors.
 */
#ifdef HAVE_YAML

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "codec/codecs.h"
#include "codec/walk.h"
#include "codec/yaml.h"
#include "codec/yaml_emit.h"
#include "codec/yaml_scalar.h"

#define FORMAT	    "yaml"
#define LINE_BASE64 57	/* bytes of a line of !!binary */
#define KEY_MAX	    128 /* characters of a key before its colon, with a tag */

struct yaml_writer {
	struct yaml_emit emit;
	struct walk walk;
	size_t *indents; /* of the levels, outermost first */
	size_t indent_cap;
	bool complex_key; /* a key that is written behind "?" */
	bool mapping;	  /* the value at hand is a map's key or value */
};

static bool is_set(unsigned kind)
{
	return kind == VALUE_SET || kind == VALUE_FROZENSET;
}

/* Is the value at hand a key: of a map, or an item of a set? */
static bool at_key(const struct yaml_writer *yaml)
{
	const struct walk *walk = &yaml->walk;
	return walk->depth &&
	       (walk_at_key(walk) || is_set(walk_top(walk)->kind));
}

/* The mark before a value, according to where it stands. */
static void put_place(struct yaml_writer *yaml, const char *tag,
		      const struct yaml_analysis *analysis)
{
	struct yaml_emit *emit = &yaml->emit;
	const struct walk *walk = &yaml->walk;

	yaml->mapping = false;
	if (!walk->depth)
		return;
	unsigned kind = walk_top(walk)->kind;
	if (kind == VALUE_LIST || kind == VALUE_TUPLE) {
		yaml_emit_indent(emit);
		yaml_emit_indicator(emit, "-", true, false, true);
		return;
	}
	yaml->mapping = true;
	if (at_key(yaml)) {
		yaml_emit_indent(emit);
		yaml->complex_key = analysis->empty || analysis->multiline ||
				    strlen(tag) + analysis->length >= KEY_MAX;
		if (yaml->complex_key)
			yaml_emit_indicator(emit, "?", true, false, true);
		return;
	}
	if (yaml->complex_key)
		yaml_emit_indent(emit);
	yaml_emit_indicator(emit, ":", yaml->complex_key, false,
			    yaml->complex_key);
	yaml->complex_key = false;
}

/* A scalar in its place. `tag` is the short form of its type. */
static void put_scalar(struct yaml_writer *yaml, const char *tag,
		       struct slice text, bool special)
{
	struct yaml_emit *emit = &yaml->emit;
	struct yaml_analysis analysis = yaml_emit_analyze(text);
	enum yaml_emit_style style = YAML_EMIT_DOUBLE;

	put_place(yaml, tag, &analysis);
	bool simple = at_key(yaml) && !yaml->complex_key;
	if (!special && analysis.plain && !(simple && analysis.empty))
		style = YAML_EMIT_PLAIN;
	else if (analysis.single && !(simple && analysis.multiline))
		style = YAML_EMIT_SINGLE;
	size_t indent = emit->indent;
	emit->indent += 2;
	yaml_emit_scalar(emit, text, style, !simple);
	emit->indent = indent;
	if (!yaml->walk.depth && style == YAML_EMIT_PLAIN)
		emit->open_ended = true;
}

static int put_text(struct yaml_writer *yaml, struct slice text,
		    struct err *err)
{
	if (text_has_surrogate(text))
		return walk_fail_surrogate(&yaml->walk, err, FORMAT);
	put_scalar(yaml, "!!str", text, yaml_scalar_is_special(text));
	return 0;
}

static int put_bytes(struct yaml_writer *yaml, struct slice bytes)
{
	static const struct yaml_analysis block = {.multiline = true};
	struct yaml_emit *emit = &yaml->emit;
	struct buf text;

	buf_init(&text, bytes.len * 2 + 16);
	for (size_t at = 0; at < bytes.len; at += LINE_BASE64) {
		size_t len = bytes.len - at < LINE_BASE64 ? bytes.len - at
							  : LINE_BASE64;
		base64_encode(&text, slice_of(bytes.ptr + at, len));
		buf_add_char(&text, '\n');
	}
	put_place(yaml, "!!binary", &block);
	yaml_emit_indicator(emit, "!!binary", true, false, false);
	size_t indent = emit->indent;
	emit->indent += 2;
	if (text.len)
		yaml_emit_scalar(emit, buf_slice(&text), YAML_EMIT_LITERAL,
				 true);
	else
		yaml_emit_scalar(emit, SLICE(""), YAML_EMIT_DOUBLE, true);
	emit->indent = indent;
	int r = text.failed ? -1 : 0;
	buf_release(&text);
	return r;
}

static int put_open(struct yaml_writer *yaml, struct value value,
		    struct err *err)
{
	static const struct yaml_analysis none = {.empty = true};
	struct yaml_emit *emit = &yaml->emit;
	bool list = value.kind == VALUE_LIST || value.kind == VALUE_TUPLE;

	if (at_key(yaml))
		return walk_fail_key(&yaml->walk, err,
				     (enum value_kind)value.kind, FORMAT);
	put_place(yaml, "", &none);
	if (is_set(value.kind))
		yaml_emit_indicator(emit, "!!set", true, false, false);
	if (!value.seq->count) {
		yaml_emit_indicator(emit, list ? "[]" : "{}", true, false,
				    false);
		return walk_push(&yaml->walk, value, err);
	}
	/* A list right behind its key is not indented. */
	size_t indent = emit->indent;
	bool indentless = list && yaml->mapping && !emit->indention;
	if (yaml->walk.depth && !indentless)
		emit->indent += 2;
	if (walk_push(&yaml->walk, value, err))
		return -1;
	if (yaml->walk.depth > yaml->indent_cap) {
		size_t cap = yaml->indent_cap ? yaml->indent_cap * 2 : 32;
		size_t *indents =
			realloc(yaml->indents, cap * sizeof(*indents));
		if (!indents) {
			emit->out->failed = true;
			return -1;
		}
		yaml->indents = indents;
		yaml->indent_cap = cap;
	}
	yaml->indents[yaml->walk.depth - 1] = indent;
	return 0;
}

static int put_value(struct yaml_writer *yaml, struct value value,
		     struct err *err)
{
	char text[40];
	size_t len;

	switch (value.kind) {
	case VALUE_NULL:
		put_scalar(yaml, "!!null", SLICE("null"), false);
		return 0;
	case VALUE_BOOL:
		put_scalar(yaml, "!!bool",
			   value.boolean ? SLICE("true") : SLICE("false"),
			   false);
		return 0;
	case VALUE_INT:
		len = (size_t)snprintf(text, sizeof(text), "%lld",
				       (long long)value.integer);
		put_scalar(yaml, "!!int", slice_of(text, len), false);
		return 0;
	case VALUE_BIG:
		put_scalar(yaml, "!!int", value_bytes(value), false);
		return 0;
	case VALUE_DOUBLE:
		len = yaml_scalar_put_double(value.number, text);
		put_scalar(yaml, "!!float", slice_of(text, len), false);
		return 0;
	case VALUE_TEXT:
		return put_text(yaml, value_bytes(value), err);
	case VALUE_BYTES:
	case VALUE_BYTEARRAY:
		return put_bytes(yaml, value_bytes(value));
	default:
		return put_open(yaml, value, err);
	}
}

/* Ends what is through. 1 with the next value, 0 at the end. */
static int next_value(struct yaml_writer *yaml, struct value *value)
{
	struct walk *walk = &yaml->walk;

	while (walk->depth && walk_top(walk)->at == walk_top(walk)->count) {
		walk->depth--;
		if (walk->frames[walk->depth].count)
			yaml->emit.indent = yaml->indents[walk->depth];
	}
	if (!walk->depth)
		return 0;
	*value = walk_next(walk);
	return 1;
}

/* The value that an item of a set has as a map's key. */
static void put_set_value(struct yaml_writer *yaml)
{
	struct yaml_emit *emit = &yaml->emit;

	if (yaml->complex_key)
		yaml_emit_indent(emit);
	yaml_emit_indicator(emit, ":", yaml->complex_key, false,
			    yaml->complex_key);
	yaml_emit_scalar(emit, SLICE("null"), YAML_EMIT_PLAIN, true);
	yaml->complex_key = false;
}

int yaml_encode(const struct codec_options *options, struct value_doc *doc,
		struct buf *out, struct err *err)
{
	struct yaml_writer yaml = {0};
	struct value value = doc->root;
	int r;

	yaml_emit_init(&yaml.emit, out);
	walk_init(&yaml.walk, options->max_depth);
	do {
		bool item =
			yaml.walk.depth && is_set(walk_top(&yaml.walk)->kind);
		r = put_value(&yaml, value, err);
		if (!r && item)
			put_set_value(&yaml);
		if (!r)
			r = next_value(&yaml, &value);
	} while (r == 1 && !out->failed);
	if (!r) {
		bool open_ended = yaml.emit.open_ended;
		yaml.emit.indent = 0;
		yaml_emit_indent(&yaml.emit);
		if (open_ended)
			buf_add(out, "...\n", 4);
	}
	walk_release(&yaml.walk);
	free(yaml.indents);
	return r || out->failed ? -1 : 0;
}

const struct codec codec_yaml = {
	.name = "yaml",
	.summary = "YAML, core schema, as PyYAML writes it",
	.decode = yaml_decode,
	.encode = yaml_encode,
};

#else

typedef int yaml_write_is_not_built;

#endif
