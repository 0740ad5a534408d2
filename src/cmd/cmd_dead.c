/*
 * cherry dead: the failures that nobody was told of, and poison. Entries are
 * named by the stream's own ids.
 */
#include "cmd/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/json.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "broker/client.h"
#include "cmd/table.h"

#define LIST_DEFAULT "100"
#define PAGE	     "500"

static const struct cmd_option options[] = {
	ASK_OPTIONS,
	{"--all", NULL, "retry, drop: every entry"},
	{"--count", "N", "list: the newest N (" LIST_DEFAULT ")"},
	{"--yes", NULL, "drop: do not ask"},
	{"--json", NULL, "list, show: JSON"},
	{0},
};

static const char *const columns[] = {"entry",	 "queue",    "task",	"id",
				      "code",	 "attempts", "crashes", "time",
				      "message", NULL};

struct dead {
	const struct cmd_line *line;
	struct ask ask;
};

/* In one step, so that an entry is retried by one caller only. */
static const char retry_script[] =
	"local e = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])[1]\n"
	"if not e then return 0 end\n"
	"local payload\n"
	"for i = 1, #e[2], 2 do\n"
	"  if e[2][i] == 'payload' then payload = e[2][i + 1] end\n"
	"end\n"
	"if not payload then return 0 end\n"
	"redis.call(ARGV[2], KEYS[1], payload)\n"
	"redis.call('XDEL', KEYS[2], ARGV[1])\n"
	"return 1\n";

static struct slice field_of(const struct client_reply *entry, const char *name)
{
	const struct client_reply *fields = client_reply_at(entry, 1);
	size_t i;

	for (i = 0; fields && i + 1 < client_reply_count(fields); i += 2) {
		if (slice_is(client_reply_text(client_reply_at(fields, i)),
			     name))
			return client_reply_text(
				client_reply_at(fields, i + 1));
	}
	return slice_text("");
}

/* --- list ----------------------------------------------------------------- */

static void put_error(struct table *table, const struct json_node *error,
		      const char *name)
{
	const struct json_node *node = error ? json_get(error, name) : NULL;

	table_text(table, node ? node->text : slice_text(""));
}

static void put_number(struct table *table, struct slice text)
{
	int64_t value = 0;

	json_number_int64(text, &value);
	table_integer(table, value);
}

/* The stream's ids begin with the time in milliseconds. */
static void put_time(struct table *table, const char *entry)
{
	time_t seconds = (time_t)(strtoll(entry, NULL, 10) / 1000);
	struct tm tm;
	char text[40] = "";

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	table_text(table, slice_text(text));
}

static void put_entry(struct table *table, const char *queue,
		      const struct client_reply *entry)
{
	struct slice name = client_reply_text(client_reply_at(entry, 0));
	struct arena arena;
	const struct json_node *error;

	arena_init(&arena, (size_t)4 << 20);
	error = json_parse(&arena, field_of(entry, "error"), 64, false, NULL);
	table_text(table, name);
	table_text(table, slice_text(queue));
	table_text(table, field_of(entry, "task"));
	table_text(table, field_of(entry, "id"));
	put_error(table, error, "code");
	put_number(table, field_of(entry, "attempts"));
	put_number(table, field_of(entry, "crashes"));
	put_time(table, name.ptr);
	put_error(table, error, "message");
	arena_release(&arena);
}

static int list_queue(struct dead *dead, const char *queue, const char *count,
		      struct table *table)
{
	struct buf key;
	struct client_reply *reply = ask_words(
		&dead->ask, (const char *[]){"XREVRANGE",
					     ask_key(&key, queue, "dead", NULL),
					     "+", "-", "COUNT", count, NULL});
	size_t i;

	for (i = 0; reply && i < client_reply_count(reply); i++)
		put_entry(table, queue, client_reply_at(reply, i));
	client_reply_free(reply);
	buf_release(&key);
	return reply ? CMD_OK : CMD_FAILED;
}

static int dead_list(struct dead *dead)
{
	const char *count = cmd_value(dead->line, "--count");
	struct table table;
	int status = CMD_OK;
	size_t i;

	table_init(&table, "dead", columns);
	for (i = 0; !status && i < dead->ask.queue_count; i++)
		status = list_queue(dead, dead->ask.queues[i],
				    count ? count : LIST_DEFAULT, &table);
	if (!status)
		table_print(&table, 1, cmd_has(dead->line, "--json"));
	table_release(&table);
	return status;
}

