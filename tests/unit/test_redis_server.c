/*
 * What the server may be or say: passwords, rights, databases, replicas, full,
 * refusing writes, out of connections. The real thing, without a proxy.
 */
#include "broker_rig.h"

static struct rig rig;

static void open_rig(void)
{
	rig_open(&rig, NULL);
}

static void close_rig(void)
{
	rig_close(&rig);
}

TestSuite(server, .init = open_rig, .fini = close_rig, .timeout = 60);

/* A worker of q at a URL made of the login, which ends with '@', and a query. */
static struct rig_worker *worker_at(const char *login, const char *query)
{
	static struct broker_queue queue = {.name = "q"};
	static char url[200];
	struct broker_options options = {
		.queues = &queue, .queue_count = 1, .url = url};
	struct rig_worker *w;

	snprintf(url, sizeof(url), "unix://%s%s/redis.sock%s", login, rig.dir,
		 query);
	w = rig_worker_at(&rig, &options);
	broker_want(w->broker, 8);
	return w;
}

#define MANUAL	  "packaging/man/cherry-protocol.7"
#define WORDS_MAX 120

/* The command that the manual names, as words: of its user, queue and password
 * ours, and the producers' keys added. The text is kept. */
static size_t manual_rights(struct slice *words)
{
	static char text[4096];
	FILE *file = fopen(MANUAL, "re");
	bool rights = false, inside = false;
	size_t count = 0, used = 0;
	char line[512], *word, *rest;

	cr_assert(file, "%s cannot be read", MANUAL);
	while (fgets(line, sizeof(line), file)) {
		rights |= !strcmp(line, ".Sh RIGHTS\n");
		if (line[0] == '.') {
			inside = rights && !strncmp(line, ".Bd", 3);
			rights &= strncmp(line, ".Ed", 3) != 0;
			continue;
		}
		for (word = inside ? strtok_r(line, " \n", &rest) : NULL; word;
		     word = strtok_r(NULL, " \n", &rest)) {
			const char *ours = !strcmp(word, "worker")	? "w"
					   : !strcmp(word, ">PASSWORD") ? ">p%w"
					   : !strcmp(word, "~QUEUE")	? "~q"
									: word;

			cr_assert_lt(count, WORDS_MAX);
			words[count] = slice_of(text + used, strlen(ours));
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, "%s ", ours);
			count++;
		}
	}
	fclose(file);
	return count;
}

static void add_user(void)
{
	struct slice words[WORDS_MAX + 1];
	size_t count = manual_rights(words);
	struct client_reply *reply;

	cr_assert_gt(count, 40, "%s names no rights", MANUAL);
	words[count++] = SLICE("~r:*");
	reply = client_command(rig.client, words, count, NULL);
	cr_assert_eq(client_reply_type(reply), CLIENT_TEXT, "%s",
		     client_reply_text(reply).ptr);
	client_reply_free(reply);
}

static void on_admitted(void *arg, enum broker_admission admission)
{
	struct rig_claim *claim = arg;

	claim->admitted = true;
	claim->admission = admission;
}

static void on_fetched(void *arg, enum broker_fetched fetched,
		       struct buf *bytes, size_t size)
{
	struct rig *r = arg;

	(void)bytes;
	(void)size;
	r->fetch_done = true;
	r->fetched = fetched;
}

