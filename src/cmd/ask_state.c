/*
 * The state of queues, workers and running tasks, gathered for status and top.
 */
#include "cmd/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "broker/client.h"
#include "broker/keys.h"
#include "cmd/table.h"

#define DESCRIPTION_MAX ((size_t)16 << 20)

/* --- One queue ------------------------------------------------------------ */

static int64_t count_of(struct ask *ask, const char *command, const char *queue,
			const char *part, const char *rest)
{
	struct buf key;
	int64_t n = ask_integer(
		ask, (const char *[]){command, ask_key(&key, queue, part, rest),
				      NULL});

	buf_release(&key);
	return n;
}

/* A worker that has been taken for dead stands there with a negative score
 * until its tasks have been moved. */
static void add_workers(struct ask *ask, struct ask_queue *out)
{
	struct buf key;
	struct client_reply *reply = ask_words(
		ask, (const char *[]){"ZRANGE",
				      ask_key(&key, out->name, "workers", NULL),
				      "0", "-1", NULL});
	size_t i;

	for (i = 0; reply && i < client_reply_count(reply); i++) {
		const char *name =
			client_reply_text(client_reply_at(reply, i)).ptr;
		int64_t n = count_of(ask, "HLEN", out->name, "owned", name);

		out->workers++;
		out->running += n > 0 ? n : 0;
	}
	client_reply_free(reply);
	buf_release(&key);
}

static void add_stats(struct ask *ask, struct ask_queue *out)
{
	struct buf key;
	struct client_reply *reply = ask_words(
		ask, (const char *[]){"HGETALL",
				      ask_key(&key, out->name, "stats", NULL),
				      NULL});
	size_t i;

	for (i = 0; reply && i + 1 < client_reply_count(reply); i += 2) {
		struct slice name =
			client_reply_text(client_reply_at(reply, i));
		int64_t n = strtoll(
			client_reply_text(client_reply_at(reply, i + 1)).ptr,
			NULL, 10);

		if (slice_is(name, "ok"))
			out->ok = n;
		else if (slice_is(name, "retried"))
			out->retried = n;
		else if (slice_is(name, "recovered"))
			out->recovered = n;
		else
			out->failed += n;
	}
	client_reply_free(reply);
	buf_release(&key);
}

/* sent_at of a pushed task; -1 where it has none. */
static double sent_at(struct slice payload)
{
	struct json_members it;
	struct json_member member;

	if (json_members_init(&it, payload, 512, NULL))
		return -1;
	while (json_members_next(&it, &member, NULL) > 0) {
		if (slice_is(member.key, "sent_at") &&
		    member.value.type == JSON_NUMBER)
			return json_number_double(member.value.raw);
	}
	return -1;
}

/* The task that is taken next is the oldest where producers push at the other
 * end, as they should. */
static void find_oldest(struct ask *ask, struct ask_queue *out)
{
	char section[300];
	struct client_reply *reply;
	double sent = -1;
	bool left;

	snprintf(section, sizeof(section), "queue:%.280s", out->name);
	left = config_choice(&ask->config, section, "pop") == 1;
	reply = ask_words(ask, (const char *[]){"LINDEX", out->name,
						left ? "0" : "-1", NULL});
	if (reply && client_reply_type(reply) == CLIENT_TEXT)
		sent = sent_at(client_reply_text(reply));
	client_reply_free(reply);
	out->oldest = sent >= 0 ? clock_real() - sent : -1;
	if (sent >= 0 && out->oldest < 0)
		out->oldest = 0;
}

const char *ask_queue_state(const struct ask_queue *queue)
{
	if (queue->broken)
		return "no list";
	if (queue->paused)
		return "paused";
	return queue->workers ? "open" : "no worker";
}

/* Somebody's slip of the pen in one key shall not hide all the others. */
static bool is_broken(struct ask *ask, const char *name)
{
	struct client_reply *reply =
		ask_words(ask, (const char *[]){"TYPE", name, NULL});
	bool broken = reply && client_reply_type(reply) == CLIENT_TEXT &&
		      !slice_is(client_reply_text(reply), "list") &&
		      !slice_is(client_reply_text(reply), "none");

	client_reply_free(reply);
	return broken;
}

int ask_queue(struct ask *ask, const char *name, struct ask_queue *out)
{
	*out = (struct ask_queue){.name = name, .oldest = -1, .waiting = -1};
	out->broken = is_broken(ask, name);
	if (!out->broken)
		out->waiting =
			ask_integer(ask, (const char *[]){"LLEN", name, NULL});
	if (out->waiting < 0 && !out->broken)
		return -1;
	out->later = count_of(ask, "ZCARD", name, "later", NULL);
	out->dead = count_of(ask, "XLEN", name, "dead", NULL);
	out->paused = count_of(ask, "EXISTS", name, "paused", NULL) == 1;
	if (out->later < 0 || out->dead < 0)
		return -1;
	add_workers(ask, out);
	add_stats(ask, out);
	if (out->waiting > 0)
		find_oldest(ask, out);
	return 0;
}

