/*
 * Admissions and fetches against a real Redis: cancelled ids, unique keys and
 * their holders, byte strings by key.
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

TestSuite(ask, .init = open_rig, .fini = close_rig, .timeout = 60);

static void on_admitted(void *arg, enum broker_admission admission)
{
	struct rig_claim *claim = arg;

	cr_assert_not(claim->admitted, "answered twice");
	claim->admitted = true;
	claim->admission = admission;
}

static enum broker_admission admit(struct rig_worker *w, size_t index,
				   const char *id, const char *unique)
{
	struct rig_claim *claim = &w->claims[index];

	claim->admitted = false;
	broker_admit(w->broker, &claim->claim, slice_text(id),
		     slice_text(unique), on_admitted, claim);
	rig_wait(&rig, claim->admitted);
	return claim->admission;
}

static struct rig_worker *with_claims(const char *first, const char *second)
{
	struct rig_worker *w = rig_worker(&rig, "q", 4);
	size_t count = second ? 2 : 1;

	rig_run(&rig, "LPUSH", "q", first, NULL);
	if (second)
		rig_run(&rig, "LPUSH", "q", second, NULL);
	rig_wait(&rig, w->claim_count == count);
	return w;
}

static void cancel(const char *id, double score)
{
	char text[40];

	snprintf(text, sizeof(text), "%.0f", score);
	rig_run(&rig, "ZADD", rig_key("q", "cancelled", NULL), text, id, NULL);
}

Test(ask, cancelled_ids_are_refused_for_a_day_whatever_their_time_is_in)
{
	struct rig_worker *w = with_claims("a", NULL);
	double now = clock_real(), day = 86400;

	cr_expect_eq(admit(w, 0, "other", NULL), BROKER_ADMITTED);
	cancel("ms", now * 1000);
	cancel("seconds", now);
	cancel("none", 0);
	cancel("old ms", (now - day - 60) * 1000);
	cancel("old seconds", now - day - 60);
	cr_expect_eq(admit(w, 0, "ms", NULL), BROKER_IS_CANCELLED);
	cr_expect_eq(admit(w, 0, "ms", NULL), BROKER_IS_CANCELLED);
	cr_expect_eq(admit(w, 0, "seconds", NULL), BROKER_IS_CANCELLED);
	cr_expect_eq(admit(w, 0, "none", NULL), BROKER_IS_CANCELLED);
	cr_expect_eq(admit(w, 0, "old ms", NULL), BROKER_ADMITTED);
	cr_expect_eq(admit(w, 0, "old seconds", NULL), BROKER_ADMITTED);
	cr_expect_eq(admit(w, 0, "", NULL), BROKER_ADMITTED);
}

Test(ask, claims_say_when_there_are_cancelled_ids)
{
	struct rig_worker *w = with_claims("a", NULL);

	cr_expect_not(w->claims[0].claim.check_cancel);
	cancel("x", clock_real() * 1000);
	rig_run(&rig, "LPUSH", "q", "b", NULL);
	rig_wait(&rig, w->claim_count == 2);
	cr_expect(w->claims[1].claim.check_cancel);
	broker_want(w->broker, 0);
	rig_idle(&rig, 0.1);
	rig_run(&rig, "LPUSH", "q", "c", NULL);
	broker_want(w->broker, 2);
	rig_wait(&rig, w->claim_count == 3);
	cr_expect(w->claims[2].claim.check_cancel);
}

Test(ask, a_hint_makes_a_cancel_known_at_once)
{
	struct rig_worker *w = with_claims("a", NULL);
	double start;

	rig_wait(&rig, rig_run(&rig, "PUBSUB", "CHANNELS", NULL) == 1);
	cancel("the id", clock_real() * 1000);
	start = clock_monotonic();
	rig_run(&rig, "PUBLISH", KEYS_WAKE, "cancel", NULL);
	rig_wait(&rig, w->cancels > 0);
	cr_expect_lt(clock_monotonic() - start, 0.5);
	cr_expect_str_eq(w->cancelled, "the id");
	/* And without a hint, at the next look. */
	rig_run(&rig, "DEL", rig_key("q", "cancelled", NULL), NULL);
	cancel("another", 1);
	rig_wait(&rig, !strcmp(w->cancelled, "another"));
}

