/*
 * What may stand where. The rules are the parser's, so that what is written
 * comes out of a browser as it went in, and stricter where the parser would
 * take what no author means.
 */
#include "diff/diff_html_model.h"
#include "markup/html_tag.h"

static bool is_tag(const struct markup_node *node, enum html_tag tag)
{
	return node->kind == MARKUP_ELEMENT && node->space == MARKUP_HTML &&
	       node->tag == tag;
}

bool merge_holds_text(const struct merge *merge,
		      const struct markup_node *parent)
{
	return merge->xml || (parent->kind == MARKUP_ELEMENT &&
			      !(merge_flags(merge, parent) &
				(TAG_STRUCT | TAG_ATOMIC | TAG_VOID)));
}

static bool is_open(const struct markup_node *top, enum html_tag tag)
{
	while (top && !is_tag(top, tag)) {
		top = top->parent;
	}
	return top != NULL;
}

bool merge_clashes(const struct merge *merge, const struct markup_node *top,
		   const struct markup_node *child)
{
	if (merge->xml || child->space != MARKUP_HTML) {
		return false;
	}
	switch (child->tag) {
	case HTML_A:
	case HTML_NOBR:
	case HTML_BUTTON:
	case HTML_FORM:
		return is_open(top, (enum html_tag)child->tag);
	case HTML_INS: /* would be taken for a mark of ours */
	case HTML_DEL:
	case HTML_OPTION:
	case HTML_OPTGROUP:
	case HTML_RP:
	case HTML_RT:
	case HTML_BODY:
	case HTML_HTML:
	case HTML_FRAMESET:
		return true;
	default:
		return false;
	}
}

static bool fits_struct(const struct markup_node *parent, enum html_tag child)
{
	switch (child) {
	case HTML_TR:
		return is_tag(parent, HTML_TBODY) ||
		       is_tag(parent, HTML_THEAD) || is_tag(parent, HTML_TFOOT);
	case HTML_TD:
	case HTML_TH:
		return is_tag(parent, HTML_TR);
	case HTML_TBODY:
	case HTML_THEAD:
	case HTML_TFOOT:
	case HTML_CAPTION:
	case HTML_COLGROUP:
		return is_tag(parent, HTML_TABLE);
	case HTML_COL:
		return is_tag(parent, HTML_COLGROUP);
	case HTML_LI:
		return is_tag(parent, HTML_UL) || is_tag(parent, HTML_OL) ||
		       is_tag(parent, HTML_MENU) || is_tag(parent, HTML_DIR);
	case HTML_DT:
	case HTML_DD:
		return is_tag(parent, HTML_DL);
	default:
		return false;
	}
}

static bool is_struct_child(enum html_tag tag)
{
	switch (tag) {
	case HTML_TR:
	case HTML_TD:
	case HTML_TH:
	case HTML_TBODY:
	case HTML_THEAD:
	case HTML_TFOOT:
	case HTML_CAPTION:
	case HTML_COLGROUP:
	case HTML_COL:
	case HTML_LI:
	case HTML_DT:
	case HTML_DD:
		return true;
	default:
		return false;
	}
}

/* Is it an element for one kind of parent only, such as td or li? */
static bool is_part(const struct merge *merge, const struct markup_node *node)
{
	return !merge->xml && node->space == MARKUP_HTML &&
	       is_struct_child((enum html_tag)node->tag);
}

bool merge_fits(const struct merge *merge, const struct markup_node *parent,
		const struct markup_node *child)
{
	uint32_t flags, around;

	if (merge->xml) {
		return true;
	}
	flags = merge_flags(merge, child);
	if (is_part(merge, child)) {
		return fits_struct(parent, (enum html_tag)child->tag);
	}
	if (!merge_holds_text(merge, parent) ||
	    merge_clashes(merge, parent, child)) {
		return false;
	}
	if (!(flags & TAG_BLOCK) || child->space != MARKUP_HTML) {
		return true;
	}
	around = merge_flags(merge, parent);
	return (around & TAG_BLOCK) && !(around & TAG_PHRASING);
}

uint32_t merge_wrappers(const struct merge *merge,
			const struct markup_node *parent, const char *names[3])
{
	uint32_t count = 0;

	if (merge_holds_text(merge, parent)) {
		return 0;
	}
	switch (parent->tag) {
	case HTML_UL:
	case HTML_OL:
	case HTML_MENU:
	case HTML_DIR:
		names[count++] = "li";
		break;
	case HTML_DL:
		names[count++] = "dd";
		break;
	case HTML_TABLE:
		names[count++] = "tbody";
		names[count++] = "tr";
		names[count++] = "td";
		break;
	case HTML_TBODY:
	case HTML_THEAD:
	case HTML_TFOOT:
		names[count++] = "tr";
		names[count++] = "td";
		break;
	case HTML_TR:
		names[count++] = "td";
		break;
	default:
		break;
	}
	return count;
}
