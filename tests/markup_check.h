/*
 * What a marked document promises, checked on its text alone, without the
 * parser under test: tags in pairs, marks where text may stand, and both sides'
 * texts when the changes are accepted or rejected.
 */
#ifndef TESTS_MARKUP_CHECK_H
#define TESTS_MARKUP_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/text.h"
#include "cherry/buf.h"
#include "diff/diff_text.h"
#include "markup/markup.h"

#define CHECK_DEPTH 2048

struct checker {
	struct slice rest;
	bool xml;
	struct {
		struct slice name;
		bool own; /* an ins or del of the input's */
	} stack[CHECK_DEPTH];
	int depth;
	int ins, del; /* of ours, open */
	int head;
	struct buf accepted, rejected; /* without white space */
	char fault[200];
};

static inline bool check_in(struct slice name, const char *list)
{
	char word[40];

	if (name.len > 30)
		return false;
	snprintf(word, sizeof(word), " %.*s ", (int)name.len, name.ptr);
	return strcasestr(list, word) != NULL;
}

static inline void check_fault(struct checker *c, const char *what,
			       struct slice at)
{
	if (!c->fault[0])
		snprintf(c->fault, sizeof(c->fault), "%s at \"%.*s\"", what,
			 (int)(at.len < 60 ? at.len : 60), at.ptr);
}

/* Adds text without its white space. */
static inline void check_squeeze(struct buf *out, struct slice text)
{
	size_t pos = 0, from;

	while (pos < text.len) {
		int32_t code;

		from = pos;
		code = utf8_next(text, &pos);
		if (code < 0 || !text_is_space((uint32_t)code))
			buf_add(out, text.ptr + from, pos - from);
	}
}

static inline void check_text(struct checker *c, struct slice text, bool raw)
{
	struct buf plain;

	buf_init(&plain, text.len + 1);
	for (size_t i = 0; i < text.len; i++) {
		static const char *const names[] = {"&amp;", "&lt;", "&gt;",
						    "&quot;", "&#13;"};
		struct slice here = {text.ptr + i, text.len - i};
		int n = 0;

		while (n < 5 &&
		       (raw || !slice_starts(here, slice_text(names[n]))))
			n++;
		buf_add_char(&plain, n < 5 ? "&<>\"\r"[n] : text.ptr[i]);
		i += n < 5 ? strlen(names[n]) - 1 : 0;
	}
	if (!c->head && !c->del)
		check_squeeze(&c->accepted, buf_slice(&plain));
	if (!c->head && !c->ins)
		check_squeeze(&c->rejected, buf_slice(&plain));
	buf_release(&plain);
}

/* The length of a tag: its name, then attributes as they are written, each
 * with a value in quotes. */
static inline size_t check_tag_length(struct slice text)
{
	size_t i = 1;

	while (i < text.len && !strchr(" \t\n\f>", text.ptr[i]))
		i++;
	while (i < text.len && text.ptr[i] != '>') {
		const char *end;

		if (strchr(" \t\n\f/", text.ptr[i])) {
			i++;
			continue;
		}
		i++; /* a "=" may begin a name */
		while (i < text.len && text.ptr[i] != '=')
			i++;
		i += 2;
		end = i < text.len ? memchr(text.ptr + i, '"', text.len - i)
				   : NULL;
		i = end ? (size_t)(end - text.ptr) + 1 : text.len;
	}
	return i < text.len ? i + 1 : text.len;
}

static inline bool check_is_mark(const struct checker *c, struct slice name,
				 const char *mark)
{
	return c->xml ? name.len == strlen(mark) + 5 &&
				slice_starts(name, SLICE("diff:")) &&
				!memcmp(name.ptr + 5, mark, strlen(mark))
		      : slice_is(name, mark);
}

static inline void check_count(struct checker *c, int step)
{
	struct slice name = c->stack[c->depth].name;

	if (c->stack[c->depth].own)
		return;
	if (check_is_mark(c, name, "ins"))
		c->ins += step;
	if (check_is_mark(c, name, "del"))
		c->del += step;
	if (!c->xml && slice_is(name, "head"))
		c->head += step;
}

/* Is the end tag of that name there? */
static inline bool check_ends(const struct checker *c, struct slice name,
			      size_t at)
{
	const char *here = c->rest.ptr + at;

	return c->rest.len - at > name.len + 2 && here[0] == '<' &&
	       here[1] == '/' && !strncasecmp(here + 2, name.ptr, name.len) &&
	       strchr(" \t\n\f/>", here[2 + name.len]) && here[2 + name.len];
}

static inline void check_open(struct checker *c, struct slice tag,
			      struct slice name)
{
	static const char forbidden[] =
		" ul ol menu dir dl table tbody thead tfoot tr colgroup select "
		"optgroup head html script style textarea title ";
	static const char empty[] =
		" area base basefont bgsound br col command embed frame hr "
		"img input keygen link meta param source track wbr ";
	static const char raw[] = " script style xmp iframe noembed noframes ";
	int foreign = 0; /* 1: in SVG, 2: in MathML */

