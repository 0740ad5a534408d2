/*
 * Parts of the Redis broker that need no server: classes of error replies,
 * commands as bytes, records, the ring of waiting answers, long strings that
 * are read past the parser.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/redis_command.h"
#include "broker/redis_reader.h"
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

/* --- Replies ------------------------------------------------------------------- */

#define LONG 40000

static bool past_parser; /* is what long strings go */

static struct buf long_string(size_t len, const char *end)
{
	struct buf text;
	size_t i;

	buf_init(&text, SIZE_MAX / 2);
	buf_printf(&text, "$%zu\r\n", len);
	for (i = 0; i < len; i++)
		buf_add_char(&text, (char)(i % 251));
	buf_add_text(&text, end);
	return text;
}

/* Reads what `text` holds in pieces of `piece` bytes; every reply is taken to
 * be a string of at most `max`. How many came, -1 after a failure. */
static int read_all(struct slice text, size_t piece, size_t max,
		    void (*check)(struct redis_reader *, redisReply *, int))
{
	struct redis_reader reader = {0};
	redisContext *context;
	redisReply *reply;
	int pair[2], count = 0, more = 0;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	cr_assert_eq(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
	context = redisConnectFd(pair[0]);
	context->flags &= ~REDIS_BLOCK;
	while (text.len && more >= 0) {
		size_t len = text.len < piece ? text.len : piece;

		cr_assert_eq(write(pair[1], text.ptr, len), (ssize_t)len);
		text.ptr += len;
		text.len -= len;
		while (redis_reader_fill(&reader, context) > 0) {
			while ((more = redis_reader_next(&reader, context, max,
							 &reply)) > 0) {
				check(&reader, reply, count++);
				redis_reader_done(&reader, reply);
			}
		}
	}
	redis_reader_release(&reader);
	redisFree(context);
	close(pair[1]);
	return more < 0 ? -1 : count;
}

static void check_mixed(struct redis_reader *reader, redisReply *reply,
			int index)
{
	struct buf bytes;
	size_t i;

	if (index % 4 == 0) {
		cr_assert_eq(reply->type, REDIS_REPLY_STRING);
		cr_assert_eq(reply->len, LONG);
		cr_assert_eq(reply == &reader->reply, past_parser);
		redis_reader_take(reader, reply, &bytes);
		cr_assert_eq(bytes.len, LONG);
		for (i = 0; i < LONG; i++)
			cr_assert_eq((unsigned char)bytes.ptr[i], i % 251);
		buf_release(&bytes);
	} else if (index % 4 == 1) {
		cr_assert_eq(reply->type, REDIS_REPLY_ERROR);
		cr_assert_str_eq(reply->str, "ERR $9");
	} else if (index % 4 == 2) {
		cr_assert_eq(reply->type, REDIS_REPLY_ARRAY);
		cr_assert_eq(reply->elements, 2);
		cr_assert_eq(reply->element[1]->len, LONG);
	} else {
		cr_assert_eq(reply->type, REDIS_REPLY_STRING);
		cr_assert_str_eq(reply->str, "abc");
	}
}

Test(redis_reader, long_strings_come_whole_between_others)
{
	static const size_t pieces[] = {7, 24, 4096, 16384, 30000, 40010};
	static const size_t most[] = {0, LONG - 1, LONG, LONG * 2};
	struct buf text, part = long_string(LONG, "\r\n");
	size_t i, k;

	buf_init(&text, SIZE_MAX / 2);
	for (i = 0; i < 2; i++) {
		buf_add_slice(&text, buf_slice(&part));
		buf_add_text(&text, "-ERR $9\r\n*2\r\n$-1\r\n");
		buf_add_slice(&text, buf_slice(&part));
		buf_add_text(&text, "$3\r\nabc\r\n");
	}
	for (i = 0; i < sizeof(pieces) / sizeof(*pieces); i++)
		for (k = 0; k < sizeof(most) / sizeof(*most); k++) {
			past_parser = most[k] >= LONG;
			cr_expect_eq(read_all(buf_slice(&text), pieces[i],
					      most[k], check_mixed),
				     8, "pieces of %zu, at most %zu", pieces[i],
				     most[k]);
		}
	buf_release(&text);
	buf_release(&part);
}

static void check_nothing(struct redis_reader *reader, redisReply *reply,
			  int index)
{
	(void)reader;
	(void)reply;
	(void)index;
}

Test(redis_reader, what_is_no_string_is_an_error)
{
	struct buf text = long_string(LONG, "xy+OK\r\n");

	cr_expect_eq(read_all(buf_slice(&text), 4096, LONG, check_nothing), -1);
	buf_release(&text);
	cr_expect_eq(read_all(SLICE("$99999999999999999999999\r\nabc\r\n"), 9,
			      SIZE_MAX, check_nothing),
		     -1);
	cr_expect_eq(read_all(SLICE("$1000x0\r\nabc\r\n"), 9, SIZE_MAX,
			      check_nothing),
		     -1);
}

/* What does not go past the parser has a buffer that is freed with it. */
Test(redis_reader, a_string_is_taken_without_a_copy)
{
	redisReply reply = {.str = (char *)(uintptr_t) "abc", .len = 3};
	struct redis_reader reader = {.len = 5};
	struct buf bytes;

	buf_init(&reader.bytes, 10);
	buf_add_text(&reader.bytes, "12345");
	reader.reply.str = reader.bytes.ptr;
	redis_reader_take(&reader, &reader.reply, &bytes);
	cr_expect_eq(bytes.ptr, reader.reply.str);
	cr_expect_null(reader.bytes.ptr);
	buf_release(&bytes);
	redis_reader_take(&reader, &reply, &bytes);
	cr_expect(slice_is(buf_slice(&bytes), "abc"));
	cr_expect_neq(bytes.ptr, reply.str);
	buf_release(&bytes);
}
