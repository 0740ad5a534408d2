/*
 * Settlements against a real Redis: the fence, lives of reply keys, outputs,
 * keys of another type, the dead stream, counters, what cherry's own keys
 * refuse.
 */
#include "broker_rig.h"

static struct rig rig;
static struct rig_worker *w;

/* A worker that owns eight tasks, "0" to "7". */
static void open_rig(void)
{
	rig_open(&rig, NULL);
	rig_run(&rig, "LPUSH", "q", "0", "1", "2", "3", "4", "5", "6", "7",
		NULL);
	w = rig_worker(&rig, "q", 8);
	rig_wait(&rig, w->claim_count == 8);
}

static void close_rig(void)
{
	rig_close(&rig);
}

TestSuite(settle, .init = open_rig, .fini = close_rig, .timeout = 60);

static int64_t owned(void)
{
	return rig_run(&rig, "HLEN",
		       rig_key("q", "owned", broker_name(w->broker)), NULL);
}

static int64_t counter(const char *name)
{
	return strtoll(
		rig_text(&rig, "HGET", rig_key("q", "stats", NULL), name, NULL),
		NULL, 10);
}

static int64_t life(const char *key)
{
	return rig_run(&rig, "TTL", key, NULL);
}

Test(settle, a_finish_removes_replies_counts_and_sets_a_life)
{
	size_t i;

	for (i = 0; i < 8; i++)
		rig_finish(w, i, "r");
	rig_wait(&rig, w->settled_count == 8);
	for (i = 0; i < 8; i++)
		cr_expect_eq(w->claims[i].outcome, BROKER_SETTLED);
	cr_expect_str_eq(rig_text(&rig, "LRANGE", "r", "0", "-1", NULL),
			 "0 1 2 3 4 5 6 7");
	cr_expect_eq(owned(), 0);
	cr_expect_eq(counter("ok"), 8);
	cr_expect(life("r") > 50 && life("r") <= 60);
}

Test(settle, without_a_reply_key_it_is_only_counted)
{
	rig_finish(w, 0, NULL);
	rig_wait(&rig, w->settled_count == 1);
	cr_expect_eq(w->claims[0].outcome, BROKER_SETTLED);
	cr_expect_eq(owned(), 7);
	cr_expect_eq(counter("ok"), 1);
}

Test(settle, a_list_that_lives_for_ever_is_given_no_end)
{
	rig_run(&rig, "RPUSH", "ever", "x", NULL);
	rig_run(&rig, "RPUSH", "mortal", "x", NULL);
	rig_run(&rig, "EXPIRE", "mortal", "5", NULL);
	rig_finish(w, 0, "ever");
	rig_finish(w, 1, "mortal");
	rig_settle(w, 2,
		   (struct broker_settlement){.reply_to = SLICE("ever"),
					      .reply = SLICE("full"),
					      .reply_ttl = 60,
					      .unique = SLICE("u"),
					      .counter = "ok"});
	rig_wait(&rig, w->settled_count == 3);
	cr_expect_eq(life("ever"), -1);
	cr_expect_gt(life("mortal"), 50);
	cr_expect_str_eq(rig_text(&rig, "LRANGE", "ever", "0", "-1", NULL),
			 "x 0 full");
}

Test(settle, a_blocked_reader_gets_the_reply_and_no_key_is_left)
{
	struct client *reader = client_open(rig.url, NULL, 20, NULL);
	struct slice pop[] = {SLICE("BLPOP"), SLICE("r"), SLICE("0")};
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		struct client_reply *reply =
			client_command(reader, pop, 3, NULL);

		_exit(!reply || client_reply_count(reply) != 2);
	}
	rig_wait(&rig, strstr(rig_text(&rig, "INFO", "clients", NULL),
			      "blocked_clients:1"));
	rig_finish(w, 0, "r");
	rig_wait(&rig, w->settled_count == 1);
	waitpid(child, &status, 0);
	cr_expect_eq(status, 0);
	cr_expect_eq(rig_run(&rig, "EXISTS", "r", NULL), 0);
	client_free(reader);
}

Test(settle, the_fence_keeps_out_who_owns_it_no_more)
{
	struct broker_output output = {SLICE("out"), SLICE("bytes"), 0};

	rig_run(&rig, "DEL", rig_key("q", "owned", broker_name(w->broker)),
		NULL);
	rig_finish(w, 0, "r");
	rig_settle(w, 1,
		   (struct broker_settlement){.how = BROKER_BURY,
					      .reply_to = SLICE("r"),
					      .error = SLICE("{}"),
					      .outputs = &output,
					      .output_count = 1});
	rig_settle(w, 2, (struct broker_settlement){.how = BROKER_LATER});
	rig_settle(w, 3, (struct broker_settlement){.how = BROKER_GIVE_BACK});
	rig_settle(w, 4,
		   (struct broker_settlement){.outputs = &output,
					      .output_count = 1});
	rig_wait(&rig, w->settled_count == 5);
	cr_expect_eq(w->claims[0].outcome, BROKER_LOST);
	cr_expect_eq(w->claims[1].outcome, BROKER_LOST);
	cr_expect_eq(w->claims[2].outcome, BROKER_LOST);
	cr_expect_eq(w->claims[3].outcome, BROKER_LOST);
	cr_expect_eq(w->claims[4].outcome, BROKER_LOST);
	cr_expect_eq(rig_run(&rig, "EXISTS", "r", "q", "out",
			     rig_key("q", "later", NULL),
			     rig_key("q", "dead", NULL), NULL),
		     0);
	cr_expect_eq(counter("ok"), 0);
}

