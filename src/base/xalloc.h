/*
 * Memory for bookkeeping: sized by configuration, never by input. When the
 * system refuses it nothing sensible can follow, so these abort.
 */
#ifndef BASE_XALLOC_H
#define BASE_XALLOC_H

#include <stddef.h>

void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t count, size_t size);
char *xstrdup(const char *text);

#endif
