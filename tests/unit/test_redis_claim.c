/*
 * Claims against a real Redis: order, sides, limits, sizes, promotion, what
 * goes back, and what is found in keys of another type.
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

TestSuite(claim, .init = open_rig, .fini = close_rig, .timeout = 60);

static void expect_claims(const struct rig_worker *worker,
			  const char *const *payloads)
{
	size_t i;

	for (i = 0; payloads[i]; i++)
		cr_expect_str_eq(worker->claims[i].payload, payloads[i],
				 "claim %zu", i);
	cr_expect_eq(worker->claim_count, i);
}

static int64_t owned(const struct rig_worker *worker, const char *queue)
{
	return rig_run(&rig, "HLEN",
		       rig_key(queue, "owned", broker_name(worker->broker)),
		       NULL);
}

Test(claim, takes_waiting_tasks_first_in_first_out)
{
	struct rig_worker *w;

	rig_run(&rig, "LPUSH", "q", "a", "b", "c", NULL);
	w = rig_worker(&rig, "q", 10);
	rig_wait(&rig, w->claim_count == 3);
	expect_claims(w, (const char *[]){"a", "b", "c", NULL});
	cr_expect_eq(owned(w, "q"), 3);
	cr_expect_eq(rig_run(&rig, "EXISTS", "q", NULL), 0);
	cr_expect_gt(w->claims[0].claim.now_ms, 1600000000000);
	cr_expect_eq(w->claims[0].claim.first_seen_ms,
		     w->claims[0].claim.now_ms);
	cr_expect_eq(w->claims[0].claim.attempts, 0);
	cr_expect_not(w->claims[0].claim.recovered);
}

Test(claim, pop_left_takes_the_other_side)
{
	struct broker_queue queue = {.name = "q", .pop_left = true};
	struct broker_options options = {.queues = &queue, .queue_count = 1};
	struct rig_worker *w;

	rig_run(&rig, "RPUSH", "q", "a", "b", "c", NULL);
	w = rig_worker_at(&rig, &options);
	broker_want(w->broker, 2);
	rig_wait(&rig, w->claim_count == 2);
	expect_claims(w, (const char *[]){"a", "b", NULL});
	rig_settle(w, 1, (struct broker_settlement){.how = BROKER_GIVE_BACK});
	rig_wait(&rig, w->settled_count == 1);
	cr_expect_str_eq(rig_text(&rig, "LRANGE", "q", "0", "-1", NULL), "b c");
}

Test(claim, queues_are_served_in_strict_order)
{
	struct rig_worker *w;

	rig_run(&rig, "LPUSH", "low", "l1", "l2", NULL);
	rig_run(&rig, "LPUSH", "high", "h1", "h2", NULL);
	w = rig_worker(&rig, "high low", 3);
	rig_wait(&rig, w->claim_count == 3);
	expect_claims(w, (const char *[]){"h1", "h2", "l1", NULL});
	cr_expect_eq(w->claims[2].claim.queue, 1);
}

Test(claim, an_idle_worker_is_woken_from_every_queue)
{
	struct rig_worker *w = rig_worker(&rig, "a b c", 8);

	rig_wait(&rig, rig_run(&rig, "CLIENT", "LIST", NULL) &&
			       strstr(rig_text(&rig, "INFO", "clients", NULL),
				      "blocked_clients:3"));
	rig_run(&rig, "LPUSH", "c", "c1", NULL);
	rig_wait(&rig, w->claim_count == 1);
	rig_run(&rig, "LPUSH", "a", "a1", NULL);
	rig_wait(&rig, w->claim_count == 2);
	rig_run(&rig, "LPUSH", "b", "b1", "b2", "b3", NULL);
	rig_wait(&rig, w->claim_count == 5);
	cr_expect_eq(owned(w, "a"), 1);
	cr_expect_eq(owned(w, "b"), 3);
	cr_expect_eq(owned(w, "c"), 1);
}

Test(claim, takes_no_more_than_wanted)
{
	struct rig_worker *w;
	char text[20];
	int i;

	for (i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "%d", i);
		rig_run(&rig, "LPUSH", "q", text, NULL);
	}
	w = rig_worker(&rig, "q", 7);
	rig_wait(&rig, w->claim_count == 7);
	rig_idle(&rig, 0.3);
	cr_expect_eq(w->claim_count, 7);
	cr_expect_eq(rig_run(&rig, "LLEN", "q", NULL), 13);
	broker_want(w->broker, 5);
	rig_wait(&rig, w->claim_count == 12);
	cr_expect_str_eq(w->claims[11].payload, "11");
}

Test(claim, a_worker_without_room_is_not_handed_anything)
{
	struct rig_worker *w = rig_worker(&rig, "q", 1);

	rig_wait(&rig, strstr(rig_text(&rig, "INFO", "clients", NULL),
			      "blocked_clients:1"));
	broker_want(w->broker, 0);
	rig_wait(&rig, strstr(rig_text(&rig, "INFO", "clients", NULL),
			      "blocked_clients:0"));
	rig_run(&rig, "LPUSH", "q", "a", NULL);
	rig_idle(&rig, 0.3);
	cr_expect_eq(w->claim_count, 0);
	cr_expect_str_eq(rig_text(&rig, "LRANGE", "q", "0", "-1", NULL), "a");
}

Test(claim, a_queue_at_its_limit_leaves_room_to_others)
{
	struct rig_worker *w = rig_worker(&rig, "a b", 0);

	broker_limit(w->broker, 0, 1);
	rig_run(&rig, "LPUSH", "a", "a1", "a2", "a3", NULL);
	rig_run(&rig, "LPUSH", "b", "b1", NULL);
	broker_want(w->broker, 10);
	rig_wait(&rig, w->claim_count == 2);
	rig_idle(&rig, 0.3);
	expect_claims(w, (const char *[]){"a1", "b1", NULL});
	rig_run(&rig, "LPUSH", "b", "b2", NULL);
	rig_wait(&rig, w->claim_count == 3);
	broker_limit(w->broker, 0, 1);
	rig_wait(&rig, w->claim_count == 4);
	cr_expect_str_eq(w->claims[3].payload, "a2");
}

Test(claim, due_tasks_come_before_fresh_ones_and_by_the_servers_clock)
{
	struct rig_worker *w = rig_worker(&rig, "q", 1);

	rig_run(&rig, "LPUSH", "q", "a", NULL);
	rig_wait(&rig, w->claim_count == 1);
	rig_settle(w, 0,
		   (struct broker_settlement){.how = BROKER_LATER,
					      .attempts = 2,
					      .crashes = 1,
					      .id = SLICE("the id"),
					      .delay = 0.3,
					      .retry = true});
	rig_wait(&rig, w->settled_count == 1);
	cr_expect_eq(owned(w, "q"), 0);
	cr_expect_eq(rig_run(&rig, "ZCARD", rig_key("q", "later", NULL), NULL),
		     1);
	rig_idle(&rig, 0.1);
	cr_expect_eq(w->claim_count, 1);
	rig_idle(&rig, 0.3);
	rig_run(&rig, "LPUSH", "q", "b", NULL);
	broker_want(w->broker, 1);
	rig_wait(&rig, w->claim_count == 2);
	cr_expect_str_eq(w->claims[1].payload, "a");
	cr_expect_str_eq(w->claims[1].known_id, "the id");
	cr_expect_eq(w->claims[1].claim.attempts, 2);
	cr_expect_eq(w->claims[1].claim.crashes, 1);
	cr_expect_eq(w->claims[1].claim.deaths, 0);
	cr_expect_eq(w->claims[1].claim.first_seen_ms,
		     w->claims[0].claim.now_ms);
	cr_expect_not(w->claims[1].claim.recovered);
	cr_expect_str_eq(rig_text(&rig, "HGET", rig_key("q", "stats", NULL),
				  "retried", NULL),
			 "1");
}

Test(claim, a_retry_starts_when_it_is_due_without_any_push)
{
	struct rig_worker *w = rig_worker(&rig, "q", 4);
	double start;

	rig_run(&rig, "LPUSH", "q", "a", NULL);
	rig_wait(&rig, w->claim_count == 1);
	start = clock_monotonic();
	rig_settle(w, 0,
		   (struct broker_settlement){
			   .how = BROKER_LATER, .attempts = 1, .delay = 0.2});
	rig_wait(&rig, w->claim_count == 2);
	cr_expect_geq(clock_monotonic() - start, 0.19);
	cr_expect_lt(clock_monotonic() - start, 1);
}

Test(claim, equal_payloads_in_later_are_two_records)
{
	struct rig_worker *w = rig_worker(&rig, "q", 4);
	size_t i;

	rig_run(&rig, "LPUSH", "q", "same", "same", "same", NULL);
	rig_wait(&rig, w->claim_count == 3);
	for (i = 0; i < 3; i++)
		rig_settle(w, i,
			   (struct broker_settlement){.how = BROKER_LATER,
						      .delay = 0.1});
	broker_want(w->broker, 4);
	rig_wait(&rig, w->claim_count == 6);
	for (i = 3; i < 6; i++)
		rig_finish(w, i, "r");
	rig_wait(&rig, w->settled_count == 6);
	cr_expect_eq(rig_run(&rig, "LLEN", "r", NULL), 3);
	cr_expect_eq(owned(w, "q"), 0);
}

Test(claim, payloads_that_look_like_records_stay_payloads)
{
	static const char *const payloads[] = {"\1", "\1forged/1 9 9 9 1 0\n{}",
					       "\1x", "\1 \n", NULL};
	struct rig_worker *w;
	size_t i;

	for (i = 0; payloads[i]; i++)
		rig_run(&rig, "LPUSH", "q", payloads[i], NULL);
	w = rig_worker(&rig, "q", 8);
	rig_wait(&rig, w->claim_count == i);
	expect_claims(w, payloads);
	for (i = 0; payloads[i]; i++) {
		cr_expect_eq(w->claims[i].claim.attempts, 0);
		rig_settle(w, i,
			   (struct broker_settlement){.how = BROKER_GIVE_BACK});
	}
	rig_wait(&rig, w->claim_count == 2 * i);
	for (i = 0; payloads[i]; i++) {
		cr_expect_str_eq(w->claims[4 + i].payload, payloads[i]);
		rig_finish(w, 4 + i, "r");
	}
	rig_wait(&rig, w->settled_count == 8);
	cr_expect_eq(rig_run(&rig, "LLEN", "r", NULL), 4);
}

Test(claim, what_is_no_record_in_later_is_a_payload)
{
	struct rig_worker *w = rig_worker(&rig, "q", 0);

	rig_run(&rig, "ZADD", rig_key("q", "later", NULL), "0", "raw", "1",
		"\1half a record", NULL);
	broker_want(w->broker, 4);
	rig_wait(&rig, w->claim_count == 2);
	expect_claims(w, (const char *[]){"raw", "\1half a record", NULL});
	rig_finish(w, 0, "r");
	rig_finish(w, 1, "r");
	rig_wait(&rig, w->settled_count == 2);
	cr_expect_eq(rig_run(&rig, "LLEN", "r", NULL), 2);
}

Test(claim, a_batch_stops_at_a_megabyte)
{
	struct rig_worker *w = rig_worker(&rig, "q", 0);
	char *big = xcalloc(400001, 1);
	int i;

	memset(big, 'x', 400000);
	for (i = 0; i < 12; i++)
		rig_run(&rig, "LPUSH", "q", big, NULL);
	free(big);
	broker_want(w->broker, 12);
	rig_wait(&rig, w->claim_count > 0);
	/* One and four at most: then the budget is used up. */
	cr_expect_leq(w->claim_count, 6);
	rig_wait(&rig, w->claim_count == 12);
}

