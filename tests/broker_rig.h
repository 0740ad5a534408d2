/*
 * A private Redis and workers that are nothing but a broker, for tests: what
 * the broker says is written down, and tests wait for it with a deadline.
 *
 *	struct rig rig;
 *	rig_open(&rig, NULL);			a server on a Unix socket
 *	struct rig_worker *w = rig_worker(&rig, "q", 0);
 *	rig_run(&rig, "LPUSH", "q", "one", NULL);
 *	rig_wait(&rig, w->claim_count == 1);	up to 20 s
 *	rig_close(&rig);
 */
#ifndef TESTS_BROKER_RIG_H
#define TESTS_BROKER_RIG_H

#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "broker/broker.h"
#include "broker/client.h"
#include "broker/keys.h"
#include "master/loop_ev.h"

#define RIG_CLAIMS  1024
#define RIG_WORKERS 4
#define RIG_SECONDS 20

/* A claim as it was handed over, with copies of its bytes. */
struct rig_claim {
	struct broker_claim claim;
	char *payload, *known_id;
	enum broker_admission admission;
	bool admitted; /* the answer has come */
	enum broker_outcome outcome;
	bool settled;
};

struct rig_worker {
	struct rig *rig;
	struct broker *broker;
	struct rig_claim claims[RIG_CLAIMS];
	size_t claim_count, settled_count;
	size_t up, down, degraded, reaped, stopped, fatal, cancels;
	char why[512], cancelled[100];
};

struct rig {
	char dir[64], url[100];
	pid_t server;
	const char *const *options;
	struct loop_ev *ev;
	struct loop *loop;
	struct client *client;
	struct rig_worker *workers[RIG_WORKERS];
	size_t worker_count;
	/* The last fetch. */
	enum broker_fetched fetched;
	size_t fetched_size;
	bool fetch_done;
};

/* Turns the loop until `condition` holds. */
#define rig_wait(rig, condition)                                               \
	do {                                                                   \
		double end_ = clock_monotonic() + RIG_SECONDS;                 \
		while (!(condition) && clock_monotonic() < end_)               \
			rig_turn(rig);                                         \
		cr_assert(condition, "not within %d s: %s; %s", RIG_SECONDS,   \
			  #condition, rig_why(rig));                           \
	} while (0)

/* Turns the loop for a while in which nothing is to happen. */
#define rig_idle(rig, seconds)                                                 \
	do {                                                                   \
		double end_ = clock_monotonic() + (seconds);                   \
		while (clock_monotonic() < end_)                               \
			rig_turn(rig);                                         \
	} while (0)

/* What the last worker that complained said. */
static inline const char *rig_why(const struct rig *rig)
{
	size_t i;

	for (i = rig->worker_count; i > 0; i--) {
		if (rig->workers[i - 1]->why[0])
			return rig->workers[i - 1]->why;
	}
	return "";
}

static inline void rig_turn(struct rig *rig)
{
	const struct timespec pause = {.tv_nsec = 300000};

	loop_ev_turn(rig->ev);
	nanosleep(&pause, NULL);
}

/* --- The server --------------------------------------------------------------- */

static inline void rig_exec_server(const struct rig *rig)
{
	const char *argv[40] = {"redis-server", "--port", "0", "--unixsocket",
				"redis.sock",	"--save", "",  "--logfile",
				"redis.log"};
	size_t count = 9, i;

	for (i = 0; rig->options && rig->options[i] && count < 39; i++)
		argv[count++] = rig->options[i];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(rig->dir) || !freopen("redis.out", "w", stdout))
		_exit(1);
	execvp(argv[0], (char **)(uintptr_t)argv);
	_exit(127);
}

static inline void rig_start_server(struct rig *rig)
{
	double end = clock_monotonic() + RIG_SECONDS;
	struct client_reply *reply = NULL;

	fflush(NULL);
	rig->server = fork();
	if (rig->server == 0)
		rig_exec_server(rig);
	while (!reply && clock_monotonic() < end) {
		const struct timespec pause = {.tv_nsec = 5000000};

		client_free(rig->client);
		rig->client = client_open(rig->url, NULL, 5, NULL);
		if (rig->client)
			reply = client_words(rig->client, NULL,
					     (const char *[]){"PING", NULL});
		if (!reply)
			nanosleep(&pause, NULL);
	}
	cr_assert(reply, "redis-server does not start");
	client_reply_free(reply);
}

static inline void rig_stop_server(struct rig *rig)
{
	int status;

	if (rig->server <= 0)
		return;
	kill(rig->server, SIGKILL);
	waitpid(rig->server, &status, 0);
	rig->server = 0;
}

