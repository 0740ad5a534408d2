/*
 * What broker.h promises, as one table of cases that run against both brokers:
 * Redis, and memory. What only one of them has is in tests of its own.
 */
#include "broker_rig.h"

#define REPLIES 64

/* One broker of either kind, with one queue, and what it answered. */
static struct {
	bool memory;
	struct rig rig;
	struct rig_worker *w;
	char *replies[REPLIES]; /* memory's, in their order */
	size_t reply_count;
	uint64_t tokens; /* their sum */
	enum broker_admission admission;
	enum broker_fetched fetched;
	bool answered;
} bench;

static void on_reply(void *arg, uint64_t token, struct slice reply)
{
	(void)arg;
	cr_assert_lt(bench.reply_count, REPLIES);
	bench.tokens += token;
	bench.replies[bench.reply_count++] = rig_copy(reply);
}

static void open_memory(size_t slots)
{
	struct broker_options options = {0};
	struct rig_worker *w = xcalloc(1, sizeof(*w));

	bench.rig.ev = loop_ev_new();
	bench.rig.loop = loop_ev_loop(bench.rig.ev);
	bench.rig.workers[bench.rig.worker_count++] = w;
	w->rig = &bench.rig;
	w->broker = broker_mem_new(bench.rig.loop, &options, &rig_events, w,
				   on_reply);
	broker_start(w->broker);
	broker_want(w->broker, slots);
	bench.w = w;
	rig_wait(&bench.rig, w->up == 1);
}

static void open_bench(bool memory, size_t slots)
{
	memset(&bench, 0, sizeof(bench));
	bench.memory = memory;
	if (memory) {
		open_memory(slots);
		return;
	}
	rig_open(&bench.rig, NULL);
	bench.w = rig_worker(&bench.rig, "q", slots);
}

static void close_bench(void)
{
	size_t i;

	for (i = 0; i < bench.reply_count; i++)
		free(bench.replies[i]);
	if (!bench.memory) {
		rig_close(&bench.rig);
		return;
	}
	broker_free(bench.w->broker);
	for (i = 0; i < bench.w->claim_count; i++) {
		free(bench.w->claims[i].payload);
		free(bench.w->claims[i].known_id);
	}
	free(bench.w);
	loop_ev_free(bench.rig.ev);
}

/* Pushes each letter as a task. */
static void push(const char *letters)
{
	static uint64_t token;
	char text[2] = "";

	for (; *letters; letters++) {
		text[0] = *letters;
		if (bench.memory)
			broker_mem_push(bench.w->broker, slice_text(text),
					++token);
		else
			rig_run(&bench.rig, "LPUSH", "q", text, NULL);
	}
}

/* The replies, each one letter, in their order. */
static const char *replies(void)
{
	static char out[REPLIES + 1];
	const char *text;
	size_t i;

	if (bench.memory) {
		for (i = 0; i < bench.reply_count; i++)
			out[i] = bench.replies[i][0];
		out[i] = '\0';
		return out;
	}
	i = 0;
	for (text = rig_text(&bench.rig, "LRANGE", "r", "0", "-1", NULL); *text;
	     text++) {
		if (*text != ' ')
			out[i++] = *text;
	}
	out[i] = '\0';
	return out;
}

/* The first letters of all payloads that were ever handed over. */
static const char *claimed(void)
{
	static char out[RIG_CLAIMS + 1];
	size_t i;

	for (i = 0; i < bench.w->claim_count; i++)
		out[i] = bench.w->claims[i].payload[0];
	out[i] = '\0';
	return out;
}

static void wait_claims(size_t count)
{
	rig_wait(&bench.rig, bench.w->claim_count >= count);
	cr_assert_eq(bench.w->claim_count, count, "%s", claimed());
}

static void wait_settled(size_t count)
{
	rig_wait(&bench.rig, bench.w->settled_count >= count);
	cr_assert_eq(bench.w->settled_count, count);
}

