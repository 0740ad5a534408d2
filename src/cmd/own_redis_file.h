/*
 * The append-only file of a redis-server that is not running.
 */
#ifndef CMD_OWN_REDIS_FILE_H
#define CMD_OWN_REDIS_FILE_H

#include <stdint.h>
#include "cherry/err.h"

/*
 * Cuts off what a kill in the middle of a write left at the end of the file in
 * the data directory `dir`: half a command, and the transaction that it is in.
 * None of it was ever acknowledged. Redis itself keeps the beginning of the
 * transaction (aof-load-truncated), appends to it, and takes what follows for
 * a part of it at the next start but one, which brings back what was gone and
 * loses what was there.
 *
 * How many bytes were cut, 0 if nothing had to be or there is no such file; -1
 * if it cannot be read or cut. A file that is damaged in another way is left as
 * it is: Redis says so itself.
 */
int64_t own_redis_file_mend(const char *dir, struct err *err);

#endif