Test(server, the_rights_that_the_manual_names_are_enough)
{
	struct rig_worker *w;
	struct broker_output output = {SLICE("r:out"), SLICE("x"), 5};
	size_t i;

	add_user();
	rig_run(&rig, "LPUSH", "q", "1", "2", "3", "4", "5", NULL);
	rig_run(&rig, "SET", "r:in", "x", NULL);
	rig_run(&rig, "ZADD", rig_key("q", "cancelled", NULL), "1", "c", NULL);
	w = worker_at("w:p%25w@", "");
	rig_wait(&rig, w->claim_count == 5);
	broker_admit(w->broker, &w->claims[0].claim, SLICE("1"), SLICE("u"),
		     on_admitted, &w->claims[0]);
	broker_fetch(w->broker, SLICE("r:in"), 10, on_fetched, &rig);
	rig_wait(&rig, w->claims[0].admitted && rig.fetch_done);
	cr_expect_eq(w->claims[0].admission, BROKER_ADMITTED);
	cr_expect_eq(rig.fetched, BROKER_FETCH_OK);
	rig_finish(w, 0, "r:1");
	rig_settle(w, 1,
		   (struct broker_settlement){.outputs = &output,
					      .output_count = 1,
					      .reply_to = SLICE("r:1"),
					      .unique = SLICE("v"),
					      .counter = "ok",
					      .reply_ttl = 9});
	rig_settle(w, 2,
		   (struct broker_settlement){.how = BROKER_LATER,
					      .unique = SLICE("u"),
					      .retry = true});
	rig_settle(w, 3,
		   (struct broker_settlement){.how = BROKER_BURY,
					      .error = SLICE("{}")});
	rig_settle(w, 4, (struct broker_settlement){.how = BROKER_GIVE_BACK});
	rig_wait(&rig, w->settled_count == 5);
	rig_wait(&rig, w->claim_count == 7);
	for (i = 0; i < 5; i++)
		cr_expect_eq(w->claims[i].outcome, BROKER_SETTLED);
	/* A beat, with a look at what is cancelled, and the hints. */
	rig_wait(&rig, w->cancels > 0);
	rig_wait(&rig, rig_run(&rig, "PUBSUB", "CHANNELS", NULL) == 1);
	rig_run(&rig, "CLIENT", "KILL", "USER", "w", NULL);
	rig_wait(&rig, w->up == 2);
	rig_settle(w, 5, (struct broker_settlement){.how = BROKER_GIVE_BACK});
	rig_finish(w, 6, "r:1");
	broker_stop(w->broker);
	rig_wait(&rig, w->stopped);
	cr_expect_eq(w->fatal + w->degraded + w->reaped, 0, "%s", w->why);
	cr_expect_eq(strcmp(rig_text(&rig, "ACL", "LOG", NULL), ""), 0);
}

/* Keys that the rights do not cover are that task's affair. */
Test(server, a_reply_key_beyond_the_rights_is_a_bad_key)
{
	struct rig_worker *w;

	add_user();
	rig_run(&rig, "LPUSH", "q", "1", "2", NULL);
	w = worker_at("w:p%25w@", "");
	rig_wait(&rig, w->claim_count == 2);
	rig_finish(w, 0, "elsewhere");
	rig_settle(w, 1,
		   (struct broker_settlement){.reply_to = SLICE("elsewhere"),
					      .unique = SLICE("u")});
	rig_wait(&rig, w->settled_count == 2);
	cr_expect_eq(w->claims[0].outcome, BROKER_BAD_KEY);
	cr_expect_eq(w->claims[1].outcome, BROKER_BAD_KEY);
	broker_fetch(w->broker, SLICE("elsewhere"), 10, on_fetched, &rig);
	rig_wait(&rig, rig.fetch_done);
	cr_expect_eq(rig.fetched, BROKER_FETCH_BAD_TYPE);
	cr_expect_eq(w->degraded, 0);
}

