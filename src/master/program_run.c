/*
 * Programs as the pool sees them: which mode a task has, and all of them at
 * once.
 */
#include "master/program_process.h"

bool program_has_room(struct job *job)
{
	if (job->task->mode == MASTER_PROGRAM_LINES)
		return program_lines_has_room(job);
	return job->task->process_count < job->task->processes;
}

void program_give(struct master *master, struct job *job)
{
	if (job->task->mode == MASTER_PROGRAM_LINES)
		program_lines_give(master, job);
	else
		program_once_give(master, job);
}

/* One that the configuration does not name any more starts for what was claimed
 * before, and ends with that. */
void program_flush(struct master *master)
{
	struct master *former = master->former;
	size_t i;

	for (i = 0; i < master->task_count; i++)
		program_lines_flush(&master->tasks[i]);
	for (; former; former = former->former) {
		for (i = 0; i < former->task_count; i++)
			program_lines_stop(&former->tasks[i]);
	}
}

/* Their jobs are gone already. */
void program_forget_all(struct master *master)
{
	struct job *job = master->jobs[JOB_RUNNING].first, *next;

	for (; job; job = next) {
		next = job->next;
		if (job->task->is_program && job->runner)
			job->runner->forget(job->runner);
	}
}

void program_free_all(struct master *master)
{
	size_t i;

	program_forget_all(master);
	for (i = 0; i < master->task_count; i++) {
		program_once_free_all(&master->tasks[i]);
		program_lines_free_all(&master->tasks[i]);
	}
}
