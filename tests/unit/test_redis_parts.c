/*
 * Parts of the Redis broker that need no server: classes of error replies,
 * commands as bytes, records, the ring of waiting answers.
 */
#include <criterion/criterion.h>

#include "broker/redis_command.h"
#include "broker/redis_ring.h"
#include "broker/redis_state.h"

Test(redis_command, error_replies_have_a_class)
{
	static const struct {
		const char *text;
		enum redis_class class;
	} cases[] = {
		{"LOADING Redis is loading", REDIS_CLASS_WAIT},
		{"BUSY Redis is busy", REDIS_CLASS_WAIT},
		{"BUSYGROUP Consumer Group name", REDIS_CLASS_OTHER},
		{"CLUSTERDOWN Hash slot not served", REDIS_CLASS_WAIT},
		{"TRYAGAIN Multiple keys", REDIS_CLASS_WAIT},
		{"MASTERDOWN Link with MASTER", REDIS_CLASS_WAIT},
		{"MISCONF Redis is configured", REDIS_CLASS_HOLD},
		{"NOREPLICAS Not enough good", REDIS_CLASS_HOLD},
		{"OOM command not allowed", REDIS_CLASS_HOLD},
		{"OOM command not allowed script: 1a, on @user_script:1.",
		 REDIS_CLASS_HOLD},
		{"ERR Error running script (call to f_1): @user_script:3: "
		 "@user_script: 3: -OOM command not allowed",
		 REDIS_CLASS_HOLD},
		{"ERR Error running script (call to f_1): @user_script:3: "
		 "@user_script: 3: -READONLY You can't",
		 REDIS_CLASS_DROP},
		{"ERR Error running script (call to f_1): nonsense",
		 REDIS_CLASS_OTHER},
		{"READONLY You can't write", REDIS_CLASS_DROP},
		{"UNBLOCKED force unblock", REDIS_CLASS_DROP},
		{"ERR max number of clients reached", REDIS_CLASS_DROP},
		{"NOAUTH Authentication required.", REDIS_CLASS_DENIED},
		{"WRONGPASS invalid", REDIS_CLASS_DENIED},
		{"NOPERM this user", REDIS_CLASS_DENIED},
		{"ERR invalid password", REDIS_CLASS_DENIED},
		{"ERR The user executing the script can't run this command",
		 REDIS_CLASS_DENIED},
		{"NOSCRIPT No matching script.", REDIS_CLASS_SCRIPT},
		{"MOVED 1 h:1", REDIS_CLASS_CLUSTER},
		{"ASK 1 h:1", REDIS_CLASS_CLUSTER},
		{"CROSSSLOT Keys in request", REDIS_CLASS_CLUSTER},
		{"WRONGTYPE Operation", REDIS_CLASS_OTHER},
		{"ERR the OOM word in a sentence", REDIS_CLASS_OTHER},
		{"", REDIS_CLASS_OTHER},
	};
	redisReply reply = {.type = REDIS_REPLY_ERROR};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		reply.str = (char *)(uintptr_t)cases[i].text;
		reply.len = strlen(reply.str);
		cr_expect_eq(redis_command_class(&reply), cases[i].class, "%s",
			     cases[i].text);
	}
	reply.type = REDIS_REPLY_STRING;
	cr_expect_eq(redis_command_class(&reply), REDIS_CLASS_NONE);
	cr_expect_eq(redis_command_class(NULL), REDIS_CLASS_NONE);
}

Test(redis_command, is_written_as_redis_reads_it)
{
	struct redis_command command, more;
	struct buf head;

	redis_command_init(&command);
	redis_command_text(&command, "SET");
	redis_command_add(&command, SLICE("a\0b"));
	redis_command_add(&command, (struct slice){0});
	redis_command_init(&more);
	redis_command_int(&more, 0);
	redis_command_int(&more, -9223372036854775807 - 1);
	redis_command_join(&command, &more);
	buf_init(&head, 100);
	redis_command_head(&command, &head);
	cr_expect(slice_is(buf_slice(&head), "*5\r\n"));
	cr_expect(slice_equal(
		buf_slice(&command.bytes),
		SLICE("$3\r\nSET\r\n$3\r\na\0b\r\n$0\r\n\r\n$1\r\n0\r\n"
		      "$20\r\n-9223372036854775808\r\n")));
	buf_release(&head);
	buf_release(&command.bytes);
}

Test(redis_known, reads_records_and_nothing_else)
{
	static const struct {
		struct slice value;
		const char *instance, *id, *payload;
		unsigned attempts, crashes, deaths;
	} cases[] = {
		{SLICE("\1w/1 2 3 4 5 2\nidrest"), "w/1", "id", "rest", 2, 3,
		 4},
		{SLICE("\1w/1 0 0 0 5 0\n"), "w/1", "", "", 0, 0, 0},
		{SLICE("\1w/1 0 0 0 5 0\n\1x"), "w/1", "", "\1x", 0, 0, 0},
		{SLICE("{}"), "", "", "{}", 0, 0, 0},
		{SLICE(""), "", "", "", 0, 0, 0},
		{SLICE("\1"), "", "", "\1", 0, 0, 0},
		{SLICE("\1w"), "", "", "\1w", 0, 0, 0},
		{SLICE("\1 1 1 1 1 0\n"), "", "", "\1 1 1 1 1 0\n", 0, 0, 0},
		{SLICE("\1w 1 1 1 1"), "", "", "\1w 1 1 1 1", 0, 0, 0},
		{SLICE("\1w 1 1 1 1 9\nshort"), "", "", "\1w 1 1 1 1 9\nshort",
		 0, 0, 0},
		{SLICE("\1w 1 x 1 1 0\n"), "", "", "\1w 1 x 1 1 0\n", 0, 0, 0},
		{SLICE("\1w 1 -1 1 1 0\n"), "", "", "\1w 1 -1 1 1 0\n", 0, 0,
		 0},
		{SLICE("\1w 1 1 1 99999999999999999999999 0\n"), "", "",
		 "\1w 1 1 1 99999999999999999999999 0\n", 0, 0, 0},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct broker_claim claim = {0};
		struct slice instance;

		redis_known_read(cases[i].value, &claim, &instance);
		cr_expect(slice_is(instance, cases[i].instance), "%zu", i);
		cr_expect(slice_is(claim.known_id, cases[i].id), "%zu", i);
		cr_expect(slice_is(claim.payload, cases[i].payload), "%zu", i);
		cr_expect_eq(claim.attempts, cases[i].attempts, "%zu", i);
		cr_expect_eq(claim.crashes, cases[i].crashes, "%zu", i);
		cr_expect_eq(claim.deaths, cases[i].deaths, "%zu", i);
	}
}

Test(redis_ring, keeps_its_order_as_it_grows)
{
	struct redis_ring ring = {0};
	size_t put = 0, got = 0, i;
	static char args[1000];

	for (i = 0; i < 1000; i++) {
		redis_ring_push(&ring,
				(struct redis_waiting){.arg = &args[put++]}, 1);
		if (i % 3 == 0)
			cr_expect_eq(redis_ring_shift(&ring, 2).arg,
				     &args[got++]);
	}
	while (ring.count)
		cr_expect_eq(redis_ring_shift(&ring, 3).arg, &args[got++]);
	cr_expect_eq(got, 1000);
	redis_ring_push(&ring, (struct redis_waiting){0}, 7);
	cr_expect_float_eq(ring.since, 7, 0.001);
	redis_ring_release(&ring);
}