Test(server, rights_that_are_missing_end_it_before_it_takes_anything)
{
	static const char *const missing[] = {
		"-hset",	  "-rpop", "-zadd", "-hdel",
		"-evalsha|-eval", "-llen", "-zrem", NULL};
	size_t i;

	rig_run(&rig, "LPUSH", "q", "1", NULL);
	for (i = 0; missing[i]; i++) {
		struct rig_worker *w;

		add_user();
		if (strchr(missing[i], '|'))
			rig_run(&rig, "ACL", "SETUSER", "w", "-eval",
				"-evalsha", NULL);
		else
			rig_run(&rig, "ACL", "SETUSER", "w", missing[i], NULL);
		w = worker_at("w:p%25w@", "");
		rig_wait(&rig, w->fatal || w->up);
		cr_assert(w->fatal, "%s: it went on", missing[i]);
		cr_expect(strstr(w->why, "NOPERM") ||
				  strstr(w->why, "The user"),
			  "%s: %s", missing[i], w->why);
		cr_expect_eq(rig_run(&rig, "LLEN", "q", NULL), 1);
		broker_free(w->broker);
		w->broker = NULL;
		rig.worker_count--;
		free(w);
	}
}

/* Taken away while it runs: nothing is lost, and it goes on when they are
 * back. */
Test(server, rights_that_are_taken_away_lose_nothing)
{
	struct rig_worker *w;

	add_user();
	w = worker_at("w:p%25w@", "");
	rig_wait(&rig, w->up);
	rig_run(&rig, "ACL", "SETUSER", "w", "-hset", NULL);
	rig_run(&rig, "LPUSH", "q", "1", "2", "3", NULL);
	rig_idle(&rig, 1);
	cr_expect_eq(w->claim_count, 0);
	cr_expect_eq(w->fatal, 0);
	rig_run(&rig, "ACL", "SETUSER", "w", "+hset", NULL);
	rig_wait(&rig, w->claim_count == 3);
	cr_expect_str_eq(w->claims[0].payload, "1");
}

Test(server, passwords)
{
	struct rig_worker *w;

	rig_run(&rig, "CONFIG", "SET", "requirepass", "right", NULL);
	w = worker_at("", "");
	rig_wait(&rig, w->fatal);
	cr_expect(strstr(w->why, "NOAUTH"), "%s", w->why);
	w = worker_at(":wrong@", "");
	rig_wait(&rig, w->fatal);
	cr_expect(strstr(w->why, "WRONGPASS"), "%s", w->why);
	cr_expect_not(strstr(w->why, "wrong@"));
	w = worker_at(":right@", "");
	rig_wait(&rig, w->up);
	rig_run(&rig, "LPUSH", "q", "1", NULL);
	rig_wait(&rig, w->claim_count == 1);
}

Test(server, databases)
{
	struct rig_worker *w = worker_at("", "?db=3");
	struct rig_worker *none;

	rig_run(&rig, "LPUSH", "q", "zero", NULL);
	rig_run(&rig, "SELECT", "3", NULL);
	rig_run(&rig, "LPUSH", "q", "three", NULL);
	rig_wait(&rig, w->claim_count == 1);
	cr_expect_str_eq(w->claims[0].payload, "three");
	none = worker_at("", "?db=99");
	rig_wait(&rig, none->fatal);
	cr_expect(strstr(none->why, "DB index"), "%s", none->why);
}

Test(server, a_replica_is_waited_for)
{
	struct rig_worker *w;

	rig_run(&rig, "LPUSH", "q", "1", NULL);
	rig_run(&rig, "REPLICAOF", "127.0.0.1", "1", NULL);
	w = worker_at("", "");
	rig_wait(&rig, w->down);
	cr_expect(strstr(w->why, "replica"), "%s", w->why);
	rig_run(&rig, "REPLICAOF", "NO", "ONE", NULL);
	rig_wait(&rig, w->claim_count == 1);
	/* A master that becomes a replica under our hands. */
	rig_run(&rig, "REPLICAOF", "127.0.0.1", "1", NULL);
	rig_finish(w, 0, "r");
	rig_wait(&rig, w->down == 2);
	rig_run(&rig, "REPLICAOF", "NO", "ONE", NULL);
	rig_wait(&rig, w->settled_count == 1);
	cr_expect_eq(w->claims[0].outcome, BROKER_SETTLED);
	cr_expect_eq(rig_run(&rig, "LLEN", "r", NULL), 1);
}