static void finish(size_t index)
{
	rig_finish(bench.w, index, "r");
}

static void run_later(size_t index, double delay, unsigned attempts,
		      const char *id)
{
	rig_settle(bench.w, index,
		   (struct broker_settlement){.how = BROKER_LATER,
					      .delay = delay,
					      .attempts = attempts,
					      .crashes = 2,
					      .id = slice_text(id),
					      .retry = true});
}

static void give_back(size_t index)
{
	rig_settle(bench.w, index,
		   (struct broker_settlement){.how = BROKER_GIVE_BACK});
}

static void on_admit(void *arg, enum broker_admission admission)
{
	(void)arg;
	cr_assert_not(bench.answered, "answered twice");
	bench.admission = admission;
	bench.answered = true;
}

static enum broker_admission admit(size_t index, const char *unique)
{
	bench.answered = false;
	broker_admit(bench.w->broker, &bench.w->claims[index].claim,
		     slice_text("id"), slice_text(unique), on_admit, NULL);
	cr_expect_not(bench.answered, "a callback ran inside the call");
	rig_wait(&bench.rig, bench.answered);
	return bench.admission;
}

static void on_fetch(void *arg, enum broker_fetched fetched, struct buf *bytes,
		     size_t size)
{
	(void)arg;
	cr_assert_not(bench.answered, "answered twice");
	cr_expect(!bytes && !size);
	bench.fetched = fetched;
	bench.answered = true;
}

/* --- Cases ---------------------------------------------------------------------- */

static void hands_over_no_more_than_wanted(void)
{
	push("abcde");
	wait_claims(2);
	rig_idle(&bench.rig, 0.2);
	cr_expect_eq(bench.w->claim_count, 2, "%s", claimed());
	broker_want(bench.w->broker, 1);
	cr_expect_eq(bench.w->claim_count, 2, "a callback ran inside a call");
	wait_claims(3);
	rig_idle(&bench.rig, 0.2);
	broker_want(bench.w->broker, 9);
	wait_claims(5);
	cr_expect_str_eq(claimed(), "abcde");
}

static void wants_nothing_gets_nothing(void)
{
	broker_want(bench.w->broker, 0);
	rig_idle(&bench.rig, 0.1);
	push("a");
	rig_idle(&bench.rig, 0.2);
	cr_expect_eq(bench.w->claim_count, 0);
	broker_want(bench.w->broker, 1);
	wait_claims(1);
}

static void a_fresh_claim_says_what_it_is(void)
{
	const struct broker_claim *first = &bench.w->claims[0].claim;
	const struct broker_claim *second = &bench.w->claims[1].claim;

	push("ab");
	wait_claims(2);
	cr_expect_str_eq(bench.w->claims[0].payload, "a");
	cr_expect_neq(first->id, second->id);
	cr_expect(!first->attempts && !first->crashes && !first->deaths);
	cr_expect(!first->recovered && !first->oversize && !first->queue);
	cr_expect_eq(bench.w->claims[0].known_id[0], '\0');
	cr_expect_gt(first->first_seen_ms, (int64_t)1600000000 * 1000);
	cr_expect_geq(first->now_ms, first->first_seen_ms);
	cr_expect(broker_name(bench.w->broker)[0]);
}

static void a_reply_is_stored_when_it_says_so(void)
{
	push("ab");
	wait_claims(2);
	finish(1);
	cr_expect_eq(bench.w->settled_count, 0, "a callback ran inside a call");
	wait_settled(1);
	cr_expect_str_eq(replies(), "b");
	finish(0);
	wait_settled(2);
	cr_expect_str_eq(replies(), "ba");
	cr_expect_eq(bench.w->claims[0].outcome, BROKER_SETTLED);
	if (bench.memory)
		cr_expect_eq(broker_mem_pending(bench.w->broker), 0);
}