Test(settle, a_lost_one_does_not_disturb_what_lies_in_its_reply_key)
{
	rig_run(&rig, "RPUSH", "r", "x", NULL);
	rig_run(&rig, "HDEL", rig_key("q", "owned", broker_name(w->broker)),
		"1", NULL);
	rig_finish(w, 0, "r");
	rig_finish(w, 1, "r");
	rig_wait(&rig, w->settled_count == 2);
	cr_expect_str_eq(rig_text(&rig, "LRANGE", "r", "0", "-1", NULL), "x 1");
}

Test(settle, outputs_and_reply_come_in_one_step)
{
	struct broker_output outputs[] = {
		{SLICE("o1"), SLICE("a\0b"), 0},
		{SLICE("o2"), SLICE("second"), 30},
	};

	rig_run(&rig, "SET", "o1", "before", "EX", "100", NULL);
	rig_settle(w, 0,
		   (struct broker_settlement){.reply_to = SLICE("r"),
					      .reply = SLICE("done"),
					      .reply_ttl = 60,
					      .outputs = outputs,
					      .output_count = 2,
					      .counter = "ok"});
	rig_wait(&rig, w->settled_count == 1);
	cr_expect_eq(rig_run(&rig, "STRLEN", "o1", NULL), 3);
	cr_expect_eq(life("o1"), -1);
	cr_expect_str_eq(rig_text(&rig, "GET", "o2", NULL), "second");
	cr_expect(life("o2") > 20 && life("o2") <= 30);
	cr_expect_str_eq(rig_text(&rig, "LPOP", "r", NULL), "done");
}

/* Nothing at all may have been written, and the claim is still owned. */
static void expect_bad_key(size_t index, struct broker_settlement settlement)
{
	size_t before = w->settled_count;
	int64_t keys = rig_run(&rig, "DBSIZE", NULL);

	settlement.counter = "ok";
	settlement.reply_ttl = 60;
	settlement.error = SLICE("{}");
	rig_settle(w, index, settlement);
	rig_wait(&rig, w->settled_count == before + 1);
	cr_expect_eq(w->claims[index].outcome, BROKER_BAD_KEY);
	cr_expect_eq(rig_run(&rig, "DBSIZE", NULL), keys);
	cr_expect_eq(owned(), 8);
}

Test(settle, a_key_of_another_type_stops_it_before_it_writes)
{
	struct broker_output good = {SLICE("o"), SLICE("bytes"), 0};
	struct broker_output bad = {SLICE("list"), SLICE("bytes"), 0};
	struct broker_output both[] = {good, bad};
	struct broker_output same = {SLICE("r"), SLICE("bytes"), 0};

	rig_run(&rig, "SET", "text", "x", NULL);
	rig_run(&rig, "RPUSH", "list", "x", NULL);
	expect_bad_key(0,
		       (struct broker_settlement){.reply_to = SLICE("text")});
	expect_bad_key(0, (struct broker_settlement){.reply_to = SLICE("text"),
						     .outputs = &good,
						     .output_count = 1});
	expect_bad_key(0, (struct broker_settlement){.reply_to = SLICE("r"),
						     .outputs = both,
						     .output_count = 2});
	expect_bad_key(0, (struct broker_settlement){.reply_to = SLICE("r"),
						     .outputs = &same,
						     .output_count = 1});
	expect_bad_key(0,
		       (struct broker_settlement){.how = BROKER_BURY,
						  .reply_to = SLICE("text")});
	/* Settled again in another way. */
	rig_settle(w, 0,
		   (struct broker_settlement){.how = BROKER_BURY,
					      .id = SLICE("id"),
					      .task = SLICE("echo"),
					      .error = SLICE("{}")});
	rig_wait(&rig, w->settled_count == 6);
	cr_expect_eq(w->claims[0].outcome, BROKER_SETTLED);
	cr_expect_eq(owned(), 7);
}

Test(settle, one_bad_key_in_a_batch_stops_only_its_own)
{
	size_t i;

	rig_run(&rig, "SET", "text", "x", NULL);
	for (i = 0; i < 8; i++)
		rig_finish(w, i, i == 3 ? "text" : "r");
	rig_wait(&rig, w->settled_count == 8);
	for (i = 0; i < 8; i++)
		cr_expect_eq(w->claims[i].outcome,
			     i == 3 ? BROKER_BAD_KEY : BROKER_SETTLED);
	cr_expect_eq(rig_run(&rig, "LLEN", "r", NULL), 7);
	cr_expect_str_eq(rig_text(&rig, "GET", "text", NULL), "x");
	cr_expect_eq(owned(), 1);
}

