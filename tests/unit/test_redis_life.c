/*
 * Signs of life, death and return against a real Redis. These take the seconds
 * that the rules take.
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

TestSuite(life, .init = open_rig, .fini = close_rig, .timeout = 120);

static int64_t workers(const char *queue)
{
	return rig_run(&rig, "ZCARD", rig_key(queue, "workers", NULL), NULL);
}

static int64_t recovered(void)
{
	return strtoll(rig_text(&rig, "HGET", rig_key("q", "stats", NULL),
				"recovered", NULL),
		       NULL, 10);
}

Test(life, the_display_shows_who_there_is)
{
	struct rig_worker *w = rig_worker(&rig, "q p", 1);
	char key[200];

	snprintf(key, sizeof(key), "cherry:worker:%s", broker_name(w->broker));
	rig_wait(&rig, rig_run(&rig, "EXISTS", key, NULL) == 1);
	cr_expect_str_eq(rig_text(&rig, "HGET", key, "queues", NULL), "q p");
	cr_expect_str_eq(rig_text(&rig, "HGET", key, "running", NULL), "[]");
	cr_expect_str_eq(rig_text(&rig, "HGET", key, "version", NULL), "test");
	cr_expect_eq(strtol(rig_text(&rig, "HGET", key, "pid", NULL), NULL, 10),
		     getpid());
	rig_wait(&rig, rig_run(&rig, "TTL", key, NULL) > 0);
	rig_wait(&rig, rig_run(&rig, "ZCARD", KEYS_WORKERS, NULL) == 1);
	cr_expect_eq(workers("q"), 1);
	cr_expect_eq(workers("p"), 1);
}

/* The dead one served two queues; each survivor serves only one of them. */
Test(life, a_dead_workers_tasks_come_back_from_every_queue_it_served)
{
	struct rig_worker *dead = rig_worker(&rig, "q p", 4), *a, *b;
	const char *owned;
	double start;
	char inbox[200];
	size_t i;

	rig_run(&rig, "LPUSH", "q", "q1", "q2", "q3", NULL);
	rig_run(&rig, "LPUSH", "p", "p1", NULL);
	rig_wait(&rig, dead->claim_count == 4);
	snprintf(inbox, sizeof(inbox), "%s",
		 rig_key("q", "inbox", broker_name(dead->broker)));
	a = rig_worker(&rig, "q", 0);
	b = rig_worker(&rig, "p", 8);
	broker_limit(a->broker, 0, 8);
	rig_idle(&rig, 1);
	rig_kill(dead);
	rig_run(&rig, "LPUSH", inbox, "handed", NULL);
	start = clock_monotonic();
	broker_want(a->broker, 8);
	rig_wait(&rig, a->claim_count == 4 && b->claim_count == 1);
	cr_expect_lt(clock_monotonic() - start, 15);
	/* What it was handed goes back to the queue, where a waits. */
	for (i = 0; i < 4; i++) {
		const struct rig_claim *claim = &a->claims[i];
		bool handed = !strcmp(claim->payload, "handed");

		owned = i > 0 && strcmp(a->claims[i - 1].payload, "handed") != 0
				? a->claims[i - 1].payload
				: "";
		cr_expect(handed || strcmp(owned, claim->payload) < 0);
		cr_expect_eq(claim->claim.deaths, handed ? 0 : 1);
		cr_expect_eq(claim->claim.recovered, !handed);
		cr_expect_eq(claim->claim.attempts, 0);
	}
	cr_expect_eq(recovered(), 4);
	cr_expect_eq(workers("q"), 1);
	/* What arrives under the dead name is found, too. */
	rig_run(&rig, "LPUSH", inbox, "late", NULL);
	rig_finish(a, 0, "r");
	rig_wait(&rig, a->settled_count == 1);
	cr_expect_eq(a->claims[0].outcome, BROKER_SETTLED);
}

Test(life, a_stalled_redis_makes_nobody_dead)
{
	struct rig_worker *a, *b;
	int round;

	rig_run(&rig, "LPUSH", "q", "1", "2", NULL);
	a = rig_worker(&rig, "q", 1);
	b = rig_worker(&rig, "q", 1);
	rig_wait(&rig, a->claim_count + b->claim_count == 2);
	rig_idle(&rig, 3.5);
	for (round = 0; round < 2; round++) {
		kill(rig.server, SIGSTOP);
		/* Below the deadline of an answer, then well over it. */
		rig_idle(&rig, round ? 13 : 9);
		kill(rig.server, SIGCONT);
		rig_idle(&rig, 4);
	}
	cr_expect_eq(a->reaped + b->reaped, 0);
	cr_expect_eq(recovered(), 0);
	cr_expect_eq(a->claim_count, 1);
	cr_expect_eq(b->claim_count, 1);
	rig_wait(&rig, workers("q") == 2);
	rig_finish(a, 0, "r");
	rig_finish(b, 0, "r");
	rig_wait(&rig, a->settled_count + b->settled_count == 2);
	cr_expect_eq(a->claims[0].outcome, BROKER_SETTLED);
	cr_expect_eq(b->claims[0].outcome, BROKER_SETTLED);
	cr_expect_gt(a->down, 0, "13 seconds are over every deadline");
}