/* --- show ----------------------------------------------------------------- */

static void print_entry(const char *queue, const struct client_reply *entry,
			bool json)
{
	const struct client_reply *fields = client_reply_at(entry, 1);
	struct buf out;
	size_t i;

	buf_init(&out, (size_t)1 << 30);
	if (json)
		buf_add_text(&out, "{\"version\":1,\"queue\":");
	else
		buf_printf(&out, "queue: %s", queue);
	if (json)
		json_put_string(&out, slice_text(queue));
	for (i = 0; i + 1 < client_reply_count(fields); i += 2) {
		const char *name =
			client_reply_text(client_reply_at(fields, i)).ptr;
		struct slice value =
			client_reply_text(client_reply_at(fields, i + 1));

		if (json) {
			json_put_key(&out, name);
			json_put_string(&out, value);
		} else {
			buf_printf(&out, "\n%s: ", name);
			buf_add_slice(&out, value);
		}
	}
	buf_add_text(&out, json ? "}\n" : "\n");
	fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
}

/* Shows the entry if this queue has it. 1, 0, or -1. */
static int show_in(struct dead *dead, const char *queue, const char *entry)
{
	struct buf key;
	struct client_reply *reply = ask_words(
		&dead->ask,
		(const char *[]){"XRANGE", ask_key(&key, queue, "dead", NULL),
				 entry, entry, NULL});
	int found = !reply ? -1 : client_reply_count(reply) > 0;

	if (found > 0)
		print_entry(queue, client_reply_at(reply, 0),
			    cmd_has(dead->line, "--json"));
	client_reply_free(reply);
	buf_release(&key);
	return found;
}

/* --- retry, drop ---------------------------------------------------------- */

static int retry_in(struct dead *dead, const char *queue, const char *entry)
{
	char section[300];
	struct buf key;
	bool left;
	int64_t n;

	snprintf(section, sizeof(section), "queue:%.280s", queue);
	left = config_choice(&dead->ask.config, section, "pop") == 1;
	n = ask_integer(&dead->ask,
			(const char *[]){"EVAL", retry_script, "2", queue,
					 ask_key(&key, queue, "dead", NULL),
					 entry, left ? "RPUSH" : "LPUSH",
					 NULL});
	buf_release(&key);
	return (int)n;
}

static int drop_in(struct dead *dead, const char *queue, const char *entry)
{
	struct buf key;
	int64_t n = ask_integer(
		&dead->ask,
		(const char *[]){"XDEL", ask_key(&key, queue, "dead", NULL),
				 entry, NULL});

	buf_release(&key);
	return (int)n;
}

typedef int dead_act(struct dead *dead, const char *queue, const char *entry);

/* Each named entry, in whichever queue it lies. */
static int act_named(struct dead *dead, dead_act *act, const char *did)
{
	size_t i, j;
	int found, status = CMD_OK;

	for (i = 1; i < dead->line->word_count; i++) {
		const char *entry = dead->line->words[i];

		found = 0;
		for (j = 0; !found && j < dead->ask.queue_count; j++) {
			found = act(dead, dead->ask.queues[j], entry);
			if (found > 0 && did)
				printf("%s of %s was %s\n", entry,
				       dead->ask.queues[j], did);
		}
		if (!found)
			status = cmd_fail(CMD_FAILED,
					  "%s: there is no such entry", entry);
		if (found < 0)
			return CMD_FAILED;
	}
	return status;
}

/* A page of one queue's entries. How many, or -1; 0 ends. */
static int64_t act_page(struct dead *dead, dead_act *act, const char *queue)
{
	struct buf key;
	struct client_reply *reply = ask_words(
		&dead->ask,
		(const char *[]){"XRANGE", ask_key(&key, queue, "dead", NULL),
				 "-", "+", "COUNT", PAGE, NULL});
	int64_t done = reply ? 0 : -1;
	size_t i;

	for (i = 0; done >= 0 && i < client_reply_count(reply); i++) {
		const struct client_reply *entry = client_reply_at(reply, i);

		if (act(dead, queue,
			client_reply_text(client_reply_at(entry, 0)).ptr) < 0)
			done = -1;
		else
			done++;
	}
	client_reply_free(reply);
	buf_release(&key);
	return done;
}

/* As many as there were at the start: a task that dies again while this runs
 * is not chased round and round. */
