/*
 * Tags and text of the merged document, as HTML or XML.
 */
#include "diff/diff_html_model.h"
#include "markup/html_tag.h"

static const char *const class_names[] = {[MERGE_SAME] = "",
					  [MERGE_INSERTED] = "tagdiff_inserted",
					  [MERGE_REPLACED] = "tagdiff_replaced",
					  [MERGE_DELETED] = "tagdiff_deleted",
					  [MERGE_SOURCE] = "tagdiff_source"};

static const char *const xml_marks[] = {[MERGE_SAME] = "",
					[MERGE_INSERTED] = "inserted",
					[MERGE_REPLACED] = "replaced",
					[MERGE_DELETED] = "deleted",
					[MERGE_SOURCE] = ""};

static const char *escape_of(const struct merge_writer *writer, char c,
			     bool value)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return value ? "&quot;" : NULL;
	case '\r':
		return "&#13;";
	case '\n':
		return value && writer->xml ? "&#10;" : NULL;
	case '\t':
		return value && writer->xml ? "&#9;" : NULL;
	default:
		return NULL;
	}
}

static void put_escaped(struct merge_writer *writer, struct slice text,
			bool value)
{
	size_t from = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		const char *with;

		if (c > '>' || (c > '&' && c < '<')) {
			continue;
		}
		with = escape_of(writer, text.ptr[i], value);
		if (with) {
			buf_add(writer->out, text.ptr + from, i - from);
			buf_add_text(writer->out, with);
			from = i + 1;
		}
	}
	buf_add(writer->out, text.ptr + from, text.len - from);
}

void merge_write_text(struct merge_writer *writer, struct slice text)
{
	if (!text.len) {
		return;
	}
	if (writer->after_pre && text.ptr[0] == '\n') {
		buf_add_char(writer->out, '\n');
	}
	writer->after_pre = false;
	put_escaped(writer, text, false);
}

static struct slice name_of(const struct merge_writer *writer,
			    const struct markup_node *node)
{
	if (writer->xml) {
		return node->qname;
	}
	/* What is read as plain text to the very end cannot be written. */
	if (node->tag == HTML_PLAINTEXT && node->space == MARKUP_HTML) {
		return SLICE("pre");
	}
	return node->name;
}

static void put_attr(struct merge_writer *writer, struct slice name,
		     struct slice value, const char *more)
{
	buf_add_char(writer->out, ' ');
	buf_add_slice(writer->out, name);
	buf_add_text(writer->out, "=\"");
	put_escaped(writer, value, true);
	if (more && value.len) {
		buf_add_char(writer->out, ' ');
	}
	buf_add_text(writer->out, more ? more : "");
	buf_add_char(writer->out, '"');
}

static void put_attrs(struct merge_writer *writer,
		      const struct markup_node *node, enum merge_mark mark)
{
	const char *class = class_names[mark];
	bool done = mark == MERGE_SAME;

	for (uint32_t i = 0; i < node->attr_count; i++) {
		const struct markup_attr *attr = &node->attrs[i];
		bool here = !done && slice_is(attr->name, "class");

		put_attr(writer, attr->name, attr->value, here ? class : NULL);
		done |= here;
	}
	if (!done) {
		put_attr(writer, SLICE("class"), SLICE(""), class);
	}
}

/* --- Namespaces ----------------------------------------------------------- */

/* The URI that a prefix stands for in `node`, no ptr if it stands for none. */
static struct slice space_at(const struct markup_node *node,
			     struct slice prefix)
{
	for (; node && node->kind == MARKUP_ELEMENT; node = node->parent) {
		for (uint32_t i = 0; i < node->space_count; i++) {
			if (slice_equal(node->spaces[i].name, prefix)) {
				return node->spaces[i].value;
			}
		}
	}
	return slice_of(NULL, 0);
}

static void put_space(struct merge_writer *writer,
		      const struct markup_attr *space)
{
	buf_add_text(writer->out, space->name.len ? " xmlns:" : " xmlns");
	buf_add_slice(writer->out, space->name);
	buf_add_text(writer->out, "=\"");
	put_escaped(writer, space->value, true);
	buf_add_char(writer->out, '"');
}

/* Declares on an element that comes back all that it knew of namespaces, as
 * it may have come into a place that knows others. */