Test(ask, a_claim_that_is_lost_is_not_admitted)
{
	struct rig_worker *w = with_claims("a", NULL);

	rig_run(&rig, "DEL", rig_key("q", "owned", broker_name(w->broker)),
		NULL);
	cr_expect_eq(admit(w, 0, "x", "u"), BROKER_IS_LOST);
	cr_expect_eq(rig_run(&rig, "EXISTS", rig_key("q", "unique", "u"), NULL),
		     0);
}

Test(ask, a_unique_key_is_held_until_its_task_ends)
{
	struct rig_worker *w = with_claims("a", "b");

	cr_expect_eq(admit(w, 0, "1", "u"), BROKER_ADMITTED);
	cr_expect_eq(admit(w, 0, "1", "u"), BROKER_ADMITTED, "asked again");
	cr_expect_eq(admit(w, 1, "2", "u"), BROKER_IS_DUPLICATE);
	cr_expect_eq(admit(w, 1, "2", "other"), BROKER_ADMITTED);
	/* One that does not hold it does not drop it. */
	rig_settle(w, 1, (struct broker_settlement){.unique = SLICE("u")});
	rig_wait(&rig, w->settled_count == 1);
	cr_expect_eq(rig_run(&rig, "EXISTS", rig_key("q", "unique", "u"), NULL),
		     1);
	rig_settle(w, 0, (struct broker_settlement){.unique = SLICE("u")});
	rig_wait(&rig, w->settled_count == 2);
	cr_expect_eq(rig_run(&rig, "EXISTS", rig_key("q", "unique", "u"), NULL),
		     0);
}

Test(ask, it_is_held_while_its_task_waits_and_comes_back)
{
	struct rig_worker *w = with_claims("a", "b");

	cr_expect_eq(admit(w, 0, "1", "u"), BROKER_ADMITTED);
	rig_settle(w, 0,
		   (struct broker_settlement){.how = BROKER_LATER,
					      .unique = SLICE("u"),
					      .delay = 0.5});
	rig_wait(&rig, w->settled_count == 1);
	cr_expect_eq(admit(w, 1, "2", "u"), BROKER_IS_DUPLICATE);
	rig_wait(&rig, w->claim_count == 3);
	/* Claimed again, but it has not asked yet. */
	cr_expect_eq(admit(w, 1, "2", "u"), BROKER_IS_DUPLICATE);
	cr_expect_eq(admit(w, 2, "1", "u"), BROKER_ADMITTED);
	cr_expect_eq(admit(w, 1, "2", "u"), BROKER_IS_DUPLICATE);
	rig_settle(w, 2,
		   (struct broker_settlement){.how = BROKER_GIVE_BACK,
					      .unique = SLICE("u")});
	rig_wait(&rig, w->settled_count == 2);
	rig_wait(&rig, w->claim_count == 4);
	cr_expect_eq(admit(w, 1, "2", "u"), BROKER_IS_DUPLICATE);
	rig_settle(w, 3, (struct broker_settlement){.unique = SLICE("u")});
	rig_wait(&rig, w->settled_count == 3);
	cr_expect_eq(admit(w, 1, "2", "u"), BROKER_ADMITTED);
}

Test(ask, one_whose_holder_is_gone_is_taken_over)
{
	static const char *const holders[] = {"o nobody/1 nobody 1",
					      "l nobody/1 1700000000000",
					      "p nobody/1 nobody",
					      "what is this",
					      "l nobody/1 x",
					      "",
					      NULL};
	struct rig_worker *w = with_claims("a", NULL);
	size_t i;

	for (i = 0; holders[i]; i++) {
		rig_run(&rig, "SET", rig_key("q", "unique", "u"), holders[i],
			NULL);
		cr_expect_eq(admit(w, 0, "1", "u"), BROKER_ADMITTED, "%s",
			     holders[i]);
	}
}

/* A holder that was recovered waits in `later` under a time that its lock does
 * not know; one claimed again by another has not asked yet. */
Test(ask, a_recovered_holder_is_found)
{
	struct rig_worker *w = with_claims("a", NULL);

	rig_run(&rig, "SET", rig_key("q", "unique", "u"), "o dead/7 dead 7",
		NULL);
	rig_run(&rig, "ZADD", rig_key("q", "later", NULL), "1",
		"\1dead/7 0 0 1 5 0\nx", NULL);
	broker_want(w->broker, 0);
	cr_expect_eq(admit(w, 0, "1", "u"), BROKER_IS_DUPLICATE);
	broker_want(w->broker, 1);
	rig_wait(&rig, w->claim_count == 2);
	cr_expect_eq(w->claims[1].claim.deaths, 1);
	cr_expect(w->claims[1].claim.recovered);
	cr_expect_eq(admit(w, 0, "1", "u"), BROKER_IS_DUPLICATE);
	cr_expect_eq(admit(w, 1, "7", "u"), BROKER_ADMITTED);
}

