/*
 * html and xml through the task: each argument reaches the comparison, results
 * and errors have the members that they should have. What is right about the
 * comparisons themselves is tested beside them.
 */
#include <criterion/criterion.h>

#include "diff_case.h"

/* `member` of the result as JSON must be `want`. */
static const struct {
	const char *what, *args, *member, *want;
} cases[] = {
	{"xml: opcodes by default",
	 "\"format\":\"xml\",\"old\":\"<a>x</a>\",\"new\":\"<a>y</a>\"",
	 "opcodes",
	 "[[\"equal\",0,1,0,1],[\"replace\",1,2,1,2],[\"equal\",2,3,2,3]]"},
	{"xml: events",
	 "\"format\":\"xml\",\"old\":\"<a b='1'/>\",\"new\":\"<a/>\","
	 "\"events\":true",
	 "old_events", "[[\"START\",\"a\",[[\"b\",\"1\"]]],[\"END\",\"a\"]]"},
	{"xml: stats alone",
	 "\"format\":\"xml\",\"old\":\"<a/>\",\"new\":\"<b/>\","
	 "\"output\":\"stats\"",
	 "stats", "{\"equal\":0,\"deleted\":0,\"inserted\":0,\"replaced\":2}"},
	{"xml: entities of HTML",
	 "\"format\":\"xml\",\"old\":\"<a>&eacute;</a>\","
	 "\"new\":\"<a>\\u00e9</a>\"",
	 "ratio", "1.0"},
	{"xml: white space ignored",
	 "\"format\":\"xml\",\"old\":\"<a> <b/></a>\",\"new\":\"<a><b/></a>\","
	 "\"ignore\":[\"whitespace\"]",
	 "ratio", "1.0"},
	{"xml: case ignored",
	 "\"format\":\"xml\",\"old\":\"<a>X</a>\",\"new\":\"<a>x</a>\","
	 "\"ignore\":[\"case\"]",
	 "ratio", "1.0"},
	{"xml: comments ignored",
	 "\"format\":\"xml\",\"old\":\"<a><!--x--></a>\",\"new\":\"<a/>\","
	 "\"ignore\":[\"comments\"]",
	 "ratio", "1.0"},
	{"xml: order of attributes ignored",
	 "\"format\":\"xml\",\"old\":\"<a b='1' c='2'/>\","
	 "\"new\":\"<a c='2' b='1'/>\",\"ignore\":[\"attribute_order\"]",
	 "ratio", "1.0"},
	{"html: equal documents",
	 "\"format\":\"html\",\"old\":\"<!doctype html><title>t</title><p>x\","
	 "\"new\":\"<!doctype html><title>t</title><p>x\",\"output\":\"stats\"",
	 "ratio", "1.0"},
	{"html: all of an equal document counts",
	 "\"format\":\"html\",\"old\":\"<!doctype html><title>t</title><p>x\","
	 "\"new\":\"<!doctype html><title>t</title><p>x\",\"output\":\"stats\"",
	 "stats", "{\"equal\":6,\"deleted\":0,\"inserted\":0,\"replaced\":0}"},
	{"html: another title",
	 "\"format\":\"html\",\"old\":\"<!doctype html><title>t</title><p>x\","
	 "\"new\":\"<!doctype html><title>u</title><p>x\",\"output\":\"stats\"",
	 "stats", "{\"equal\":5,\"deleted\":0,\"inserted\":0,\"replaced\":1}"},
	{"html: the head's elements one to one",
	 "\"format\":\"html\",\"old\":\"<!doctype html><meta name=a><meta "
	 "name=b><meta name=c><p>x\","
	 "\"new\":\"<!doctype html><meta name=c><meta name=q><meta "
	 "name=a><meta name=a><p>x\",\"output\":\"stats\"",
	 "stats", "{\"equal\":7,\"deleted\":0,\"inserted\":1,\"replaced\":1}"},
	{"html: gone from the head",
	 "\"format\":\"html\",\"old\":\"<!doctype "
	 "html><link><title>t</title><p>x\","
	 "\"new\":\"<!doctype html><title>t</title><p>x\",\"output\":\"stats\"",
	 "stats", "{\"equal\":6,\"deleted\":1,\"inserted\":0,\"replaced\":0}"},
	{"html: as htmldiff",
	 "\"format\":\"html\",\"old\":\"<p>Foo bar</p>\","
	 "\"new\":\"<p>Foo baz</p>\",\"compat\":\"htmldiff\"",
	 "diff",
	 "\"<div class=\\\"diff\\\"><p>Foo <del>bar</del> <ins>baz</ins></p>"
	 "</div>\""},
};

Test(task_diff_markup, by_hand)
{
	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++) {
		struct diff_case c;
		struct slice got;

		diff_case_init(&c);
		buf_printf(&c.args, "{%s}", cases[n].args);
		cr_assert_eq(diff_case_run(&c), 0, "%s: %s", cases[n].what,
			     c.err.message);
		got = node_raw(c.result, cases[n].member);
		cr_expect(slice_is(got, cases[n].want), "%s: %.*s",
			  cases[n].what, (int)got.len, got.ptr);
		cr_expect(json_get(c.result, "ratio") &&
				  json_get(c.result, "stats") &&
				  json_get(c.result, "exact"),
			  "%s", cases[n].what);
		diff_case_release(&c);
	}
}

static const struct {
	const char *args;
	enum err_code code;
	const char *reason, *field;
} malformed[] = {
	{"\"format\":\"xml\",\"old\":\"<a>\",\"new\":\"<a/>\"", ERR_BAD_INPUT,
	 "syntax", "old"},
	{"\"format\":\"xml\",\"old\":\"<a/>\",\"new\":\"<a><b></a>\"",
	 ERR_BAD_INPUT, "syntax", "new"},
	{"\"format\":\"xml\",\"old\":\"<a/>\",\"new\":"
	 "\"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>\"",
	 ERR_BAD_INPUT, "entities", "new"},
	{"\"format\":\"xml\",\"entities\":false,\"old\":\"<a/>\","
	 "\"new\":\"<a>&eacute;</a>\"",
	 ERR_BAD_INPUT, "syntax", "new"},
	{"\"format\":\"html\",\"old_base64\":\"YWL/\",\"new\":\"\"",
	 ERR_BAD_INPUT, "encoding", "old"},
	{"\"format\":\"html\",\"old\":{},\"new\":\"\"", ERR_BAD_ARGS, "",
	 "args.old"},
};

Test(task_diff_markup, malformed)
{
	for (size_t n = 0; n < sizeof(malformed) / sizeof(*malformed); n++) {
		struct diff_case c;

		diff_case_init(&c);
		buf_printf(&c.args, "{%s}", malformed[n].args);
		cr_assert_eq(diff_case_run(&c), -1, "%s is taken",
			     malformed[n].args);
		cr_expect_eq(c.err.code, malformed[n].code, "%s: %s",
			     malformed[n].args, c.err.message);
		cr_expect_str_eq(c.err.reason, malformed[n].reason, "%s: %s",
				 malformed[n].args, c.err.message);
		cr_expect_str_eq(c.err.field, malformed[n].field, "%s: %s",
				 malformed[n].args, c.err.message);
		diff_case_release(&c);
	}
}
