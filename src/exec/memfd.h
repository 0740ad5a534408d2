/*
 * Memory files that can be sealed.
 */
#ifndef EXEC_MEMFD_H
#define EXEC_MEMFD_H

/* An empty, close-on-exec memory file that allows seals; -1 with errno. */
int memfd_new(const char *name);

#endif
