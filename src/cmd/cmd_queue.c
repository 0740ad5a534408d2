/*
 * Commands that change what workers do with a queue: pause, resume, drain,
 * cancel; and ping, which asks whether any works at all.
 */
#include "cmd/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/clock.h"
#include "base/text.h"
#include "broker/client.h"

#define ALIVE_MS 15000 /* a worker without a sign for longer is dead */

static const struct cmd_option queue_options[] = {CMD_CONFIG_OPTIONS, {0}};
static const struct cmd_option ping_options[] = {ASK_OPTIONS, {0}};
static const struct cmd_option drain_options[] = {
	ASK_OPTIONS,
	{"--wait", "SECONDS", "how long for what runs (300)"},
	{0},
};
static const struct cmd_option cancel_options[] = {
	ASK_OPTIONS,
	{"--yes", NULL, "taken for scripts; nothing is asked here"},
	{0},
};

/* --- pause, resume -------------------------------------------------------- */

static int set_paused(struct ask *ask, const char *queue, bool paused)
{
	struct buf key;
	const char *name = ask_key(&key, queue, "paused", NULL);
	struct client_reply *reply =
		paused ? ask_words(ask,
				   (const char *[]){"SET", name, "1", NULL})
		       : ask_words(ask, (const char *[]){"DEL", name, NULL});
	int status = reply ? CMD_OK : CMD_FAILED;

	if (reply)
		ask_wake(ask, paused ? "pause" : "resume");
	client_reply_free(reply);
	buf_release(&key);
	return status;
}

/* A slip of the pen would pause what nobody has. */
static void warn_unknown(struct ask *ask, const char *queue)
{
	struct buf key;
	int64_t workers;
	size_t i;

	for (i = 0; i < ask->queue_count; i++) {
		if (!strcmp(ask->queues[i], queue))
			return;
	}
	workers = ask_integer(
		ask,
		(const char *[]){"EXISTS",
				 ask_key(&key, queue, "workers", NULL), NULL});
	buf_release(&key);
	if (!workers)
		fprintf(stderr,
			"cherry: warning: no worker serves %s, and it is not "
			"among the configured queues\n",
			queue);
}

static int pause_or_resume(const struct cmd_line *line, bool paused)
{
	struct ask ask;
	int status = ask_open(&ask, line);

	if (!status) {
		warn_unknown(&ask, line->words[0]);
		status = set_paused(&ask, line->words[0], paused);
	}
	if (!status)
		printf("%s is %s\n", line->words[0],
		       paused ? "paused; what runs goes on" : "open");
	ask_close(&ask);
	return status;
}

static int pause_run(const struct cmd_line *line)
{
	return pause_or_resume(line, true);
}

static int resume_run(const struct cmd_line *line)
{
	return pause_or_resume(line, false);
}

/* --- drain ---------------------------------------------------------------- */

/* How many tasks of all queues workers own now; -1: the fault was told. */
static int64_t count_running(struct ask *ask)
{
	struct ask_queue queue;
	int64_t running = 0;
	size_t i;

	for (i = 0; i < ask->queue_count; i++) {
		if (ask_queue(ask, ask->queues[i], &queue))
			return -1;
		running += queue.running;
	}
	return running;
}

static int wait_idle(struct ask *ask, double seconds)
{
	const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
	double end = clock_monotonic() + seconds;
	int64_t running;

	while ((running = count_running(ask)) > 0) {
		if (clock_monotonic() > end)
			return cmd_fail(CMD_FAILED,
					"%lld tasks still run after %g s; the "
					"queues stay paused",
					(long long)running, seconds);
		nanosleep(&pause, NULL);
	}
	return running < 0 ? CMD_FAILED : CMD_OK;
}

static int drain_run(const struct cmd_line *line)
{
	const char *wait = cmd_value(line, "--wait");
	double seconds = 300;
	struct ask ask;
	size_t i;
	int status;

	if (wait && text_duration(slice_text(wait), &seconds))
		return cmd_fail(CMD_USAGE, "--wait %s is no time", wait);
	status = ask_open(&ask, line);
	for (i = 0; !status && i < ask.queue_count; i++)
		status = set_paused(&ask, ask.queues[i], true);
	if (!status)
		status = wait_idle(&ask, seconds);
	for (i = 0; !status && i < ask.queue_count; i++)
		printf("%s is paused and nothing of it runs; cherry resume %s "
		       "opens it\n",
		       ask.queues[i], ask.queues[i]);
	ask_close(&ask);
	return status;
}

/* --- cancel --------------------------------------------------------------- */

static int cancel_in(struct ask *ask, const char *queue, const char *id)
{
	struct buf key;
	char now[32];
	int64_t ms = ask_now_ms(ask), n = -1;

	snprintf(now, sizeof(now), "%lld", (long long)ms);
	if (ms >= 0)
		n = ask_integer(ask,
				(const char *[]){
					"ZADD",
					ask_key(&key, queue, "cancelled", NULL),
					now, id, NULL});
	if (ms >= 0)
		buf_release(&key);
	return n < 0 ? CMD_FAILED : CMD_OK;
}

