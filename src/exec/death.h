/*
 * Why a process ended, from its status as waitpid gives it.
 */
#ifndef EXEC_DEATH_H
#define EXEC_DEATH_H

#include "cherry/buf.h"
#include "cherry/err.h"

enum death_class {
	DEATH_CLEAN,   /* exit status 0 */
	DEATH_EXIT,    /* another exit status */
	DEATH_MEMORY,  /* SIGKILL that was not ours: mostly the kernel, out of
			   memory */
	DEATH_CPU,     /* SIGXCPU: the limit on processor time */
	DEATH_SANDBOX, /* SIGSYS: a system call that the sandbox refuses */
	DEATH_ABORT,   /* SIGABRT, SIGTRAP */
	DEATH_CRASH    /* SIGSEGV and all others */
};

enum death_class death_classify(int status);

/* "memory", "cpu", "sandbox", ...: for counters and logs. */
const char *death_class_name(enum death_class class);

/* ERR_CRASHED with a sentence for the producer: "the handler's process was
 * killed by SIGSYS: a system call that the sandbox refuses". */
void death_describe(int status, struct err *err);

/* "SIGSEGV", "signal 40". */
const char *death_signal_name(int signal, char out[16]);

#endif