Test(claim, a_value_that_is_too_long_comes_as_its_length)
{
	struct broker_queue queue = {.name = "q"};
	struct broker_options options = {
		.queues = &queue, .queue_count = 1, .max_payload = 10};
	size_t len = ((size_t)64 << 20) + 11;
	char *big = xcalloc(len + 1, 1);
	struct rig_worker *w;

	memset(big, 'x', len);
	rig_run(&rig, "LPUSH", "q", big, "small", NULL);
	free(big);
	w = rig_worker_at(&rig, &options);
	broker_want(w->broker, 4);
	rig_wait(&rig, w->claim_count == 2);
	cr_expect_eq(w->claims[0].claim.oversize, len);
	cr_expect_eq(w->claims[0].claim.payload.len, 0);
	cr_expect_eq(w->claims[1].claim.oversize, 0);
	cr_expect_str_eq(w->claims[1].payload, "small");
	rig_settle(w, 0,
		   (struct broker_settlement){.how = BROKER_BURY,
					      .error = SLICE("{}")});
	rig_wait(&rig, w->settled_count == 1);
	cr_expect_eq(rig_run(&rig, "XLEN", rig_key("q", "dead", NULL), NULL),
		     1);
}

Test(claim, a_key_of_another_type_harms_no_other_queue)
{
	static const char *const parts[] = {"later", "owned", "inbox", NULL};
	struct rig_worker *w = rig_worker(&rig, "bad good", 0);
	const char *key;
	char inbox[200];
	size_t i;

	snprintf(inbox, sizeof(inbox), "%s",
		 rig_key("bad", "inbox", broker_name(w->broker)));
	rig_run(&rig, "SET", "bad", "no list", NULL);
	rig_run(&rig, "LPUSH", "good", "g", NULL);
	broker_want(w->broker, 4);
	rig_wait(&rig, w->claim_count == 1);
	rig_run(&rig, "DEL", "bad", NULL);
	rig_run(&rig, "LPUSH", "bad", "b", NULL);
	rig_wait(&rig, w->claim_count == 2);
	for (i = 0; parts[i]; i++) {
		size_t before = w->claim_count;

		broker_want(w->broker, 0);
		rig_idle(&rig, 0.1);
		key = rig_key("bad", parts[i],
			      i ? broker_name(w->broker) : NULL);
		rig_run(&rig, "DEL", key, NULL);
		rig_run(&rig, "SET", key, "x", NULL);
		rig_run(&rig, "LPUSH", "bad", "b", NULL);
		broker_want(w->broker, 4);
		rig_run(&rig, "LPUSH", "good", "g", NULL);
		rig_wait(&rig, w->claim_count > before);
		cr_expect_eq(w->claims[before].claim.queue, 1, "%s", parts[i]);
		cr_expect_eq(
			rig_run(&rig, "LLEN", "bad", NULL) +
				(i == 1 ? rig_run(&rig, "LLEN", inbox, NULL)
					: 0),
			1, "%s", parts[i]);
		rig_run(&rig, "DEL", key, NULL);
		rig_wait(&rig, w->claim_count == before + 2);
	}
}