static int act_all(struct dead *dead, dead_act *act, const char *did)
{
	size_t i;

	for (i = 0; i < dead->ask.queue_count; i++) {
		const char *queue = dead->ask.queues[i];
		struct ask_queue state;
		int64_t n = 0, total = 0;

		if (ask_queue(&dead->ask, queue, &state))
			return CMD_FAILED;
		while (total < state.dead &&
		       (n = act_page(dead, act, queue)) > 0)
			total += n;
		if (n < 0)
			return CMD_FAILED;
		printf("%lld of %s were %s\n", (long long)total, queue, did);
	}
	return CMD_OK;
}

static int act_on(struct dead *dead, dead_act *act, const char *did)
{
	return cmd_has(dead->line, "--all") ? act_all(dead, act, did)
					    : act_named(dead, act, did);
}

/* MILLISECONDS-NUMBER, as streams have it; the number may be left out. */
static bool is_entry(const char *word)
{
	size_t first = strspn(word, "0123456789"), second;

	if (!first || first > 20)
		return false;
	if (!word[first])
		return true;
	second = strspn(word + first + 1, "0123456789");
	return word[first] == '-' && second && second <= 20 &&
	       !word[first + 1 + second];
}

/* The words behind the verb; without `all` there have to be some. */
static int check_entries(const struct cmd_line *line, bool all)
{
	size_t i;

	if (all && line->word_count > 1)
		return cmd_fail(CMD_USAGE, "either entries or --all, not both");
	if (!all && line->word_count < 2)
		return cmd_fail(CMD_USAGE,
				"name entries as `cherry dead list` shows "
				"them%s",
				strcmp(line->words[0], "show") ? ", or --all"
							       : "");
	for (i = 1; i < line->word_count; i++) {
		if (!is_entry(line->words[i]))
			return cmd_fail(CMD_USAGE,
					"%s is no entry: `cherry dead list` "
					"shows them, such as 1700000000000-0",
					line->words[i]);
	}
	return CMD_OK;
}

static int dead_show(struct dead *dead)
{
	return act_named(dead, show_in, NULL);
}

static int dead_retry(struct dead *dead)
{
	return act_on(dead, retry_in, "pushed again");
}

static int dead_drop(struct dead *dead)
{
	return act_on(dead, drop_in, "dropped");
}

static const struct {
	const char *name;
	int (*run)(struct dead *dead);
} verbs[] = {
	{"list", dead_list},
	{"show", dead_show},
	{"retry", dead_retry},
	{"drop", dead_drop},
};

/* Everything that can be said without Redis. */
static int check_line(const struct cmd_line *line, const char *verb)
{
	const char *count = cmd_value(line, "--count");
	bool list = !strcmp(verb, "list"), all = cmd_has(line, "--all");
	int64_t number;
	int status = CMD_OK;

	if (count && (text_int64(slice_text(count), &number) || number < 1))
		return cmd_fail(CMD_USAGE,
				"--count %s is no whole number from 1", count);
	if (all && (list || !strcmp(verb, "show")))
		return cmd_fail(CMD_USAGE, "dead %s takes no --all", verb);
	if (list && line->word_count > 1)
		return cmd_fail(CMD_USAGE, "dead list takes no further word");
	if (!list)
		status = check_entries(line, all);
	if (!status && !strcmp(verb, "drop"))
		status = ask_confirm(line, "drop dead tasks for ever");
	return status;
}

static int dead_run(const struct cmd_line *line)
{
	struct dead dead = {.line = line};
	size_t i = 0;
	int status;

	while (i < 4 && strcmp(verbs[i].name, line->words[0]) != 0)
		i++;
	if (i == 4)
		return cmd_unknown_word(&cmd_dead, line->words[0]);
	status = check_line(line, verbs[i].name);
	if (status)
		return status;
	status = ask_open(&dead.ask, line);
	if (!status) {
		if (!cmd_has(line, "-q"))
			ask_known_queues(&dead.ask);
		status = verbs[i].run(&dead);
	}
	ask_close(&dead.ask);
	return status;
}

const struct cmd cmd_dead = {
	.name = "dead",
	.first = "list show retry drop",
	.usage = "list|show|retry|drop [-q QUEUE]... [ENTRY... | --all]",
	.help = "failures that nobody was told of, and poison",
	.options = options,
	.words_min = 1,
	.words_max = 64,
	.run = dead_run,
};
