/*
 * cherry: finds the command and runs it. Everything else is in the commands.
 */
#include <signal.h>
#include <stdio.h>

#include "base/nearest.h"
#include "cmd/cmd.h"

/* Commands that the manual promises and that are not built: said by name. */
static const char *const later[] = {"bench", NULL};

static int unknown_command(const char *name)
{
	struct nearest near = nearest_init(slice_text(name));
	const char *found;
	size_t i;

	for (i = 0; later[i]; i++) {
		if (!strcmp(later[i], name))
			return cmd_fail(CMD_USAGE,
					"the command %s is not built yet",
					name);
	}
	for (i = 0; cmd_table[i]; i++) {
		if (!cmd_table[i]->hidden)
			nearest_try(&near, cmd_table[i]->name);
	}
	found = nearest_name(&near);
	return cmd_fail(CMD_USAGE,
			"there is no command %s%s%s%s; cherry help "
			"lists them",
			name, found ? " (did you mean " : "",
			found ? found : "", found ? "?)" : "");
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "help";
	const struct cmd *cmd;
	struct cmd_line line;

	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		puts("cherry " CHERRY_VERSION);
		return 0;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	cmd = cmd_find(name);
	if (!cmd)
		return unknown_command(name);
	signal(SIGPIPE, SIG_IGN);
	if (cmd_line_read(cmd, argc - 2 > 0 ? argc - 2 : 0, argv + 2, &line))
		return CMD_USAGE;
	return cmd->run(&line);
}