Test(claim, a_paused_queue_gives_nothing_and_stops_nobody_else)
{
	struct rig_worker *w = rig_worker(&rig, "a b", 4);

	rig_wait(&rig, strstr(rig_text(&rig, "INFO", "clients", NULL),
			      "blocked_clients:2"));
	rig_run(&rig, "SET", rig_key("a", "paused", NULL), "1", NULL);
	rig_run(&rig, "LPUSH", "a", "a1", "a2", NULL);
	rig_run(&rig, "LPUSH", "b", "b1", NULL);
	rig_wait(&rig, w->claim_count == 1);
	cr_expect_str_eq(w->claims[0].payload, "b1");
	rig_idle(&rig, 0.5);
	rig_run(&rig, "LPUSH", "b", "b2", NULL);
	rig_idle(&rig, 0.3);
	cr_expect_eq(w->claim_count, 2, "b waits for the paused a");
	cr_expect_str_eq(rig_text(&rig, "LRANGE", "a", "0", "-1", NULL),
			 "a2 a1");
	rig_run(&rig, "DEL", rig_key("a", "paused", NULL), NULL);
	rig_run(&rig, "PUBLISH", KEYS_WAKE, "resume", NULL);
	rig_wait(&rig, w->claim_count == 4);
	cr_expect_str_eq(w->claims[2].payload, "a1");
}

