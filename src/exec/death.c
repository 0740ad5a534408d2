/*
 * Why a process ended, in words. It judges by the wait status alone: whether
 * we ourselves killed it (a deadline, a stop) only the caller knows.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include "exec/death.h"

enum death_class death_classify(int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status) ? DEATH_EXIT : DEATH_CLEAN;
	switch (WTERMSIG(status)) {
	case SIGKILL:
		return DEATH_MEMORY;
	case SIGXCPU:
		return DEATH_CPU;
	case SIGSYS:
		return DEATH_SANDBOX;
	case SIGABRT:
	case SIGTRAP:
		return DEATH_ABORT;
	default:
		return DEATH_CRASH;
	}
}

static const struct {
	const char *name;
	const char *words;
} classes[] = {
	[DEATH_CLEAN] = {"clean", "before it had answered"},
	[DEATH_EXIT] = {"exit", "before it had answered"},
	[DEATH_MEMORY] = {"memory", "most likely out of memory"},
	[DEATH_CPU] = {"cpu", "its limit of processor time is used up"},
	[DEATH_SANDBOX] = {"sandbox", "a system call that the sandbox refuses"},
	[DEATH_ABORT] = {"abort", "it gave up, perhaps for lack of memory"},
	[DEATH_CRASH] = {"crash", "it crashed"},
};

const char *death_class_name(enum death_class class)
{
	return classes[class].name;
}

const char *death_signal_name(int signal, char out[16])
{
	const char *name = sigabbrev_np(signal);

	if (name)
		snprintf(out, 16, "SIG%.8s", name);
	else
		snprintf(out, 16, "signal %d", signal);
	return out;
}

void death_describe(int status, struct err *err)
{
	const char *words = classes[death_classify(status)].words;
	char name[16];

	if (WIFEXITED(status))
		err_set(err, ERR_CRASHED,
			"the handler's process exited with status %d %s",
			WEXITSTATUS(status), words);
	else
		err_set(err, ERR_CRASHED,
			"the handler's process was killed by %s: %s",
			death_signal_name(WTERMSIG(status), name), words);
}
