/*
 * Brief tasks that start as they lie in the inbox of an idle worker: answered
 * from there, owned where they take longer or end otherwise, left alone where
 * the queue is paused, an id cancelled, the inbox another's.
 *
 * What is sent is sent in a turn of the loop: between turns nothing changes.
 */
#include "broker_rig.h"

static struct rig rig;
static struct rig_worker *w;

static int64_t owned(void)
{
	return rig_run(&rig, "HLEN",
		       rig_key("q", "owned", broker_name(w->broker)), NULL);
}

static const char *inbox_key(void)
{
	return rig_key("q", "inbox", broker_name(w->broker));
}

static int64_t inbox(void)
{
	return rig_run(&rig, "LLEN", inbox_key(), NULL);
}

static int64_t length(const char *key)
{
	return rig_run(&rig, "LLEN", key, NULL);
}

/* The connection that waits is there: BLMOVE has blocked. */
static bool is_parked(void)
{
	return strstr(rig_text(&rig, "INFO", "clients", NULL),
		      "blocked_clients:0") == NULL;
}

static void wait_parked(void)
{
	rig_wait(&rig, is_parked());
}

/* Pushes one and turns until it is handed over. */
static void give(const char *payload)
{
	size_t before = w->claim_count;

	wait_parked();
	rig_run(&rig, "LPUSH", "q", payload, NULL);
	rig_wait(&rig, w->claim_count == before + 1);
}

/* A worker that has answered one brief task and expects more. */
static void open_rig(void)
{
	rig_open(&rig, NULL);
	w = rig_worker(&rig, "q", 100);
	give("brief first");
	cr_assert_eq(owned(), 1);
	rig_finish(w, 0, "first");
	rig_wait(&rig, w->settled_count == 1);
}

static void close_rig(void)
{
	rig_close(&rig);
}

TestSuite(hand, .init = open_rig, .fini = close_rig, .timeout = 60);

Test(hand, is_answered_from_the_inbox)
{
	size_t i;

	for (i = 1; i < 20; i++) {
		give("brief");
		cr_assert_eq(owned(), 0);
		cr_assert_eq(inbox(), 1);
		rig_finish(w, i, "r");
		rig_wait(&rig, w->settled_count == i + 1);
		cr_assert_eq(w->claims[i].outcome, BROKER_SETTLED);
		cr_assert_eq(inbox(), 0);
	}
	cr_expect_eq(length("r"), 19);
	cr_expect_eq(rig_run(&rig, "TTL", "r", NULL), 60);
	cr_expect_str_eq(
		rig_text(&rig, "HGET", rig_key("q", "stats", NULL), "ok", NULL),
		"20");
	cr_expect_eq(w->claim_count, 20);
}

Test(hand, is_owned_where_it_takes_longer)
{
	give("brief");
	rig_wait(&rig, owned() == 1);
	cr_expect_eq(inbox(), 0);
	/* And the queue is waited at again. */
	give("brief two");
	rig_finish(w, 2, "r");
	rig_finish(w, 1, "r");
	rig_wait(&rig, w->settled_count == 3);
	cr_expect_str_eq(rig_text(&rig, "LRANGE", "r", "0", "-1", NULL),
			 "brief two brief");
	cr_expect_eq(owned() + inbox(), 0);
}

Test(hand, others_are_owned_before_they_start)
{
	static char text[1100] = "brief";

	give("slow");
	cr_expect_eq(owned(), 1);
	memset(text + 5, 'x', sizeof(text) - 6);
	give(text);
	cr_expect_eq(owned(), 2);
}

Test(hand, ends_that_are_no_reply_go_by_way_of_owned)
{
	give("brief");
	rig_settle(w, 1,
		   (struct broker_settlement){.how = BROKER_LATER,
					      .attempts = 1,
					      .delay = 60,
					      .retry = true});
	rig_wait(&rig, w->settled_count == 2);
	cr_expect_eq(w->claims[1].outcome, BROKER_SETTLED);
	cr_expect_eq(rig_run(&rig, "ZCARD", rig_key("q", "later", NULL), NULL),
		     1);
	give("brief");
	rig_settle(w, 2,
		   (struct broker_settlement){.how = BROKER_BURY,
					      .reply_to = SLICE("r"),
					      .reply = SLICE("bad"),
					      .reply_ttl = 60});
	rig_wait(&rig, w->settled_count == 3);
	cr_expect_eq(w->claims[2].outcome, BROKER_SETTLED);
	cr_expect_eq(rig_run(&rig, "XLEN", rig_key("q", "dead", NULL), NULL),
		     1);
	cr_expect_str_eq(rig_text(&rig, "LRANGE", "r", "0", "-1", NULL), "bad");
	give("brief");
	broker_want(w->broker, 0);
	rig_settle(w, 3, (struct broker_settlement){.how = BROKER_GIVE_BACK});
	rig_wait(&rig, w->settled_count == 4);
	cr_assert_eq(length("q"), 1);
	cr_expect_eq(owned() + inbox(), 0);
}

