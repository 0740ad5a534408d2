/*
 * Names of hosts: several addresses, none, a resolver that hangs. The resolver
 * is one of our own, by the name that the C library's has.
 */
#include "broker_rig.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include "broker/redis_lookup.h"

/* --- The resolver ------------------------------------------------------------- */

/* hang.test has no answer until this is unlocked. */
static pthread_mutex_t hanging = PTHREAD_MUTEX_INITIALIZER;
static atomic_int asked;
static char ours[] = "made here";

static struct addrinfo *make(const char *text, struct addrinfo *next)
{
	struct addrinfo *one = xcalloc(1, sizeof(*one));
	struct sockaddr_in *address = xcalloc(1, sizeof(*address));

	address->sin_family = AF_INET;
	inet_pton(AF_INET, text, &address->sin_addr);
	one->ai_family = AF_INET;
	one->ai_socktype = SOCK_STREAM;
	one->ai_addr = (struct sockaddr *)address;
	one->ai_addrlen = sizeof(*address);
	one->ai_next = next;
	one->ai_canonname = ours;
	return one;
}

typedef int resolver(const char *, const char *, const struct addrinfo *,
		     struct addrinfo **);

int getaddrinfo(const char *host, const char *service,
		const struct addrinfo *hints, struct addrinfo **list)
{
	resolver *real;
	void *symbol;

	if (strcmp(host, "two.test") == 0) {
		*list = make("127.0.0.9", make("127.0.0.1", NULL));
		return 0;
	}
	if (strcmp(host, "none.test") == 0)
		return EAI_NONAME;
	if (strcmp(host, "hang.test") == 0) {
		asked++;
		pthread_mutex_lock(&hanging);
		pthread_mutex_unlock(&hanging);
		*list = make("127.0.0.1", NULL);
		return 0;
	}
	symbol = dlsym(RTLD_NEXT, "getaddrinfo");
	memcpy(&real, &symbol, sizeof(real));
	return real(host, service, hints, list);
}

typedef void releaser(struct addrinfo *);

void freeaddrinfo(struct addrinfo *list)
{
	releaser *real;
	void *symbol;

	if (list->ai_canonname != ours) {
		symbol = dlsym(RTLD_NEXT, "freeaddrinfo");
		memcpy(&real, &symbol, sizeof(real));
		real(list);
		return;
	}
	while (list) {
		struct addrinfo *next = list->ai_next;

		free(list->ai_addr);
		free(list);
		list = next;
	}
}

/* --- Lookups ------------------------------------------------------------------- */

static struct rig rig;
static struct redis_addresses answers;
static size_t answered;
static char why[512];

static void on_answer(void *arg, const struct redis_addresses *found,
		      const struct err *err)
{
	(void)arg;
	answered++;
	answers.count = 0;
	if (found)
		answers = *found;
	else
		snprintf(why, sizeof(why), "%s", err->message);
}

static char port[16];

/* A port of the loopback that nobody uses. */
static void choose_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_not(bind(fd, (struct sockaddr *)&address, len));
	getsockname(fd, (struct sockaddr *)&address, &len);
	snprintf(port, sizeof(port), "%d", ntohs(address.sin_port));
	close(fd);
}

static void open_rig(void)
{
	static const char *options[] = {"--bind", "127.0.0.1", "--port", port,
					NULL};

	choose_port();
	rig_open(&rig, options);
}

static void close_rig(void)
{
	rig_close(&rig);
}

TestSuite(lookup, .init = open_rig, .fini = close_rig, .timeout = 60);

Test(lookup, answers)
{
	static const struct {
		const char *host, *first, *second, *why;
	} cases[] = {
		{"127.0.0.1", "127.0.0.1", NULL, NULL},
		{"::1", "::1", NULL, NULL},
		{"two.test", "127.0.0.9", "127.0.0.1", NULL},
		{"none.test", NULL, NULL, "none.test"},
		{"two.test", "127.0.0.9", "127.0.0.1", NULL},
	};
	struct redis_lookup *lookup =
		redis_lookup_new(rig.loop, on_answer, NULL);
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answered = 0;
		redis_lookup_start(lookup, cases[i].host, 5);
		cr_expect_eq(answered, 0, "from inside the call");
		rig_wait(&rig, answered);
		cr_expect_eq(answers.count,
			     !!cases[i].first + !!cases[i].second, "%s",
			     cases[i].host);
		if (cases[i].first)
			cr_expect_str_eq(answers.text[0], cases[i].first);
		if (cases[i].second)
			cr_expect_str_eq(answers.text[1], cases[i].second);
		if (cases[i].why)
			cr_expect(strstr(why, cases[i].why), "%s", why);
	}
	rig_idle(&rig, 0.05);
	cr_expect_eq(answered, 1, "once each");
	redis_lookup_free(lookup);
	redis_lookup_free(NULL);
}

