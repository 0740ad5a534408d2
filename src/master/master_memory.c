/*
 * How the master's heap behaves: it keeps what the next task will need, and
 * gives back what large ones left behind when there is nothing to do.
 */
#include "master/master_state.h"

#include <malloc.h>

/* Bytes that are kept for the next task. */
#define KEPT (16 << 20)

/* A heap that breathes with every batch costs a system call each time, and a
 * megabyte that is fetched anew hundreds of page faults. */
void master_memory_keep(void)
{
	mallopt(M_TRIM_THRESHOLD, KEPT);
	mallopt(M_MMAP_THRESHOLD, KEPT);
	mallopt(M_TOP_PAD, 1 << 20);
}

void master_memory_return(struct master *master)
{
	uint64_t done = master->finished_ok + master->finished_error;
	struct executor_process *executor;
	size_t i, count = 0;

	for (i = 0; i < JOB_STATE_COUNT; i++)
		count += master->jobs[i].count;
	if (count || done == master->trimmed_at)
		return;
	master->trimmed_at = done;
	malloc_trim(0);
	for (i = 0; i < TASK_CLASS_COUNT; i++) {
		executor = master->classes[i].executors;
		for (; executor; executor = executor->next)
			message_region_trim(&executor->region);
	}
}
