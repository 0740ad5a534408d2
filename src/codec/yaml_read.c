/*
 * Reads YAML: one document; aliases become copies, so that anchors cannot make
 * a small document large, and an anchor within itself is a cycle; tags of the
 * core schema, !!binary and !!set, no others.
 */
#ifdef HAVE_YAML

#include <stdlib.h>

#include "base/hash.h"
#include "base/text.h"
#include "codec/build.h"
#include "codec/fail.h"
#include "codec/yaml.h"
#include "codec/yaml_scalar.h"
#include "codec/yaml_stream.h"

struct yaml_reader {
	struct yaml_source *source;
	struct build build;
	struct buf scratch;
	/* Anchors: entry of `anchors` + 1. One without node is still open. */
	struct hash_table names;
	struct value *anchors;
	size_t anchor_count, anchor_cap;
};

static int fail_at(const struct yaml_item *item, const char *reason,
		   const char *message, struct err *err)
{
	return fail_read(err, reason, item->offset, "line %zu: %s", item->line,
			 message);
}

/* Remembers an anchor: its place, or -1. An equal name is replaced. */
static int64_t anchor_add(struct yaml_reader *yaml, struct slice name,
			  struct value value, struct err *err)
{
	if (!name.ptr)
		return 0;
	if (yaml->anchor_count == yaml->anchor_cap) {
		size_t cap = yaml->anchor_cap ? yaml->anchor_cap * 2 : 16;
		struct value *anchors =
			realloc(yaml->anchors, cap * sizeof(*anchors));
		if (!anchors)
			return fail_limit(err, "memory", (int64_t)cap, "size",
					  "no memory for the anchors");
		yaml->anchors = anchors;
		yaml->anchor_cap = cap;
	}
	yaml->anchors[yaml->anchor_count++] = value;
	hash_put(&yaml->names, name, (void *)(uintptr_t)yaml->anchor_count);
	return (int64_t)yaml->anchor_count;
}

static bool at_key(const struct build *build)
{
	return build->depth && build_top(build)->kind != VALUE_LIST &&
	       (build->count - build_top(build)->start) % 2 == 0;
}

static int read_alias(struct yaml_reader *yaml, const struct yaml_item *item,
		      struct value *out, struct err *err)
{
	size_t at = (size_t)(uintptr_t)hash_get(&yaml->names, item->text);

	if (!at)
		return fail_at(item, "syntax", "an alias without its anchor",
			       err);
	*out = yaml->anchors[at - 1];
	if (!value_is_seq(*out))
		return 0;
	if (!out->seq)
		return fail_at(item, "cycle", "an anchor contains itself", err);
	yaml->build.doc->shared = true;
	yaml->build.doc->copied = true;
	return 0;
}

static int read_binary(struct yaml_reader *yaml, const struct yaml_item *item,
		       struct slice text, struct value *out, struct err *err)
{
	struct buf plain;

	buf_init(&plain, text.len + 1);
	for (size_t i = 0; i < text.len; i++)
		if (!memchr(" \t\r\n", text.ptr[i], 4))
			buf_add_char(&plain, text.ptr[i]);
	buf_clear(&yaml->scratch);
	int r = base64_decode(&yaml->scratch, buf_slice(&plain), NULL);
	buf_release(&plain);
	if (r)
		return fail_at(item, "syntax", "!!binary is no base64", err);
	return value_text(yaml->build.doc, VALUE_BYTES,
			  buf_slice(&yaml->scratch), out, err);
}

static bool tag_is(struct slice tag, const char *name)
{
	size_t len = sizeof(YAML_TAG) - 1;

	return slice_starts(tag, SLICE(YAML_TAG)) &&
	       slice_is(slice_of(tag.ptr + len, tag.len - len), name);
}

static int fail_tag(const struct yaml_item *item, struct err *err)
{
	bool python = memmem(item->tag.ptr, item->tag.len, "python/", 7) ||
		      memmem(item->tag.ptr, item->tag.len, "ruby/", 5);
	return fail_at(item, python ? "unsafe" : "type",
		       python ? "a tag makes an object"
			      : "a tag that cannot be read",
		       err);
}

static int read_tagged(struct yaml_reader *yaml, const struct yaml_item *item,
		       struct slice text, struct value *out, struct err *err)
{
	static const struct {
		const char *name;
		unsigned kinds; /* bits */
	} tags[] = {{"null", 1u << VALUE_NULL},
		    {"bool", 1u << VALUE_BOOL},
		    {"int", 1u << VALUE_INT | 1u << VALUE_BIG},
		    {"float", 1u << VALUE_DOUBLE | 1u << VALUE_INT}};
	struct slice tag = item->tag;
	struct build *build = &yaml->build;

	if (tag_is(tag, "binary"))
		return read_binary(yaml, item, text, out, err);
	if (tag_is(tag, "str") || slice_is(tag, "!"))
		return value_text(build->doc, VALUE_TEXT, text, out, err);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (!tag_is(tag, tags[i].name))
			continue;
		if (yaml_scalar_value(build->doc, text,
				      build->options->max_digits, out, err))
			return -1;
		if (!(tags[i].kinds >> out->kind & 1))
			return fail_at(item, "syntax",
				       "a scalar is not what its tag says",
				       err);
		if (i == 3 && out->kind == VALUE_INT)
			*out = value_double((double)out->integer);
		return 0;
	}
	return fail_tag(item, err);
}

