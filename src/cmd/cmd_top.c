/*
 * cherry top: the state, live. Each second the queues with rates in and out,
 * and what runs for how long, oldest first. q quits. Without a terminal it
 * prints the state once, as status does.
 */
#include "cmd/ask.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/xalloc.h"

#define PERIOD_MS  1000
#define ROWS_LEAST 8

static const struct cmd_option options[] = {
	ASK_OPTIONS,
	{"--json", NULL, "once, one JSON object"},
	{0},
};

static const char *const columns[] = {"queue", "state",	  "waiting", "oldest_s",
				      "in/s",  "out/s",	  "running", "later",
				      "dead",  "workers", NULL};

/* What was counted at the last look, for rates. */
struct top_seen {
	int64_t done, waiting;
	double at;
};

struct top {
	struct ask ask;
	struct top_seen *seen; /* one for each queue */
	size_t seen_count;
	struct termios before;
	size_t rows, width;
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	if (number != SIGWINCH)
		ended = 1;
}

/* --- One look ------------------------------------------------------------- */

static void put_rates(struct table *table, struct top_seen *seen,
		      const struct ask_queue *queue)
{
	int64_t done = queue->ok + queue->failed;
	double now = clock_monotonic(), out = -1, in = -1;

	if (seen->at > 0 && now > seen->at) {
		double added = (double)(queue->waiting + done) -
			       (double)(seen->waiting + seen->done);

		out = (double)(done - seen->done) / (now - seen->at);
		in = added > 0 ? added / (now - seen->at) : 0;
	}
	*seen = (struct top_seen){done, queue->waiting, now};
	table_seconds(table, in);
	table_seconds(table, out);
}

static void put_queue(struct table *table, struct top_seen *seen,
		      const struct ask_queue *queue)
{
	const char *state = queue->workers ? "open" : "no worker";

	table_text(table, slice_text(queue->name));
	table_text(table, slice_text(queue->paused ? "paused" : state));
	table_integer(table, queue->waiting);
	table_seconds(table, queue->oldest);
	put_rates(table, seen, queue);
	table_integer(table, queue->running);
	table_integer(table, queue->later);
	table_integer(table, queue->dead);
	table_integer(table, queue->workers);
}

static int look_at_queues(struct top *top, struct table *table)
{
	struct ask_queue queue;
	size_t i;

	ask_known_queues(&top->ask);
	if (top->ask.queue_count > top->seen_count) {
		top->seen = xrealloc(top->seen, top->ask.queue_count,
				     sizeof(*top->seen));
		for (i = top->seen_count; i < top->ask.queue_count; i++)
			top->seen[i] = (struct top_seen){0};
		top->seen_count = top->ask.queue_count;
	}
	table_init(table, "queues", columns);
	for (i = 0; i < top->ask.queue_count; i++) {
		if (ask_queue(&top->ask, top->ask.queues[i], &queue))
			return -1;
		put_queue(table, &top->seen[i], &queue);
	}
	return 0;
}

/* Longest first: the fifth column is the age. */
static int compare_age(const void *a, const void *b)
{
	const struct table_cell *left = a, *right = b;
	double x = strtod(left[4].text, NULL), y = strtod(right[4].text, NULL);

	return x < y ? 1 : x > y ? -1 : 0;
}

/* --- The screen ----------------------------------------------------------- */

static void measure(struct top *top)
{
	struct winsize size;

	top->rows = 24;
	top->width = 80;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row > 0 &&
	    size.ws_col > 0) {
		top->rows = size.ws_row > ROWS_LEAST ? size.ws_row : ROWS_LEAST;
		top->width = size.ws_col;
	}
}

/* Prints the table, at most `rows` lines of it. How many it took. */
static size_t print_some(struct table *table, size_t rows, size_t width)
{
	size_t all = table->count, most = rows > 1 ? rows - 1 : 0;

	if (table->count / table->width > most)
		table->count = most * table->width;
	if (rows)
		table_print_aligned(table, width, stdout);
	most = table->count / table->width + 1;
	table->count = all;
	return rows ? most : 0;
}

static int draw(struct top *top)
{
	struct table queues = {0}, tables[3] = {{0}};
	size_t used, i;
	int status = look_at_queues(top, &queues);

	if (!status)
		status = ask_tables(&top->ask, tables);
	if (!status) {
		measure(top);
		if (tables[2].count)
			qsort(tables[2].cells,
			      tables[2].count / tables[2].width,
			      tables[2].width * sizeof(*tables[2].cells),
			      compare_age);
		/* Home, and everything below cleared. */
		fputs("\033[H\033[2J", stdout);
		printf("cherry: %zu workers, %zu tasks at work; q quits\n\n",
		       tables[1].count / tables[1].width,
		       tables[2].count / tables[2].width);
		used = 3 + print_some(&queues, top->rows - 4, top->width);
		if (top->rows > used + 2) {
			putchar('\n');
			print_some(&tables[2], top->rows - used - 1,
				   top->width);
		}
		fflush(stdout);
	}
	table_release(&queues);
	for (i = 0; i < 3; i++)
		table_release(&tables[i]);
	return status;
}

/* The alternate screen, keys one by one, the cursor hidden. */
static void screen_open(struct top *top)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct termios raw;

	sigaction(SIGWINCH, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	tcgetattr(STDIN_FILENO, &top->before);
	raw = top->before;
	raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs("\033[?1049h\033[?25l", stdout);
}

static void screen_close(struct top *top)
{
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &top->before);
}

/* Waits for the next look; true if it shall be the end. A change of size looks
 * again at once. */
static bool wait_key(void)
{
	struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
	char key = 0;
	int ready = poll(&keys, 1, PERIOD_MS);

	if (ended)
		return true;
	if (ready <= 0)
		return ready < 0 && errno != EINTR;
	return read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 'Q';
}

static int run_live(struct top *top)
{
	int status;

	screen_open(top);
	do
		status = draw(top);
	while (!status && !wait_key());
	screen_close(top);
	free(top->seen);
	/* What was told on the other screen is gone with it. */
	if (status)
		return cmd_fail(CMD_FAILED, "Redis does not answer any more");
	return CMD_OK;
}

static int top_run(const struct cmd_line *line)
{
	struct top top = {0};
	int status;

	if (cmd_has(line, "--json") || !isatty(STDOUT_FILENO) ||
	    !isatty(STDIN_FILENO))
		return cmd_status.run(line);
	status = ask_open(&top.ask, line);
	if (!status)
		status = run_live(&top);
	ask_close(&top.ask);
	return status;
}

const struct cmd cmd_top = {
	.name = "top",
	.usage = "[-c FILE] [-q QUEUE]... [--json]",
	.help = "the same, live on a terminal; q quits",
	.options = options,
	.run = top_run,
};
