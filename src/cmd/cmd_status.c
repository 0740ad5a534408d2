/*
 * cherry status: queues, workers and what runs, once.
 */
#include "cmd/ask.h"
#include "cmd/table.h"

static const struct cmd_option options[] = {
	ASK_OPTIONS,
	{"--json", NULL, "one JSON object"},
	{0},
};

static int status_run(const struct cmd_line *line)
{
	struct ask ask;
	struct table tables[3] = {{0}};
	int status = ask_open(&ask, line);
	size_t i;

	if (!status) {
		if (!cmd_has(line, "-q"))
			ask_known_queues(&ask);
		status = ask_tables(&ask, tables) ? CMD_FAILED : CMD_OK;
	}
	if (!status)
		table_print(tables, 3, cmd_has(line, "--json"));
	for (i = 0; i < 3; i++)
		table_release(&tables[i]);
	ask_close(&ask);
	return status;
}

const struct cmd cmd_status = {
	.name = "status",
	.usage = "[-c FILE] [-q QUEUE]... [--json]",
	.help = "queues with depth and age, workers, what runs",
	.options = options,
	.run = status_run,
};