Test(hand, a_reply_key_of_another_type_leaves_it_ours)
{
	rig_run(&rig, "SET", "text", "x", NULL);
	give("brief");
	rig_finish(w, 1, "text");
	rig_wait(&rig, w->settled_count == 2);
	cr_expect_eq(w->claims[1].outcome, BROKER_BAD_KEY);
	cr_expect_eq(owned() + inbox(), 1);
	rig_settle(w, 1,
		   (struct broker_settlement){.how = BROKER_BURY,
					      .error = SLICE("{}")});
	rig_wait(&rig, w->settled_count == 3);
	cr_expect_eq(w->claims[1].outcome, BROKER_SETTLED);
	cr_expect_eq(rig_run(&rig, "XLEN", rig_key("q", "dead", NULL), NULL),
		     1);
	cr_expect_eq(owned() + inbox(), 0);
}

/* Paused after it was handed over: it goes back, whatever it came to. */
Test(hand, a_paused_queue_gets_it_back)
{
	give("brief");
	rig_run(&rig, "SET", rig_key("q", "paused", NULL), "1", NULL);
	rig_finish(w, 1, "r");
	rig_wait(&rig, w->settled_count == 2);
	cr_expect_eq(w->claims[1].outcome, BROKER_LOST);
	cr_expect_eq(length("r"), 0);
	cr_expect_eq(length("q"), 1);
	rig_idle(&rig, 0.2);
	cr_expect_eq(w->claim_count, 2);
	rig_run(&rig, "DEL", rig_key("q", "paused", NULL), NULL);
	rig_run(&rig, "PUBLISH", "cherry:wake", "q", NULL);
	rig_wait(&rig, w->claim_count == 3);
	rig_finish(w, 2, "r");
	rig_wait(&rig, length("r") == 1);
}

/* The same for one that takes longer. */
Test(hand, a_paused_queue_gets_it_back_before_it_is_owned)
{
	give("brief");
	rig_run(&rig, "SET", rig_key("q", "paused", NULL), "1", NULL);
	rig_wait(&rig, length("q") == 1);
	rig_finish(w, 1, "r");
	rig_wait(&rig, w->settled_count == 2);
	cr_expect_eq(w->claims[1].outcome, BROKER_LOST);
	cr_expect_eq(length("r") + owned() + inbox(), 0);
}

/* Which ids were cancelled only an admission tells. */
Test(hand, where_ids_are_cancelled_it_is_claimed_again)
{
	give("brief");
	rig_run(&rig, "HSET", rig_key("q", "cancelled", NULL), "x", "1", NULL);
	rig_finish(w, 1, "r");
	rig_wait(&rig, w->settled_count == 2 && w->claim_count == 3);
	cr_expect_eq(w->claims[1].outcome, BROKER_LOST);
	cr_expect(w->claims[2].claim.check_cancel);
	rig_finish(w, 2, "r");
	rig_wait(&rig, w->settled_count == 3);
	cr_expect_eq(length("r"), 1);
}

/* The same for one that takes longer; the next is asked about at once. */
Test(hand, where_ids_are_cancelled_it_is_not_owned)
{
	give("brief");
	rig_run(&rig, "HSET", rig_key("q", "cancelled", NULL), "x", "1", NULL);
	rig_wait(&rig, w->claim_count == 3);
	cr_expect(w->claims[2].claim.check_cancel);
	rig_finish(w, 1, "r");
	rig_finish(w, 2, "r");
	rig_wait(&rig, w->settled_count == 3);
	cr_expect_eq(w->claims[1].outcome, BROKER_LOST);
	cr_expect_eq(length("r"), 1);
	give("brief");
	cr_expect(w->claims[3].claim.check_cancel);
	cr_expect_eq(owned(), 1);
}

