/*
 * cherry top: the state, live. Each second the queues with rates in and out,
 * and what runs for how long, oldest first or by another column. q quits.
 * Without a terminal it prints the state once, as status does.
 */
#include "cmd/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/xalloc.h"

#define PERIOD_SECONDS 1
#define RATE_SECONDS   0.5

static const struct cmd_option options[] = {
	ASK_OPTIONS,
	{"--json", NULL, "once, one JSON object"},
	{0},
};

static const char *const columns[] = {"queue", "state",	  "waiting", "oldest_s",
				      "in/s",  "out/s",	  "running", "later",
				      "dead",  "workers", NULL};

/* What was counted at the last look, and the rates since the one before. */
struct top_seen {
	int64_t done, waiting;
	double at, in, out;
};

struct top {
	struct ask ask;
	struct top_seen *seen; /* one for each queue */
	size_t seen_count;
	struct termios before;
	sigset_t mask; /* while it waits, the only time that signals come */
	size_t rows, width;
	const struct top_order *order;
	bool reverse, lost;
	int error; /* standard error, which is not for the picture */
};

static volatile sig_atomic_t ended, stopped;

static void on_signal(int number)
{
	if (number == SIGTSTP)
		stopped = 1;
	else if (number != SIGWINCH)
		ended = 1;
}

/* --- One look ------------------------------------------------------------- */

/* A look that a key has brought forward is too short for a rate. */
static void put_rates(struct table *table, struct top_seen *seen,
		      const struct ask_queue *queue)
{
	int64_t done = queue->ok + queue->failed;
	double now = clock_monotonic(), passed = now - seen->at, added;

	if (seen->at <= 0)
		*seen = (struct top_seen){done, queue->waiting, now, -1, -1};
	else if (passed >= RATE_SECONDS) {
		added = (double)(queue->waiting + done) -
			(double)(seen->waiting + seen->done);
		seen->in = added > 0 ? added / passed : 0;
		seen->out = (double)(done - seen->done) / passed;
		seen->done = done;
		seen->waiting = queue->waiting;
		seen->at = now;
	}
	table_seconds(table, seen->in);
	table_seconds(table, seen->out);
}

static void put_queue(struct table *table, struct top_seen *seen,
		      const struct ask_queue *queue)
{
	table_text(table, slice_text(queue->name));
	table_text(table, slice_text(ask_queue_state(queue)));
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

/* --- Order ---------------------------------------------------------------- */

/* A column of the table of running tasks, and the key that sorts by it. */
static const struct top_order {
	char key;
	const char *name;
	size_t column;
} orders[] = {
	{'a', "age", 4}, {'u', "queue", 0},   {'t', "task", 1},
	{'i', "id", 2},	 {'n', "attempt", 3}, {'w', "worker", 5},
};

#define ORDER_COUNT (sizeof(orders) / sizeof(*orders))

static double number_of(const struct table_cell *cell)
{
	return strtod(cell->text, NULL);
}

/* Numbers: the largest first. Where a column does not tell, age does. */
static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct top *top = arg;
	const struct table_cell *left = a, *right = b;
	const size_t column = top->order->column, age = orders[0].column;
	double x = number_of(&left[column]), y = number_of(&right[column]);
	int order;

	if (left[column].number)
		order = (x < y) - (x > y);
	else
		order = strcmp(left[column].text, right[column].text);
	if (top->reverse)
		order = -order;
	x = number_of(&left[age]);
	y = number_of(&right[age]);
	return order ? order : (x < y) - (x > y);
}

static void sort_rows(struct top *top, struct table *table)
{
	if (table->count)
		qsort_r(table->cells, table->count / table->width,
			table->width * sizeof(*table->cells), compare_rows,
			top);
}

static void put_help(const struct top *top, FILE *out)
{
	size_t i;

	fprintf(out, "q quits; by %s%s; ", top->order->name,
		top->reverse ? ", reversed" : "");
	for (i = 0; i < ORDER_COUNT; i++)
		fprintf(out, "%c %s, ", orders[i].key, orders[i].name);
	fputs("r reverses\n\n", out);
}

/* --- The screen ----------------------------------------------------------- */

static void measure(struct top *top)
{
	struct winsize size;

	top->rows = 24;
	top->width = 80;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row > 0 &&
	    size.ws_col > 0) {
		top->rows = size.ws_row;
		top->width = size.ws_col;
	}
}

/* Prints the table's head and at most `rows` of its rows. */
static void print_some(struct table *table, size_t rows, FILE *out)
{
	size_t all = table->count;

	if (rows < table->count / table->width)
		table->count = rows * table->width;
	table_print_aligned(table, 0, out);
	table->count = all;
}

/* Both tables; if they do not fit, what runs gets half of the rows at most,
 * unless the queues leave more. */
static void put_tables(const struct top *top, struct table *queues,
		       struct table *running, FILE *out)
{
	/* Two lines of ours, an empty one before each table, two heads. */
	size_t room = top->rows > 6 ? top->rows - 6 : 0;
	size_t asked = queues->count / queues->width, half = room / 2;
	size_t below = running->count / running->width;

