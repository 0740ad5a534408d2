/*
 * cherry work: the worker, with a private Redis if that is asked for.
 */
#include "cmd/cmd.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/xalloc.h"
#include "cmd/options.h"
#include "cmd/own_redis.h"

static const struct cmd_option options[] = {
	CMD_CONFIG_OPTIONS,
	{"-q", "QUEUE", "serve this queue; again for more, in strict order"},
	{"--concurrency", "N", "executors at work at once"},
	{"--with-redis", "[DIR]", "start a private redis-server, too"},
	{0},
};

struct work {
	const struct cmd_line *line;
	struct config config;
	struct options options;
	struct own_redis *redis; /* NULL: none of our own */
};

/* SIGHUP: a configuration that is right takes over, else the old one stays. */
static void on_reload(void *arg, struct master *master)
{
	struct work *work = arg;
	struct config config;
	struct options fresh;
	struct err err = ERR_INIT;

	if (cmd_config_load(work->line, &config, true)) {
		log_error("reload_failed",
			  LOG_TEXT("why", config.problem_count
						  ? config.problems[0]
						  : ""));
		config_release(&config);
		return;
	}
	options_fill(&fresh, &config, true);
	if (work->redis)
		fresh.master.url = own_redis_url(work->redis);
	fresh.master.on_reload = on_reload;
	fresh.master.arg = work;
	if (master_reload(master, &fresh.master, &err))
		log_error("reload_failed", LOG_TEXT("why", err.message));
	else
		log_info("reloaded", LOG_INT("tasks", fresh.master.task_count));
	options_release(&fresh);
	config_release(&config);
}

/* Large tasks come and go: their memory is given back, and leaves no holes
 * between the small ones. */
static void set_allocator(void)
{
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

static int run_worker(struct work *work)
{
	struct err err = ERR_INIT;
	struct master *master;
	int status;

	set_allocator();
	options_fill(&work->options, &work->config, true);
	if (work->redis)
		work->options.master.url = own_redis_url(work->redis);
	work->options.master.on_reload = on_reload;
	work->options.master.arg = work;
	master = master_new(&work->options.master, &err);
	if (!master) {
		options_release(&work->options);
		return cmd_fail(CMD_CONFIG, "%s", err.message);
	}
	own_redis_watch(work->redis, master);
	status = master_run(master);
	own_redis_unwatch(work->redis);
	master_free(master);
	options_release(&work->options);
	return status;
}

static int work_run(const struct cmd_line *line)
{
	struct work work = {.line = line};
	struct err err = ERR_INIT;
	int status = CMD_CONFIG;

	if (!cmd_config_load(line, &work.config, true)) {
		status = 0;
		if (cmd_has(line, "--with-redis")) {
			work.redis = own_redis_start(
				cmd_value(line, "--with-redis"), &err);
			if (!work.redis)
				status = cmd_fail(CMD_UNAVAILABLE, "%s",
						  err.message);
		}
		if (!status)
			status = run_worker(&work);
	}
	own_redis_stop(work.redis);
	config_release(&work.config);
	return status;
}

const struct cmd cmd_work = {
	.name = "work",
	.usage = "[-c FILE] [-q QUEUE]... [--redis URL] [--concurrency N] "
		 "[--with-redis[=DIR]] [--set section.key=value]...",
	.help = "the worker: in the foreground, log on standard error",
	.options = options,
	.run = work_run,
};
