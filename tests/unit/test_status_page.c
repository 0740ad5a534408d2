/*
 * The status page, within one process and across two.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "exec/status_page.h"

Test(status_page, tells_what_is_at_work)
{
	struct status_page *master, *executor;
	struct status_now now;
	int fd;

	master = status_page_new(&fd, NULL);
	cr_assert(master);
	cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	executor = status_page_map(fd, NULL);
	cr_assert(executor);
	cr_expect_eq(ftruncate(fd, 0), -1, "nobody can shorten it");
	close(fd);
	now = status_page_read(master);
	cr_expect_eq(now.number, 0);
	status_page_begin(executor, 77, 1000);
	now = status_page_read(master);
	cr_expect_eq(now.number, 77);
	cr_expect_eq(now.start_ns, 1000);
	cr_expect_eq(now.begun, 1);
	status_page_end(executor);
	now = status_page_read(master);
	cr_expect_eq(now.number, 0);
	cr_expect_eq(now.begun, 1);
	status_page_free(executor);
	status_page_free(master);
	status_page_free(NULL);
}

/* A writer at full speed: number and start always belong together. */
Test(status_page, is_never_read_in_the_middle)
{
	struct status_page *master, *executor;
	struct status_now now;
	double end;
	uint64_t i;
	size_t seen = 0, torn = 0;
	int fd;
	pid_t pid;

	master = status_page_new(&fd, NULL);
	cr_assert(master);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		executor = status_page_map(fd, NULL);
		for (i = 1;; i++)
			status_page_begin(executor, i, ~i);
	}
	end = clock_monotonic() + 0.3;
	while (clock_monotonic() < end && torn == 0) {
		now = status_page_read(master);
		if (!now.number)
			continue;
		seen++;
		torn += now.start_ns != ~now.number;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	cr_expect_eq(torn, 0);
	cr_expect_gt(seen, 100, "the reader gives up too often");
	status_page_free(master);
}
