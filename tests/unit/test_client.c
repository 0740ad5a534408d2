/*
 * The blocking client: replies of every kind, pipelining, deadlines, refusals.
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

TestSuite(client, .init = open_rig, .fini = close_rig, .timeout = 60);

static enum client_type type_of(const char *const *words)
{
	struct client_reply *reply = client_words(rig.client, NULL, words);
	enum client_type type = client_reply_type(reply);

	client_reply_free(reply);
	return type;
}

Test(client, replies_of_every_kind)
{
	struct slice set[] = {SLICE("SET"), SLICE("k"), SLICE("a\0b")};
	struct slice get[] = {SLICE("GET"), SLICE("k")};
	struct client_reply *reply;

	cr_expect_eq(type_of((const char *[]){"PING", NULL}), CLIENT_TEXT);
	cr_expect_eq(type_of((const char *[]){"GET", "none", NULL}),
		     CLIENT_NIL);
	cr_expect_eq(type_of((const char *[]){"DBSIZE", NULL}), CLIENT_INTEGER);
	cr_expect_eq(type_of((const char *[]){"KEYS", "*", NULL}),
		     CLIENT_ARRAY);
	cr_expect_eq(type_of((const char *[]){"NONSENSE", NULL}), CLIENT_ERROR);
	client_reply_free(client_command(rig.client, set, 3, NULL));
	reply = client_command(rig.client, get, 2, NULL);
	cr_expect(slice_equal(client_reply_text(reply), SLICE("a\0b")));
	cr_expect_eq(client_reply_count(reply), 0);
	cr_expect_null(client_reply_at(reply, 0));
	client_reply_free(reply);
	client_reply_free(NULL);
}

Test(client, pipelines)
{
	struct slice incr[] = {SLICE("INCR"), SLICE("n")};
	struct client_reply *reply;
	int i;

	for (i = 0; i < 100; i++)
		cr_assert_not(client_append(rig.client, incr, 2, NULL));
	for (i = 1; i <= 100; i++) {
		reply = client_next(rig.client, NULL);
		cr_expect_eq(client_reply_integer(reply), i);
		client_reply_free(reply);
	}
}

Test(client, says_why_it_cannot)
{
	struct err err = ERR_INIT;
	char url[200];

	cr_expect_null(client_open("nonsense", NULL, 1, &err));
	cr_expect_eq(err.code, ERR_BAD_ARGS);
	cr_expect_null(client_open("unix:///nowhere.sock", NULL, 1, &err));
	cr_expect_eq(err.code, ERR_INTERNAL);
	cr_expect(strstr(err.message, "cannot be reached"), "%s", err.message);
	cr_expect_null(client_open("redis://127.0.0.1:1", NULL, 1, &err));
	cr_expect_eq(err.code, ERR_INTERNAL);
	cr_expect_null(
		client_open("redis-sentinel://127.0.0.1:1/m", NULL, 1, &err));
	cr_expect(strstr(err.message, "sentinel"), "%s", err.message);
	rig_run(&rig, "CONFIG", "SET", "requirepass", "right", NULL);
	cr_expect_null(client_open(rig.url, "wrong", 1, &err));
	cr_expect_eq(err.code, ERR_REFUSED, "%s", err.message);
	snprintf(url, sizeof(url), "unix://:right@%s/redis.sock?db=77",
		 rig.dir);
	cr_expect_null(client_open(url, NULL, 1, &err));
	cr_expect_eq(err.code, ERR_REFUSED, "%s", err.message);
}

Test(client, does_not_wait_for_ever)
{
	struct err err = ERR_INIT;
	double start = clock_monotonic();

	client_set_timeout(rig.client, 0.2);
	cr_expect_null(client_words(rig.client, &err,
				    (const char *[]){"BLPOP", "k", "5", NULL}));
	cr_expect_lt(clock_monotonic() - start, 2);
	cr_expect_eq(err.code, ERR_INTERNAL);
}
