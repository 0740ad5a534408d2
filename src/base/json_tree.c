/*
 * JSON as a tree in an arena. Strings without escapes are not copied: they
 * point into the text.
 */
#include "base/json_value.h"

#include "base/hash.h"
#include "base/scan.h"

struct builder {
	struct arena *arena;
	struct json_reader reader;
	bool unique;
	struct json_node *parent; /* the open array or object */
	struct json_node *last;	  /* its last child */
	struct json_node **seen;  /* scratch for keys, a power of two */
	size_t seen_size;
};

static int fail_memory(struct builder *builder, struct err *err)
{
	err_limit(err, "memory", (int64_t)builder->arena->max,
		  "JSON: the value needs more than %zu bytes of memory",
		  builder->arena->max);
	return err_at(err, builder->reader.pos - builder->reader.begin);
}

/* The decoded text of the reader's string; marks lone surrogates in *lone. */
static int decode(struct builder *builder, struct slice *out, bool *lone,
		  struct err *err)
{
	const struct json_span *span = &builder->reader.span;
	struct slice text = slice_of(span->raw.ptr + 1, span->raw.len - 2);
	if (span->escaped) {
		const char *where = NULL;
		char *copy = arena_alloc(builder->arena, text.len);
		if (!copy)
			return fail_memory(builder, err);
		text = slice_of(copy, json_value_decode(text, copy, &where));
		*lone |= where != NULL;
	}
	*out = text;
	return 0;
}

/* --- Members given twice -------------------------------------------------- */

/* Where the name of a member that is not the first begins in the text. */
static const char *key_place(const struct json_node *before)
{
	const char *p = before->raw.ptr + before->raw.len;
	while (*p != '"')
		p++;
	return p;
}

static int fail_duplicate(struct builder *builder, struct json_node *object,
			  const struct json_node *member, struct err *err)
{
	const struct json_node *before = object->child;
	char quoted[84];
	while (before->next != member)
		before = before->next;
	err_quote(quoted, 80, member->key);
	err_reason(err, ERR_BAD_INPUT, "duplicate",
		   "JSON: the member \"%s\" is given twice", quoted);
	return err_at(err, key_place(before) - builder->reader.begin);
}

/* Few members: each with all before it. A bit for length and ends of the key
 * tells most of them apart without that. */
static int check_few(struct builder *builder, struct json_node *object,
		     struct err *err)
{
	uint64_t met = 0;
	for (struct json_node *node = object->child; node; node = node->next) {
		size_t len = node->key.len;
		uint64_t mix = len;
		if (len)
			mix = mix * 7 + (unsigned char)node->key.ptr[0] * 5u +
			      (unsigned char)node->key.ptr[len - 1] * 3u;
		uint64_t bit = (uint64_t)1 << (mix & 63);
		if (met & bit) {
			struct json_node *other = object->child;
			for (; other != node; other = other->next)
				if (slice_equal(other->key, node->key))
					return fail_duplicate(builder, object,
							      node, err);
		}
		met |= bit;
	}
	return 0;
}

/* Many members: a hash table, which later objects use again. */
static int check_many(struct builder *builder, struct json_node *object,
		      struct err *err)
{
	size_t size = builder->seen_size ? builder->seen_size : 64;
	while (size / 2 < object->count)
		size *= 2;
	if (size != builder->seen_size) {
		builder->seen = arena_alloc(builder->arena,
					    size * sizeof(struct json_node *));
		builder->seen_size = builder->seen ? size : 0;
		if (!builder->seen)
			return fail_memory(builder, err);
	}
	/* Only as much of it as this object needs. */
	while (size / 4 >= object->count)
		size /= 2;
	memset(builder->seen, 0, size * sizeof(struct json_node *));
	uint64_t seed = hash_seed();
	for (struct json_node *node = object->child; node; node = node->next) {
		size_t i = hash_bytes(node->key, seed) & (size - 1);
		for (; builder->seen[i]; i = (i + 1) & (size - 1))
			if (slice_equal(builder->seen[i]->key, node->key))
				return fail_duplicate(builder, object, node,
						      err);
		builder->seen[i] = node;
	}
	return 0;
}