/* A process that is stopped for longer than the rule and goes on. */
Test(life, a_stopped_worker_does_no_harm_when_it_goes_on)
{
	struct loop_ev *own = loop_ev_new(), *ev = rig.ev;
	struct loop *loop = rig.loop;
	struct rig_worker *stopped, *other;
	char name[200];

	rig.ev = own;
	rig.loop = loop_ev_loop(own);
	rig_run(&rig, "LPUSH", "q", "1", "2", NULL);
	stopped = rig_worker(&rig, "q", 3);
	rig_wait(&rig, stopped->claim_count == 2);
	snprintf(name, sizeof(name), "%s", broker_name(stopped->broker));
	/* Parked: what it is handed while it is stopped is not lost. */
	rig_wait(&rig, strstr(rig_text(&rig, "INFO", "clients", NULL),
			      "blocked_clients:1"));
	rig_run(&rig, "LPUSH", "q", "3", NULL);
	rig.ev = ev;
	rig.loop = loop;
	other = rig_worker(&rig, "q", 8);
	rig_wait(&rig, other->claim_count == 3);
	cr_expect_eq(other->claims[0].claim.deaths, 1);
	rig_finish(other, 0, "r");
	rig_finish(other, 1, "r");
	rig_wait(&rig, other->settled_count == 2);
	rig.ev = own;
	rig_finish(stopped, 0, "r");
	rig_finish(stopped, 1, "r");
	rig_wait(&rig, stopped->reaped == 1);
	cr_expect_str_neq(broker_name(stopped->broker), name);
	cr_expect_eq(rig_run(&rig, "LLEN", "r", NULL), 2);
	rig_wait(&rig, stopped->up == 2);
	cr_expect_eq(workers("q"), 2);
	/* Under its new name it works again. */
	broker_want(other->broker, 0);
	broker_want(stopped->broker, 2);
	rig_run(&rig, "LPUSH", "q", "4", NULL);
	rig.ev = own;
	rig_wait(&rig, stopped->claim_count > 2 || other->claim_count > 3);
	rig_kill(stopped);
	loop_ev_free(own);
	rig.ev = ev;
}

Test(life, a_redis_that_lost_its_data_is_a_new_beginning)
{
	struct rig_worker *w = rig_worker(&rig, "q", 2);

	rig_run(&rig, "LPUSH", "q", "1", NULL);
	rig_wait(&rig, w->claim_count == 1);
	rig_run(&rig, "FLUSHALL", NULL);
	rig_wait(&rig, w->reaped == 1 && w->up == 2);
	broker_want(w->broker, 2);
	rig_run(&rig, "LPUSH", "q", "2", NULL);
	rig_wait(&rig, w->claim_count == 2);
	rig_finish(w, 1, "r");
	rig_wait(&rig, w->settled_count == 1);
	cr_expect_eq(w->claims[1].outcome, BROKER_SETTLED);
}

/* A BLMOVE on the way when it was taken for dead: nobody else knows its name. */
Test(life, what_arrives_under_a_former_name_is_found)
{
	struct rig_worker *w = rig_worker(&rig, "q", 2);
	char inbox[300];

	snprintf(inbox, sizeof(inbox), "%s",
		 rig_key("q", "inbox", broker_name(w->broker)));
	rig_run(&rig, "DEL", rig_key("q", "workers", NULL), NULL);
	rig_wait(&rig, w->reaped == 1);
	rig_run(&rig, "LPUSH", inbox, "late", NULL);
	rig_wait(&rig, w->claim_count == 1);
	cr_expect_str_eq(w->claims[0].payload, "late");
	cr_expect_eq(rig_run(&rig, "EXISTS", inbox, NULL), 0);
}

Test(life, three_deaths_are_counted_and_an_end_of_an_attempt_resets_them)
{
	struct rig_worker *w;
	char text[40];
	int64_t now = (int64_t)(clock_real() * 1000);
	int i;

	for (i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "\1x/%d 1 0 %d %lld 0\nt%d", i, i,
			 (long long)now, i);
		rig_run(&rig, "ZADD", rig_key("q", "later", NULL), "1", text,
			NULL);
	}
	w = rig_worker(&rig, "q", 3);
	rig_wait(&rig, w->claim_count == 3);
	for (i = 0; i < 3; i++) {
		cr_expect_eq(w->claims[i].claim.deaths, (unsigned)i);
		cr_expect_eq(w->claims[i].claim.recovered, i > 0);
		cr_expect_eq(w->claims[i].claim.first_seen_ms, now);
		rig_settle(w, (size_t)i,
			   (struct broker_settlement){.how = BROKER_LATER,
						      .attempts = 2});
	}
	broker_want(w->broker, 3);
	rig_wait(&rig, w->claim_count == 6);
	for (i = 3; i < 6; i++) {
		cr_expect_eq(w->claims[i].claim.deaths, 0);
		cr_expect_eq(w->claims[i].claim.attempts, 2);
	}
}

static long commands_processed(void)
{
	const char *at = strstr(rig_text(&rig, "INFO", "stats", NULL),
				"total_commands_processed:");

	return strtol(at + 25, NULL, 10);
}

/* Commands inside scripts count, too. The least of some windows, each of whole
 * rounds of parking (5 s) and of signs of life (3 s): a machine that stalls
 * moves a round from one window into the next. */
Test(life, an_idle_worker_of_eight_queues_asks_little)
{
	struct rig_worker *w = rig_worker(&rig, "a b c d e f g h", 4);
	double least = 1e9;

	rig_idle(&rig, 2);
	for (int i = 0; i < 3 && least > 20; i++) {
		long before = commands_processed();
		double rate;

		rig_idle(&rig, 15);
		rate = (double)(commands_processed() - before) / 15;
		least = rate < least ? rate : least;
	}
	cr_expect_leq(least, 20.0);
	cr_expect_eq(w->up, 1);
	cr_log_info("%.1f commands a second", least);
}
