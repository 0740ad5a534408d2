/*
 * The system calls that an executor may make: the part of the sandbox that is
 * built with libseccomp.
 */
#ifndef EXEC_SANDBOX_FILTER_H
#define EXEC_SANDBOX_FILTER_H

#include "exec/sandbox.h"

/*
 * Loads the filter for all threads of the process. Needs no_new_privs.
 * 0, or -1 with ERR_UNSUPPORTED.
 */
int sandbox_filter_load(const struct sandbox_options *options, struct err *err);

#endif
