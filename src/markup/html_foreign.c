/*
 * SVG and MathML inside of HTML: which tokens are theirs, and the case of their
 * names, which HTML's tokenizer has lowered.
 */
#include "markup/html_tree.h"

static const char *const svg_tags[] = {
	"altGlyph",	     "altGlyphDef",
	"altGlyphItem",	     "animateColor",
	"animateMotion",     "animateTransform",
	"clipPath",	     "feBlend",
	"feColorMatrix",     "feComponentTransfer",
	"feComposite",	     "feConvolveMatrix",
	"feDiffuseLighting", "feDisplacementMap",
	"feDistantLight",    "feFlood",
	"feFuncA",	     "feFuncB",
	"feFuncG",	     "feFuncR",
	"feGaussianBlur",    "feImage",
	"feMerge",	     "feMergeNode",
	"feMorphology",	     "feOffset",
	"fePointLight",	     "feSpecularLighting",
	"feSpotLight",	     "feTile",
	"feTurbulence",	     "foreignObject",
	"glyphRef",	     "linearGradient",
	"radialGradient",    "textPath",
};

static const char *const svg_attrs[] = {
	"attributeName",
	"attributeType",
	"baseFrequency",
	"baseProfile",
	"calcMode",
	"clipPathUnits",
	"contentScriptType",
	"contentStyleType",
	"diffuseConstant",
	"edgeMode",
	"externalResourcesRequired",
	"filterRes",
	"filterUnits",
	"glyphRef",
	"gradientTransform",
	"gradientUnits",
	"kernelMatrix",
	"kernelUnitLength",
	"keyPoints",
	"keySplines",
	"keyTimes",
	"lengthAdjust",
	"limitingConeAngle",
	"markerHeight",
	"markerUnits",
	"markerWidth",
	"maskContentUnits",
	"maskUnits",
	"numOctaves",
	"pathLength",
	"patternContentUnits",
	"patternTransform",
	"patternUnits",
	"pointsAtX",
	"pointsAtY",
	"pointsAtZ",
	"preserveAlpha",
	"preserveAspectRatio",
	"primitiveUnits",
	"refX",
	"refY",
	"repeatCount",
	"repeatDur",
	"requiredExtensions",
	"requiredFeatures",
	"specularConstant",
	"specularExponent",
	"spreadMethod",
	"startOffset",
	"stdDeviation",
	"stitchTiles",
	"surfaceScale",
	"systemLanguage",
	"tableValues",
	"targetX",
	"targetY",
	"textLength",
	"viewBox",
	"viewTarget",
	"xChannelSelector",
	"yChannelSelector",
	"zoomAndPan",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The name of the list that is this one but for case, else the name itself. */
static struct slice adjust(struct slice name, const char *const *list,
			   size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(list[i]) == name.len &&
		    !strncasecmp(list[i], name.ptr, name.len)) {
			return slice_text(list[i]);
		}
	}
	return name;
}

static void adjust_token(struct html_token *token, enum markup_space space)
{
	for (uint32_t i = 0; i < token->attr_count; i++) {
		struct slice *name = &token->attrs[i].name;

		if (space == MARKUP_SVG) {
			*name = adjust(*name, svg_attrs, COUNT(svg_attrs));
		} else if (slice_is(*name, "definitionurl")) {
			*name = SLICE("definitionURL");
		}
	}
}

static void insert_foreign(struct html_builder *b, struct html_token *token,
			   enum markup_space space)
{
	adjust_token(token, space);
	if (html_insert_space(b, token, space) && token->self_closing) {
		html_pop(b);
	}
}

void html_foreign_enter(struct html_builder *b, const struct html_token *token)
{
	struct html_token copy = *token;

	html_format_reopen(b);
	insert_foreign(b, &copy,
		       token->tag == HTML_SVG ? MARKUP_SVG : MARKUP_MATHML);
}

static bool is_math_text(const struct markup_node *node)
{
	return node->space == MARKUP_MATHML &&
	       (node->tag == HTML_MI || node->tag == HTML_MO ||
		node->tag == HTML_MN || node->tag == HTML_MS ||
		node->tag == HTML_MTEXT);
}