/* `options`: further arguments of redis-server, to NULL; must stay. */
static inline void rig_open(struct rig *rig, const char *const *options)
{
	memset(rig, 0, sizeof(*rig));
	rig->options = options;
	log_setup(LOG_ERROR, LOG_LOGFMT);
	signal(SIGPIPE, SIG_IGN);
	snprintf(rig->dir, sizeof(rig->dir), "/tmp/cherry-rig.XXXXXX");
	cr_assert(mkdtemp(rig->dir));
	snprintf(rig->url, sizeof(rig->url), "unix://%s/redis.sock", rig->dir);
	rig->ev = loop_ev_new();
	rig->loop = loop_ev_loop(rig->ev);
	rig_start_server(rig);
}

/* Runs a command of words that end with NULL; the caller frees the reply. */
static inline struct client_reply *rig_ask(struct rig *rig, const char *word,
					   va_list words)
{
	struct slice parts[64];
	size_t count = 0;
	struct err err = ERR_INIT;
	struct client_reply *reply;

	for (; word && count < 64; word = va_arg(words, const char *))
		parts[count++] = slice_text(word);
	reply = client_command(rig->client, parts, count, &err);
	cr_assert(reply, "%s", err.message);
	return reply;
}

/* The same for its number (or 1 for anything but an error, 0 for nil). */
static inline int64_t rig_run(struct rig *rig, const char *word, ...)
{
	va_list words;
	struct client_reply *reply;
	int64_t number;

	va_start(words, word);
	reply = rig_ask(rig, word, words);
	va_end(words);
	cr_assert_neq(client_reply_type(reply), CLIENT_ERROR, "%s: %s", word,
		      client_reply_text(reply).ptr);
	number = client_reply_type(reply) == CLIENT_INTEGER
			 ? client_reply_integer(reply)
		 : client_reply_type(reply) == CLIENT_ARRAY
			 ? (int64_t)client_reply_count(reply)
			 : client_reply_type(reply) != CLIENT_NIL;
	client_reply_free(reply);
	return number;
}

/* The same for a text, or an array joined by spaces; a static buffer. */
static inline const char *rig_text(struct rig *rig, const char *word, ...)
{
	static char out[8192];
	va_list words;
	struct client_reply *reply;
	size_t i, len = 0;

	va_start(words, word);
	reply = rig_ask(rig, word, words);
	va_end(words);
	out[0] = '\0';
	for (i = 0; i < client_reply_count(reply); i++)
		len += (size_t)snprintf(
			out + len, len < sizeof(out) ? sizeof(out) - len : 0,
			"%s%s", i ? " " : "",
			client_reply_text(client_reply_at(reply, i)).ptr);
	if (client_reply_type(reply) != CLIENT_ARRAY)
		snprintf(out, sizeof(out), "%s", client_reply_text(reply).ptr);
	client_reply_free(reply);
	return out;
}

/* A key of cherry's, in a static buffer that the fourth next call reuses. */
static inline const char *rig_key(const char *queue, const char *part,
				  const char *rest)
{
	static char keys[4][300];
	static unsigned turn;
	struct buf text;

	turn = (turn + 1) % 4;
	buf_init(&text, 300);
	keys_put(&text, queue, part, rest);
	snprintf(keys[turn], sizeof(keys[turn]), "%.*s", (int)text.len,
		 text.ptr);
	buf_release(&text);
	return keys[turn];
}

/* --- Workers ------------------------------------------------------------------- */

static inline char *rig_copy(struct slice bytes)
{
	char *copy = xcalloc(bytes.len + 1, 1);

	if (bytes.len)
		memcpy(copy, bytes.ptr, bytes.len);
	return copy;
}

static inline void rig_on_claims(void *arg, const struct broker_claim *claims,
				 size_t count)
{
	struct rig_worker *worker = arg;
	size_t i;

	for (i = 0; i < count; i++) {
		struct rig_claim *claim;

		cr_assert_lt(worker->claim_count, RIG_CLAIMS);
		claim = &worker->claims[worker->claim_count++];
		claim->claim = claims[i];
		claim->payload = rig_copy(claims[i].payload);
		claim->known_id = rig_copy(claims[i].known_id);
	}
}

static inline void rig_on_settled(void *arg, void *job,
				  enum broker_outcome outcome)
{
	struct rig_worker *worker = arg;
	struct rig_claim *claim = job;

	cr_assert_not(claim->settled, "settled twice");
	claim->outcome = outcome;
	claim->settled = true;
	worker->settled_count++;
}

static inline void rig_on_cancel(void *arg, size_t queue, struct slice id)
{
	struct rig_worker *worker = arg;

	(void)queue;
	worker->cancels++;
	snprintf(worker->cancelled, sizeof(worker->cancelled), "%.*s",
		 (int)id.len, id.ptr);
}

static inline void rig_on_reaped(void *arg)
{
	((struct rig_worker *)arg)->reaped++;
}