static void put_all_spaces(struct merge_writer *writer,
			   const struct markup_node *node)
{
	for (const struct markup_node *at = node;
	     at && at->kind == MARKUP_ELEMENT; at = at->parent) {
		for (uint32_t i = 0; i < at->space_count; i++) {
			const struct markup_attr *space = &at->spaces[i];
			struct slice seen = space_at(node, space->name);

			if (seen.ptr == space->value.ptr) {
				put_space(writer, space);
			}
		}
	}
	if (writer->default_space && !space_at(node, SLICE("")).ptr) {
		buf_add_text(writer->out, " xmlns=\"\"");
	}
}

static void put_xml_attrs(struct merge_writer *writer,
			  const struct markup_node *node, enum merge_mark mark)
{
	bool root = node->parent && node->parent->kind == MARKUP_DOCUMENT;

	if (mark == MERGE_DELETED) {
		put_all_spaces(writer, node);
	}
	for (uint32_t i = 0; mark != MERGE_DELETED && i < node->space_count;
	     i++) {
		put_space(writer, &node->spaces[i]);
	}
	if (root && mark != MERGE_DELETED) {
		buf_printf(writer->out, " xmlns:%s=\"urn:cherry:diff\"",
			   writer->prefix);
	}
	for (uint32_t i = 0; i < node->attr_count; i++) {
		put_attr(writer, node->attrs[i].qname, node->attrs[i].value,
			 NULL);
	}
	if (mark != MERGE_SAME) {
		buf_printf(writer->out, " %s:mark=\"%s\"", writer->prefix,
			   xml_marks[mark]);
	}
}

/* --- Tags ----------------------------------------------------------------- */

static bool is_void(const struct markup_node *node)
{
	return node->space == MARKUP_HTML &&
	       (html_tag_flags((enum html_tag)node->tag) & TAG_VOID);
}

/* Is the element written as one tag? Never the outermost: what is gone may come
 * back in it. */
static bool is_closed(const struct merge_writer *writer,
		      const struct markup_node *node)
{
	if (writer->xml) {
		return !node->child && node->parent &&
		       node->parent->kind != MARKUP_DOCUMENT;
	}
	return is_void(node);
}

void merge_write_start(struct merge_writer *writer,
		       const struct markup_node *node, enum merge_mark mark)
{
	writer->after_pre = false;
	buf_add_char(writer->out, '<');
	buf_add_slice(writer->out, name_of(writer, node));
	if (writer->xml) {
		put_xml_attrs(writer, node, mark);
		buf_add_text(writer->out, is_closed(writer, node) ? "/>" : ">");
		return;
	}
	if (node->space == MARKUP_HTML &&
	    (node->tag == HTML_INS || node->tag == HTML_DEL)) {
		mark = MERGE_SOURCE;
	}
	put_attrs(writer, node, mark);
	buf_add_char(writer->out, '>');
	writer->after_pre =
		node->space == MARKUP_HTML &&
		(node->tag == HTML_PRE || node->tag == HTML_LISTING ||
		 node->tag == HTML_PLAINTEXT || node->tag == HTML_TEXTAREA);
}

void merge_write_end(struct merge_writer *writer,
		     const struct markup_node *node)
{
	writer->after_pre = false;
	if (is_closed(writer, node)) {
		return;
	}
	buf_add_text(writer->out, "</");
	buf_add_slice(writer->out, name_of(writer, node));
	buf_add_char(writer->out, '>');
}

void merge_write_tag(struct merge_writer *writer, const char *name, bool close,
		     enum merge_mark mark)
{
	writer->after_pre = false;
	buf_add_text(writer->out, close ? "</" : "<");
	if (writer->xml) {
		buf_printf(writer->out, "%s:", writer->prefix);
	}
	buf_add_text(writer->out, name);
	if (!close && mark != MERGE_SAME) {
		put_attr(writer, SLICE("class"), SLICE(""), class_names[mark]);
	}
	buf_add_char(writer->out, '>');
}

static void put_comment(struct merge_writer *writer, struct slice text)
{
	buf_add_text(writer->out, "<!--");
	buf_add_slice(writer->out, text);
	buf_add_text(writer->out, "-->");
}