Test(lookup, a_hanging_resolver_is_given_up)
{
	struct redis_lookup *lookup =
		redis_lookup_new(rig.loop, on_answer, NULL);
	int i;

	pthread_mutex_lock(&hanging);
	redis_lookup_start(lookup, "hang.test", 0.1);
	rig_wait(&rig, answered == 1);
	cr_expect(strstr(why, "does not answer"), "%s", why);
	/* Dropped: nothing is heard of it. */
	redis_lookup_start(lookup, "hang.test", 0.1);
	cr_expect(redis_lookup_stop(lookup));
	cr_expect_not(redis_lookup_stop(lookup));
	/* Those that hang are bounded; then it is an error at once. */
	for (i = 0; i < 20; i++)
		redis_lookup_start(lookup, "hang.test", 10);
	rig_wait(&rig, answered == 2);
	cr_expect(strstr(why, "without an answer"), "%s", why);
	cr_expect_leq(asked, 8);
	/* And they come to their end. */
	pthread_mutex_unlock(&hanging);
	why[0] = '\0';
	for (i = 0; i < 1000 && answers.count != 2; i++) {
		size_t before = answered;

		redis_lookup_start(lookup, "two.test", 5);
		rig_wait(&rig, answered > before);
	}
	cr_expect_eq(answers.count, 2, "%s", why);
	redis_lookup_free(lookup);
}

/* --- Workers and clients ---------------------------------------------------------- */

static struct rig_worker *worker_at(const char *host)
{
	static const struct broker_queue queue = {.name = "q"};
	static char url[100];
	struct broker_options options = {.queues = &queue, .queue_count = 1};
	struct rig_worker *worker;

	snprintf(url, sizeof(url), "redis://%s:%s", host, port);
	options.url = url;
	worker = rig_worker_at(&rig, &options);
	broker_want(worker->broker, 4);
	return worker;
}

Test(lookup, the_next_address_is_tried)
{
	struct rig_worker *worker = worker_at("two.test");

	rig_wait(&rig, worker->up);
	rig_run(&rig, "LPUSH", "q", "one", NULL);
	rig_wait(&rig, worker->claim_count == 1);
	/* All of its connections are at the one that serves. */
	rig_finish(worker, 0, "r");
	rig_wait(&rig, worker->settled_count == 1);
	rig_run(&rig, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes",
		NULL);
	rig_run(&rig, "LPUSH", "q", "two", NULL);
	rig_wait(&rig, worker->claim_count == 2);
}

Test(lookup, the_blocking_client_tries_the_next_address)
{
	char url[100];
	struct err err = ERR_INIT;
	struct client *client;

	snprintf(url, sizeof(url), "redis://two.test:%s", port);
	client = client_open(url, NULL, 5, &err);
	cr_expect(client, "%s", err.message);
	client_free(client);
	cr_expect_null(client_open("redis://none.test", NULL, 5, &err));
	cr_expect(strstr(err.message, "none.test"), "%s", err.message);
}

Test(lookup, a_hanging_resolver_freezes_nobody)
{
	double last = 0, longest = 0, end;
	struct rig_worker *worker;

	pthread_mutex_lock(&hanging);
	worker = worker_at("hang.test");
	end = clock_monotonic() + 1;
	while (clock_monotonic() < end) {
		double now = clock_monotonic();

		if (last > 0 && now - last > longest)
			longest = now - last;
		last = now;
		rig_turn(&rig);
	}
	cr_expect_lt(longest, 0.9, "%f s", longest);
	cr_expect_not(worker->up);
	pthread_mutex_unlock(&hanging);
	rig_wait(&rig, worker->up);
}
