/*
 * Files named by producers, below a root and nowhere else: opened without
 * following links out of it, without blocking, regular files only.
 */
#ifndef MASTER_FILES_H
#define MASTER_FILES_H

#include "cherry/buf.h"
#include "cherry/err.h"

/*
 * Reads the file `path` (relative) below the directory `root`. 0, or -1 with
 * ERR_REFUSED (no root configured, absolute, "..", a link out of the root, no
 * regular file, no rights), ERR_NOT_FOUND, or ERR_LIMIT "input" past `max`
 * bytes. `field` names the member in messages.
 */
int files_read(const char *root, struct slice path, size_t max,
	       const char *field, struct buf *out, struct err *err) MUST_CHECK;

/*
 * Writes the bytes to a new file beside `path` and renames it into place, so
 * that nobody sees half of it; its directory must be there. Errors as above.
 */
int files_write(const char *root, struct slice path, struct slice bytes,
		const char *field, struct err *err) MUST_CHECK;

#endif
