/*
 * Memory files. Kernels from 6.3 can be told, and by vm.memfd_noexec = 2 insist
 * on being told, that nothing in the file will ever be executed; older ones do
 * not know the flag. Likewise close_range, which came with 5.9.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "exec/descriptor.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

int descriptor_memory(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING |
					    MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

void descriptor_close_from(unsigned first)
{
	struct rlimit limit;
	unsigned fd;

	if (!syscall(SYS_close_range, first, ~0U, 0))
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > 65536)
		limit.rlim_cur = 65536;
	for (fd = first; fd < limit.rlim_cur; fd++)
		close((int)fd);
}
