/*
 * A struct err inside a message's body: part of FAILED and RESULT.
 */
#ifndef EXEC_MESSAGE_ERR_H
#define EXEC_MESSAGE_ERR_H

#include "cherry/err.h"
#include "exec/wire.h"

/* Is this a code that a handler may give? All others are the master's to say. */
bool message_err_allowed(enum err_code code);

void message_err_put(struct buf *out, const struct err *err);

/* Marks `in` bad unless the code is one, and the texts fit and are UTF-8
 * without control characters. */
void message_err_get(struct wire_reader *in, struct err *err);

#endif