static void put_doctype(struct merge_writer *writer,
			const struct markup_node *node)
{
	buf_add_text(writer->out, "<!DOCTYPE ");
	buf_add_slice(writer->out, node->name);
	if (node->has_public) {
		buf_add_text(writer->out, " PUBLIC \"");
		buf_add_slice(writer->out, node->public_id);
		buf_add_char(writer->out, '"');
	} else if (node->has_system) {
		buf_add_text(writer->out, " SYSTEM");
	}
	if (node->has_system) {
		char quote =
			memchr(node->system_id.ptr, '"', node->system_id.len)
				? '\''
				: '"';

		buf_add_char(writer->out, ' ');
		buf_add_char(writer->out, quote);
		buf_add_slice(writer->out, node->system_id);
		buf_add_char(writer->out, quote);
	}
	buf_add_text(writer->out, ">\n");
}

void merge_write_other(struct merge_writer *writer,
		       const struct markup_node *node)
{
	writer->after_pre = false;
	switch (node->kind) {
	case MARKUP_COMMENT:
		put_comment(writer, node->text);
		break;
	case MARKUP_DOCTYPE:
		put_doctype(writer, node);
		break;
	case MARKUP_PI:
		buf_add_text(writer->out, "<?");
		buf_add_slice(writer->out, node->name);
		buf_add_text(writer->out, node->text.len ? " " : "");
		buf_add_slice(writer->out, node->text);
		buf_add_text(writer->out, "?>");
		break;
	default:
		break;
	}
	if (node->parent && node->parent->kind == MARKUP_DOCUMENT &&
	    node->kind != MARKUP_DOCTYPE) {
		buf_add_char(writer->out, '\n');
	}
}

static bool is_raw(const struct markup_node *node)
{
	return node && node->space == MARKUP_HTML &&
	       node->tag != HTML_PLAINTEXT &&
	       (html_tag_flags((enum html_tag)node->tag) & TAG_RAW);
}

/* A textarea holds text alone, whatever formatting the parser has reopened in
 * it. */
static bool is_in_textarea(const struct markup_node *node,
			   const struct markup_node *root)
{
	return node != root && root->space == MARKUP_HTML &&
	       root->tag == HTML_TEXTAREA && node->kind == MARKUP_ELEMENT;
}

static void put_node(struct merge_writer *writer,
		     const struct markup_node *node, enum merge_mark mark)
{
	if (node->kind == MARKUP_ELEMENT) {
		merge_write_start(writer, node, mark);
	} else if (node->kind != MARKUP_TEXT && node->kind != MARKUP_CDATA) {
		merge_write_other(writer, node);
	} else if (!writer->xml && is_raw(node->parent)) {
		buf_add_slice(writer->out, node->text);
	} else {
		merge_write_text(writer, node->text);
	}
}

static bool finds_script(struct slice text)
{
	for (size_t i = 0; i + 7 <= text.len; i++) {
		if (!strncasecmp(text.ptr + i, "<script", 7)) {
			return true;
		}
	}
	return false;
}

/* Would the end tag of this script not end it? The standard reads "<!--" and
 * "<script" in a script as the begin of another one. */
static bool is_endless(const struct markup_node *node)
{
	return node->space == MARKUP_HTML && node->tag == HTML_SCRIPT &&
	       node->child &&
	       memmem(node->child->text.ptr, node->child->text.len, "<!--",
		      4) &&
	       finds_script(node->child->text);
}

void merge_write_whole(struct merge_writer *writer,
		       const struct markup_node *node, enum merge_mark mark)
{
	const struct markup_node *at = node;

	if (is_endless(node)) {
		merge_write_tag(writer, "code", false, mark);
		merge_write_text(writer, node->child->text);
		merge_write_tag(writer, "code", true, MERGE_SAME);
		return;
	}

	for (;;) {
		if (!is_in_textarea(at, node)) {
			put_node(writer, at, at == node ? mark : MERGE_SAME);
		}
		if (at->child) {
			at = at->child;
			continue;
		}
		for (;; at = at->parent) {
			if (at->kind == MARKUP_ELEMENT &&
			    !is_in_textarea(at, node)) {
				merge_write_end(writer, at);
			}
			if (at == node) {
				return;
			}
			if (at->next) {
				at = at->next;
				break;
			}
		}
	}
}
