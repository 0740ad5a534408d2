/*
 * YAML as a stream of items: the one adapter to libyaml.
 */
#ifndef CODEC_YAML_STREAM_H
#define CODEC_YAML_STREAM_H

#include "cherry/buf.h"
#include "cherry/err.h"

#define YAML_TAG "tag:yaml.org,2002:"

enum yaml_kind {
	YAML_ITEM_END,	    /* of the stream */
	YAML_ITEM_DOCUMENT, /* one begins */
	YAML_ITEM_ALIAS,
	YAML_ITEM_SCALAR,
	YAML_ITEM_LIST, /* begins */
	YAML_ITEM_MAP,	/* begins */
	YAML_ITEM_CLOSE /* of the list or map that began last */
};

/* Slices live until the next item; those that are not there have no ptr. */
struct yaml_item {
	enum yaml_kind kind;
	struct slice text; /* of a scalar; of an alias its anchor */
	struct slice tag, anchor;
	bool plain; /* a scalar without quotes */
	size_t line;
	int64_t offset;
};

struct yaml_source;

/* A source of the items of `input`, which is UTF-8. NULL: no memory. */
struct yaml_source *yaml_source_new(struct slice input);
void yaml_source_free(struct yaml_source *source);

/* The next item. ERR_BAD_INPUT "syntax", or "truncated" at the input's end. */
int yaml_source_next(struct yaml_source *source, struct yaml_item *item,
		     struct err *err) MUST_CHECK;

#endif
