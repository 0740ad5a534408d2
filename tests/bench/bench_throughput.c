/*
 * The whole way through a real Redis: echo tasks at least once as a ratio to
 * what this Redis can do when a client does nothing else (the raw limit), taken
 * in turn; the time from a push to its reply on an idle worker beside a bare
 * BLPOP/RPUSH responder; memory of the master and an executor.
 *
 * Starts a private redis-server without persistence. Status 1 where a bar is
 * missed, 77 without redis-server.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench_redis.h"

#define TASKS	  200000
#define CALL	  64
#define ROUNDS	  5
#define PINGS	  400
#define TASK_SIZE 160
#define BAR	  0.6
#define PICKUP	  2.0
#define MASTER_KB 10240
#define EXEC_KB	  40960

static char program[200];
static int missed;

static void fail(const char *what)
{
	fprintf(stderr, "bench_throughput: %s\n", what);
	exit(1);
}

static struct client_reply *words(struct client *client,
				  const char *const *list)
{
	struct err err = ERR_INIT;
	struct client_reply *reply = client_words(client, &err, list);

	if (!reply)
		fail(err.message);
	if (client_reply_type(reply) == CLIENT_ERROR)
		fail(client_reply_text(reply).ptr);
	return reply;
}

static int64_t number(struct client *client, const char *const *list)
{
	struct client_reply *reply = words(client, list);
	int64_t value = client_reply_integer(reply);

	client_reply_free(reply);
	return value;
}

/* --- Processes ----------------------------------------------------------------- */

static pid_t start_worker(void)
{
	const char *argv[] = {program, "work",	"--redis", bench_url,
			      "-q",    "tasks", NULL};

	return bench_start(argv);
}

/* --- The raw limit --------------------------------------------------------------- */

static const char claim_script[] =
	"local got = redis.call('LPOP', KEYS[1], 64) "
	"if not got then return {} end "
	"local n = redis.call('INCRBY', KEYS[2], #got) - #got "
	"local args = {} "
	"for i = 1, #got do args[2 * i - 1] = n + i args[2 * i] = got[i] end "
	"redis.call('HSET', KEYS[3], unpack(args)) "
	"return {n, got}";

static const char finish_script[] =
	"for i = 1, #ARGV - 1 do "
	"if redis.call('HDEL', KEYS[1], ARGV[i]) == 1 then "
	"local key = 'reply:' .. ARGV[i] "
	"redis.call('RPUSH', key, ARGV[#ARGV]) "
	"redis.call('EXPIRE', key, 3600) end end "
	"return 1";

static void load(struct client *client, const char *text, char sha[41])
{
	struct client_reply *reply =
		words(client, (const char *[]){"SCRIPT", "LOAD", text, NULL});

	snprintf(sha, 41, "%s", client_reply_text(reply).ptr);
	client_reply_free(reply);
}

static void fill(struct client *client, const char *queue, bool tasks)
{
	struct err err = ERR_INIT;
	char filler[TASK_SIZE + 1], *rows;
	struct slice parts[CALL + 2];
	size_t row = 400;
	int i, j;

	memset(filler, 'x', TASK_SIZE);
	filler[TASK_SIZE] = '\0';
	rows = malloc(row * CALL);
	parts[0] = slice_text("LPUSH");
	parts[1] = slice_text(queue);
	for (i = 0; i < TASKS; i += CALL) {
		for (j = 0; j < CALL; j++) {
			char *text = rows + row * (size_t)j;

			if (tasks)
				snprintf(text, row,
					 "{\"task\":\"echo\",\"id\":%d,"
					 "\"args\":{\"x\":\"%.88s\"},"
					 "\"reply_to\":\"r:%d\"}",
					 i + j, filler, i + j);
			else
				snprintf(text, row, "%s", filler);
			parts[j + 2] = slice_text(text);
		}
		client_reply_free(
			client_command(client, parts, CALL + 2, &err));
	}
	free(rows);
}

static void flush_all(struct client *client)
{
	client_reply_free(words(client, (const char *[]){"FLUSHALL", NULL}));
}

static double raw_limit(struct client *client)
{
	char claim[41], finish[41], ids[CALL][24], filler[TASK_SIZE + 1];
	struct slice parts[CALL + 8];
	struct err err = ERR_INIT;
	double begin;
	int done = 0, i;

	flush_all(client);
	load(client, claim_script, claim);
	load(client, finish_script, finish);
	fill(client, "raw", false);
	memset(filler, 'y', TASK_SIZE);
	filler[TASK_SIZE] = '\0';
	begin = clock_monotonic();
	while (done < TASKS) {
		struct client_reply *reply = words(
			client, (const char *[]){"EVALSHA", claim, "3", "raw",
						 "seq", "owned", NULL});
		int64_t first = client_reply_integer(client_reply_at(reply, 0));
		size_t got = client_reply_count(client_reply_at(reply, 1));

		client_reply_free(reply);
		parts[0] = slice_text("EVALSHA");
		parts[1] = slice_text(finish);
		parts[2] = slice_text("1");
		parts[3] = slice_text("owned");
		for (i = 0; i < (int)got; i++) {
			snprintf(ids[i], sizeof(ids[i]), "%lld",
				 (long long)first + 1 + i);
			parts[4 + i] = slice_text(ids[i]);
		}
		parts[4 + got] = slice_text(filler);
		client_reply_free(client_command(client, parts, 5 + got, &err));
		done += (int)got;
	}
	return TASKS / (clock_monotonic() - begin);
}