/* --- Tables --------------------------------------------------------------- */

static const char *const queue_columns[] = {
	"queue", "state",  "waiting", "oldest_s",  "running", "later", "dead",
	"ok",	 "failed", "retried", "recovered", "workers", NULL};
static const char *const worker_columns[] = {"worker", "host",	  "pid",
					     "up_s",   "running", "version",
					     "queues", "state",	  NULL};
static const char *const task_columns[] = {"queue", "task",   "id", "attempt",
					   "for_s", "worker", NULL};

static void put_queue(struct table *table, const struct ask_queue *queue)
{
	table_text(table, slice_text(queue->name));
	table_text(table, slice_text(ask_queue_state(queue)));
	table_integer(table, queue->waiting);
	table_seconds(table, queue->oldest);
	table_integer(table, queue->running);
	table_integer(table, queue->later);
	table_integer(table, queue->dead);
	table_integer(table, queue->ok);
	table_integer(table, queue->failed);
	table_integer(table, queue->retried);
	table_integer(table, queue->recovered);
	table_integer(table, queue->workers);
}

static struct slice member_text(const struct json_node *node, const char *name)
{
	const struct json_node *member = json_get(node, name);

	return member ? member->text : slice_text("");
}

/* What a worker said that it runs. */
static size_t put_running(struct table *table, const char *worker,
			  struct slice text)
{
	struct arena arena;
	const struct json_node *list, *node;
	size_t count = 0;

	arena_init(&arena, DESCRIPTION_MAX);
	list = json_parse(&arena, text, 16, false, NULL);
	for (node = list ? list->child : NULL; node; node = node->next) {
		int64_t attempt = 0, ms = 0;

		json_number_int64(member_text(node, "attempt"), &attempt);
		json_number_int64(member_text(node, "for_ms"), &ms);
		table_text(table, member_text(node, "queue"));
		table_text(table, member_text(node, "task"));
		table_text(table, member_text(node, "id"));
		table_integer(table, attempt);
		table_seconds(table, (double)ms / 1000);
		table_text(table, slice_text(worker));
		count++;
	}
	arena_release(&arena);
	return count;
}

static struct slice field_of(const struct client_reply *hash, const char *name)
{
	size_t i;

	for (i = 0; i + 1 < client_reply_count(hash); i += 2) {
		if (slice_is(client_reply_text(client_reply_at(hash, i)), name))
			return client_reply_text(client_reply_at(hash, i + 1));
	}
	return slice_text("");
}

static void put_worker(struct ask *ask, const char *name, struct table *workers,
		       struct table *tasks)
{
	char key[512];
	struct client_reply *hash;
	int64_t pid = 0, start = 0;
	size_t running;

	snprintf(key, sizeof(key), "cherry:worker:%s", name);
	hash = ask_words(ask, (const char *[]){"HGETALL", key, NULL});
	if (hash && client_reply_count(hash)) {
		running = put_running(tasks, name, field_of(hash, "running"));
		json_number_int64(field_of(hash, "pid"), &pid);
		json_number_int64(field_of(hash, "start"), &start);
		table_text(workers, slice_text(name));
		table_text(workers, field_of(hash, "host"));
		table_integer(workers, pid);
		table_seconds(workers,
			      start ? clock_real() - (double)start : -1);
		table_integer(workers, (int64_t)running);
		table_text(workers, field_of(hash, "version"));
		table_text(workers, field_of(hash, "queues"));
		table_text(workers, field_of(hash, "state"));
	}
	client_reply_free(hash);
}

int ask_tables(struct ask *ask, struct table tables[3])
{
	struct client_reply *workers;
	struct ask_queue queue;
	size_t i;

	table_init(&tables[0], "queues", queue_columns);
	table_init(&tables[1], "workers", worker_columns);
	table_init(&tables[2], "running", task_columns);
	for (i = 0; i < ask->queue_count; i++) {
		if (ask_queue(ask, ask->queues[i], &queue))
			return -1;
		put_queue(&tables[0], &queue);
	}
	workers = ask_words(
		ask, (const char *[]){"ZRANGE", KEYS_WORKERS, "0", "-1", NULL});
	for (i = 0; workers && i < client_reply_count(workers); i++)
		put_worker(ask,
			   client_reply_text(client_reply_at(workers, i)).ptr,
			   &tables[1], &tables[2]);
	client_reply_free(workers);
	return workers ? 0 : -1;
}