Test(server, one_that_has_no_connection_left_is_waited_for)
{
	struct rig_worker *w;

	rig_run(&rig, "CONFIG", "SET", "maxclients", "1", NULL);
	w = worker_at("", "");
	rig_wait(&rig, w->down);
	cr_expect(strstr(w->why, "max number of clients"), "%s", w->why);
	rig_run(&rig, "CONFIG", "SET", "maxclients", "100", NULL);
	rig_wait(&rig, w->up);
	cr_expect_eq(w->fatal, 0);
}

Test(server, a_full_one_can_be_drained)
{
	struct rig_worker *w;
	char *big = xcalloc(10001, 1);
	size_t i;

	memset(big, 'x', 10000);
	for (i = 0; i < 300; i++)
		rig_run(&rig, "LPUSH", "q", big, NULL);
	rig_run(&rig, "CONFIG", "SET", "maxmemory", "1", NULL);
	w = worker_at("", "");
	for (i = 0; i < 300; i++) {
		rig_wait(&rig, w->claim_count > i);
		rig_finish(w, i, i % 3 ? NULL : "r");
		broker_want(w->broker, 8);
	}
	rig_wait(&rig, w->settled_count == 300);
	cr_expect_eq(rig_run(&rig, "LLEN", "r", NULL), 100);
	cr_expect_eq(rig_run(&rig, "EXISTS", "q", NULL), 0);
	cr_expect_eq(w->fatal + w->reaped + w->down, 0, "%s", w->why);
	/* Its signs of life were accepted all along. */
	rig_idle(&rig, 4);
	cr_expect_eq(w->reaped, 0);
	free(big);
}

/* Writes are refused: results are held, within bounds, and stored after. */
Test(server, results_are_held_while_writes_are_refused)
{
	struct broker_queue queue = {.name = "q"};
	struct broker_options options = {
		.queues = &queue, .queue_count = 1, .max_held = 2000};
	struct rig_worker *w = rig_worker_at(&rig, &options);
	double start;
	size_t i;

	for (i = 0; i < 20; i++)
		rig_run(&rig, "LPUSH", "q", "x", NULL);
	broker_want(w->broker, 10);
	rig_wait(&rig, w->claim_count == 10);
	/* The first sign of life is through. */
	rig_idle(&rig, 0.3);
	rig_run(&rig, "CONFIG", "SET", "min-replicas-to-write", "1", NULL);
	for (i = 0; i < 10; i++)
		rig_finish(w, i, "r");
	rig_wait(&rig, w->degraded == 1);
	cr_expect(strstr(w->why, "NOREPLICAS"), "%s", w->why);
	broker_want(w->broker, 10);
	rig_idle(&rig, 5);
	cr_expect_eq(w->settled_count, 0);
	cr_expect_eq(w->claim_count, 10, "it claimed on");
	rig_run(&rig, "CONFIG", "SET", "min-replicas-to-write", "0", NULL);
	start = clock_monotonic();
	rig_wait(&rig, w->settled_count == 10);
	cr_expect_lt(clock_monotonic() - start, 2.5);
	cr_expect_eq(w->up, 2);
	for (i = 0; i < 10; i++)
		cr_expect_eq(w->claims[i].outcome, BROKER_SETTLED);
	rig_wait(&rig, w->claim_count == 20);
	cr_expect_eq(rig_run(&rig, "LLEN", "r", NULL), 10);
}

Test(server, one_that_is_killed_and_comes_back_empty_or_not)
{
	struct rig_worker *w = worker_at("", "");

	rig_wait(&rig, w->up);
	rig_stop_server(&rig);
	rig_wait(&rig, w->down);
	rig_start_server(&rig);
	rig_wait(&rig, w->up == 2);
	cr_expect_eq(w->reaped, 1, "its name was lost with the data");
	broker_want(w->broker, 2);
	rig_run(&rig, "LPUSH", "q", "1", NULL);
	rig_wait(&rig, w->claim_count == 1);
}
