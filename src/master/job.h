/*
 * A job: one task that this worker owns, from its claim to its settlement.
 *
 *	CLAIMED -> WAITING -> RUNNING -> FINISHING -> gone
 *
 * CLAIMED: its envelope is read, it may have to be admitted, its inputs are
 * fetched. WAITING: for a free executor or program. RUNNING: an executor or
 * program has it. FINISHING: its settlement (an answer, a retry, a return) is
 * with the broker, which keeps borrowing from it until on_settled. From every
 * state a job can go to FINISHING; from RUNNING also back to WAITING, when its
 * executor died of another task.
 *
 * Each state is a list in the master. job_set_state is the only function that
 * moves a job between them.
 */
#ifndef MASTER_JOB_H
#define MASTER_JOB_H

#include <sys/resource.h>
#include "base/arena.h"
#include "broker/broker.h"
#include "master/envelope.h"

enum job_state {
	JOB_NEW,
	JOB_CLAIMED,
	JOB_WAITING,
	JOB_RUNNING,
	JOB_FINISHING,
	JOB_STATE_COUNT
};

struct master;
struct master_task_state;
struct runner;

struct job_list {
	struct job *first, *last;
	size_t count;
};

struct job_result {
	bool ok;
	struct slice json; /* the result object, if ok; borrowed */
	struct err err;
	uint64_t ran_ns;
	/* Beside `err`. */
	int signal, exit; /* -1: none */
	bool has_usage;	  /* of the process that died */
	struct rusage usage;
	bool has_retryable, retryable, poison;
	char stderr_tail[4097]; /* last: not cleared */
};

struct job {
	struct job *next, *previous; /* in the list of its state */
	enum job_state state;
	struct master *master;
	size_t queue;
	uint64_t serial; /* jobs are numbered as they come */
	uint64_t claim;
	unsigned attempts, crashes, deaths;
	int64_t first_seen_ms, now_ms;
	size_t weight;	   /* bytes, as last counted */
	double claimed_at; /* monotonic */
	bool recovered, cancelled, admitted, alone;
	size_t oversize;

	char *payload; /* owned; the envelope points into it */
	size_t payload_len, payload_room;
	struct arena arena;
	struct envelope envelope;
	bool raw;	 /* the payload is the input */
	char own_id[64]; /* made here, if the producer named none */
	struct slice known_id;
	const struct master_task_state *task;
	double timeout;

	/* Bytes of inputs, in the envelope's order; keys and files are owned. */
	struct task_input *inputs;
	struct buf *fetched;
	size_t fetching; /* the input that is on its way */
	bool asked;	 /* a fetch's answer is still to come */
	bool orphan;	 /* nobody's any more; freed with that answer */
	bool admitting;	 /* the answer about its admission is to come */
	double wait;	 /* seconds until it may start, once admitted */

	/* The attempt. */
	struct runner *runner;
	uint64_t number;
	double sent_at; /* monotonic */

	/* The settlement; `outputs` are the handler's bytes by output. */
	struct buf reply, error;
	struct broker_output *outputs;
	struct buf *output_bytes;
	struct broker_settlement settlement;
};

/* A job in state JOB_NEW that owns a copy of the claim's bytes. */
struct job *job_new(struct master *master, const struct broker_claim *claim);
/* Takes it out of its list, too. NULL is fine. It and its small buffers wait
 * for the next job_new. */
void job_free(struct job *job);
/* Frees those that wait. */
void job_free_spare(struct master *master);

/* Moves it to the list of `state`, at its end, or (`front`) its beginning.
 * Asserts that the step is one of the above. */
void job_set_state(struct job *job, enum job_state state, bool front);

/* The id as a text or digits, for logs, records and cancels. */
struct slice job_id(const struct job *job);
/* The task's name; "" if it is not known. */
struct slice job_task_name(const struct job *job);
/* The wall clock's time in seconds, as Redis's clock had it at the claim and
 * ours went on. */
double job_now(const struct job *job);
/* Notes how many bytes it makes the master hold (master->weight). */
void job_weigh(struct job *job);

/* --- reply.c ---------------------------------------------------------------- */

/* Writes the reply into job->reply (capped by max_reply: then an error limit),
 * and into job->error the `error` object for the dead stream. */
void reply_put(struct job *job, struct job_result *result);

/* Appends the error object of a reply. */
void reply_put_error(struct buf *out, const struct job_result *result);

#endif
