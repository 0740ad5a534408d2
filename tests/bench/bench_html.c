/*
 * HTML diffs of a page of 205 KB with 2 % of its words changed, side by side
 * with lxml's htmldiff (in its own process, timed by itself) where python3 has
 * lxml. Ends with status 1 where a bar is missed.
 *
 *	default mode	at most 1/20 of lxml's time
 *	ten times the page: not more than n log n, see growth.h
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/diff_inputs.h"
#include "bench/growth.h"
#include "diff/diff_html.h"

#define PAGE   (200 * 1024)
#define ROUNDS 9
#define MODES  6

/* About as many words and tags are in it. */
#define PAGE_ITEMS 50000

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
			const struct diff_markup_options *options,
			uint64_t *work)
{
	struct err err = ERR_INIT;
	struct diff_markup out;
	double begin = growth_clock(), took;

	diff_markup_init(&out, INPUTS_MAX);
	if (diff_html(buf_slice(&page->text[0]), buf_slice(&page->text[1]),
		      options, &out, &err)) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	took = growth_clock() - begin;
	*work = out.result.work;
	diff_markup_release(&out);
	return took;
}

static struct growth_cost best(const struct page *page,
			       const struct diff_markup_options *options)
{
	struct growth_cost least = {1e9, 0, 0};
	size_t memory = growth_memory_begin();

	for (int n = 0; n < ROUNDS; n++) {
		double took = time_once(page, options, &least.work);

		least.ms = took < least.ms ? took : least.ms;
		if (!n)
			least.memory = growth_memory_end(memory);
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
		" t=time.process_time(); htmldiff(a,b)\n"
		" return time.process_time()-t\n"
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
		{"default, histogram", {.engine.algorithm = DIFF_HISTOGRAM}},
		{"default, stats", {.output = DIFF_MARKUP_STATS}},
		{"opcodes", {.output = DIFF_MARKUP_OPCODES}},
		{"opcodes, autojunk",
		 {.output = DIFF_MARKUP_OPCODES, .engine.autojunk = true}},
		{"as htmldiff", {.engine.autojunk = true, .compat = true}},
	};
	struct growth_cost small[MODES];
	struct page page, large;
	double lxml;

	_Static_assert(sizeof(modes) / sizeof(*modes) == MODES, "all modes");
	growth_warm();
	page_make(&page, PAGE);
	page_make(&large, (size_t)PAGE * 10);
	lxml = time_lxml(&page);
	printf("page of %zu bytes", page.text[0].len);
	printf(lxml > 0 ? ", lxml's htmldiff %.0f ms\n" : ", no lxml here\n",
	       lxml);
	for (size_t n = 0; n < MODES; n++) {
		bool slow;

		small[n] = best(&page, &modes[n].options);
		slow = n == 0 && lxml > 0 && small[n].ms > lxml / 20;
		printf("    %-22s %9.2f ms", modes[n].name, small[n].ms);
		if (lxml > 0)
			printf("   1/%.0f of lxml%s", lxml / small[n].ms,
			       slow ? " MISSED (1/20)" : "");
		putchar('\n');
		missed |= slow;
	}
	printf("  ten times the page\n");
	for (size_t n = 0; n < MODES; n++)
		missed |= growth_line(modes[n].name, PAGE_ITEMS, small[n],
				      best(&large, &modes[n].options));
	return missed;
}