static int cancel_run(const struct cmd_line *line)
{
	struct ask ask;
	const char *id = line->words[0];
	size_t i;
	int status = ask_open(&ask, line);

	if (!status && !cmd_has(line, "-q"))
		ask_known_queues(&ask);
	for (i = 0; !status && i < ask.queue_count; i++) {
		status = cancel_in(&ask, ask.queues[i], id);
		if (!status)
			printf("%s of %s is cancelled: it is not started any "
			       "more, and killed if it runs\n",
			       id, ask.queues[i]);
	}
	if (!status)
		ask_wake(&ask, "cancel");
	ask_close(&ask);
	return status;
}

/* --- ping ----------------------------------------------------------------- */

/* False if it says that it claims nothing; older ones say nothing. */
static bool is_claiming(struct ask *ask, const char *worker)
{
	char key[512];
	struct client_reply *reply;
	bool claiming = true;

	snprintf(key, sizeof(key), "cherry:worker:%.490s", worker);
	reply = ask_words(ask, (const char *[]){"HGET", key, "state", NULL});
	if (reply && client_reply_type(reply) == CLIENT_TEXT)
		claiming = slice_is(client_reply_text(reply), "claiming");
	client_reply_free(reply);
	return claiming;
}

/* Workers of the queue that gave a sign of life lately, and how many of them
 * claim. -1: told. */
static int count_alive(struct ask *ask, const char *queue, int64_t now,
		       int64_t *alive, int64_t *claiming)
{
	struct buf key;
	char since[32];
	struct client_reply *reply;
	size_t i;

	*alive = *claiming = 0;
	snprintf(since, sizeof(since), "%lld", (long long)(now - ALIVE_MS));
	reply = ask_words(
		ask, (const char *[]){"ZRANGEBYSCORE",
				      ask_key(&key, queue, "workers", NULL),
				      since, "+inf", NULL});
	buf_release(&key);
	if (!reply)
		return -1;
	for (i = 0; i < client_reply_count(reply); i++) {
		const char *name =
			client_reply_text(client_reply_at(reply, i)).ptr;

		++*alive;
		*claiming += is_claiming(ask, name);
	}
	client_reply_free(reply);
	return 0;
}

static int ping_queue(struct ask *ask, const char *name, int64_t now)
{
	struct buf key;
	int64_t alive, claiming, paused;

	if (count_alive(ask, name, now, &alive, &claiming))
		return CMD_FAILED;
	paused = ask_integer(
		ask,
		(const char *[]){"EXISTS", ask_key(&key, name, "paused", NULL),
				 NULL});
	buf_release(&key);
	if (paused < 0)
		return CMD_FAILED;
	if (!alive)
		return cmd_fail(CMD_FAILED, "%s: no worker is alive", name);
	if (paused)
		return cmd_fail(CMD_FAILED, "%s: paused, nothing is claimed",
				name);
	if (!claiming)
		return cmd_fail(CMD_FAILED,
				"%s: %lld worker%s alive, but none claims "
				"(quiet or draining)",
				name, (long long)alive,
				alive == 1 ? " is" : "s are");
	printf("%s: %lld worker%s\n", name, (long long)claiming,
	       claiming == 1 ? "" : "s");
	return CMD_OK;
}

static int ping_run(const struct cmd_line *line)
{
	struct ask ask;
	int status = ask_open(&ask, line);
	int64_t now = status ? -1 : ask_now_ms(&ask);
	size_t i;

	if (!status && now < 0)
		status = CMD_FAILED;
	for (i = 0; !status && i < ask.queue_count; i++)
		status = ping_queue(&ask, ask.queues[i], now);
	ask_close(&ask);
	return status;
}

const struct cmd cmd_pause = {
	.name = "pause",
	.usage = "[-c FILE] QUEUE",
	.help = "no task of the queue is started until resume",
	.options = queue_options,
	.words_min = 1,
	.words_max = 1,
	.run = pause_run,
};

const struct cmd cmd_resume = {
	.name = "resume",
	.usage = "[-c FILE] QUEUE",
	.help = "tasks of a paused queue are started again",
	.options = queue_options,
	.words_min = 1,
	.words_max = 1,
	.run = resume_run,
};

const struct cmd cmd_drain = {
	.name = "drain",
	.usage = "[-c FILE] [-q QUEUE]... [--wait SECONDS]",
	.help = "pauses the queues and waits until nothing runs",
	.options = drain_options,
	.run = drain_run,
};

const struct cmd cmd_cancel = {
	.name = "cancel",
	.usage = "[-c FILE] [-q QUEUE]... ID",
	.help = "a task that waits is not started, one that runs is killed",
	.options = cancel_options,
	.words_min = 1,
	.words_max = 1,
	.run = cancel_run,
};

const struct cmd cmd_ping = {
	.name = "ping",
	.usage = "[-c FILE] [-q QUEUE]...",
	.help = "status 0 if a worker of each queue is alive and claiming",
	.options = ping_options,
	.run = ping_run,
};
