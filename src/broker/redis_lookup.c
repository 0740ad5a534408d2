/*
 * Looking names up with getaddrinfo(3), which can only wait: by default ten
 * seconds a name server. A thread does it and closes a pipe when it is done. A
 * question that nobody waits for any more ends by itself; while many such are
 * stuck no further ones are asked.
 */
#include "broker/redis_lookup.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/xalloc.h"

#define THREADS_MAX 8

/* Shared with the thread: whoever lets go last frees it. */
struct question {
	char *host;
	int done; /* the writing end of the pipe; the thread's */
	atomic_int let_go;
	int error; /* of getaddrinfo */
	struct redis_addresses found;
};

struct redis_lookup {
	struct loop *loop;
	redis_lookup_cb *cb;
	void *arg;
	struct question *question; /* asked, and not answered */
	int pipe;		   /* its reading end */
	struct loop_io *io;
	struct loop_timer *timer; /* the end of patience, or an answer */
	bool known;		  /* `answer` is due */
	struct redis_addresses answer;
	struct err err;
};

static atomic_int threads;

/* --- The thread ------------------------------------------------------------ */

static void let_go(struct question *question)
{
	if (atomic_fetch_add(&question->let_go, 1) == 0)
		return;
	free(question->host);
	free(question);
}

static void add_address(struct redis_addresses *found,
			const struct addrinfo *one)
{
	if (found->count < REDIS_LOOKUP_MAX &&
	    !getnameinfo(one->ai_addr, one->ai_addrlen,
			 found->text[found->count], REDIS_LOOKUP_LEN, NULL, 0,
			 NI_NUMERICHOST))
		found->count++;
}

/* Zero, or an error of getaddrinfo. */
static int resolve(const char *host, struct redis_addresses *found)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL, *one;
	int error = getaddrinfo(host, NULL, &hints, &list);

	found->count = 0;
	for (one = error ? NULL : list; one; one = one->ai_next)
		add_address(found, one);
	if (list)
		freeaddrinfo(list);
	return error;
}

static int no_address(struct err *err, const char *host, const char *why)
{
	return err_set(err, ERR_INTERNAL,
		       "the host %.200s cannot be looked up: %s", host, why);
}

static const char *reason_of(int error)
{
	return error ? gai_strerror(error) : "it has no address";
}

int redis_lookup_now(const char *host, struct redis_addresses *found,
		     struct err *err)
{
	int error = resolve(host, found);

	return found->count ? 0 : no_address(err, host, reason_of(error));
}

static void *run(void *arg)
{
	struct question *question = arg;
	int done = question->done;

	question->error = resolve(question->host, &question->found);
	let_go(question);
	atomic_fetch_sub(&threads, 1);
	close(done);
	return NULL;
}

/* Signals are the loop's. */
static int start_thread(struct question *question)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int error;

	if (atomic_fetch_add(&threads, 1) >= THREADS_MAX) {
		atomic_fetch_sub(&threads, 1);
		return -1;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &attr, run, question);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error)
		atomic_fetch_sub(&threads, 1);
	return error ? -1 : 0;
}

/* --- The loop's side ------------------------------------------------------- */

bool redis_lookup_stop(struct redis_lookup *lookup)
{
	bool asked = lookup->question || lookup->known;

	lookup->loop->timer_set(lookup->timer, -1);
	lookup->known = false;
	if (!lookup->question)
		return asked;
	lookup->loop->io_free(lookup->io);
	lookup->io = NULL;
	close(lookup->pipe);
	let_go(lookup->question);
	lookup->question = NULL;
	return asked;
}

/* Answers in the next turn. */
static void answer(struct redis_lookup *lookup)
{
	lookup->known = true;
	lookup->loop->timer_set(lookup->timer, 0);
}

static void fail(struct redis_lookup *lookup, const char *host, const char *why)
{
	lookup->answer.count = 0;
	(void)no_address(&lookup->err, host, why);
	answer(lookup);
}

/* The thread has closed its end: its answer is there. */
static void on_done(void *arg, int events)
{
	struct redis_lookup *lookup = arg;
	struct question *question = lookup->question;
	char host[256];
	int error;

	(void)events;
	(void)atomic_load(&question->let_go); /* what it wrote before is here */
	error = question->error;
	snprintf(host, sizeof(host), "%s", question->host);
	lookup->answer = question->found;
	redis_lookup_stop(lookup);
	if (lookup->answer.count)
		answer(lookup);
	else
		fail(lookup, host, reason_of(error));
}

static void on_timer(void *arg)
{
	struct redis_lookup *lookup = arg;

	if (!lookup->known) {
		char host[256];

		snprintf(host, sizeof(host), "%s", lookup->question->host);
		redis_lookup_stop(lookup);
		fail(lookup, host, "the resolver does not answer");
		return;
	}
	lookup->known = false;
	lookup->cb(lookup->arg, lookup->answer.count ? &lookup->answer : NULL,
		   &lookup->err);
}

static bool is_address(const char *host)
{
	unsigned char bytes[16];

	return strlen(host) < REDIS_LOOKUP_LEN &&
	       (inet_pton(AF_INET, host, bytes) == 1 ||
		inet_pton(AF_INET6, host, bytes) == 1);
}

static int ask(struct redis_lookup *lookup, const char *host)
{
	struct question *question;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	question = xcalloc(1, sizeof(*question));
	question->host = xstrdup(host);
	question->done = ends[1];
	if (start_thread(question)) {
		close(ends[0]);
		close(ends[1]);
		free(question->host);
		free(question);
		return -1;
	}
	lookup->question = question;
	lookup->pipe = ends[0];
	lookup->io = lookup->loop->io_new(lookup->loop, ends[0], LOOP_READ,
					  on_done, lookup);
	return 0;
}

void redis_lookup_start(struct redis_lookup *lookup, const char *host,
			double seconds)
{
	redis_lookup_stop(lookup);
	if (is_address(host)) {
		lookup->answer = (struct redis_addresses){.count = 1};
		snprintf(lookup->answer.text[0], REDIS_LOOKUP_LEN, "%s", host);
		answer(lookup);
	} else if (ask(lookup, host)) {
		fail(lookup, host, "too many lookups are without an answer");
	} else {
		lookup->loop->timer_set(lookup->timer, seconds);
	}
}

struct redis_lookup *redis_lookup_new(struct loop *loop, redis_lookup_cb *cb,
				      void *arg)
{
	struct redis_lookup *lookup = xcalloc(1, sizeof(*lookup));

	lookup->loop = loop;
	lookup->cb = cb;
	lookup->arg = arg;
	lookup->timer = loop->timer_new(loop, on_timer, lookup);
	return lookup;
}

void redis_lookup_free(struct redis_lookup *lookup)
{
	if (!lookup)
		return;
	redis_lookup_stop(lookup);
	lookup->loop->timer_free(lookup->timer);
	free(lookup);
}
