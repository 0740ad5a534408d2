/*
 * The log: what a line looks like in both formats, that it never blocks, and
 * that repeats are counted.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

static int reader;

/* Standard error becomes a pipe of our own. */
static void capture(void)
{
	int ends[2];
	cr_assert_eq(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	reader = ends[0];
	fcntl(reader, F_SETFL, O_NONBLOCK);
}

/* All that was written since the last time. */
static const char *written(void)
{
	static char text[1 << 20];
	size_t len = 0;
	ssize_t n;
	while ((n = read(reader, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return text;
}

static void fields(void)
{
	log_info("job_done", LOG_TEXT("queue", "tasks"), LOG_INT("n", -3),
		 LOG_NUM("s", 0.2500000001), LOG_NUM("w", 3.0),
		 LOG_TEXT("odd", "a b=\"\n"), LOG_TEXT("empty", ""),
		 LOG_SLICE("raw", slice_of("x\xff", 2)));
}

static size_t lines_in(const char *text)
{
	size_t count = 0;
	for (; *text; text++)
		count += *text == '\n';
	return count;
}

Test(log, logfmt, .init = capture)
{
	fields();
	const char *text = written();
	cr_expect_eq(lines_in(text), 1);
	cr_assert_eq(strncmp(text, "time=20", 7), 0, "%s", text);
	const char *rest = strchr(text, ' ');
	cr_expect_str_eq(rest, " level=info event=job_done queue=tasks n=-3 "
			       "s=0.25 w=3 odd=\"a b=\\\"\\n\" empty=\"\" "
			       "raw=\"x\xef\xbf\xbd\"\n");
	log_debug("hidden");
	cr_expect_str_eq(written(), "");
	log_warn("bare");
	cr_expect_not_null(strstr(written(), " level=warn event=bare\n"));
}

Test(log, json, .init = capture)
{
	struct json_span span;
	log_setup(LOG_DEBUG, LOG_JSON);
	fields();
	const char *text = written();
	struct slice line = slice_text(text);
	cr_expect_eq(json_check(line, 1, &span, NULL), 0, "%s", text);
	cr_expect_not_null(strstr(text, "\"odd\":\"a b=\\\"\\n\""));
	log_debug("seen", LOG_NUM("nan", 0.0 / 0.0));
	text = written();
	cr_expect_eq(json_check(slice_text(text), 1, &span, NULL), 0, "%s",
		     text);
	cr_expect_not_null(strstr(text, "\"level\":\"debug\""));
}

Test(log, long_fields_are_cut, .init = capture)
{
	struct json_span span;
	char *huge = malloc(100001);
	memset(huge, 'x', 100000);
	memcpy(huge + 998, "\xf0\x9f\x8d\x92", 4);
	huge[100000] = '\0';
	log_setup(LOG_INFO, LOG_JSON);
	log_info("big", LOG_TEXT("a", huge), LOG_TEXT("b", huge),
		 LOG_TEXT("c", huge), LOG_TEXT("d", huge), LOG_TEXT("e", huge),
		 LOG_INT("last", 5));
	const char *text = written();
	cr_expect_eq(json_check(slice_text(text), 1, &span, NULL), 0);
	cr_expect_leq(strlen(text), 4096);
	cr_expect_not_null(strstr(text, "xx...\""));
	cr_expect_null(strstr(text, "\xef\xbf\xbd"));
	cr_expect_not_null(strstr(text, "\"last\":5"));
	free(huge);
}

Test(log, a_full_pipe_does_not_block, .init = capture, .timeout = 20)
{
	char event[32];
	errno = ENOENT;
	for (int i = 0; i < 5000; i++) {
		snprintf(event, sizeof(event), "event_%d", i);
		log_info(event, LOG_TEXT("fill", "0123456789012345678901234567"
						 "89012345678901234567890123"));
	}
	cr_expect_eq(errno, ENOENT);
	size_t lines = lines_in(written());
	cr_expect_lt(lines, 5000);
	log_info("after");
	const char *text = written();
	char want[64];
	snprintf(want, sizeof(want), "event=log_dropped lines=%zu\n",
		 5000 - lines);
	cr_expect_not_null(strstr(text, want), "%s", text);
	cr_expect_not_null(strstr(text, "event=after\n"));
}

Test(log, a_closed_standard_error, .init = capture)
{
	close(STDERR_FILENO);
	log_error("nobody");
	close(reader);
	cr_expect(log_enabled(LOG_ERROR));
}

Test(log, repeats_are_counted, .init = capture, .timeout = 20)
{
	/* Within one second: begin at the start of one. */
	uint64_t second = clock_monotonic_ns() / 1000000000;
	while (clock_monotonic_ns() / 1000000000 == second)
		poll(NULL, 0, 5);
	for (int i = 0; i < 100; i++)
		log_warn("flood");
	cr_expect_eq(lines_in(written()), LOG_REPEAT_MAX);
	second = clock_monotonic_ns() / 1000000000;
	while (clock_monotonic_ns() / 1000000000 == second)
		poll(NULL, 0, 5);
	log_warn("flood");
	const char *text = written();
	cr_expect_not_null(strstr(text, "event=log_repeated repeated=flood "
					"times=80\n"),
			   "%s", text);
	cr_expect_eq(lines_in(text), 2);
}
