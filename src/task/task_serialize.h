#ifndef TASK_TASK_SERIALIZE_H
#define TASK_TASK_SERIALIZE_H

#include "cherry/task.h"

extern const struct task task_serialize;

#endif
