/*
 * cherry push: one task, or whole tasks as lines, into a queue; with --wait the
 * replies, too.
 */
#include "cmd/cmd.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "broker/client.h"

#define BATCH	    256
#define BATCH_BYTES (8 << 20)
#define DEPTH_MAX   512

static const struct cmd_option options[] = {
	CMD_CONFIG_OPTIONS,
	{"-q", "QUEUE", "the queue (the configuration's first)"},
	{"--wait", "[SECONDS]", "print each reply; status 1 if a task failed"},
	{"--input", "NAME=@FILE", "a byte string for the task; again for more"},
	{"--lines", NULL, "whole tasks, one a line, from standard input"},
	{"--reply-to", "KEY", "the list that gets the reply"},
	{0},
};

struct push {
	const struct cmd_line *line;
	struct client *client;
	const char *queue;
	bool left; /* the worker pops on the left: RPUSH */
	bool raw;  /* its elements are no tasks */
	bool wait;
	double seconds; /* 0: for ever */
	char reply_to[160];
	struct slice parts[BATCH + 2];
	char *lines[BATCH];
	size_t count, bytes;
	uint64_t pushed, replies, failed, line_number;
	double started, shown; /* the bar, when last */
	bool bar;	       /* stands on the terminal's last line */
};

/* --- Sending ------------------------------------------------------------------------ */

static int flush_batch(struct push *push)
{
	struct err err = ERR_INIT;
	struct client_reply *reply;
	int status = 0;
	size_t i;

	if (!push->count)
		return 0;
	push->parts[0] = slice_text(push->left ? "RPUSH" : "LPUSH");
	push->parts[1] = slice_text(push->queue);
	reply = client_command(push->client, push->parts, push->count + 2,
			       &err);
	if (!reply)
		status = cmd_fail(CMD_UNAVAILABLE, "%s", err.message);
	else if (client_reply_type(reply) != CLIENT_INTEGER)
		status = cmd_fail(CMD_FAILED, "Redis refuses: %s",
				  client_reply_text(reply).ptr);
	client_reply_free(reply);
	if (!status)
		push->pushed += push->count;
	for (i = 0; i < push->count; i++)
		free(push->lines[i]);
	push->count = push->bytes = 0;
	return status;
}

static int add_payload(struct push *push, struct buf *payload)
{
	size_t len = payload->len;
	char *bytes = buf_detach(payload);

	if (!bytes)
		return cmd_fail(CMD_FAILED, "the task is too long");
	push->lines[push->count] = bytes;
	push->parts[2 + push->count++] = slice_of(bytes, len);
	push->bytes += len;
	return push->count == BATCH || push->bytes > BATCH_BYTES
		       ? flush_batch(push)
		       : 0;
}

/* --- Replies ------------------------------------------------------------------------- */

/* How many cells of the terminal's width are there; 0: no terminal. */
static size_t terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDERR_FILENO))
		return 0;
	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col
		       ? size.ws_col
		       : 80;
}

static void print_left(char *out, size_t size, double seconds)
{
	if (seconds < 0)
		snprintf(out, size, "no reply yet");
	else if (seconds < 100)
		snprintf(out, size, "%.0f s left", seconds);
	else if (seconds < 6000)
		snprintf(out, size, "%.0f min left", seconds / 60);
	else
		snprintf(out, size, "%.1f h left", seconds / 3600);
}

/* On a terminal, and not oftener than an eye can follow. */
static void show_progress(struct push *push)
{
	static const char cells[] = "##############################";
	double now = clock_monotonic(), took = now - push->started, rate;
	bool last = push->replies == push->pushed;
	size_t width = terminal_width(), bar, full;
	char text[120], left[40];

	if (!width || push->pushed < 2 || (!last && now < push->shown + 0.1))
		return;
	push->shown = now;
	rate = took > 0 ? (double)push->replies / took : 0;
	print_left(left, sizeof(left),
		   rate > 0 ? (double)(push->pushed - push->replies) / rate
			    : -1);
	snprintf(text, sizeof(text), "%llu/%llu, %.0f/s, %s",
		 (unsigned long long)push->replies,
		 (unsigned long long)push->pushed, rate, left);
	bar = strlen(text) + 4 < width ? width - strlen(text) - 4 : 0;
	if (bar > sizeof(cells) - 1)
		bar = sizeof(cells) - 1;
	full = (size_t)((double)bar * (double)push->replies /
			(double)push->pushed);
	fprintf(stderr, "\r\033[K[%.*s%*s] %.*s%s", (int)full, cells,
		(int)(bar - full), "", (int)(width > 4 ? width - 4 : 0), text,
		last ? "\n" : "");
	push->bar = !last;
}