static inline void rig_on_state(void *arg, enum broker_state state,
				const struct err *err)
{
	struct rig_worker *worker = arg;

	worker->up += state == BROKER_UP;
	worker->down += state == BROKER_DOWN;
	worker->degraded += state == BROKER_DEGRADED;
	if (err)
		snprintf(worker->why, sizeof(worker->why), "%s", err->message);
}

static inline void rig_on_fatal(void *arg, const struct err *err)
{
	struct rig_worker *worker = arg;

	worker->fatal++;
	snprintf(worker->why, sizeof(worker->why), "%s", err->message);
}

static inline void rig_describe(void *arg, struct buf *out)
{
	(void)arg;
	buf_add_text(out, "[]");
}

static inline void rig_on_stopped(void *arg)
{
	((struct rig_worker *)arg)->stopped++;
}

/* Payloads that begin with "brief" are. */
static inline bool rig_is_brief(void *arg, size_t queue, struct slice payload)
{
	(void)arg;
	(void)queue;
	return slice_starts(payload, SLICE("brief"));
}

static const struct broker_events rig_events = {.on_claims = rig_on_claims,
						.on_settled = rig_on_settled,
						.is_brief = rig_is_brief,
						.on_cancel = rig_on_cancel,
						.on_reaped = rig_on_reaped,
						.on_state = rig_on_state,
						.on_fatal = rig_on_fatal,
						.describe = rig_describe,
						.on_stopped = rig_on_stopped};

static inline struct rig_worker *rig_worker_at(struct rig *rig,
					       struct broker_options *options)
{
	struct rig_worker *worker = xcalloc(1, sizeof(*worker));
	struct err err = ERR_INIT;

	if (!options->url)
		options->url = rig->url;
	if (!options->max_payload)
		options->max_payload = 1 << 20;
	if (!options->max_held)
		options->max_held = 1 << 24;
	options->dead_max = 100;
	options->version = "test";
	worker->rig = rig;
	cr_assert_lt(rig->worker_count, RIG_WORKERS);
	rig->workers[rig->worker_count++] = worker;
	worker->broker =
		broker_redis_new(rig->loop, options, &rig_events, worker, &err);
	cr_assert(worker->broker, "%s", err.message);
	broker_start(worker->broker);
	return worker;
}

/* A worker of the queues, which are separated by spaces, with that many slots;
 * waits until it is up. */
static inline struct rig_worker *rig_worker(struct rig *rig, const char *queues,
					    size_t slots)
{
	struct broker_queue list[16];
	struct broker_options options = {.queues = list};
	char names[300], *name, *rest;
	struct rig_worker *worker;

	snprintf(names, sizeof(names), "%s", queues);
	for (name = strtok_r(names, " ", &rest); name;
	     name = strtok_r(NULL, " ", &rest))
		list[options.queue_count++] =
			(struct broker_queue){.name = name};
	worker = rig_worker_at(rig, &options);
	broker_want(worker->broker, slots);
	rig_wait(rig, worker->up || worker->fatal);
	return worker;
}

/* Ends a claim with a reply (none where `reply_to` is NULL). */
static inline void rig_finish(struct rig_worker *worker, size_t index,
			      const char *reply_to)
{
	struct rig_claim *claim = &worker->claims[index];
	struct broker_settlement settlement = {
		.claim = claim->claim.id,
		.queue = claim->claim.queue,
		.how = BROKER_FINISH,
		.job = claim,
		.reply_to = slice_text(reply_to),
		.reply = slice_text(claim->payload),
		.reply_ttl = 60,
		.counter = "ok"};

	broker_settle(worker->broker, &settlement);
}

/* Ends a claim in another way. */
static inline void rig_settle(struct rig_worker *worker, size_t index,
			      struct broker_settlement settlement)
{
	struct rig_claim *claim = &worker->claims[index];

	settlement.claim = claim->claim.id;
	settlement.queue = claim->claim.queue;
	settlement.job = claim;
	settlement.payload = slice_text(claim->payload);
	claim->settled = false;
	broker_settle(worker->broker, &settlement);
}

/* Its process dies: nothing is said to anybody. */
static inline void rig_kill(struct rig_worker *worker)
{
	broker_free(worker->broker);
	worker->broker = NULL;
}

static inline void rig_close(struct rig *rig)
{
	char command[200];
	size_t i, j;

	for (i = 0; i < rig->worker_count; i++) {
		struct rig_worker *worker = rig->workers[i];

		broker_free(worker->broker);
		for (j = 0; j < worker->claim_count; j++) {
			free(worker->claims[j].payload);
			free(worker->claims[j].known_id);
		}
		free(worker);
	}
	client_free(rig->client);
	loop_ev_free(rig->ev);
	if (rig->server > 0)
		kill(rig->server, SIGCONT);
	rig_stop_server(rig);
	snprintf(command, sizeof(command), "rm -rf %s", rig->dir);
	(void)!system(command);
}

#endif