static int check_keys(struct builder *builder, struct json_node *object,
		      struct err *err)
{
	if (object->count <= 16)
		return check_few(builder, object, err);
	return check_many(builder, object, err);
}

/* --- Building ------------------------------------------------------------- */

/*
 * A node of the value that the reader met, appended to the open parent. Links
 * of the way up are kept in `next` of open parents: it is not theirs to use
 * before they are closed.
 */
static struct json_node *add_node(struct builder *builder, struct slice key,
				  bool lone, struct err *err)
{
	struct json_node *node = arena_alloc(builder->arena, sizeof(*node));
	if (!node) {
		fail_memory(builder, err);
		return NULL;
	}
	node->type = builder->reader.span.type;
	node->surrogates = lone;
	node->count = 0;
	node->key = key;
	node->text = (struct slice){NULL, 0};
	node->raw = builder->reader.span.raw;
	node->child = NULL;
	node->next = NULL;
	if (builder->last)
		builder->last->next = node;
	else if (builder->parent)
		builder->parent->child = node;
	if (builder->parent)
		builder->parent->count++;
	builder->last = node;
	return node;
}

static int close_node(struct builder *builder, struct err *err)
{
	struct json_node *node = builder->parent;
	const char *end = builder->reader.pos;
	node->raw.len = (size_t)(end - node->raw.ptr);
	builder->parent = node->next;
	builder->last = node;
	node->next = NULL;
	if (node->type == JSON_OBJECT && builder->unique)
		return check_keys(builder, node, err);
	return 0;
}

/* One value or opening; `key` is its name in an object. */
static int build_value(struct builder *builder, enum json_event event,
		       struct slice key, bool lone, struct err *err)
{
	struct json_node *node = add_node(builder, key, lone, err);
	if (!node)
		return -1;
	if (event == JSON_EV_BEGIN) {
		node->next = builder->parent;
		builder->parent = node;
		builder->last = NULL;
	} else if (node->type == JSON_STRING) {
		return decode(builder, &node->text, &node->surrogates, err);
	} else if (node->type == JSON_NUMBER) {
		node->text = node->raw;
	}
	return 0;
}

static int build(struct builder *builder, struct json_node **root,
		 struct err *err)
{
	struct slice key = {NULL, 0};
	bool lone = false;
	for (;;) {
		enum json_event event = json_reader_next(&builder->reader, err);
		switch (event) {
		case JSON_EV_ERROR:
			return -1;
		case JSON_EV_DONE:
			return 0;
		case JSON_EV_KEY:
			lone = false;
			if (decode(builder, &key, &lone, err))
				return -1;
			break;
		case JSON_EV_END:
			if (close_node(builder, err))
				return -1;
			break;
		case JSON_EV_VALUE:
		case JSON_EV_BEGIN:
			if (build_value(builder, event, key, lone, err))
				return -1;
			if (!*root)
				*root = builder->last ? builder->last
						      : builder->parent;
			key = (struct slice){NULL, 0};
			lone = false;
			break;
		}
	}
}

struct json_node *json_parse(struct arena *arena, struct slice text,
			     size_t max_depth, bool unique, struct err *err)
{
	struct builder builder = {.arena = arena};
	struct json_node *root = NULL;

	builder.unique = unique;
	json_reader_init(&builder.reader, text, max_depth);
	return build(&builder, &root, err) ? NULL : root;
}

struct json_node *json_get(const struct json_node *object, const char *key)
{
	struct slice name = slice_text(key);
	if (object->type != JSON_OBJECT)
		return NULL;
	for (struct json_node *node = object->child; node; node = node->next)
		if (slice_equal(node->key, name))
			return node;
	return NULL;
}
