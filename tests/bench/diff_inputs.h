/*
 * The inputs that diff is timed on, the same on every machine: pairs of texts
 * of lines.
 *
 *	lines	source-like, 5 % of the lines edited
 *	alt	all different, every second one differs between the sides:
 *		quadratic for difflib
 *	pop	100 distinct lines, 100 times each, in another order: just below
 *		what difflib takes for junk
 *	popalt	as alt, but the shared lines come from 50 distinct ones: nearly
 *		cubic for difflib
 *	same	the same line all over, one line put in
 */
#ifndef BENCH_DIFF_INPUTS_H
#define BENCH_DIFF_INPUTS_H

#include <stdlib.h>

#include "cherry/buf.h"

#define INPUTS_MAX ((size_t)1 << 30)

struct inputs {
	uint64_t state;
	char (*words)[12];
	uint32_t word_count;
};

/* splitmix64 (Steele, Lea, Flood). */
static inline uint32_t inputs_below(struct inputs *in, uint32_t n)
{
	uint64_t z = in->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ z >> 31) % n);
}

static inline void inputs_init(struct inputs *in)
{
	static const char consonants[] = "bcdfglmnprstv", vowels[] = "aeiou";

	in->state = 20111;
	in->word_count = 4000;
	in->words = malloc(in->word_count * sizeof(*in->words));
	for (uint32_t n = 0; n < in->word_count; n++) {
		uint32_t len = 2 * (1 + inputs_below(in, 4));

		for (uint32_t k = 0; k < len; k += 2) {
			in->words[n][k] = consonants[inputs_below(in, 13)];
			in->words[n][k + 1] = vowels[inputs_below(in, 5)];
		}
		in->words[n][len] = '\0';
	}
}

/* A word, the first ones far more often, roughly as in prose. */
static inline const char *inputs_word(struct inputs *in)
{
	uint32_t at = in->word_count;

	for (int n = 0; n < 3; n++) {
		uint32_t other = inputs_below(in, in->word_count);

		at = other < at ? other : at;
	}
	return in->words[at];
}

static inline void inputs_source(struct inputs *in, struct buf *out)
{
	static const char *const stock[] = {
		"",	     "}", "    }", "    return NULL;", "        break;",
		"    else {"};

	if (inputs_below(in, 1000) < 200) {
		buf_add_text(out, stock[inputs_below(in, 6)]);
	} else {
		uint32_t words = 3 + inputs_below(in, 8);

		buf_printf(out, "%*s", (int)inputs_below(in, 4) * 4, "");
		for (uint32_t n = 0; n < words; n++)
			buf_printf(out, "%s%s", n ? " " : "", inputs_word(in));
		buf_add_char(out, ';');
	}
	buf_add_char(out, '\n');
}

static inline void inputs_lines(struct inputs *in, uint32_t count,
				struct buf pair[2])
{
	for (uint32_t n = 0; n < count; n++) {
		size_t from = pair[0].len;
		uint32_t what = inputs_below(in, 1000);

		inputs_source(in, &pair[0]);
		if (what >= 40)
			buf_add(&pair[1], pair[0].ptr + from,
				pair[0].len - from);
		if (what < 30 || (what >= 40 && what < 50))
			inputs_source(in, &pair[1]);
	}
}

static inline void inputs_shuffle(struct inputs *in, uint32_t *order,
				  uint32_t count)
{
	for (uint32_t n = count; n-- > 1;) {
		uint32_t other = inputs_below(in, n + 1), was = order[n];

		order[n] = order[other];
		order[other] = was;
	}
}

static inline void inputs_pop(struct inputs *in, uint32_t count,
			      struct buf pair[2])
{
	uint32_t *order = malloc(count * sizeof(*order));

	for (uint32_t n = 0; n < count; n++)
		order[n] = n % 100;
	for (int side = 0; side < 2; side++) {
		inputs_shuffle(in, order, count);
		for (uint32_t n = 0; n < count; n++)
			buf_printf(&pair[side], "stock line %u\n", order[n]);
	}
	free(order);
}

static inline void inputs_alt(struct inputs *in, uint32_t count,
			      uint32_t distinct, struct buf pair[2])
{
	for (uint32_t n = 0; n < count; n++) {
		uint32_t shared = distinct ? inputs_below(in, distinct) : n;

		for (int side = 0; side < 2; side++)
			if (n % 2)
				buf_printf(&pair[side], "%s %u\n",
					   side ? "new" : "old", n);
			else
				buf_printf(&pair[side], "shared %u\n", shared);
	}
}

static inline void inputs_same(uint32_t count, struct buf pair[2])
{
	for (uint32_t n = 0; n < count; n++) {
		buf_add_text(&pair[0], "the same line\n");
		if (n == count / 3)
			buf_add_text(&pair[1], "another line\n");
		buf_add_text(&pair[1], "the same line\n");
	}
}

/* Fills both sides, which the caller releases. False: no such name. */
static inline bool inputs_make(const char *name, uint32_t count,
			       struct buf pair[2])
{
	struct inputs in;
	bool known = true;

	inputs_init(&in);
	buf_init(&pair[0], INPUTS_MAX);
	buf_init(&pair[1], INPUTS_MAX);
	if (!strcmp(name, "lines"))
		inputs_lines(&in, count, pair);
	else if (!strcmp(name, "alt"))
		inputs_alt(&in, count, 0, pair);
	else if (!strcmp(name, "popalt"))
		inputs_alt(&in, count, 50, pair);
	else if (!strcmp(name, "pop"))
		inputs_pop(&in, count, pair);
	else if (!strcmp(name, "same"))
		inputs_same(count, pair);
	else
		known = false;
	free(in.words);
	return known;
}

#endif
