/*
 * Memory for bookkeeping. Aborts when it is refused, with a line on standard
 * error that tells this death from others.
 */
#include "base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *ptr)
{
	if (!ptr) {
		fputs("cherry: out of memory\n", stderr);
		abort();
	}
	return ptr;
}

void *xcalloc(size_t count, size_t size)
{
	return must(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *ptr, size_t count, size_t size)
{
	if (count == 0 || size == 0)
		count = size = 1;
	return must(reallocarray(ptr, count, size));
}

char *xstrdup(const char *text)
{
	return must(strdup(text));
}
