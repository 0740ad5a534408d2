/*
 * The master's interface, its signals, its start and its end. What becomes of
 * tasks is decided in master_claim.c and master_result.c, who runs them in
 * pool.c.
 */
#include "master/master_state.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "master/files_queue.h"
#include "master/notify.h"

#define DEAD_MAX     10000
#define HELD_MAX     ((size_t)256 << 20)
#define EXIT_SECONDS 1.0
#define DRAIN_MARGIN 5.0 /* seconds for the way out */

/* A child of the command's that is waited for. */
struct exit_watch {
	struct exit_watch *next;
	struct master *master;
	void (*on_exit)(void *arg, int status);
	void *arg;
};

/* --- Turns ------------------------------------------------------------------------------- */

void master_wake(struct master *master)
{
	if (master->running)
		master->loop->timer_set(master->turn, 0);
}

static void set_limits(struct master *master)
{
	size_t i;

	for (i = 0; i < master->queue_count; i++) {
		const struct master_queue_state *queue = &master->queues[i];
		size_t max = queue->max_running;

		broker_limit(master->broker, i,
			     master->narrow && queue->stuck ? 0
			     : !max			    ? SIZE_MAX
			     : max > queue->running ? max - queue->running
						    : 0);
	}
}

static void on_turn(void *arg)
{
	struct master *master = arg;
	size_t room;

	if (master->stopped)
		return;
	pool_dispatch(master);
	room = pool_foresee(master, pool_room(master));
	set_limits(master);
	broker_want(master->broker, room);
}

static void on_pool_timer(void *arg)
{
	struct master *master = arg;

	pool_start(master);
	master_wake(master);
}

/* --- The end ------------------------------------------------------------------------------- */

static void end_loop(struct master *master)
{
	master->stopped = true;
	loop_ev_break(master->ev);
}

void master_check_end(struct master *master)
{
	size_t i, left = 0;

	if (master->finishing && !master->draining &&
	    !broker_mem_pending(master->broker))
		master_drain(master);
	if (!master->draining)
		return;
	for (i = 0; i < JOB_STATE_COUNT; i++)
		left += master->jobs[i].count;
	if (master->stopped && !left)
		end_loop(master);
}

static void give_back_list(struct master *master, enum job_state state)
{
	struct job *job = master->jobs[state].first, *next;

	for (; job; job = next) {
		next = job->next;
		if (!job->asked && !job->admitting)
			master_result_give_back(job);
	}
}

void master_give_back_waiting(struct master *master)
{
	give_back_list(master, JOB_WAITING);
}

/* What runs is killed and goes back, uncounted. */
static void leave_now(struct master *master)
{
	struct job *job = master->jobs[JOB_RUNNING].first;

	if (master->leaving)
		return;
	master->leaving = true;
	CRASH_POINT("master.leave");
	log_info("leaving", LOG_INT("given_back",
				    master->jobs[JOB_RUNNING].count +
					    master->jobs[JOB_WAITING].count));
	for (; job; job = job->next)
		job->runner->kill(job->runner, NULL, ERR_NONE);
	give_back_list(master, JOB_WAITING);
	give_back_list(master, JOB_CLAIMED);
	/* A Redis that does not answer keeps nobody: the tasks stay owned, and
	 * another worker recovers them. */
	master->loop->timer_set(master->exit_timer, EXIT_SECONDS);
}

static void on_drain_timer(void *arg)
{
	leave_now(arg);
}

static void on_exit_timer(void *arg)
{
	end_loop(arg);
}

/* The service manager's own patience may be shorter than what is configured. */
static void notify_drain(double timeout)
{
	char text[80];

	snprintf(text, sizeof(text), "STOPPING=1\nEXTEND_TIMEOUT_USEC=%.0f",
		 (timeout + DRAIN_MARGIN) * 1e6);
	notify_send(text);
}

void master_drain(struct master *master)
{
	if (master->draining)
		return;
	master->draining = true;
	CRASH_POINT("master.drain");
	log_info("draining",
		 LOG_INT("running", master->jobs[JOB_RUNNING].count),
		 LOG_NUM("within", master->options.drain_timeout));
	notify_drain(master->options.drain_timeout);
	give_back_list(master, JOB_WAITING);
	master->loop->timer_set(master->drain_timer,
				master->options.drain_timeout);
	broker_want(master->broker, 0);
	broker_stop(master->broker);
	if (master->broker_state == BROKER_DOWN && master->options.url &&
	    !master->jobs[JOB_RUNNING].count)
		master->loop->timer_set(master->exit_timer, EXIT_SECONDS);
}

/* --- Signals -------------------------------------------------------------------------------- */