Test(settle, the_dead_stream_tells_all_and_is_bounded)
{
	const char *entry;
	int i;

	rig_settle(w, 0,
		   (struct broker_settlement){
			   .how = BROKER_BURY,
			   .reply_to = SLICE("r"),
			   .reply = SLICE("sorry"),
			   .reply_ttl = 60,
			   .id = SLICE("\"i d\""),
			   .task = SLICE("echo"),
			   .error = SLICE("{\"code\":\"crashed\"}"),
			   .attempts = 1,
			   .crashes = 3,
			   .counter = "crashed"});
	rig_wait(&rig, w->settled_count == 1);
	rig_run(&rig, "EVAL",
		"local e = redis.call('XRANGE', KEYS[1], '-', '+')[1][2] "
		"redis.call('RPUSH', 'fields', unpack(e)) return 1",
		"1", rig_key("q", "dead", NULL), NULL);
	entry = rig_text(&rig, "LRANGE", "fields", "0", "12", NULL);
	cr_expect_str_eq(entry,
			 "task echo id \"i d\" payload 0 error "
			 "{\"code\":\"crashed\"} attempts 1 crashes 3 time");
	cr_expect_str_eq(rig_text(&rig, "LPOP", "r", NULL), "sorry");
	cr_expect_eq(counter("crashed"), 1);
	for (i = 0; i < 500; i++)
		rig_run(&rig, "XADD", rig_key("q", "dead", NULL), "*", "a", "b",
			NULL);
	rig_settle(w, 1,
		   (struct broker_settlement){.how = BROKER_BURY,
					      .error = SLICE("{}")});
	rig_wait(&rig, w->settled_count == 2);
	/* The options say 100; Redis trims whole nodes. */
	cr_expect_leq(rig_run(&rig, "XLEN", rig_key("q", "dead", NULL), NULL),
		      250);
}

Test(settle, what_cherrys_own_keys_refuse_waits_and_holds_up_nobody)
{
	rig_run(&rig, "SET", rig_key("q", "dead", NULL), "x", NULL);
	rig_run(&rig, "SET", rig_key("q", "later", NULL), "x", NULL);
	rig_settle(w, 0,
		   (struct broker_settlement){.how = BROKER_BURY,
					      .error = SLICE("{}")});
	rig_settle(
		w, 1,
		(struct broker_settlement){.how = BROKER_LATER, .delay = 100});
	rig_finish(w, 2, "r");
	rig_wait(&rig, w->settled_count == 1);
	cr_expect(w->claims[2].settled);
	cr_expect_eq(owned(), 7);
	rig_finish(w, 3, "r");
	rig_wait(&rig, w->settled_count == 2);
	rig_run(&rig, "DEL", rig_key("q", "dead", NULL),
		rig_key("q", "later", NULL), NULL);
	rig_wait(&rig, w->settled_count == 4);
	cr_expect_eq(w->claims[0].outcome, BROKER_SETTLED);
	cr_expect_eq(rig_run(&rig, "XLEN", rig_key("q", "dead", NULL), NULL),
		     1);
	cr_expect_eq(rig_run(&rig, "ZCARD", rig_key("q", "later", NULL), NULL),
		     1);
}

Test(settle, counters_of_another_type_cost_only_themselves)
{
	rig_run(&rig, "DEL", rig_key("q", "stats", NULL), NULL);
	rig_run(&rig, "SET", rig_key("q", "stats", NULL), "x", NULL);
	rig_finish(w, 0, "r");
	rig_wait(&rig, w->settled_count == 1);
	cr_expect_eq(w->claims[0].outcome, BROKER_SETTLED);
	cr_expect_eq(rig_run(&rig, "LLEN", "r", NULL), 1);
}

Test(settle, a_big_reply_travels)
{
	size_t len = (size_t)24 << 20;
	char *big = xcalloc(len + 1, 1);

	memset(big, 'x', len);
	rig_settle(w, 0,
		   (struct broker_settlement){.reply_to = SLICE("r"),
					      .reply = {big, len},
					      .reply_ttl = 60,
					      .counter = "ok"});
	rig_wait(&rig, w->settled_count == 1);
	cr_expect_eq(w->claims[0].outcome, BROKER_SETTLED);
	rig_run(&rig, "EVAL",
		"return redis.call('SET', 'n', "
		"#redis.call('LINDEX', KEYS[1], 0))",
		"1", "r", NULL);
	cr_expect_eq(strtoull(rig_text(&rig, "GET", "n", NULL), NULL, 10), len);
	free(big);
}

Test(settle, scripts_that_the_server_forgot_are_loaded_again)
{
	rig_run(&rig, "SCRIPT", "FLUSH", NULL);
	rig_finish(w, 0, "r");
	rig_wait(&rig, w->settled_count == 1);
	cr_expect_eq(w->claims[0].outcome, BROKER_SETTLED);
	broker_want(w->broker, 5);
	rig_idle(&rig, 0.1);
	rig_run(&rig, "SCRIPT", "FLUSH", NULL);
	rig_run(&rig, "LPUSH", "q", "8", NULL);
	rig_wait(&rig, w->claim_count == 9);
	cr_expect_eq(w->fatal + w->down, 0);
}