	c->stack[c->depth].name = name;
	c->stack[c->depth].own =
		memmem(tag.ptr, tag.len, "tagdiff_source", 14) != NULL;
	for (int i = 0; i < c->depth; i++) {
		struct slice around = c->stack[i].name;

		if (check_in(around, " svg math "))
			foreign = slice_is(around, "svg") ? 1 : 2;
		else if (check_in(around, foreign == 1
						  ? " title desc foreignObject "
						  : " mi mo mn ms mtext "
						    "annotation-xml "))
			foreign = 0;
	}
	c->stack[c->depth].own |= foreign != 0 && !c->xml;
	if (!c->xml && c->depth && !c->stack[c->depth].own &&
	    check_in(name, " ins del ") &&
	    check_in(c->stack[c->depth - 1].name, forbidden))
		check_fault(c, "a mark where none may stand", tag);
	if (c->xml ? tag.ptr[tag.len - 2] == '/'
		   : !foreign && check_in(name, empty))
		return;
	check_count(c, 1);
	if (++c->depth == CHECK_DEPTH)
		check_fault(c, "too deep", tag);
	if (!c->xml && !foreign && check_in(name, raw)) {
		size_t len = 0;

		while (len < c->rest.len && !check_ends(c, name, len))
			len++;
		check_text(c, slice_of(c->rest.ptr, len), true);
		c->rest = slice_of(c->rest.ptr + len, c->rest.len - len);
	}
}

static inline void check_close(struct checker *c, struct slice tag,
			       struct slice name)
{
	if (!c->depth || !slice_equal(c->stack[c->depth - 1].name, name)) {
		check_fault(c, "an end tag that ends nothing", tag);
		return;
	}
	c->depth--;
	check_count(c, -1);
}

static inline void check_tag(struct checker *c)
{
	struct slice tag = {c->rest.ptr, check_tag_length(c->rest)};
	bool close = tag.len > 1 && tag.ptr[1] == '/';
	struct slice name = {tag.ptr + (close ? 2 : 1), 0};

	while (name.ptr + name.len < tag.ptr + tag.len &&
	       !strchr(" \t\n\f/>", name.ptr[name.len]))
		name.len++;
	c->rest = slice_of(tag.ptr + tag.len, c->rest.len - tag.len);
	if (close)
		check_close(c, tag, name);
	else
		check_open(c, tag, name);
}

static inline void check_step(struct checker *c)
{
	const char *end = NULL;
	size_t len;

	if (c->rest.ptr[0] != '<') {
		end = memchr(c->rest.ptr, '<', c->rest.len);
		len = end ? (size_t)(end - c->rest.ptr) : c->rest.len;
		check_text(c, slice_of(c->rest.ptr, len), false);
	} else if (slice_starts(c->rest, SLICE("<!--"))) {
		end = memmem(c->rest.ptr + 4, c->rest.len - 4, "-->", 3);
		len = end ? (size_t)(end - c->rest.ptr) + 3 : c->rest.len;
	} else if (c->xml && slice_starts(c->rest, SLICE("<?"))) {
		/* In XML what is inside may hold a ">". */
		end = memmem(c->rest.ptr + 2, c->rest.len - 2, "?>", 2);
		len = end ? (size_t)(end - c->rest.ptr) + 2 : c->rest.len;
	} else if (c->rest.len > 1 &&
		   (c->rest.ptr[1] == '!' || c->rest.ptr[1] == '?')) {
		end = memchr(c->rest.ptr, '>', c->rest.len);
		len = end ? (size_t)(end - c->rest.ptr) + 1 : c->rest.len;
	} else {
		check_tag(c);
		return;
	}
	c->rest = slice_of(c->rest.ptr + len, c->rest.len - len);
}

/* Reads a marked document; its faults are in c->fault. */
static inline void checker_run(struct checker *c, struct slice text, bool xml)
{
	*c = (struct checker){.rest = text, .xml = xml};
	buf_init(&c->accepted, SIZE_MAX / 2);
	buf_init(&c->rejected, SIZE_MAX / 2);
	while (c->rest.len && !c->fault[0])
		check_step(c);
	if (c->depth)
		check_fault(c, "left open", c->stack[c->depth - 1].name);
}

static inline void checker_release(struct checker *c)
{
	buf_release(&c->accepted);
	buf_release(&c->rejected);
}

/* The text of a tree without its white space, and without a head. */
static inline void check_tree_text(const struct markup_node *root,
				   struct buf *out)
{
	const struct markup_node *node = root;

	while (node) {
		if (node->kind == MARKUP_TEXT || node->kind == MARKUP_CDATA)
			check_squeeze(out, node->text);
		node = node->kind == MARKUP_ELEMENT &&
				       slice_is(node->name, "head")
			       ? markup_next_skip(root, node)
			       : markup_next(root, node);
	}
}

#endif