/* --- The worker ------------------------------------------------------------------- */

static void wait_ready(struct client *client)
{
	client_reply_free(words(
		client,
		(const char *[]){"LPUSH", "tasks",
				 "{\"task\":\"echo\",\"reply_to\":\"ready\"}",
				 NULL}));
	client_reply_free(
		words(client, (const char *[]){"BLPOP", "ready", "20", NULL}));
}

/* Tasks wait before the worker claims the first one. */
static double worker_rate(struct client *client)
{
	double begin, end;
	pid_t worker;
	int64_t before;

	flush_all(client);
	worker = start_worker();
	wait_ready(client);
	kill(worker, SIGUSR1);
	usleep(100000);
	fill(client, "tasks", true);
	before = number(client, (const char *[]){"DBSIZE", NULL});
	begin = clock_monotonic();
	kill(worker, SIGUSR2);
	while (number(client, (const char *[]){"DBSIZE", NULL}) <
	       before + TASKS - 1) {
		if (clock_monotonic() - begin > 120)
			fail("the worker does not finish");
		usleep(2000);
	}
	end = clock_monotonic();
	bench_stop(worker);
	return TASKS / (end - begin);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(double), compare);
	return values[count / 2];
}

static void bench_rate(struct client *client)
{
	double limit[ROUNDS], worker[ROUNDS], ratio;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		limit[i] = raw_limit(client);
		worker[i] = worker_rate(client);
	}
	ratio = median(worker, ROUNDS) / median(limit, ROUNDS);
	printf("echo, at least once   %8.0f tasks/s   raw limit %8.0f   ratio "
	       "%.2f   bar %.1f%s\n",
	       median(worker, ROUNDS), median(limit, ROUNDS), ratio, BAR,
	       ratio < BAR ? " MISSED" : "");
	missed |= ratio < BAR;
}

/* --- Pick-up ------------------------------------------------------------------------ */

static double trip(struct client *client, const char *queue, const char *task)
{
	double begin = clock_monotonic();

	client_reply_free(
		words(client, (const char *[]){"LPUSH", queue, task, NULL}));
	client_reply_free(
		words(client, (const char *[]){"BLPOP", "back", "5", NULL}));
	return clock_monotonic() - begin;
}

static pid_t start_responder(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct client *client = bench_connect();

		for (;;) {
			client_reply_free(
				words(client, (const char *[]){"BRPOP", "bare",
							       "0", NULL}));
			client_reply_free(
				words(client, (const char *[]){"RPUSH", "back",
							       "x", NULL}));
		}
	}
	return pid;
}

static void bench_pickup(struct client *client, pid_t worker)
{
	static const char task[] = "{\"task\":\"echo\",\"reply_to\":\"back\"}";
	double ours[PINGS], bare[PINGS], ratio;
	pid_t responder = start_responder();
	int i;

	for (i = 0; i < 20; i++)
		trip(client, "bare", "x");
	for (i = 0; i < PINGS; i++) {
		/* Both on a machine that has been idle. */
		usleep(1000);
		ours[i] = trip(client, "tasks", task);
		usleep(1000);
		bare[i] = trip(client, "bare", "x");
	}
	kill(responder, SIGKILL);
	waitpid(responder, NULL, 0);
	(void)worker;
	ratio = median(ours, PINGS) / median(bare, PINGS);
	printf("idle, push to reply   %8.0f us p50    bare %8.0f us   ratio "
	       "%.2f   bar %.1f%s\n",
	       median(ours, PINGS) * 1e6, median(bare, PINGS) * 1e6, ratio,
	       PICKUP, ratio > PICKUP ? " MISSED" : "");
	missed |= ratio > PICKUP;
}

/* --- Memory --------------------------------------------------------------------------- */

static long resident(pid_t pid)
{
	char path[64];
	long pages = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/statm", (long)pid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static long parent_of(long pid)
{
	char path[64];
	long parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%*d (%*[^)]) %*c %ld", &parent) != 1)
		parent = 0;
	if (file)
		fclose(file);
	return parent;
}

static void bench_memory(pid_t worker)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	long largest = 0, master = resident(worker);

	while (proc && (entry = readdir(proc))) {
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid && parent_of(pid) == worker &&
		    resident((pid_t)pid) > largest)
			largest = resident((pid_t)pid);
	}
	if (proc)
		closedir(proc);
	printf("resident              master %ld kB, bar %d%s; executor %ld "
	       "kB, bar %d%s\n",
	       master, MASTER_KB, master > MASTER_KB ? " MISSED" : "", largest,
	       EXEC_KB, largest > EXEC_KB ? " MISSED" : "");
	missed |= master > MASTER_KB || largest > EXEC_KB;
}

/* With an argument: the idle worker alone. */
int main(int argc, char **argv)
{
	const char *build = getenv("BUILD");
	struct client *client;
	pid_t redis, worker;

	snprintf(program, sizeof(program), "./%.150s/cherry",
		 build ? build : "build");
	redis = bench_redis_start();
	client = bench_connect();
	worker = start_worker();
	wait_ready(client);
	bench_memory(worker);
	bench_pickup(client, worker);
	bench_stop(worker);
	if (argc < 2)
		bench_rate(client);
	(void)argv;
	client_free(client);
	bench_redis_stop(redis);
	return missed;
}