static void what_is_settled_already_is_lost(void)
{
	push("a");
	wait_claims(1);
	finish(0);
	wait_settled(1);
	bench.w->claims[0].settled = false;
	finish(0);
	wait_settled(2);
	cr_expect_eq(bench.w->claims[0].outcome, BROKER_LOST);
	cr_expect_str_eq(replies(), "a", "it was answered twice");
	cr_expect_eq(admit(0, ""), BROKER_IS_LOST);
}

static void what_is_buried_is_answered_too(void)
{
	push("a");
	wait_claims(1);
	rig_settle(bench.w, 0,
		   (struct broker_settlement){.how = BROKER_BURY,
					      .reply_to = slice_text("r"),
					      .reply = slice_text("x"),
					      .reply_ttl = 60,
					      .counter = "crashed",
					      .task = slice_text("t"),
					      .error = slice_text("{}")});
	wait_settled(1);
	cr_expect_eq(bench.w->claims[0].outcome, BROKER_SETTLED);
	cr_expect_str_eq(replies(), "x");
}

static void a_retry_waits_and_knows_its_past(void)
{
	double start;
	const struct broker_claim *again = &bench.w->claims[1].claim;

	push("a");
	wait_claims(1);
	start = clock_monotonic();
	run_later(0, 0.3, 1, "name");
	wait_settled(1);
	cr_expect_str_eq(replies(), "");
	broker_want(bench.w->broker, 2);
	wait_claims(2);
	cr_expect_geq(clock_monotonic() - start, 0.29);
	cr_expect_eq(again->attempts, 1);
	cr_expect_eq(again->crashes, 2);
	cr_expect_eq(again->first_seen_ms,
		     bench.w->claims[0].claim.first_seen_ms);
	cr_expect_neq(again->id, bench.w->claims[0].claim.id);
	cr_expect_str_eq(bench.w->claims[1].known_id, "name");
	cr_expect_str_eq(bench.w->claims[1].payload, "a");
	/* The name that it has stays. */
	run_later(1, 0.01, 5, "name");
	broker_want(bench.w->broker, 2);
	wait_claims(3);
	cr_expect_eq(bench.w->claims[2].claim.attempts, 5);
	cr_expect_str_eq(bench.w->claims[2].known_id, "name");
}

static void retries_come_in_the_order_of_their_time(void)
{
	push("abc");
	wait_claims(2);
	broker_want(bench.w->broker, 1);
	wait_claims(3);
	run_later(0, 0.3, 1, "");
	run_later(1, 0.1, 1, "");
	run_later(2, 0.2, 1, "");
	wait_settled(3);
	broker_want(bench.w->broker, 3);
	wait_claims(6);
	cr_expect_str_eq(claimed() + 3, "bca");
}

static void what_is_given_back_is_taken_next_in_its_order(void)
{
	push("ab");
	wait_claims(2);
	push("cd");
	broker_want(bench.w->broker, 0);
	rig_idle(&bench.rig, 0.1);
	give_back(0);
	give_back(1);
	wait_settled(2);
	broker_want(bench.w->broker, 4);
	wait_claims(6);
	cr_expect_str_eq(claimed(), "ababcd");
	cr_expect_eq(bench.w->claims[2].claim.attempts, 0);
	cr_expect_neq(bench.w->claims[2].claim.id, bench.w->claims[0].claim.id);
}

