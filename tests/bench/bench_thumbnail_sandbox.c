/*
 * The price of the sandbox: the same photograph through two warm executors for
 * pictures in turn, one in the sandbox and one without, and what a warm one
 * keeps in memory. Counted is processor time, system calls included, as what
 * else runs on the machine disturbs it least. Ends with status 1 where a bar is missed, 77 without libvips
 * or libjpeg.
 */
#include <stdlib.h>

#if __has_include(<jpeglib.h>)
#include <err.h>
#include <time.h>

#include "executor_client.h"
#include "photograph.h"

#define ROUNDS	   60
#define COST_MAX   1.02
#define MEMORY_MAX (60 * 1024) /* kB */

static unsigned char *photo;
static unsigned long photo_size;

static void start(struct executor_client *client, enum sandbox_mode mode)
{
	struct message_setup setup = {.class = TASK_CLASS_IMAGE,
				      .sandbox = mode};
	struct err error = ERR_INIT;

	if (executor_client_start(client,
				  getenv("CHERRY") ? getenv("CHERRY")
						   : "build/cherry",
				  &setup, &error))
		errx(1, "%s", error.message);
	if (client->ready.unavailable_count)
		exit(77);
}

/* Processor time of all threads of a process so far, in milliseconds. */
static double process_time(pid_t pid)
{
	struct timespec spent;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &spent))
		errx(1, "the executor has no clock");
	return (double)spent.tv_sec * 1e3 + (double)spent.tv_nsec / 1e6;
}

/* One thumbnail; milliseconds of processor time that it took. */
static double run(struct executor_client *client)
{
	struct task_input input = {
		.name = SLICE("image"),
		.bytes = slice_of(photo, photo_size),
	};
	struct message_task task = {
		.number = 1,
		.task = SLICE("thumbnail"),
		.args = SLICE("{\"width\":256}"),
		.inputs = &input,
		.input_count = 1,
	};
	struct message_result result;
	struct err error = ERR_INIT;
	double begin = process_time(client->pid);

	if (message_task_put(&client->writer, &task, &error) ||
	    executor_client_send(client, &error) ||
	    executor_client_result(client, &result, &error) != 1)
		errx(1, "no result: %s", error.message);
	if (!result.ok)
		errx(1, "%s", result.err.message);
	return process_time(client->pid) - begin;
}

static long resident_kilobytes(pid_t pid)
{
	char path[64];
	long pages = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(void)
{
	static struct executor_client clients[2];
	double best[2] = {1e9, 1e9}, ratio;
	unsigned char *rgb;
	long warm, used;
	int i;

	start(&clients[0], SANDBOX_REQUIRE);
	start(&clients[1], SANDBOX_OFF);
	warm = resident_kilobytes(clients[0].pid);
	rgb = photo_pixels();
	photo_encode(rgb, PHOTO_WIDTH, PHOTO_HEIGHT, 88, &photo, &photo_size);
	free(rgb);
	for (i = 0; i < 2 * ROUNDS; i++) {
		double took = run(&clients[i & 1]);

		best[i & 1] = took < best[i & 1] ? took : best[i & 1];
	}
	used = resident_kilobytes(clients[0].pid);
	for (i = 0; i < 2; i++)
		executor_client_stop(&clients[i]);
	free(photo);
	ratio = best[0] / best[1];
	printf("thumbnail in the sandbox %.2f ms, without %.2f ms: ratio %.3f  "
	       "bar %.2f%s\n",
	       best[0], best[1], ratio, COST_MAX,
	       ratio > COST_MAX ? " MISSED" : "");
	printf("resident: warm %ld kB, after %d photographs %ld kB  bar %d%s\n",
	       warm, ROUNDS, used, MEMORY_MAX,
	       warm > MEMORY_MAX ? " MISSED" : "");
	return ratio > COST_MAX || warm > MEMORY_MAX;
}
#else
int main(void)
{
	return 77;
}
#endif