static bool is_html_place(const struct markup_node *node)
{
	const struct markup_attr *encoding;

	if (node->space == MARKUP_SVG) {
		return node->tag == HTML_FOREIGNOBJECT ||
		       node->tag == HTML_DESC || node->tag == HTML_TITLE;
	}
	if (node->space != MARKUP_MATHML || node->tag != HTML_ANNOTATION_XML) {
		return false;
	}
	encoding = markup_attr(node, "encoding");
	return encoding &&
	       ((encoding->value.len == 9 &&
		 !strncasecmp(encoding->value.ptr, "text/html", 9)) ||
		(encoding->value.len == 21 &&
		 !strncasecmp(encoding->value.ptr, "application/xhtml+xml",
			      21)));
}

bool html_foreign_wants(const struct html_builder *b,
			const struct html_token *token)
{
	const struct markup_node *top = b->depth ? html_top(b) : NULL;
	bool start = token->kind == HTML_TOKEN_START;
	bool text = token->kind == HTML_TOKEN_TEXT;

	if (!top || top->space == MARKUP_HTML ||
	    token->kind == HTML_TOKEN_END_OF_FILE) {
		return false;
	}
	if (is_math_text(top) && (text || (start && token->tag != HTML_MGLYPH &&
					   token->tag != HTML_MALIGNMARK))) {
		return false;
	}
	if (top->space == MARKUP_MATHML && top->tag == HTML_ANNOTATION_XML &&
	    start && token->tag == HTML_SVG) {
		return false;
	}
	return !(is_html_place(top) && (start || text));
}

static bool is_breakout(const struct html_token *token)
{
	if (token->tag == HTML_FONT) {
		for (uint32_t i = 0; i < token->attr_count; i++) {
			struct slice name = token->attrs[i].name;

			if (slice_is(name, "color") || slice_is(name, "face") ||
			    slice_is(name, "size")) {
				return true;
			}
		}
	}
	return html_tag_flags(token->tag) & TAG_BREAKOUT;
}

static void break_out(struct html_builder *b)
{
	while (html_top(b)->space != MARKUP_HTML &&
	       !is_html_place(html_top(b)) && !is_math_text(html_top(b))) {
		html_pop(b);
	}
}

static bool foreign_start(struct html_builder *b,
			  const struct html_token *token)
{
	enum markup_space space = html_top(b)->space;
	struct html_token copy = *token;

	if (is_breakout(token)) {
		break_out(b);
		return true;
	}
	if (space == MARKUP_SVG) {
		copy.name = adjust(copy.name, svg_tags, COUNT(svg_tags));
		copy.tag = html_tag_find(copy.name);
	}
	insert_foreign(b, &copy, space);
	return false;
}

static bool foreign_end(struct html_builder *b, const struct html_token *token)
{
	if ((token->tag == HTML_BR || token->tag == HTML_P) &&
	    !b->limits->html5lib) {
		break_out(b);
		return html_mode_take(b, token);
	}
	for (uint32_t i = b->depth; i-- > 0;) {
		const struct markup_node *node = b->stack[i];

		if (i + 1 < b->depth && node->space == MARKUP_HTML) {
			return html_mode_take(b, token);
		}
		if (node->name.len == token->name.len &&
		    !strncasecmp(node->name.ptr, token->name.ptr,
				 token->name.len)) {
			html_pop_node(b, node);
			return false;
		}
	}
	return false;
}

bool html_foreign_take(struct html_builder *b, const struct html_token *token)
{
	switch (token->kind) {
	case HTML_TOKEN_START:
		return foreign_start(b, token);
	case HTML_TOKEN_END:
		return foreign_end(b, token);
	case HTML_TOKEN_TEXT:
		html_insert_text(b, token->text);
		return false;
	case HTML_TOKEN_COMMENT:
		html_insert_comment(b, token->text, html_top(b));
		return false;
	default:
		return false;
	}
}