	if (asked + below > room && asked > half)
		asked = below < half ? room - below : half;
	print_some(queues, asked, out);
	fputc('\n', out);
	print_some(running, room > asked ? room - asked : 0, out);
}

/* As many characters of the line as the terminal is wide. */
static size_t cut(const char *line, size_t len, size_t width)
{
	size_t bytes = 0;

	while (bytes < len && width-- > 0) {
		bytes++;
		while (bytes < len &&
		       ((unsigned char)line[bytes] & 0xc0) == 0x80)
			bytes++;
	}
	return bytes;
}

/* Over what stood there before, so that nothing flickers. The last line has no
 * end, which would move all up. */
static void show(const struct top *top, const char *text)
{
	size_t row;

	fputs("\033[H", stdout);
	for (row = 0; *text && row < top->rows; row++) {
		size_t len = strcspn(text, "\n");

		printf("%s%.*s\033[K", row ? "\n" : "",
		       (int)cut(text, len, top->width), text);
		text += len + (text[len] != '\0');
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}

static void put_all(struct top *top, struct table *queues,
		    struct table tables[3])
{
	size_t len = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &len);
	size_t workers = tables[1].count / tables[1].width;
	size_t at_work = tables[2].count / tables[2].width;

	if (!out)
		return;
	sort_rows(top, &tables[2]);
	fprintf(out, "cherry: %zu worker%s, %zu task%s at work\n", workers,
		workers == 1 ? "" : "s", at_work, at_work == 1 ? "" : "s");
	put_help(top, out);
	put_tables(top, queues, &tables[2], out);
	if (!fclose(out))
		show(top, text);
	free(text);
}

static int draw(struct top *top)
{
	struct table queues = {0}, tables[3] = {{0}};
	int status = look_at_queues(top, &queues);
	size_t i;

	if (!status)
		status = ask_tables(&top->ask, tables);
	if (!status) {
		measure(top);
		put_all(top, &queues, tables);
	}
	table_release(&queues);
	for (i = 0; i < 3; i++)
		table_release(&tables[i]);
	return status;
}

/* The alternate screen, keys one by one, the cursor hidden. */
static void screen_open(struct top *top)
{
	struct termios raw;
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

	tcgetattr(STDIN_FILENO, &top->before);
	raw = top->before;
	raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs("\033[?1049h\033[?25l", stdout);
	fflush(stdout);
	top->error = dup(STDERR_FILENO);
	if (nothing >= 0)
		dup2(nothing, STDERR_FILENO);
	if (nothing >= 0)
		close(nothing);
}

static void screen_close(struct top *top)
{
	if (top->error >= 0) {
		dup2(top->error, STDERR_FILENO);
		close(top->error);
	}
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &top->before);
}

/* Signals come in wait_key only, so that none is missed and none breaks a talk
 * with Redis. */
static void take_signals(struct top *top)
{
	static const int numbers[] = {SIGWINCH, SIGINT, SIGTERM, SIGHUP,
				      SIGTSTP};
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t blocked;
	size_t i;

	sigemptyset(&blocked);
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		sigaction(numbers[i], &action, NULL);
		sigaddset(&blocked, numbers[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, &top->mask);
}

/* Ctrl-Z: the shell gets its terminal as it was. */
static void stop(struct top *top)
{
	screen_close(top);
	raise(SIGSTOP);
	stopped = 0;
	screen_open(top);
}

/* True if the key ends it. */
static bool take_key(struct top *top, char key)
{
	size_t i;

	for (i = 0; i < ORDER_COUNT; i++) {
		if (orders[i].key != key)
			continue;
		top->order = &orders[i];
		top->reverse = false;
	}
	if (key == 'r')
		top->reverse = !top->reverse;
	return key == 'q' || key == 'Q';
}

/* Waits for the next look; true if it shall be the end. A change of size and a
 * key look again at once. */
static bool wait_key(struct top *top)
{
	const struct timespec period = {.tv_sec = PERIOD_SECONDS};
	struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
	char key = 0;
	int ready = ppoll(&keys, 1, &period, &top->mask);

	if (ended)
		return true;
	if (stopped)
		stop(top);
	if (ready <= 0)
		return ready < 0 && errno != EINTR;
	return read(STDIN_FILENO, &key, 1) <= 0 || take_key(top, key);
}

/* A Redis that restarts is what somebody looks at top for. */
static void look(struct top *top)
{
	if (top->lost && !ask_again(&top->ask))
		return;
	top->lost = draw(top) != 0;
	if (!top->lost)
		return;
	measure(top);
	show(top, "cherry: Redis does not answer; asking again\nq quits");
}

static int run_live(struct top *top)
{
	top->order = &orders[0];
	take_signals(top);
	screen_open(top);
	do
		look(top);
	while (!wait_key(top));
	screen_close(top);
	free(top->seen);
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
	.help = "the same, live on a terminal: sorted by any column; q quits",
	.options = options,
	.run = top_run,
};
