/*
 * Memory files. Kernels from 6.3 can be told, and by vm.memfd_noexec = 2 insist
 * on being told, that nothing in the file will ever be executed; older ones do
 * not know the flag.
 */
#include <errno.h>
#include <sys/mman.h>
#include "exec/memfd.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

int memfd_new(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING |
					    MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}
