/*
 * "Did you mean ...".
 */
#include <criterion/criterion.h>

#include "base/nearest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const names[] = {"format",	"output",   "context",
				    "unit",	"ratio",    "to",
				    "max_work", "old_label"};

static const struct {
	const char *word;
	const char *want; /* NULL: nothing is near */
} cases[] = {
	{"formt", "format"},
	{"fromat", "format"},
	{"FORMAT", "format"},
	{"formats", "format"},
	{"contxet", "context"},
	{"max-work", "max_work"},
	{"old_lable", "old_label"},
	{"unix", "unit"},
	{"tp", "to"},
	{"zebra", NULL},
	{"", NULL},
	{"x", NULL},
	{"f", NULL},
	{"outputoutput", NULL},
};

Test(nearest, names)
{
	char long_word[200];
	struct nearest near;
	const char *got;
	size_t i, n;

	for (i = 0; i < COUNT(cases); i++) {
		near = nearest_init(slice_text(cases[i].word));
		for (n = 0; n < COUNT(names); n++)
			nearest_try(&near, names[n]);
		got = nearest_name(&near);
		cr_expect(cases[i].want ? got && !strcmp(got, cases[i].want)
					: !got,
			  "%s gives %s", cases[i].word, got ? got : "nothing");
	}
	memset(long_word, 'a', sizeof(long_word));
	near = nearest_init(slice_of(long_word, sizeof(long_word)));
	nearest_try(&near, "aaa");
	cr_expect_null(nearest_name(&near));
}
