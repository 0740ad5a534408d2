/*
 * The tags of HTML that some rule knows by name, with the groups they are in.
 * The groups of the parser are those of html5lib 1.1, whose trees it makes; the
 * last ones are for whoever writes marks into a tree.
 */
#ifndef MARKUP_HTML_TAG_H
#define MARKUP_HTML_TAG_H

#include "markup/markup.h"

#define TAG_VOID	(1u << 0) /* no content, no end tag */
#define TAG_SPECIAL	(1u << 1) /* the standard's "special" elements */
#define TAG_FORMATTING	(1u << 2) /* reopened when misnested */
#define TAG_CLOSE_P	(1u << 3) /* its start ends a paragraph */
#define TAG_BLOCK_END	(1u << 4) /* its end closes all up to it */
#define TAG_IN_HEAD	(1u << 5) /* handled as in the head, anywhere */
#define TAG_MISPLACED	(1u << 6) /* ignored outside of its parent */
#define TAG_BREAKOUT	(1u << 7) /* ends SVG and MathML */
#define TAG_SCOPE	(1u << 8) /* bounds the search for open elements */
#define TAG_IMPLIED_END (1u << 9) /* closed when an ancestor is */
#define TAG_HEADING	(1u << 10)
#define TAG_TABLE	(1u << 11) /* table and its rows: no text in it */
#define TAG_BLOCK	(1u << 12) /* begins and ends a line of text */
#define TAG_STRUCT	(1u << 13) /* only certain children, no text */
#define TAG_PHRASING	(1u << 14) /* a block that may hold no block */
#define TAG_ATOMIC	(1u << 15) /* holds something that no mark may be in */
#define TAG_RAW		(1u << 16) /* text that knows no entities */