static void log_state(struct master *master)
{
	log_info("state", LOG_TEXT("worker", broker_name(master->broker)),
		 LOG_TEXT("redis", master->broker_state == BROKER_UP ? "up"
				   : master->broker_state == BROKER_DEGRADED
					   ? "refuses"
					   : "down"),
		 LOG_INT("claimed", master->jobs[JOB_CLAIMED].count),
		 LOG_INT("waiting", master->jobs[JOB_WAITING].count),
		 LOG_INT("running", master->jobs[JOB_RUNNING].count),
		 LOG_INT("finishing", master->jobs[JOB_FINISHING].count),
		 LOG_INT("core_executors",
			 master->classes[TASK_CLASS_CORE].live),
		 LOG_INT("image_executors",
			 master->classes[TASK_CLASS_IMAGE].live),
		 LOG_INT("ok", master->finished_ok),
		 LOG_INT("failed", master->finished_error));
}

static void log_running(struct master *master)
{
	const struct job *job = master->jobs[JOB_RUNNING].first;
	double now = clock_monotonic();
	size_t count = 0;

	for (; job && count < 100; job = job->next, count++)
		log_info("running",
			 LOG_TEXT("queue", master->queues[job->queue].name),
			 LOG_SLICE("task", job_task_name(job)),
			 LOG_SLICE("id", job_id(job)),
			 LOG_INT("attempt", job->attempts + job->crashes + 1),
			 LOG_NUM("for_s", now - job->sent_at),
			 LOG_INT("pid", job->runner ? job->runner->pid : 0));
}

static void on_reload(struct master *master)
{
	char text[80];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
		 (unsigned long long)(clock_monotonic_ns() / 1000));
	notify_send(text);
	if (master->options.on_reload)
		master->options.on_reload(master->options.arg, master);
	else
		log_warn("reload_ignored",
			 LOG_TEXT("why", "there is no configuration to read"));
	notify_send("READY=1");
}

static void on_signal(void *arg, int signum)
{
	struct master *master = arg;

	switch (signum) {
	case SIGCHLD:
		children_reap(master->children);
		break;
	case SIGTERM:
	case SIGINT:
		if (master->draining)
			leave_now(master);
		else
			master_drain(master);
		break;
	case SIGUSR1:
		master->quiet = true;
		log_info("quiet", LOG_TEXT("why", "SIGUSR1: no more claims"));
		master_wake(master);
		break;
	case SIGUSR2:
		master->quiet = false;
		log_info("claiming", LOG_TEXT("why", "SIGUSR2"));
		master_wake(master);
		break;
	case SIGHUP:
		on_reload(master);
		break;
	case SIGTTIN:
		log_state(master);
		log_running(master);
		break;
	default:
		break;
	}
}

static void watch_signals(struct master *master)
{
	static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGUSR1,
				      SIGUSR2, SIGHUP,	SIGTTIN};
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		loop_ev_signal(master->ev, signals[i], on_signal, master);
}

/* --- Watchdog -------------------------------------------------------------------------------- */

const char *master_state_word(const struct master *master)
{
	if (master->draining)
		return "draining";
	if (master->broker_state == BROKER_DOWN)
		return "waiting for Redis";
	if (master->broker_state != BROKER_UP)
		return "refused by Redis";
	return master->quiet ? "quiet" : "claiming";
}

static void on_second(void *arg)
{
	struct master *master = arg;
	double every = notify_watchdog();
	char text[120];

	snprintf(text, sizeof(text), "WATCHDOG=1\nSTATUS=%s, %zu running",
		 master_state_word(master), master->jobs[JOB_RUNNING].count);
	notify_send(text);
	master->loop->timer_set(master->second_timer, every > 0 ? every : 15);
	if (master->jobs[JOB_FINISHING].count + master->jobs[JOB_WAITING].count)
		master_wake(master);
	master_memory_return(master);
}

/* --- Interface --------------------------------------------------------------------------------- */

static void on_mem_reply(void *arg, uint64_t token, struct slice reply)
{
	struct master *master = arg;

	if (master->options.on_reply)
		master->options.on_reply(master->options.arg, token, reply);
}

