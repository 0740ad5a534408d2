/*
 * Placeholder while programs are being connected.
 */
#include "master/master_state.h"

bool program_has_room(struct master_task_state *task)
{
	return task->process_count < task->processes;
}

void program_give(struct master *master, struct job *job)
{
	struct err err = ERR_INIT;

	(void)master;
	err_reason(&err, ERR_UNSUPPORTED, "program", "programs do not run yet");
	master_result_refuse(job, &err);
}

void program_kill_all(struct master *master)
{
	(void)master;
}