/* clang-format off */
#define HTML_TAGS(X) \
	X(A, "a", TAG_FORMATTING) \
	X(ABBR, "abbr", 0) \
	X(ACRONYM, "acronym", 0) \
	X(ADDRESS, "address", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BLOCK) \
	X(ANNOTATION_XML, "annotation-xml", 0) \
	X(APPLET, "applet", TAG_SPECIAL | TAG_SCOPE | TAG_ATOMIC) \
	X(AREA, "area", TAG_VOID | TAG_SPECIAL) \
	X(ARTICLE, "article", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BLOCK) \
	X(ASIDE, "aside", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BLOCK) \
	X(AUDIO, "audio", 0) \
	X(B, "b", TAG_FORMATTING | TAG_BREAKOUT) \
	X(BASE, "base", TAG_VOID | TAG_SPECIAL | TAG_IN_HEAD) \
	X(BASEFONT, "basefont", TAG_VOID | TAG_SPECIAL | TAG_IN_HEAD) \
	X(BDI, "bdi", 0) \
	X(BDO, "bdo", 0) \
	X(BGSOUND, "bgsound", TAG_VOID | TAG_SPECIAL | TAG_IN_HEAD) \
	X(BIG, "big", TAG_FORMATTING | TAG_BREAKOUT) \
	X(BLOCKQUOTE, "blockquote", TAG_SPECIAL | TAG_CLOSE_P | \
		TAG_BLOCK_END | TAG_BREAKOUT | TAG_BLOCK) \
	X(BODY, "body", TAG_SPECIAL | TAG_BREAKOUT | TAG_BLOCK) \
	X(BR, "br", TAG_VOID | TAG_SPECIAL | TAG_BREAKOUT) \
	X(BUTTON, "button", TAG_SPECIAL | TAG_BLOCK_END) \
	X(CANVAS, "canvas", 0) \
	X(CAPTION, "caption", TAG_SPECIAL | TAG_MISPLACED | TAG_SCOPE | \
		TAG_BLOCK) \
	X(CENTER, "center", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BREAKOUT | TAG_BLOCK) \
	X(CITE, "cite", 0) \
	X(CODE, "code", TAG_FORMATTING | TAG_BREAKOUT) \
	X(COL, "col", TAG_VOID | TAG_SPECIAL | TAG_MISPLACED | TAG_BLOCK) \
	X(COLGROUP, "colgroup", TAG_SPECIAL | TAG_MISPLACED | TAG_BLOCK | \
		TAG_STRUCT) \
	X(COMMAND, "command", TAG_VOID | TAG_SPECIAL | TAG_IN_HEAD) \
	X(DATA, "data", 0) \
	X(DATALIST, "datalist", TAG_ATOMIC) \
	X(DD, "dd", TAG_SPECIAL | TAG_BREAKOUT | TAG_IMPLIED_END | TAG_BLOCK) \
	X(DEL, "del", 0) \
	X(DESC, "desc", 0) \
	X(DETAILS, "details", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BLOCK) \
	X(DFN, "dfn", 0) \
	X(DIALOG, "dialog", TAG_BLOCK_END | TAG_BLOCK) \
	X(DIR, "dir", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BLOCK | TAG_STRUCT) \
	X(DIV, "div", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BREAKOUT | TAG_BLOCK) \
	X(DL, "dl", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BREAKOUT | TAG_BLOCK | TAG_STRUCT) \
	X(DT, "dt", TAG_SPECIAL | TAG_BREAKOUT | TAG_IMPLIED_END | TAG_BLOCK) \
	X(EM, "em", TAG_FORMATTING | TAG_BREAKOUT) \
	X(EMBED, "embed", TAG_VOID | TAG_SPECIAL | TAG_BREAKOUT) \
	X(FIELDSET, "fieldset", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BLOCK) \
	X(FIGCAPTION, "figcaption", TAG_CLOSE_P | TAG_BLOCK_END | TAG_BLOCK) \
	X(FIGURE, "figure", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BLOCK) \
	X(FONT, "font", TAG_FORMATTING) \
	X(FOOTER, "footer", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BLOCK) \
	X(FOREIGNOBJECT, "foreignObject", 0) \
	X(FORM, "form", TAG_SPECIAL | TAG_BLOCK) \
	X(FRAME, "frame", TAG_VOID | TAG_SPECIAL | TAG_MISPLACED) \
	X(FRAMESET, "frameset", TAG_SPECIAL | TAG_BLOCK | TAG_STRUCT) \
	X(H1, "h1", TAG_SPECIAL | TAG_BREAKOUT | TAG_HEADING | TAG_BLOCK | \
		TAG_PHRASING) \
	X(H2, "h2", TAG_SPECIAL | TAG_BREAKOUT | TAG_HEADING | TAG_BLOCK | \
		TAG_PHRASING) \
	X(H3, "h3", TAG_SPECIAL | TAG_BREAKOUT | TAG_HEADING | TAG_BLOCK | \
		TAG_PHRASING) \
	X(H4, "h4", TAG_SPECIAL | TAG_BREAKOUT | TAG_HEADING | TAG_BLOCK | \
		TAG_PHRASING) \
	X(H5, "h5", TAG_SPECIAL | TAG_BREAKOUT | TAG_HEADING | TAG_BLOCK | \
		TAG_PHRASING) \
	X(H6, "h6", TAG_SPECIAL | TAG_BREAKOUT | TAG_HEADING | TAG_BLOCK | \
		TAG_PHRASING) \
	X(HEAD, "head", TAG_SPECIAL | TAG_MISPLACED | TAG_BREAKOUT | \
		TAG_BLOCK | TAG_STRUCT) \
	X(HEADER, "header", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BLOCK) \
	X(HGROUP, "hgroup", TAG_CLOSE_P | TAG_BLOCK_END | TAG_BLOCK) \
	X(HR, "hr", TAG_VOID | TAG_SPECIAL | TAG_BREAKOUT | TAG_BLOCK) \
	X(HTML, "html", TAG_SPECIAL | TAG_SCOPE | TAG_BLOCK | TAG_STRUCT) \
	X(I, "i", TAG_FORMATTING | TAG_BREAKOUT) \
	X(IFRAME, "iframe", TAG_SPECIAL | TAG_ATOMIC | TAG_RAW) \
	X(IMAGE, "image", TAG_SPECIAL) \
	X(IMG, "img", TAG_VOID | TAG_SPECIAL | TAG_BREAKOUT) \
	X(INPUT, "input", TAG_VOID | TAG_SPECIAL) \
	X(INS, "ins", 0) \
	X(ISINDEX, "isindex", TAG_SPECIAL) \
	X(KBD, "kbd", 0) \
	X(KEYGEN, "keygen", TAG_VOID) \
	X(LABEL, "label", 0) \
	X(LEGEND, "legend", TAG_BLOCK | TAG_PHRASING) \
	X(LI, "li", TAG_SPECIAL | TAG_BREAKOUT | TAG_IMPLIED_END | TAG_BLOCK) \
	X(LINK, "link", TAG_VOID | TAG_SPECIAL | TAG_IN_HEAD) \
	X(LISTING, "listing", TAG_SPECIAL | TAG_BLOCK_END | TAG_BREAKOUT | \
		TAG_BLOCK | TAG_PHRASING) \
	X(MAIN, "main", TAG_CLOSE_P | TAG_BLOCK_END | TAG_BLOCK) \
	X(MALIGNMARK, "malignmark", 0) \
	X(MAP, "map", 0) \
	X(MARK, "mark", 0) \
	X(MARQUEE, "marquee", TAG_SPECIAL | TAG_SCOPE) \
	X(MATH, "math", TAG_ATOMIC) \
	X(MENU, "menu", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BREAKOUT | TAG_BLOCK | TAG_STRUCT) \
	X(META, "meta", TAG_VOID | TAG_SPECIAL | TAG_IN_HEAD | TAG_BREAKOUT) \
	X(METER, "meter", 0) \
	X(MGLYPH, "mglyph", 0) \
	X(MI, "mi", 0) \
	X(MN, "mn", 0) \
	X(MO, "mo", 0) \
	X(MS, "ms", 0) \
	X(MTEXT, "mtext", 0) \
	X(NAV, "nav", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | TAG_BLOCK) \
	X(NOBR, "nobr", TAG_FORMATTING | TAG_BREAKOUT) \
	X(NOEMBED, "noembed", TAG_SPECIAL | TAG_ATOMIC | TAG_RAW) \
	X(NOFRAMES, "noframes", TAG_SPECIAL | TAG_ATOMIC | TAG_RAW) \
	X(NOSCRIPT, "noscript", TAG_SPECIAL) \
	X(OBJECT, "object", TAG_SPECIAL | TAG_SCOPE) \
	X(OL, "ol", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BREAKOUT | TAG_BLOCK | TAG_STRUCT) \
	X(OPTGROUP, "optgroup", TAG_IMPLIED_END | TAG_ATOMIC) \
	X(OPTION, "option", TAG_IMPLIED_END | TAG_ATOMIC) \
	X(OUTPUT, "output", 0) \
	X(P, "p", TAG_SPECIAL | TAG_CLOSE_P | TAG_BREAKOUT | \
		TAG_IMPLIED_END | TAG_BLOCK | TAG_PHRASING) \
	X(PARAM, "param", TAG_VOID | TAG_SPECIAL) \
	X(PICTURE, "picture", 0) \
	X(PLAINTEXT, "plaintext", TAG_SPECIAL | TAG_BLOCK | TAG_RAW) \
	X(PRE, "pre", TAG_SPECIAL | TAG_BLOCK_END | TAG_BREAKOUT | \
		TAG_BLOCK | TAG_PHRASING) \
	X(PROGRESS, "progress", 0) \
	X(Q, "q", 0) \
	X(RB, "rb", 0) \
	X(RP, "rp", TAG_IMPLIED_END) \
	X(RT, "rt", TAG_IMPLIED_END) \
	X(RTC, "rtc", 0) \
	X(RUBY, "ruby", TAG_BREAKOUT) \
	X(S, "s", TAG_FORMATTING | TAG_BREAKOUT) \
	X(SAMP, "samp", 0) \
	X(SCRIPT, "script", TAG_SPECIAL | TAG_IN_HEAD | TAG_ATOMIC | TAG_RAW) \
	X(SEARCH, "search", TAG_BLOCK) \
	X(SECTION, "section", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BLOCK) \
	X(SELECT, "select", TAG_SPECIAL | TAG_STRUCT | TAG_ATOMIC) \
	X(SMALL, "small", TAG_FORMATTING | TAG_BREAKOUT) \
	X(SOURCE, "source", TAG_VOID) \
	X(SPAN, "span", TAG_BREAKOUT) \
	X(STRIKE, "strike", TAG_FORMATTING | TAG_BREAKOUT) \
	X(STRONG, "strong", TAG_FORMATTING | TAG_BREAKOUT) \
	X(STYLE, "style", TAG_SPECIAL | TAG_IN_HEAD | TAG_ATOMIC | TAG_RAW) \
	X(SUB, "sub", TAG_BREAKOUT) \
	X(SUMMARY, "summary", TAG_CLOSE_P | TAG_BLOCK_END | TAG_BLOCK | \
		TAG_PHRASING) \
	X(SUP, "sup", TAG_BREAKOUT) \
	X(SVG, "svg", TAG_ATOMIC) \
	X(TABLE, "table", TAG_SPECIAL | TAG_BREAKOUT | TAG_SCOPE | \
		TAG_TABLE | TAG_BLOCK | TAG_STRUCT) \
	X(TBODY, "tbody", TAG_SPECIAL | TAG_MISPLACED | TAG_TABLE | \
		TAG_BLOCK | TAG_STRUCT) \
	X(TD, "td", TAG_SPECIAL | TAG_MISPLACED | TAG_SCOPE | TAG_BLOCK) \
	X(TEMPLATE, "template", TAG_ATOMIC) \
	X(TEXTAREA, "textarea", TAG_SPECIAL | TAG_ATOMIC) \
	X(TFOOT, "tfoot", TAG_SPECIAL | TAG_MISPLACED | TAG_TABLE | \
		TAG_BLOCK | TAG_STRUCT) \
	X(TH, "th", TAG_SPECIAL | TAG_MISPLACED | TAG_SCOPE | TAG_BLOCK) \
	X(THEAD, "thead", TAG_SPECIAL | TAG_MISPLACED | TAG_TABLE | \
		TAG_BLOCK | TAG_STRUCT) \
	X(TIME, "time", 0) \
	X(TITLE, "title", TAG_SPECIAL | TAG_IN_HEAD | TAG_ATOMIC) \
	X(TR, "tr", TAG_SPECIAL | TAG_MISPLACED | TAG_TABLE | TAG_BLOCK | \
		TAG_STRUCT) \
	X(TRACK, "track", TAG_VOID) \
	X(TT, "tt", TAG_FORMATTING | TAG_BREAKOUT) \
	X(U, "u", TAG_FORMATTING | TAG_BREAKOUT) \
	X(UL, "ul", TAG_SPECIAL | TAG_CLOSE_P | TAG_BLOCK_END | \
		TAG_BREAKOUT | TAG_BLOCK | TAG_STRUCT) \
	X(VAR, "var", TAG_BREAKOUT) \
	X(VIDEO, "video", 0) \
	X(WBR, "wbr", TAG_VOID | TAG_SPECIAL) \
	X(XMP, "xmp", TAG_SPECIAL | TAG_ATOMIC | TAG_RAW)
/* clang-format on */

#define HTML_TAG_ID(id, name, flags) HTML_##id,
enum html_tag { HTML_UNKNOWN, HTML_TAGS(HTML_TAG_ID) HTML_TAG_COUNT };
#undef HTML_TAG_ID

/* The tag of a name in lower case (but foreignObject); HTML_UNKNOWN if no rule
 * knows it. */
enum html_tag html_tag_find(struct slice name);

/* The name of a tag, "" for HTML_UNKNOWN. */
const char *html_tag_name(enum html_tag tag);

/* The groups that a tag is in. */
uint32_t html_tag_flags(enum html_tag tag);

#endif