/* Before anything else is written on the terminal. */
static void hide_progress(struct push *push)
{
	if (push->bar)
		fputs("\r\033[K", stderr);
	push->bar = false;
	push->shown = 0;
}

static void take_reply(struct push *push, struct slice reply)
{
	struct json_members it;
	struct json_member member;

	if (push->bar && isatty(STDOUT_FILENO))
		hide_progress(push);
	fwrite(reply.ptr, 1, reply.len, stdout);
	putchar('\n');
	fflush(stdout);
	push->replies++;
	if (json_members_init(&it, reply, 1024, NULL))
		return;
	while (json_members_next(&it, &member, NULL) > 0) {
		if (slice_is(member.key, "status") &&
		    !slice_is(member.value.raw, "\"ok\""))
			push->failed++;
	}
}

/* One BLPOP of at most a second, so that the deadline is kept. */
static int wait_once(struct push *push)
{
	struct err err = ERR_INIT;
	struct client_reply *reply = client_words(
		push->client, &err,
		(const char *[]){"BLPOP", push->reply_to, "1", NULL});
	int status = 0;

	if (!reply) {
		hide_progress(push);
		return cmd_fail(CMD_UNAVAILABLE, "%s", err.message);
	}
	if (client_reply_type(reply) == CLIENT_ERROR)
		status = cmd_fail(CMD_FAILED, "Redis refuses: %s",
				  client_reply_text(reply).ptr);
	else if (client_reply_count(reply) == 2)
		take_reply(push, client_reply_text(client_reply_at(reply, 1)));
	client_reply_free(reply);
	return status;
}

static int wait_replies(struct push *push)
{
	double end = push->seconds > 0 ? clock_monotonic() + push->seconds
				       : INFINITY;
	int status = 0;

	push->started = clock_monotonic();
	client_set_timeout(push->client, 30);
	while (push->replies < push->pushed && !status) {
		show_progress(push);
		if (clock_monotonic() > end) {
			hide_progress(push);
			return cmd_fail(CMD_FAILED,
					"%llu of %llu replies within %g s",
					(unsigned long long)push->replies,
					(unsigned long long)push->pushed,
					push->seconds);
		}
		status = wait_once(push);
	}
	show_progress(push);
	return status ? status : push->failed ? CMD_FAILED : CMD_OK;
}

/* --- What is pushed -------------------------------------------------------------------- */

static int push_one(struct push *push)
{
	struct buf payload;

	buf_init(&payload, (size_t)512 << 20);
	if (cmd_put_call(push->line, &payload)) {
		buf_release(&payload);
		return CMD_USAGE;
	}
	buf_printf(&payload, ",\"sent_at\":%.3f", clock_real());
	if (push->reply_to[0]) {
		buf_add_text(&payload, ",\"reply_to\":");
		json_put_string(&payload, slice_text(push->reply_to));
	}
	buf_add_char(&payload, '}');
	return add_payload(push, &payload);
}

/* What a line says of itself at the top. */
struct line_facts {
	bool any, reply_to, sent_at;
};

/* 0, or -1: it is no object. */
static int line_read(struct slice line, struct line_facts *facts,
		     struct err *err)
{
	struct json_members it;
	struct json_member member;
	int r;

	if (json_members_init(&it, line, DEPTH_MAX, err))
		return -1;
	while ((r = json_members_next(&it, &member, err)) > 0) {
		facts->any = true;
		facts->reply_to |= slice_is(member.key, "reply_to");
		facts->sent_at |= slice_is(member.key, "sent_at");
	}
	return r;
}

/* Whoever waits has to be sure of an answer. */
static int check_line(struct push *push, bool object,
		      const struct line_facts *facts, const struct err *err)
{
	if (!push->wait || (object && !facts->reply_to))
		return 0;
	(void)flush_batch(push);
	return cmd_fail(CMD_USAGE,
			"line %llu: with --wait each line is a task without "
			"reply_to%s%s; %llu tasks before it were pushed",
			(unsigned long long)push->line_number,
			object ? "" : ": ", object ? "" : err->message,
			(unsigned long long)push->pushed);
}

