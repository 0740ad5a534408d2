/*
 * Jobs and the lists of their states. Decides nothing.
 */
#include "master/job.h"

#include <assert.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/xalloc.h"
#include "master/master_state.h"

#define JOB_ARENA_MAX ((size_t)256 << 20)
#define SPARE_MAX     512
#define SPARE_BYTES   8192

static void list_remove(struct job_list *list, struct job *job)
{
	if (job->previous)
		job->previous->next = job->next;
	else
		list->first = job->next;
	if (job->next)
		job->next->previous = job->previous;
	else
		list->last = job->previous;
	list->count--;
}

/* Behind `previous`; NULL: first. */
static void list_insert(struct job_list *list, struct job *job,
			struct job *previous)
{
	job->next = previous ? previous->next : list->first;
	job->previous = previous;
	if (job->next)
		job->next->previous = job;
	else
		list->last = job;
	if (job->previous)
		job->previous->next = job;
	else
		list->first = job;
	list->count++;
}

/* What waits stands in the order of the queues: what was claimed early, for
 * later, does not go before a task of a queue above. */
static struct job *last_before(const struct job_list *list,
			       const struct job *job, enum job_state state)
{
	struct job *previous = list->last;

	while (state == JOB_WAITING && previous && previous->queue > job->queue)
		previous = previous->previous;
	return previous;
}

void job_set_state(struct job *job, enum job_state state, bool front)
{
	/* Bit j of row i: state i may be followed by state j. */
	static const unsigned allowed[JOB_STATE_COUNT] = {
		[JOB_NEW] = 1u << JOB_CLAIMED,
		[JOB_CLAIMED] = 1u << JOB_WAITING | 1u << JOB_FINISHING,
		[JOB_WAITING] = 1u << JOB_RUNNING | 1u << JOB_FINISHING,
		[JOB_RUNNING] = 1u << JOB_WAITING | 1u << JOB_FINISHING,
		[JOB_FINISHING] = 1u << JOB_FINISHING,
	};

	struct job_list *list = &job->master->jobs[state];

	assert(allowed[job->state] >> state & 1);
	if (job->state != JOB_NEW)
		list_remove(&job->master->jobs[job->state], job);
	job->state = state;
	list_insert(list, job, front ? NULL : last_before(list, job, state));
}

/* --- Spare jobs ----------------------------------------------------------------------- */

static void buffer_keep(struct buf *buf)
{
	if (buf->cap > SPARE_BYTES)
		buf_release(buf);
	buf_clear(buf);
}

static void job_destroy(struct job *job)
{
	buf_release(&job->reply);
	buf_release(&job->error);
	free(job->payload);
	free(job);
}

/* Everything as new but the buffers. */
static void job_reset(struct job *job)
{
	struct buf reply = job->reply, error = job->error;
	char *payload = job->payload;
	size_t room = job->payload_room;

	*job = (struct job){.reply = reply,
			    .error = error,
			    .payload = payload,
			    .payload_room = room};
}

static void job_spare(struct job *job)
{
	struct master *master = job->master;

	if (master->spare_count == SPARE_MAX) {
		job_destroy(job);
		return;
	}
	buffer_keep(&job->reply);
	buffer_keep(&job->error);
	if (job->payload_room > SPARE_BYTES) {
		free(job->payload);
		job->payload = NULL;
		job->payload_room = 0;
	}
	job->next = master->spare;
	master->spare = job;
	master->spare_count++;
}

void job_free_spare(struct master *master)
{
	struct job *job;

	while ((job = master->spare)) {
		master->spare = job->next;
		job_destroy(job);
	}
	master->spare_count = 0;
}

static struct job *job_take(struct master *master)
{
	struct job *job = master->spare;

	if (!job) {
		job = xcalloc(1, sizeof(*job));
		buf_init(&job->reply, SIZE_MAX / 2);
		buf_init(&job->error, SIZE_MAX / 2);
		return job;
	}
	master->spare = job->next;
	master->spare_count--;
	job_reset(job);
	return job;
}

/* --- Making and freeing ----------------------------------------------------------------- */

/* One block: the payload, then the id. */
static void copy_bytes(struct job *job, const struct broker_claim *claim)
{
	size_t size = claim->payload.len + claim->known_id.len + 1;

	if (size > job->payload_room) {
		free(job->payload);
		job->payload_room = size < 256 ? 256 : size;
		job->payload = xcalloc(job->payload_room, 1);
	}
	job->payload_len = claim->payload.len;
	if (claim->payload.len)
		memcpy(job->payload, claim->payload.ptr, claim->payload.len);
	if (claim->known_id.len)
		memcpy(job->payload + claim->payload.len, claim->known_id.ptr,
		       claim->known_id.len);
	job->known_id = slice_of(job->payload + claim->payload.len,
				 claim->known_id.len);
}

struct job *job_new(struct master *master, const struct broker_claim *claim)
{
	struct job *job = job_take(master);

	job->master = master;
	job->queue = claim->queue;
	job->serial = master->next_serial++;
	job->claim = claim->id;
	job->attempts = claim->attempts;
	job->crashes = claim->crashes;
	job->deaths = claim->deaths;
	job->first_seen_ms = claim->first_seen_ms;
	job->now_ms =
		claim->now_ms ? claim->now_ms : (int64_t)(clock_real() * 1000);
	job->recovered = claim->recovered;
	job->claimed_at = clock_monotonic();
	job->oversize = claim->oversize;
	copy_bytes(job, claim);
	job_weigh(job);
	arena_init(&job->arena, JOB_ARENA_MAX);
	return job;
}

static void free_buffers(struct buf *buffers, size_t count)
{
	size_t i;

	for (i = 0; buffers && i < count; i++)
		buf_release(&buffers[i]);
	free(buffers);
}

void job_free(struct job *job)
{
	if (!job)
		return;
	if (job->state != JOB_NEW)
		list_remove(&job->master->jobs[job->state], job);
	job->master->weight -= job->weight;
	free_buffers(job->fetched, job->envelope.input_count);
	free_buffers(job->output_bytes, job->envelope.output_count);
	free(job->inputs);
	free(job->outputs);
	arena_release(&job->arena);
	job_spare(job);
}

struct slice job_id(const struct job *job)
{
	if (job->envelope.id.len || job->envelope.id_raw.len)
		return job->envelope.id;
	if (job->known_id.len)
		return job->known_id;
	return slice_text(job->own_id);
}

struct slice job_task_name(const struct job *job)
{
	if (job->envelope.task.len)
		return job->envelope.task;
	return job->task ? slice_text(job->task->name) : (struct slice){"", 0};
}

double job_now(const struct job *job)
{
	return (double)job->now_ms / 1000 + clock_monotonic() - job->claimed_at;
}

void job_weigh(struct job *job)
{
	size_t weight = sizeof(*job) + job->payload_len + job->arena.used +
			job->reply.len;
	size_t i;

	for (i = 0; job->fetched && i < job->envelope.input_count; i++)
		weight += job->fetched[i].len;
	for (i = 0; job->output_bytes && i < job->envelope.output_count; i++)
		weight += job->output_bytes[i].len;
	job->master->weight += weight - job->weight;
	job->weight = weight;
}
