/*
 * echo: see task_echo.c.
 */
#ifndef TASK_TASK_ECHO_H
#define TASK_TASK_ECHO_H

#include "cherry/task.h"

extern const struct task task_echo;

#endif