static int read_scalar(struct yaml_reader *yaml, const struct yaml_item *item,
		       struct value *out, struct err *err)
{
	struct build *build = &yaml->build;
	struct slice text = item->text;
	int r;

	if (item->tag.ptr)
		r = read_tagged(yaml, item, text, out, err);
	else if (item->plain)
		r = yaml_scalar_value(build->doc, text,
				      build->options->max_digits, out, err);
	else
		r = value_text(build->doc, VALUE_TEXT, text, out, err);
	if (r)
		return err && err->offset < 0 ? err_at(err, item->offset) : -1;
	if (out->kind == VALUE_TEXT && at_key(build) &&
	    value_key(build->doc, text, out, err))
		return -1;
	return anchor_add(yaml, item->anchor, *out, err) < 0 ? -1 : 0;
}

static int read_open(struct yaml_reader *yaml, const struct yaml_item *item,
		     struct err *err)
{
	bool map = item->kind == YAML_ITEM_MAP;
	enum value_kind kind = map ? VALUE_MAP : VALUE_LIST;

	if (at_key(&yaml->build))
		return fail_at(item, "key", "a key is a list or a map", err);
	if (map && tag_is(item->tag, "set"))
		kind = VALUE_SET;
	else if (item->tag.ptr && !tag_is(item->tag, map ? "map" : "seq"))
		return fail_tag(item, err);
	int64_t at = anchor_add(yaml, item->anchor,
				(struct value){.kind = (uint8_t)kind}, err);
	if (at < 0 || build_open(&yaml->build, kind, 0, err))
		return -1;
	build_top(&yaml->build)->extra = (uint32_t)at;
	return 0;
}

/* A set is a map whose values are null. */
static int drop_set_values(struct yaml_reader *yaml,
			   const struct yaml_item *item, struct err *err)
{
	struct build *build = &yaml->build;
	size_t start = build_top(build)->start;
	size_t count = (build->count - start) / 2;

	for (size_t i = 0; i < count; i++) {
		if (build->items[start + 2 * i + 1].kind != VALUE_NULL)
			return fail_at(item, "syntax",
				       "an item of a !!set has a value", err);
		build->items[start + i] = build->items[start + 2 * i];
	}
	build->count = start + count;
	return 0;
}

static int read_close(struct yaml_reader *yaml, const struct yaml_item *item,
		      struct value *out, struct err *err)
{
	const struct build_level *top = build_top(&yaml->build);
	uint32_t anchor = top->extra;

	if (top->kind == VALUE_SET && drop_set_values(yaml, item, err))
		return -1;
	if (build_close(&yaml->build, false, out, err))
		return -1;
	if (anchor)
		yaml->anchors[anchor - 1] = *out;
	return 0;
}

/* 0: a value, 1: nothing to add, 2: the end. */
static int read_item(struct yaml_reader *yaml, const struct yaml_item *item,
		     struct value *out, struct err *err)
{
	switch (item->kind) {
	case YAML_ITEM_ALIAS:
		return read_alias(yaml, item, out, err);
	case YAML_ITEM_SCALAR:
		return read_scalar(yaml, item, out, err);
	case YAML_ITEM_LIST:
	case YAML_ITEM_MAP:
		return read_open(yaml, item, err) ? -1 : 1;
	case YAML_ITEM_CLOSE:
		return read_close(yaml, item, out, err);
	case YAML_ITEM_DOCUMENT:
		return yaml->build.count
			       ? fail_at(item, "trailing",
					 "a second document begins", err)
			       : 1;
	default:
		return 2;
	}
}

static int read_all(struct yaml_reader *yaml, struct err *err)
{
	struct value value = value_null();
	struct yaml_item item;
	int r;

	do {
		if (yaml_source_next(yaml->source, &item, err))
			return -1;
		r = read_item(yaml, &item, &value, err);
		if (r == 0)
			r = build_add(&yaml->build, value, err);
	} while (r == 0 || r == 1);
	return r == 2 ? 0 : -1;
}

int yaml_decode(const struct codec_options *options, struct slice input,
		struct value_doc *doc, struct codec_found *found,
		struct err *err)
{
	struct yaml_reader yaml = {0};
	struct cursor all = cursor_of(input);

	(void)found;
	input.ptr = (const char *)all.begin;
	if (cursor_check_text(&all, input, false, err))
		return -1;
	yaml.source = yaml_source_new(input);
	if (!yaml.source)
		return fail_limit(err, "memory", 0, "size",
				  "no memory for the parser");
	build_init(&yaml.build, options, doc);
	buf_init(&yaml.scratch, input.len + 16);
	hash_init(&yaml.names);
	int r = read_all(&yaml, err);
	if (!r)
		doc->root =
			yaml.build.count ? yaml.build.items[0] : value_null();
	if (!r && doc->shared)
		r = value_measure(doc, options->max_depth, err);
	yaml_source_free(yaml.source);
	hash_release(&yaml.names);
	free(yaml.anchors);
	buf_release(&yaml.scratch);
	build_release(&yaml.build);
	return r;
}

#else

typedef int yaml_read_is_not_built;

#endif
