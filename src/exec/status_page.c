/*
 * The status page: one writer (the executor), one reader (the master), in
 * different processes. A counter that is odd while the writer is at work
 * guards the two numbers (a sequence lock); the reader gives up after a few
 * tries, because the writer may be hostile or stopped in the middle.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "exec/descriptor.h"
#include "exec/status_page.h"

#define PAGE_SIZE 4096
#define TRIES	  64

struct status_page {
	_Atomic uint64_t sequence;
	_Atomic uint64_t number;
	_Atomic uint64_t start_ns;
	_Atomic uint64_t begun;
};

static struct status_page *page_map(int fd, int protection, struct err *err)
{
	void *page = mmap(NULL, PAGE_SIZE, protection, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED) {
		err_set(err, ERR_INTERNAL, "cannot map the status page: %s",
			strerror(errno));
		return NULL;
	}
	return page;
}

struct status_page *status_page_new(int *fd, struct err *err)
{
	struct status_page *page;

	*fd = descriptor_memory("cherry: status");
	if (*fd < 0)
		goto failed;
	/* Sealed, or the executor could shorten it and have the master die of
	 * SIGBUS. */
	if (ftruncate(*fd, PAGE_SIZE) ||
	    fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		goto failed;
	page = page_map(*fd, PROT_READ, err);
	if (!page) {
		close(*fd);
		*fd = -1;
	}
	return page;

failed:
	err_set(err, ERR_INTERNAL, "cannot make the status page: %s",
		strerror(errno));
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return NULL;
}

struct status_page *status_page_map(int fd, struct err *err)
{
	return page_map(fd, PROT_READ | PROT_WRITE, err);
}

void status_page_free(struct status_page *page)
{
	if (page)
		munmap(page, PAGE_SIZE);
}

static void set(_Atomic uint64_t *to, uint64_t value)
{
	atomic_store_explicit(to, value, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *from)
{
	return atomic_load_explicit(from, memory_order_relaxed);
}

static void publish(struct status_page *page, uint64_t number,
		    uint64_t start_ns)
{
	uint64_t sequence = get(&page->sequence);

	set(&page->sequence, sequence + 1);
	atomic_thread_fence(memory_order_release);
	set(&page->number, number);
	set(&page->start_ns, start_ns);
	if (number)
		set(&page->begun, get(&page->begun) + 1);
	atomic_store_explicit(&page->sequence, sequence + 2,
			      memory_order_release);
}

void status_page_begin(struct status_page *page, uint64_t number,
		       uint64_t start_ns)
{
	publish(page, number, start_ns);
}

void status_page_end(struct status_page *page)
{
	publish(page, 0, 0);
}

struct status_now status_page_read(const struct status_page *page)
{
	struct status_now now;
	uint64_t before;
	int i;

	for (i = 0; i < TRIES; i++) {
		before = atomic_load_explicit(&page->sequence,
					      memory_order_acquire);
		now.number = get(&page->number);
		now.start_ns = get(&page->start_ns);
		now.begun = get(&page->begun);
		atomic_thread_fence(memory_order_acquire);
		if (!(before & 1) && before == get(&page->sequence))
			return now;
	}
	return (struct status_now){0};
}
