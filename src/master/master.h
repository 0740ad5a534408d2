/*
 * The master: one event loop that takes tasks from a broker, has them run by
 * executors and programs, and settles what came of them. It never runs a
 * handler, never reads what is inside `args`, and never blocks.
 *
 *	struct master_options options = MASTER_OPTIONS_INIT;
 *	... fill in ...
 *	struct master *master = master_new(&options, &err);
 *	status = master_run(master);
 *	master_free(master);
 *
 * A process has one master at a time: it owns the signal handlers and waits
 * for every child of the process.
 */
#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H

#include <sys/types.h>
#include "base/loop.h"
#include "cherry/buf.h"
#include "cherry/err.h"

struct master;

/* --- Options ---------------------------------------------------------------
 *
 * Plain values as the configuration gives them. The master copies everything:
 * all of it may be freed once master_new or master_reload has returned.
 * Texts that are not needed are NULL; "" means the same.
 */

struct master_pair {
	const char *key;
	const char *value;
};

/* [queue:NAME], in the order of [cherry] queues. */
struct master_queue {
	const char *name;
	bool pop_left;	      /* pop = left */
	bool at_most_once;    /* delivery; the same for all queues */
	bool raw;	      /* payload = raw; needs `task` */
	const char *task;     /* for payloads that name none */
	const char *reply_to; /* for raw payloads */
	size_t max_running;   /* over all executors of this worker; 0: any */
};

enum master_program_mode { MASTER_PROGRAM_ONCE, MASTER_PROGRAM_LINES };

/* The part of [task:NAME] that makes it a program. */
struct master_program {
	const char *command; /* as written; split into words as a shell does */
	enum master_program_mode mode;
	bool result_json;  /* result = json */
	size_t max_output; /* bytes of standard output, or of one line */
	size_t processes;  /* at once; 0: as `concurrency` */
	const char *user;  /* name or number; only as root */
	const char *group;
	const char *directory;
	int nice;
	size_t max_memory; /* bytes of address space; 0: no limit */
	size_t max_cpu;	   /* seconds of processor time; 0: no limit */
};

/* [task:NAME]. A built-in task without a section has the defaults. */
struct master_task {
	const char *name;
	double timeout, max_timeout; /* seconds */
	unsigned retries;
	double backoff_min, backoff_max; /* seconds */
	size_t max_running;		 /* 0: any */
	/* The settings of a built-in task's own table, for its executors. */
	const struct master_pair *settings;
	size_t setting_count;
	const struct master_program *program; /* NULL: a built-in task */
};

#define MASTER_TASK_INIT                                                       \
	{                                                                      \
		.timeout = 30, .max_timeout = 300, .retries = 2,               \
		.backoff_min = 2, .backoff_max = 600                           \
	}

enum master_sandbox {
	MASTER_SANDBOX_REQUIRE, /* no sandbox, no executor */
	MASTER_SANDBOX_PREFER,
	MASTER_SANDBOX_OFF
};

struct master_secret {
	const char *name;
	struct slice value;
};

struct master_options {
	const char *url;      /* of Redis; NULL: tasks come by master_push */
	const char *password; /* in place of the URL's */
	const char *sentinel_password;
	const char *ca_file, *cert_file, *key_file; /* rediss:// */

	const struct master_queue *queues; /* strict order; at least one */
	size_t queue_count;
	const struct master_task *tasks;
	size_t task_count;
	const struct master_secret *secrets;
	size_t secret_count;

	size_t concurrency; /* executors at work at once; 0: the processors */
	size_t jobs_per_executor; /* then a fresh one; 0: by class */
	enum master_sandbox sandbox;
	const char *executor; /* program that runs executors; NULL: this one */
	uid_t executor_uid;   /* of executors of a master that is root; 0: the
			       built-in unprivileged number */
	double drain_timeout; /* seconds */
	size_t max_payload;   /* bytes of one element */
	size_t max_reply;     /* bytes of one reply */
	size_t max_input;     /* bytes of one input; 0: max_payload */
	int64_t reply_ttl, max_reply_ttl; /* seconds */
	const char *reply_prefix, *input_prefix, *output_prefix;
	const char *input_root, *output_root; /* NULL: no files */

	bool image_at_start; /* start executors for pictures at once, not at the
				first picture */

	/* Each reply of a task that came by master_push, with its token. Called
	 * from the loop; may call master_push and master_finish. */
	void (*on_reply)(void *arg, uint64_t token, struct slice reply);
	/* SIGHUP: read the configuration again and call master_reload if it is
	 * good. NULL: SIGHUP is logged and ignored. */
	void (*on_reload)(void *arg, struct master *master);
	void *arg;
};

#define MASTER_OPTIONS_INIT                                                    \
	{                                                                      \
		.drain_timeout = 8, .max_payload = 16 << 20,                   \
		.max_reply = 64 << 20, .reply_ttl = 3600,                      \
		.max_reply_ttl = 604800                                        \
	}

/* --- The master ----------------------------------------------------------- */

/*
 * Checks the options, starts the loop's watchers and makes the broker; nothing
 * runs yet. NULL with ERR_BAD_ARGS and `field` ("redis.url", "queue:a.task",
 * "task:report.command", ...) where an option cannot be: a task that does not
 * exist, a program that is not there or not executable, delivery or sides that
 * differ between at-most-once queues, a root that is no directory, a URL that
 * is wrong. The command's exit status is then 78.
 */
struct master *master_new(const struct master_options *options,
			  struct err *err);

/*
 * Runs until drained (by signal, or after master_finish). Returns the exit
 * status of the process: 0 drained; 69 Redis cannot be used at all (logged);
 * 70 a bug; 78 executors cannot start with this configuration (logged).
 */
int master_run(struct master *master);

/* Kills what still runs; frees. NULL is fine. */
void master_free(struct master *master);

/*
 * New options in place of the old ones; what runs goes on as it began,
 * executors are replaced one by one, successor first. A change of queues or of
 * Redis opens the new side and drains the old one. On failure, as master_new,
 * nothing has changed.
 */
int master_reload(struct master *master, const struct master_options *options,
		  struct err *err);

/* Begins to drain, as SIGTERM does. */
void master_drain(struct master *master);

/* The loop, for what the command watches itself (standard input, say). */
struct loop *master_loop(struct master *master);

/*
 * Calls `on_exit` once, with the status as from waitpid, when the child `pid`
 * of this process has ended and has been waited for. For children that the
 * command started itself, before or during master_run.
 */
void master_watch_child(struct master *master, pid_t pid,
			void (*on_exit)(void *arg, int status), void *arg);

/* --- Tasks from memory (options.url == NULL) ------------------------------ */

/* Adds a task, exactly as it would stand in a queue; `payload` is copied. The
 * caller keeps the number that is not answered yet small (master_capacity is a
 * good bound). `token` comes back with the reply. */
void master_push(struct master *master, struct slice payload, uint64_t token);

/* How many tasks keep all executors busy. */
size_t master_capacity(const struct master *master);

/* No more tasks come: master_run returns when all have been answered. */
void master_finish(struct master *master);

#endif
