/*
 * A thumbnail end to end: the picture lies in Redis, a task names its key, the
 * reply is waited for; beside the handler alone, in this process, in turn.
 * Processor time is the worker's and its executor's, and what this program
 * spends on asking; Redis's own is told apart. Ends with status 1 where the bar
 * is missed, 77 without redis-server, libvips or libjpeg.
 */
#include <stdio.h>
#include <stdlib.h>

#if __has_include(<jpeglib.h>)
#include "bench_redis.h"
#include "paired.h"
#include "picture_handler.h"

#define ROUNDS 60
#define WARM   3
#define BAR    1.1

static void fail(const char *what)
{
	fprintf(stderr, "bench_thumbnail_redis: %s\n", what);
	exit(1);
}

static struct client_reply *ask(struct client *client,
				const struct slice *parts, size_t count)
{
	struct err err = ERR_INIT;
	struct client_reply *reply = client_command(client, parts, count, &err);

	if (!reply)
		fail(err.message);
	if (client_reply_type(reply) == CLIENT_ERROR)
		fail(client_reply_text(reply).ptr);
	return reply;
}

static void put_photo(struct client *client)
{
	struct slice parts[] = {SLICE("SET"), SLICE("photo"),
				slice_of(photo, photo_size)};

	client_reply_free(ask(client, parts, 3));
}

/* The task in, its reply out. */
static void through_redis(struct client *client)
{
	static const struct slice push[] = {
		SLICE("LPUSH"), SLICE("tasks"),
		SLICE("{\"task\":\"thumbnail\",\"args\":{\"width\":256},"
		      "\"inputs\":{\"image\":{\"key\":\"photo\"}},"
		      "\"reply_to\":\"r\"}")};
	static const struct slice pop[] = {SLICE("BLPOP"), SLICE("r"),
					   SLICE("30")};
	struct client_reply *reply;
	struct slice text;

	client_reply_free(ask(client, push, 3));
	reply = ask(client, pop, 3);
	if (client_reply_count(reply) != 2)
		fail("no reply within 30 seconds");
	text = client_reply_text(client_reply_at(reply, 1));
	if (!memmem(text.ptr, text.len, "\"status\":\"ok\"", 13))
		fail(text.ptr);
	client_reply_free(reply);
}

/* --- Processor time of others ----------------------------------------------- */

static double time_of(pid_t pid)
{
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) ? 0 : paired_clock(clock);
}

/* A process and its children, which are executors. */
static double time_of_family(pid_t pid)
{
	double total = time_of(pid);
	char path[64];
	FILE *file;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	file = fopen(path, "r");
	while (file && fscanf(file, "%d", &child) == 1)
		total += time_of(child);
	if (file)
		fclose(file);
	return total;
}

static void measure(struct client *client, pid_t redis, pid_t worker,
		    struct paired *paired)
{
	double others = 0;
	int i;

	for (i = -WARM; i < ROUNDS; i++) {
		struct paired_time *times[2] = {
			&paired->times[0][i < 0 ? 0 : i],
			&paired->times[1][i < 0 ? 0 : i]};
		struct paired_time begin;
		double family = time_of_family(worker), server = time_of(redis);

		begin = paired_now(CLOCK_PROCESS_CPUTIME_ID);
		through_redis(client);
		*times[0] = paired_since(begin, CLOCK_PROCESS_CPUTIME_ID);
		times[0]->work += time_of_family(worker) - family;
		others += i < 0 ? 0 : time_of(redis) - server;
		begin = paired_now(CLOCK_PROCESS_CPUTIME_ID);
		picture_make((int[]){256}, 1);
		*times[1] = paired_since(begin, CLOCK_PROCESS_CPUTIME_ID);
	}
	paired->rounds = ROUNDS;
	printf("redis-server %.2f ms of processor time each\n",
	       others / ROUNDS);
}

int main(void)
{
	const char *cherry =
		getenv("CHERRY") ? getenv("CHERRY") : "build/cherry";
	static struct paired paired;
	struct client *client;
	pid_t redis, worker;
	bool missed;

	picture_start();
	redis = bench_redis_start();
	worker = bench_start((const char *[]){cherry, "work", "--redis",
					      bench_url, "--concurrency", "1",
					      NULL});
	client = bench_connect();
	put_photo(client);
	measure(client, redis, worker, &paired);
	missed = paired_report(
		&paired, "256 px through Redis; peer: the handler alone", BAR);
	client_free(client);
	bench_stop(worker);
	bench_redis_stop(redis);
	free(photo);
	return missed;
}
#else
int main(void)
{
	return 77;
}
#endif