/* A task gets what `push` gives to each, behind its first brace. */
static int push_line(struct push *push, struct slice line)
{
	struct buf payload;
	struct line_facts facts = {false};
	struct err err = ERR_INIT;
	bool object = !push->raw && !line_read(line, &facts, &err);
	bool reply = push->reply_to[0] && !facts.reply_to;
	const char *brace = memchr(line.ptr, '{', line.len);

	if (check_line(push, object, &facts, &err))
		return CMD_USAGE;
	buf_init(&payload, (size_t)512 << 20);
	if (!object || !brace) {
		buf_add_slice(&payload, line);
		return add_payload(push, &payload);
	}
	buf_add(&payload, line.ptr, (size_t)(brace - line.ptr) + 1);
	if (reply) {
		buf_add_text(&payload, "\"reply_to\":");
		json_put_string(&payload, slice_text(push->reply_to));
	}
	if (!facts.sent_at)
		buf_printf(&payload, "%s\"sent_at\":%.3f", reply ? "," : "",
			   clock_real());
	if (facts.any && (reply || !facts.sent_at))
		buf_add_char(&payload, ',');
	buf_add(&payload, brace + 1, line.len - (size_t)(brace - line.ptr) - 1);
	return add_payload(push, &payload);
}

static int push_lines(struct push *push)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int status = 0;

	while (!status && (len = getline(&line, &size, stdin)) > 0) {
		push->line_number++;
		while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			len--;
		if (len)
			status = push_line(push, slice_of(line, (size_t)len));
	}
	free(line);
	return status;
}

static int push_all(struct push *push)
{
	int status = cmd_has(push->line, "--lines") ? push_lines(push)
						    : push_one(push);

	if (!status)
		status = flush_batch(push);
	if (!status && push->wait)
		return wait_replies(push);
	if (!status)
		fprintf(stderr, "pushed %llu to %s\n",
			(unsigned long long)push->pushed, push->queue);
	return status;
}

/* --- The command ------------------------------------------------------------------------- */

static int read_options(struct push *push, const struct config *config)
{
	const char *wait = cmd_value(push->line, "--wait");
	const char *reply_to = cmd_value(push->line, "--reply-to");
	const char *prefix = config_text(config, "cherry", "reply_prefix");
	char section[300];

	if (cmd_count(push->line, "-q") > 1)
		return cmd_fail(CMD_USAGE, "push takes one queue");
	push->wait = cmd_has(push->line, "--wait");
	if (wait && text_duration(slice_text(wait), &push->seconds))
		return cmd_fail(CMD_USAGE, "--wait=%s is no time", wait);
	if (cmd_has(push->line, "--lines") && push->line->word_count)
		return cmd_fail(CMD_USAGE,
				"--lines takes whole tasks from standard "
				"input, and no TASK");
	if (!cmd_has(push->line, "--lines") && !push->line->word_count)
		return cmd_fail(CMD_USAGE, "usage: cherry push TASK [ARGS]");
	if (reply_to)
		snprintf(push->reply_to, sizeof(push->reply_to), "%s",
			 reply_to);
	else if (push->wait)
		snprintf(push->reply_to, sizeof(push->reply_to),
			 "%.60spush:%ld:%016llx", prefix, (long)getpid(),
			 (unsigned long long)hash_seed());
	snprintf(section, sizeof(section), "queue:%.280s", push->queue);
	push->left = config_choice(config, section, "pop") == 1;
	push->raw = config_choice(config, section, "payload") == 1;
	return 0;
}

static int push_run(const struct cmd_line *line)
{
	struct push push = {.line = line};
	struct config config;
	size_t count = 0;
	char **queues = NULL;
	int status = CMD_CONFIG;

	if (!cmd_config_load(line, &config, false)) {
		queues = config_queues(&config, &count);
		push.queue = cmd_value(line, "-q");
		if (!push.queue)
			push.queue = count ? queues[0] : "tasks";
		status = read_options(&push, &config);
		if (!status) {
			push.client = cmd_client_open(&config);
			status =
				push.client ? push_all(&push) : CMD_UNAVAILABLE;
		}
		config_names_free(queues, count);
	}
	client_free(push.client);
	config_release(&config);
	return status;
}

const struct cmd cmd_push = {
	.name = "push",
	.first = "TASK",
	.usage = "[-q QUEUE] [--wait[=SECONDS]] [--input NAME=@FILE]... TASK "
		 "[ARGS|@FILE|-], or --lines",
	.help = "pushes a task, or tasks as lines, and may wait for replies",
	.options = options,
	.words_max = 2,
	.run = push_run,
};