struct broker *master_broker_new(struct master *master,
				 const struct master *from, struct err *err)
{
	struct broker_queue *queues =
		xcalloc(from->queue_count + 1, sizeof(*queues));
	struct broker_options broker = {
		.url = from->options.url,
		.password = from->options.password,
		.sentinel_password = from->options.sentinel_password,
		.ca_file = from->options.ca_file,
		.cert_file = from->options.cert_file,
		.key_file = from->options.key_file,
		.queues = queues,
		.queue_count = from->queue_count,
		.at_most_once = from->at_most_once,
		.max_payload = from->options.max_payload,
		.max_held = HELD_MAX,
		.dead_max = DEAD_MAX,
		.version = CHERRY_VERSION};
	struct broker *made;
	size_t i;

	for (i = 0; i < from->queue_count; i++) {
		queues[i].name = from->queues[i].name;
		queues[i].pop_left = from->queues[i].pop_left;
	}
	made = from->options.url
		       ? broker_redis_new(master->loop, &broker,
					  &master_broker_events, master, err)
		       : broker_mem_new(master->loop, &broker,
					&master_broker_events, master,
					on_mem_reply);
	free(queues);
	return made;
}

static void make_timers(struct master *master)
{
	struct loop *loop = master->loop;

	master->turn = loop->timer_new(loop, on_turn, master);
	master->pool_timer = loop->timer_new(loop, on_pool_timer, master);
	master->drain_timer = loop->timer_new(loop, on_drain_timer, master);
	master->exit_timer = loop->timer_new(loop, on_exit_timer, master);
	master->second_timer = loop->timer_new(loop, on_second, master);
}

struct master *master_new(const struct master_options *options, struct err *err)
{
	struct master *master = xcalloc(1, sizeof(*master));

	if (master_options_copy(master, options, err)) {
		master_options_release(master);
		free(master);
		return NULL;
	}
	master->ev = loop_ev_new();
	master->loop = loop_ev_loop(master->ev);
	master->children = children_new();
	make_timers(master);
	master->files = files_queue_new(master->loop, err);
	if (master->files)
		master->broker = master_broker_new(master, master, err);
	if (!master->broker) {
		master_free(master);
		return NULL;
	}
	return master;
}

int master_run(struct master *master)
{
	master_memory_keep();
	watch_signals(master);
	/* What a program leaves behind becomes ours, to be found and ended. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	master->running = true;
	log_info("worker_started", LOG_TEXT("version", CHERRY_VERSION),
		 LOG_TEXT("worker", broker_name(master->broker)),
		 LOG_INT("concurrency", master->options.concurrency));
	pool_start(master);
	broker_start(master->broker);
	notify_send("READY=1");
	on_second(master);
	master_wake(master);
	if (!master->stopped)
		loop_ev_run(master->ev);
	log_info("worker_stopped", LOG_INT("ok", master->finished_ok),
		 LOG_INT("failed", master->finished_error));
	return master->status;
}

void master_free(struct master *master)
{
	int state;

	if (!master)
		return;
	master->running = false;
	master->stopped = true;
	pool_free(master);
	program_free_all(master);
	master_reload_free(master);
	broker_free(master->broker);
	files_queue_free(master->files);
	for (state = 0; state < JOB_STATE_COUNT; state++) {
		while (master->jobs[state].first)
			job_free(master->jobs[state].first);
	}
	job_free_spare(master);
	children_free(master->children);
	while (master->watches) {
		struct exit_watch *watch = master->watches;

		master->watches = watch->next;
		free(watch);
	}
	master->loop->timer_free(master->turn);
	master->loop->timer_free(master->pool_timer);
	master->loop->timer_free(master->drain_timer);
	master->loop->timer_free(master->exit_timer);
	master->loop->timer_free(master->second_timer);
	master->loop->timer_free(master->switch_timer);
	loop_ev_free(master->ev);
	master_options_release(master);
	free(master);
}

struct loop *master_loop(struct master *master)
{
	return master->loop;
}

static void on_watched_exit(void *arg, const struct child_end *end)
{
	struct exit_watch watch = *(struct exit_watch *)arg;
	struct exit_watch **at = &watch.master->watches;

	while (*at != arg)
		at = &(*at)->next;
	*at = watch.next;
	free(arg);
	watch.on_exit(watch.arg, end->status);
}

void master_watch_child(struct master *master, pid_t pid,
			void (*on_exit)(void *arg, int status), void *arg)
{
	struct exit_watch *watch = xcalloc(1, sizeof(*watch));

	watch->master = master;
	watch->next = master->watches;
	master->watches = watch;
	watch->on_exit = on_exit;
	watch->arg = arg;
	children_watch(master->children, pid, false, on_watched_exit, watch);
}

void master_push(struct master *master, struct slice payload, uint64_t token)
{
	broker_mem_push(master->broker, payload, token);
}

size_t master_capacity(const struct master *master)
{
	return master->options.concurrency * 2 * FLIGHT_MAX;
}

void master_finish(struct master *master)
{
	master->finishing = true;
	master_check_end(master);
}
