/*
 * What the files of the master share. Only src/master includes this.
 *
 *	master.c	interface, signals, start and end
 *	master_reload.c	new options while jobs run
 *	master_options.c	a copy of the options, checked
 *	master_memory.c	how its heap behaves
 *	master_check.c	an envelope against the configuration
 *	master_claim.c	from a claim to a job that may run
 *	master_result.c	from a result to a settlement: the policy
 *	pool.c		which executor gets which job; how many tasks to claim
 *	executor_*.c	one executor process: its start, its talk, its end
 *	program_*.c	programs, one process a task or long-lived
 */
#ifndef MASTER_MASTER_STATE_H
#define MASTER_MASTER_STATE_H

#include "exec/message.h"
#include "exec/program.h"
#include "exec/status_page.h"
#include "master/children.h"
#include "master/job.h"
#include "master/loop_ev.h"
#include "master/master.h"
#include "master/spin.h"

/* Tasks in one executor's hands. */
#define FLIGHT_MAX 64
/* A task that is expected to take less than this travels with others. */
#define SHORT_NS    1000000
#define STDERR_TAIL 4096

/* --- Options ----------------------------------------------------------------- */

/* A task that can run here, with its part of the configuration. */
struct master_task_state {
	char *name;
	enum task_class class;
	const char *raw_input; /* built-in: its first byte string, or NULL */
	double timeout, max_timeout, backoff_min, backoff_max;
	unsigned retries;
	size_t max_running, running;
	uint64_t average_ns; /* of its runs; 0: has never run */
	/* Programs. */
	bool is_program;
	enum master_program_mode mode;
	bool result_json;
	size_t max_output, processes;
	struct program_command command;
	bool has_user;
	struct program_user user;
	char *directory;
	int nice;
	size_t max_memory, max_cpu;
	size_t process_count; /* now */
	struct program_once *onces;
	struct program_lines *lines;
	unsigned line_failures;
	double line_start_at;
};

struct master_queue_state {
	char *name;
	bool pop_left, raw;
	char *reply_to;
	const struct master_task_state *task; /* for payloads without a name */
	size_t max_running, running;
	size_t stuck; /* of what waits here, as of the last dispatch */
};

struct master_text_setting {
	char *task, *key, *value;
};

/* --- Executors --------------------------------------------------------------- */

/* Whatever runs jobs: job->runner points to one of these. */
struct runner {
	/* Kills it; `why` is laid on `job` (ERR_TIMEOUT, ERR_CANCELLED), or on
	 * none (NULL): all its jobs wait again. */
	void (*kill)(struct runner *runner, struct job *job, enum err_code why);
	/* All its jobs are gone already: kill it and ask nothing. */
	void (*forget)(struct runner *runner);
	pid_t pid;
};

enum executor_state {
	EXECUTOR_STARTING,
	EXECUTOR_READY,
	EXECUTOR_STOPPING, /* takes no more tasks */
	EXECUTOR_GONE	   /* its socket has ended, or it was killed */
};

struct executor_process {
	struct runner runner;
	struct executor_process *next;
	struct master *master;
	enum task_class class;
	enum executor_state state;
	int socket, error;
	struct loop_io *io, *error_io;
	struct loop_timer *timer; /* start, deadline or stop is overdue */
	struct frame_reader reader;
	struct frame_writer writer;
	struct message_region region; /* for large inputs */
	struct status_page *page;
	struct job *flight[FLIGHT_MAX]; /* a ring, in order */
	size_t first, count;
	bool alone; /* the one job in flight is not to have company */
	bool exited, closed;
	int status;	     /* wait status, once exited */
	struct rusage usage; /* likewise */
	bool killed;	     /* by us */
	uint64_t blamed;     /* number of the job it was killed for */
	enum err_code blamed_code;
	double progress_at; /* when it last began to have, or moved, work */
	bool nudged;	    /* asked for the results that it holds */
	double look_at;	    /* when the timer looks at the deadlines */
	double cpu_at;	    /* when it was last allowed processor time ... */
	double cpu_allowed; /* ... and seconds of it for one task */
	uint64_t done;
	uint64_t recycle_at; /* tasks; 0: never */
	size_t base_pages;
	char tail[STDERR_TAIL + 1];
	size_t tail_len;
	struct arena arena; /* of the frame that is being read */
};

struct pool_class {
	struct executor_process *executors;
	size_t live;	   /* not STOPPING or GONE */
	unsigned failures; /* starts in a row */
	double start_at;   /* not before */
	bool ever_ready;
	struct err fault; /* why none starts */
};

/* --- The master -------------------------------------------------------------- */

struct master {
	struct master_options options; /* texts point into our own copies */
	char *texts[12];
	struct master_queue_state *queues;
	size_t queue_count;
	struct master_task_state *tasks;
	size_t task_count;
	struct master_text_setting *settings;
	size_t setting_count;
	struct master_secret *secrets;
	size_t secret_count;
	bool at_most_once;
	struct master *former;	/* options before these, still in use */
	uint64_t next_serial;	/* of jobs; in `former`: of the first that does
				  not know it */
	struct master *pending; /* options that wait for another broker */
	struct broker *pending_broker;
	struct loop_timer *switch_timer;

	struct loop_ev *ev;
	struct loop *loop;
	struct children *children;
	struct files_queue *files;
	struct exit_watch *watches; /* of master_watch_child */
	struct broker *broker;
	enum broker_state broker_state;
	struct job_list jobs[JOB_STATE_COUNT];
	struct spin spin;
	struct job *spare; /* to be used again */
	size_t spare_count;
	uint64_t next_number, next_id;
	size_t weight;	/* bytes that jobs hold */
	size_t blocked; /* waiting jobs that max_running keeps from starting */
	size_t stuck;	/* waiting jobs whose programs are all at long work */
	const struct master_task_state *last_task; /* that came to wait, */
	double last_at;				   /* and when */
	bool narrow; /* queues of such jobs are not to be claimed from */
	size_t target, target_before; /* most jobs wanted in this ... */
	double target_at; /* ... span of time, its begin, and in the last */

