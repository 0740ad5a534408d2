/*
 * cherry: finds the command and runs it. Everything else is in the commands.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "cmd/cmd.h"

/* `cherry push --help` asks what `cherry help push` does. */
static bool asks_help(int argc, char **argv)
{
	int i;

	for (i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	}
	return false;
}

/* What could not be written is no success; that nobody reads on is none's
 * fault. */
static int flush_output(int status)
{
	errno = 0;
	if ((!fflush(stdout) && !ferror(stdout)) || errno == EPIPE)
		return status;
	cmd_fail(0, "standard output: %s",
		 errno ? strerror(errno) : "not all could be written");
	return status ? status : CMD_FAILED;
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
		return cmd_unknown(name);
	signal(SIGPIPE, SIG_IGN);
	if (asks_help(argc, argv))
		return flush_output(cmd_explain(cmd));
	if (cmd_line_read(cmd, argc - 2 > 0 ? argc - 2 : 0, argv + 2, &line))
		return CMD_USAGE;
	return flush_output(cmd->run(&line));
}