static void a_unique_key_is_held_until_its_task_is_over(void)
{
	push("abcd");
	wait_claims(2);
	broker_want(bench.w->broker, 2);
	wait_claims(4);
	cr_expect_eq(admit(0, "key"), BROKER_ADMITTED);
	cr_expect_eq(admit(1, "key"), BROKER_IS_DUPLICATE);
	cr_expect_eq(admit(2, "other"), BROKER_ADMITTED);
	/* Asked again by its holder. */
	cr_expect_eq(admit(0, "key"), BROKER_ADMITTED);
	/* Also while its task waits in `later`. */
	rig_settle(bench.w, 0,
		   (struct broker_settlement){.how = BROKER_LATER,
					      .delay = 0.3,
					      .attempts = 1,
					      .unique = slice_text("key"),
					      .id = slice_text("id")});
	wait_settled(1);
	cr_expect_eq(admit(1, "key"), BROKER_IS_DUPLICATE);
	broker_want(bench.w->broker, 1);
	wait_claims(5);
	cr_expect_eq(admit(4, "key"), BROKER_ADMITTED);
	rig_settle(bench.w, 4,
		   (struct broker_settlement){.how = BROKER_FINISH,
					      .counter = "ok",
					      .unique = slice_text("key")});
	wait_settled(2);
	cr_expect_eq(admit(1, "key"), BROKER_ADMITTED);
	cr_expect_eq(admit(3, "key"), BROKER_IS_DUPLICATE);
}

static void an_unknown_key_is_not_there(void)
{
	broker_fetch(bench.w->broker, slice_text("none"), 100, on_fetch, NULL);
	cr_expect_not(bench.answered, "a callback ran inside the call");
	rig_wait(&bench.rig, bench.answered);
	cr_expect_eq(bench.fetched, bench.memory ? BROKER_FETCH_UNSUPPORTED
						 : BROKER_FETCH_MISSING);
}

static void one_that_stops_takes_no_more_and_ends_with_its_last(void)
{
	push("ab");
	wait_claims(2);
	push("c");
	broker_want(bench.w->broker, 1);
	broker_stop(bench.w->broker);
	cr_expect_eq(bench.w->stopped, 0, "a callback ran inside a call");
	rig_idle(&bench.rig, 0.3);
	cr_expect_eq(bench.w->stopped, 0, "it owns tasks still");
	cr_expect_eq(bench.w->claim_count, 2, "%s", claimed());
	finish(0);
	wait_settled(1);
	rig_idle(&bench.rig, 0.1);
	cr_expect_eq(bench.w->stopped, 0, "it owns one still");
	give_back(1);
	rig_wait(&bench.rig, bench.w->stopped);
	rig_idle(&bench.rig, 0.1);
	cr_expect_eq(bench.w->stopped, 1);
	cr_expect_eq(bench.w->claim_count, 2, "%s", claimed());
	cr_expect_str_eq(replies(), "a");
}

static void one_is_freed_in_any_state(void)
{
	push("abcdef");
	wait_claims(2);
	broker_want(bench.w->broker, 1);
	wait_claims(3);
	run_later(0, 9, 1, "x");
	finish(1);
	bench.answered = false;
	broker_admit(bench.w->broker, &bench.w->claims[2].claim,
		     slice_text("id"), slice_text("key"), on_admit, NULL);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
#define CASE(function)                                                         \
	{                                                                      \
#function, function                                            \
	}
	CASE(hands_over_no_more_than_wanted),
	CASE(wants_nothing_gets_nothing),
	CASE(a_fresh_claim_says_what_it_is),
	CASE(a_reply_is_stored_when_it_says_so),
	CASE(what_is_settled_already_is_lost),
	CASE(what_is_buried_is_answered_too),
	CASE(a_retry_waits_and_knows_its_past),
	CASE(retries_come_in_the_order_of_their_time),
	CASE(what_is_given_back_is_taken_next_in_its_order),
	CASE(a_unique_key_is_held_until_its_task_is_over),
	CASE(an_unknown_key_is_not_there),
	CASE(one_that_stops_takes_no_more_and_ends_with_its_last),
	CASE(one_is_freed_in_any_state),
};

static void run_all(bool memory)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fprintf(stderr, "%s: %s\n", memory ? "memory" : "redis",
			cases[i].name);
		open_bench(memory, 2);
		cases[i].run();
		cr_expect(!bench.w->fatal && !bench.w->reaped, "%s",
			  bench.w->why);
		close_bench();
	}
}

Test(broker_contract, memory, .timeout = 60)
{
	run_all(true);
}

Test(broker_contract, redis, .timeout = 120)
{
	run_all(false);
}
