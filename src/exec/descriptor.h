/*
 * Descriptors: memory files that can be sealed, and closing what is not meant
 * for a child.
 */
#ifndef EXEC_DESCRIPTOR_H
#define EXEC_DESCRIPTOR_H

/* An empty, close-on-exec memory file that allows seals; -1 with errno. */
int descriptor_memory(const char *name);

/* Closes all from `first` on. Allocates nothing and takes no locks. */
void descriptor_close_from(unsigned first);

#endif