/*
 * A long reply goes before the answer of a brief task, on the connection of
 * both, and Redis does not read: the answer waits here for longer than a queue is
 * left alone. Were the queue waited at meanwhile, on another connection, another
 * task would come to lie in the inbox first, and this one's answer would miss it.
 */
Test(hand, nothing_comes_into_the_inbox_before_its_answer)
{
	static char text[8 << 20];

	memset(text, 'x', sizeof(text));
	give("slow");
	give("brief one"); /* waits at the queue as for brief ones again */
	rig_finish(w, 2, "r");
	rig_wait(&rig, w->settled_count == 2);
	give("brief two");
	cr_assert_eq(inbox(), 1);
	rig_run(&rig, "LPUSH", "q", "brief three", NULL);
	kill(rig.server, SIGSTOP);
	rig_settle(w, 1,
		   (struct broker_settlement){
			   .how = BROKER_FINISH,
			   .reply_to = SLICE("long"),
			   .reply = slice_of(text, sizeof(text)),
			   .reply_ttl = 60});
	rig_finish(w, 3, "r");
	rig_idle(&rig, 0.1);
	kill(rig.server, SIGCONT);
	rig_wait(&rig, w->settled_count == 4);
	cr_assert_eq(w->claims[3].outcome, BROKER_SETTLED);
	rig_wait(&rig, w->claim_count == 5);
	cr_expect_str_eq(w->claims[4].payload, "brief three");
	rig_finish(w, 4, "r");
	rig_wait(&rig, w->settled_count == 5);
	cr_expect_str_eq(rig_text(&rig, "LRANGE", "r", "0", "-1", NULL),
			 "brief one brief two brief three");
	cr_expect_eq(owned() + inbox() + length("q"), 0);
}

/* As after a stop of a minute, when others took it for dead. */
Test(hand, what_others_took_is_not_answered)
{
	give("brief");
	rig_run(&rig, "RENAME", inbox_key(), "elsewhere", NULL);
	rig_finish(w, 1, "r");
	rig_wait(&rig, w->settled_count == 2);
	cr_expect_eq(w->claims[1].outcome, BROKER_LOST);
	cr_expect_eq(length("r"), 0);
	give("brief");
	rig_run(&rig, "RENAME", inbox_key(), "elsewhere", NULL);
	/* Another's in its place is left there. */
	rig_run(&rig, "LPUSH", inbox_key(), "other", NULL);
	rig_finish(w, 2, "r");
	rig_wait(&rig, w->claim_count == 4);
	cr_expect_eq(w->claims[2].outcome, BROKER_LOST);
	cr_expect_str_eq(w->claims[3].payload, "other");
	cr_expect_eq(length("r"), 0);
}

Test(hand, a_broken_connection_answers_once)
{
	size_t done = 1, i;

	for (i = 0; i < 20; i++) {
		give("brief");
		/* Before, while and after its settlement is sent. */
		if (i % 3 == 0)
			rig_run(&rig, "CLIENT", "KILL", "SKIPME", "yes", NULL);
		while (done < w->claim_count)
			rig_finish(w, done++, "r");
		if (i % 3 == 1)
			rig_turn(&rig);
		if (i % 3 > 0)
			rig_run(&rig, "CLIENT", "KILL", "SKIPME", "yes", NULL);
		while (length("r") < (int64_t)i + 1) {
			size_t before = w->claim_count;

			rig_wait(&rig, w->claim_count > before ||
					       length("r") == (int64_t)i + 1);
			while (done < w->claim_count)
				rig_finish(w, done++, "r");
		}
		rig_wait(&rig, w->settled_count == w->claim_count);
		cr_assert_eq(length("r"), (int64_t)i + 1);
		cr_assert_eq(owned() + inbox() + length("q"), 0);
	}
	cr_expect_eq(w->reaped, 0);
}

Test(hand, a_dead_worker_s_inbox_comes_back)
{
	struct rig_worker *other;

	give("brief");
	rig_kill(w);
	other = rig_worker(&rig, "q", 10);
	rig_wait(&rig, other->claim_count == 1);
	cr_expect_str_eq(other->claims[0].payload, "brief");
	rig_finish(other, 0, "r");
	rig_wait(&rig, length("r") == 1);
}

/* Bytes of a record would be read as one. */
Test(hand, a_record_is_not_brief)
{
	give("\1rief");
	cr_expect_eq(owned(), 1);
	cr_expect_eq(inbox(), 0);
}
