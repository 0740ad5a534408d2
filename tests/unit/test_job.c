/*
 * The states of a job: every pair, against the drawing in job.h; and what a
 * job that is used again starts with.
 */
#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/master_state.h"

static const struct {
	enum job_state from, to;
} ways[] = {
	{JOB_NEW, JOB_CLAIMED},	      {JOB_CLAIMED, JOB_WAITING},
	{JOB_CLAIMED, JOB_FINISHING}, {JOB_WAITING, JOB_RUNNING},
	{JOB_WAITING, JOB_FINISHING}, {JOB_RUNNING, JOB_WAITING},
	{JOB_RUNNING, JOB_FINISHING}, {JOB_FINISHING, JOB_FINISHING},
};

static bool allowed(enum job_state from, enum job_state to)
{
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (ways[i].from == from && ways[i].to == to)
			return true;
	}
	return false;
}

static struct job *new_job(struct master *master)
{
	struct broker_claim claim = {.id = 9,
				     .known_id = SLICE("known"),
				     .payload = SLICE("{}"),
				     .attempts = 2};

	return job_new(master, &claim);
}

/* Brings a new job to a state by the shortest way. */
static void bring(struct job *job, enum job_state state)
{
	if (state >= JOB_CLAIMED)
		job_set_state(job, JOB_CLAIMED, false);
	if (state == JOB_WAITING || state == JOB_RUNNING)
		job_set_state(job, JOB_WAITING, false);
	if (state == JOB_RUNNING || state == JOB_FINISHING)
		job_set_state(job, state, false);
}

/* Does the step end the process? In a child, which may. */
static bool step_dies(enum job_state from, enum job_state to)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct master master = {0};
		struct job *job = new_job(&master);

		close(2);
		bring(job, from);
		job_set_state(job, to, false);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

Test(job, only_drawn_steps_are_taken)
{
	int from, to;

	for (from = 0; from < JOB_STATE_COUNT; from++) {
		for (to = 0; to < JOB_STATE_COUNT; to++)
			cr_expect_eq(step_dies(from, to), !allowed(from, to),
				     "from %d to %d", from, to);
	}
}

Test(job, lists_keep_count_and_order)
{
	struct master master = {0};
	struct job *jobs[3];
	size_t i;

	for (i = 0; i < 3; i++) {
		jobs[i] = new_job(&master);
		job_set_state(jobs[i], JOB_CLAIMED, false);
	}
	cr_expect_eq(master.jobs[JOB_CLAIMED].count, 3);
	cr_expect_eq(master.jobs[JOB_CLAIMED].first, jobs[0]);
	job_set_state(jobs[1], JOB_WAITING, false);
	job_set_state(jobs[0], JOB_WAITING, true);
	cr_expect_eq(master.jobs[JOB_CLAIMED].count, 1);
	cr_expect_eq(master.jobs[JOB_WAITING].first, jobs[0]);
	cr_expect_eq(master.jobs[JOB_WAITING].last, jobs[1]);
	for (i = 0; i < 3; i++)
		job_free(jobs[i]);
	for (i = 0; i < JOB_STATE_COUNT; i++)
		cr_expect_eq(master.jobs[i].count, 0);
	job_free_spare(&master);
}

Test(job, a_job_used_again_is_as_new)
{
	struct master master = {0};
	struct job *first = new_job(&master), *second;

	job_set_state(first, JOB_CLAIMED, false);
	first->alone = first->cancelled = first->raw = true;
	first->envelope.reply_to = SLICE("r:1");
	buf_add_text(&first->reply, "a reply");
	job_free(first);
	second = new_job(&master);
	cr_expect_eq(second, first, "it is not used again");
	cr_expect_eq(second->state, JOB_NEW);
	cr_expect(!second->alone && !second->cancelled && !second->raw);
	cr_expect_eq(second->envelope.reply_to.len, 0);
	cr_expect_eq(second->reply.len, 0);
	cr_expect_eq(second->attempts, 2);
	cr_expect(slice_is(job_id(second), "known"));
	cr_expect(
		slice_is(slice_of(second->payload, second->payload_len), "{}"));
	job_free(second);
	job_free_spare(&master);
}