	struct pool_class classes[TASK_CLASS_COUNT];
	struct loop_timer *pool_timer; /* a start is due */
	struct loop_timer *turn;       /* dispatch and want, once a turn */
	struct loop_timer *drain_timer, *exit_timer, *second_timer;
	uint64_t average_ns; /* of all results, the latest count most */

	bool running, draining, leaving, quiet, finishing, stopped;
	int status;
	uint64_t finished_ok, finished_error;
	uint64_t trimmed_at; /* their sum when memory was last given back */
};

/* --- master_options.c --------------------------------------------------------- */

int master_options_copy(struct master *master,
			const struct master_options *options, struct err *err);
void master_options_release(struct master *master);
/* NULL if there is no such task here. */
struct master_task_state *master_task_find(struct master *master,
					   struct slice name);

/* --- master_memory.c ---------------------------------------------------------- */

/* For the life of the process. */
void master_memory_keep(void);
/* Now and then: to the system, if nothing is at hand. */
void master_memory_return(struct master *master);

/* --- master_check.c ----------------------------------------------------------- */

/* Reads the job's envelope and checks it; the task and its time are set. 0, or
 * -1 with `err`; reply_to is there if it can be trusted. */
int master_check_job(struct job *job, struct err *err) MUST_CHECK;
/* The same for a queue of raw payloads, where nothing can be wrong. */
void master_check_raw(struct job *job);
/* May it start before it is known to be ours: a built-in task without effects,
 * over in a moment as a rule, and without conditions? */
bool master_check_is_brief(struct master *master, size_t queue,
			   struct slice payload);

/* --- master_claim.c ----------------------------------------------------------- */

extern const struct broker_events master_broker_events;
/* If its time is up: answers the job, which is gone then. */
bool master_claim_expired(struct job *job);

/* --- master_result.c ----------------------------------------------------------- */

/* A fresh, failed result with no facts. */
void master_result_init(struct job_result *result);
/* The attempt ended: settles the job, or has it tried again. */
void master_result_take(struct job *job, struct job_result *result);
/* The same for a fault outside an attempt (bad input, a limit, ...). */
void master_result_refuse(struct job *job, const struct err *err);
/* Back to its queue, uncounted. */
void master_result_give_back(struct job *job);
void master_result_settled(struct master *master, struct job *job,
			   enum broker_outcome outcome);

/* --- master.c ------------------------------------------------------------------- */

/* A broker for the options of `from`, which tells `master`. */
struct broker *master_broker_new(struct master *master,
				 const struct master *from, struct err *err);
/* What has not started goes back to its queue. */
void master_give_back_waiting(struct master *master);
/* What it is about: claiming, quiet, draining, or why Redis keeps it from it. */
const char *master_state_word(const struct master *master);
/* Dispatches and claims at the end of this turn. */
void master_wake(struct master *master);
void master_check_end(struct master *master);

/* --- master_reload.c -------------------------------------------------------------- */

/* The broker is stopped, and another one waits (master->pending). */
void master_reload_stopped(struct master *master);
void master_reload_free(struct master *master);

/* --- pool.c ---------------------------------------------------------------------- */

void pool_start(struct master *master);
void pool_dispatch(struct master *master);
/* Executors that have a task, of all classes. */
size_t pool_count_busy(const struct master *master);
void pool_kill_all(struct master *master);
void pool_free(struct master *master);
/* The executor is out of the pool: it ended, as `failed` says before READY. */
void pool_on_gone(struct executor_process *executor, bool failed);
/* Is the job expected to be so short that it may travel with others? */
bool pool_is_short(const struct job *job);
void pool_note_run(struct job *job, uint64_t ran_ns);
/* The same for `count` answers of a program that worked `spent_ns` on them. */
void pool_note_answers(struct master_task_state *task, size_t count,
		       uint64_t spent_ns);
void pool_replace_all(struct master *master);

/* --- pool_room.c ----------------------------------------------------------------- */

/* It has never run, or takes so long that the room for it matters. */
bool pool_is_long(const struct master_task_state *task);
/* How many more tasks the broker should bring. */
size_t pool_room(struct master *master);
/* And how many of those at once, for fear of taking what others could run. */
size_t pool_foresee(struct master *master, size_t room);

/* --- executor_process.c ---------------------------------------------------------- */

/* NULL with `err` where no process could be made. */
struct executor_process *executor_process_start(struct master *master,
						enum task_class class,
						struct err *err);
/* Puts the job into its hands; -1: the job has been answered. */
int executor_process_give(struct executor_process *executor, struct job *job);
void executor_process_flush(struct executor_process *executor);
void executor_process_stop(struct executor_process *executor);
/* Kills and frees, from any state. */
void executor_process_free(struct executor_process *executor);

/* --- program_run.c ----------------------------------------------------------------- */

/* Can this job of a program start now? */
bool program_has_room(struct job *job);
/* Starts or hands over; the job is RUNNING, or has been answered. */
void program_give(struct master *master, struct job *job);
/* Writes what the jobs given in this turn say to their programs. */
void program_flush(struct master *master);
/* Kills those that run a job; their jobs are about to be freed. */
void program_forget_all(struct master *master);
void program_free_all(struct master *master);

#endif
