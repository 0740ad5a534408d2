/*
 * HTML diffs of a page of 205 KB with 2 % of its words changed, side by side
 * with lxml's htmldiff (in its own process, timed by itself) where python3 has
 * lxml. Ends with status 1 where a bar is missed.
 *
 *	default mode	at most 1/20 of lxml's time
 *	ten times the page: not more than n log n, and half again for noise
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/diff_inputs.h"
#include "diff/diff_html.h"

#define PAGE   (200 * 1024)
#define ROUNDS 9

static int missed;

/* --- The page ------------------------------------------------------------- */

/* Markup goes to both sides, words are now and then others on the new one. */
struct page {
	struct inputs in;
	struct buf text[2];
};

static void put(struct page *page, const char *markup)
{
	buf_add_text(&page->text[0], markup);
	buf_add_text(&page->text[1], markup);
}

static void put_word(struct page *page)
{
	const char *word = inputs_word(&page->in);

	buf_add_text(&page->text[0], word);
	if (inputs_below(&page->in, 1000) >= 20) {
		buf_add_text(&page->text[1], word);
		return;
	}
	switch (inputs_below(&page->in, 4)) {
	case 0:
		buf_printf(&page->text[1], "%s %s", word,
			   inputs_word(&page->in));
		break;
	case 1:
		break;
	default:
		buf_add_text(&page->text[1], inputs_word(&page->in));
		break;
	}
}

static void put_words(struct page *page, uint32_t count)
{
	static const char *const tags[] = {"b", "i", "em", "code"};

	for (; count > 0; count--) {
		char markup[80];

		if (inputs_below(&page->in, 1000) < 40) {
			const char *tag = tags[inputs_below(&page->in, 4)];

			snprintf(markup, sizeof(markup), "<%s>", tag);
			put(page, markup);
			put_word(page);
			snprintf(markup, sizeof(markup), "</%s> ", tag);
			put(page, markup);
		} else if (inputs_below(&page->in, 1000) < 15) {
			snprintf(markup, sizeof(markup), "<a href=\"/%s/%s\">",
				 inputs_word(&page->in),
				 inputs_word(&page->in));
			put(page, markup);
			put_word(page);
			put(page, "</a> ");
		} else {
			put_word(page);
			put(page,
			    inputs_below(&page->in, 1000) < 60 ? ". " : " ");
		}
	}
	put_word(page);
}

static void put_table(struct page *page)
{
	put(page, "<table>\n<tbody>\n");
	for (uint32_t n = 2 + inputs_below(&page->in, 4); n > 0; n--) {
		put(page, "<tr>");
		for (int k = 0; k < 3; k++) {
			put(page, "<td>");
			put_words(page, 1 + inputs_below(&page->in, 4));
			put(page, "</td>");
		}
		put(page, "</tr>\n");
	}
	put(page, "</tbody>\n</table>\n");
}

static void put_list(struct page *page)
{
	put(page, "<ul>\n");
	for (uint32_t n = 2 + inputs_below(&page->in, 5); n > 0; n--) {
		put(page, "  <li>");
		put_words(page, 3 + inputs_below(&page->in, 10));
		put(page, "</li>\n");
	}
	put(page, "</ul>\n");
}

static void page_make(struct page *page, size_t size)
{
	inputs_init(&page->in);
	buf_init(&page->text[0], INPUTS_MAX);
	buf_init(&page->text[1], INPUTS_MAX);
	while (page->text[0].len < size) {
		uint32_t what = inputs_below(&page->in, 100);

		if (what < 10) {
			put(page, "<h2>");
			put_words(page, 4);
			put(page, "</h2>\n");
		} else if (what < 75) {
			put(page, "<p>");
			put_words(page, 20 + inputs_below(&page->in, 60));
			put(page, "</p>\n");
		} else if (what < 90) {
			put_list(page);
		} else {
			put_table(page);
		}
	}
}