Test(claim, what_is_given_back_is_taken_next_and_in_its_order)
{
	struct rig_worker *w = rig_worker(&rig, "q", 3);
	size_t i;

	rig_run(&rig, "LPUSH", "q", "a", "b", "c", "d", NULL);
	rig_wait(&rig, w->claim_count == 3);
	for (i = 0; i < 3; i++)
		rig_settle(w, i,
			   (struct broker_settlement){.how = BROKER_GIVE_BACK});
	rig_wait(&rig, w->settled_count == 3);
	cr_expect_str_eq(rig_text(&rig, "LRANGE", "q", "0", "-1", NULL),
			 "d c b a");
	broker_want(w->broker, 4);
	rig_wait(&rig, w->claim_count == 7);
	cr_expect_str_eq(w->claims[3].payload, "a");
	cr_expect_str_eq(w->claims[6].payload, "d");
}

Test(claim, a_worker_that_stops_gives_back_and_signs_out)
{
	struct rig_worker *w = rig_worker(&rig, "q p", 3);
	char name[200];

	snprintf(name, sizeof(name), "%s", broker_name(w->broker));
	rig_run(&rig, "LPUSH", "q", "a", NULL);
	rig_wait(&rig, w->claim_count == 1);
	cr_expect_eq(
		rig_run(&rig, "ZCARD", rig_key("q", "workers", NULL), NULL), 1);
	broker_stop(w->broker);
	rig_idle(&rig, 0.3);
	cr_expect_eq(w->stopped, 0, "it owns a task still");
	rig_run(&rig, "LPUSH", "q", "late", NULL);
	rig_idle(&rig, 0.2);
	rig_settle(w, 0, (struct broker_settlement){.how = BROKER_GIVE_BACK});
	rig_wait(&rig, w->stopped == 1);
	cr_expect_str_eq(rig_text(&rig, "LRANGE", "q", "0", "-1", NULL),
			 "late a");
	cr_expect_eq(rig_run(&rig, "EXISTS", rig_key("q", "workers", NULL),
			     rig_key("p", "workers", NULL),
			     rig_key("q", "owned", name), NULL),
		     0);
	cr_expect_eq(rig_run(&rig, "EXISTS", KEYS_WORKERS, NULL), 0);
	cr_expect_eq(rig_run(&rig, "KEYS", "cherry:worker:*", NULL), 0);
	cr_expect_eq(w->claim_count, 1);
}
