/*
 * The broker behind a proxy that breaks things: each error reply on each
 * command, resets after each byte, silence, slow lines, bytes that arrive late.
 * Whatever happens, each task is answered exactly once and nothing is fatal.
 */
#include "broker_rig.h"

#include <sys/socket.h>

static struct rig rig;
static FILE *to_proxy, *from_proxy;
static pid_t proxy;
static char proxy_url[120], proxy_path[100];
static struct rig_worker *w;

static void start_proxy(void)
{
	const char *build = getenv("BUILD");
	char program[200], upstream[100], line[100];
	int in[2], out[2];

	snprintf(program, sizeof(program), "%s/tests/fault_proxy",
		 build ? build : "build");
	snprintf(proxy_path, sizeof(proxy_path), "%s/proxy.sock", rig.dir);
	snprintf(proxy_url, sizeof(proxy_url), "unix://%s", proxy_path);
	snprintf(upstream, sizeof(upstream), "%s/redis.sock", rig.dir);
	cr_assert_not(pipe(in) || pipe(out));
	fflush(NULL);
	proxy = fork();
	if (proxy == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execl(program, program, proxy_path, upstream, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	to_proxy = fdopen(in[1], "w");
	from_proxy = fdopen(out[0], "r");
	cr_assert(fgets(line, sizeof(line), from_proxy),
		  "%s does not start: make tests", program);
}

/* How many errors the proxy has given so far. */
static long rule(const char *text)
{
	char line[100] = "";
	long given = -1;

	fprintf(to_proxy, "%s\n", text);
	fflush(to_proxy);
	cr_assert(fgets(line, sizeof(line), from_proxy));
	cr_assert_eq(sscanf(line, "ok %ld", &given), 1, "%s: %s", text, line);
	return given;
}

static void open_rig(void)
{
	static struct broker_queue queues[] = {{.name = "q"}, {.name = "p"}};
	static struct broker_options options;

	rig_open(&rig, NULL);
	start_proxy();
	options = (struct broker_options){
		.queues = queues, .queue_count = 2, .url = proxy_url};
	w = rig_worker_at(&rig, &options);
	broker_want(w->broker, 4);
	rig_wait(&rig, w->up);
}

static void close_rig(void)
{
	rig_close(&rig);
	fclose(to_proxy);
	fclose(from_proxy);
	waitpid(proxy, NULL, 0);
}

TestSuite(faults, .init = open_rig, .fini = close_rig, .timeout = 280);

static size_t answered;	 /* claims that were settled by answer_all */
static int64_t expected; /* replies that must be there at the end */

/* Pushes past the proxy, as a producer would. */
static void push(size_t count)
{
	char text[40];

	while (count--) {
		snprintf(text, sizeof(text), "%lld", (long long)expected++);
		rig_run(&rig, "LPUSH", expected % 3 ? "q" : "p", text, NULL);
	}
}

static void answer_new(void)
{
	while (answered < w->claim_count)
		rig_finish(w, answered++, "replies");
}

/* Turns until all is answered, or time is up. */
static void work(double seconds)
{
	double end = clock_monotonic() + seconds;

	while (clock_monotonic() < end &&
	       rig_run(&rig, "LLEN", "replies", NULL) < expected) {
		rig_turn(&rig);
		broker_want(w->broker, 4);
		answer_new();
	}
}

/* Everything has been answered, once. */
static void expect_all(const char *what)
{
	work(RIG_SECONDS);
	if (rig_run(&rig, "LLEN", "replies", NULL) != expected)
		fprintf(stderr, "%s; claims %zu settled %zu; keys %s\n", w->why,
			w->claim_count, w->settled_count,
			rig_text(&rig, "KEYS", "*", NULL));
	cr_assert_eq(rig_run(&rig, "LLEN", "replies", NULL), expected,
		     "%s: %lld replies for %lld tasks", what,
		     (long long)rig_run(&rig, "LLEN", "replies", NULL),
		     (long long)expected);
	rig_run(&rig, "EVAL",
		"local s = {} for _, r in ipairs(redis.call('LRANGE', KEYS[1], "
		"0, -1)) do if s[r] then return redis.error_reply('ERR ' .. r "
		".. ' twice') end s[r] = 1 end return 1",
		"1", "replies", NULL);
	cr_assert_eq(w->fatal, 0, "%s: %s", what, w->why);
	cr_assert_eq(w->reaped, 0, "%s", what);
	/* Room for more claims in the record. */
	rig_wait(&rig, w->settled_count == w->claim_count);
}

static void forget_claims(void)
{
	size_t i;

	for (i = 0; i < w->claim_count; i++) {
		free(w->claims[i].payload);
		free(w->claims[i].known_id);
	}
	memset(w->claims, 0, w->claim_count * sizeof(w->claims[0]));
	w->claim_count = w->settled_count = answered = 0;
}

static const char *const errors[] = {
	"LOADING Redis is loading the dataset in memory",
	"BUSY Redis is busy running a script",
	"MISCONF Redis is configured to save RDB snapshots",
	"OOM command not allowed when used memory > 'maxmemory'.",
	"READONLY You can't write against a read only replica.",
	"NOREPLICAS Not enough good replicas to write.",
	"MASTERDOWN Link with MASTER is down",
	"CLUSTERDOWN The cluster is down",
	"TRYAGAIN Multiple keys request during rehashing of slot",
	"MOVED 3999 127.0.0.1:6381",
	"ASK 3999 127.0.0.1:6381",
	"NOAUTH Authentication required.",
	"WRONGPASS invalid username-password pair",
	"NOPERM this user has no permissions",
	"NOSCRIPT No matching script.",
	"WRONGTYPE Operation against a key holding the wrong kind of value",
	"UNBLOCKED force unblock from blocking operation",
	"ERR max number of clients reached",
	"ERR something that nobody foresaw",
	NULL};

/* The first four always, all with SOAK=1. */
static const char *const commands[] = {
	"EVALSHA", "BLMOVE", "CLIENT", "*",	    "EVAL", "PING",
	"ZADD",	   "HSET",   "EXPIRE", "SUBSCRIBE", "INFO", "ROLE"};

/* Commands of the login: sent only by those that connect. */
static bool is_login(const char *command)
{
	static const char *const names[] = {"CLIENT", "SUBSCRIBE", "INFO",
					    "ROLE", "*"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(command, names[i]))
			return true;
	}
	return false;
}

/* A quarter of the matrix in each test: they run side by side. */
static void run_matrix(size_t from)
{
	char text[300];
	size_t i, j, count = getenv("SOAK") ? 12 : 4;
	long before = 0;

	for (i = from; i < sizeof(errors) / sizeof(errors[0]) - 1; i += 4) {
		for (j = 0; j < count; j++) {
			double start;

			snprintf(text, sizeof(text), "error %s 2 %s",
				 commands[j], errors[i]);
			before = rule(text);
			push(3);
			if (is_login(commands[j]))
				rig_run(&rig, "CLIENT", "KILL", "SKIPME", "yes",
					NULL);
			work(0.15);
			push(2);
			work(0.05);
			rule("clear");
			start = clock_monotonic();
			snprintf(text, sizeof(text), "%s on %s", errors[i],
				 commands[j]);
			expect_all(text);
			cr_expect_leq(clock_monotonic() - start, 4.5, "%s",
				      text);
			if (w->claim_count > RIG_CLAIMS / 2)
				forget_claims();
		}
	}
	cr_expect_gt(before, 20, "the proxy gave %ld errors", before);
}

Test(faults, error_replies_on_every_command_1)
{
	run_matrix(0);
}

Test(faults, error_replies_on_every_command_2)
{
	run_matrix(1);
}

Test(faults, error_replies_on_every_command_3)
{
	run_matrix(2);
}

Test(faults, error_replies_on_every_command_4)
{
	run_matrix(3);
}

/* A rule with ever more bytes, `seconds` each: in small steps up to 200, where
 * most happens, in large ones up to `end`. */
static void run_bytes(const char *name, int small, int large, int end,
		      double seconds)
{
	char text[40];
	int i;

	for (i = 1; i < end; i += i < 200 ? small : large) {
		snprintf(text, sizeof(text), "%s %d", name, i);
		rule(text);
		push(3);
		work(seconds);
		rule("clear");
		expect_all(text);
		if (w->claim_count > RIG_CLAIMS / 2)
			forget_claims();
	}
}

Test(faults, a_reset_after_each_byte_of_the_replies)
{
	run_bytes("reset", 7, 61, 1500, 0.02);
}

/* Requests that reach the server when their connection is believed dead: a
 * claim among them must not come to life. */
Test(faults, requests_that_arrive_late)
{
	run_bytes("late", 23, 211, 4000, 0.3);
	rig_idle(&rig, 1);
	cr_expect_eq(rig_run(&rig, "HLEN",
			     rig_key("q", "owned", broker_name(w->broker)),
			     NULL),
		     0);
	cr_expect_eq(rig_run(&rig, "HLEN",
			     rig_key("p", "owned", broker_name(w->broker)),
			     NULL),
		     0);
}

Test(faults, slow_lines)
{
	rule("slice 3");
	push(20);
	expect_all("three bytes at a time");
	rule("clear");
	rule("latency 300");
	push(10);
	expect_all("300 ms");
	cr_expect_eq(w->down, 0);
}

Test(faults, a_line_that_goes_silent_is_noticed)
{
	double start;

	push(2);
	expect_all("before");
	rule("hang");
	start = clock_monotonic();
	push(2);
	expect_all("after");
	cr_expect_leq(clock_monotonic() - start, 15.5);
	cr_expect_gt(w->down, 0);
}
