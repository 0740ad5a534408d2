/*
 * At most once against a real Redis: one BRPOP or BLPOP over all queues, no
 * fence, and what goes back carries its own bytes.
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

TestSuite(once, .init = open_rig, .fini = close_rig, .timeout = 60);

static struct rig_worker *worker(size_t slots, bool left)
{
	struct broker_queue queues[] = {{"a", left}, {"b", left}};
	struct broker_options options = {
		.queues = queues, .queue_count = 2, .at_most_once = true};
	struct rig_worker *w = rig_worker_at(&rig, &options);

	broker_want(w->broker, slots);
	rig_wait(&rig, w->up);
	return w;
}

static void wait_parked(void)
{
	rig_wait(&rig, strstr(rig_text(&rig, "INFO", "clients", NULL),
			      "blocked_clients:1"));
}

Test(once, an_idle_worker_waits_on_one_connection_for_all_queues)
{
	struct rig_worker *w = worker(8, false);

	wait_parked();
	rig_run(&rig, "LPUSH", "b", "b1", NULL);
	rig_wait(&rig, w->claim_count == 1);
	cr_expect_eq(w->claims[0].claim.queue, 1);
	cr_expect_gt(w->claims[0].claim.now_ms, 1600000000000);
	wait_parked();
	rig_run(&rig, "LPUSH", "a", "a1", "a2", "a3", NULL);
	rig_wait(&rig, w->claim_count == 4);
	cr_expect_str_eq(w->claims[1].payload, "a1");
	cr_expect_str_eq(w->claims[3].payload, "a3");
	cr_expect_eq(rig_run(&rig, "KEYS", "*owned*", NULL), 0);
	rig_finish(w, 0, "r");
	rig_wait(&rig, w->settled_count == 1);
	cr_expect_str_eq(rig_text(&rig, "LPOP", "r", NULL), "b1");
}

Test(once, takes_what_waits_in_order_and_no_more_than_wanted)
{
	struct rig_worker *w;

	rig_run(&rig, "RPUSH", "b", "b1", "b2", "b3", NULL);
	rig_run(&rig, "RPUSH", "a", "a1", "a2", NULL);
	w = worker(3, true);
	rig_wait(&rig, w->claim_count == 3);
	rig_idle(&rig, 0.2);
	cr_expect_str_eq(w->claims[0].payload, "a1");
	cr_expect_str_eq(w->claims[1].payload, "a2");
	cr_expect_str_eq(w->claims[2].payload, "b1");
	cr_expect_eq(rig_run(&rig, "LLEN", "b", NULL), 2);
}

Test(once, a_retry_and_what_goes_back_keep_bytes_and_history)
{
	struct rig_worker *w;

	rig_run(&rig, "LPUSH", "a", "\1x", "y", "z", NULL);
	w = worker(3, false);
	rig_wait(&rig, w->claim_count == 3);
	cr_expect_str_eq(w->claims[0].payload, "\1x");
	rig_settle(w, 0, (struct broker_settlement){.how = BROKER_GIVE_BACK});
	rig_settle(w, 1,
		   (struct broker_settlement){.how = BROKER_LATER,
					      .attempts = 1,
					      .id = SLICE("id")});
	rig_settle(w, 2,
		   (struct broker_settlement){.how = BROKER_BURY,
					      .error = SLICE("{}")});
	rig_wait(&rig, w->settled_count == 3);
	cr_expect_str_eq(rig_text(&rig, "LRANGE", "a", "0", "-1", NULL), "\1x");
	broker_want(w->broker, 3);
	rig_wait(&rig, w->claim_count == 5);
	cr_expect_str_eq(w->claims[3].payload, "y");
	cr_expect_str_eq(w->claims[3].known_id, "id");
	cr_expect_eq(w->claims[3].claim.attempts, 1);
	cr_expect_str_eq(w->claims[4].payload, "\1x");
	rig_settle(w, 3, (struct broker_settlement){.how = BROKER_GIVE_BACK});
	rig_wait(&rig, w->settled_count == 4);
	rig_wait(&rig, w->claim_count == 6);
	cr_expect_str_eq(w->claims[5].payload, "y");
	cr_expect_eq(w->claims[5].claim.attempts, 1);
	rig_run(&rig, "EVAL",
		"return redis.call('SET', 'p', "
		"redis.call('XRANGE', KEYS[1], '-', '+')[1][2][6])",
		"1", rig_key("a", "dead", NULL), NULL);
	cr_expect_str_eq(rig_text(&rig, "GET", "p", NULL), "z");
}

Test(once, a_paused_queue_gives_nothing)
{
	struct rig_worker *w = worker(4, false);

	wait_parked();
	rig_run(&rig, "SET", rig_key("a", "paused", NULL), "1", NULL);
	rig_wait(&rig, rig_run(&rig, "PUBSUB", "CHANNELS", NULL) == 1);
	rig_run(&rig, "PUBLISH", KEYS_WAKE, "pause", NULL);
	rig_idle(&rig, 0.3);
	rig_run(&rig, "LPUSH", "a", "a1", NULL);
	rig_run(&rig, "LPUSH", "b", "b1", NULL);
	rig_wait(&rig, w->claim_count == 1);
	rig_idle(&rig, 0.3);
	cr_expect_eq(w->claim_count, 1);
	cr_expect_str_eq(w->claims[0].payload, "b1");
	cr_expect_eq(rig_run(&rig, "LLEN", "a", NULL), 1);
	rig_run(&rig, "DEL", rig_key("a", "paused", NULL), NULL);
	rig_wait(&rig, w->claim_count == 2);
}

static void on_admitted(void *arg, enum broker_admission admission)
{
	struct rig_claim *claim = arg;

	claim->admitted = true;
	claim->admission = admission;
}

Test(once, unique_keys_hold_here_too)
{
	struct rig_worker *w;
	size_t i;

	rig_run(&rig, "LPUSH", "a", "1", "2", NULL);
	w = worker(2, false);
	rig_wait(&rig, w->claim_count == 2);
	for (i = 0; i < 2; i++) {
		broker_admit(w->broker, &w->claims[i].claim, SLICE("id"),
			     SLICE("u"), on_admitted, &w->claims[i]);
		rig_wait(&rig, w->claims[i].admitted);
	}
	cr_expect_eq(w->claims[0].admission, BROKER_ADMITTED);
	cr_expect_eq(w->claims[1].admission, BROKER_IS_DUPLICATE);
	rig_settle(w, 0, (struct broker_settlement){.unique = SLICE("u")});
	rig_wait(&rig, w->settled_count == 1);
	cr_expect_eq(rig_run(&rig, "EXISTS", rig_key("a", "unique", "u"), NULL),
		     0);
}

Test(once, a_worker_that_stops_leaves_nothing_behind)
{
	struct rig_worker *w = worker(4, false);

	wait_parked();
	broker_stop(w->broker);
	rig_wait(&rig, w->stopped == 1);
	rig_run(&rig, "LPUSH", "a", "x", NULL);
	cr_expect_eq(rig_run(&rig, "LLEN", "a", NULL), 1);
	cr_expect_eq(rig_run(&rig, "KEYS", "cherry:*", NULL), 0);
}

/* A reply whose connection broke may have arrived: it is not sent twice. */
Test(once, no_reply_is_sent_twice)
{
	struct rig_worker *w;
	int i;

	for (i = 0; i < 40; i++)
		rig_run(&rig, "LPUSH", "a", "x", NULL);
	w = worker(40, false);
	rig_wait(&rig, w->claim_count == 40);
	for (i = 0; i < 40; i++) {
		rig_finish(w, (size_t)i, "r");
		rig_turn(&rig);
		rig_run(&rig, "CLIENT", "KILL", "SKIPME", "yes", NULL);
		rig_wait(&rig, w->settled_count == (size_t)i + 1);
	}
	cr_expect_leq(rig_run(&rig, "LLEN", "r", NULL), 40);
}
