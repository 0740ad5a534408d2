/*
 * Crash points: see crash.h. Empty in a plain build.
 */
#include "base/crash.h"

#ifdef CHERRY_CRASH_POINTS
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "NAME:N:KILL" as it was found at the first place that was come to. */
static char wanted[64];
static long left;
static int signum;

static void read_wish(void)
{
	const char *wish = getenv("CHERRY_CRASH");
	const char *colon = wish ? strchr(wish, ':') : NULL;
	char *end;

	if (!colon || (size_t)(colon - wish) >= sizeof(wanted))
		return;
	memcpy(wanted, wish, (size_t)(colon - wish));
	left = strtol(colon + 1, &end, 10);
	signum = strcmp(end, ":STOP") ? SIGKILL : SIGSTOP;
}

void crash_point(const char *name)
{
	static int read;

	if (!read) {
		read = 1;
		read_wish();
	}
	if (!left || strcmp(name, wanted) || --left)
		return;
	kill(getpid(), signum);
}
#endif
