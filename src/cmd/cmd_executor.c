/*
 * The hidden command `executor`: what the master starts, not people.
 */
#include "cmd/cmd.h"
#include "exec/executor.h"

static int executor_command(const struct cmd_line *line)
{
	(void)line;
	return executor_main();
}

const struct cmd cmd_executor = {
	.name = "executor",
	.usage = "",
	.help = "what the worker starts to run tasks",
	.run = executor_command,
	.hidden = true,
};
