/*
 * How many tasks the broker should bring: enough that nothing here is idle, and
 * none that another worker could start sooner. Decides nothing else.
 */
#include "master/master_state.h"

/* Tasks in hand that may not start because of max_running. */
#define BLOCKED_MAX 64
/* A program that runs this long does not keep other queues waiting. */
#define LONG_NS		((uint64_t)20000000)
#define FORESEE_SECONDS 0.02
/* Bytes of jobs that the master holds before it stops claiming. */
#define WEIGHT_MAX ((size_t)256 << 20)
/* The largest target of so long, and of as long before, holds. */
#define TARGET_SECONDS 0.05

bool pool_is_long(const struct master_task_state *task)
{
	return !task->average_ns || task->average_ns >= LONG_NS;
}

/* How many short tasks are two batches. */
static size_t batches(uint64_t average_ns)
{
	uint64_t each = 1;

	if (average_ns && average_ns < SHORT_NS)
		each = 2 * SHORT_NS / average_ns;
	return each > 2 * FLIGHT_MAX ? 2 * FLIGHT_MAX : (size_t)each;
}

/* What programs could take. Nobody knows what the next tasks are: the share of
 * a program grows with what of it runs, so that not a crowd of other tasks is
 * taken for its sake, which then waits here while another worker is idle. */
static size_t program_room(const struct master *master)
{
	size_t i, room = 0, idle = 0;

	for (i = 0; i < master->task_count; i++) {
		const struct master_task_state *task = &master->tasks[i];
		size_t share = 2 * task->running;

		if (!task->is_program)
			continue;
		idle |= !task->running;
		if (share > task->processes)
			share = task->processes;
		if (task->mode == MASTER_PROGRAM_LINES)
			share *= batches(task->average_ns);
		room += share;
	}
	return room + idle;
}

/* Averages waver, and that all have just ended says nothing: what was claimed
 * by a larger target is on the way, and would have to go back. */
static size_t steady(struct master *master, size_t target)
{
	double now = master->loop->now(master->loop);
	double passed = now - master->target_at;

	if (passed > TARGET_SECONDS) {
		master->target_before =
			passed > 2 * TARGET_SECONDS ? 0 : master->target;
		master->target = 0;
		master->target_at = now;
	}
	if (target > master->target)
		master->target = target;
	return master->target > master->target_before ? master->target
						      : master->target_before;
}

/* Room that is only there because the tasks of some queues wait for their
 * programs, while executors are idle: it is the other queues'. */
static size_t room_elsewhere(struct master *master, size_t target, size_t have)
{
	size_t busy = pool_count_busy(master), idle;

	if (!master->stuck || master->queue_count == 1 ||
	    busy >= master->options.concurrency)
		return 0;
	idle = master->options.concurrency - busy;
	have -= master->stuck < have ? master->stuck : have;
	master->narrow = target > have;
	return target <= have ? 0 : target - have < idle ? target - have : idle;
}

size_t pool_room(struct master *master)
{
	size_t have = master->jobs[JOB_CLAIMED].count +
		      master->jobs[JOB_WAITING].count +
		      master->jobs[JOB_RUNNING].count;
	size_t target, blocked = master->blocked;

	/* Those that wait for their own kind do not keep others out. */
	have -= blocked < BLOCKED_MAX ? blocked : BLOCKED_MAX;
	master->narrow = false;
	if (master->draining || master->pending || master->quiet ||
	    master->leaving || master->weight > WEIGHT_MAX)
		return 0;
	/* No task waits behind a long one here while another worker is idle. */
	target = master->options.concurrency * batches(master->average_ns) +
		 program_room(master);
	target = steady(master, target);
	return target > have ? target - have
			     : room_elsewhere(master, target, have);
}

static size_t count_alike(const struct master *master,
			  const struct master_task_state *task)
{
	const struct job *job = master->jobs[JOB_WAITING].first;
	size_t count = master->jobs[JOB_CLAIMED].count, i;

	for (; job; job = job->next)
		count += task->is_program ? job->task == task
					  : !job->task->is_program;
	if (task->is_program)
		return count + task->running;
	for (i = 0; i < master->task_count; i++) {
		if (!master->tasks[i].is_program)
			count += master->tasks[i].running;
	}
	return count;
}

/*
 * After a long task another one like it is expected: for a moment only as many
 * are claimed as could start here, so that another worker gets those that would
 * have to wait. Then any other kind is looked for, too.
 */
size_t pool_foresee(struct master *master, size_t room)
{
	const struct master_task_state *task = master->last_task;
	double left = master->last_at + FORESEE_SECONDS -
		      master->loop->now(master->loop);
	size_t most, used;

	if (!room || !task || left <= 0 || !pool_is_long(task))
		return room;
	most = task->is_program ? task->processes : master->options.concurrency;
	used = count_alike(master, task);
	most = most > used ? most - used : 0;
	if (most >= room)
		return room;
	master->loop->timer_set(master->turn, left);
	return most;
}