/* --- Timing --------------------------------------------------------------- */

static double time_once(const struct page *page,
			const struct diff_markup_options *options)
{
	struct err err = ERR_INIT;
	struct diff_markup out;
	double begin = clock_monotonic(), took;

	diff_markup_init(&out, INPUTS_MAX);
	if (diff_html(buf_slice(&page->text[0]), buf_slice(&page->text[1]),
		      options, &out, &err)) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	took = (clock_monotonic() - begin) * 1000;
	diff_markup_release(&out);
	return took;
}

static double best(const struct page *page,
		   const struct diff_markup_options *options)
{
	double least = 1e9;

	for (int n = 0; n < ROUNDS; n++) {
		double took = time_once(page, options);

		least = took < least ? took : least;
	}
	return least;
}

/* Milliseconds of lxml's htmldiff; 0 where there is none. */
static double time_lxml(const struct page *page)
{
	static const char script[] =
		"import sys,time\n"
		"from lxml.html.diff import htmldiff\n"
		"a,b=(open(p,encoding='utf-8').read() for p in sys.argv[1:])\n"
		"def once():\n"
		" t=time.perf_counter(); htmldiff(a,b)\n"
		" return time.perf_counter()-t\n"
		"print(min(once() for _ in range(3))*1000)\n";
	char dir[] = "/tmp/cherry-bench.XXXXXX", command[2000];
	double ms = 0;
	FILE *pipe;

	if (!mkdtemp(dir)) {
		return 0;
	}
	for (int side = 0; side < 2; side++) {
		FILE *file;

		snprintf(command, sizeof(command), "%s/%d", dir, side);
		file = fopen(command, "wb");
		if (file) {
			fwrite(page->text[side].ptr, 1, page->text[side].len,
			       file);
			fclose(file);
		}
	}
	snprintf(command, sizeof(command),
		 "for p in /usr/bin/python3 python3; do $p -c \"%s\" %s/0 %s/1 "
		 "2>/dev/null && break; done; rm -r %s",
		 script, dir, dir, dir);
	pipe = popen(command, "r");
	if (!pipe || fscanf(pipe, "%lf", &ms) != 1) {
		ms = 0;
	}
	if (pipe) {
		pclose(pipe);
	}
	return ms;
}

int main(void)
{
	static const struct {
		const char *name;
		struct diff_markup_options options;
	} modes[] = {
		{"default, inline", {0}},
		{"default, stats", {.output = DIFF_MARKUP_STATS}},
		{"opcodes", {.output = DIFF_MARKUP_OPCODES}},
		{"as htmldiff", {.engine.autojunk = true, .compat = true}},
	};
	struct page page, large;
	double lxml, most;

	page_make(&page, PAGE);
	page_make(&large, (size_t)PAGE * 10);
	most = 10 * log2((double)large.text[0].len) /
	       log2((double)page.text[0].len) * 1.5;
	lxml = time_lxml(&page);
	printf("page of %zu bytes", page.text[0].len);
	printf(lxml > 0 ? ", lxml's htmldiff %.0f ms\n" : ", no lxml here\n",
	       lxml);
	for (size_t n = 0; n < sizeof(modes) / sizeof(*modes); n++) {
		double small = best(&page, &modes[n].options);
		double ten = best(&large, &modes[n].options);
		bool slow = n == 0 && lxml > 0 && small > lxml / 20;
		/* Opcodes are difflib's, whose pairs of equal events grow
		 * faster: only shown. */
		bool steep = n != 2 && ten / small > most;

		printf("%-16s %8.2f ms  ten times the page %8.2f ms, %.1f "
		       "times%s",
		       modes[n].name, small, ten, ten / small,
		       steep ? " MISSED" : "");
		if (lxml > 0) {
			printf("  1/%.0f of lxml%s", lxml / small,
			       slow ? " MISSED (1/20)" : "");
		}
		putchar('\n');
		missed |= slow || steep;
	}
	return missed;
}