static void on_fetched(void *arg, enum broker_fetched fetched,
		       struct buf *bytes, size_t size)
{
	struct rig *r = arg;

	cr_assert_not(r->fetch_done, "answered twice");
	r->fetch_done = true;
	r->fetched = fetched;
	r->fetched_size = size;
	if (fetched == BROKER_FETCH_OK && size == 5)
		cr_expect(slice_equal(buf_slice(bytes), SLICE("a\0\r\nb")));
	else if (fetched == BROKER_FETCH_OK)
		cr_expect(bytes->len == size && bytes->ptr[size - 1] == 'x');
}

static void expect_fetch(struct rig_worker *w, const char *key, size_t max,
			 enum broker_fetched fetched, size_t size)
{
	rig.fetch_done = false;
	broker_fetch(w->broker, slice_text(key), max, on_fetched, &rig);
	rig_wait(&rig, rig.fetch_done);
	cr_expect_eq(rig.fetched, fetched, "%s", key);
	cr_expect_eq(rig.fetched_size, size, "%s", key);
}

Test(ask, fetches_bytes_and_says_why_not)
{
	struct rig_worker *w = rig_worker(&rig, "q", 0);
	struct slice set[] = {SLICE("SET"), SLICE("bin"), SLICE("a\0\r\nb")};

	client_reply_free(client_command(rig.client, set, 3, NULL));
	rig_run(&rig, "LPUSH", "list", "x", NULL);
	expect_fetch(w, "bin", 100, BROKER_FETCH_OK, 5);
	expect_fetch(w, "bin", 5, BROKER_FETCH_OK, 5);
	expect_fetch(w, "bin", 4, BROKER_FETCH_TOO_BIG, 5);
	/* Large enough to be read without a script. */
	rig_run(&rig, "SETRANGE", "big", "99999", "x", NULL);
	expect_fetch(w, "big", 100000, BROKER_FETCH_OK, 100000);
	expect_fetch(w, "big", 99999, BROKER_FETCH_TOO_BIG, 100000);
	expect_fetch(w, "missing", 4, BROKER_FETCH_MISSING, 0);
	expect_fetch(w, "list", 4, BROKER_FETCH_BAD_TYPE, 0);
}

Test(ask, questions_are_repeated_after_a_broken_connection)
{
	struct rig_worker *w = with_claims("a", NULL);
	struct slice set[] = {SLICE("SET"), SLICE("bin"), SLICE("a\0\r\nb")};
	int i;

	client_reply_free(client_command(rig.client, set, 3, NULL));
	for (i = 0; i < 5; i++) {
		rig.fetch_done = w->claims[0].admitted = false;
		broker_fetch(w->broker, SLICE("bin"), 9, on_fetched, &rig);
		broker_admit(w->broker, &w->claims[0].claim, SLICE("1"),
			     SLICE("u"), on_admitted, &w->claims[0]);
		rig_turn(&rig);
		rig_run(&rig, "CLIENT", "KILL", "SKIPME", "yes", NULL);
		rig_wait(&rig, rig.fetch_done && w->claims[0].admitted);
		cr_expect_eq(rig.fetched, BROKER_FETCH_OK);
		cr_expect_eq(w->claims[0].admission, BROKER_ADMITTED);
	}
}

/* Broken anywhere on its way, a long value comes whole and once. */
Test(ask, a_long_value_survives_a_broken_connection)
{
	struct rig_worker *w = rig_worker(&rig, "q", 0);
	int turns, i;

	rig_run(&rig, "SETRANGE", "big", "7999999", "x", NULL);
	for (turns = 0; turns < 40; turns += 3) {
		rig.fetch_done = false;
		broker_fetch(w->broker, SLICE("big"), 8000000, on_fetched,
			     &rig);
		for (i = 0; i < turns && !rig.fetch_done; i++)
			rig_turn(&rig);
		rig_run(&rig, "CLIENT", "KILL", "TYPE", "normal", "SKIPME",
			"yes", NULL);
		rig_wait(&rig, rig.fetch_done);
		cr_expect_eq(rig.fetched, BROKER_FETCH_OK);
		cr_expect_eq(rig.fetched_size, 8000000);
	}
}
